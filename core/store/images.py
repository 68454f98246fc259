"""Images in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, func, insert, select

from core.errors import GapwiseError
from core.store import schema


def add_images(connection: Connection, rows: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert images, columns as in `schema.image` without `id`; return their ids in the same order."""
    if not rows:
        return []
    # Ids are given here, not by the database: a bulk insert does not hand them back in order.
    first = (connection.execute(select(func.max(schema.image.c.id))).scalar() or 0) + 1
    connection.execute(insert(schema.image), [{**row, "id": first + i} for i, row in enumerate(rows)])
    return list(range(first, first + len(rows)))


def image(connection: Connection, image_id: int) -> Row:
    """Return one image.

    Raises:
        GapwiseError: If there is none with that id.
    """
    row = connection.execute(select(schema.image).where(schema.image.c.id == image_id)).first()
    if row is None:
        raise GapwiseError(f"There is no image with the number {image_id}.")
    return row


def image_by_name(connection: Connection, fname: str) -> Row:
    """Return the image that the table calls `fname`.

    Raises:
        GapwiseError: If no image is called that, or its row was set aside at import.
    """
    row = connection.execute(select(schema.image).where(schema.image.c.fname == fname)).first()
    if row is not None:
        return row
    problem = connection.execute(select(schema.aside.c.detail).where(schema.aside.c.fname == fname)).scalar()
    if problem:
        raise GapwiseError(f"Image {fname!r} was set aside at import: {problem}")
    raise GapwiseError(f"There is no image {fname!r}. Write the name as the table does, for example the first column.")


def image_count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(schema.image)).scalar_one()


def heldout_image(connection: Connection, label_id: int) -> int | None:
    """Return the first of the images that a label's runs are measured on, None before its first run."""
    h = schema.holdout.c
    return connection.execute(select(func.min(h.image_id)).where(h.label_id == label_id)).scalar()
