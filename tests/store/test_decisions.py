from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.errors import GapwiseError
from core.store import agreement, cells, decisions, schema
from core.store.labels import label_id
from tests.conftest import BINARY, FIVE_K, at, cells_of, propose

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}
ids = itertools.count()


def decide(ws, fname, label, action="choose", value=None, reviewer="ann", client=None, **more):
    with ws.write() as connection:
        return decisions.decide(
            connection,
            client_id=client or f"c{next(ids)}",
            reviewer=reviewer,
            action=action,
            value=value,
            **at(ws, fname, label),
            **more,
        )


def settle(ws, fname, label, value, reviewer):
    with ws.write() as connection:
        return agreement.settle(connection, client_id=f"c{next(ids)}", reviewer=reviewer, value=value,
                                **at(ws, fname, label))  # fmt: skip


def undo(ws, reviewer="ann", client=None):
    with ws.write() as connection:
        return decisions.undo(connection, client_id=client or f"c{next(ids)}", reviewer=reviewer)


def proposal_id(ws, fname, label):
    where = at(ws, fname, label)
    p = schema.proposal.c
    with ws.read() as connection:
        query = select(p.id).where(p.image_id == where["image_id"], p.label_id == where["label_id"])
        return connection.execute(query.order_by(p.id.desc())).scalar()


def log_length(ws):
    with ws.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.decision)).scalar_one()


def test_accepting_no_mask_settles_5k_at_once(five_k):
    propose(five_k, "mask", {"2.png": [0.9, 0.1]})
    outcome = decide(five_k, "2.png", "mask", "accept", proposal_id=proposal_id(five_k, "2.png", "mask"))
    assert (outcome.value, outcome.applied, outcome.repeated) == (0, True, False)
    assert outcome.written == {at(five_k, "2.png", "5k")["label_id"]: 0}
    assert cells_of(five_k)["2.png", "mask"] == (0, "human")
    assert cells_of(five_k)["2.png", "5k"] == (0, "derived")


def test_accepting_no_mask_settles_a_5k_that_was_free_before_too(five_k):
    """4.png keeps no distance, so its 5k was free and nobody had written it."""
    assert ("4.png", "5k") not in cells_of(five_k)
    decide(five_k, "4.png", "mask", value=0)
    assert cells_of(five_k)["4.png", "5k"] == (0, "derived")
    undo(five_k)
    assert ("4.png", "5k") not in cells_of(five_k)


def test_rejecting_a_binary_proposal_stores_the_other_class(five_k):
    propose(five_k, "mask", {"2.png": [0.9, 0.1]})
    outcome = decide(five_k, "2.png", "mask", "reject", proposal_id=proposal_id(five_k, "2.png", "mask"))
    assert outcome.value == 1
    assert cells_of(five_k)["2.png", "mask"] == (1, "human")
    assert cells_of(five_k)["2.png", "5k"] == (1, "derived")


def test_rejecting_one_of_three_classes_leaves_the_cell_open_and_is_kept(build):
    ws = build({"species": ["", "cat"]}, {"species": ("bird", "cat", "dog")})
    propose(ws, "species", {"0.png": [0.7, 0.2, 0.1]})
    outcome = decide(ws, "0.png", "species", "reject", proposal_id=proposal_id(ws, "0.png", "species"))
    assert (outcome.value, outcome.applied) == (None, True)
    assert ("0.png", "species") not in cells_of(ws)
    assert log_length(ws) == 1


def test_a_cell_names_the_proposal_only_where_the_decision_agreed_with_it(five_k):
    propose(five_k, "mask", {"2.png": [0.9, 0.1], "4.png": [0.2, 0.8]})
    for fname, action in (("2.png", "accept"), ("4.png", "reject")):
        decide(five_k, fname, "mask", action, proposal_id=proposal_id(five_k, fname, "mask"))
    c = schema.cell.c
    with five_k.read() as connection:
        query = select(c.image_id, c.proposal_id).where(c.source == "human")
        named = {image_id: proposal for image_id, proposal in connection.execute(query)}
    assert named[at(five_k, "2.png", "mask")["image_id"]] == proposal_id(five_k, "2.png", "mask")
    assert named[at(five_k, "4.png", "mask")["image_id"]] is None


@pytest.mark.parametrize("action", ["skip", "flag"])
def test_skip_and_flag_change_no_cell_and_can_be_undone(five_k, action):
    before = cells_of(five_k)
    assert decide(five_k, "2.png", "mask", action, note="blurred").value is None
    assert cells_of(five_k) == before
    assert undo(five_k).action == "undo"
    with pytest.raises(GapwiseError, match="no decision left"):
        undo(five_k)


