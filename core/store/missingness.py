"""Whether a workspace's cells are missing by chance: gaps against other labels, and against the images themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from core.labels.deduce import FREE, deduce
from core.labels.label import MISSING
from core.labels.missingness import Finding, corrected, hold_against
from core.store import measured, profiles, schema
from core.store.cells import rule_set
from core.store.columns import column_facts
from core.store.facts import MOST_GROUPS, Fact, class_fact, date_form, number_fact, short

_NO_FIGURE = -1e300  # stands for NULL on the way into an array


def findings(connection: Connection, facts: Sequence[Fact] | None = None) -> list[Finding]:
    """Hold every label's gaps against other labels' classes and everything known of the images.

    Told is only what shows twice: in the gaps as they were imported, and in those that are left once rules have filled
    what they can. Either alone misleads: a gap that a rule fills is no loss, however it lies; and which gaps a rule
    fills hangs on the classes of other labels, so that those that are left lie by class even where all of them lie by
    chance. Labels that rules tie together are not held against each other.

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
    tests = len(found.labels) * (len(found.labels) - 1 + len(facts))
    every: list[Finding] = []
    for j, label in enumerate(found.labels):
        gaps = found.given[:, j] == MISSING
        left = gaps & ~implied[:, j]
        for k, other in enumerate(found.labels):
            if k == j or len(other.classes) > MOST_GROUPS or any({j, k} <= group for group in tied):
                continue
            table = np.stack([found.images * (found.given[:, k] == c) for c in range(len(other.classes))], axis=1)
            every += _held(label.name, Fact(other.name, other.names, np.zeros(0), False), table, gaps, left, tests)
        for fact, table in tables:
            every += _held_fact(label.name, fact, table, gaps, left, tests)
    return corrected(every)


def image_facts(connection: Connection, root: Path | None = None) -> list[Fact]:
    """Return what is known of every image: size, shape, file, folder, what was measured, what else its table says.

    The folder is the one that the table names, else the one on disk.

    Args:
        root: The workspace's folder, where its tables lie; without it the tables' columns are left out.
    """
    i, f = schema.image.c, schema.image_fact.c
    figures = [func.coalesce(f[name], _NO_FIGURE) for name in measured.FIGURES]
    columns = (i.width, i.height, i.bytes, i.table_id, i.row, f.brightness.is_not(None), *figures)
    query = select(*columns).outerjoin(schema.image_fact, f.image_id == i.id)
    cursor = connection.execute(query.where(i.profile_id.is_not(None)).order_by(i.id)).cursor
    # One number after the other from the driver: rows as objects would take three times as long for a million images.
    table = np.fromiter(chain.from_iterable(cursor), np.float64).reshape(-1, len(columns)).T  # (columns, N)
    width, height, size, table_ids, rows, seen = table[:6]
    facts = [  # what people see first: of what chance explains equally badly, the first is told first
        *_measured(np.where(table[6:] == _NO_FIGURE, np.nan, table[6:]), seen == 0),
        number_fact("pixels", width * height / 1e6, "{:.2g}".format, ("are smaller", "are larger"), " MP"),
        number_fact("width / height", width / np.maximum(height, 1), "{:.2f}".format, ("are narrower", "are wider")),
        number_fact("file size", size / 1e3, _kilobytes, ("have smaller files", "have larger files"), " kB"),
        _folder(connection),
        *([] if root is None else column_facts(connection, root, table_ids.astype(np.int64), rows.astype(np.int64))),
    ]
    return _named_apart([fact for fact in facts if fact is not None])


def _measured(figures: np.ndarray, unseen: np.ndarray) -> list[Fact | None]:
    """Return what was read off the pictures, figures (4, N) in the order of `measured.FIGURES`."""
    brightness, contrast, sharpness, taken = figures
    share = "{:.1%}".format
    return [
        number_fact("brightness", brightness, share, ("are darker", "are brighter"), unseen=unseen),
        number_fact("contrast", contrast, share, ("have less contrast", "have more contrast"), unseen=unseen),
        number_fact("sharpness", sharpness, short, ("are blurrier", "are sharper"), unseen=unseen),
        number_fact("date taken", taken, date_form(taken), ("were taken earlier", "were taken later"),
                    lacking="no date", having="a date taken", unseen=unseen),
    ]  # fmt: skip


def _kilobytes(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _folder(connection: Connection) -> Fact | None:
    """Return each image's folder; None for a single one, or for too many."""
    i = schema.image.c
    named = connection.execute(select(i.id).where(i.fname.like("%/%")).limit(1)).first() is not None
    for name in (i.fname, i.path) if named else (i.path,):
        # Cut off after the last slash, by trimming all other characters that there are.
        folder = func.rtrim(name, func.replace(name, "/", ""))
        known = i.profile_id.is_not(None)
        texts = set(connection.execute(select(folder).where(known).distinct().limit(MOST_GROUPS + 1)).scalars())
        if texts != {""}:
            break
    if not 2 <= len(texts) <= MOST_GROUPS:
        return None
    names = sorted(texts)
    place = {text: n for n, text in enumerate(names)}
    cursor = connection.execute(select(folder).where(known).order_by(i.id)).cursor
    at = np.fromiter(map(place.__getitem__, chain.from_iterable(cursor)), np.int64)
    return class_fact("folder", tuple(text[:-1] if text != "/" else text for text in names), at)


def _named_apart(facts: list[Fact]) -> list[Fact]:
    """Tell a table's column from what is called the same."""
    found: dict[str, Fact] = {}
    for fact in facts:
        name = fact.name
        while name in found:
            name += " (table)"
        found[name] = fact if name == fact.name else replace(fact, name=name)
    return list(found.values())


def _held_fact(
    label: str, fact: Fact, table: np.ndarray, gaps: np.ndarray, left: np.ndarray, tests: int
) -> list[Finding]:
    """Hold gaps against a fact's groups, and against whether images have it at all."""
    every = _held(label, fact, table, gaps, left, tests)
    if fact.having:
        n = fact.ordered
        having = Fact(f"having {fact.having}", ("one", "none"), np.zeros(0), False)
        halves = np.stack([table[:, :n].sum(axis=1), table[:, n]], axis=1)
        every += _held(label, having, halves, gaps, left, tests)
    return every


def _held(label: str, fact: Fact, table: np.ndarray, gaps: np.ndarray, left: np.ndarray, tests: int) -> list[Finding]:
    """Hold the gaps as imported, and those that are left, against groups; the less clear of the two is what is found.

    Args:
        table: (P, G) images of each profile and group.
        gaps, left: (P,) bool.
    """
    images = table.sum(axis=0)

    def held(some: np.ndarray) -> Finding | None:
        missing = table[some].sum(axis=0)
        return hold_against(label, fact.name, fact.groups, missing, images, fact.numeric, fact.words, fact.outside,
                            tests)  # fmt: skip

    first = held(gaps)
    if first is None:
        return []
    if (gaps == left).all():  # no rule fills any: the second test would be the first one again
        return [first]
    second = held(left)
    same = second is not None and second.more == first.more
    p = max(first.p, second.p) if same else 1.0
    return [replace(first, p=p, corrected=p, table=first.p)]
