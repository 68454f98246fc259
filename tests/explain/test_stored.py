"""Maps that are there already, and when they are not those that are asked for."""

from __future__ import annotations

import math

import pytest

from core.errors import GapwiseError
from core.explain.asking import Answer, Ask
from core.explain.stored import checkpoint, find, row_of
from core.store import maps, runs
from core.store.map_schema import VERDICT
from tests import tiny
from tests.explain.made import fake_run, notes, predict

CELLS = bytes([1, 2, 3, 255])


@pytest.fixture
def ws(tmp_path):
    """Images 1 (class 0), 2 (class 1) and 3 (open); run 1 has predicted class 1 for 2 and 3."""
    made = tiny.workspace(tmp_path / "ws", [0, 1, -1])
    run_id = fake_run(made)
    predict(made, run_id, [2], heldout=1)
    predict(made, run_id, [3])
    notes(made, run_id)
    return made


def keep(ws, image_id: int, resolved: str = "1", predicted: int = 1, layer: str = "blocks.4", **more) -> None:
    """Store a map as the worker does."""
    answer = Answer(image_id, 2, 2, CELLS, resolved, [0.4, 0.6], layer, more.pop("trust", None), False, predicted)
    way = {"method": "layercam", "smooth": "none"} | more
    about = {"run_id": 1, "label_id": 1, "checkpoint": checkpoint(ws.run_dir(1)), "chosen": int(layer == "blocks.4")}
    with ws.write() as connection:
        maps.put(connection, [row_of(answer, way, about)])


def verdict(**more) -> dict:
    """Return a stored one: the logits are of 90% and 10% at a temperature of 1."""
    own = {"holds": True, "why": "tells", "score": 0.3, "random": 0.1, "p": 0.02, "better": 7, "moves": 391}
    logits = [[0.0, math.log(9)], [math.log(9), 0.0]]
    return {**own, "learned": 0.002, "logits": logits, "test": VERDICT, "sentence": "", **more}


def test_a_proposals_own_map_answers_what_it_is_a_map_of(ws):
    answer = find(ws, Ask(3, 1))
    assert (answer.height, answer.width, answer.map) == (2, 3, bytes([0, 50, 255, 7, 8, 9]))
    assert (answer.resolved, answer.predicted, answer.layer, answer.stored) == ("1", 1, "blocks.4", True)
    for same in (Ask(3, 1, target="1"), Ask(3, 1, layer="blocks.4"), Ask(2, 1, target="true")):
        assert find(ws, same).map == answer.map
    others = (
        Ask(3, 1, target="0"),
        Ask(3, 1, target="predicted-0"),
        Ask(3, 1, layer="blocks.2"),
        Ask(3, 1, method="hirescam"),
        Ask(3, 1, smooth="aug"),
        Ask(3, 1, trust=True),
        Ask(1, 1),
    )
    assert [find(ws, other) for other in others] == [None] * len(others)


def test_the_class_that_the_run_said_counts_not_what_the_rules_make_of_it(ws):
    with ws.write() as connection:
        connection.exec_driver_sql("UPDATE proposal SET own_value = 1, value = 0 WHERE image_id = 3")
    assert find(ws, Ask(3, 1)).resolved == "1"


def test_an_own_map_of_an_older_checkpoint_is_none(ws):
    notes(ws, 1, mixed=True)
    assert find(ws, Ask(3, 1)) is None
    notes(ws, 1, checkpoint="another")
    assert find(ws, Ask(3, 1)) is None
    (ws.run_dir(1) / runs.NOTES).write_text("{")
    assert find(ws, Ask(3, 1)) is None


def test_a_stored_map_is_found_by_the_word_and_by_the_class_that_it_means(ws):
    keep(ws, 3)
    for target in ("predicted", "1"):
        answer = find(ws, Ask(3, 1, method="layercam", target=target))
        # Made before the run predicted, and calibrated by that: the probabilities are the proposal's.
        assert (answer.map, answer.resolved, answer.probs, answer.stored) == (CELLS, "1", [0.1, 0.9], True)
    assert find(ws, Ask(3, 1, method="layercam", layer="blocks.4")).map == CELLS
    assert find(ws, Ask(3, 1, method="layercam", layer="blocks.2")) is None
    assert find(ws, Ask(3, 1, method="layercam", target="0")) is None
    assert find(ws, Ask(3, 1, method="layercam", target="1-0")) is None


