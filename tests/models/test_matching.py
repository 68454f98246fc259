"""The lock: two networks at equal cost."""

import pytest

from core.errors import GapwiseError
from core.models import scaling
from core.models.matching import match_phi, match_single
from core.models.scaling import Coefficients, Factors
from core.models.stages import multiply_adds
from core.models.starts import Start


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


@pytest.mark.parametrize("name", ["tf_efficientnetv2_s", "mobilenetv1_100", "mobilenetv2_100", "resnet50"])
@pytest.mark.parametrize("dimension", scaling.DIMENSIONS)
def test_other_baselines_meet_their_own_counted_cost(name, dimension):
    target = scaling.compound(1.0)
    factor = match_single(dimension, target, counted=True, baseline=name)
    wanted = multiply_adds(target, name)
    assert multiply_adds(scaling.single(dimension, factor), name) == pytest.approx(wanted, rel=0.06)
    phi = match_phi(target, scaling.PAPER, counted=True, baseline=name)
    assert multiply_adds(scaling.compound(phi), name) == pytest.approx(wanted, rel=0.001)


def test_a_recipes_network_is_matched_at_its_own_size_and_classes():
    small = Start("efficientnet_b0", px=32, width=0.5, classes=10)
    target = scaling.compound(2.0)
    factor = match_single("width", target, counted=True, baseline=small)
    wanted = multiply_adds(target, small)
    assert multiply_adds(scaling.single("width", factor), small) == pytest.approx(wanted, rel=0.05)


def test_a_counted_cost_that_no_step_comes_near_is_told_with_the_nearest():
    with pytest.raises(GapwiseError, match="No resnet50 with depth from 0.1 to 32 comes within 10%"):
        match_single("depth", Factors(1, 0.35, 1), counted=True, baseline="resnet50")


def as_printed(value: float) -> float:
    """Five digits: what the explorer's fields show."""
    return float(f"{value:.5g}")


@pytest.mark.parametrize("dimension", scaling.DIMENSIONS)
def test_a_counted_factor_as_printed_builds_what_the_factor_builds(dimension):
    for tenths in range(1, 41):
        factor = match_single(dimension, scaling.compound(tenths / 10), counted=True)
        printed = scaling.single(dimension, as_printed(factor))
        assert multiply_adds(printed) == multiply_adds(scaling.single(dimension, factor)), tenths


@pytest.mark.parametrize("dimension", scaling.DIMENSIONS)
def test_a_counted_phi_as_printed_builds_what_the_phi_builds(dimension):
    for tenths in range(15, 41):  # less than one more layer in every stage is farther off than the lock goes
        phi = match_phi(scaling.single(dimension, tenths / 10), scaling.PAPER, counted=True)
        printed = scaling.compound(as_printed(phi))
        assert multiply_adds(printed) == multiply_adds(scaling.compound(phi)), tenths


def test_of_all_phis_that_build_one_network_the_shortest_is_returned():
    assert match_phi(scaling.compound(2.0), scaling.PAPER, counted=True) == 2
