"""Maps over pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import GapwiseError
from core.explain.overlay import color_table, overlay

GREY = Image.new("RGB", (40, 20), (100, 100, 100))


def test_where_the_map_is_nothing_the_picture_is_untouched():
    assert overlay(GREY, bytes(12), 3, 4, 1.0).tobytes() == GREY.tobytes()


def test_without_opacity_the_picture_is_untouched():
    assert overlay(GREY, bytes([255] * 12), 3, 4, 0.0).tobytes() == GREY.tobytes()


def test_the_strongest_cell_mixes_half_and_half_at_half_opacity():
    found = np.asarray(overlay(GREY, bytes([255]), 1, 1, 0.5))
    expected = np.rint((np.array([100, 100, 100]) + color_table()[255]) / 2)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_the_map_covers_the_whole_picture_row_by_row():
    # One strong cell in the upper right of 2 x 4.
    found = np.asarray(overlay(GREY, bytes([0, 0, 0, 255, 0, 0, 0, 0]), 2, 4, 1.0)).astype(int)
    changed = np.abs(found - 100).sum(axis=2)  # (20, 40)
    assert changed[2, 37] > 300
    assert changed[18, 2] == changed[2, 2] == changed[18, 37] == 0


def test_the_colours_get_lighter_all_the_way():
    light = color_table() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > -0.5).all()
    assert light[-1] > 200 > 10 > light[0]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_a_picture_of_any_mode_comes_back_as_rgb_of_the_same_size(mode):
    found = overlay(Image.new("RGB", (7, 5)).convert(mode), bytes(4), 2, 2)
    assert (found.mode, found.size) == ("RGB", (7, 5))


def test_a_map_that_does_not_fit_its_size_is_told():
    with pytest.raises(GapwiseError, match="12 bytes, but its size is 3 x 5"):
        overlay(GREY, bytes(12), 3, 5)


def test_an_opacity_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match="opacity is 1.5"):
        overlay(GREY, bytes(1), 1, 1, 1.5)


@given(st.binary(min_size=12, max_size=12), st.floats(0, 1))
def test_a_lower_opacity_is_nearer_to_the_picture(cells, opacity):
    full, some = (np.asarray(overlay(GREY, cells, 3, 4, o)).astype(int) for o in (1.0, opacity))
    assert (np.abs(some - 100) <= np.abs(full - 100) + 1).all()