def test_a_client_id_is_taken_once_even_with_other_contents(five_k):
    first = decide(five_k, "2.png", "mask", value=1, client="key-7")
    again = decide(five_k, "3.png", "distancing", value=0, client="key-7", reviewer="bob")
    assert again.repeated
    assert (again.decision_id, again.image_id, again.value) == (first.decision_id, first.image_id, 1)
    assert ("3.png", "distancing") not in cells_of(five_k)
    assert log_length(five_k) == 1


def test_an_undo_is_taken_once_too(five_k):
    decide(five_k, "2.png", "mask", value=1)
    decide(five_k, "3.png", "distancing", value=1)
    undo(five_k, client="back")
    assert undo(five_k, client="back").repeated
    assert ("2.png", "mask") in cells_of(five_k)
    assert ("3.png", "distancing") not in cells_of(five_k)


def test_the_first_decision_wins_and_the_second_is_kept_beside_it(five_k):
    decide(five_k, "2.png", "mask", value=1, reviewer="ann")
    second = decide(five_k, "2.png", "mask", value=0, reviewer="bob")
    assert not second.applied
    assert cells_of(five_k)["2.png", "mask"] == (1, "human")
    with five_k.read() as connection:
        kept = decisions.history(connection, reviewer="bob")
    assert [(r.value, r.applied, r.fname, r.label) for r in kept] == [(0, 0, "2.png", "mask")]


def test_undoing_the_second_decision_leaves_the_first_in_place(five_k):
    decide(five_k, "2.png", "mask", value=1, reviewer="ann")
    decide(five_k, "2.png", "mask", value=0, reviewer="bob")
    undo(five_k, "bob")
    assert cells_of(five_k)["2.png", "mask"] == (1, "human")


def test_undo_takes_back_the_reviewers_own_last_decision(five_k):
    decide(five_k, "2.png", "mask", value=1, reviewer="ann")
    decide(five_k, "3.png", "distancing", value=1, reviewer="bob")
    undo(five_k, "ann")
    now = cells_of(five_k)
    assert ("2.png", "mask") not in now
    assert now["3.png", "distancing"] == (1, "human")
    assert now["3.png", "5k"] == (1, "derived")


def test_a_cell_that_still_follows_from_another_reviewers_decision_stays(build):
    ws = build({n: [""] for n in LABELS}, LABELS, [FIVE_K])
    decide(ws, "0.png", "mask", value=0, reviewer="ann")
    decide(ws, "0.png", "distancing", value=0, reviewer="bob")
    undo(ws, "ann")
    assert cells_of(ws) == {("0.png", "distancing"): (0, "human"), ("0.png", "5k"): (0, "derived")}
    assert len(undo(ws, "bob").withdrawn) == 1
    assert cells_of(ws) == {}


def test_undo_withdraws_what_followed_and_says_so(five_k):
    before = cells_of(five_k)
    decide(five_k, "2.png", "mask", value=1)
    outcome = undo(five_k)
    assert outcome.withdrawn == [at(five_k, "2.png", "5k")["label_id"]]
    assert cells_of(five_k) == before


