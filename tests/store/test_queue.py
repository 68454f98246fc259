from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import decisions, queue
from core.store.labels import label_id
from tests.conftest import BINARY, at, propose

PROBS = {"0.png": [0.1, 0.9], "1.png": [0.4, 0.6], "2.png": [0.8, 0.2], "3.png": [0.05, 0.95]}


@pytest.fixture
def ws(build):
    made = build({"mask": ["", "", "", "", "1"]}, {"mask": BINARY})
    propose(made, "mask", PROBS)
    propose(made, "mask", {"4.png": [0.5, 0.5]}, heldout=True)
    return made


def names(ws, order="file", run_id=1, **more):
    with ws.read() as connection:
        rows = queue.pending(connection, label_id(connection, "mask"), order, run_id=run_id, **more)
    return [r.fname for r in rows]


def take(ws, fname, action, client, value=None):
    with ws.write() as connection:
        decisions.decide(
            connection, client_id=client, reviewer="ann", action=action, value=value, **at(ws, fname, "mask")
        )


def undo(ws, client):
    with ws.write() as connection:
        decisions.undo(connection, client_id=client, reviewer="ann")


def test_the_orders(ws):
    assert names(ws, "uncertain") == ["1.png", "2.png", "0.png", "3.png"]
    assert names(ws, "surest") == ["3.png", "0.png", "2.png", "1.png"]
    assert names(ws, "file") == ["0.png", "1.png", "2.png", "3.png"]
    assert names(ws, "file", limit=2) == ["0.png", "1.png"]


def test_an_unknown_order_is_refused(ws):
    with pytest.raises(GapwiseError, match="no order 'backwards'"):
        names(ws, "backwards")


def test_decided_cells_leave_the_queue_and_come_back_when_undone(ws):
    take(ws, "0.png", "choose", "a", 1)
    assert names(ws) == ["1.png", "2.png", "3.png"]
    undo(ws, "b")
    assert names(ws) == ["0.png", "1.png", "2.png", "3.png"]


def test_skipped_and_flagged_cells_go_last(ws):
    take(ws, "0.png", "skip", "a")
    take(ws, "2.png", "flag", "b")
    assert names(ws) == ["1.png", "3.png", "0.png", "2.png"]


def test_an_undone_skip_counts_as_never_skipped(ws):
    take(ws, "0.png", "skip", "a")
    undo(ws, "b")
    assert names(ws) == ["0.png", "1.png", "2.png", "3.png"]
    with ws.read() as connection:
        assert not queue.pending(connection, label_id(connection, "mask"), "file", run_id=1)[0].seen


def test_skipping_again_and_again_goes_round_the_skipped_cells(ws):
    """With one order among the skipped, the first of them stayed in front however often it was skipped."""
    for turn in range(2):
        for fname in ("0.png", "1.png", "2.png", "3.png"):
            assert names(ws)[0] == fname
            take(ws, fname, "skip", f"{turn}-{fname}")


def test_the_newest_run_is_asked_unless_another_is_named(ws):
    newest = propose(ws, "mask", {"3.png": [0.6, 0.4]})
    assert names(ws, run_id=None) == names(ws, run_id=newest) == ["3.png"]


def test_heldout_predictions_never_wait(ws):
    assert names(ws, run_id=2) == []


def test_the_count_is_that_of_the_undecided(ws):
    take(ws, "0.png", "choose", "a", 1)
    take(ws, "1.png", "skip", "b")
    with ws.read() as connection:
        mask = label_id(connection, "mask")
        assert queue.pending_count(connection, mask, run_id=1) == 3


def test_without_predictions_the_queue_is_empty(five_k):
    with five_k.read() as connection:
        mask = label_id(connection, "mask")
        assert queue.pending(connection, mask) == []
        assert queue.pending_count(connection, mask) == 0
        assert queue.item(connection, 1, mask) is None


def test_a_cell_is_found_by_its_newest_prediction_even_when_it_is_decided(ws):
    newest = propose(ws, "mask", {"3.png": [0.6, 0.4]})
    take(ws, "3.png", "choose", "a", 1)
    where = at(ws, "3.png", "mask")
    with ws.read() as connection:
        assert queue.item(connection, **where).run_id == newest
