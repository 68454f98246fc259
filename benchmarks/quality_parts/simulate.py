"""A reviewer who is never mistaken goes through the queue, and what comes of it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from benchmarks.quality_parts.table import Table
from core.store import cells, decisions, queue, schema
from core.store.labels import label_id as find_label
from core.store.proposals import latest_run
from core.workspace import DATABASE, Workspace

HELD = 20  # items that the card holds: what a decision settles leaves them, no new order is asked for
WHO = "simulated"
TARGETS = (0.95, 0.98, 0.99, 0.995)
Cell = tuple[int, int, int]  # image, label and proposal
Task = Callable[[], bool]


@contextmanager
def copied(root: Path, whole: bool = False) -> Iterator[Workspace]:
    """A workspace's copy, in memory where the system has such a place; the database alone unless it is to train.

    A million syncs of a disk say nothing about how many decisions a table needs.
    """
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="gapwise-", dir=shared if shared.is_dir() and not whole else None))
    try:
        if whole:
            shutil.copytree(root, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"{DATABASE}*"))
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
        sources: By target, what the gap cells came from when it was reached first, as `Table.by_source` tells it.
        end: The same when it was over.
    """

    gaps: int
    wrong: list[int] = field(default_factory=list)
    sources: dict[float, dict] = field(default_factory=dict)
    end: dict = field(default_factory=dict)

    def decisions(self, target: float) -> int | None:
        """Return after how many decisions a target was reached first; None where it was not."""
        return next((n for n, wrong in enumerate(self.wrong) if 1 - wrong / self.gaps >= target), None)

    @property
    def right(self) -> float:
        return 1 - self.wrong[-1] / self.gaps

    def told(self) -> dict[str, object]:
        """Return it as JSON holds it."""
        return {
            "decisions": {str(t): self.decisions(t) for t in TARGETS},
            "at": {str(t): {"wrong": _wrong(found), "sources": found} for t, found in self.sources.items()},
            "end": {"decisions": len(self.wrong) - 1, "wrong": self.wrong[-1], "sources": self.end},
        }


def _wrong(sources: dict[str, dict[str, int]]) -> int:
    return sum(one["wrong"] for one in sources.values())


class Reviewer:
    """Answers by the truth, and notes what each answer was good for."""

    def __init__(self, ws: Workspace, table: Table) -> None:
        self.ws, self.table = ws, table
        self.course = Course(int(table.gaps.sum()), [table.wrong])
        with ws.read() as connection:
            self._note(connection)

    @property
    def answers(self) -> int:
        return len(self.course.wrong) - 1

    def go_through(self, items: Sequence[Cell], until: Callable[[], bool]) -> None:
        """Answer cells in their order, but for those that an answer before settled, until it is enough.

        One transaction holds them all: a commit for each would be what takes the time.
        """
        settled: set[tuple[int, int]] = set()
        with self.ws.write() as connection:
            for image_id, label_id, proposal_id in items:
                if (image_id, label_id) not in settled:
                    settled |= self._answer(connection, image_id, label_id, proposal_id)
                    if until():
                        break

    def look_again(self) -> None:
        """See what became right or wrong without an answer: by an acceptance, or by new predictions."""
        with self.ws.read() as connection:
            self.table.look_again(connection)
            self.course.wrong[-1] = self.table.wrong
            self._note(connection)

    def finish(self) -> Course:
        with self.ws.read() as connection:
            self.course.end = self.table.by_source(connection)
        return self.course

    def _answer(self, connection: Connection, image_id: int, label_id: int, proposal_id: int) -> set[tuple[int, int]]:
        before = self.table.right_of(image_id)
        outcome = decisions.decide(
            connection,
            client_id=f"{WHO}:{self.answers}",
            reviewer=WHO,
            action="choose",
            image_id=image_id,
            label_id=label_id,
            value=self.table.answer(image_id, label_id),
            proposal_id=proposal_id,
        )
        self.table.refresh(connection, [image_id])
        self.course.wrong.append(self.course.wrong[-1] - self.table.right_of(image_id) + before)
        self._note(connection)
        return {(image_id, label_id), *((image_id, other) for other in outcome.written)}

    def _note(self, connection: Connection) -> None:
        for target in TARGETS:
            if target not in self.course.sources and self.course.right >= target:
                self.course.sources[target] = self.table.by_source(connection)


def review(
    ws: Workspace,
    table: Table,
    order: str,
    target: float,
    after: Callable[[int], Callable[[], bool] | None] = lambda n: None,
) -> Course:
    """Decide cell after cell in an order of the whole queue until a share of the gap cells is right, or none waits.

    Args:
        after: Called with the number of decisions; None, or what is to be done then, between two answers, which says
            whether predictions changed, so that everything is looked at again.
    """
    reviewer = Reviewer(ws, table)
    due: list[Task] = []

    def until() -> bool:
        due.extend(filter(None, [after(reviewer.answers)]))
        return bool(due) or reviewer.course.right >= target

    while reviewer.course.right < target:
        with ws.read() as connection:
            items = cells_of(queue.pending_all(connection, order, HELD))
        if not items:
            break
        reviewer.go_through(items, until)
        while due:
            if due.pop()():
                reviewer.look_again()
    return reviewer.finish()


def cells_of(rows: Iterable) -> list[Cell]:
    """Return what is to be answered of rows of the queue."""
    return [(row.image_id, row.label_id, row.proposal_id) for row in rows]


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