def test_undoing_a_correction_brings_back_the_given_value_and_what_was_derived(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
    before = cells_of(five_k)
    outcome = decide(five_k, "1.png", "mask", value=1)
    assert outcome.withdrawn == [at(five_k, "1.png", "5k")["label_id"]]
    assert ("1.png", "5k") not in cells_of(five_k)
    assert undo(five_k).written == {at(five_k, "1.png", "5k")["label_id"]: 0}
    assert cells_of(five_k) == before


def test_undoing_a_correction_does_not_write_a_free_cell_that_nobody_had_written(five_k):
    """mask = 0 left 5k free; correcting mask to 1 made it open; the undo used to write it."""
    before = cells_of(five_k)
    decide(five_k, "1.png", "mask", value=1)
    undo(five_k)
    assert cells_of(five_k) == before


def test_an_answer_to_a_derived_cell_that_contradicts_its_premise_is_a_conflict_until_it_is_undone(build):
    ws = build({"mask": [""], "distancing": [""], "5k": ["1"]}, LABELS, [FIVE_K])
    with ws.write() as connection:
        assert cells.derive_all(connection) == {"mask": 1, "distancing": 1}
    before = cells_of(ws)
    decide(ws, "0.png", "mask", value=0)
    assert cells_of(ws) == {("0.png", "mask"): (0, "human"), ("0.png", "5k"): (1, "given")}
    undo(ws)
    assert cells_of(ws) == before


def test_an_answer_that_contradicts_is_stored_and_says_which_cells_and_rules(build):
    """It was stored without a word; the person may be right, but should know at once."""
    ws = build({"mask": [""], "distancing": [""], "5k": ["1"]}, LABELS, [FIVE_K])
    outcome = decide(ws, "0.png", "mask", value=0, client="k")
    assert outcome.applied
    assert outcome.contradicts == (f"mask is 0 and 5k is 1 and `{FIVE_K}`",)
    assert decide(ws, "0.png", "mask", value=0, client="k").contradicts == outcome.contradicts  # when sent again
    assert undo(ws).contradicts == ()
    assert decide(ws, "0.png", "mask", value=1).contradicts == ()


def test_a_contradiction_that_the_answer_has_no_part_in_is_not_told_with_it(build):
    columns = {"a": ["1"], "b": ["0"], "c": ["1"], "d": [""]}
    ws = build(columns, dict.fromkeys("abcd", BINARY), ["a = b", "c = d"])
    assert decide(ws, "0.png", "d", value=1).contradicts == ()
    assert undo(ws).contradicts == ()
    assert decide(ws, "0.png", "d", value=0).contradicts == ("c is 1 and d is 0 and `c = d`",)


def test_decisions_leave_labels_alone_that_no_rule_ties_to_theirs(build):
    columns = {"a": ["1"], "b": [""], "c": ["1"], "d": [""], "e": [""]}
    ws = build(columns, dict.fromkeys("abcde", BINARY), ["a = b", "c = d"])
    decide(ws, "0.png", "e", value=1)
    decide(ws, "0.png", "a", value=0)
    now = cells_of(ws)
    assert now["0.png", "b"] == (0, "derived")
    assert ("0.png", "d") not in now


def test_derive_in_between_makes_settled_cells_stay(build):
    """They were free before the decision as well; once asked for, they do not go with it."""
    ws = build({"mask": [""], "distancing": ["0"], "5k": [""]}, LABELS, [FIVE_K])
    decide(ws, "0.png", "mask", value=0)
    with ws.write() as connection:
        assert cells.derive_all(connection) == {}
    undo(ws)
    assert cells_of(ws)["0.png", "5k"] == (0, "derived")


def test_the_order_is_kept_when_the_clock_goes_backwards(five_k, monkeypatch):
    clock = iter([2000.0, 1000.0, 500.0])
    monkeypatch.setattr(decisions, "time", SimpleNamespace(time=lambda: next(clock)))
    decide(five_k, "2.png", "mask", value=1)
    decide(five_k, "3.png", "distancing", value=1)
    assert undo(five_k).image_id == at(five_k, "3.png", "distancing")["image_id"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "maybe"}, "no action 'maybe'"),
        ({"action": "accept"}, "There is no proposal"),
        ({"action": "reject"}, "There is no proposal"),
        ({"action": "choose"}, "A class goes with"),
        ({"action": "skip", "value": 1}, "A class goes with"),
        ({"value": 2}, "classes 0 to 1, not 2"),
        ({"value": -1}, "classes 0 to 1, not -1"),
        ({"value": 0.5}, "classes 0 to 1, not 0.5"),
        ({"value": 1, "reviewer": " "}, "reviewer's name"),
        ({"value": 1, "reviewer": "a\x00b"}, "reviewer's name"),
        ({"value": 1, "client": "x" * 201}, "client id"),
        ({"value": 1, "note": "\udcff"}, "note"),
        ({"value": 1, "note": "x" * 2001}, "note"),
        ({"value": 1, "proposal_id": 99}, "no proposal with the number 99"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_leaves_nothing(five_k, change, message):
    before = cells_of(five_k)
    with pytest.raises(GapwiseError, match=message):
        decide(five_k, "2.png", "mask", **change)
    assert cells_of(five_k) == before
    assert log_length(five_k) == 0


def test_a_proposal_about_another_cell_is_refused(five_k):
    propose(five_k, "mask", {"4.png": [0.9, 0.1]})
    with pytest.raises(GapwiseError, match="another cell"):
        decide(five_k, "2.png", "mask", "accept", proposal_id=proposal_id(five_k, "4.png", "mask"))


def test_unknown_images_and_labels_are_refused(five_k):
    known = at(five_k, "2.png", "mask")
    for wrong in ({"image_id": 999}, {"label_id": 999}):
        with five_k.write() as connection, pytest.raises(GapwiseError, match="999"):
            decisions.decide(connection, client_id="x", reviewer="a", action="choose", value=1, **{**known, **wrong})


steps = st.lists(
    st.one_of(
        st.tuples(st.just("choose"), st.sampled_from(list(LABELS)), st.integers(0, 1), st.sampled_from("abc")),
        st.tuples(st.just("settle"), st.sampled_from(list(LABELS)), st.integers(0, 1), st.sampled_from("abc")),
        st.tuples(st.just("undo"), st.just(""), st.just(0), st.sampled_from("abc")),
    ),
    max_size=10,
)
row = st.tuples(*[st.sampled_from(["", "0", "1"])] * 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_row=row, derive_first=st.booleans(), steps=steps, order=st.permutations("abc"))
def test_undoing_everything_in_any_order_leads_back_and_derived_cells_follow_at_every_step(
    build, given_row, derive_first, steps, order
):
    where = f"w{next(ids)}"
    ws = build({n: [v] for n, v in zip(LABELS, given_row, strict=True)}, LABELS, [FIVE_K], where=where)
    if derive_first:
        with ws.write() as connection:
            cells.derive_all(connection)
    start, trail = cells_of(ws), []
    for kind, label, value, reviewer in steps:
        before = cells_of(ws)
        try:
            if kind == "choose":
                if decide(ws, "0.png", label, value=value, reviewer=reviewer).applied:
                    undo(ws, reviewer)
                    assert cells_of(ws) == before
                    decide(ws, "0.png", label, value=value, reviewer=reviewer)
            elif kind == "settle":
                settle(ws, "0.png", label, value, reviewer)
            else:
                undo(ws, reviewer)
        except GapwiseError:
            assert kind in ("undo", "settle")
        check_derived(cells_of(ws))
        check_answers(ws)
        trail.append(cells_of(ws))
    for reviewer in [*order] * 12:
        try:
            undo(ws, reviewer)
        except GapwiseError:
            continue
        check_derived(cells_of(ws))
        check_answers(ws)
    assert cells_of(ws) == start


def check_derived(now):
    """Every derived cell has the only class that the other cells leave it, and every answer left nothing free."""
    base = {label: value for (_, label), (value, source) in now.items() if source != "derived"}
    full = [
        dict(zip(LABELS, codes, strict=True))
        for codes in itertools.product((0, 1), repeat=3)
        if codes[2] == (codes[0] and codes[1])
    ]
    fitting = [f for f in full if all(f[label] == value for label, value in base.items())]
    free = {n: fitting[0][n] for n in LABELS if n not in base and len({f[n] for f in fitting}) == 1}
    derived = {label: value for (_, label), (value, source) in now.items() if source == "derived"}
    assert derived.items() <= free.items()
    if any(source == "human" for _, source in now.values()):
        assert derived == free


def check_answers(ws):
    """Each cell has the newest answer that was not only kept beside another, and was not taken back."""
    with ws.read() as connection:
        newest_first = decisions.history(connection, 100)
    undone = {row.undoes for row in newest_first}
    stands = {}
    for row in newest_first:
        if row.value is not None and row.applied and row.id not in undone:
            stands.setdefault((row.fname, row.label), (row.value, "human"))
    assert {key: found for key, found in cells_of(ws).items() if found[1] == "human"} == stands


def test_eight_at_once_with_shared_client_ids_lose_nothing_and_double_nothing(build):
    images = 12
    ws = build({"mask": [""] * images, "distancing": ["1"] * images, "5k": [""] * images}, LABELS, [FIVE_K])
    with ws.read() as connection:
        mask = label_id(connection, "mask")
        image_ids = cells.load(connection).image_ids.tolist()
    outcomes, errors = [], []

    def work(worker: int) -> None:
        try:
            for i, image_id in enumerate(image_ids):
                # Four pairs of threads: both of a pair send the same id, as a resending client does.
                client, value = f"{worker // 2}:{i}", (worker // 2) % 2
                with ws.write() as connection:
                    outcomes.append(
                        decisions.decide(
                            connection, client_id=client, reviewer=f"r{worker // 2}", action="choose", value=value,
                            image_id=image_id, label_id=mask,
                        )
                    )  # fmt: skip
        except BaseException as error:  # noqa: BLE001 - a thread's failure has to reach the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(w,)) for w in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert log_length(ws) == 4 * images
    assert sum(not o.repeated for o in outcomes) == 4 * images
    assert sum(o.applied and not o.repeated for o in outcomes) == images
    now = cells_of(ws)
    winners = {o.image_id: o.value for o in outcomes if o.applied}
    for i, image_id in enumerate(image_ids):
        assert now[f"{i}.png", "mask"] == (winners[image_id], "human")
        assert now[f"{i}.png", "5k"] == (winners[image_id], "derived")


def test_an_undo_that_expects_another_decision_takes_nothing_back(five_k):
    """Two tabs of one person: the second tab's Undo showed a decision that was not the last any more."""
    first = decide(five_k, "2.png", "mask", value=1)
    decide(five_k, "4.png", "mask", value=0)
    before = cells_of(five_k)
    with pytest.raises(GapwiseError, match="meanwhile"), five_k.write() as connection:
        decisions.undo(connection, client_id="late", reviewer="ann", expected=first.decision_id)
    assert cells_of(five_k) == before
    assert log_length(five_k) == 2
