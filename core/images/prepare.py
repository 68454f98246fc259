"""One look at every picture: its preview, and what is read off it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy import select

from core.errors import GapwiseError
from core.files import write_atomic
from core.images.decode import open_dated
from core.images.measure import Measures, measured
from core.images.pool import parallel
from core.images.previews import FAILED, LONG_SIDE, failed_previews, save_preview
from core.jobs.reporter import Reporter, Silent
from core.store import measured as store
from core.store import schema
from core.workspace import Workspace

# Rows in one transaction, and seconds between two: the write lock is taken for a moment only, and a process that is
# killed loses a few seconds of work.
ROWS, SECONDS = 500, 3.0


@dataclass(frozen=True)
class Prepared:
    """What came of it.

    Attributes:
        previews: How many were made; those that were there already don't count.
        measured: How many pictures were measured, likewise.
        failed: How many could not be read.
    """

    previews: int
    measured: int
    failed: int


@dataclass(frozen=True)
class _Task:
    image_id: int
    path: str
    preview: bool  # whether it needs one
    measures: bool


@dataclass(frozen=True)
class _Seen:
    task: _Task
    measures: Measures | None = None
    unreadable: str | None = None
    unsaved: str | None = None  # why there is no preview although the picture could be read


def prepare(ws: Workspace, reporter: Reporter | None = None, previews: bool = True) -> Prepared:
    """Make the previews and take the measures that are not there yet, several pictures at once.

    Each picture is decoded once for both. One that can't be is passed over, noted, and tried again the next time.
    Stops tidily, with what it has so far, when the reporter says so.

    Args:
        previews: Whether to make previews; without, pictures are only measured.
    """
    reporter = reporter or Silent()
    todo = _tasks(ws, previews)
    notes, made, failed = _Notes(ws), 0, failed_previews(ws)
    try:
        for done, seen in enumerate(parallel(partial(_look, ws), todo), start=1):
            notes.add(seen)
            if seen.task.preview:
                error = seen.unreadable or seen.unsaved
                failed.pop(seen.task.image_id, None)
                failed |= {} if error is None else {seen.task.image_id: error}
                made += error is None
            what = "previews and measures" if previews else f"{done:,} of {len(todo):,} pictures measured"
            reporter.progress(done, len(todo), what, failed=notes.failed)
            if reporter.should_stop():
                break
    finally:  # also when whoever watches goes away, as people do from a page
        notes.close()
        if previews:
            (ws.root / "previews").mkdir(exist_ok=True)
            write_atomic(ws.root / "previews" / FAILED, json.dumps(failed).encode(), sync=False)
    return Prepared(made, notes.measured, notes.failed)


class _Notes:
    """Writes measures to the database, many at once."""

    def __init__(self, ws: Workspace) -> None:
        self.measured = self.failed = 0
        self._ws, self._rows, self._wrote, self._changed = ws, [], time.monotonic(), False

    def add(self, seen: _Seen) -> None:
        self.failed += seen.unreadable is not None
        self.measured += seen.task.measures and seen.measures is not None
        if seen.task.measures:
            self._rows.append(_row(seen))
        if len(self._rows) >= ROWS or time.monotonic() - self._wrote >= SECONDS:
            self._write()

    def close(self) -> None:
        """Write the rest, and tell that there is more to know of the images."""
        self._write()
        if self._changed:
            with self._ws.write() as connection:
                store.new_edition(connection)

    def _write(self) -> None:
        rows, self._rows, self._wrote = self._rows, [], time.monotonic()
        if rows:
            with self._ws.write() as connection:
                store.put(connection, rows)
            self._changed = True


def _tasks(ws: Workspace, previews: bool) -> list[_Task]:
    with ws.read() as connection:
        rows = connection.execute(select(schema.image.c.id, schema.image.c.path).order_by(schema.image.c.id)).all()
        wanting = store.to_measure(connection)
    every = [_Task(i, path, previews and not ws.preview_path(i).is_file(), i in wanting) for i, path in rows]
    return [task for task in every if task.preview or task.measures]


def _look(ws: Workspace, task: _Task) -> _Seen:
    try:
        picture, dates = open_dated(task.path, LONG_SIDE)
    except GapwiseError as error:
        return _Seen(task, unreadable=str(error))
    found = measured(picture, dates) if task.measures else None
    try:
        if task.preview:
            save_preview(picture, ws.preview_path(task.image_id))
    except GapwiseError as error:
        return _Seen(task, found, unsaved=str(error))
    return _Seen(task, found)


def _row(seen: _Seen) -> dict[str, object]:
    figures = dict.fromkeys(store.FIGURES) if seen.measures is None else asdict(seen.measures)
    taken = None if figures["taken"] is None else figures["taken"].timestamp()
    return {"image_id": seen.task.image_id, **figures, "taken": taken, "problem": seen.unreadable}
