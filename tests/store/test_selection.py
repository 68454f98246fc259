"""Chosen images, against a look at every single one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.deduce import STATES, deduce
from core.labels.label import MISSING, Label
from core.labels.leverage import expected, settled_by
from core.labels.nullity import ORDERS, correlation
from core.labels.rules import parse_rules
from core.store import crossfilter
from core.store.conditions import IMPORTED, HasClass, InGroup, Lacking, LackingBoth, OfKind, Settling, Span
from core.store.ground import KINDS, Images, ground_of, read_ground, read_images
from core.store.missingness import Fact
from core.store.profiles import SOURCES, Profiles
from core.store.selection import Selection, rows_of
from tests.conftest import BINARY, FIVE_K

LABELS = (Label("mask", BINARY), Label("distancing", BINARY), Label("5k", BINARY), Label("sky", ("a", "b", "c")))
RULES = parse_rules([FIVE_K], LABELS)
NAMES = [label.name for label in LABELS]
GROUPS = ("low", "middle", "high")


class Table:
    """Rows of (imported code, code, source) per label, and the same as ground and images."""

    def __init__(self, rows: list[list[tuple[int, int, int]]], groups: list[int]) -> None:
        cells = np.array(rows, np.int16).reshape(len(rows), len(LABELS), 3)
        distinct, at, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        arrays = (distinct[:, :, 0], distinct[:, :, 1], distinct[:, :, 2])
        found = Profiles((1, 2, 3, 4), LABELS, *arrays, np.arange(len(distinct)) * 3 + 1, counts)
        self.ground = ground_of(found, RULES)
        fact = Fact("light", GROUPS, np.array(groups), True)
        self.images = Images(np.arange(len(rows)) * 2 + 10, at.reshape(-1), lambda: [fact])
        self.rows, self.groups = rows, groups
        base = np.array([[MISSING if s == 2 else v for _, v, s in row] for row in rows], np.int16)
        self.base, self.states = base, deduce(base, RULES).state

    def kind(self, n: int, j: int) -> str:
        _, value, source = self.rows[n][j]
        return STATES[self.states[n, j]] if value == MISSING else SOURCES[source]

    def place(self, n: int, by: str, label: str) -> int:
        """The row that an image is in, counted by hand."""
        gaps = [tuple(cell[0] == MISSING for cell in row) for row in self.rows]
        alike = {pattern: gaps.count(pattern) for pattern in gaps}
        keys = {
            "file": lambda m: m,
            "label": lambda m: (not gaps[m][NAMES.index(label or NAMES[0])], m),
            "pattern": lambda m: (-alike[gaps[m]], gaps[m], m),
        }
        return sorted(range(len(self.rows)), key=keys[by]).index(n)

    def true(self, condition, n: int) -> bool:
        """Whether a condition holds of an image."""
        row = self.rows[n]
        missing = {name for name, cell in zip(NAMES, row, strict=True) if cell[0] == MISSING}
        match condition:
            case OfKind(label, kind):
                return self.kind(n, NAMES.index(label)) == kind
            case Lacking(names):
                return missing == set(names)
            case LackingBoth(one, other):
                return {one, other} <= missing
            case HasClass(label, code, source):
                imported, value, from_ = row[NAMES.index(label)]
                if source == IMPORTED:
                    return imported == code
                return value == code and (not source or SOURCES[from_] == source)
            case Settling(label, least):
                j = NAMES.index(label)
                known = self.kind(n, j) != "open"
                return not known and expected(settled_by(self.base[n], j, RULES)) >= least - 1e-9
            case InGroup(_, place, _):
                return self.groups[n] == place
            case Span(by, label, start, stop):
                return start <= self.place(n, by, label) < stop
        raise AssertionError(condition)


def _cell(j: int):
    """Imported cells with what may have become of them."""
    code = st.integers(0, len(LABELS[j].classes) - 1)
    return st.one_of(
        code.map(lambda c: (c, c, 0)),  # given
        st.just((MISSING, MISSING, MISSING)),  # a gap
        st.tuples(st.sampled_from((MISSING, 0)), code, st.sampled_from((1, 3))),  # decided, or accepted in bulk
        st.tuples(st.just(MISSING), code, st.just(2)),  # derived
    )


row = st.tuples(*map(_cell, range(len(LABELS)))).map(list)
tables = st.lists(st.tuples(row, st.integers(0, 2)), min_size=1, max_size=12).map(
    lambda rows: Table([r for r, _ in rows], [g for _, g in rows])
)
names = st.sampled_from(NAMES)
span = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
conditions = st.one_of(
    st.builds(OfKind, names, st.sampled_from(KINDS)),
    st.builds(Lacking, st.lists(names, unique=True).map(tuple)),
    st.builds(LackingBoth, names, names),
    st.builds(HasClass, names, st.integers(0, 2), st.sampled_from(("", IMPORTED, *SOURCES))),
    st.builds(Settling, names, st.sampled_from((1.0, 1.5, 2.0))),
    st.integers(0, 2).map(lambda g: InGroup("light", g, GROUPS[g])),
    st.builds(lambda by, label, ends: Span(by, label if by == "label" else "", *ends),
              st.sampled_from(list(ORDERS)), names, span),
)  # fmt: skip
selections = st.lists(conditions, max_size=3).map(lambda some: Selection(tuple(some)))


@settings(max_examples=300, deadline=None)
@given(tables, selections)
def test_a_selection_chooses_the_images_that_fulfil_every_condition(table, selection):
    true = [n for n in range(len(table.rows)) if all(table.true(c, n) for c in selection)]
    images = table.images if selection.by_image else None
    assert np.flatnonzero(selection.holds_of(table.ground, table.images)).tolist() == true
    weights = selection.weights(table.ground, images)
    assert weights.tolist() == np.bincount(table.images.at[true], minlength=len(weights)).tolist()


@settings(max_examples=200, deadline=None)
@given(tables, selections)
def test_pictures_count_the_chosen_images_only(table, selection):
    chosen = [n for n in range(len(table.rows)) if all(table.true(c, n) for c in selection)]
    ground, weights = table.ground, selection.weights(table.ground, table.images)
    head = crossfilter.headline(ground, weights)
    gaps = [[cell[0] == MISSING for cell in table.rows[n]] for n in chosen]
    assert (head.images, head.gaps, head.complete) == (
        len(chosen), sum(map(sum, gaps)), sum(not any(row) for row in gaps)
    )  # fmt: skip
    bars = crossfilter.by_label(ground, weights)
    for j, name in enumerate(NAMES):
        kinds = [table.kind(n, j) for n in chosen]
        assert bars[name] == {kind: kinds.count(kind) for kind in KINDS}
        classes = crossfilter.by_class(ground, weights, j)
        assert classes.tolist() == [
            [sum(table.rows[n][j][1:] == (code, s) for n in chosen) for s in range(4)]
            for code in range(len(LABELS[j].classes))
        ]
    patterns = {p.missing: p.rows for p in crossfilter.by_pattern(ground, weights, 99) if p.rows}
    each = [tuple(name for name, gap in zip(NAMES, row, strict=True) if gap) for row in gaps]
    assert patterns == {missing: each.count(missing) for missing in each}
    assert crossfilter.both_missing(ground, weights)[0, 2] == sum(row[0] and row[2] for row in gaps)
    assert sum(g.cells for g in crossfilter.gains(ground, weights)) == head.cells["open"]
    assert correlation(ground.gaps, weights).shape == (4, 4)  # also of no images


@settings(max_examples=200, deadline=None)
@given(tables, selections, st.sampled_from(list(ORDERS)), st.integers(0, 3), st.integers(1, 12))
def test_a_part_of_the_row_matrix_chooses_the_rows_that_it_shows(table, selection, by, label, lines):
    found = crossfilter.rows(table.ground, table.images, selection, by, label, lines)
    assert found.rows == selection.weights(table.ground, table.images).sum()
    edges = np.linspace(0, found.rows, len(found.shares) + 1).astype(int).tolist()
    for n in range(len(found.shares)):
        span = Span(by, NAMES[label] if by == "label" else "", *found.span(edges[n], edges[n + 1]))
        both = Selection((*selection, span)).holds_of(table.ground, table.images)
        assert both.sum() == edges[n + 1] - edges[n]
        gaps = table.ground.gaps[table.images.at[both]]
        assert found.shares[n].tolist() == pytest.approx(gaps.mean(axis=0).tolist())


def test_a_second_choice_takes_the_first_ones_place_and_the_same_one_takes_it_back():
    some = Selection().toggled(OfKind("mask", "open")).toggled(OfKind("5k", "free"))
    assert list(some.toggled(OfKind("mask", "given"))) == [OfKind("5k", "free"), OfKind("mask", "given")]
    assert list(some.toggled(OfKind("mask", "open"))) == [OfKind("5k", "free")]
    assert list(some.without("kind")) == []
    assert list(some.without("kind", "mask")) == [OfKind("5k", "free")]
    assert list(some.without("pattern")) == list(some)


def test_patterns_keep_their_places_and_the_chosen_one_is_always_among_them():
    gap, one = (MISSING, MISSING, MISSING), (1, 1, 0)
    rows = [[one] * 4] * 3 + [[gap, one, one, one]] * 2 + [[gap, one, one, gap]]
    ground = Table(rows, [0] * 6).ground
    rare = Selection((HasClass("sky", 1),)).weights(ground)
    assert [(p.missing, p.rows) for p in crossfilter.by_pattern(ground, rare, 9)] == [
        ((), 3), (("mask",), 2), (("mask", "sky"), 0)
    ]  # fmt: skip
    shown = crossfilter.by_pattern(ground, rare, 2, always=("mask", "sky"))
    assert [p.missing for p in shown] == [(), ("mask", "sky")]


@pytest.mark.parametrize("condition", [
    OfKind("hat", "open"), Lacking(("hat",)), LackingBoth("mask", "hat"), HasClass("hat", 0), HasClass("mask", 7),
    Settling("hat", 1.0), InGroup("smell", 0, "low"), InGroup("light", 0, "other bounds"), Span("label", "hat", 0, 2),
])  # fmt: skip
def test_what_is_named_and_not_there_chooses_nothing_and_can_still_be_read(condition):
    table = Table([[(1, 1, 0)] * 4], [0])
    assert Selection((condition,)).weights(table.ground, table.images).tolist() == [0]
    assert condition.text(table.ground)


def test_pages_of_images_follow_each_other_whatever_they_were_chosen_by(build):
    mask = ["", "1", "", "0", "", "1", ""] * 3
    columns = {"mask": mask, "hat": ["1"] * 21, "fname": [f"{'ab'[i % 2]}/{i}.png" for i in range(21)]}
    ws = build(columns, {"mask": BINARY, "hat": BINARY})
    with ws.read() as connection:
        ground = read_ground(connection)
        fact = Fact("folder", ("a", "b"), np.arange(21) % 2, False)
        images = read_images(connection, ground, lambda: [fact])
        for selection in (Selection((OfKind("mask", "open"),)), Selection((InGroup("folder", 0, "a"),)), Selection()):
            true = images.ids[selection.holds_of(ground, images)].tolist()
            seen, after = [], 0
            while page := selection.first(connection, ground, images, after, 4):
                seen += page
                after = page[-1]
            assert seen == true
        shown = rows_of(connection, ground, [2, 1])
    assert [(image.image_id, image.fname) for image in shown] == [(1, "a/0.png"), (2, "b/1.png")]
    assert [Path(image.path).name for image in shown] == ["0.png", "1.png"]
    assert [ground.profiles.given[image.at, 0] for image in shown] == [MISSING, 1]
