"""Storing maps that were made, in their table: never those of weights that their run no longer has. No torch."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence

from core.errors import GapwiseError, first_line
from core.explain import stored
from core.store import maps
from core.workspace import Workspace

log = logging.getLogger("gapwise")


def keep(ws: Workspace, rows: Sequence[Mapping[str, object]]) -> int:
    """Store maps, but for those of weights that a training has replaced since they were loaded; return how many.

    `core.store.maps.put` takes away what other weights made of the same images. Whoever has stored maps of newer ones
    found the newer file before, so a look at the file under the write lock is enough for these to stay.

    Args:
        rows: Of `core.explain.stored.row_of`.
    """
    runs = {row["run_id"] for row in rows}
    for run_id in runs:
        _digest(ws, run_id)  # a file that has changed is read before the lock is taken
    with ws.write() as connection:
        now = {run_id: _digest(ws, run_id) for run_id in runs}
        fresh = [row for row in rows if row["checkpoint"] == now[row["run_id"]]]
        maps.put(connection, fresh)
    return len(fresh)


class Keeper:
    """Stores maps in a thread of its own: whoever waits for a map does not wait for a database that may be locked."""

    def __init__(self) -> None:
        self._rows: queue.SimpleQueue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)
        self._thread.start()

    def put(self, ws: Workspace, rows: list[dict]) -> None:
        if rows:
            self._rows.put((ws, rows))

    def close(self) -> None:
        """Wait until all maps are stored."""
        self._rows.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (item := self._rows.get()) is not None:
            ws, rows = item
            try:
                left_out = len(rows) - keep(ws, rows)
                if left_out:
                    log.info("%d maps of weights that were replaced meanwhile are not stored", left_out)
            except Exception as error:  # noqa: BLE001  the map was shown; it will be made again
                log.warning("maps could not be stored: %s", first_line(error))


def _digest(ws: Workspace, run_id: int) -> str | None:
    """Return what tells a run's weights from others, None where there are none any more."""
    try:
        return stored.checkpoint(ws.run_dir(run_id))
    except GapwiseError:
        return None
