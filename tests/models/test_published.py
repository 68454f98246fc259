"""Reported figures with their sources, held against counted ones."""

import pytest

from core.models import families
from core.models.network import Network
from core.models.published import (
    compound_networks,
    counted,
    pareto,
    published,
    reversed_table,
    starters,
)
from core.models.scaling import Factors
from core.models.stages import scaled_stages, totals

NETWORKS = {p.name: p for p in published()}


def test_every_network_of_the_reference_is_there_with_its_source():
    assert len(NETWORKS) == 8 + 16 + 3 + 4 + 4
    assert all("arXiv" in p.source or "README" in p.source for p in NETWORKS.values())
    assert [p.name for p in NETWORKS.values() if p.multiply_adds is None] == ["GPipe"]


def test_b0_to_b7_say_what_the_shipped_table_says():
    for row in families.shipped():
        p = NETWORKS[row.name]
        assert (p.px, p.top1, p.parameters, p.multiply_adds) == (row.px, row.top1, row.parameters, row.multiply_adds)


# The authors' released README of EfficientNetV2, which prints one digit more than the paper.
@pytest.mark.parametrize(
    ("name", "millions", "billions"),
    [("V2-S", 21.5, 8.4), ("V2-M", 54.1, 24.7), ("V2-L", 119.5, 56.3), ("V2-B0", 7.1, 0.72), ("V2-B1", 8.1, 1.2),
     ("V2-B2", 10.1, 1.7), ("V2-B3", 14.4, 3.0)],
)  # fmt: skip
def test_counted_v2_networks_are_what_their_authors_print(name, millions, billions):
    assert NETWORKS[name].counted.parameters / 1e6 == pytest.approx(millions, rel=0.01)
    assert NETWORKS[name].counted.multiply_adds / 1e9 == pytest.approx(billions, rel=0.01)


def test_the_stored_counts_are_what_counting_gives_now():
    from core.models.cost import cost

    for name in ("ResNet-50", "B1", "V2-B0"):
        p = NETWORKS[name]
        found = cost(p.network.model, p.px)
        assert (p.counted.parameters, p.counted.multiply_adds) == (found.parameters, found.multiply_adds), name


def test_compound_networks_have_the_counts_of_their_stages():
    for phi, n in compound_networks().items():
        figures = counted()[n]
        exact = totals(scaled_stages(Factors(n.depth, n.width, n.px / 224)))
        assert (figures.parameters, figures.multiply_adds) == exact, phi
    assert compound_networks()[1.0] == Network("efficientnet_b0", 1.1, 1.2, 258)


def test_printed_figures_that_are_off_by_more_than_a_twentieth_are_known():
    assert {name: p.differs for name, p in NETWORKS.items() if p.differs} == {
        "Inception-v4": ("parameters", "multiply_adds"),
        "SENet": ("parameters",),
        "PNASNet": ("multiply_adds",),  # 25.0B in its own paper
        "V2-L": ("multiply_adds",),
        "V2-L (21k)": ("multiply_adds",),
    }
    assert NETWORKS["PolyNet"].off("parameters") is None
    assert NETWORKS["GPipe"].off("multiply_adds") is None


def test_the_reversed_table_gives_b3_the_figures_of_m():
    (row,) = reversed_table()
    assert (row.network, row.belongs_to) == ("V2-B3", "V2-M")
    m, b3 = NETWORKS["V2-M"].counted, NETWORKS["V2-B3"].counted
    assert (row.parameters, row.multiply_adds) == pytest.approx((m.parameters, m.multiply_adds), rel=0.01)
    assert (row.true_parameters, row.true_multiply_adds) == pytest.approx((b3.parameters, b3.multiply_adds), rel=0.01)


def test_starters_are_networks_of_several_sizes():
    costs = [counted()[n].multiply_adds for n in starters()]
    assert len(costs) == 5
    assert max(costs) > 10 * min(costs)


def test_the_front_holds_what_nothing_beats():
    costs = [1, 2, 2, 3, 3, 4, 1]
    gains = [70, 80, 75, 80, 85, 84, 70]
    assert pareto(costs, gains) == [True, True, False, False, True, False, True]  # equal ones don't beat one another
    assert pareto([], []) == []
