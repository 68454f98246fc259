from __future__ import annotations

import numpy as np

from core.charts.colors import CELL_COLORS, CELL_MEANINGS
from core.charts.missing import (
    MAX_PATTERNS,
    cells_by_class,
    cells_by_label,
    gap_matrix,
    gaps_together,
    patterns,
    rates,
)
from core.labels.missing import Pattern
from core.labels.missingness import hold_against


def counts(**some):
    return {kind: some.get(kind, 0) for kind in CELL_COLORS}


def test_every_kind_of_cell_has_a_colour_of_its_own_and_a_meaning():
    assert len(set(CELL_COLORS.values())) == len(CELL_COLORS) == 7
    assert list(CELL_MEANINGS) == list(CELL_COLORS)


def test_bars_hold_the_counts_and_leave_out_what_never_occurs():
    figure = cells_by_label({"mask": counts(given=5, open=2), "5k": counts(given=3, free=1, open=3)})
    bars = {bar.name: (list(bar.y), list(bar.x)) for bar in figure.data}
    assert bars == {
        "given": (["mask", "5k"], [5, 3]),
        "free": (["mask", "5k"], [0, 1]),
        "open": (["mask", "5k"], [2, 3]),
    }
    assert figure.layout.yaxis.type == "category"


def test_a_label_called_5_stays_a_name():
    figure = cells_by_label({"5": counts(given=1)})
    assert list(figure.data[0].y) == ["5"]
    assert patterns([Pattern(("5",), 1)], ["5"]).layout.yaxis2.type == "category"


def test_the_pattern_plot_has_a_bar_for_each_pattern_and_a_dot_for_each_missing_label():
    found = [Pattern((), 2168), Pattern(("distancing", "5k"), 1273), Pattern(("mask", "5k"), 734)]
    bars, known, missing = patterns(found, ["mask", "distancing", "5k"]).data
    assert list(bars.y) == [2168, 1273, 734]
    assert set(zip(missing.x, missing.y, strict=True)) == {(1, "distancing"), (1, "5k"), (2, "mask"), (2, "5k")}
    assert len(known.x) + len(missing.x) == 9


def test_many_patterns_are_cut_where_they_stop_being_readable():
    found = [Pattern((f"l{i}",), 100 - i) for i in range(60)]
    assert len(patterns(found, [f"l{i}" for i in range(60)]).data[0].x) == MAX_PATTERNS


def test_no_rows_draw_an_empty_plot():
    assert list(patterns([], ["mask"]).data[0].y) == []
    assert len(cells_by_label({"mask": counts()}).data) == 0


def test_classes_that_are_shown_alike_stay_apart():
    counted = {code: {"given": n, "human": 0, "derived": 0, "pseudo": 0} for code, n in (("a", 5), ("b", 3))}
    figure = cells_by_class(counted, ("same", "same"))
    assert [list(bar.x) for bar in figure.data] == [[5, 3]]
    assert list(figure.layout.yaxis.ticktext) == ["same", "same"]


def test_a_label_is_not_compared_with_itself_and_numbers_are_written_where_they_fit():
    found = np.array([[1.0, -0.5], [-0.5, 1.0]])
    heat = gaps_together(found, ["mask", "5k"]).data[0]
    assert np.isnan(heat.z[0][0])
    assert (heat.z[0][1], heat.text[0][1], heat.text[0][0]) == (-0.5, "-0.50", "")
    assert gaps_together(np.eye(30), [str(i) for i in range(30)]).data[0].texttemplate is None


def test_the_lines_of_the_matrix_say_which_rows_they_are():
    shares = np.array([[0.0, 1.0], [0.5, 0.25]])
    heat = gap_matrix(shares, ["mask", "5k"], 5).data[0]
    assert heat.z.tolist() == shares.tolist()
    assert [line[0] for line in heat.customdata] == ["1 to 2", "3 to 5"]
    assert [line[0] for line in gap_matrix(shares, ["mask", "5k"], 2).data[0].customdata] == ["1", "2"]


def test_what_stands_outside_the_order_is_hollow_and_empty_groups_are_left_out():
    names = ["early", "never", "late", "no date", "not measured"]
    finding = hold_against("mask", "date", names, np.array([1, 0, 4, 2, 0]), np.array([5, 0, 5, 4, 0]), True, outside=2)
    dots = rates(finding).data[0]
    assert [one[0] for one in dots.customdata] == ["early", "late", "no date"]
    assert list(dots.marker.symbol) == ["circle", "circle", "circle-open"]
