"""Closed forms, rounding and solving, against values worked out by hand."""

import math

import pytest

from core.errors import GapwiseError
from core.models import families, scaling
from core.models.scaling import PAPER, Coefficients, Factors


def test_phi_zero_is_the_baseline():
    assert scaling.compound(0) == Factors(1.0, 1.0, 1.0)
    assert scaling.compound(0).px == 224


def test_phi_one_multiplies_by_alpha_beta_gamma():
    factors = scaling.compound(1)
    assert (factors.depth, factors.width, factors.resolution) == pytest.approx((1.2, 1.1, 1.15))
    assert factors.px == 258  # 257.6


def test_phi_three_by_hand():
    factors = scaling.compound(3)
    assert (factors.depth, factors.width, factors.resolution) == pytest.approx((1.728, 1.331, 1.520875))


def test_cost_is_d_w_squared_r_squared():
    assert Factors(4, 1, 1).cost == 4
    assert Factors(1, 2, 1).cost == 4
    assert Factors(1, 1, 2).cost == 4
    assert Factors(2, 3, 0.5).cost == pytest.approx(4.5)


def test_the_papers_coefficients_double_the_cost_about():
    assert PAPER.product == pytest.approx(1.2 * 1.21 * 1.3225)
    assert scaling.off_constraint(PAPER) is None


def test_coefficients_far_off_the_constraint_are_told():
    assert "12.7" in scaling.off_constraint(Coefficients(2, 1.4, 1.8))


# To the nearest multiple of 8, at least 8, one step more when that loses over a tenth.
@pytest.mark.parametrize(
    ("channels", "width", "expected"),
    [(32, 1.0, 32), (16, 1.1, 16), (24, 1.1, 24), (40, 1.1, 48), (80, 1.1, 88), (112, 1.1, 120), (192, 1.1, 208),
     (320, 1.1, 352), (1280, 1.1, 1408), (16, 1.2, 24), (16, 0.1, 8), (24, 0.8, 24), (8, 1.49, 16)],
)  # fmt: skip
def test_channels_round_as_the_papers_code_does(channels, width, expected):
    assert scaling.round_channels(channels, width) == expected


@pytest.mark.parametrize(
    ("layers", "depth", "expected"), [(1, 1.0, 1), (1, 1.1, 2), (3, 1.2, 4), (4, 3.1, 13), (2, 0.1, 1)]
)
def test_layers_round_up(layers, depth, expected):
    assert scaling.round_layers(layers, depth) == expected


def test_one_dimension_reaches_a_cost_by_its_power():
    assert scaling.factor_for_cost("depth", 4) == 4
    assert scaling.factor_for_cost("width", 4) == 2
    assert scaling.factor_for_cost("resolution", 4) == 2


@pytest.mark.parametrize("dimension", scaling.DIMENSIONS)
def test_single_and_compound_meet_at_equal_cost(dimension):
    cost = scaling.compound(2.5).cost
    factor = scaling.factor_for_cost(dimension, cost)
    assert scaling.single(dimension, factor).cost == pytest.approx(cost)
    assert scaling.phi_for_cost(cost) == pytest.approx(2.5)


def test_nearest_phi_finds_the_phi_that_made_the_factors():
    assert scaling.nearest_phi(scaling.compound(3.7)) == pytest.approx(3.7)


def test_nearest_phi_is_least_squares_on_logarithms():
    # With only depth stepping, the nearest φ looks at depth alone: log 8 / log 2.
    assert scaling.nearest_phi(Factors(8, 2, 2), Coefficients(2, 1, 1)) == pytest.approx(3)


def test_solve_takes_the_nearer_of_two_steps():
    staircase = lambda x: 10 * math.ceil(x)  # noqa: E731
    assert staircase(scaling.solve(staircase, 33, 1, 9)) == 30
    assert staircase(scaling.solve(staircase, 37, 1, 9)) == 40
    assert scaling.solve(staircase, 1000, 1, 9) == pytest.approx(9)


@pytest.mark.parametrize(
    "hostile",
    [lambda: scaling.compound(20), lambda: scaling.compound(-1), lambda: scaling.compound(float("nan")),
     lambda: scaling.compound(float("inf")), lambda: Factors(width=0.01), lambda: Factors(depth=1e9),
     lambda: Factors(resolution=7), lambda: Factors(resolution=0), lambda: Factors(depth=float("nan")),
     lambda: Coefficients(0.5, 1, 1), lambda: Coefficients(alpha=99), lambda: scaling.factor_for_cost("depth", 1000),
     lambda: scaling.factor_for_cost("width", 0), lambda: scaling.factor_for_cost("colour", 2),
     lambda: scaling.phi_for_cost(2, Coefficients(1, 1, 1)), lambda: scaling.phi_for_cost(0.5),
     lambda: scaling.nearest_phi(Factors(2), Coefficients(1, 1, 1)),
     lambda: scaling.compound(10, Coefficients(4, 4, 4))],
)  # fmt: skip
def test_hostile_values_are_refused_with_bounds(hostile):
    with pytest.raises(GapwiseError, match=r"must be from|can be built|Choose one of|Raise one"):
        hostile()


def test_shipped_b3_has_the_nearest_phi_of_its_three_logarithms():
    b3 = families.shipped()[3]
    a, b, c = math.log(1.2), math.log(1.1), math.log(1.15)
    by_hand = (a * math.log(1.4) + b * math.log(1.2) + c * math.log(300 / 224)) / (a * a + b * b + c * c)
    assert scaling.nearest_phi(b3.factors) == pytest.approx(by_hand)
    assert b3.px == b3.factors.px == 300


def test_reference_tables_carry_their_source():
    for row in (*families.shipped(), *families.single_dimension()):
        assert "1905.11946" in row.source
        assert row.factors.px == row.px


def test_every_family_name_is_told_apart():
    names = {"efficientnet_b3": "b", "tf_efficientnet_l2": "b", "tf_efficientnetv2_b2": "v2-b",
             "tf_efficientnetv2_xl": "v2",
             "efficientnet_lite0": "lite", "efficientnet_es_pruned": "edge", "efficientnet_cc_b0_4e": "condconv",
             "test_efficientnet": "other", "efficientnet_b0_gn": "other"}  # fmt: skip
    assert {name: families.family(name) for name in names} == names
