"""Whether a workspace's cells are missing by chance: gaps against other labels, and against the images themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from core.labels.deduce import FREE, deduce
from core.labels.label import MISSING
from core.labels.missingness import Finding, corrected, hold_against
from core.store import profiles, schema
from core.store.cells import rule_set

BINS = 10  # groups of a number: tenths of the images
MOST_GROUPS = 40  # classes or folders; with more, each has too few images to tell anything
_AT_ONCE = 50_000  # rows of the image table


@dataclass(frozen=True)
class Fact:
    """Something that every image has.

    Attributes:
        name: What people read.
        groups: Names of the G groups; of numbers from low to high.
        at: (N,) int, each image's group, images in the order of `profiles.by_image`.
        numeric: Whether the groups have an order.
    """

    name: str
    groups: tuple[str, ...]
    at: np.ndarray
    numeric: bool


def findings(connection: Connection, facts: Sequence[Fact] | None = None) -> list[Finding]:
    """Hold every label's gaps against other labels' classes and everything known of the images.

    Gaps are those of the imported table that rules don't fill: a free cell counts as known. Labels that rules tie
    together are not held against each other: which cells are free hangs on the tied labels' values, so logic alone
    would make them differ.

    Args:
        facts: As `image_facts` returns them; read when None.

    Returns:
        Least likely by chance first, corrected for their number; pairs that can't differ are left out.
    """
    found = profiles.read(connection)
    rules = rule_set(connection)
    implied = deduce(found.given, rules).state == FREE
    tied = [set(columns) for columns, _ in rules.components]
    _, profile_ids = profiles.by_image(connection)
    at_profile = np.searchsorted(found.ids, profile_ids)
    facts = image_facts(connection) if facts is None else facts
    tables = [(f, np.bincount(at_profile * len(f.groups) + f.at, minlength=len(found.ids) * len(f.groups))
               .reshape(len(found.ids), -1)) for f in facts]  # fmt: skip
    every: list[Finding] = []
    for j, label in enumerate(found.labels):
        gaps = (found.given[:, j] == MISSING) & ~implied[:, j]
        for k, other in enumerate(found.labels):
            if k == j or len(other.classes) > MOST_GROUPS or any({j, k} <= group for group in tied):
                continue
            each = [found.images * (found.given[:, k] == c) for c in range(len(other.classes))]
            missing, images = [int(part @ gaps) for part in each], [int(part.sum()) for part in each]
            every += _held(label.name, other.name, other.names, missing, images, numeric=False)
        for fact, table in tables:
            every += _held(label.name, fact.name, fact.groups, table[gaps].sum(axis=0), table.sum(axis=0), fact.numeric)
    return corrected(every)


def image_facts(connection: Connection) -> list[Fact]:
    """Return what the store knows of every image: its size, its shape, its file's size, its folder.

    The folder is the one that the table names, else the one on disk.
    """
    i = schema.image.c
    numbers = [np.zeros((0, 3))]
    for part in _streamed(connection, i.width, i.height, i.bytes):
        numbers.append(np.array(part, np.float64))
    width, height, size = np.concatenate(numbers).T
    names = _folders(connection, i.fname)
    if set(names[0]) <= {""}:
        names = _folders(connection, i.path)
    facts = [
        _number("pixels", width * height / 1e6, "{:.2g} MP"),
        _number("width / height", width / np.maximum(height, 1), "{:.2f}"),
        _number("file size", size / 1e3, "{:,.0f} kB"),
        _folder(*names),
    ]
    return [fact for fact in facts if fact is not None]


def _number(name: str, values: np.ndarray, form: str) -> Fact | None:
    """Return a number in tenths of the images; None where it is the same for all."""
    if not len(values) or values.min() == values.max():
        return None
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
    if len(edges) <= 2:  # nearly all are the same: those, and the others
        common = np.median(values)
        middle = common if common > edges[0] else np.nextafter(common, np.inf)
        edges = np.array([edges[0], middle, np.nextafter(edges[-1], np.inf)])
    at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    spans = [(values[at == g].min(), values[at == g].max()) if (at == g).any() else None for g in range(len(edges) - 1)]
    texts = tuple("" if span is None else _span(form.format(span[0]), form.format(span[1])) for span in spans)
    return Fact(name, texts, at, numeric=True)


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _folders(connection: Connection, column: ColumnElement[str]) -> tuple[list[str], np.ndarray]:
    """Return the folders that a column's files lie in, as they come, and (N,) which of them each image has."""
    place: dict[str, int] = {}
    parts = [np.zeros(0, np.int64)]
    for part in _streamed(connection, column):
        parts.append(np.array([place.setdefault(name.rpartition("/")[0], len(place)) for (name,) in part]))
    return list(place), np.concatenate(parts)


def _folder(names: list[str], at: np.ndarray) -> Fact | None:
    """Return each image's folder; None for a single one, or for too many."""
    if not 2 <= len(names) <= MOST_GROUPS:
        return None
    order = np.argsort(names)
    return Fact("folder", tuple(names[k] for k in order), np.argsort(order)[at], numeric=False)


def _streamed(connection: Connection, *columns: ColumnElement) -> Iterator[list[tuple]]:
    """Yield columns of all images some rows at a time: a million at once are hundreds of megabytes of objects."""
    i = schema.image.c
    # Straight from the driver's cursor: SQLAlchemy's rows take three times as long.
    cursor = connection.execute(select(*columns).where(i.profile_id.is_not(None)).order_by(i.id)).cursor
    while rows := cursor.fetchmany(_AT_ONCE):
        yield rows


def _held(label, against, names, missing, images, numeric) -> list[Finding]:
    finding = hold_against(label, against, names, np.asarray(missing), np.asarray(images), numeric)
    return [] if finding is None else [finding]
