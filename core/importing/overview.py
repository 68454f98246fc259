"""What a workspace holds, for the page that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, func, select

from core.labels.label import Label
from core.store import schema
from core.store.images import image_count
from core.store.labels import labels as read_labels


@dataclass(frozen=True)
class Overview:
    """Counts and short tables.

    Attributes:
        images: How many images there are.
        labels: In table order.
        values: Label name to how many of its cells have a value.
        tables: One line for each imported table: name, rows, images, images_root, created (UTC).
        asides: One line for each row set aside and each file that no row names: table, row (as the file counts), file,
            problem, detail.
        rows_aside: How many of these lines are rows.
    """

    images: int
    labels: tuple[Label, ...]
    values: dict[str, int]
    tables: pd.DataFrame
    asides: pd.DataFrame
    rows_aside: int


def overview(connection: Connection) -> Overview:
    """Read what a workspace holds; the counting happens in the database."""
    labels = read_labels(connection)
    cell, image, table = schema.cell.c, schema.image.c, schema.source_table.c
    query = select(cell.label_id, func.count()).where(cell.value.is_not(None)).group_by(cell.label_id)
    filled = dict(tuple(row) for row in connection.execute(query))
    counts = select(image.table_id, func.count().label("images")).group_by(image.table_id).subquery()
    tables = connection.execute(
        select(table.name, table.rows, func.coalesce(counts.c.images, 0), table.images_root, table.created)
        .outerjoin(counts, counts.c.table_id == table.id)
        .order_by(table.id)
    ).all()
    frame = pd.DataFrame(tables, columns=["name", "rows", "images", "images_root", "created"])
    frame["created"] = pd.to_datetime(frame["created"], unit="s")
    asides = _asides(connection)
    return Overview(
        image_count(connection),
        tuple(labels.values()),
        {label.name: filled.get(label_id, 0) for label_id, label in labels.items()},
        frame,
        asides,
        int(asides["row"].notna().sum()),
    )


def sample(connection: Connection, count: int, seed: int) -> list[tuple[int, str]]:
    """Return (id, name) of some images, others for another seed, spread evenly over the set; ids are dense."""
    total = image_count(connection)
    if not total:
        return []
    step = max(1, total // count)
    t = schema.image.c
    first = seed * max(1, step // 2 + 1) % step
    query = select(t.id, t.fname).where(t.id % step == first).order_by(t.id).limit(count)
    return [tuple(row) for row in connection.execute(query)]


def _asides(connection: Connection) -> pd.DataFrame:
    a, table = schema.aside.c, schema.source_table.c
    tables = connection.execute(select(table.id, table.name, table.plan))
    known = {row.id: (row.name, row.plan.get("aside_rows", {})) for row in tables}
    query = select(a.table_id, a.row, a.fname, a.problem, a.detail).order_by(a.table_id, a.row.is_(None), a.row, a.id)
    lines = []
    for table_id, row, fname, problem, detail in connection.execute(query):
        name, numbers = known[table_id]
        lines.append((name, None if row is None else numbers.get(str(row), row + 1), fname, problem, detail))
    frame = pd.DataFrame(lines, columns=["table", "row", "file", "problem", "detail"])
    return frame.astype({"row": "Int64"})
