"""Maps on demand: what is stored is there at once, the rest comes from one warm worker process per server. No torch.

Every function may wait: call them in threads, never in the server's event loop.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import replace

from sqlalchemy.exc import DatabaseError

from core.errors import GapwiseError
from core.explain import stored
from core.explain.asking import HUB, RANDOM, Answer, Ask
from core.explain.kept import Kept
from core.explain.warm_process import Died, Worker
from core.store.images import image
from core.workspace import Workspace

PATIENCE = 60.0  # seconds

_worker: Worker | None = None
_over = False  # the server is about to end
_guard = threading.Lock()
_kept = Kept()  # answers of models that no run has, and layers, for as long as the server lives


class Later(str):
    """Why there is no map yet; asking again later may help."""

    __slots__ = ()


def ask(ws: Workspace, asks: Sequence[Ask], patience: float = PATIENCE) -> list[Answer | str]:
    """Return for each ask its map, or why there is none, in words; `Later` where there may be one soon.

    What is stored costs a look at the database. All others wait in the worker's line, alike ones together; what is
    not there in time goes on being worked on, so that the next ask finds it.

    Args:
        patience: Seconds until the last one is given up.
    """
    found = [look(ws, one) for one in asks]
    missing = [i for i, answer in enumerate(found) if answer is None]
    made = compute(ws, [asks[i] for i in missing], patience)
    for i, answer in zip(missing, made, strict=True):
        found[i] = answer
    return found


def look(ws: Workspace, one: Ask) -> Answer | str | None:
    """Return an ask's stored map, why there will be none, or None where it has to be made."""
    try:
        one.checked()
        return stored.find(ws, one) or (_kept.get(_key(ws, one)) if one.model is not None else None)
    except GapwiseError as error:
        return Later(error) if isinstance(error.__cause__, DatabaseError) else str(error)


def compute(ws: Workspace, asks: Sequence[Ask], patience: float = PATIENCE) -> list[Answer | str]:
    """Return maps from the worker without a look at what is stored; as `ask`."""
    until = time.monotonic() + patience
    messages = [{"do": "map", "workspace": str(ws.root), "ask": one.as_dict()} for one in asks]
    found = _all(messages, until)
    answers = [_answer(reply) for reply in found]
    for one, answer in zip(asks, answers, strict=True):
        if isinstance(answer, Answer) and one.model is not None and one.weights in (HUB, RANDOM):
            with suppress(GapwiseError):  # the workspace is gone by now
                _kept.put(_key(ws, one), replace(answer, stored=True))
    return answers


def layers(ws: Workspace, which: int | str, weights: str = HUB, patience: float = PATIENCE) -> list[dict]:
    """Return the modules of a run's network, or of a model of timm, see `core.explain.layers.Layer`.

    Each has `chosen` as well: whether it is the one that is taken when nobody names one.

    Args:
        which: A run's number, or a model's name.

    Raises:
        GapwiseError: If they can't be had: why, in words.
    """
    # An ask checks names and numbers; the image plays no part.
    one = Ask(1, which, None) if isinstance(which, int) else Ask(1, None, which, weights=weights)
    one.checked()
    digest = stored.checkpoint(ws.run_dir(which)) if isinstance(which, int) else None
    key = (str(ws.root), which, weights, digest)
    known = _kept.get(key)
    if known is None:
        question = {"do": "layers", "workspace": str(ws.root), "ask": one.as_dict()}
        (reply,) = _all([question], time.monotonic() + patience)
        if isinstance(reply, str):
            raise GapwiseError(reply)
        known = reply["layers"]
        _kept.put(key, known)
    return known


def start(ws: Workspace | None = None, run_id: int | None = None) -> None:
    """Start the worker if there is none, and let it load a run's network; waits for neither.

    For a page that is about to ask: what takes seconds is over by the first click. Says nothing where it can't be done;
    whoever asks is told.
    """
    try:
        worker = _ready()
        if ws is None or run_id is None or (str(ws.root), run_id) in worker.warmed:
            return
        worker.warmed.add((str(ws.root), run_id))
        worker.send([{"do": "load", "workspace": str(ws.root), "ask": Ask(1, run_id).as_dict()}])
    except (Died, OSError):
        return


def state() -> dict[str, object]:
    """Return whether a worker runs, whether it is busy, and what it said last: memory in bytes, models, device."""
    worker = _worker
    if worker is None or not worker.alive:
        return {"running": False, "busy": False, "waiting": 0, "memory": 0, "models": []}
    known = {"memory": 0, "models": [], **worker.state()}
    return {"running": True, "busy": known["waiting"] > 0, **known}


def stop() -> None:
    """End the worker, if there is one; the next ask starts another."""
    global _worker
    with _guard:
        worker, _worker = _worker, None
    if worker is not None:
        worker.end()


@atexit.register
def _leave() -> None:
    """End the worker for good: asks that it leaves behind start no other one."""
    global _over
    _over = True
    stop()


def _ready() -> Worker:
    global _worker
    with _guard:
        if _over:
            raise Died("The server ends.", tidy=False)
        if _worker is None or not _worker.alive:
            _worker = Worker()
        return _worker


def _all(messages: Sequence[Mapping[str, object]], until: float) -> list[dict | str]:
    """Send questions together, so that alike ones are answered together; return replies, or words."""
    return [_wait(message, one, until) for message, one in zip(messages, _send(messages), strict=True)]


def _send(messages: Sequence[Mapping[str, object]]) -> list[tuple[Worker, int, Future] | str]:
    if not messages:
        return []
    for _ in range(2):  # one that ends in this very moment, for nobody had asked for long, is no hindrance
        try:
            worker = _ready()
            return [(worker, number, future) for number, future in worker.send(messages)]
        except Died as died:
            why = Later(f"{died} Ask again: another one starts.")
        except OSError as error:
            why = Later(f"The process that makes maps can't be started: {error.strerror or error}.")
    return [why] * len(messages)


def _wait(
    message: Mapping[str, object], sent: tuple[Worker, int, Future] | str, until: float, again: bool = True
) -> dict | str:
    if isinstance(sent, str):
        return sent
    worker, number, future = sent
    try:
        reply = future.result(max(0.0, until - time.monotonic()))
    except Late:
        worker.withdraw(number)
        return Later("The map is not there yet: others are being made, or it takes long. Ask again in a while.")
    except Died as died:
        if died.tidy and again:
            return _wait(message, _send([message])[0], until, again=False)
        return Later(f"{died} Ask again: another one starts.")
    return reply.get("error", reply)  # words, where there are any


def _answer(reply: dict | str) -> Answer | str:
    return reply if isinstance(reply, str) else Answer.from_dict(reply["answer"])


def _key(ws: Workspace, one: Ask) -> tuple:
    """Return what an answer of a model is kept under: a workspace made anew has other pictures by the same numbers."""
    with ws.read() as connection:
        return str(ws.root), image(connection, one.image_id).digest, one
