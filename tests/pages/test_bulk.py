"""Below the review card: accepting in bulk, what was accepted, second opinions, training again."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from core.jobs import process
from core.store import acceptances, agreement, audits, cells, decisions, queue, review_schema, runs, schema
from core.store.labels import label_id
from core.store.labels import labels as read_labels
from core.store.proposals import put_proposals
from pages.ui import state
from tests.pages.test_review import _button


@pytest.fixture
def sure(demo, tmp_path):
    """The demo with a run on `mask` that is right on a hundred held-out cells, as sure as on the open ones."""
    with demo.write() as connection:
        mask = label_id(connection, "mask")
        row = {"label_id": mask, "recipe": "by hand", "config": {}, "created": 0.0}
        run = connection.execute(insert(schema.run), row).inserted_primary_key[0]
        images = [r.image_id for r in cells.known(connection, mask)]
        c = schema.cell.c
        connection.execute(
            schema.cell.update().where(c.label_id == mask, c.image_id.in_(images)).values(value=1, given=1)
        )
        shared = {"run_id": run, "label_id": mask, "map": None, "map_height": None, "map_width": None, "value": 1,
                  "probs": [0.1, 0.9], "confidence": 0.9}  # fmt: skip
        put_proposals(connection, [{**shared, "image_id": i, "heldout": 1} for i in images])
        put_proposals(connection, [{**shared, "image_id": r.image_id, "heldout": 0}
                                   for r in cells.open_cells(connection, mask)])  # fmt: skip
    return demo


def opened(open_page, section="Accept in bulk", percent=None):
    app = open_page("review")
    if percent is not None:
        app.session_state[state.BULK_PRECISION] = percent
    next(b for b in app.button_group if section in b.options).set_value(section).run()
    assert not app.exception, app.exception[0].value
    return app


def accept_all(app, ws) -> int:
    """Press the button that accepts all that waits for `mask`; return how many cells that is."""
    with ws.read() as connection:
        waiting = queue.pending_count(connection, label_id(connection, "mask"))
    _button(app, f"Accept {waiting} cells").click().run()
    return waiting


def texts(app):
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption), *(e.value for e in app.error)])


def test_nothing_can_be_promised_with_a_few_known_cells(sure, open_page):
    app = opened(open_page)
    assert "Nothing that waits for mask can be accepted at 99%." in texts(app)
    assert not [b for b in app.button if b.label.startswith("Accept ") and "cells" in b.label]
    assert "No threshold keeps 99% with" in app.table[0].value.to_string()


def test_accepting_and_withdrawing(sure, open_page):
    app = opened(open_page, percent=60.0)
    with sure.read() as connection:
        mask = label_id(connection, "mask")
        waiting = queue.pending_count(connection, mask)
    assert waiting
    _button(app, f"Accept {waiting} cells").click().run()
    assert not app.exception
    with sure.read() as connection:
        row = acceptances.listed(connection)[0]
        assert (row.cells, row.precision, queue.pending_count(connection, mask)) == (waiting, 0.6, 0)
    assert f"Acceptance 1: {waiting} cells" in texts(app)
    _button(app, "Withdraw").click().run()
    with sure.read() as connection:
        assert queue.pending_count(connection, mask) == waiting
    assert "withdrawn by" in texts(app)


def test_a_raised_threshold_tells_how_many_cells_are_left(sure, open_page):
    """It went on to speak of all that had once been accepted."""
    app = opened(open_page, percent=60.0)
    waiting = accept_all(app, sure)
    with sure.write() as connection:
        connection.execute(update(schema.acceptance).values(least=0.95, population=3))  # as raising leaves it
    app.run()
    assert f"Acceptance 1: 3 of {waiting} cells**, those from 0.950 on" in texts(app)


def test_undo_on_the_card_takes_an_acceptance_back(sure, open_page):
    app = opened(open_page, percent=60.0)
    waiting = accept_all(app, sure)
    app.run()
    _button(app, "Undo").click().run()
    assert not app.exception
    with sure.read() as connection:
        assert queue.pending_count(connection, label_id(connection, "mask")) == waiting
    assert f"{waiting} cells that were accepted at once are taken back" in texts(app)


def test_a_check_is_answered_by_a_class_without_seeing_what_is_checked(sure, open_page):
    app = opened(open_page, percent=60.0)
    with sure.read() as connection:
        mask = label_id(connection, "mask")
        waiting = queue.pending_count(connection, mask)
        name = read_labels(connection)[mask].names[0]
    _button(app, f"Accept {waiting} cells").click().run()
    app.run()
    assert "A check, chosen by chance; the proposal is hidden" in texts(app)
    assert not [b for b in app.button if b.label in ("Accept", "Reject")]
    assert [b.disabled for b in app.button if b.label == "Show map"] == [True]
    _button(app, name).click().run()
    assert not app.exception
    with sure.read() as connection:
        taken = decisions.history(connection)[0]
        assert (taken.action, taken.value) == ("choose", 0)
        assert connection.execute(select(review_schema.blind.c.decision_id)).scalars().all() == [taken.id]


def test_a_broken_promise_is_said_and_offered_for_withdrawal(sure, open_page):
    app = opened(open_page, percent=60.0)
    accept_all(app, sure)
    with sure.write() as connection:
        mask = label_id(connection, "mask")
        for row in queue.rows_of(connection, audits.due(connection, mask, 500)):
            decisions.decide(connection, client_id=f"x{row.proposal_id}", reviewer="bob", action="choose", value=0,
                             image_id=row.image_id, label_id=mask)  # fmt: skip
    app.run()
    assert "It does not keep what was promised" in texts(app)
    assert "people found 0 of" in texts(app)


def test_two_people_who_disagree_get_a_third(sure, open_page):
    with sure.write() as connection:
        mask = label_id(connection, "mask")
        image = queue.pending(connection, mask)[0].image_id
        for reviewer, value in (("ann", 1), ("bob", 0)):
            decisions.decide(connection, client_id=reviewer, reviewer=reviewer, action="choose", value=value,
                             image_id=image, label_id=mask)  # fmt: skip
    app = opened(open_page, "Second opinions")
    assert "ann and bob both answered 1 cell of mask: 0% alike" in texts(app)
    app.button(key=[b.key for b in app.button if (b.key or "").startswith("settle_")][1]).click().run()
    assert not app.exception
    with sure.read() as connection:
        assert agreement.conflicts(connection) == []
        c = schema.cell.c
        assert connection.execute(select(c.value).where(c.image_id == image, c.label_id == mask)).scalar() == 0


def test_nobody_settles_a_conflict_of_their_own(sure, open_page):
    app = open_page("review")
    name = app.session_state[state.REVIEWER]
    with sure.write() as connection:
        mask = label_id(connection, "mask")
        image = queue.pending(connection, mask)[0].image_id
        for reviewer, value in (("ann", 1), (name, 0)):
            decisions.decide(connection, client_id=reviewer, reviewer=reviewer, action="choose", value=value,
                             image_id=image, label_id=mask)  # fmt: skip
    app = opened(open_page, "Second opinions")
    app.button(key=[b.key for b in app.button if (b.key or "").startswith("settle_")][1]).click().run()
    with sure.read() as connection:
        assert len(agreement.conflicts(connection)) == 1


def test_new_labels_since_the_last_run_are_counted_and_trained_on(sure, open_page, spawned, monkeypatch):
    from core import jobs

    job = jobs.start(sure, "train", ["train", "--label", "mask", "--recipe", "quick-cpu"])
    monkeypatch.setattr(process, "alive", lambda *_: False, raising=False)
    with sure.write() as connection:
        mask = label_id(connection, "mask")
        run = connection.execute(select(schema.run.c.id)).scalar()
        connection.execute(schema.run.update().values(job_id=job))
        connection.execute(schema.job.update().values(state="finished", run_id=run))
        runs.set_metrics(connection, run, {"accuracy": 0.9, "f1": 0.9, "epoch": 1})
        known = cells.known(connection, mask)
        item = queue.pending(connection, mask)[0]
    folder = sure.run_dir(run)
    folder.mkdir(parents=True)
    lines = [f"train,{k.image_id},{k.value},{k.digest},{k.path}" for k in known]
    (folder / runs.DATA).write_text("\n".join(["part,image_id,value,digest,path", *lines]) + "\n")
    app = open_page("review")
    assert "new label" not in texts(app)
    with sure.write() as connection:
        decisions.decide(connection, client_id="n", reviewer="ann", action="choose", value=1, image_id=item.image_id,
                         label_id=mask)  # fmt: skip
    app = open_page("review")
    assert f"**1 new label** since run {run}." in texts(app)
    before = len(spawned)
    _button(app, "Train again").click().run()
    assert not app.exception
    assert len(spawned) == before + 1
