from __future__ import annotations

import numpy as np
import pytest

from core.store import cells
from core.store.images import image_by_name
from core.store.labels import label_id, set_rules
from tests.conftest import BINARY, FIVE_K, at, cells_of

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}


def test_load_gives_given_values_and_sources_in_table_order(five_k):
    with five_k.read() as connection:
        table = cells.load(connection)
    assert [label.name for label in table.labels] == ["mask", "distancing", "5k"]
    expected = [[1, 1, 1], [0, -1, -1], [-1, 1, -1], [1, -1, -1], [-1, 0, -1], [0, 0, 0]]
    assert table.given.tolist() == table.values.tolist() == expected
    assert (table.sources == np.where(np.array(expected) < 0, -1, 0)).all()


def test_open_cells_are_those_without_a_value_that_no_rule_implies(five_k):
    with five_k.read() as connection:
        names = {n: [r.fname for r in cells.open_cells(connection, label_id(connection, n))] for n in LABELS}
    assert names == {"mask": ["2.png", "4.png"], "distancing": ["1.png", "3.png"], "5k": ["2.png", "3.png"]}


def test_a_gap_in_a_conflict_is_not_open(build):
    ws = build({"mask": ["0"], "distancing": [""], "5k": ["1"]}, LABELS, [FIVE_K])
    with ws.read() as connection:
        assert cells.open_cells(connection, label_id(connection, "distancing")) == []


def test_derive_all_writes_the_free_cells_once(five_k):
    for expected in ({"5k": 2}, {}):
        with five_k.write() as connection:
            assert cells.derive_all(connection) == expected
    now = cells_of(five_k)
    assert {k: v for k, v in now.items() if v[1] == "derived"} == {
        ("1.png", "5k"): (0, "derived"),
        ("4.png", "5k"): (0, "derived"),
    }


def test_derived_cells_never_prove_each_other(build):
    """a = b, both derived from c: when c's rule goes, both must go, though each still agrees with the other."""
    ws = build({n: ["1" if n == "c" else ""] for n in "abc"}, dict.fromkeys("abc", BINARY), ["a = b", "c = a"])
    with ws.write() as connection:
        assert cells.derive_all(connection) == {"a": 1, "b": 1}
        set_rules(connection, ["a = b"])
        assert cells.withdraw_stale(connection) == 2
    assert cells_of(ws) == {("0.png", "c"): (1, "given")}


def test_derive_all_withdraws_what_follows_no_more(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
        set_rules(connection, [])
        assert cells.derive_all(connection) == {}
    assert all(source == "given" for _, source in cells_of(five_k).values())


def test_fill_given_fills_gaps_and_derived_cells_and_nothing_else(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
        five, mask = label_id(connection, "5k"), label_id(connection, "mask")
        first, second, third = (image_by_name(connection, f"{i}.png").id for i in (0, 1, 2))
        assert cells.fill_given(connection, [(first, five, 0), (second, five, 0), (third, mask, 1)]) == 2
    now = cells_of(five_k)
    assert now["0.png", "5k"] == (1, "given")
    assert now["1.png", "5k"] == (0, "given")
    assert now["2.png", "mask"] == (1, "given")


def test_known_lists_cells_with_a_value_by_source(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
        five = label_id(connection, "5k")
        assert [(r.fname, r.value) for r in cells.known(connection, five, ("derived",))] == [("1.png", 0), ("4.png", 0)]
        assert [r.fname for r in cells.known(connection, five)] == ["0.png", "1.png", "4.png", "5.png"]


def test_cells_of_the_wrong_shape_are_refused(five_k):
    with five_k.write() as connection, pytest.raises(ValueError, match=r"\(1, 2\)"):
        cells.add_cells(connection, [1], [1, 2, 3], np.zeros((1, 2), dtype=int))


def test_labels_called_like_frame_methods_are_ordinary(build):
    names = ("index", "mask", "size")
    ws = build({n: ["1", ""] for n in names}, dict.fromkeys(names, BINARY), ["index = mask"])
    where = at(ws, "1.png", "index")
    with ws.write() as connection:
        cells.put(connection, **where, value=1, source="human")
        assert cells.derive_all(connection) == {"mask": 1}
