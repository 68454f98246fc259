"""Sensible guesses about a table, all of them editable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import GapwiseError
from core.importing import values as v
from core.importing.file_column import column_values, filled_sample, guess_filename, guess_prefix
from core.importing.folder import ImageFolder
from core.importing.plan import DEFAULT_MISSING, ImportPlan, LabelPlan
from core.importing.read import SourceTable
from core.labels.label import Label

MAX_CLASSES = 1000  # ImageNet's; a column with more is an id or a measurement
_ID_NAMES = {
    "id",
    "image_id",
    "imageid",
    "img_id",
    "imgid",
    "image id",
    "index",
    "key",
    "uid",
    "uuid",
    "no",
    "nr",
    "row",
    "#",
}
_SPLIT_NAMES = {"split", "fold", "subset", "partition", "set", "folder", "dataset", "usage"}
_CLASS_NAMES = {
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "target",
    "y",
    "species",
    "kind",
    "type",
    "class_name",
}


@dataclass(frozen=True)
class Tokens:
    """What means missing: the usual tokens, of which -1 may be a class, and those that the person named."""

    usual: tuple[str, ...] = DEFAULT_MISSING
    explicit: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.usual, *self.explicit]))


def guess(
    table: SourceTable,
    folder: ImageFolder,
    *,
    table_path: Path | str | None = None,
    filename: str | None = None,
    labels: Sequence[str] = (),
    missing: Sequence[str] = (),
    usual: Sequence[str] = DEFAULT_MISSING,
    rules: Sequence[str] = (),
    known: Sequence[Label] = (),
) -> ImportPlan:
    """Guess what a table means.

    Args:
        table_path: Where the table came from; None when it was made of the folder.
        filename: The column with the file names, when the person said so.
        labels: Only these columns are labels, when given. `NAME=no,yes` gives the classes too; NAME need not be a
            column then.
        missing: Tokens that mean missing besides the usual ones, even where they look like a class.
        usual: The usual tokens, for people who edit them.
        rules: Taken over as they are.
        known: Labels that the workspace has already: their classes hold.

    Raises:
        GapwiseError: If no column can hold the file names, a column does not exist, or a chosen label has
            thousands of values.
    """
    suggested = table.suggested or {}
    columns = list(table.frame.columns)
    if filename is not None:
        filename = _column(filename, columns)
    filename = filename or suggested.get("filename") or guess_filename(table, folder)
    tokens = Tokens(tuple(usual), tuple(missing))
    plan = ImportPlan(
        table=None if table_path is None else str(Path(table_path).resolve()),
        images=str(folder.root),
        filename=filename,
        prefix=guess_prefix(filled_sample(table, filename), folder),
        missing=list(tokens.every),
        rules=[r for r in rules if r.strip()],
        folder_label=suggested.get("label", "label"),
    )
    plan.id_column = _guess_id(table, filename)
    by_name = {label.name: label for label in known}
    if labels:
        plan.labels = [_chosen(text, table, filename, tokens, by_name) for text in labels]
    else:
        others = [c for c in columns if c not in (filename, plan.id_column)]
        guessed = [guess_label(table, c, tokens, by_name.get(c), suggested.get("label") == c) for c in others]
        plan.labels = [p for p in guessed if p is not None]
    return plan


def guess_label(
    table: SourceTable, column: str, tokens: Tokens, known: Label | None = None, certain: bool = False
) -> LabelPlan | None:
    """Return a plan for a column that looks like a label: few distinct values that repeat; else None."""
    if known is not None:
        return LabelPlan(name=known.name, column=column, classes=list(known.classes), names=list(known.names))
    counts = classes_of(table, column, tokens)
    if not certain and not _label_like(column, counts):
        return None
    if len(counts) > MAX_CLASSES or len(_complete(counts, tokens)) < (1 if certain else 2):
        return None
    return _label_plan(column, column, counts, tokens)


def candidate(table: SourceTable, column: str, tokens: Tokens, known: Label | None = None) -> tuple[LabelPlan, int]:
    """Return how a column would be a label, guessed or not, and how many distinct values it has.

    With more than 1,000 of them the plan has no classes.
    """
    if known is not None:
        plan = LabelPlan(name=known.name, column=column, classes=list(known.classes), names=list(known.names))
        return plan, len(known.classes)
    counts = classes_of(table, column, tokens)
    if len(counts) > MAX_CLASSES:
        return LabelPlan(name=column, column=column), len(counts)
    return _label_plan(column, column, counts, tokens), len(counts)


def classes_of(table: SourceTable, column: str, tokens: Tokens) -> Counter[str]:
    """Count the values that are classes: neither missing ones nor strays beside 0 and 1.

    `-1` is a class only where its neighbours say so: in -1/1, or with other negative numbers.
    """
    raw = column_values(table, column)
    counts = v.distinct(raw, [*(t for t in tokens.usual if t != "-1"), *tokens.explicit])
    others = set(counts) - {"-1"}
    plausible = others == {"1"} or any(re.fullmatch(r"-\d+(\.\d+)?", o) for o in others)
    if "-1" in counts and "-1" in tokens.usual and not plausible:
        del counts["-1"]
    return v.without_strays(counts)


def _chosen(text: str, table: SourceTable, filename: str, tokens: Tokens, known: dict[str, Label]) -> LabelPlan:
    """Plan a label that the person named: a column, or `NAME=class,class`."""
    columns = list(table.frame.columns)
    name, equals, listed = (text, "", "") if text in columns else text.rpartition("=")
    name = name if equals else text
    if not equals or name in columns:
        name = _column(name, columns)
    if name == filename:
        raise GapwiseError(f"Column {name!r} holds the file names; it can't be a label as well.")
    if equals:
        classes = [c.strip() for c in listed.split(",") if c.strip()]
        return LabelPlan(
            name=name, column=name if name in columns else None, classes=classes, names=v.display_names(classes)
        )
    if name in known:
        return LabelPlan(name=name, column=name, classes=list(known[name].classes), names=list(known[name].names))
    counts = classes_of(table, name, tokens)
    if len(counts) > MAX_CLASSES:
        raise GapwiseError(
            f"Column {name!r} has {len(counts):,} distinct values; a label has at most {MAX_CLASSES:,} classes."
            " It looks like an id, a measurement or free text. Choose another column."
        )
    if not counts:
        raise GapwiseError(f"Every value of column {name!r} is missing. Name its classes: --label '{name}=0,1'.")
    return _label_plan(name, name, counts, tokens)


def _label_plan(name: str, column: str, counts: Counter[str], tokens: Tokens) -> LabelPlan:
    classes = v.order(_complete(counts, tokens))
    return LabelPlan(name=name, column=column, classes=classes, names=v.display_names(classes))


def _complete(counts: Counter[str], tokens: Tokens) -> list[str]:
    """Return the classes, with the other one of a pair unless the person said that it means missing."""
    full = v.complete(list(counts))
    return list(counts) if any(v.is_missing(value, tokens.explicit) for value in full) else full


def _label_like(column: str, counts: Counter[str]) -> bool:
    kinds, total = len(counts), sum(counts.values())
    name = column.strip().lower()
    if not name or name in _SPLIT_NAMES or not kinds or kinds > MAX_CLASSES:
        return False
    if sum(len(value) for value in counts) / kinds > 60:  # sentences
        return False
    if _measures(counts):
        return False
    if kinds <= 2 or name in _CLASS_NAMES:
        return kinds < total or kinds <= 2 or name in _CLASS_NAMES
    # Classes repeat: twice each on average, or at all where there are only a few.
    return total >= 2 * kinds or (kinds <= 10 and kinds < total)


def _measures(counts: Counter[str]) -> bool:
    """Whether numbers look measured rather than counted as classes: fractions, or many with holes between."""
    try:
        numbers = sorted(float(value) for value in counts)
    except ValueError:
        return False
    if any(not n.is_integer() for n in numbers):
        return len(numbers) > 2
    return len(numbers) > 20 and numbers[-1] - numbers[0] > 2 * len(numbers)


def _guess_id(table: SourceTable, filename: str) -> str | None:
    for column in table.frame.columns:
        if column == filename or column.strip().lower() not in _ID_NAMES:
            continue
        raw = column_values(table, column)
        if len(set(raw)) > len(raw) / 2 and len(set(raw)) > 2:
            return column
    return None


def _column(name: str, columns: list[str]) -> str:
    """Find a column by its exact name, else without surrounding space.

    Raises:
        GapwiseError: If there is none.
    """
    if name in columns:
        return name
    close = [c for c in columns if c.strip() == name.strip()]
    if len(close) == 1:
        return close[0]
    raise GapwiseError(f"There is no column {name!r}. The table's columns are: {', '.join(columns)}.")
