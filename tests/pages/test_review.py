"""The review page with Streamlit's own buttons; its card as a component is looked at in tests/browser."""

from __future__ import annotations

import shutil

from sqlalchemy import select

from core.serving import routes
from core.store import audits, cells, decisions, queue, review_schema, schema
from core.store.labels import label_id
from core.store.labels import labels as read_labels
from core.workspace import Workspace


def _button(app, text):
    return next(b for b in app.button if b.label == text)


def _log(workspace):
    with workspace.read() as connection:
        return connection.execute(select(schema.decision).order_by(schema.decision.c.id)).all()


def _first(workspace):
    with workspace.read() as connection:
        return queue.pending(connection, label_id(connection, "mask"), limit=1)[0]


def test_without_proposals_it_says_where_they_come_from(demo, open_page):
    app = open_page("review")
    assert "Fine-tune" in app.info[0].value


def test_accepting_stores_the_proposed_class_and_shows_the_next_image(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Accept").click().run()
    assert not app.exception
    (taken,) = _log(proposed)
    assert (taken.image_id, taken.proposal_id, taken.action, taken.value) == (
        first.image_id,
        first.proposal_id,
        "accept",
        1,
    )
    assert _first(proposed).image_id != first.image_id
    assert any(_first(proposed).fname in c.value for c in app.caption)


def test_rejecting_a_binary_proposal_stores_the_other_class_and_the_rules_follow(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Reject").click().run()
    assert _log(proposed)[0].value == 0
    with proposed.read() as connection:
        five_k = label_id(connection, "5k")
        cell = connection.execute(
            select(schema.cell).where(schema.cell.c.image_id == first.image_id, schema.cell.c.label_id == five_k)
        ).one()
    assert (cell.value, cell.source) == (0, "derived")


def test_undo_brings_the_image_back(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Accept").click().run()
    _button(app, "Undo").click().run()
    assert not app.exception
    assert [row.action for row in _log(proposed)] == ["accept", "undo"]
    assert any(first.fname in c.value for c in app.caption)
    # The image that came back can be decided anew: its buttons carry another client id.
    _button(app, "Reject").click().run()
    assert [row.action for row in _log(proposed)] == ["accept", "undo", "reject"]


def test_a_skipped_image_comes_last(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Skip").click().run()
    with proposed.read() as connection:
        order = [r.image_id for r in queue.pending(connection, label_id(connection, "mask"))]
    assert order[-1] == first.image_id
    assert len(order) == len(set(order))


def test_a_skipped_image_that_comes_round_again_can_be_decided(proposed, open_page):
    """Its buttons carried the client id of the skip: the store took every later answer for a repetition of it."""
    app = open_page("review")
    with proposed.read() as connection:
        waiting = queue.pending_count(connection, label_id(connection, "mask"))
    for _ in range(waiting):
        _button(app, "Skip").click().run()
    first = _first(proposed)
    assert first.seen
    _button(app, "Accept").click().run()
    assert (_log(proposed)[-1].action, _log(proposed)[-1].image_id) == ("accept", first.image_id)
    assert _first(proposed).image_id != first.image_id


def test_an_answer_that_was_undone_elsewhere_can_be_given_again(proposed, open_page):
    """In another tab or the shell: the card's buttons still carried the first answer's client id, and did nothing."""
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Accept").click().run()
    with proposed.write() as connection:
        decisions.undo(connection, client_id="elsewhere", reviewer=_log(proposed)[0].reviewer)
    app.run()
    _button(app, "Reject").click().run()
    assert [(row.action, row.image_id) for row in _log(proposed)][2:] == [("reject", first.image_id)]


def test_undoing_a_skip_says_so(proposed, open_page):
    app = open_page("review")
    _button(app, "Skip").click().run()
    _button(app, "Undo").click().run()
    assert any("mask: skip taken back" in c.value for c in app.caption)


def test_what_an_undo_brought_back_is_not_shown_in_another_workspace(proposed, open_page):
    """The card of the other workspace showed its image with the same number, or said that nothing waits."""
    root = proposed.root
    shutil.copytree(root, root.parent / "other")
    other = Workspace.open(root.parent / "other")
    app = open_page("review")
    first = _first(proposed)
    _button(app, "Accept").click().run()
    _button(app, "Undo").click().run()
    with other.write() as connection:
        decide = {"reviewer": "me", "action": "accept", "image_id": first.image_id, "label_id": first.label_id}
        decisions.decide(connection, client_id="x", proposal_id=first.proposal_id, **decide)
    app.selectbox(key="workspace").set_value(str(other.root)).run()
    assert not app.exception
    assert any(_first(other).fname in c.value for c in app.caption)
    assert not any("taken back" in c.value for c in app.caption)


def test_undoing_an_answer_that_came_second_says_that_the_first_stands(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    with proposed.write() as connection:
        decide = {"reviewer": "somebody else", "action": "accept", "image_id": first.image_id}
        decisions.decide(connection, client_id="x", label_id=first.label_id, proposal_id=first.proposal_id, **decide)
    _button(app, "Reject").click().run()
    _button(app, "Undo").click().run()
    assert any("the first decision stands" in c.value for c in app.caption)
    assert not any(first.fname in c.value for c in app.caption)


def test_a_callback_that_arrives_twice_is_taken_once(proposed, open_page):
    from pages.ui import review_card

    first = _first(proposed)
    open_page("review")
    for verdict in ("accept", "reject"):
        with proposed.write() as connection:
            decisions.decide(
                connection,
                client_id=f"session:{first.proposal_id}:0",
                reviewer="me",
                action=verdict,
                image_id=first.image_id,
                label_id=first.label_id,
                proposal_id=first.proposal_id,
            )
    assert [row.action for row in _log(proposed)] == ["accept"]
    assert review_card.CLASS_KEYS == 9


def test_when_all_is_decided_it_says_so(proposed, open_page):
    app = open_page("review")
    for _ in range(40):
        if not any(b.label == "Accept" for b in app.button):
            break
        _button(app, "Accept").click().run()
    assert not app.exception
    assert "Nothing waits" in app.success[0].value
    with proposed.read() as connection:
        assert queue.pending_count(connection, label_id(connection, "mask")) == 0


def test_where_the_routes_are_the_card_is_the_component_and_a_switch_brings_the_buttons_back(
    proposed, open_page, monkeypatch
):
    monkeypatch.setattr(routes, "_mounted", True)
    app = open_page("review")
    assert not any(b.label == "Accept" for b in app.button)
    app.toggle(key="review_plain").set_value(True).run()
    assert not app.exception
    _button(app, "Accept").click().run()
    assert [row.action for row in _log(proposed)] == ["accept"]


def test_a_hidden_proposal_can_only_be_answered_by_a_class_and_is_stored_as_hidden(proposed, open_page):
    app = open_page("review")
    app.sidebar.selectbox[1].set_value(100).run()
    assert not app.exception
    assert not [b for b in app.button if b.label in ("Accept", "Reject")]
    with proposed.read() as connection:
        name = read_labels(connection)[label_id(connection, "mask")].names[0]
    _button(app, name).click().run()
    assert not app.exception
    (taken,) = _log(proposed)
    assert (taken.action, taken.value) == ("choose", 0)
    with proposed.read() as connection:
        assert connection.execute(select(review_schema.blind.c.decision_id)).scalars().all() == [taken.id]


def test_a_known_value_stays_though_somebody_else_answered_the_check_first(proposed, open_page):
    with proposed.write() as connection:
        mask = label_id(connection, "mask")
        known = next(row for row in cells.known(connection, mask)[:6] if row.value == 1)
        cells.accept(connection, mask, {row.image_id: 1 for row in cells.open_cells(connection, mask)})
        where = {"image_id": known.image_id, "label_id": mask}
        newest = queue.item(connection, **where)
        row = {"kind": audits.KNOWN, "run_id": newest.run_id, "proposal_id": newest.proposal_id, "value": 1, "after": 0}
        audits.add(connection, [{**where, **row}])
    app = open_page("review")
    with proposed.write() as connection:
        decisions.decide(connection, client_id="b", reviewer="bob", action="choose", value=0, **where, unseen=True)
        name = read_labels(connection)[mask].names[0]
    _button(app, name).click().run()
    assert not app.exception
    assert [(row.value, row.applied) for row in _log(proposed)] == [(0, 0), (0, 0)]


def test_an_answer_that_contradicts_is_said_until_it_is_taken_back(proposed, open_page):
    app = open_page("review")
    first = _first(proposed)
    with proposed.write() as connection:  # somebody else decides what rules out the answer that is given next
        cell = {"image_id": first.image_id, "label_id": label_id(connection, "5k")}
        decisions.decide(connection, client_id="b", reviewer="bob", action="choose", value=1, **cell)
    _button(app, "Reject").click().run()
    assert not app.exception
    assert _log(proposed)[-1].value == 0
    told = app.warning[0].value
    assert "contradicts itself now: mask is" in told
    assert "Undo" in told
    _button(app, "Undo").click().run()
    assert not app.exception
    assert not app.warning
