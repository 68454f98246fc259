"""The routes: Starlette only, so that Streamlit's server, another one or a test can carry them.

`POST /gapwise/review` takes decisions and answers with the next items, `GET /gapwise/review` only with items,
`GET /gapwise/progress` says how far the review is and what others decided, `GET /gapwise/preview/ID` is a picture,
`GET /gapwise/full/ID` the same at its own resolution. `GET /gapwise/map` is an activation map, `GET /gapwise/layers`
the modules that one can be made of, `GET /gapwise/set` a run's map of the whole set. `GET /gapwise/scale` counts
networks for the scaling explorer.
Streamlit checks none of these for us: every request needs a page's own token (`core.serving.token`), and comes from the
same origin. Whatever fails is told as JSON, `{"error": text}`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import GapwiseError
from core.explain.asking import Ask
from core.serving import maps, pictures, progress, review, scale, sets
from core.serving import token as tokens
from core.serving.messages import MAX_BODY, MAX_ID, Post, Wish, told
from core.serving.workspaces import Unavailable

HEADER = "X-Gapwise-Token"
PATH = "/gapwise"
_YEAR = 365 * 24 * 3600
log = logging.getLogger(__name__)
_mounted = False


def routes(base: str = "") -> list[Route]:
    """Return the routes below a base path ("" or "/name")."""
    global _mounted
    _mounted = True
    base = base.strip("/")
    root = f"/{base}{PATH}" if base else PATH
    return [
        Route(f"{root}/review", _guarded(_post), methods=["POST"]),
        Route(f"{root}/review", _guarded(_get), methods=["GET"]),
        Route(f"{root}/progress", _guarded(_progress), methods=["GET"]),
        Route(f"{root}/preview/{{image_id}}", _guarded(_preview), methods=["GET"]),
        Route(f"{root}/set", _guarded(_set), methods=["GET"]),
        Route(f"{root}/full/{{image_id}}", _guarded(_full), methods=["GET"]),
        Route(f"{root}/map", _guarded(_map), methods=["GET"]),
        Route(f"{root}/layers", _guarded(_layers), methods=["GET"]),
        Route(f"{root}/scale", _guarded(_scale), methods=["GET"]),
    ]


def mounted() -> bool:
    """Whether this process has made the routes: without them a page shows plain buttons."""
    return _mounted


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _guarded(handle: Callable) -> Callable:
    async def guarded(request: Request) -> Response:
        try:
            _check_origin(request)
            return await handle(request, tokens.read(_token_of(request)))
        except _Refused as error:
            return _error(error.status, str(error))
        except tokens.TokenError as error:
            return _error(401, str(error))
        except ValidationError as error:
            return _error(422, told(error))
        except Unavailable as error:
            return _error(503, str(error))
        except GapwiseError as error:
            return _error(409, str(error))
        except ClientDisconnect:
            return _error(400, "The request ended before its body did.")
        except Exception:  # a browser gets no traceback, the log has it
            log.exception("A request to %s failed", request.url.path)
            return _error(500, "Something went wrong in the server; its log has the details.")

    return guarded


async def _post(request: Request, token: tokens.Token) -> Response:
    if not request.headers.get("Origin"):
        raise _Refused(403, "A decision must say its origin; the header Origin is missing.")
    kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise _Refused(415, f"Decisions come as application/json; {kind[:80] or 'nothing'} arrived.")
    message = Post.model_validate(_json(await _body(request)))
    return _answered(await run_in_threadpool(review.answer, token, message))


async def _get(request: Request, token: tokens.Token) -> Response:
    return _answered(await run_in_threadpool(review.answer, token, _wish(request)))


async def _progress(request: Request, token: tokens.Token) -> Response:
    exact = request.query_params.get("exact") == "1"
    return _answered(await run_in_threadpool(progress.progress, token, _wish(request), exact))


def _wish(request: Request) -> Wish:
    asked = request.query_params
    numbers = {name: _number(asked[name]) for name in ("label", "want", "grid") if name in asked}
    lists = {name: [_number(part) for part in asked.get(name, "").split(",") if part] for name in ("held", "free")}
    return Wish.model_validate({**numbers, "order": asked.get("order"), **lists})


async def _preview(request: Request, token: tokens.Token) -> Response:
    return await _picture(request, token, pictures.picture)


async def _full(request: Request, token: tokens.Token) -> Response:
    return await _picture(request, token, maps.full)


async def _map(request: Request, token: tokens.Token) -> Response:
    return _answered(await run_in_threadpool(maps.activation_map, token, _ask(request)))


async def _layers(request: Request, token: tokens.Token) -> Response:
    one = _ask(request, image="1")  # the image plays no part
    which = one.run_id if one.run_id is not None else one.model
    return _answered(await run_in_threadpool(maps.layers, token, which, one.weights))


async def _scale(request: Request, token: tokens.Token) -> Response:
    asked = {name: value for name, value in request.query_params.items() if name != "token"}
    try:
        found = await run_in_threadpool(scale.answer, scale.read_wish(asked))
    except GapwiseError as error:
        raise _Refused(422, str(error)) from error
    return _answered(found)


def _ask(request: Request, **more: str) -> Ask:
    try:
        return Ask.from_texts({**request.query_params, **more})
    except GapwiseError as error:
        raise _Refused(422, str(error)) from error


async def _picture(request: Request, token: tokens.Token, find: Callable) -> Response:
    known, image_id = request.headers.get("If-None-Match", ""), _number(request.path_params["image_id"])
    if isinstance(image_id, str) or image_id > MAX_ID:
        raise _Refused(404, f"There is no image with the number {str(image_id)[:40]}.")
    try:
        found = await run_in_threadpool(find, token, image_id, known)
    except GapwiseError as error:
        if isinstance(error, Unavailable) or isinstance(error.__cause__, DatabaseError):
            raise  # the picture is not at fault
        return _error(422, str(error))
    # The address names the digest: another picture has another address.
    headers = {"ETag": found.tag, "Cache-Control": f"private, max-age={_YEAR}, immutable"}
    headers |= {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
    if found.content is None:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type="image/jpeg", headers=headers)


async def _set(request: Request, token: tokens.Token) -> Response:
    run_id = _number(request.query_params.get("run", ""))
    if isinstance(run_id, str) or run_id > MAX_ID:
        raise _Refused(404, f"There is no run with the number {str(run_id)[:40]}.")
    content = await run_in_threadpool(sets.packed_set, token, run_id, request.query_params.get("v", "")[:100])
    headers = {"Content-Encoding": "gzip", "Cache-Control": "private, max-age=3600"}  # its address names what is in it
    headers |= {"X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _check_origin(request: Request) -> None:
    """Refuse what another site's page sends; a browser lets no page change these headers."""
    origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
    if origin is not None and _place(origin) != host.lower():
        raise _Refused(403, f"The request comes from {origin[:200]}, this is {host[:200]}.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise _Refused(403, "The request comes from another site.")


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # half of an IPv6 address
        return ""


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 17 else text  # the message's model says no


def _token_of(request: Request) -> str | None:
    return request.headers.get(HEADER) or request.query_params.get("token")


async def _body(request: Request) -> bytes:
    """Read a body, at most MAX_BODY bytes of it, whatever its header says."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise _Refused(413, f"A request has at most {MAX_BODY:,} bytes; more arrived.")
    return body


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"The body is no JSON: {str(error)[:200]}.") from error


def _answered(answer: dict) -> Response:
    headers, since = {"Cache-Control": "no-store"}, answer.pop("since", None)
    if since is not None:  # for whoever measures how soon an answer was safe, in the browser's own tools too
        headers["Server-Timing"] = f"since-commit;dur={since:.2f}"
    return JSONResponse(answer, headers=headers)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status, headers={"Cache-Control": "no-store"})
