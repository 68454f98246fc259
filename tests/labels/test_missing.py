from __future__ import annotations

import numpy as np

from core.labels.deduce import deduce
from core.labels.label import Label
from core.labels.missing import Pattern, missing_report
from core.labels.rules import parse_rules


def report(names, given, rules=()):
    labels = [Label(n, ("0", "1")) for n in names]
    given = np.array(given, dtype=np.int16).reshape(-1, len(names))
    sources = np.where(given < 0, -1, 0).astype(np.int8)
    return missing_report(labels, given, given, sources, deduce(given, parse_rules(rules, labels)))


def five_k():
    """The contest's 4175 rows: 2168 complete, 734 without mask and 5k, 1273 without distancing and 5k.

    Where mask is missing, distancing is 0 in every second row (367); where distancing is missing, mask is 0 in the
    first 400: so 767 gaps of 5k are free.
    """
    complete = [(1, 1, 1), (0, 0, 0)] * 1084
    no_mask = [(-1, i % 2, -1) for i in range(734)]
    no_distance = [(0 if i < 400 else 1, -1, -1) for i in range(1273)]
    return report(("mask", "distancing", "5k"), complete + no_mask + no_distance, ["5k = mask and distancing"])


def test_the_reference_table_has_its_known_counts():
    found = five_k()
    assert found.rows == 4175
    assert found.missing == {"mask": 734, "distancing": 1273, "5k": 2007}
    assert found.together == {"mask+distancing": 0, "mask+5k": 734, "distancing+5k": 1273, "mask+distancing+5k": 0}
    assert found.patterns == (
        Pattern((), 2168),
        Pattern(("distancing", "5k"), 1273),
        Pattern(("mask", "5k"), 734),
    )
    assert found.by_label["5k"] == {
        "given": 2168, "human": 0, "derived": 0, "pseudo": 0, "free": 767, "open": 1240, "conflict": 0,
    }  # fmt: skip
    assert found.cells["free"] == 767
    assert found.cells["open"] == 734 + 1273 + 1240
    assert sum(found.cells.values()) == 4175 * 3
    assert found.conflict_rows == 0


def test_the_json_has_the_promised_keys():
    found = five_k().as_json()
    assert {"rows", "missing", "missing_together", "patterns", "cells"} <= set(found)
    assert found["patterns"][1] == {"missing": ["distancing", "5k"], "rows": 1273}
    assert list(found["cells"]) == ["given", "human", "derived", "pseudo", "free", "open", "conflict"]


def test_no_rows_give_zeros():
    found = report(("a", "b"), [])
    assert (found.rows, found.missing, found.together, found.patterns) == (0, {"a": 0, "b": 0}, {"a+b": 0}, ())


def test_one_label_has_no_combinations():
    found = report(("index",), [(1,), (-1,), (-1,)])
    assert (found.missing, found.together) == ({"index": 2}, {})
    assert found.patterns == (Pattern(("index",), 2), Pattern((), 1))


def test_only_gaps_and_no_gaps():
    assert report(("mask", "size"), [(-1, -1)] * 3).together == {"mask+size": 3}
    assert report(("mask", "size"), [(1, 0)]).patterns == (Pattern((), 1),)


def test_six_labels_show_every_combination_and_forty_only_pairs():
    assert len(report("abcdef", [(-1,) * 6]).together) == 2**6 - 6 - 1
    names = [f"l{i}" for i in range(40)]
    found = report(names, [(-1,) * 40, (1,) * 39 + (-1,)])
    assert len(found.together) == 40 * 39 // 2
    assert set(found.together.values()) == {1}
    assert found.missing["l39"] == 2
    # 2000 labels have two million pairs: nobody reads them, and printing took 12 seconds.
    assert report([f"l{i}" for i in range(201)], [(-1,) * 201]).together == {}


def test_conflicts_are_counted_as_gaps_and_as_rows():
    found = report(("mask", "distancing", "5k"), [(0, -1, 1), (1, 1, 0)], ["5k = mask and distancing"])
    assert found.cells["conflict"] == 1
    assert found.conflict_rows == 2


def test_cells_are_split_by_source():
    labels = [Label("a", ("0", "1"))]
    given = np.array([[1], [-1], [-1], [-1], [-1]])
    values = np.array([[1], [0], [1], [1], [-1]])
    sources = np.array([[0], [1], [2], [3], [-1]])
    base = np.where(sources == 2, -1, values)
    found = missing_report(labels, given, values, sources, deduce(base, parse_rules([], labels)))
    assert found.cells == {"given": 1, "human": 1, "derived": 1, "pseudo": 1, "free": 0, "open": 1, "conflict": 0}
