"""What is true of every cell, read from a table that has no gaps where the imported one has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import GapwiseError
from core.importing.plan import DEFAULT_MISSING
from core.importing.read import read_table
from core.importing.values import encode, is_missing, normalize
from core.labels.label import MISSING, Label

TRUTH = "truth.csv"
_SHOWN = 3  # examples in an error


def read_truth(path: Path, names: Sequence[str], labels: Sequence[Label], given: np.ndarray) -> np.ndarray:
    """Return (N, L) class codes of some images, in their order.

    Rows may be in any order, and there may be more of them. Where an imported cell has a value the truth may be blank:
    nobody asks for it.

    Args:
        names: (N,) as the imported table names the pictures.
        given: (N, L) imported class codes, -1 a gap.

    Raises:
        GapwiseError: If a column, a row, or the value of a gap is not there, or is no class of its label.
    """
    frame = read_table(path).frame
    by_name = _by_name(frame, names, path)
    lost = [label.name for label in labels if label.name not in frame.columns]
    if lost:
        raise GapwiseError(
            f"{path} has no column {' and no column '.join(map(repr, lost))}; it has {', '.join(frame.columns)}."
        )
    absent = [name for name in names if _key(name) not in by_name]
    if absent:
        raise GapwiseError(f"{path} has no row for {_some(absent)}.")
    rows = frame.iloc[[by_name[_key(name)] for name in names]]
    columns = [_column(path, rows[label.name].tolist(), label, names, given[:, j]) for j, label in enumerate(labels)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(names), 0), np.int64)


def more_classes(source: Path, names: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return all classes of those labels of which the truth has some that the imported table has not.

    A person who brings such a table in names them; nothing could be answered otherwise.

    Args:
        known: Label name to the classes that the imported table's values give.
    """
    frame = read_table(source / TRUTH).frame
    found = {}
    for name in names:
        said = {normalize(text) for text in frame[name]} if name in frame.columns else set()
        more = {text for text in said if not is_missing(text, DEFAULT_MISSING)} - set(map(normalize, known[name]))
        if more:
            found[name] = [*known[name], *sorted(more)]
    return found


def _column(path: Path, texts: Sequence[str], label: Label, names: Sequence[str], given: np.ndarray) -> np.ndarray:
    codes, _ = encode(texts, label.classes, DEFAULT_MISSING)
    wrong = np.flatnonzero(codes < MISSING)
    if len(wrong):
        told = _some([f"{names[i]} ({texts[i]!r})" for i in wrong])
        raise GapwiseError(f"{path}, {label.name!r}: no class of it for {told}; it has {', '.join(label.classes)}.")
    blank = np.flatnonzero((codes == MISSING) & (given == MISSING))
    if len(blank):
        raise GapwiseError(
            f"{path}, {label.name!r}: no value for {_some([names[i] for i in blank])}, where the imported table has a"
            " gap. The truth must be complete: fill it, or leave these rows out of train_meta.csv."
        )
    return np.where(codes == MISSING, given, codes).astype(np.int64)


def _by_name(frame: pd.DataFrame, names: Sequence[str], path: Path) -> dict[str, int]:
    """Return the row of each picture, by the column that names most of them."""
    wanted = {_key(name) for name in names}
    keys = {column: [_key(text) for text in frame[column]] for column in frame.columns}
    column = max(keys, key=lambda c: len(wanted & set(keys[c])), default=None)
    if column is None or not wanted & set(keys[column]):
        raise GapwiseError(f"No column of {path} names the pictures, such as {names[0]!r}.")
    found: dict[str, int] = {}
    for row, key in enumerate(keys[column]):
        if key in wanted and key in found and not frame.iloc[row].equals(frame.iloc[found[key]]):
            raise GapwiseError(f"{path} says two different things about {key!r} (column {column!r}).")
        found.setdefault(key, row)
    return found


def _key(name: str) -> str:
    """Return a picture's name as the import keeps it."""
    return name.strip()


def _some(found: Sequence[str]) -> str:
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
