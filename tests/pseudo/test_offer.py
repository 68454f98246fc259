"""What can be accepted, what it rests on, and what a sample of what waits adds to it."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import GapwiseError
from core.pseudo import audit
from core.pseudo.offer import offer
from core.pseudo.words import class_text, headline, rests_on, share, shift_texts
from core.store import acceptances, audits, decisions, queue
from core.store.labels import label_id
from tests.conftest import BINARY, FIVE_K, cells_of, propose


def ask(ws, precision=0.9, label="mask"):
    with ws.read() as connection:
        return offer(connection, label_id(connection, label), precision)


def accept(ws, found, reviewer="ann"):
    with ws.write() as connection:
        return acceptances.accept(connection, client_id="a", reviewer=reviewer, promise=found.promise)


@pytest.fixture
def plain(build):
    """A label without rules: 300 known, 100 open; the run says 1 for all, surely, and is right."""
    ws = build({"mask": ["1"] * 300 + [""] * 100}, {"mask": BINARY})
    run(ws, known=range(300), waiting=range(300, 400))
    return ws


def run(ws, known, waiting, label="mask", sure=0.9, code=1):
    p = [1 - sure, sure] if code else [sure, 1 - sure]
    run_id = propose(ws, label, {f"{i}.png": p for i in waiting})
    from sqlalchemy import insert

    from core.store import images, schema

    with ws.write() as connection:
        at = label_id(connection, label)
        rows = [
            {"run_id": run_id, "image_id": images.image_by_name(connection, f"{i}.png").id, "label_id": at, "probs": p,
             "value": code, "confidence": sure, "heldout": 1, "settled": 1}
            for i in known
        ]  # fmt: skip
        if rows:
            connection.execute(insert(schema.proposal), rows)
    return run_id


def test_what_is_offered_is_what_is_accepted(plain):
    found = ask(plain, 0.95)
    assert (found.waiting, found.cells, found.ruled, found.heldout, found.expected) == (100, 100, 0, 300, 0)
    assert found.most == pytest.approx(100 * (1 - found.kinds[0].classes[1].threshold.low))
    assert accept(plain, found).cells == 100
    assert cells_of(plain)["399.png", "mask"] == (1, "pseudo")
    assert ask(plain, 0.95).waiting == 0


def test_what_is_left_is_not_promised_by_what_was_surer_and_is_gone(build):
    """Known: 200 sure ones, all right, and 100 less sure ones, of which 88 are: 96% of all, but what is left is 88%."""
    truth = ["1"] * 200 + ["1"] * 88 + ["0"] * 12
    ws = build({"mask": truth + [""] * 200}, {"mask": BINARY})
    run_id = run(ws, known=range(200), waiting=range(300, 400), sure=0.99)
    add(ws, run_id, known=range(200, 300), waiting=range(400, 500), sure=0.8)
    assert ask(ws, 0.9).cells == 200
    first = ask(ws, 0.97)
    assert first.cells == 100
    accept(ws, first)
    found = ask(ws, 0.9)
    assert (found.waiting, found.cells) == (100, 0)
    assert class_text(found.kinds[0].classes[1], 0.9) == "No threshold keeps 90%: 12 of 100 known cells are wrong"
    assert ask(ws, 0.75).cells == 100


def add(ws, run_id, known, waiting, sure):
    """Add predictions of class 1 to a run."""
    from core.store import images, proposals

    with ws.write() as connection:
        at = label_id(connection, "mask")
        proposals.put_proposals(connection, [
            {"run_id": run_id, "image_id": images.image_by_name(connection, f"{i}.png").id, "label_id": at,
             "probs": [1 - sure, sure], "value": 1, "confidence": sure, "heldout": int(i in known)}
            for i in (*known, *waiting)
        ])  # fmt: skip


def test_too_few_known_cells_say_how_many_to_review(build):
    ws = build({"mask": ["1"] * 41 + [""] * 800}, {"mask": BINARY})
    run(ws, known=range(41), waiting=range(41, 841))
    found = ask(ws, 0.99)
    assert found.cells == 0
    one = found.kinds[0].classes[1]
    # ln(0.05 * 0.6 * 0.4 / 2) / ln(0.99) = 509.03 of them, all right, in the second look
    assert one.review == 510 - 41
    assert class_text(one, 0.99) == "No threshold keeps 99% with 41 known cells: review 469 more, chosen by chance"
    assert headline(found) == "Nothing that waits for mask can be accepted at 99%."
    with pytest.raises(GapwiseError, match="nothing to accept"):
        accept(ws, found)


def test_reviewing_nearly_all_that_waits_is_not_offered(build):
    """469 of 500 were offered: after those answers 31 were left to accept."""
    ws = build({"mask": ["1"] * 41 + [""] * 500}, {"mask": BINARY})
    run(ws, known=range(41), waiting=range(41, 541))
    found = ask(ws, 0.99)
    one = found.kinds[0].classes[1]
    assert (one.review, one.beyond, found.reviewable) == (0, 469, 375)
    assert class_text(one, 0.99).endswith("answer in the queue's order instead")


def test_a_sample_is_as_large_as_all_that_waits_makes_it(build):
    """It is drawn from all that wait: for 127 more of one kind it takes 254, half of them are of the other."""
    ws = build(
        {"mask": ["1"] * 41 + ["1"] * 200 + [""] * 200, "distancing": ["1"] * 41 + [""] * 200 + ["1"] * 200,
         "5k": ["1"] * 41 + [""] * 400},
        {"mask": BINARY, "distancing": BINARY, "5k": BINARY}, [FIVE_K],
    )  # fmt: skip
    run(ws, known=range(41), waiting=range(41, 441), label="5k")
    found = ask(ws, 0.97, "5k")
    assert sorted(str(kind.known) for kind in found.kinds) == ["{'distancing': '1'}", "{'mask': '1'}"]
    # ln(0.05 * 0.6 * 0.4 / 2) / ln(0.97) = 167.97 of them, all right, in the second look
    assert [kind.classes[1].review for kind in found.kinds] == [2 * (168 - 41)] * 2


def test_reviewing_cells_that_were_chosen_by_chance_makes_a_promise_possible(build):
    ws = build({"mask": ["1"] * 20 + [""] * 300}, {"mask": BINARY})
    run_id = run(ws, known=range(20), waiting=range(20, 320))
    assert ask(ws, 0.9).cells == 0
    need = ask(ws, 0.9).kinds[0].classes[1].review
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        assert acceptances.ask_open(connection, mask, run_id, need) == need
    half = ask(ws, 0.9)
    assert (half.sampled, half.asked, half.cells) == (0, need, 0)
    answer_all(ws)
    found = ask(ws, 0.9)
    assert (found.sampled, found.asked) == (need, 0)
    assert found.cells == 300 - need
    assert f"and {need} that people reviewed, chosen by chance" in rests_on(found)


def answer_all(ws, value=1, most=1000):
    """Answer what the queue puts before people as checks."""
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        rows = queue.rows_of(connection, audits.due(connection, mask, most))
        for row in rows:
            decisions.decide(
                connection, client_id=f"x{row.proposal_id}-{row.image_id}", reviewer="bob", action="choose",
                image_id=row.image_id, label_id=mask, value=value, proposal_id=row.proposal_id,
            )  # fmt: skip
    return len(rows)


def test_a_sample_that_is_not_through_counts_for_nothing_yet(build):
    ws = build({"mask": ["1"] * 20 + [""] * 300}, {"mask": BINARY})
    run_id = run(ws, known=range(20), waiting=range(20, 320))
    with ws.write() as connection:
        acceptances.ask_open(connection, label_id(connection, "mask"), run_id, 60)
    answer_all(ws, most=59)
    found = ask(ws, 0.9)
    assert (found.sampled, found.asked) == (0, 1)


def test_known_cells_of_another_kind_say_nothing(build):
    """5k is open beside a mask only; held-out cells without one are easy."""
    ws = build(
        {"mask": ["0"] * 200 + ["1"] * 50, "distancing": ["0"] * 200 + [""] * 50, "5k": ["0"] * 200 + [""] * 50},
        {"mask": BINARY, "distancing": BINARY, "5k": BINARY}, [FIVE_K],
    )  # fmt: skip
    run(ws, known=range(200), waiting=range(200, 250), label="5k", code=0)
    found = ask(ws, 0.9, "5k")
    assert [kind.known for kind in found.kinds] == [{"mask": "1"}]
    assert found.kinds[0].evidence == 0
    assert found.cells == 0


def test_cells_that_rules_settle_are_left_to_them(build):
    ws = build(
        {"mask": ["1"] * 100 + ["0", ""], "distancing": ["1"] * 100 + ["", ""], "5k": ["1"] * 100 + ["", ""]},
        {"mask": BINARY, "distancing": BINARY, "5k": BINARY}, [FIVE_K],
    )  # fmt: skip
    run(ws, known=range(100), waiting=[100, 101], label="5k")
    found = ask(ws, 0.9, "5k")
    assert (found.waiting, found.ruled, found.cells) == (2, 1, 1)
    accept(ws, found)
    assert ("100.png", "5k") not in cells_of(ws)


def test_thresholds_speak_of_the_run_by_itself(build):
    """Jointly one is surer and one less sure than the threshold, and one is overruled; the run said 0.9 each time."""
    ws = build({"mask": ["1"] * 100 + [""] * 3, "5k": ["1"] * 100 + [""] * 3}, {"mask": BINARY, "5k": BINARY},
               ["5k implies mask"])  # fmt: skip
    run(ws, known=range(100), waiting=[100, 101, 102], label="5k")
    propose(ws, "mask", {"100.png": [0.01, 0.99], "101.png": [0.7, 0.3], "102.png": [0.98, 0.02]})
    found = ask(ws, 0.9, "5k")
    assert found.kinds[0].classes[1].threshold.confidence == 0.9
    assert (found.waiting, found.ruled, found.cells) == (3, 1, 2)
    accept(ws, found)
    assert {f for f, label in cells_of(ws) if label == "5k"} == {f"{i}.png" for i in range(102)}


def test_a_shift_is_noticed(build):
    ws = build({"mask": ["1"] * 300 + [""] * 200}, {"mask": BINARY})
    first = run(ws, known=range(150), waiting=range(300, 310), code=1)
    assert first
    values = np.where(np.arange(500) < 300, 1, 0)
    from sqlalchemy import insert

    from core.store import images, schema

    with ws.write() as connection:
        mask = label_id(connection, "mask")
        rows = [
            {"run_id": first, "image_id": images.image_by_name(connection, f"{i}.png").id, "label_id": mask,
             "probs": [0.9, 0.1], "value": int(values[i]), "confidence": 0.9, "heldout": 0, "settled": 0}
            for i in range(310, 500)
        ]  # fmt: skip
        connection.execute(insert(schema.proposal), rows)
    told = shift_texts(ask(ws, 0.9))
    assert told[0].startswith("Predicted: 1 for 5% of the missing cells and 100% of the known.")
    assert len(told) == 1


def test_an_audit_measures_what_people_find(plain):
    found = ask(plain, 0.95)
    accept(plain, found)
    with plain.read() as connection:
        mask = label_id(connection, "mask")
        row = acceptances.listed(connection)[0]
        assert audits.tallies(connection, [row])[row.id] == audits.Tally(100)
        due = audits.due(connection, mask, 500)
        assert len(due) == 100 + 20  # all that was accepted, and known ones
    answer_all(plain, value=0)
    with plain.read() as connection:
        row = acceptances.listed(connection)[0]
        tally = audits.tallies(connection, [row])[row.id]
        assert (tally.seen, tally.right, tally.wrong) == (100, 0, 100)
        assert audit.telling(connection, mask) == {row.id}
    now = cells_of(plain)
    assert now["399.png", "mask"] == (0, "human")
    # What is known and was hidden stays as it was, whatever people say.
    assert {now[f"{i}.png", "mask"] for i in range(300)} == {(1, "given")}


def test_an_answer_that_is_undone_is_no_answer(plain):
    accept(plain, ask(plain, 0.95))
    answer_all(plain, most=1)
    with plain.write() as connection:
        row = acceptances.listed(connection)[0]
        assert audits.tallies(connection, [row])[row.id].right == 1
        decisions.undo(connection, client_id="u", reviewer="bob")
        assert audits.tallies(connection, [row])[row.id].seen == 0


def test_checks_come_among_the_queue_and_go_on_when_it_is_empty(plain):
    with plain.read() as connection:
        mask = label_id(connection, "mask")
        rows = queue.pending(connection, mask, limit=20)
        assert audits.mixed(connection, mask, rows, 20) == rows
    found = ask(plain, 0.95)
    accept(plain, found)
    with plain.read() as connection:
        assert queue.pending(connection, mask, limit=20) == []
        mixed = audits.mixed(connection, mask, [], 20)
        assert len(mixed) == 20
        again = audits.mixed(connection, mask, [], 20, without=[row.image_id for row in mixed])
        assert not {row.image_id for row in again} & {row.image_id for row in mixed}


def test_one_card_in_six_is_a_check(plain):
    with plain.write() as connection:
        mask = label_id(connection, "mask")
        acceptances.ask_open(connection, mask, 1, 50)
        rows = queue.pending(connection, mask, "surest", limit=18)
        mixed = audits.mixed(connection, mask, rows, 18)
    assert len(mixed) == 18
    assert len({row.image_id for row in mixed}) == 18
    assert sum(row not in rows for row in mixed) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.99, "99%"), (0.995, "99.5%"), (0.9999, "99.99%"), (0.99999, "just under 100%"), (1, "100%"), (0, "0%")],
)
def test_shares_are_never_rounded_to_all_or_none(value, text):
    assert share(value) == text
