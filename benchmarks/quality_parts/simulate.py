"""A reviewer who is never mistaken goes through the queue, and what comes of it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import select

from benchmarks.quality_parts.table import Table
from core.approaches.filling import KNOWN as KNOWN_ORIGIN
from core.approaches.filling import PSEUDO, Filling, Heldout, Promise, take_promised
from core.labels.label import MISSING
from core.store import cells, decisions, queue, schema
from core.store.labels import label_id as find_label
from core.store.labels import labels as read_labels
from core.store.proposals import heldout_frame, latest_run
from core.workspace import DATABASE, Workspace

HELD = 20  # items that the card holds: what a decision settles leaves them, no new order is asked for


@contextmanager
def copied(root: Path, whole: bool = False) -> Iterator[Workspace]:
    """A workspace's copy, in memory where the system has such a place; the database alone unless it is to train.

    A million syncs of a disk say nothing about how many decisions a table needs.
    """
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="gapwise-", dir=shared if shared.is_dir() and not whole else None))
    try:
        if whole:
            shutil.copytree(root, folder, dirs_exist_ok=True)
        with closing(sqlite3.connect(root / DATABASE)) as here, closing(sqlite3.connect(folder / DATABASE)) as there:
            here.backup(there)
        ws = Workspace.open(folder)
        yield ws
        ws.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Course:
    """How a review went.

    Attributes:
        wrong: Wrong gap cells before the first decision and after each.
        decisions: By target, after how many decisions it was reached first; None where it was not.
    """

    gaps: int
    wrong: list[int] = field(default_factory=list)

    def decisions(self, target: float) -> int | None:
        return next((n for n, wrong in enumerate(self.wrong) if 1 - wrong / self.gaps >= target), None)


def review(
    ws: Workspace, table: Table, order: str, target: float, after: Callable[[int], bool] = lambda n: False
) -> Course:
    """Decide cell after cell in an order of the whole queue until a share of the gap cells is right, or none waits.

    Args:
        after: Called with the number of decisions; True when proposals changed, so that everything is looked at again.
    """
    course = Course(int(table.gaps.sum()), [table.wrong])
    wrong, settled = table.wrong, set()
    while 1 - wrong / course.gaps < target:
        with ws.read() as connection:
            items = queue.pending_all(connection, order, HELD)
        items = [(row.image_id, row.label_id, row.proposal_id) for row in items]
        if not items:
            break
        for image_id, label_id, proposal_id in items:
            if (image_id, label_id) in settled:
                continue
            before = table.right_of(image_id)
            settled |= _decide(ws, table, image_id, label_id, proposal_id, len(course.wrong))
            wrong -= table.right_of(image_id) - before
            course.wrong.append(wrong)
            if after(len(course.wrong) - 1):
                table.__init__(ws, table.source)
                wrong = table.wrong
                break
            if 1 - wrong / course.gaps >= target:
                break
    return course


def _decide(ws: Workspace, table: Table, image_id: int, label_id: int, proposal_id: int, n: int) -> set:
    with ws.write() as connection:
        outcome = decisions.decide(
            connection,
            client_id=f"simulated:{n}",
            reviewer="simulated",
            action="choose",
            image_id=image_id,
            label_id=label_id,
            value=table.answer(image_id, label_id),
            proposal_id=proposal_id,
        )
        table.refresh(connection, [image_id])
    return {(image_id, label_id), *((image_id, other) for other in outcome.written)}


def take_every_guess(ws: Workspace, names: Sequence[str]) -> None:
    """The reference: label by label every likeliest class is accepted, and what follows is derived in between."""
    p = schema.proposal.c
    for name in names:
        with ws.write() as connection:
            label_id = find_label(connection, name)
            query = select(p.image_id, p.probs).where(
                p.label_id == label_id, p.run_id == latest_run(connection, label_id), p.settled == 0, p.heldout == 0
            )
            guesses = {image_id: int(np.argmax(probs)) for image_id, probs in connection.execute(query)}
            cells.accept(connection, label_id, guesses)
            cells.derive_all(connection)


@dataclass(frozen=True)
class Taken:
    """What bulk acceptance did to one label."""

    promises: Sequence[Promise]
    image_ids: np.ndarray
    codes: np.ndarray


def take_promised_cells(ws: Workspace, names: Sequence[str], precision: float) -> Mapping[str, Taken]:
    """Accept, label by label, what keeps a promised precision on held-out cells, and derive what follows."""
    told = {}
    for name in names:
        with ws.write() as connection:
            told[name] = _take_label(connection, name, precision)
            cells.derive_all(connection)
    return told


def _take_label(connection, name: str, precision: float) -> Taken:
    label_id = find_label(connection, name)
    run_id, rules = latest_run(connection, label_id), cells.rule_set(connection)
    now = cells.load(connection)
    j = now.label_ids.index(label_id)
    values = now.base
    filling = Filling(values.copy(), np.where(values == MISSING, MISSING, KNOWN_ORIGIN).astype(np.int8))
    frame = heldout_frame(connection, run_id)
    at = np.searchsorted(now.image_ids, frame["image_id"].to_numpy(np.int64))
    told = Heldout(now.stated[at], np.array(frame["probs"].tolist()), frame["truth"].to_numpy(np.int64))
    p = schema.proposal.c
    query = select(p.image_id, p.probs).where(p.run_id == run_id, p.settled == 0, p.heldout == 0).order_by(p.image_id)
    waiting = connection.execute(query).all()
    rows = np.searchsorted(now.image_ids, [r.image_id for r in waiting])
    promises = take_promised(filling, j, rows, np.array([r.probs for r in waiting]), told, precision, rules)
    new = np.flatnonzero(filling.origins[:, j] == PSEUDO)
    ids, codes = now.image_ids[new], filling.values[new, j]
    cells.accept(connection, label_id, dict(zip(ids.tolist(), codes.tolist(), strict=True)))
    return Taken(promises, ids, codes)


def wrong_of(table: Table, ws: Workspace, name: str, taken: Taken) -> int:
    """Return how many accepted cells are wrong."""
    with ws.read() as connection:
        label_id = next(i for i, label in read_labels(connection).items() if label.name == name)
    return sum(
        table.answer(int(i), label_id) != int(code) for i, code in zip(taken.image_ids, taken.codes, strict=True)
    )
