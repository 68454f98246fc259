"""Signed tokens: who may decide in which workspace, until when.

A page hands its script a token; the routes take nothing without one. The key lies beside the workspaces, readable by
their owner alone, so that a token outlives a restart of the server and nobody else can make one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import GapwiseError
from core.workspace import home

KEY_FILE = ".review-key"
KEY_BYTES = 32
HOURS = 12  # how long a token is good for, at least
_STEP = 3600  # seconds; tokens of the same hour are the same, so that a page's run changes nothing in the browser
MAX_TOKEN = 4096  # characters


class TokenError(GapwiseError):
    """A token that is missing, made by somebody else, or too old."""


@dataclass(frozen=True)
class Token:
    """What a token allows.

    Attributes:
        workspace: Root folder of the workspace.
        reviewer: Who decides.
        expires: Seconds since the epoch.
    """

    workspace: str
    reviewer: str
    expires: int


def make(workspace: Path | str, reviewer: str, now: float | None = None) -> str:
    """Return a token for one workspace and reviewer, good for HOURS to HOURS + 1.

    Raises:
        GapwiseError: If the key can't be read or made.
    """
    now = time.time() if now is None else now
    expires = (int(now) // _STEP + 1 + HOURS) * _STEP
    body = _encode(json.dumps([str(workspace), reviewer, expires]).encode())
    return f"{body}.{_sign(body)}"


def read(text: str | None, now: float | None = None) -> Token:
    """Return what a token allows.

    Raises:
        TokenError: If there is none, it was not made with this key, or it has expired.
    """
    if not text:
        raise TokenError("The request came without a token. Load the page again.")
    body, _, signature = text.partition(".")
    if len(text) > MAX_TOKEN or not text.isascii() or not hmac.compare_digest(signature, _sign(body)):
        raise TokenError("The token was not made by this server. Load the page again.")
    token = Token(*json.loads(_decode(body)))
    if (time.time() if now is None else now) >= token.expires:
        raise TokenError("The token has expired. Load the page again.")
    return token


def _sign(body: str) -> str:
    return _encode(hmac.new(_key(str(home())), body.encode(), hashlib.sha256).digest())


@lru_cache(maxsize=8)
def _key(folder: str) -> bytes:
    path = Path(folder) / KEY_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise GapwiseError(f"The key {path} can't be read or made: {error.strerror}. May you write there?") from error
    if len(key) != KEY_BYTES:
        raise GapwiseError(f"The key {path} has {len(key)} bytes, not {KEY_BYTES}. Delete it, then start again.")
    return key


def _make_key(path: Path) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # whole, and only if nobody else was first
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
