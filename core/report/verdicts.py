"""What a report says of whether its maps can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from core.explain.stored import own_verdicts
from core.workspace import Workspace

UNTESTED = "map not tested"


class Verdicts:
    """The stored verdicts on the maps that a list's images are shown with.

    Attributes:
        note: What to say once of maps without a verdict; "" where each has one.
    """

    def __init__(self, ws: Workspace, run_id: int, which: str, rows: Sequence[dict], total: int) -> None:
        """Read them.

        Args:
            rows: Of `core.hard.lists`: the first of the list `which`, which has `total`.
        """
        shown = {row["image_id"]: row["value"] for row in rows if row["map"] is not None}
        found = own_verdicts(ws, run_id, shown)
        self._told = {} if found is None else found
        limit = f" --limit {len(rows)}" if len(rows) < total else ""
        self.note = ""
        if found is None and shown:
            self.note = (
                "Whether the maps tell more than chance was not tested: they are not, or not all, of the run's present"
                " checkpoint."
            )
        elif len(self._told) < len(shown):
            self.note = (
                f"Maps marked “{UNTESTED}” were not tested for whether they tell more than chance:"
                f" `python -m core maps {run_id} --list {which}{limit} --trust` tests them."
            )

    def of(self, row: dict) -> str:
        """Return the sentence under an image's map, "" where there is no map."""
        return "" if row["map"] is None else self._told.get(row["image_id"], UNTESTED)
