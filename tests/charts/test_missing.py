from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from core.charts.colors import CELL_COLORS, CELL_MEANINGS
from core.charts.missing import (
    FADED,
    MAX_CLASSES,
    MAX_LABELS,
    MAX_PATTERNS,
)
from core.charts.missing import (
    cells_by_class as cells_by_class_spec,
)
from core.charts.missing import (
    cells_by_label as cells_by_label_spec,
)
from core.charts.missing import (
    patterns as patterns_spec,
)
from core.charts.missing import (
    settled as settled_spec,
)
from core.charts.nullity import SPANS
from core.charts.nullity import gap_matrix as gap_matrix_spec
from core.charts.nullity import gaps_together as gaps_together_spec
from core.charts.nullity import rates as rates_spec
from core.labels.missing import Pattern
from core.labels.missingness import Finding, group, hold_against


def drawn_by(make):
    """A figure made of what a function returns: plotly refuses what it would not draw."""
    return lambda *args, **values: go.Figure(make(*args, **values))


cells_by_class = drawn_by(cells_by_class_spec)
cells_by_label = drawn_by(cells_by_label_spec)
patterns = drawn_by(patterns_spec)
settled = drawn_by(settled_spec)
gap_matrix = drawn_by(gap_matrix_spec)
gaps_together = drawn_by(gaps_together_spec)
rates = drawn_by(rates_spec)


def counts(**some):
    return {kind: some.get(kind, 0) for kind in CELL_COLORS}


def test_every_kind_of_cell_has_a_colour_of_its_own_and_a_meaning():
    assert len(set(CELL_COLORS.values())) == len(CELL_COLORS) == 7
    assert list(CELL_MEANINGS) == list(CELL_COLORS)


def test_bars_hold_the_counts_and_leave_out_what_never_occurs():
    figure = cells_by_label({"mask": counts(given=5, open=2), "5k": counts(given=3, free=1, open=3)})
    bars = {bar.name: (list(bar.y), list(bar.x)) for bar in figure.data}
    assert bars == {
        "given": ([0, 1], [5, 3]),
        "free": ([0, 1], [0, 1]),
        "open": ([0, 1], [2, 3]),
    }
    assert list(figure.layout.yaxis.ticktext) == ["mask", "5k"]


def test_a_label_called_5_stays_a_name():
    assert list(cells_by_label({"5": counts(given=1)}).layout.yaxis.ticktext) == ["5"]
    assert list(patterns([Pattern(("5",), 1)], ["5"]).layout.yaxis2.ticktext) == ["5"]


def test_the_pattern_plot_has_a_bar_for_each_pattern_and_a_dot_for_each_missing_label():
    found = [Pattern((), 2168), Pattern(("distancing", "5k"), 1273), Pattern(("mask", "5k"), 734)]
    bars, known, missing, columns = patterns(found, ["mask", "distancing", "5k"]).data
    assert list(bars.y) == [2168, 1273, 734]
    assert set(zip(missing.x, missing.y, strict=True)) == {(1, 1), (1, 2), (2, 0), (2, 2)}
    assert len(known.x) + len(missing.x) == 9
    # A column of dots means its pattern, as its bar does.
    assert (
        [list(place) for place in columns.customdata] == [list(place) for place in bars.customdata] == [[0], [1], [2]]
    )
    assert columns.hovertext[1] == "1,273 rows: distancing, 5k missing"


def test_many_patterns_are_cut_where_they_stop_being_readable():
    found = [Pattern((f"l{i}",), 100 - i) for i in range(60)]
    figure = patterns(found, [f"l{i}" for i in range(60)])
    assert len(figure.data[0].x) == MAX_PATTERNS
    assert len(figure.layout.yaxis2.ticktext) == MAX_LABELS


def test_no_rows_draw_an_empty_plot():
    assert list(patterns([], ["mask"]).data[0].y) == []
    assert len(cells_by_label({"mask": counts()}).data) == 0


def test_classes_that_are_shown_alike_stay_apart():
    figure = cells_by_class(np.array([[5, 0, 0, 0], [3, 0, 0, 0]]), ("same", "same"))
    assert [list(bar.x) for bar in figure.data] == [[5, 3]]
    assert list(figure.layout.yaxis.ticktext) == ["same", "same"]


def test_of_very_many_classes_the_commonest_are_drawn_and_keep_their_codes():
    seen = np.zeros((300, 4), int)
    seen[:, 0] = np.arange(300)
    (bar,) = cells_by_class(seen, [f"c{i}" for i in range(300)]).data
    assert [c for c, _ in bar.customdata] == list(range(300 - MAX_CLASSES, 300))


