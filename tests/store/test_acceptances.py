"""Accepting in bulk, taking it back in every way, and what rules drew from it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import GapwiseError
from core.store import acceptances, audits, bulk, cells, decisions, profiles, queue, schema
from core.store.labels import label_id
from tests.conftest import BINARY, FIVE_K, at, cells_of, propose
from tests.store.lines import in_line, newest, rank_all, ranked_right

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}
ids = itertools.count()


def everything(connection, confidence=0.0, values=(0, 1)):
    found = profiles.read(connection)
    return [bulk.Rule(found.ids.tolist(), value, confidence) for value in values]


def accept(ws, label, run_id, confidence=0.0, client=None, reviewer="ann"):
    with ws.write() as connection:
        promise = acceptances.Promise(
            label_id(connection, label), run_id, 0.9, 0.95, everything(connection, confidence), [], 0.01
        )
        return acceptances.accept(connection, client_id=client or f"b{next(ids)}", reviewer=reviewer, promise=promise)


def withdraw(ws, acceptance_id, **more):
    with ws.write() as connection:
        return acceptances.withdraw(
            connection, client_id=f"w{next(ids)}", reviewer="bob", acceptance_id=acceptance_id, **more
        )


def decide(ws, fname, label, value, reviewer="ann", action="choose", **more):
    with ws.write() as connection:
        return decisions.decide(
            connection, client_id=f"d{next(ids)}", reviewer=reviewer, action=action, value=value,
            **at(ws, fname, label), **more,
        )  # fmt: skip


def undo(ws, reviewer="ann"):
    with ws.write() as connection:
        return decisions.undo(connection, client_id=f"u{next(ids)}", reviewer=reviewer)


def listed(ws):
    with ws.read() as connection:
        return acceptances.listed(connection)


def state(ws):
    """All that must be as before: cells, and what is drawn from them."""
    with ws.read() as connection:
        c = schema.cell.c
        whole = connection.execute(select(c.image_id, c.label_id, c.value, c.source, c.decision_id, c.proposal_id))
        p = schema.proposal.c
        return set(map(tuple, whole)), set(map(tuple, connection.execute(select(p.id, p.settled))))


def believed(ws):
    """What people are asked now: proposal to class and confidence in one number."""
    return {row.id: row.value + row.confidence / 2 for row in newest(ws).values()}


def sound(ws):
    """Profiles and the queue's column say what the cells say."""
    with ws.read() as connection:
        table = cells.load(connection)
        again, now = profiles.cells_of(connection, table.image_ids.tolist())
        assert (again == table.image_ids).all()
        assert (profiles.pack(table.given, table.values, table.sources) == now).all()
        p, c = schema.proposal.c, schema.cell.c
        query = select(p.settled, c.value).join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        assert all(settled == (value is not None) for settled, value in connection.execute(query))
        found = profiles.read(connection)
        assert found.images.sum() == len(table.image_ids)


def test_accepting_fills_and_lets_the_rules_run(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8], "4.png": [0.1, 0.9]})
    before = cells_of(five_k)
    outcome = accept(five_k, "mask", run)
    now = cells_of(five_k)
    assert outcome.cells == 2
    assert now["2.png", "mask"] == now["4.png", "mask"] == (1, "pseudo")
    assert now["2.png", "5k"] == (1, "derived")  # distancing is 1 there
    assert now["4.png", "5k"] == (0, "derived")  # and 0 there, which had said so before
    assert {key: now[key] for key in before} == before
    assert listed(five_k)[0].derived == 2
    sound(five_k)


def test_an_acceptance_arrives_once(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8]})
    first = accept(five_k, "mask", run, client="same")
    again = accept(five_k, "mask", run, client="same")
    assert (again.repeated, again.decision_id, again.cells) == (True, first.decision_id, 1)
    assert len(listed(five_k)) == 1


def test_nothing_to_accept_leaves_no_trace(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8]})
    with pytest.raises(GapwiseError, match="nothing to accept"):
        accept(five_k, "mask", run, confidence=0.95)
    assert listed(five_k) == []
    with five_k.read() as connection:
        assert decisions.history(connection) == []


def test_a_prediction_that_breaks_a_rule_is_never_accepted(build):
    ws = build({"mask": ["", ""], "distancing": ["1", "1"], "5k": ["0", ""]}, LABELS, [FIVE_K])
    run = propose(ws, "mask", {"0.png": [0.1, 0.9], "1.png": [0.1, 0.9]})
    accept(ws, "mask", run)
    now = cells_of(ws)
    assert ("0.png", "mask") not in now  # 5k is 0 beside distancing, so mask can't be 1
    assert now["1.png", "mask"] == (1, "pseudo")
    sound(ws)


