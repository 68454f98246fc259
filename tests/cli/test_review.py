from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from core.__main__ import main
from core.store import audits, blind, proposals, schema
from core.store.labels import label_id
from tests.conftest import BINARY, cells_of, propose


@pytest.fixture
def ws(five_k):
    propose(five_k, "mask", {"2.png": [0.9, 0.1], "4.png": [0.3, 0.7]})
    return five_k


@pytest.fixture
def run(ws, capsys):
    def call(verb, *arguments, status=0):
        assert main([verb, "--workspace", str(ws.root), "--json", *arguments]) == status
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert err.startswith("error: ") == (status != 0)
        return json.loads(out) if out else err

    return call


ANN = ("--reviewer", "ann")
MASK_2 = ("--image", "2.png", "--label", "mask", *ANN)


def test_the_queue_lists_what_waits(run):
    found = run("queue", "--label", "mask", "--order", "surest")
    assert found["waiting"] == 2
    assert found["items"][0] == {
        "image": "2.png", "label": "mask", "proposed": "0", "confidence": 0.9,
        "probabilities": {"0": 0.9, "1": 0.1}, "model": {"0": 0.9, "1": 0.1}, "reason": None,
        "hidden": False, "run": 1, "proposal": 1, "skipped": False,
    }  # fmt: skip
    assert [i["image"] for i in run("queue", "--label", "mask", "--limit", "1")["items"]] == ["4.png"]


def test_accepting_stores_the_class_and_tells_what_followed(run, ws):
    found = run("decide", *MASK_2, "--accept")
    assert (found["value"], found["applied"], found["repeated"]) == ("0", True, False)
    assert found["derived"] == {"5k": "0"}
    assert cells_of(ws)["2.png", "mask"] == (0, "human")
    assert [i["image"] for i in run("queue", "--label", "mask")["items"]] == ["4.png"]


def test_reject_and_choose(run, ws):
    assert run("decide", *MASK_2, "--reject")["value"] == "1"
    assert run("decide", "--image", "3.png", "--label", "distancing", *ANN, "--choose", "1")["derived"] == {"5k": "1"}


def test_a_client_id_is_taken_once_however_often_it_is_sent(run, ws):
    first = run("decide", *MASK_2, "--accept", "--id", "k1")
    again = run("decide", "--image", "4.png", "--label", "mask", *ANN, "--reject", "--id", "k1")
    assert again["repeated"]
    assert (again["decision"], again["image"]) == (first["decision"], "2.png")
    assert ("4.png", "mask") not in cells_of(ws)


def test_undo_takes_back_the_last_decision_and_what_followed(run, ws):
    before = cells_of(ws)
    run("decide", *MASK_2, "--accept")
    found = run("decide", "--undo", *ANN)
    assert (found["action"], found["image"], found["withdrawn"]) == ("undo", "2.png", ["5k"])
    assert cells_of(ws) == before
    assert "no decision left" in run("decide", "--undo", *ANN, status=1)


def test_what_is_hidden_is_not_printed_and_answered_by_a_class(run, ws):
    """`queue` printed what the card hides, and `decide` took an answer to it for one that had seen the proposal."""
    with ws.write() as connection:
        blind.set_percent(connection, 100)
    item = run("queue", "--label", "mask")["items"][0]
    assert (item["image"], item["hidden"], item["proposed"], item["probabilities"]) == ("4.png", True, None, None)
    assert "hidden" in run("decide", *MASK_2, "--accept", status=1)
    assert cells_of(ws).get(("2.png", "mask")) is None
    found = run("decide", *MASK_2, "--choose", "0", "--id", "k")
    assert (found["value"], found["hidden"], found["applied"], found["derived"]) == ("0", True, None, {})
    assert run("decide", *MASK_2, "--accept", "--id", "k")["repeated"]  # the same id: what became of it
    assert cells_of(ws)["2.png", "5k"] == (0, "derived")
    with ws.read() as connection:
        assert blind.noted(connection, found["decision"])


