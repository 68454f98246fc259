"""The memory of trainings, estimated beforehand."""

import pytest

from core.models.network import Network
from core.models.published import compound_networks, published
from core.training.memory import estimate
from core.training.needs import DEVICES, training_need
from core.training.recipe import Recipe

V2_B0 = Network("tf_efficientnetv2_b0", px=224)


def test_a_stored_estimate_is_what_estimating_gives_now():
    fresh = estimate(Recipe(**V2_B0.settings, batch_size=32, precision="no"), 2, "cpu")
    assert training_need(V2_B0, "cpu").with_batch(32, 1).needed() == pytest.approx(fresh.needed(), rel=0.02)


def test_every_network_that_is_compared_was_estimated():
    networks = [p.network for p in published() if p.network] + list(compound_networks().values())
    assert [n.spelled() for n in networks for device in DEVICES if training_need(n, device) is None] == []


def test_what_pictures_add_goes_by_their_area():
    whole, quarter = training_need(V2_B0, "cpu"), training_need(V2_B0, "cpu", 0.25)
    added = [need.with_batch(200, 1).training.peak(200) - need.training.peak(100) for need in (whole, quarter)]
    assert added[1] == pytest.approx(added[0] / 4, rel=0.01)


def test_a_network_that_nobody_estimated_has_no_need():
    assert training_need(Network("resnet18", px=64), "cpu") is None
