"""What can be wrong with a row, in words for people."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from core.files import write_out

ASIDE, WARNING, INFO = "aside", "warning", "info"
# Code -> (severity, what it means). Rows with an `aside` problem do not become images.
MEANINGS: dict[str, tuple[str, str]] = {
    "no_name": (ASIDE, "The row names no file."),
    "not_found": (ASIDE, "There is no such file in the image folder."),
    "outside": (ASIDE, "The file name leaves the image folder."),
    "ambiguous": (ASIDE, "Several files in the image folder could be meant."),
    "unreadable": (ASIDE, "The file is no picture, or can't be read."),
    "truncated": (ASIDE, "The picture ends too early."),
    "empty": (ASIDE, "The file is empty."),
    "too_large": (ASIDE, "The picture is too large to unpack safely."),
    "duplicate_name": (ASIDE, "An earlier row names the same file."),
    "row_length": (ASIDE, "The row has more values than the table has columns."),
    "name_taken": (ASIDE, "The workspace has another picture of that name."),
    "row_short": (WARNING, "The row has fewer values than the table has columns."),
    "duplicate_id": (WARNING, "An earlier row has the same id."),
    "wrong_extension": (WARNING, "The file's extension does not belong to its content; it is used all the same."),
    "blank": (WARNING, "All pixels of the picture have one colour."),
    "unknown_value": (WARNING, "The value is none of the label's classes; the cell counts as missing."),
    "identical_differ": (WARNING, "The picture is identical to another one, but their labels differ."),
    "differs": (WARNING, "The workspace has another value for this cell; it is left as it is."),
    "identical": (INFO, "The picture is identical to another one."),
    "conflict": (INFO, "The row's known labels break the rules."),
    "unnamed": (INFO, "No row of the table names this image."),
}
COLUMNS = ["row", "file", "problem", "severity", "meaning", "detail"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Problems:
    """Collects problems, then makes a frame of them."""

    def __init__(self) -> None:
        self._items: list[tuple[int | None, str, str, str]] = []
        self.aside: dict[int, tuple[str, str, str]] = {}  # position -> (file, problem, detail), the first one

    def add(self, index: int | None, file: str, problem: str, detail: str = "") -> None:
        """Note a problem of the row at a position in the frame; None for a file that no row names."""
        self._items.append((index, file, problem, detail))
        if MEANINGS[problem][0] == ASIDE and index is not None:
            meaning = MEANINGS[problem][1]
            self.aside.setdefault(index, (file, problem, f"{meaning} {detail}".strip()))

    @property
    def unnamed(self) -> list[str]:
        return [file for _, file, problem, _ in self._items if problem == "unnamed"]

    def frame(self, row_numbers: Iterable[int]) -> pd.DataFrame:
        """Return one line for each problem, in the table's order, files that no row names last.

        Args:
            row_numbers: Position in the frame to the row's number in the file.
        """
        numbers = list(row_numbers)
        items = sorted(self._items, key=lambda item: (item[0] is None, item[0] if item[0] is not None else 0))
        lines = [
            (None if i is None else int(numbers[i]), file, problem, *MEANINGS[problem], detail)
            for i, file, problem, detail in items
        ]
        frame = pd.DataFrame(lines, columns=COLUMNS)
        return frame.astype({"row": "Int64"})


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return problems as CSV; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    safe = frame.copy()
    for column in ("file", "detail"):
        safe[column] = [f"'{text}" if text.startswith(_FORMULA) else text for text in safe[column]]
    buffer = io.BytesIO()
    # The byte order mark makes Excel read it as UTF-8.
    safe.to_csv(buffer, index=False, encoding="utf-8-sig", errors="backslashreplace")
    return buffer.getvalue()


def save_csv(frame: pd.DataFrame, path: Path | str) -> None:
    """Write problems to a file.

    Raises:
        OSError: If it can't be written there.
    """
    write_out(path, to_csv(frame), sync=False)
