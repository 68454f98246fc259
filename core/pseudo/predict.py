"""Predictions of a run for every open cell of its label. Imports torch: for worker processes only."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property

import numpy as np
import torch
from sqlalchemy import select
from torch import nn

from core.errors import GapwiseError
from core.explain.engine import Explainer, explainer
from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.pseudo.calibrate import fit_temperature, probabilities
from core.pseudo.embedding import packed
from core.pseudo.neighbours import find_neighbours
from core.pseudo.network import Network, load_network
from core.pseudo.orders import rank
from core.pseudo.quality import quality, write_quality
from core.store import schema
from core.store.cells import open_cells
from core.store.proposals import put_proposals
from core.store.runs import NOTES, QUALITY
from core.store.runs import run as run_row
from core.training.batches import plain_batches
from core.training.pictures import Pictures
from core.training.rundir import Known, RunDir
from core.workspace import Workspace

log = logging.getLogger("gapwise")

BATCH = 32


class Heldout:
    """A run's held-out images, and what its network says about them: computed once, and only when it is asked for."""

    def __init__(self, network: Network, pictures: Pictures, cells: Sequence[Known]) -> None:
        self.cells, self._network, self._pictures = list(cells), network, pictures

    @property
    def truth(self) -> np.ndarray:
        """(N,) class codes, as the run was measured with."""
        return np.array([k.value for k in self.cells])

    @cached_property
    def logits(self) -> np.ndarray:
        """(N, C) logits.

        Raises:
            GapwiseError: If there are no images.
        """
        if not self.cells:
            raise GapwiseError(
                "None of the run's held-out pictures can be read, so its confidence can't be calibrated."
            )
        batches = plain_batches(self._pictures, [k.image_id for k in self.cells], BATCH)
        return np.concatenate([self._network.logits(batch) for _, batch in batches])


def predict(ws: Workspace, run_id: int, reporter: Reporter) -> int:
    """Store a run's calibrated prediction and map for every open cell of its label, and for its held-out cells.

    What the held-out cells say about the run goes into its folder, see `core.pseudo.quality`.

    Doing it twice changes nothing; a broken one goes on where it ended. Then the orders of the queue are worked out
    anew: memory grows by a hundred bytes or two for each cell.

    Returns:
        How many open cells have a proposal of this run now.

    Raises:
        GapwiseError: If the run or its checkpoint is not there.
    """
    with ws.read() as connection:
        row = run_row(connection, run_id)
        cells = [(c.image_id, c.path) for c in open_cells(connection, row.label_id)]
    folder = RunDir(ws.run_dir(run_id))
    network = load_network(folder)
    _, heldout = folder.data()
    pictures = Pictures(ws, dict(cells) | {k.image_id: k.path for k in heldout}, network.size)
    pictures.prepare(reporter)
    if reporter.should_stop():
        return 0
    for image_id, problem in pictures.failed.items():
        log.info("image %d has no prediction: %s", image_id, problem)
    measured = Heldout(network, pictures, [k for k in heldout if k.image_id not in pictures.failed])
    notes = _calibrated(folder, network, measured, has_old=bool(_predicted(ws, run_id)))
    network.layer = notes["layer"]  # a run's maps are of one layer, also where another one would be chosen by now
    _judged(folder, measured, notes, row.metrics or {})
    done = set() if notes["mixed"] else _predicted(ws, run_id)
    ids = [i for i, _ in cells if i not in pictures.failed]
    # A held-out cell whose value was taken back is open: it is proposed, not measured.
    left = done | set(ids)
    todo = [(k.image_id, 1) for k in measured.cells if k.image_id not in left]
    todo += [(i, 0) for i in ids if i not in done]
    _store_all(ws, row, network, pictures, todo, notes["temperature"], reporter)
    if notes["mixed"] and not reporter.should_stop():
        _write_notes(folder, {**notes, "mixed": False})
    find_neighbours(ws, row.label_id, network.size, reporter)
    if todo and not reporter.should_stop():
        rank(ws, reporter)
    return len(set(ids) & _predicted(ws, run_id))


