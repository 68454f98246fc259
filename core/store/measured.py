"""What was read off the pictures, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from core.store import schema
from core.store.images import image_count
from core.store.upsert import upsert

FIGURES = ("brightness", "contrast", "sharpness", "taken")
_EDITION = "facts"  # key of the meta table


@dataclass(frozen=True)
class Progress:
    """How many images were looked at.

    Attributes:
        images: All.
        waiting: Not looked at yet.
        failed: Could not be read.
        problem: Why the first of those could not; empty when all could.
    """

    images: int
    waiting: int
    failed: int
    problem: str


def progress(connection: Connection) -> Progress:
    """Return how many images were looked at; quick enough for every look at a page."""
    f = schema.image_fact.c
    images = image_count(connection)
    seen = connection.execute(select(func.count()).select_from(schema.image_fact)).scalar_one()
    bad = f.problem.is_not(None)
    failed = connection.execute(select(func.count()).select_from(schema.image_fact).where(bad)).scalar_one()
    first = connection.execute(select(f.problem).where(bad).order_by(f.image_id).limit(1)).scalar() if failed else ""
    return Progress(images, images - seen, failed, first)


def to_measure(connection: Connection) -> set[int]:
    """Return the images that were not looked at, or could not be read: their files may be back."""
    i, f = schema.image.c, schema.image_fact.c
    query = select(i.id).outerjoin(schema.image_fact, f.image_id == i.id)
    return set(connection.execute(query.where(f.image_id.is_(None) | f.problem.is_not(None))).scalars())


def put(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store what was found, in place of what was there.

    Args:
        rows: `image_id`, FIGURES and `problem` of each; `taken` in seconds since the epoch.
    """
    upsert(connection, schema.image_fact, rows, ("image_id",))


def edition(connection: Connection) -> int:
    """Return a number that changes whenever there is something else to know of images."""
    return connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == _EDITION)).scalar() or 0


def new_edition(connection: Connection) -> None:
    """Tell that there is; once for a whole pass, since reading the facts of a million images takes seconds."""
    upsert(connection, schema.meta, {"key": _EDITION, "value": edition(connection) + 1}, ("key",))
