"""What else the imported tables say of images: their columns that are no labels, as facts.

Tables lie as Parquet with every value as text, so what a column holds is found out here: numbers, dates or a few texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, select

from core.store import schema
from core.store.column_values import Texts, dates, numbers
from core.store.facts import MOST_GROUPS, Fact, class_fact, date_form, number_fact, short
from core.store.labels import labels as read_labels

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_COLUMNS = 20  # each is a test more for every label, and every test makes the others' p larger
_LOOK = 10_000  # rows that tell whether the rest is worth reading
_PARSED = 0.95  # of the values: a few slips of the pen don't make a column of numbers one of texts
_LONGEST = 40  # characters of a text that people read
NOTHING = "no value"


def column_facts(connection: Connection, root: Path, table_ids: np.ndarray, rows: np.ndarray) -> list[Fact]:
    """Return the columns that are no labels, no file names and no running numbers, at most MOST_COLUMNS.

    Numbers become tenths of the images, dates periods, texts with at most MOST_GROUPS values groups; other columns
    are left out. A table whose copy is gone has no columns.

    Args:
        root: The workspace's folder.
        table_ids, rows: (N,) where each image's row lies.
    """
    tables = connection.execute(select(schema.source_table).order_by(schema.source_table.c.id)).all()
    labels = {label.name for label in read_labels(connection).values()}
    own, missing = set(labels), {""}
    for table in tables:
        plan = table.plan
        own |= {plan.get("filename"), plan.get("id_column"), *(p.get("column") for p in plan.get("labels", []))}
        missing |= {token.strip().casefold() for token in plan.get("missing", ())}
    files = {t.id: file for t in tables if t.plan.get("table", "") is not None and (file := _open(root / t.file))}
    found: list[Fact] = []
    for name, texts in _columns(files, own, table_ids, rows):
        fact = _fact(name, texts, missing, table_ids, rows)
        found += [] if fact is None else [fact]
        if len(found) == MOST_COLUMNS:
            break
    return found


def _open(path: Path) -> pq.ParquetFile | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException):  # an export needs it and says so; here it is one thing less to look at
        return None


def _columns(
    files: Mapping[int, pq.ParquetFile], own: set[str], table_ids: np.ndarray, rows: np.ndarray
) -> Iterator[tuple[str, pa.Array]]:
    """Yield the columns that may tell something, by name: the text of each image, null where its table has none."""
    import pyarrow as pa

    first, total = {}, 0
    for table_id, file in files.items():
        first[table_id], total = total, total + file.metadata.num_rows
    place = np.full(len(rows), total, dtype=np.int64)  # of an image without a table: the null at the end
    for table_id, file in files.items():
        its = (table_ids == table_id) & (rows < file.metadata.num_rows)
        place[its] = first[table_id] + rows[its]
    places = pa.array(place)
    for name in dict.fromkeys(name for file in files.values() for name in file.schema_arrow.names):
        if name in own:
            continue
        parts = []
        for file in files.values():
            empty = pa.nulls(file.metadata.num_rows, pa.string())
            has = name in file.schema_arrow.names
            parts.append(file.read([name]).column(name).cast(pa.string()).combine_chunks() if has else empty)
        whole = pa.concat_arrays([*(_flat(part) for part in parts), pa.nulls(1, pa.string())])
        yield name, whole.take(places)


def _flat(part: pa.Array | pa.ChunkedArray) -> pa.Array:
    return part.combine_chunks() if hasattr(part, "combine_chunks") else part


def _fact(name: str, column: pa.Array, missing: set[str], table_ids: np.ndarray, rows: np.ndarray) -> Fact | None:
    first = Texts(column.slice(0, _LOOK), missing)
    kind = next((how for how in (dates, numbers) if _parsed(first, how) is not None), None)
    if kind is None and not first.few(MOST_GROUPS):
        return None
    texts, called = Texts(column, missing), " ".join(name.split())[:_LONGEST] or "a column without a name"
    values = None if kind is None else _parsed(texts, kind)
    if values is None:
        return _groups(called, texts)
    having = f"a value of {called}"
    if kind is dates:
        words = (f"have earlier dates in {called}", f"have later dates in {called}")
        return number_fact(called, values, date_form(values), words, lacking="no date", having=having)
    words = (f"have lower values of {called}", f"have higher values of {called}")
    if _counts(values, table_ids, rows):
        return None
    return number_fact(called, values, short, words, lacking=NOTHING, having=having)


def _parsed(texts: Texts, how) -> np.ndarray | None:
    """Return each image's number, NaN for none; None where too many values are something else."""
    values = how(texts)
    right = ~np.isnan(values)
    known = texts.counts[~texts.blank].sum()
    if not known or texts.counts[right & ~texts.blank].sum() < _PARSED * known:
        return None
    return texts.spread(np.where(texts.blank, np.nan, values))


def _counts(values: np.ndarray, table_ids: np.ndarray, rows: np.ndarray) -> bool:
    """Whether numbers only count the table's rows."""
    return len(values) > 1 and all(
        np.ptp(values[table_ids == table] - rows[table_ids == table]) == 0 for table in np.unique(table_ids)
    )


def _groups(name: str, texts: Texts) -> Fact | None:
    """Return a column of a few texts; None for more, or where they are as good as names of single images."""
    if not texts.distinct or not texts.few(MOST_GROUPS) or 2 * texts.distinct > texts.counts.sum():
        return None
    shown, code = np.unique(np.array([*texts.shown(_LONGEST), NOTHING], dtype=object), return_inverse=True)
    at = np.where(texts.codes < 0, code[-1], code[np.where(texts.blank, -1, np.arange(len(texts.blank)))][texts.codes])
    there = np.unique(at)  # "no value" only where some have none, and as the last
    order: Sequence[int] = [g for g in there if g != code[-1]] + [g for g in there if g == code[-1]]
    rank = np.zeros(len(shown), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return class_fact(name, tuple(str(shown[g]) for g in order), rank[at])
