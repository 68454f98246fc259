"""Which labels need a model, and in what order."""

from __future__ import annotations

import json

import pytest

from core.cascade.order import COUNTS, MEASURED, OWN, ordered, to_train
from core.errors import GapwiseError
from core.pseudo.quality import QUALITY
from tests.conftest import BINARY, FIVE_K, propose

COLUMNS = {"mask": ["", "1", "0"], "distancing": ["", "1", "0"], "5k": ["", "1", ""], "twin": ["", "", "0"]}


@pytest.fixture
def four(build):
    return build(COLUMNS, dict.fromkeys(COLUMNS, BINARY), [FIVE_K, "twin = mask"])


def measured(ws, label, brier):
    run = propose(ws, label, {"0.png": [0.5, 0.5]})
    folder = ws.run_dir(run)
    folder.mkdir(parents=True)
    told = {"images": 40, "accuracy": 0.9, "f1": 0.8, "calibrated": {"brier": brier}}
    (folder / QUALITY).write_text(json.dumps(told))
    return run


def names(places):
    return [place.label for place in places]


def test_a_label_that_others_define_needs_no_model(four):
    assert to_train(four) == (["mask", "distancing"], {})
    places, left_out = ordered(four)
    assert names(places) == ["mask", "distancing"]
    assert set(left_out) == {"5k", "twin"}
    assert left_out["5k"].startswith("follows by rules from mask and distancing")


def test_a_label_that_nothing_is_known_of_defines_none(build):
    """5k follows from mask and distancing; but no model can say anything of the distance, so 5k gets one of its own."""
    columns = {"mask": ["", "1", "0"], "distancing": ["", "", ""], "5k": ["", "1", "0"]}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K])
    chosen, without = to_train(ws)
    assert sorted(chosen) == ["5k", "mask"]
    assert without == {"distancing": "nothing is known of it"}
    assert "no model can learn it" in ordered(ws)[1]["distancing"]


def test_where_nothing_can_be_learnt_that_is_said(build):
    ws = build({"a": ["", "1", "1"], "b": ["", "", ""]}, {"a": BINARY, "b": BINARY})
    with pytest.raises(GapwiseError, match="a: only 'a 1'|can be learnt.*two classes"):
        ordered(ws)


def test_fewest_gaps_come_first(build):
    ws = build({"a": ["", "", "1", "0"], "b": ["1", "0", "", "1"]}, {"a": BINARY, "b": BINARY})
    places, _ = ordered(ws, COUNTS)
    assert [(place.label, place.gaps, place.open, place.why) for place in places] == [
        ("b", 1, 1, "1 gap"), ("a", 2, 2, "2 gaps"),
    ]  # fmt: skip


def test_ones_own_order_is_kept_and_names_are_checked(four):
    assert names(ordered(four, OWN, ("5k", "mask"))[0]) == ["5k", "mask"]
    assert ordered(four, OWN, ("mask",))[1]["distancing"] == "not chosen"
    for wanted, words in ((("nose",), "no label 'nose'"), (("mask", "mask"), "named twice")):
        with pytest.raises(GapwiseError, match=words):
            ordered(four, OWN, wanted)
    with pytest.raises(GapwiseError, match="no order"):
        ordered(four, "size")


def test_best_held_out_quality_comes_first_by_the_newest_measured_run(four):
    measured(four, "mask", 0.2)
    measured(four, "distancing", 0.3)
    run = measured(four, "distancing", 0.1)
    propose(four, "distancing", {"1.png": [0.5, 0.5]})  # newer, but nobody measured it
    places, _ = ordered(four, MEASURED)
    assert names(places) == ["distancing", "mask"]
    assert places[0].why == f"Brier 0.100, accuracy 90.0%, F1 0.800 of run {run} on 40 held-out images"


def test_without_a_measured_run_there_is_no_order_by_quality(four):
    measured(four, "mask", 0.2)
    with pytest.raises(GapwiseError, match="'distancing' has no run that was measured"):
        ordered(four, MEASURED)


def test_where_nothing_is_open_there_is_nothing_to_train_for(build):
    ws = build({"mask": ["0", "1"]}, {"mask": BINARY})
    with pytest.raises(GapwiseError, match="nothing to train for"):
        ordered(ws)