def _calibrated(folder: RunDir, network: Network, heldout: Heldout, has_old: bool) -> dict[str, object]:
    """Return the notes on the present checkpoint; a new one is calibrated first.

    `mixed` says that some proposals may be an older checkpoint's: the run was trained on after its first prediction.
    """
    checkpoint = hashlib.sha256(folder.best.read_bytes()).hexdigest()
    path = folder.root / NOTES
    if path.is_file() and (notes := json.loads(path.read_text()))["checkpoint"] == checkpoint:
        return notes
    temperature = fit_temperature(heldout.logits, heldout.truth)
    log.info("temperature %.3f, layer of the maps: %s", temperature, network.layer)
    notes = {"checkpoint": checkpoint, "temperature": temperature, "layer": network.layer, "mixed": has_old}
    _write_notes(folder, notes)
    return notes


def _judged(folder: RunDir, heldout: Heldout, notes: dict[str, object], best: dict[str, object]) -> None:
    """Store what the held-out images say about the present checkpoint, unless that was done."""
    try:
        if json.loads((folder.root / QUALITY).read_text())["checkpoint"] == notes["checkpoint"]:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there yet, or not whole: it is made now
    if heldout.cells:
        facts = {"checkpoint": notes["checkpoint"], "epoch": best.get("epoch")}
        write_quality(folder.root, {**facts, **quality(heldout.logits, heldout.truth, notes["temperature"])})


def _write_notes(folder: RunDir, notes: dict[str, object]) -> None:
    write_atomic(folder.root / NOTES, json.dumps(notes).encode())


def _predicted(ws: Workspace, run_id: int) -> set[int]:
    with ws.read() as connection:
        query = select(schema.proposal.c.image_id).where(schema.proposal.c.run_id == run_id)
        return set(connection.execute(query).scalars())


def _store_all(
    ws: Workspace,
    row,
    network: Network,
    pictures: Pictures,
    todo: Sequence[tuple[int, int]],
    temperature: float,
    reporter: Reporter,
) -> None:
    heldout = dict(todo)
    done = 0
    for ids, logits, maps, looks in _outputs(network, pictures, [i for i, _ in todo], reporter):
        probs = probabilities(logits, temperature)  # (B, C)
        common = {"run_id": row.id, "label_id": row.label_id}
        rows = [
            {**common, "image_id": i, "heldout": heldout[i], "embedding": look, **_fields(p, m)}
            for i, p, m, look in zip(ids, probs, maps, looks, strict=True)
        ]
        with ws.write() as connection:
            put_proposals(connection, rows)
        done += len(ids)
        reporter.progress(done, len(todo), f"Predicting: {done} of {len(todo)} cells")


def _outputs(
    network: Network, pictures: Pictures, ids: Sequence[int], reporter: Reporter
) -> Iterator[tuple[list[int], np.ndarray, Sequence[np.ndarray | None], Sequence[bytes | None]]]:
    with ExitStack() as stack:
        features = stack.enter_context(_features(network.model))
        make: Explainer | None = None
        if network.layer is not None:
            make = stack.enter_context(explainer(network.model, network.layer))
        for part, batch in plain_batches(pictures, ids, BATCH):
            if reporter.should_stop():
                return
            if make is None:
                logits, maps = network.logits(batch), [None] * len(part)
            else:
                made = make(network.normalize(batch))
                logits, maps = made.logits, made.cells
            yield part, logits, maps, packed(features.pop()) if features else [None] * len(part)


@contextmanager
def _features(model: nn.Module) -> Iterator[list[np.ndarray]]:
    """Note (B, D) what goes into the classifier, in a list that whoever reads it empties; [] for odd classifiers."""
    found: list[np.ndarray] = []

    def note(_module: nn.Module, inputs: tuple) -> None:
        if inputs and isinstance(inputs[0], torch.Tensor) and inputs[0].ndim == 2:
            found[:] = [inputs[0].detach().float().cpu().numpy()]

    head = model.get_classifier() if hasattr(model, "get_classifier") else None
    handle = head.register_forward_pre_hook(note) if isinstance(head, nn.Module) else None
    try:
        yield found
    finally:
        if handle is not None:
            handle.remove()


def _fields(probs: np.ndarray, cam: np.ndarray | None) -> dict[str, object]:
    value = int(probs.argmax())
    return {
        "probs": [round(float(p), 6) for p in probs],
        "value": value,
        "confidence": float(probs[value]),
        "map": None if cam is None else cam.tobytes(),
        "map_height": None if cam is None else cam.shape[0],
        "map_width": None if cam is None else cam.shape[1],
    }
