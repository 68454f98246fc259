"""The lock: two networks at equal cost."""

import pytest

from core.errors import GapwiseError
from core.models import scaling
from core.models.matching import match_phi, match_single
from core.models.scaling import Coefficients, Factors
from core.models.stages import multiply_adds


@pytest.mark.parametrize(("dimension", "expected"), [("depth", 4.0), ("width", 2.0), ("resolution", 2.0)])
def test_by_formula_the_factor_is_a_power_of_the_cost(dimension, expected):
    assert match_single(dimension, Factors(4, 1, 1), counted=False) == pytest.approx(expected)


# A whole layer is a step, so are 8 channels, and so is the pixel that makes every stage of stride 2 round up.
@pytest.mark.parametrize(("dimension", "within"), [("depth", 0.03), ("width", 0.02), ("resolution", 0.03)])
def test_by_counting_the_networks_cost_the_same_as_near_as_rounding_allows(dimension, within):
    target = Factors(1.4, 1.2, 1.3)
    factor = match_single(dimension, target, counted=True)
    assert multiply_adds(scaling.single(dimension, factor)) == pytest.approx(multiply_adds(target), rel=within)


@pytest.mark.parametrize("counted", [True, False])
def test_phi_finds_its_own_network_again(counted):
    phi = match_phi(scaling.compound(2.0), scaling.PAPER, counted)
    assert multiply_adds(scaling.compound(phi)) == pytest.approx(multiply_adds(scaling.compound(2.0)), rel=0.02)


def test_a_cost_out_of_reach_is_refused_by_formula_and_by_counting():
    huge = Coefficients(4, 4, 4)
    for counted in (True, False):
        with pytest.raises(GapwiseError, match="can be built"):
            match_single("depth", scaling.compound(1.2, huge), counted)
    with pytest.raises(GapwiseError, match="α = β = γ = 1"):
        match_phi(Factors(2), Coefficients(1, 1, 1), counted=True)
