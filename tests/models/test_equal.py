"""Five ways to scale at one counted cost."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.models import cost
from core.models.equal import MOST, Network, five, spread, unchanged
from core.models.scaling import Coefficients
from tests import tiny

SMALL = Network("tf_efficientnetv2_b0", width=0.35, depth=0.35, px=36, classes=10)


def test_the_four_scaled_networks_cost_the_same_within_a_few_hundredths_and_the_baseline_less():
    found = five(SMALL)
    assert list(found) == ["baseline", "depth", "width", "resolution", "compound"]
    assert found["baseline"] == SMALL
    scaled = [n for name, n in found.items() if name != "baseline"]
    assert spread(scaled) < 0.03
    assert 1.8 < scaled[0].multiply_adds / SMALL.multiply_adds < 2.1  # 1.2 · 1.1² · 1.15² is 1.92


def test_counts_are_those_of_the_networks_that_are_built():
    for network in five(SMALL).values():
        built = cost.multiply_adds(network.model, (network.px, network.px), network.width, network.depth, 10)
        assert network.multiply_adds == built


def test_a_single_dimension_leaves_the_others_alone_and_compound_changes_all_three():
    found = five(SMALL)
    for name in ("depth", "width", "resolution"):
        one = found[name]
        same = {"depth": one.depth == 0.35, "width": one.width == 0.35, "resolution": one.px == 36}
        assert same == {k: k != name for k in same}
    assert unchanged(SMALL, found["compound"]) == []


def test_what_rounding_takes_back_is_told():
    # ⌈0.351 · n⌉ is ⌈0.35 · n⌉ for 1, 2, 3, 5 and 8 layers, and the channels fall on the same multiples of 8.
    barely = Network(SMALL.model, 0.351, 0.351, 40, 10)
    assert unchanged(SMALL, barely) == ["depth", "width"]


def test_the_classifier_counts_with_the_labels_own_classes():
    # V2-B0 at 0.35 has 448 channels before its classifier: one multiply-add for each of them and each class.
    many = Network(SMALL.model, 0.35, 0.35, 36, 1000)
    assert many.multiply_adds - SMALL.multiply_adds == 448 * 990


def test_other_coefficients_make_another_compound_network():
    deep = five(SMALL, 1.0, Coefficients(2.0, 1.0, 1.0))["compound"]
    assert (deep.width, deep.px) == (0.35, 36)
    assert deep.depth > 0.5


def test_a_recipe_takes_the_widest_and_the_deepest_that_is_tried():
    assert tiny.recipe(**MOST).depth == 32


def test_a_phi_so_small_that_compound_is_one_dimension_alone_is_refused_with_the_smallest_that_is_more():
    # ⌈d · n⌉ adds a layer everywhere at once. 224 px become 225 where 224 · 1.15^φ ≥ 224.5, from φ = 0.016 on.
    with pytest.raises(GapwiseError, match=r"in a single dimension.*the smallest φ that does more is 0\.02\."):
        five(Network("efficientnet_b0", 1.0, 1.0, 224, 10), 0.001)


@pytest.mark.parametrize(
    ("network", "phi", "said"),
    [
        (SMALL, 0.0, "above 0"),
        (SMALL, float("nan"), "above 0"),
        (SMALL, 20.0, "φ is 20"),
        (Network(SMALL.model, 5.9, 1.0, 36, 10), 3.0, "a recipe takes at most 6"),
        (Network(SMALL.model, 1.0, 31.0, 36, 10), 3.0, "a recipe takes at most 32"),
        (Network("resnet18", 1.0, 1.0, 36, 10), 1.0, "resnet18 can't be scaled"),
        (Network("efficientnet_b0", 0.01, 0.01, 7, 2), 1.0, "costs no more than the baseline"),
        (Network("efficientnet_b0", 1.0, 1.0, 32, 10), 1.0, "Resolution alone comes no nearer"),
    ],
)
def test_what_can_not_be_compared_is_refused_with_the_reason(network, phi, said):
    with pytest.raises(GapwiseError, match=said):
        five(network, phi)
