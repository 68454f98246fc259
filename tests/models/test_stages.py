"""The stage table against the paper's, and hand-sized sums."""

import pytest

from core.models.scaling import Factors
from core.models.stages import scaled_stages, totals


def test_b0_is_the_papers_table_1():
    rows = [(s.operator, s.resolution, s.channels, s.layers) for s in scaled_stages(Factors())]
    assert rows == [
        ("Conv k3", 224, 32, 1), ("MBConv1 k3", 112, 16, 1), ("MBConv6 k3", 112, 24, 2), ("MBConv6 k5", 56, 40, 2),
        ("MBConv6 k3", 28, 80, 3), ("MBConv6 k5", 14, 112, 3), ("MBConv6 k5", 14, 192, 4), ("MBConv6 k3", 7, 320, 1),
        ("Conv k1 + FC", 7, 1280, 1),
    ]  # fmt: skip


def test_stem_and_head_by_hand():
    stem, *_, head = scaled_stages(Factors())
    assert stem.multiply_adds == 3 * 3 * 3 * 32 * 112 * 112
    assert stem.parameters == 3 * 3 * 3 * 32 + 2 * 32
    assert head.multiply_adds == 320 * 1280 * 7 * 7 + 1280 * 1000
    assert head.parameters == 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000


def test_first_mbconv_by_hand():
    stage = scaled_stages(Factors())[1]
    squeeze = 2 * 32 * 8
    assert stage.multiply_adds == (9 * 32 + 32 * 16) * 112 * 112 + squeeze
    assert stage.parameters == 9 * 32 + 32 * 16 + squeeze + 8 + 32 + 2 * 32 + 2 * 16


def test_totals_of_b0_are_the_known_ones():
    assert totals(scaled_stages(Factors())) == (5_288_548, 385_814_752)


def test_odd_pictures_round_up_at_each_stride():
    assert [s.resolution for s in scaled_stages(Factors(resolution=291 / 224))] == [
        291,
        146,
        146,
        73,
        37,
        19,
        19,
        10,
        10,
    ]


@pytest.mark.parametrize("dimension", ["depth", "width", "resolution"])
def test_cost_never_falls_when_a_dimension_grows(dimension):
    costs = [totals(scaled_stages(Factors(**{dimension: 0.5 + i / 20})))[1] for i in range(60)]
    assert costs == sorted(costs)
