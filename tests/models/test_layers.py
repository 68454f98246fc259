"""Sums over layers, by hand."""

import pytest

from core.models.layers import Tally


def sums(tally):
    return tally.parameters, tally.multiply_adds, tally.activations


def test_a_convolution_by_hand():
    tally = Tally("relu")
    assert tally.conv(3, 8, 3, 9, stride=2) == 5  # 9 px with one pixel around: five steps of two
    assert sums(tally) == (9 * 3 * 8, 9 * 3 * 8 * 25, 8 * 25)


def test_a_depthwise_convolution_has_one_filter_for_each_channel():
    tally = Tally("relu")
    assert tally.conv(16, 16, 5, 7, groups=16) == 7
    assert sums(tally) == (25 * 16, 25 * 16 * 49, 16 * 49)


# TensorFlow's padding: 8 px become 9 (k3, stride 2), 9 become 11; that copy is kept in place of what was padded.
@pytest.mark.parametrize(("side", "padded"), [(8, 9), (9, 11)])
def test_padding_as_tensorflow_does_it_keeps_a_larger_copy(side, padded):
    plain, same = Tally("silu"), Tally("silu", same=True)
    for tally in (plain, same):
        tally.conv(4, 8, 3, side, stride=2)
    assert same.activations - plain.activations == 4 * (padded**2 - side**2)


@pytest.mark.parametrize(("activation", "tensors"), [("relu", 1), ("relu6", 2), ("silu", 2)])
def test_what_follows_a_normalization_decides_what_is_kept(activation, tensors):
    tally = Tally(activation)
    tally.norm(8, 5)
    assert sums(tally) == (16, 0, tensors * 8 * 25)


def test_a_squeeze_excite_by_hand():
    tally = Tally("silu")
    tally.excite(32, 8, 10)
    assert tally.parameters == 32 * 8 + 8 + 8 * 32 + 32
    assert tally.multiply_adds == 2 * 32 * 8
    assert tally.activations == 32 + 2 * 8 + 32 + 32 * 100  # pooled, around the activation, the gate, the product


def test_a_max_pooling_keeps_where_the_maxima_were():
    tally = Tally("relu")
    assert tally.pool(4, 7) == 4
    assert sums(tally) == (0, 0, (1 + 2) * 4 * 16)


def test_layers_that_are_alike_are_added_at_once():
    one, three = Tally("silu"), Tally("silu")
    one.conv(4, 4, 3, 5)
    three.add(one, 3)
    assert sums(three) == tuple(3 * n for n in sums(one))
