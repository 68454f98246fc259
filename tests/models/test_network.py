"""A network as a person types it."""

import pytest

from core.errors import GapwiseError
from core.models.network import Network, read_network


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("efficientnet_b0", Network("efficientnet_b0")),
        ("efficientnet_b0,size=240", Network("efficientnet_b0", px=240)),
        (" efficientnet_b0 , depth=1.2, width=1.1 ", Network("efficientnet_b0", 1.1, 1.2)),
        ("resnet18.a1_in1k,size=64", Network("resnet18.a1_in1k", px=64)),
    ],
)
def test_a_name_comes_with_what_differs_from_it_behind_commas(text, network):
    assert read_network(text) == network
    assert read_network(network.spelled()) == network


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names no network"),
        (",size=3", "names no network"),
        ("b0,size", "'size' in 'b0,size' can't be read"),
        ("b0,px=32", "can't be read"),
        ("b0,size=32,size=64", "can't be read"),
        ("b0,width=nan", "can't be read"),
        ("b0,width=0", "width is 0; it must be from 0.1 to 6"),
        ("b0,width=0.01", "width is 0.01; it must be from 0.1 to 6"),
        ("b0,depth=33", "depth is 33; it must be from 0.1 to 32"),
        ("b0,depth=-1", "depth is -1"),
        ("b0,width=inf", "width is inf"),
        ("b0,size=7", "The side of the picture is 7 px; it must be a whole number from 8 to 4096 px"),
        ("b0,size=1e9", "The side of the picture is 1000000000 px"),
        ("b0,size=inf", "The side of the picture is inf px"),
        ("b0,size=32.5", "The side of the picture is 32.5 px"),
    ],
)
def test_what_cant_be_built_is_refused_with_what_was_expected(text, problem):
    with pytest.raises(GapwiseError, match=problem.replace("(", r"\(")):
        read_network(text)


def test_settings_are_those_of_a_recipe():
    from core.training.recipe import Recipe

    network = Network("efficientnet_b0", 1.1, 1.2, 240)
    recipe = Recipe(**network.settings)
    assert (recipe.model, recipe.width, recipe.depth, recipe.pixels) == ("efficientnet_b0", 1.1, 1.2, (240, 240))
    assert Network("resnet18").settings == {"model": "resnet18", "width": 1.0, "depth": 1.0}
