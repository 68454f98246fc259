"""Where scaling starts: published baselines and recipes' networks."""

import pytest

from core.errors import GapwiseError
from core.models.scaling import Factors
from core.models.stages import multiply_adds, scaled_stages, totals
from core.models.starts import Start, limits, px, start_of_recipe


def test_resolution_is_a_multiple_of_the_baselines_own_side():
    assert px(Factors(resolution=1.3)) == 291
    assert px(Factors(resolution=1.5), "tf_efficientnetv2_s") == 576
    assert px(Factors(resolution=1.5), Start("mobilenetv2_100", px=32)) == 48


def test_a_recipes_network_is_a_multiple_of_its_baseline():
    # B3 is B0 with width 1.2 and depth 1.4, at 300 px.
    b3 = start_of_recipe("efficientnet_b3.ra2_in1k", 300)
    assert scaled_stages(Factors(), b3) == scaled_stages(Factors(1.4, 1.2, 300 / 224))
    assert scaled_stages(Factors(2, 0.5), b3) == scaled_stages(Factors(2.8, 0.6, 300 / 224))


def test_fewer_classes_take_rows_of_the_classifier_away_and_nothing_else():
    thousand, ten = (Start(classes=n) for n in (1000, 10))
    assert multiply_adds(Factors(), thousand) - multiply_adds(Factors(), ten) == 1280 * 990
    parameters = [totals(scaled_stages(Factors(), s))[0] for s in (thousand, ten)]
    assert parameters[0] - parameters[1] == 1280 * 990 + 990


def test_what_can_not_be_scaled_is_told():
    with pytest.raises(GapwiseError, match=r"resnet18.a1_in1k can't be scaled.*mobilenetv2_100"):
        start_of_recipe("resnet18.a1_in1k", 224)


@pytest.mark.parametrize(
    ("of", "lowest"), [("efficientnet_b0", 32 / 224), ("tf_efficientnetv2_s", 32 / 224), (Start(px=64), 0.5),
                       (Start(px=28), 1.0)],
)  # fmt: skip
def test_pictures_do_not_shrink_below_32_pixels_nor_below_what_a_small_one_starts_with(of, lowest):
    assert limits(of)["resolution"] == (pytest.approx(lowest), 6.0)
