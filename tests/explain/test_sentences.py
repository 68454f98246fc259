"""What is said of a map: nothing that its figures do not say."""

from __future__ import annotations

import numpy as np
import pytest

from core.explain.sentences import CHANCE, EMPTY, FAILS, HOLDS, IDLE, SINGLE, TELLS, UNLEARNED, said

LN9 = float(np.log(9))  # probabilities of 90% and 10%; of 75% and 25% at a temperature of 2


def verdict(why: str = TELLS, **more) -> dict:
    own = {"why": why, "better": 3, "moves": 511, "score": 4.21, "random": 1.3, "logits": [[0.0, LN9], [LN9, 0.0]]}
    return {**own, **more}


def test_a_map_that_holds_tells_how_far_the_probability_falls_and_what_it_was_compared_with():
    assert said(verdict(), "1", 1.0) == (
        f"{HOLDS}the probability falls from 90% to 10% without the 40% of the picture that it marks, and of 511 maps"
        " that are the same one moved elsewhere, turned or mirrored, only 3 find what the answer hangs on as well."
        " ROAD: 4.2; of RandomCAM, its channels weighted at random: 1.3."
    )
    assert "falls from 75% to 25%" in said(verdict(), "1", 2.0)
    assert "none finds" in said(verdict(better=0), "1", 1.0)
    assert "only one finds" in said(verdict(better=1), "1", 1.0)
    assert "RandomCAM" not in said(verdict(random=None), "1", 1.0)


@pytest.mark.parametrize(
    ("logits", "says"),
    [
        ([[0.0, LN9], [0.0, LN9 - 0.001]], "the odds fall, though too little to show in percent, without"),
        ([[0.0, 48.0], [0.0, 44.0]], "the odds fall, though too little"),  # 100.0% and 100.0%
        # Odds fall from 1 : 2 to 1 : 2.5; calibrated, they would rise from 1 : 2 to 1 : 1.3.
        ([[0.0, 0.0, 0.0], [0.0, 0.9, -50.0]], "the odds fall, though too little"),
    ],
)
def test_a_map_that_holds_never_says_that_the_probability_rises(logits, says):
    told = said(verdict(logits=logits), "1" if len(logits[0]) == 2 else "0", 4.0)
    assert says in told
    assert "rises" not in told


def test_between_two_classes_odds_fall_by_a_factor():
    assert "the odds between the two classes fall by a factor of 81 without" in said(verdict(), "1-0", 1.0)
    assert "factor of 1.5" in said(verdict(logits=[[0.0, np.log(1.5)], [0.0, 0.0]]), "1-0", 3.0)
    assert "factor of more than 1,000" in said(verdict(logits=[[0.0, 20.0], [0.0, 0.0]]), "1-0", 1.0)


def test_what_others_find_as_well_is_not_to_be_trusted():
    told = said(verdict(CHANCE, better=100), "1", 1.0)
    assert told.startswith(FAILS)
    assert "100 find what the answer hangs on as well as it does" in told


def test_an_answer_that_does_without_what_is_marked_does_not_hang_on_it():
    told = said(verdict(IDLE, logits=[[0.0, 0.0], [0.0, LN9]]), "1", 1.0)
    assert told.startswith(f"{FAILS}without the 40% of the picture that it marks the answer is no weaker (50% with it,")
    assert "90% without), so it does not hang on that part." in told
    assert "no weaker, so" in said(verdict(IDLE), "1-0", 1.0)


@pytest.mark.parametrize(
    ("why", "says"), [(SINGLE, "can't point"), (EMPTY, "shows nothing"), (UNLEARNED, "nothing had been learned")]
)
def test_where_nothing_was_measured_no_figures_are_told(why, says):
    told = said({"why": why, "logits": []}, "1", 1.0)
    assert told.startswith(FAILS)
    assert says in told
    assert "ROAD" not in told
