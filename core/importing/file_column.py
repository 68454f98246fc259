"""Which column names the files, and what it writes before their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.errors import GapwiseError
from core.images.decode import IMAGE_SUFFIXES
from core.importing.folder import ImageFolder, clean
from core.importing.read import SourceTable

_SAMPLE = 300
_CERTAIN = 0.1  # below it hits are chance, such as labels 0 and 1 beside files 0.jpg and 1.jpg
_FILE_NAMES = re.compile(
    r"(file|image|img|picture|photo|pic)?[ _-]*(f?name|file|path|image|img|filename|filepath)", re.I
)


def guess_filename(table: SourceTable, folder: ImageFolder) -> str:
    """Return the column whose values name files on disk, with or without extension and sub folder.

    Raises:
        GapwiseError: If none does and none looks like file names either.
    """
    scores = {column: _filename_score(table, column, folder) for column in table.frame.columns}
    best = max(scores, key=lambda column: scores[column])
    if scores[best] < _CERTAIN:
        raise GapwiseError(
            f"No column of {table.name} names files in {folder.root}. Its columns are:"
            f" {', '.join(table.frame.columns)}. Check the image folder, or say which column it is (--filename COLUMN)."
        )
    return best


def guess_prefix(sample: Sequence[str], folder: ImageFolder) -> str:
    """Return the folders that all names begin with and that are not below the image folder, such as `images/`."""
    names = [name for name, problem in (clean(text) for text in sample) if not problem]
    if not names or any(folder.find(name).name for name in names[:20]):
        return ""
    parts = [name.split("/")[:-1] for name in names]
    for depth in range(1, min(len(p) for p in parts) + 1):
        first = parts[0][:depth]
        prefix = "/".join(first) + "/"
        if any(p[:depth] != first for p in parts):
            return ""
        if any(folder.find(name, prefix).name for name in names[:20]):
            return prefix
    return ""


def _filename_score(table: SourceTable, column: str, folder: ImageFolder) -> float:
    """Score: hits on disk, exact ones worth most; then what looks like a picture's name; then the column's name."""
    sample = filled_sample(table, column)
    if not sample:
        return 0.0
    prefix = guess_prefix(sample, folder)
    points = 0.0
    for text in sample:
        pictured = Path(text.strip()).suffix.lower() in IMAGE_SUFFIXES
        if folder.find(text, prefix).name is not None:
            points += 1.0 if pictured else 0.6
        elif pictured:
            points += 0.3
    named = 0.05 if _FILE_NAMES.fullmatch(column.strip()) else 0.0
    # A label column of 0 and 1 beside files 0.jpg and 1.jpg hits every time, but names only two of them.
    share = points / len(sample) * (len(set(sample)) / len(sample)) ** 0.5
    return share + named if share else named


def filled_sample(table: SourceTable, column: str) -> list[str]:
    """Return up to some hundred values that are not empty, spread over the table."""
    filled = [text for text in column_values(table, column) if text.strip()]
    return filled[:: max(1, len(filled) // _SAMPLE)][:_SAMPLE]


def column_values(table: SourceTable, column: str) -> list[str]:
    """Return a column's text; by position, since a name such as `T` or `mask` is also the frame's own."""
    return table.frame.iloc[:, list(table.frame.columns).index(column)].tolist()
