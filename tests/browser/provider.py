"""An OpenID Connect provider on this machine that knows one person and asks nothing: discovery, code, token, keys."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "gapwise", "a secret between the app and the provider"


@contextmanager
def provider(person: Mapping[str, str]) -> Iterator[str]:
    """Run a provider; give its address.

    Args:
        person: Claims about whoever logs in: `sub`, and `name` or `email`.
    """
    from joserfc import jwt  # comes with Authlib, which only a login needs
    from joserfc.jwk import RSAKey

    key, nonces = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}), {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            path = urlsplit(self.path).path
            if path == "/authorize":
                code = f"code-{len(nonces)}"
                nonces[code] = asked.get("nonce")
                back = urlencode({"code": code, "state": asked["state"]})
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{back}")
                self.end_headers()
            elif path == "/keys":
                self.say({"keys": [key.as_dict(private=False)]})
            else:
                self.say(_discovery(url))

        def do_POST(self) -> None:  # the only one: /token
            sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            now = int(time.time())
            claims = {"iss": url, "aud": CLIENT, "iat": now, "exp": now + 600, **person}
            claims["nonce"] = nonces.pop(sent["code"][0])
            signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
            self.say({"access_token": "any", "token_type": "Bearer", "expires_in": 600, "id_token": signed})

        def say(self, told: Mapping) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Answers)
    url = f"http://localhost:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield url
    server.shutdown()


def secrets(url: str, app: str) -> str:
    """Return what `secrets.toml` says of a provider and the app at an address."""
    told = {
        "redirect_uri": f"{app}/oauth2callback",
        "cookie_secret": "for the app's own cookies",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "server_metadata_url": f"{url}/.well-known/openid-configuration",
    }
    return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())


def _discovery(url: str) -> dict[str, object]:
    return {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
