"""What the warm worker knows: loaded networks, and how questions are answered. Imports torch: for workers only."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import torch

from core.errors import GapwiseError, first_line
from core.explain import stored
from core.explain.asking import Answer, Ask
from core.explain.explained import explain_batch, known_target, opened
from core.explain.keeping import Keeper
from core.explain.networks import Explained, of_run, of_zoo
from core.explain.tap import out_of_memory
from core.store import maps
from core.store.images import image
from core.store.runs import run as run_row
from core.training.pictures import Pictures
from core.workspace import DATABASE, Workspace

MODELS = 5


class Desk:
    """Answers questions one batch after another; keeps the networks that were asked last."""

    def __init__(self) -> None:
        self._networks: OrderedDict[tuple, tuple[object, Explained]] = OrderedDict()
        self._workspaces: dict[tuple[str, int], Workspace] = {}
        self._keeper = Keeper()

    def answer(self, asked: Sequence[dict]) -> Iterator[tuple[int, dict]]:
        """Yield a reply to each question; all are of one kind, see `core.explain.warm_worker.kind`."""
        try:
            ws = self._workspace(asked[0]["workspace"])
            asks = {q["id"]: Ask.from_dict(q["ask"]) for q in asked}
            network = self._network(ws, next(iter(asks.values())))
        except GapwiseError as error:
            yield from ((q["id"], {"error": str(error)}) for q in asked)
            return
        if asked[0]["do"] == "map":
            yield from self._maps(ws, network, asks)
            return
        reply = {"layers": network.layers()} if asked[0]["do"] == "layers" else {"loaded": network.name}
        yield from ((q["id"], reply) for q in asked)

    def state(self) -> dict[str, object]:
        """Return memory in bytes, the names of the loaded networks, the one asked last at the end, and the device."""
        names = [network.name for _, network in self._networks.values()]
        device = next((str(n.network.normalize.device) for _, n in self._networks.values()), "")
        return {"memory": psutil.Process().memory_info().rss, "models": names, "device": device}

    def tidy(self) -> None:
        """Let go of what the last batch left with the device, so that a training beside it can have it."""
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()

    def words(self, error: Exception) -> str:
        """Return what to tell of an error; where memory ran out, networks are put away."""
        if isinstance(error, GapwiseError):
            return str(error)
        if not out_of_memory(error):
            return f"The map could not be made: {first_line(error)[:300]}"
        return _no_room(self._put_away())

    def close(self) -> None:
        """Wait until all maps are stored."""
        self._keeper.close()

    def _workspace(self, root: str) -> Workspace:
        file = Path(root) / DATABASE
        key = (root, file.stat().st_ino if file.is_file() else 0)  # tells one made anew from the one before
        if key not in self._workspaces:
            self._workspaces[key] = Workspace.open(root)
        return self._workspaces[key]

    def _network(self, ws: Workspace, ask: Ask) -> Explained:
        """Return a loaded network; it is loaded anew where the run's weights or its calibration have changed."""
        key = (str(ws.root), ask.run_id) if ask.run_id is not None else (ask.model, ask.weights)
        folder = ws.run_dir(ask.run_id) if ask.run_id is not None else None
        mark = _mark(ws, ask.run_id) if folder is not None else None
        known = self._networks.pop(key, None)
        if known is None or known[0] != mark:
            del known
            while len(self._networks) >= MODELS:
                self._networks.popitem(last=False)
            gc.collect()
            known = mark, self._loaded(ws, ask)
        self._networks[key] = known
        return known[1]

    def _loaded(self, ws: Workspace, ask: Ask) -> Explained:
        """Load a network; where there is no room for it, put the others away and load it once more."""
        try:
            return _load(ws, ask)
        except (RuntimeError, MemoryError) as error:
            if not (out_of_memory(error) and self._networks):
                raise
        self._put_away()
        return _load(ws, ask)

    def _put_away(self, but: Explained | None = None) -> int:
        """Let go of all networks but one; return how many went."""
        gone = [key for key, (_, network) in self._networks.items() if network is not but]
        for key in gone:
            del self._networks[key]
        gc.collect()
        self.tidy()
        return len(gone)

    def _maps(self, ws: Workspace, network: Explained, asks: dict[int, Ask]) -> Iterator[tuple[int, dict]]:
        way = next(iter(asks.values())).way
        ready, wrong = _prepared(ws, network, asks)
        yield from ((number, {"error": why}) for number, why in wrong.items())
        numbers = list(ready)
        with opened(network, way, lambda: self._put_away(but=network) > 0) as explain:
            for start in range(0, len(numbers), way.batch):
                part = numbers[start : start + way.batch]
                # By the question's number, not by the image's: one image may be asked about with two targets.
                pictures = {n: ready[n][0] for n in part}
                found = explain_batch(explain, network, way, pictures, {n: ready[n][1] for n in part})
                done = {n: _named(answer, asks[n].image_id) for n, answer in found.items()}
                yield from ((n, _reply(answer)) for n, answer in done.items())
                self._keep(ws, network, asks, done)

    def _keep(self, ws: Workspace, network: Explained, asks: dict[int, Ask], done: dict[int, Answer | str]) -> None:
        if network.digest is None:
            return
        about = {"label_id": network.label_id, "checkpoint": network.digest}
        rows = []
        for number, answer in done.items():
            if isinstance(answer, Answer):
                ask = asks[number]
                more = {"run_id": ask.run_id, "chosen": int(answer.layer == network.network.layer)}
                rows.append(stored.row_of(answer, {"method": ask.method, "smooth": ask.smooth}, {**about, **more}))
        self._keeper.put(ws, rows)


