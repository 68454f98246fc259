"""What may be asked, and what is refused before anything is done with it."""

from __future__ import annotations

import json

import pytest

from core.errors import GapwiseError
from core.explain.asking import Answer, Ask


def test_an_address_says_what_it_wants_and_leaves_out_the_rest():
    assert Ask.from_texts({"image": "3", "run": "2", "token": "x"}) == Ask(3, 2)
    asked = {"image": "3", "model": "efficientnet_b0.ra_in1k", "method": "gradcam++", "layer": "blocks.6.0-x"}
    more = {"target": "predicted-0", "smooth": "both", "trust": "1", "run": "", "weights": "random"}
    expected = Ask(
        3, None, "efficientnet_b0.ra_in1k", "gradcam++", "blocks.6.0-x", "predicted-0", "both", True, "random"
    )
    assert Ask.from_texts({**asked, **more}) == expected


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image": ""}, "Its number is missing"),
        ({"image": "0"}, "no image"),
        ({"image": "-1"}, "no image"),
        ({"image": "1" * 17}, "no image"),
        ({"image": "٣"}, "no image"),
        ({"run": "1; DROP TABLE run"}, "no run"),
        ({"run": ""}, "name one of the two"),
        ({"model": "resnet18"}, "name one of the two"),
        ({"run": "", "model": "hf-hub:somebody/something"}, "no model"),
        ({"run": "", "model": "local-dir:/etc"}, "no model"),
        ({"run": "", "model": "../../etc/passwd"}, "no model"),
        ({"run": "", "model": "x" * 201}, "no model"),
        ({"method": "__init__"}, "no way to make maps"),
        ({"smooth": "very"}, "no smoothing"),
        ({"layer": "blocks..6"}, "no layer"),
        ({"layer": "blocks.6\n"}, "no layer"),
        ({"layer": "a" * 100_000}, "no layer"),
        ({"target": "1-1"}, "takes a class from itself"),
        ({"target": "eval(1)"}, "no target"),
        ({"target": "9" * 5000}, "no target"),
        ({"target": "40000"}, "no class 40000"),
        ({"weights": "/etc/passwd"}, "hub or random"),
        ({"weights": "a\0b"}, "weights"),
        ({"weights": "x" * 5000}, "weights"),
    ],
)
def test_what_is_wrong_is_told_in_a_short_line(change, told):
    with pytest.raises(GapwiseError, match=told) as error:
        Ask.from_texts({"image": "1", "run": "1", **change})
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"run_id": 1},
        {"image_id": True, "run_id": 1},
        {"image_id": "1", "run_id": 1},
        {"image_id": 1, "run_id": 1.5},
        {"image_id": 1, "run_id": 1, "method": ["gradcam"]},
        {"image_id": 1, "run_id": 1, "target": None},
        {"image_id": 1, "run_id": 1, "smooth": 1},
        {"image_id": 1, "run_id": 1, "trust": "yes"},
        {"image_id": 1, "run_id": 1, "secret": "x"},
        {"image_id": 1, "model": 7},
    ],
)
def test_values_of_other_kinds_are_refused(values):
    with pytest.raises(GapwiseError):
        Ask.from_dict(values)


def test_asks_and_answers_go_through_json_and_back():
    ask = Ask(3, 2, trust=True, layer="blocks.5")
    assert Ask.from_dict(json.loads(json.dumps(ask.as_dict()))) == ask
    answer = Answer(3, 1, 2, bytes([0, 255]), "1", [0.25, 0.75], "blocks.5", {"holds": True}, False, 1, "random")
    assert Answer.from_dict(json.loads(json.dumps(answer.as_dict()))) == answer


def test_a_class_is_held_against_those_that_there_are():
    with pytest.raises(GapwiseError, match="no class 2"):
        Ask(1, 1, target="2").checked(classes=2)
    assert Ask(1, 1, target="2").checked(classes=3).target == "2"