def test_what_the_rules_make_unlikely_is_left_to_people(build):
    """The run says 1, but with its other predictions and the rules 0 is likelier, and is what people are asked."""
    ws = build({"mask": ["", ""], "5k": ["", ""]}, {"mask": BINARY, "5k": BINARY}, ["5k implies mask"])
    propose(ws, "mask", {"0.png": [0.95, 0.05], "1.png": [0.05, 0.95]})
    run = propose(ws, "5k", {"0.png": [0.2, 0.8], "1.png": [0.2, 0.8]})
    assert accept(ws, "5k", run, confidence=0.8).cells == 1  # 0.8 is the run's own; the joint one is 0.79
    assert cells_of(ws) == {("1.png", "5k"): (1, "pseudo"), ("1.png", "mask"): (1, "derived")}
    sound(ws)


def test_a_raised_threshold_reads_what_the_run_said_by_itself(build):
    ws = build({"mask": ["", ""], "5k": ["", ""]}, {"mask": BINARY, "5k": BINARY}, ["5k implies mask"])
    propose(ws, "mask", {"0.png": [0.7, 0.3], "1.png": [0.05, 0.95]})
    run = propose(ws, "5k", {"0.png": [0.1, 0.9], "1.png": [0.2, 0.8]})
    accept(ws, "5k", run)
    assert withdraw(ws, 1, below=0.85).cells == 1  # by itself 0.9 and 0.8, jointly 0.73 and 0.79
    assert cells_of(ws)["0.png", "5k"] == (1, "pseudo")
    assert ("1.png", "5k") not in cells_of(ws)
    # What waits again is asked with the rules' word: 0.01 for none, 0.19 for mask alone, 0.76 for both.
    assert believed(ws) == pytest.approx({2: 1 + 0.95 / 0.96 / 2, 4: 1 + 0.76 / 0.96 / 2}, abs=1e-5)


def test_undo_goes_back_through_an_acceptance(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8], "4.png": [0.1, 0.9]})
    before = state(five_k)
    decide(five_k, "3.png", "distancing", 1)
    accept(five_k, "mask", run)
    decide(five_k, "2.png", "mask", 0)
    assert undo(five_k).image_id is not None
    taken = undo(five_k)
    assert (taken.action, taken.image_id, taken.cells) == ("undo", None, 2)
    undo(five_k)
    assert state(five_k) == before
    assert listed(five_k)[0].withdrawn_by == "ann"
    sound(five_k)


def test_a_persons_answer_outlives_the_acceptance_that_it_corrects(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8], "4.png": [0.1, 0.9]})
    accept(five_k, "mask", run, reviewer="bob")
    decide(five_k, "2.png", "mask", 0)
    assert withdraw(five_k, 1).cells == 1
    now = cells_of(five_k)
    assert now["2.png", "mask"] == (0, "human")
    assert now["2.png", "5k"] == (0, "derived")
    assert ("4.png", "mask") not in now
    undo(five_k)  # what the answer replaced is gone by now
    assert ("2.png", "mask") not in cells_of(five_k)
    assert ("2.png", "5k") not in cells_of(five_k)
    sound(five_k)


def test_what_derive_wrote_before_stays_when_an_acceptance_goes(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
    before = state(five_k)
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8], "4.png": [0.1, 0.9]})
    before = before[0], {(p, s) for p, s in state(five_k)[1]}
    accept(five_k, "mask", run)
    withdraw(five_k, 1, why="too many errors")
    assert state(five_k) == before
    assert listed(five_k)[0].why == "too many errors"


def test_a_raised_threshold_takes_back_what_lies_below(five_k):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8], "4.png": [0.1, 0.9]})
    accept(five_k, "mask", run)
    assert withdraw(five_k, 1, below=0.85).cells == 1
    now = cells_of(five_k)
    assert now["4.png", "mask"] == (1, "pseudo")
    assert ("2.png", "mask") not in now
    assert ("2.png", "5k") not in now
    row = listed(five_k)[0]
    assert (row.least, row.stage, row.population, row.withdrawn) == (0.85, 1, 1, None)
    with pytest.raises(GapwiseError, match="nothing below"):
        withdraw(five_k, 1, below=0.85)
    assert undo(five_k).cells == 1  # the whole of it is what Undo takes back next
    assert ("4.png", "mask") not in cells_of(five_k)
    sound(five_k)


def test_what_an_answer_replaced_does_not_come_back_below_a_raised_threshold(build):
    ws = build({"mask": ["", "", "", "1"]}, {"mask": BINARY})
    run = propose(ws, "mask", {"0.png": [0.3, 0.7], "1.png": [0.2, 0.8], "2.png": [0.1, 0.9]})
    accept(ws, "mask", run, reviewer="bob")
    decide(ws, "0.png", "mask", 0)
    decide(ws, "2.png", "mask", 0)
    undo(ws)
    assert cells_of(ws)["2.png", "mask"] == (1, "pseudo")
    assert withdraw(ws, 1, below=0.85).cells == 1
    undo(ws)
    assert cells_of(ws) == {("2.png", "mask"): (1, "pseudo"), ("3.png", "mask"): (1, "given")}
    sound(ws)