def test_a_check_of_a_known_cell_is_answered_like_any_other(run, ws):
    """It failed with "had been decided before", which says what is checked."""
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        propose_known = {"run_id": 1, "image_id": 1, "label_id": mask, "probs": [0.2, 0.8], "value": 1}
        proposals.put_proposals(connection, [{**propose_known, "confidence": 0.8, "heldout": 1}])
        (check,) = connection.execute(select(schema.proposal.c.id).where(schema.proposal.c.image_id == 1)).scalars()
        row = {"kind": audits.KNOWN, "label_id": mask, "run_id": 1, "image_id": 1, "proposal_id": check}
        audits.add(connection, [{**row, "value": 1, "after": 0}])
    mask_0 = ("--image", "0.png", "--label", "mask", *ANN)
    assert "hidden" in run("decide", *mask_0, "--accept", status=1)
    found = run("decide", *mask_0, "--choose", "0")
    assert (found["hidden"], found["applied"], found["value"]) == (True, None, "0")
    assert cells_of(ws)["0.png", "mask"] == (1, "given")


def test_a_second_decision_fails_and_the_first_stands(run, ws):
    run("decide", *MASK_2, "--choose", "1")
    found = run_second(ws)
    assert found == 1
    assert cells_of(ws)["2.png", "mask"] == (1, "human")


def run_second(ws):
    return main(
        [
            "decide",
            "--workspace",
            str(ws.root),
            "--image",
            "2.png",
            "--label",
            "mask",
            "--choose",
            "0",
            "--reviewer",
            "bob",
        ]
    )


def test_a_skipped_cell_waits_at_the_end(run):
    run("decide", "--image", "4.png", "--label", "mask", *ANN, "--skip")
    found = run("queue", "--label", "mask")["items"]
    assert [(i["image"], i["skipped"]) for i in found] == [("2.png", False), ("4.png", True)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--image", "x.png", "--label", "mask", *ANN, "--choose", "1"), "no image 'x.png'"),
        (("--image", "2.png", "--label", "Maske", *ANN, "--choose", "1"), "no label 'Maske'"),
        ((*MASK_2, "--choose", "2"), "no class '2'"),
        ((*MASK_2, "--choose", ""), "no class ''"),
        (("--image", "3.png", "--label", "distancing", *ANN, "--accept"), "no proposal"),
        (("--image", "2.png", "--label", "mask", "--reviewer", " ", "--accept"), "reviewer's name"),
        ((*MASK_2, "--accept", "--id", ""), "client id"),
    ],
)
def test_what_can_not_be_done_fails_with_a_sentence(run, ws, arguments, message):
    before = cells_of(ws)
    assert message in run("decide", *arguments, status=1)
    assert cells_of(ws) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("decide", *MASK_2),
        ("decide", *MASK_2, "--accept", "--reject"),
        ("decide", "--accept", *ANN, "--label", "mask"),
        ("decide", "--image", "2.png", "--label", "mask", "--accept"),
        ("decide", *MASK_2, "--undo"),
        ("decide", "--image", "\udcff.png", "--label", "mask", *ANN, "--accept"),
        ("queue", "--label", "mask", "--order", "backwards"),
        ("queue", "--label", "mask", "--limit", "0"),
        ("queue", "--label", "mask", "--limit", "²"),
    ],
)
def test_wrong_usage_exits_with_2(ws, arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--workspace", str(ws.root)])
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_text_is_one_line_a_cell(ws, capsys):
    assert main(["queue", "--workspace", str(ws.root), "--label", "mask"]) == 0
    assert capsys.readouterr().out == "4.png\tmask = 1\t0.700\n2.png\tmask = 0\t0.900\n"
    assert main(["decide", "--workspace", str(ws.root), *MASK_2, "--accept"]) == 0
    assert capsys.readouterr().out == "accept mask of 2.png = 0, so 5k = 0\n"


def test_an_answer_that_contradicts_is_stored_and_said(build, capsys):
    ws = build({"mask": [""], "5k": ["1"]}, {"mask": BINARY, "5k": BINARY}, ["5k implies mask"])
    where = ["decide", "--workspace", str(ws.root), "--image", "0.png", "--label", "mask", *ANN]
    assert main([*where, "--choose", "0"]) == 0
    out, err = capsys.readouterr()
    assert "choose mask of 0.png = 0" in out
    assert "0.png contradicts itself now: mask is 0 and 5k is 1 and `5k implies mask` can't all be true." in err
    assert "decide --undo" in err
    assert main(["decide", "--workspace", str(ws.root), *ANN, "--undo", "--json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["contradicts"], err) == ([], "")
    assert main([*where, "--choose", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["contradicts"] == ["mask is 0 and 5k is 1 and `5k implies mask`"]
