"""Selections in an address."""

from __future__ import annotations

import pytest

from core.store.conditions import Contradicting, HasClass, InGroup, Lacking, LackingBoth, OfKind, Settling, Span
from core.store.selection import Selection
from core.store.spelled import LONGEST, read, spelled

EVERY = (
    OfKind("mask", "open"),
    Lacking(("mask", 'a "quoted", label')),
    LackingBoth("mask", "5k"),
    HasClass("distancing", 1, "human"),
    Settling("mask", 1.5),
    Contradicting(),
    InGroup("brightness", 2, "41 to 60"),
    Span("label", "mask", 10, 20),
)


def test_every_condition_comes_back_as_it_was():
    assert read(spelled(Selection(EVERY))) == Selection(EVERY)
    assert spelled(Selection((Lacking(("mask", "5k")),))) == '[["Lacking",["mask","5k"]]]'
    assert spelled(Selection()) == ""
    assert read("") == Selection()


@pytest.mark.parametrize("text", [
    "no json", "{}", "[[]]", "[[1]]", '[["Selection",[]]]', '[["OfKind","mask"]]', '[["OfKind","mask","no kind"]]',
    '[["OfKind","mask",["open"]]]', '[["HasClass","mask",-1,""]]', '[["HasClass","mask",true,""]]',
    '[["Span","nowhere","",0,1]]', '[["Span",[],"",0,1]]', '[["Settling","mask",NaN]]', '[["Lacking","mask"]]',
    "[" * 1400, "9" * 1400,
])  # fmt: skip
def test_what_somebody_made_up_chooses_nothing(text):
    assert read(text) == Selection()


def test_what_is_too_long_for_an_address_is_not_kept():
    long = Selection((Lacking(tuple(f"label {i}" for i in range(300))),))
    assert spelled(long) == ""
    assert read('[["Contradicting"]]' + " " * LONGEST) == Selection()