def test_without_a_prediction_any_stored_map_tells_which_class_was_predicted(ws):
    keep(ws, 1, resolved="1-0", predicted=1)
    assert find(ws, Ask(1, 1, method="layercam", target="predicted-true")).map == CELLS
    assert find(ws, Ask(1, 1, method="layercam", target="predicted")) is None


def test_a_named_layer_is_not_the_chosen_one(ws):
    keep(ws, 3, layer="blocks.2")
    assert find(ws, Ask(3, 1, method="layercam")) is None
    assert find(ws, Ask(3, 1, method="layercam", layer="blocks.2")).layer == "blocks.2"


def test_trust_is_asked_for_only_where_it_is_stored(ws):
    keep(ws, 3)
    assert find(ws, Ask(3, 1, method="layercam", trust=True)) is None
    keep(ws, 3, trust=verdict())
    told = find(ws, Ask(3, 1, method="layercam", trust=True)).trust
    assert {**told, "sentence": ""} == verdict()
    assert find(ws, Ask(3, 1, method="layercam")).trust == told


def test_a_verdict_of_another_test_is_none(ws):
    old = {"score": 0.3, "chance": [0.1], "p": 0.02, "holds": True, "sentence": "It does."}
    for other in (old, verdict(test=VERDICT + 1)):
        keep(ws, 3, trust=other)
        assert find(ws, Ask(3, 1, method="layercam", trust=True)) is None
        assert find(ws, Ask(3, 1, method="layercam")).trust is None


def test_a_verdict_from_before_the_calibration_is_told_with_todays_probabilities(ws):
    for image_id in (1, 3):  # one that the run learned from, so without a prediction of its own, and one with
        keep(ws, image_id, trust=verdict())
    for temperature, told in ((1.0, "from 90% to 10%"), (2.0, "from 75% to 25%")):
        notes(ws, 1, temperature=temperature)
        for image_id in (1, 3):
            assert told in find(ws, Ask(image_id, 1, method="layercam", target="1")).trust["sentence"]
    assert find(ws, Ask(1, 1, method="layercam", target="1")).probs == pytest.approx([0.25, 0.75], abs=1e-6)
    assert find(ws, Ask(3, 1, method="layercam", target="1")).probs == [0.1, 0.9]


def test_new_weights_make_stored_maps_stale(ws):
    keep(ws, 3)
    (ws.run_dir(1) / runs.BEST).write_bytes(b"better weights")
    assert find(ws, Ask(3, 1, method="layercam")) is None
    keep(ws, 3)
    assert find(ws, Ask(3, 1, method="layercam", target="1")).map == CELLS
    with ws.read() as connection:
        assert sum(kind["maps"] for kind in maps.counts(connection)) == 1  # the old one's place was taken


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (Ask(99, 1), "no image"),
        (Ask(1, 99), "no run 99"),
        (Ask(1, None, "resnet18"), None),
        (Ask(3, 1, target="2"), "no class 2"),
        (Ask(3, 1, target="true"), "Nobody knows the true class"),
    ],
)
def test_what_can_not_be_had_is_told_without_a_network(ws, ask, told):
    if told is None:
        assert find(ws, ask) is None
        return
    with pytest.raises(GapwiseError, match=told):
        find(ws, ask)


def test_a_checkpoint_that_is_gone_is_told(ws):
    (ws.run_dir(1) / runs.BEST).unlink()
    with pytest.raises(GapwiseError, match="no epoch of the run"):
        find(ws, Ask(3, 1))
    (ws.run_dir(1) / runs.METRICS).write_text("{}")
    with pytest.raises(GapwiseError, match="somebody removed it"):
        find(ws, Ask(3, 1))
