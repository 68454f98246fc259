"""Tables as they come: CSV, TSV, Parquet, Excel, or folders of pictures; every value becomes text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import GapwiseError
from core.importing import delimited, spreadsheet
from core.importing.folder import ImageFolder

MAX_TABLE_BYTES = 1 << 30
MAX_CELLS = 50_000_000  # as text in memory some 4 GB; a million rows with fifty columns
DELIMITED = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm")
TABLE_SUFFIXES = DELIMITED + PARQUET + EXCEL


@dataclass(frozen=True)
class SourceTable:
    """A table with every value as text.

    Attributes:
        name: The file's or folder's name.
        frame: (N, K) of str, "" where the table has nothing; columns named as in the table.
        rows: (N,) the row's number as people count in the file: 1 is the header of a spreadsheet.
        problems: (row index, detail) of rows whose number of values does not fit; index into frame. The
            third entry tells whether the row can still be used.
        suggested: What the source is known to mean: "filename" and "label" columns of folders.
    """

    name: str
    frame: pd.DataFrame
    rows: np.ndarray
    problems: tuple[tuple[int, str, bool], ...] = ()
    suggested: dict[str, str] | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the columns' names and all values."""
        found = hashlib.sha256(repr(list(self.frame.columns)).encode())
        for column in range(self.frame.shape[1]):
            # Lengths first: "ab","c" must not look like "a","bc".
            values = self.frame.iloc[:, column].tolist()
            found.update(np.array([len(v) for v in values], dtype=np.int64).tobytes())
            found.update("".join(values).encode("utf-8", "surrogatepass"))
        return found.hexdigest()


def read_table(path: Path | str) -> SourceTable:
    """Read a table; the format follows from the extension.

    Raises:
        GapwiseError: If there is no such file, its format is unknown, it is broken, too large or empty, or two
            of its columns have the same name.
    """
    path = Path(path)
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        header, columns, rows, problems = delimited.read(path, MAX_CELLS)
    elif suffix in PARQUET:
        header, columns, rows, problems = spreadsheet.read_parquet(path, MAX_CELLS)
    elif suffix in EXCEL:
        header, columns, rows, problems = spreadsheet.read_excel(path, MAX_CELLS)
    else:
        raise GapwiseError(
            f"{path.name} has the extension {suffix or '(none)'}; tables are read from {', '.join(TABLE_SUFFIXES)}."
            " Save it as one of these."
        )
    _check_header(path.name, header)
    if not len(rows):
        raise GapwiseError(f"{path.name} has a header but no rows. Expected one row for each image.")
    frame = pd.DataFrame(dict(enumerate(columns)), dtype=object)
    frame.columns = header
    return SourceTable(path.name, frame, np.asarray(rows, dtype=np.int64), tuple(problems))


def read_folder(root: Path | str, label: str = "label") -> SourceTable:
    """Make a table of a folder of pictures.

    One folder for each class gives the columns `fname` and `label`, images that lie in no class's folder being
    gaps; `train/cat`, `test/cat` also give a column `folder`. A plain folder gives `fname` alone.

    Args:
        label: What to call the label of folder-per-class.

    Raises:
        GapwiseError: If there is no such folder or no picture in it.
    """
    folder = ImageFolder.scan(root)
    if not folder.files:
        raise GapwiseError(
            f"There are no images in {folder.root}. Expected files such as 1.jpg, or one folder per class."
        )
    parts = [name.split("/") for name in folder.files]
    frame = pd.DataFrame({"fname": pd.Series(folder.files, dtype=object)})
    suggested = {"filename": "fname"}
    level = _class_level(parts)
    if level is not None:
        if label in ("fname", "folder"):
            raise GapwiseError(f"The label can't be called {label!r}: that is a column of the folder's own.")
        if level == 1:
            frame["folder"] = pd.Series([p[0] if len(p) > 1 else "" for p in parts], dtype=object)
        frame[label] = pd.Series([p[level] if len(p) > level + 1 else "" for p in parts], dtype=object)
        suggested["label"] = label
    return SourceTable(folder.root.name, frame, np.arange(1, len(frame) + 1), (), suggested)


def _class_level(parts: list[list[str]]) -> int | None:
    """Return which folder names the class: the first, or the second below train, test and the like."""
    first = {p[0] for p in parts if len(p) > 1}
    if not first:
        return None
    below: dict[str, set[str]] = {}
    for p in parts:
        if len(p) > 2:
            below.setdefault(p[0], set()).add(p[1])
    splits = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
    if len(below) == len(first) and {name.lower() for name in first} <= splits:
        return 1
    return 0 if len(first) > 1 or all(len(p) > 1 for p in parts) else None


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise GapwiseError(
                f"{path} is a folder; expected a table file. Give a folder of pictures as the images instead."
            )
        if not path.is_file():
            raise GapwiseError(f"There is no table {path}.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise GapwiseError(f"The table {path!s} can't be opened: {error}.") from error
    if size == 0:
        raise GapwiseError(f"{path.name} is empty (0 bytes). Expected a header line and one row for each image.")
    if size > MAX_TABLE_BYTES:
        raise GapwiseError(f"{path.name} has {size:,} bytes; tables of up to {MAX_TABLE_BYTES:,} are read.")


def _check_header(name: str, header: list[str]) -> None:
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        shown = ", ".join(repr(column) for column in twice[:5])
        raise GapwiseError(f"{name} has several columns with the same name: {shown}. Rename or remove one of each.")