def test_a_label_is_not_compared_with_itself_and_numbers_are_written_where_they_fit():
    found = np.array([[1.0, -0.5], [-0.5, 1.0]])
    heat = gaps_together(found, ["mask", "5k"]).data[0]
    assert np.isnan(heat.z[0][0])
    assert (heat.z[0][1], heat.text[0][1], heat.text[0][0]) == (-0.5, "-0.50", "")
    assert gaps_together(np.eye(30), [str(i) for i in range(30)]).data[0].texttemplate is None


def test_every_pair_of_labels_can_be_clicked_and_tells_how_many_lack_both():
    _, points = gaps_together(np.eye(2), ["mask", "5k"], np.array([[3, 2], [2, 4]]), [(0, 1)]).data
    assert [tuple(pair) for pair in points.customdata] == [(0, 1), (1, 0)]
    assert "both missing in 2 images" in points.hovertext[0]


def test_the_lines_of_the_matrix_say_which_rows_they_are():
    shares = np.array([[0.0, 1.0], [0.5, 0.25]])
    heat, spans = gap_matrix(shares, ["mask", "5k"], 5).data
    assert heat.z.tolist() == shares.tolist()
    assert [tuple(span) for span in spans.customdata] == [(0, 2), (2, 5)]
    assert spans.hovertext[1] == "rows 3 to 5<br>mask: 50% missing<br>5k: 25% missing"
    assert gap_matrix(shares, ["mask", "5k"], 2).data[1].hovertext[0].startswith("row 1<br>")
    some = gap_matrix(shares, ["mask", "5k"], 2, None, lambda start, stop: (10 * start, 10 * stop))
    assert [list(span) for span in some.data[1].customdata] == [[0, 10], [10, 20]]
    assert some.data[1].hovertext[1].startswith("rows 11 to 20<br>")
    assert some.layout.yaxis.title.text == "rows of those chosen"


def test_what_can_be_clicked_in_the_matrix_covers_every_row_once():
    spans = [tuple(span) for span in gap_matrix(np.zeros((500, 1)), ["mask"], 1_000_003).data[1].customdata]
    assert len(spans) == SPANS
    assert (spans[0][0], spans[-1][1]) == (0, 1_000_003)
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_what_is_chosen_stands_out():
    bars = cells_by_label({"mask": counts(given=5, open=2), "5k": counts(given=3, open=3)}, {("5k", "open")}).data
    assert {bar.name: list(bar.marker.opacity) for bar in bars} == {"given": [FADED, FADED], "open": [FADED, 1]}
    drawn = patterns([Pattern((), 5), Pattern(("mask",), 3)], ["mask"], ("mask",)).data[0]
    assert list(drawn.marker.opacity) == [FADED, 1]
    bars = settled([("mask", 2.0, 5), ("mask", 1.0, 3), ("5k", 1.0, 4)], {"mask": 2.0}).data
    assert [bar.marker.opacity for bar in bars] == [1, FADED, FADED]
    finding = Finding("mask", "folder", (group("a", 1, 2), group("none", 0, 0), group("b", 2, 2)), False, 1, 1, None)
    points = rates(finding, 2).data[0]
    assert [point[0] for point in points.customdata] == [0, 2]
    assert list(points.marker.opacity) == [FADED, 1]


def test_bars_by_class_have_their_numbers():
    figure = cells_by_class(np.array([[5, 0, 0, 2], [1200, 0, 0, 0]]), ["a", "b"])
    assert [list(trace.text) for trace in figure.data] == [["5", "1,200"], ["2", ""]]
    assert figure.layout.xaxis.title.text == "known cells"


@pytest.mark.parametrize("name", ["<b>bold</b>", "a" * 200, "two\nlines", "&lt;", "标签", "%{x}", "$x$"])
def test_names_are_shown_as_they_are_and_in_the_room_there_is(name):
    def texts(figure: go.Figure) -> str:
        return str(figure.layout.yaxis.ticktext[0])

    whole = texts(cells_by_label({name: counts(given=1)}))
    assert "<" not in whole
    assert "\n" not in whole
    assert len(whole.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) <= 22


def test_what_stands_outside_the_order_is_hollow_and_empty_groups_are_left_out():
    names = ["early", "never", "late", "no date", "not measured"]
    finding = hold_against("mask", "date", names, np.array([1, 0, 4, 2, 0]), np.array([5, 0, 5, 4, 0]), True, outside=2)
    dots = rates(finding).data[0]
    assert list(dots.hovertext) == ["early", "late", "no date"]
    assert list(dots.marker.symbol) == ["circle", "circle", "circle-open"]
