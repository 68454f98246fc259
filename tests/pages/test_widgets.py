"""Texts that are not ours, shown as they are."""

from __future__ import annotations

import pytest

from pages.ui.widgets import plain


@pytest.mark.parametrize("text", ["scene_00001.jpg", "no mask", "mask: mask", "it's 5 > 3", "R&D a & b", "a-b.c (d)"])
def test_ordinary_names_stay_as_they_are(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`wears mask`", r"\`wears mask\`"),
        ("*a*", r"\*a\*"),
        ("_a_", r"\_a\_"),
        (":red[a]", r"\:red\[a\]"),
        ("$x$", r"\$x\$"),
        ("&amp; &#42;", r"\&amp; \&#42;"),
    ],
)
def test_markup_in_a_name_is_escaped(text, shown):
    assert plain(text) == shown
