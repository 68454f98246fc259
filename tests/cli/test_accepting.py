"""`accept`, `withdraw`, `acceptances`, `agreement` from the shell."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert

from core import jobs
from core.__main__ import main
from core.store import images, schema
from core.store.labels import label_id
from tests.conftest import BINARY, cells_of, propose


@pytest.fixture
def ws(build):
    """A hundred known cells and thirty open ones; the run says 1 for all, surely, and is right."""
    found = build({"mask": ["1"] * 100 + [""] * 30}, {"mask": BINARY})
    run = propose(found, "mask", {f"{i}.png": [0.1, 0.9] for i in range(100, 130)})
    with found.write() as connection:
        mask = label_id(connection, "mask")
        shared = {"run_id": run, "label_id": mask, "probs": [0.1, 0.9], "value": 1, "confidence": 0.9, "heldout": 1,
                  "settled": 1}  # fmt: skip
        rows = [{**shared, "image_id": images.image_by_name(connection, f"{i}.png").id} for i in range(100)]
        connection.execute(insert(schema.proposal), rows)
    return found


@pytest.fixture
def run(ws, capsys):
    def call(verb, *arguments, status=0, as_json=True):
        assert main([verb, "--workspace", str(ws.root), *(["--json"] if as_json else []), *arguments]) == status
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return (json.loads(out) if as_json else out) if out else err

    return call


ANN = ("--reviewer", "ann")
MASK = ("--label", "mask", *ANN)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(run, ws):
    before = cells_of(ws)
    found = run("accept", *MASK, "--precision", "0.9", "--dry-run")
    assert (found["accepts"], found["waiting"], found["accepted"], found["expected_wrong"]) == (30, 30, None, 0)
    assert cells_of(ws) == before
    assert "at least" in run("accept", *MASK, "--precision", "0.9", "--dry-run", as_json=False)


def test_no_threshold_says_why_and_fails(run):
    assert "No threshold keeps 99% with 100 known cells" in run("accept", *MASK, "--dry-run", as_json=False)
    assert "nothing to accept" in run("accept", *MASK, status=1)


def test_a_run_that_is_not_there_is_refused_also_when_nothing_is_to_be_done(run):
    assert "There is no run 999" in run("accept", *MASK, "--run", "999", "--dry-run", status=1)


@pytest.mark.parametrize("seed", ["-5", "2147483648", "1e3"])
def test_a_seed_that_can_not_be_one_starts_no_job(ws, seed, capsys):
    with pytest.raises(SystemExit):
        main(["rank", "--workspace", str(ws.root), f"--seed={seed}"])
    assert "whole number from 0 to" in capsys.readouterr().err
    assert jobs.list_jobs(ws) == []


def test_accepting_listing_and_withdrawing(run, ws):
    assert run("accept", *MASK, "--precision", "0.9", "--id", "k")["accepted"] == 30
    assert run("accept", *MASK, "--precision", "0.9", "--id", "k")["accepted"] == 30  # the same one
    listed = run("acceptances")["acceptances"]
    assert [(a["acceptance"], a["cells"], a["precision"], a["verdict"]) for a in listed] == [(1, 30, 0.9, "untold")]
    run("decide", "--image", "100.png", *MASK, "--choose", "1")
    assert run("withdraw", "1", *ANN, "--why", "try again")["cells"] == 29
    assert run("acceptances", "--label", "mask")["acceptances"][0]["why"] == "try again"
    assert cells_of(ws)["100.png", "mask"] == (1, "human")
    assert "taken back before" in run("withdraw", "1", *ANN, status=1)


def test_an_id_that_is_used_for_another_decision_is_refused(run, ws):
    """It said "0 cells accepted", and status 0."""
    run("decide", "--image", "100.png", *MASK, "--accept", "--id", "same")
    before = cells_of(ws)
    assert "belongs to another decision" in run("accept", *MASK, "--precision", "0.9", "--id", "same", status=1)
    assert cells_of(ws) == before


@pytest.mark.parametrize("number", ["99999999999999999999", "0", "x"])
def test_a_number_that_can_not_be_one_is_refused(run, number):
    with pytest.raises(SystemExit):
        run("withdraw", number, *ANN)
    with pytest.raises(SystemExit):
        run("accept", *MASK, "--run", number)


def test_undo_takes_a_whole_acceptance_back(run, ws):
    run("accept", *MASK, "--precision", "0.9")
    assert "30 cells that were accepted at once" in run("decide", "--undo", *ANN, as_json=False)
    assert len(cells_of(ws)) == 100


def test_withdrawing_by_label_below_a_confidence_and_wrongly(run, ws):
    run("accept", *MASK, "--precision", "0.9")
    assert "nothing below" in run("withdraw", "1", *ANN, "--below", "0.5", status=1)
    assert run("withdraw", "--label", "mask", *ANN) == {"acceptances": 1, "cells": 30}
    assert "no acceptance that stands" in run("withdraw", "--label", "mask", *ANN, status=1)
    for wrong in ((), ("1", "--label", "mask"), ("--run", "1", "--below", "0.9")):
        with pytest.raises(SystemExit):
            run("withdraw", *wrong, *ANN)


def test_a_sample_is_put_into_the_queue(run):
    found = run("accept", *MASK, "--review", "12", "--dry-run")
    assert (found["asked"], found["waiting"], found["most"]) == (12, 30, 22)
    assert run("accept", *MASK, "--review", "12")["asked"] == 12


def test_a_sample_is_never_nearly_all_that_waits(run):
    """`--review 30` put all 30 into the queue by chance: nothing was left that the answers could help to accept."""
    told = run("accept", *MASK, "--review", "30", as_json=False)
    assert told.startswith("22 of 30 waiting cells, chosen by chance, are put to people; 8 others remain.")
    assert "You asked for 30" in told
    assert "leave hardly any to accept" in run("accept", *MASK, "--review", "1", status=1)
    for wrong in ("0", "-3", "all"):
        with pytest.raises(SystemExit):
            run("accept", *MASK, "--review", wrong)


def test_people_who_disagree_and_the_third_who_settles_it(run, ws):
    run("decide", "--image", "100.png", *MASK, "--choose", "1")
    told = run("decide", "--image", "100.png", "--label", "mask", "--reviewer", "bob", "--choose", "0", status=1)
    assert told
    found = run("agreement", "--label", "mask")
    assert found["conflicts"][0]["image"] == "100.png"
    assert (found["agreement"][0]["cells"], found["agreement"][0]["kappa"]) == (1, 0.0)
    cyd = ("--label", "mask", "--reviewer", "cyd", "--choose", "0", "--final")
    run("decide", "--image", "100.png", *cyd)
    assert run("agreement")["conflicts"] == []
    assert cells_of(ws)["100.png", "mask"] == (0, "human")
