"""Maps that tell, maps that don't, and networks that have learned nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch import nn

from core.explain import trust as module
from core.explain.engine import explainer
from core.explain.fill import fill
from core.explain.sentences import FAILS, HOLDS
from core.explain.trust import HOLDS_AT, trust
from core.models.zoo import build
from tests.explain.conftest import FAMILIES


@pytest.mark.parametrize("size", [(64, 64), (57, 90)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_removed_pixels_are_filled_in_as_the_authors_do(size, share):
    torch.manual_seed(0)
    rough = torch.randn(1, 3, size[0] // 4, size[1] // 4)
    picture = nn.functional.interpolate(rough, size, mode="bicubic")[0]
    score = nn.functional.interpolate(torch.rand(1, 1, 5, 6), size, mode="bilinear")[0, 0]
    gone = score >= score.flatten().quantile(1 - share)
    exact = NoisyLinearImputer(noise=0.0)(picture, (~gone).float())
    ours = fill(picture[None], gone[None], noise=0.0)[0]
    assert (ours - exact).abs()[:, gone].pow(2).mean().sqrt() < 0.01  # the noise that is added
    torch.testing.assert_close(ours[:, ~gone], picture[:, ~gone])


def test_a_picture_of_which_nothing_is_left_becomes_its_mean():
    picture = torch.randn(1, 3, 20, 30)
    filled = fill(picture, torch.ones(1, 20, 30, dtype=torch.bool), noise=0.0)
    torch.testing.assert_close(filled, picture.mean((2, 3), keepdim=True).expand_as(picture), atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_of_what_decides_tell_more_than_chance(family, trained, drawn):
    model, pictures = trained[family], drawn.pictures[:8]
    with explainer(model) as explain:
        made = explain(pictures, [str(int(c)) for c in drawn.classes[:8]])
        found = trust(explain, pictures, made.resolved, made.maps)
        inverted = trust(explain, pictures[:4], made.resolved[:4], 1 - made.maps[:4])
        elsewhere = trust(explain, pictures[:4], made.resolved[:4], np.roll(made.maps[:4], (4, 4), (1, 2)))
    assert np.mean([t.holds for t in found]) >= 0.6
    assert all(t.sentence.startswith(HOLDS if t.holds else FAILS) for t in found)
    assert np.mean([t.score > t.random for t in found]) >= 0.75  # ROAD beats RandomCAM
    # What is marked is all but what decides. A picture that the network takes for another class has none of its own.
    assert sum(t.holds for t in inverted) <= 1
    assert sum(t.holds for t in elsewhere) <= 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["as built", "wide head", "normal"])
def test_maps_of_random_weights_are_not_to_be_trusted(family, kind, drawn):
    """ROAD alone trusts them: the map of a random network shows faithfully what its meaningless answer hangs on."""
    torch.manual_seed(1)
    model = build(family, 5, width=0.3, depth=0.3).eval()
    if kind == "wide head":
        nn.init.normal_(model.get_classifier().weight, std=1.0)
    if kind == "normal":
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.1)
    with explainer(model) as explain:
        made = explain(drawn.pictures[:4])
        found = trust(explain, drawn.pictures[:4], made.resolved, made.maps)
    assert not any(t.holds for t in found)
    assert all(t.sentence.startswith(FAILS) for t in found)


def test_a_map_that_shows_nothing_says_so(trained, drawn):
    with explainer(trained["efficientnet_b0"]) as explain:
        (found,) = trust(explain, drawn.pictures[:1], ["0"], np.zeros((1, 8, 8), np.float32))
    assert (found.holds, found.p, found.moves) == (False, 1.0, 0)
    assert "shows nothing" in found.sentence


@pytest.mark.parametrize("cell", [0.0, 1.0])
def test_a_map_of_one_cell_says_that_it_can_not_point_at_anything(trained, drawn, cell):
    with explainer(trained["efficientnet_b0"]) as explain:
        (found,) = trust(explain, drawn.pictures[:1], ["0"], np.full((1, 1, 1), cell, np.float32))
    assert (found.holds, found.p) == (False, 1.0)
    assert "single cell" in found.sentence


def test_trust_is_the_same_twice(trained, drawn):
    with explainer(trained["efficientnet_b0"]) as explain:
        made = explain(drawn.pictures[:1])
        once, again = (trust(explain, drawn.pictures[:1], made.resolved, made.maps)[0] for _ in range(2))
    assert once == again


class Summed(nn.Module):
    """Answers with the sum of what a picture's first channel has at some places, 8 px a side."""

    def __init__(self, at: torch.Tensor) -> None:
        super().__init__()
        self.seen, self.at = nn.Identity(), at  # (8, 8)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        score = (self.seen(pictures)[:, 0] * self.at).sum((1, 2))
        return torch.stack([-score / 2, score / 2], 1)


def corner(side: int = 8) -> torch.Tensor:
    """Return 0 everywhere but in the upper left corner, 2 x 2 px."""
    found = torch.zeros(side, side)
    found[:2, :2] = 1.0
    return found


def test_the_probabilities_that_are_told_are_calibrated_as_those_beside_the_map():
    picture = corner().expand(1, 3, 8, 8)
    with explainer(Summed(corner()), "seen") as explain:
        raw, calibrated = (trust(explain, picture, ["1"], corner()[None].numpy(), temperature=t)[0] for t in (1.0, 4.0))
    assert re.search("from 98% to (49|50|51)% without the 40%", raw.sentence)  # log odds of 4 px at 1, and at about 0
    assert "from 73% to 50%" in calibrated.sentence
    assert replace(raw, sentence="") == replace(calibrated, sentence="")
    assert raw.holds


def test_a_map_of_what_the_answer_does_as_well_without_is_not_trusted(monkeypatch):
    """A dark corner is filled in from around it, so the answer gets stronger; the halves are made to praise it."""
    picture = (1 - corner()).expand(1, 3, 8, 8)
    monkeypatch.setattr(module, "hangs", lambda *_: (corner().numpy(), None))
    with explainer(Summed(corner()), "seen") as explain:
        (found,) = trust(explain, picture, ["1"], corner()[None].numpy())
    assert found.p <= HOLDS_AT
    assert not found.holds
    assert "the answer is no weaker (50% with it, 9" in found.sentence


def test_of_a_whole_picture_that_decides_no_place_is_trusted_more_often_than_by_chance():
    torch.manual_seed(0)
    pictures = torch.rand(10, 3, 8, 8) + 0.5
    blobs = np.zeros((10, 8, 8), np.float32)
    for blob, (y, x) in zip(blobs, np.random.default_rng(0).integers(0, 6, (10, 2)), strict=True):
        blob[y : y + 3, x : x + 3] = [[0.4, 0.7, 0.4], [0.7, 1.0, 0.7], [0.4, 0.7, 0.4]]
    with explainer(Summed(torch.full((8, 8), 0.2)), "seen") as explain:
        found = trust(explain, pictures, ["1"] * 10, blobs)
    assert sum(t.holds for t in found) <= 2  # of ten tests at 5%, three or more in 1.2% of cases