def _no_room(put_away: int) -> str:
    went = f"{put_away} loaded network{'s were' if put_away > 1 else ' was'} put away; ask again, or choose"
    return (
        f"There is not enough memory for this map. {went if put_away else 'Choose'} another method, or wait until what"
        " else runs on the device has ended."
    )


def _load(ws: Workspace, ask: Ask) -> Explained:
    return of_zoo(ask.model, ask.weights) if ask.run_id is None else of_run(ws, ask.run_id)


def _mark(ws: Workspace, run_id: int) -> tuple:
    """Return what changes when a run's network has to be loaded anew."""
    with ws.read() as connection:
        run_row(connection, run_id)  # it may have been deleted since
    folder = ws.run_dir(run_id)
    digest = stored.checkpoint(folder)
    return digest, repr(sorted(stored.prediction_notes(folder, digest).items()))


def _prepared(
    ws: Workspace, network: Explained, asks: dict[int, Ask]
) -> tuple[dict[int, tuple[np.ndarray, str]], dict[int, str]]:
    """Return picture and target of each question, as in predictions; and why some have none."""
    ready, wrong = {}, {}
    with ws.read() as connection:
        ids = [ask.image_id for ask in asks.values()]
        truths = maps.truths(connection, network.label_id, ids) if network.label_id is not None else {}
        paths = {}
        for number, ask in asks.items():
            try:
                paths[ask.image_id] = image(connection, ask.image_id).path
            except GapwiseError as error:
                wrong[number] = str(error)
    pictures = Pictures(ws, paths, network.network.size).glance()
    for number, ask in asks.items():
        if number in wrong:
            continue
        try:
            target = known_target(ask.target, network.classes, truths.get(ask.image_id))
            ready[number] = np.array(pictures[ask.image_id]), target
        except GapwiseError as error:
            wrong[number] = str(error)
    return ready, wrong


def _named(answer: Answer | str, image_id: int) -> Answer | str:
    return replace(answer, image_id=image_id) if isinstance(answer, Answer) else answer


def _reply(answer: Answer | str) -> dict:
    return {"error": answer} if isinstance(answer, str) else {"answer": answer.as_dict()}
