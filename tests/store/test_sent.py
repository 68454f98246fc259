"""Images that somebody sent to review: open and known ones, in the order in which they were sent."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.pseudo.orders import rank
from core.serving.cards import next_cards
from core.serving.messages import Wish
from core.store import decisions, queue, removal, review_figures, sent
from core.store.cells import derive_all
from core.store.labels import label_id
from tests.conftest import BINARY, FIVE_K, at, propose

# 0 and 1 are held out, 2 was learned from, 3 to 5 are open.
KNOWN = ["1", "0", "1", "", "", ""]


@pytest.fixture
def ws(build):
    made = build({"mask": KNOWN}, {"mask": BINARY})
    propose(made, "mask", {"3.png": [0.1, 0.9], "4.png": [0.4, 0.6], "5.png": [0.8, 0.2]})
    heldout = propose(made, "mask", {"0.png": [0.9, 0.1], "1.png": [0.3, 0.7]}, heldout=True)
    with made.write() as connection:  # one run said all of it
        connection.exec_driver_sql("UPDATE proposal SET run_id = 1 WHERE run_id = ?", (heldout,))
    return made


def send(ws, *names, reason="Wrong, surest first", run=1):
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        return sent.send(connection, mask, run, [at(ws, name, "mask")["image_id"] for name in names], reason)


def waiting(ws, order="sent"):
    with ws.read() as connection:
        mask = label_id(connection, "mask")
        rows = queue.pending(connection, mask, order)
        assert queue.pending_count(connection, mask, order=order) == len(rows)
    return [(row.fname, row.reason) for row in rows]


def names(ws):
    return [name for name, _ in waiting(ws)]


def take(ws, name, action, client, value=None):
    with ws.write() as connection:
        about = {"action": action, "value": value, **at(ws, name, "mask")}
        decisions.decide(connection, client_id=client, reviewer="ann", **about)


def test_what_is_sent_waits_in_that_order_with_its_reason_known_or_not(ws):
    assert send(ws, "4.png", "0.png") == sent.Sent(2, 0, 0, "")
    assert waiting(ws) == [("4.png", "Wrong, surest first"), ("0.png", "Wrong, surest first")]


def test_each_image_can_have_a_reason_of_its_own(ws):
    send(ws, "4.png", "0.png", reason={1: "says 0 (0.90), known as 1", 5: "says 1 (0.60)"})
    assert waiting(ws) == [("4.png", "says 1 (0.60)"), ("0.png", "says 0 (0.90), known as 1")]


def test_sending_again_adds_after_the_others_and_repeats_nothing(ws):
    send(ws, "4.png", "0.png")
    found = send(ws, "0.png", "5.png", reason="Runs disagree")
    assert found == sent.Sent(1, 1, 0, "", joined=1)
    assert found.told == ("1 image sent to review. 1 waited there already: 1 got this reason beside the earlier one.")
    both = "Wrong, surest first; Runs disagree"
    assert waiting(ws) == [("4.png", "Wrong, surest first"), ("0.png", both), ("5.png", "Runs disagree")]
    again = send(ws, "0.png", "4.png")
    assert (again.told, again.joined) == ("2 waited there already: 2 kept the reason that was there.", 0)
    assert dict(waiting(ws))["0.png"] == both


def test_a_reason_for_which_there_is_no_room_does_not_drive_out_the_earlier_one(ws):
    long = "a" * (sent.LONGEST - 10)
    send(ws, "4.png", reason=long)
    assert send(ws, "4.png", reason="on the map of the set").joined == 0
    assert waiting(ws) == [("4.png", long)]


def test_another_runs_sending_replaces_run_proposal_and_reason_together(ws):
    newer = propose(ws, "mask", {"3.png": [0.8, 0.2], "4.png": [0.7, 0.3]})
    send(ws, "3.png", "4.png", reason="says 1 (0.90)")
    found = send(ws, "3.png", reason="says 0 (0.80)", run=newer)
    assert found.told == (
        "1 waited there already: 1 had been sent with another run, and got this one's proposal and reason instead."
    )
    with ws.read() as connection:
        rows = queue.pending(connection, label_id(connection, "mask"), "sent")
    assert [(row.fname, row.run_id, row.probs, row.reason) for row in rows] == [
        ("3.png", newer, [0.8, 0.2], "says 0 (0.80)"), ("4.png", 1, [0.4, 0.6], "says 1 (0.90)"),
    ]  # fmt: skip


def test_a_reason_beside_another_runs_proposal_names_its_run(ws):
    newer = propose(ws, "mask", {"3.png": [0.2, 0.8]})
    send(ws, "4.png", reason="open, not predicted", run=newer)
    assert waiting(ws) == [("4.png", f"Sent with run {newer}: open, not predicted")]
    assert send(ws, "4.png", reason="All images", run=newer).joined == 1
    assert waiting(ws) == [("4.png", f"Sent with run {newer}: open, not predicted; All images")]
    assert send(ws, "4.png", reason="says 1 (0.60)").replaced == 1
    assert waiting(ws) == [("4.png", "says 1 (0.60)")]


def test_without_a_reason_nothing_is_sent(ws):
    with pytest.raises(GapwiseError, match="Say why"):
        send(ws, "4.png", reason=" ")
    with pytest.raises(GapwiseError, match="Say why"):
        send(ws, "4.png", "0.png", reason={1: "known"})
    assert waiting(ws) == []


def test_images_that_no_run_predicted_and_decided_ones_are_left_out_and_counted(ws):
    take(ws, "3.png", "choose", "x", 1)
    found = send(ws, "2.png", "3.png", "4.png")
    assert (found.sent, found.left_out) == (1, 2)
    assert found.why == (
        "1 image has no proposal to decide about: runs learned from such images and never predicted them; 1 was decided"
        " by a person already."
    )
    assert names(ws) == ["4.png"]


def test_no_more_are_taken_at_once_than_orders_keep(ws, monkeypatch):
    monkeypatch.setattr(sent.ranks, "TOP", 2)
    found = send(ws, "4.png", "2.png", "0.png", "3.png")
    assert (found.sent, found.left_out) == (2, 2)
    assert found.why.endswith("; 1 are beyond the 2 that are taken at once.")
    assert names(ws) == ["4.png", "0.png"]


def test_what_was_put_off_before_it_was_sent_comes_last(ws):
    take(ws, "3.png", "skip", "a")
    send(ws, "3.png", "4.png")
    assert names(ws) == ["4.png", "3.png"]


def test_another_runs_proposal_does_where_the_run_has_none(ws):
    newer = propose(ws, "mask", {"3.png": [0.2, 0.8]})
    assert send(ws, "3.png", "4.png", run=newer).sent == 2
    with ws.read() as connection:
        rows = queue.pending(connection, label_id(connection, "mask"), "sent")
    assert [(row.fname, row.run_id) for row in rows] == [("3.png", newer), ("4.png", 1)]


def test_what_is_decided_leaves_and_comes_back_when_that_is_undone(ws):
    send(ws, "0.png", "4.png")
    take(ws, "0.png", "choose", "a", 1)  # confirmed: the value stays, but a person has looked
    take(ws, "4.png", "choose", "b", 0)
    assert names(ws) == []
    with ws.write() as connection:
        decisions.undo(connection, client_id="c", reviewer="ann")
        decisions.undo(connection, client_id="d", reviewer="ann")
    assert names(ws) == ["0.png", "4.png"]


def test_what_is_put_off_comes_last_with_its_reason(ws):
    send(ws, "0.png", "4.png")
    take(ws, "0.png", "skip", "a")
    assert names(ws) == ["4.png", "0.png"]
    with ws.read() as connection:
        mask = label_id(connection, "mask")
        wish = Wish(label=mask, order="sent", want=2, held=[])
        card = next_cards(connection, wish)[1]
    assert card["why"].startswith("Here again because it was put off before. Wrong, surest first")


def test_a_value_that_rules_drew_is_still_asked_about(build):
    columns = {"mask": ["0", "1"], "distancing": ["", "1"], "5k": ["", "1"]}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K])
    run = propose(ws, "5k", {"0.png": [0.2, 0.8]})
    with ws.write() as connection:
        derive_all(connection)
        label = label_id(connection, "5k")
        assert sent.send(connection, label, run, [1], "Predictions break a rule").sent == 1
    with ws.read() as connection:
        assert [row.fname for row in queue.pending(connection, label, "sent")] == ["0.png"]


def test_only_sent_images_come_nothing_follows_them(ws):
    send(ws, "0.png")
    assert names(ws) == ["0.png"]
    assert "0.png" not in [name for name, _ in waiting(ws, "uncertain")]


def test_a_newer_run_keeps_what_was_sent_and_its_proposals_take_over(ws):
    send(ws, "3.png", "0.png")
    newer = propose(ws, "mask", {"3.png": [0.6, 0.4]})
    assert names(ws) == ["3.png", "0.png"]
    rank(ws, Silent())
    with ws.read() as connection:
        rows = queue.pending(connection, label_id(connection, "mask"), "sent")
    assert [(row.fname, row.run_id, row.reason) for row in rows] == [
        ("3.png", newer, "Sent with run 1: Wrong, surest first"), ("0.png", 1, "Wrong, surest first"),
    ]  # fmt: skip
    assert send(ws, "3.png", reason="says 0 (0.60)", run=newer).replaced == 1
    assert waiting(ws)[0] == ("3.png", "says 0 (0.60)")


def test_what_was_sent_goes_on_waiting_when_its_run_is_deleted_if_another_proposes_something(ws):
    send(ws, "3.png", "0.png", "4.png")
    propose(ws, "mask", {"4.png": [0.2, 0.8]})
    newest = propose(ws, "mask", {"3.png": [0.6, 0.4], "4.png": [0.6, 0.4]})
    with ws.write() as connection:
        removal.remove_runs(connection, [1])
    with ws.read() as connection:
        rows = queue.pending(connection, label_id(connection, "mask"), "sent")
    assert [(row.fname, row.run_id) for row in rows] == [("3.png", newest), ("4.png", newest)]
    assert {row.reason for row in rows} == {"Sent with run 1: Wrong, surest first"}


def test_what_was_sent_by_mistake_can_be_taken_back(ws):
    send(ws, "3.png", "0.png", "4.png")
    take(ws, "4.png", "choose", "a", 0)
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        assert sent.take_back(connection, mask, [1]) == 1
        assert sent.take_back(connection, mask, [1]) == 0
        assert sent.take_back(connection, mask, [5]) == 0  # decided: it did not wait any more
    assert names(ws) == ["3.png"]
    with ws.write() as connection:
        assert sent.take_back(connection, mask) == 1
    assert names(ws) == []


def test_a_browser_that_holds_a_sent_image_hears_that_it_is_decided_not_that_it_is_known(ws):
    send(ws, "0.png", "1.png")
    take(ws, "0.png", "choose", "a", 0)
    with ws.read() as connection:
        mask = label_id(connection, "mask")
        assert review_figures.settled(connection, mask, [1, 2], "sent") == [1]
        assert review_figures.settled(connection, mask, [1, 2], "errors") == [1]
        assert review_figures.settled(connection, mask, [1, 2], "leverage") == [1, 2]