def test_withdrawing_by_label_and_by_run(five_k):
    first = propose(five_k, "mask", {"2.png": [0.2, 0.8]})
    accept(five_k, "mask", first)
    second = propose(five_k, "mask", {"4.png": [0.1, 0.9]})
    accept(five_k, "mask", second)
    third = propose(five_k, "distancing", {"3.png": [0.1, 0.9]})
    accept(five_k, "distancing", third)
    with five_k.write() as connection:
        done = acceptances.withdraw_all(connection, client_id="r", reviewer="bob", run_id=second)
    assert [o.cells for o in done] == [1]
    with five_k.write() as connection:
        mask = label_id(connection, "mask")
        done = acceptances.withdraw_all(connection, client_id="l", reviewer="bob", label_id=mask)
    assert [o.cells for o in done] == [1]
    assert [row.withdrawn is None for row in listed(five_k)] == [True, False, False]
    with pytest.raises(GapwiseError, match="taken back before"):
        withdraw(five_k, 1)


def test_a_no_to_one_of_three_classes_opens_an_accepted_cell_again(build):
    ws = build({"kind": ["a", "", "b"]}, {"kind": ("a", "b", "c")})
    run = propose(ws, "kind", {"1.png": [0.1, 0.8, 0.1]})
    with ws.write() as connection:
        kind = label_id(connection, "kind")
        promise = acceptances.Promise(kind, run, 0.9, 0.95, everything(connection, values=(1,)), [], 0.0)
        acceptances.accept(connection, client_id="b", reviewer="bob", promise=promise)
        proposal = queue.item(connection, **at(ws, "1.png", "kind")).proposal_id
    decide(ws, "1.png", "kind", None, action="reject", proposal_id=proposal)
    assert ("1.png", "kind") not in cells_of(ws)
    with ws.read() as connection:
        assert audits.tally(audits.rows(connection, schema.audit.c.kind == "sample")).wrong == 1
    sound(ws)
    undo(ws)
    assert cells_of(ws)["1.png", "kind"] == (1, "pseudo")
    sound(ws)


def test_a_no_that_is_taken_back_after_somebody_chose_leaves_the_acceptance_standing(build):
    """What stood before the no did not come back with the undo of the later answer: the cell was open for good."""
    ws = build({"kind": ["a", "", "b"]}, {"kind": ("a", "b", "c")})
    run = propose(ws, "kind", {"1.png": [0.1, 0.8, 0.1]})
    accept(ws, "kind", run, reviewer="bob")
    with ws.read() as connection:
        proposal = queue.item(connection, **at(ws, "1.png", "kind")).proposal_id
    decide(ws, "1.png", "kind", None, action="reject", proposal_id=proposal)
    decide(ws, "1.png", "kind", 2, reviewer="cyd")
    undo(ws)
    assert cells_of(ws)["1.png", "kind"] == (2, "human")
    undo(ws, "cyd")
    assert cells_of(ws)["1.png", "kind"] == (1, "pseudo")
    sound(ws)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["decide", "decide", "undo", "accept", "withdraw", "raise"]),
        st.integers(0, 5), st.sampled_from(list(LABELS)), st.integers(0, 1), st.sampled_from([0.0, 0.6, 0.85]),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, derive=st.booleans())
def test_whatever_was_done_undoing_all_of_it_leads_back(build, steps, derive):
    ws = build(
        {"mask": [*"10", "", "1", "", ""], "distancing": ["1", "", "1", *[""] * 3], "5k": ["1", *[""] * 3, "0", ""]},
        LABELS, [FIVE_K], where=f"ws{next(ids)}",
    )  # fmt: skip
    random = np.random.default_rng(0)
    runs = {}
    for name in LABELS:
        probs = {f"{i}.png": [1 - p, p] for i, p in enumerate(random.uniform(0.05, 0.95, 6))}
        runs[name] = propose(ws, name, probs)
        rank_all(ws, name, runs[name])
    if derive:
        with ws.write() as connection:
            cells.derive_all(connection)
    before, asked = state(ws), believed(ws)
    for what, image, label, value, share in steps:
        try:
            if what == "decide":
                decide(ws, f"{image}.png", label, value)
            elif what == "undo":
                undo(ws)
            elif what == "accept":
                accept(ws, label, runs[label], share)
            else:
                withdraw(ws, image + 1, below=share if what == "raise" else None)
        except GapwiseError:
            pass
        sound(ws)
        assert in_line(ws, [FIVE_K]) == len(newest(ws))
        assert ranked_right(ws)
    while True:
        try:
            undo(ws)
        except GapwiseError:
            break
        sound(ws)
        assert in_line(ws, [FIVE_K]) == len(newest(ws))
        assert ranked_right(ws)
    assert state(ws) == before
    assert believed(ws) == pytest.approx(asked, abs=1e-5)
