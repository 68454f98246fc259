"""Maps that tell, maps that don't, and networks that have learned nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch import nn

from core.explain.engine import explainer
from core.explain.fill import fill
from core.explain.sentences import FAILS, HOLDS
from core.explain.trust import log_odds, trust
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


def test_log_odds():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    assert log_odds(logits, "0").item() == pytest.approx(0.0, abs=1e-6)
    assert log_odds(logits, "1").item() == pytest.approx(np.log(1 / 3))
    assert log_odds(logits, "0-1").item() == pytest.approx(np.log(2))
    assert log_odds(torch.tensor([[1.5]]), "0").item() == 1.5


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_of_what_decides_tell_more_than_chance(family, trained, drawn):
    model, pictures = trained[family], drawn.pictures[:8]
    with explainer(model) as explain:
        made = explain(pictures, [str(int(c)) for c in drawn.classes[:8]])
        found = trust(explain, pictures, made.resolved, made.maps)
        elsewhere = trust(explain, pictures[:4], made.resolved[:4], 1 - made.maps[:4])
    assert np.mean([t.holds for t in found]) >= 0.6
    assert all(t.sentence.startswith(HOLDS if t.holds else FAILS) for t in found)
    assert np.mean([t.score > np.median(t.chance) for t in found]) >= 0.75
    # What is marked is all but what decides. A picture that the network takes for another class has none of its own.
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
    assert (found.holds, found.p, found.chance) == (False, 1.0, [])
    assert "shows nothing" in found.sentence


def test_trust_is_the_same_twice(trained, drawn):
    with explainer(trained["efficientnet_b0"]) as explain:
        made = explain(drawn.pictures[:1])
        once, again = (trust(explain, drawn.pictures[:1], made.resolved, made.maps)[0] for _ in range(2))
    assert once == again


class Patch:
    """Stands for an explainer whose network looks at the upper left corner of an 8 px picture alone."""

    device = torch.device("cpu")

    def looks(self, pictures):
        score = 4 * pictures[:, 0, :2, :2].mean((1, 2))
        return torch.stack([-score / 2, score / 2], 1).numpy(), None


def test_the_probabilities_that_are_told_are_calibrated_as_those_beside_the_map():
    picture, cells = torch.zeros(1, 3, 8, 8), np.zeros((1, 8, 8), np.float32)
    picture[:, :, :2, :2], cells[:, :2, :2] = 1.0, 1.0
    raw, calibrated = (trust(Patch(), picture, ["1"], cells, temperature=t)[0] for t in (1.0, 4.0))
    assert "from 98% to 49%" in raw.sentence
    assert "from 73% to 50%" in calibrated.sentence
    assert (raw.score, raw.p, raw.holds) == (calibrated.score, calibrated.p, True)
