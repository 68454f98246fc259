"""Predictions for open cells: stored once, calibrated, each with its map."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import func, select

from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.pseudo import predict as module
from core.pseudo.predict import predict
from core.store import runs, schema
from core.store.cells import put
from core.store.proposals import heldout_frame, proposals_for
from core.training.train import Order, train
from tests import tiny


@pytest.fixture
def trained(ws):
    train(ws, Order("bright", "tiny", tiny.recipe()), Silent())
    return ws


def rows(ws) -> list:
    with ws.read() as connection:
        return list(connection.execute(select(schema.proposal).order_by(schema.proposal.c.id)))


def test_every_open_cell_has_a_proposal_with_a_distribution_and_a_map(trained):
    found = [r for r in rows(trained) if not r.heldout]
    assert [r.image_id for r in found] == list(range(25, 31))
    for r in found:
        assert sum(r.probs) == pytest.approx(1, abs=1e-5)
        assert r.value == int(np.argmax(r.probs))
        assert r.confidence == pytest.approx(max(r.probs), abs=1e-5)
        assert len(r.map) == r.map_height * r.map_width
        assert max(r.map) in (0, 255)


def test_held_out_cells_are_predicted_apart_for_measuring(trained):
    with trained.read() as connection:
        frame = heldout_frame(connection, 1)
        held = set(connection.execute(select(schema.holdout.c.image_id)).scalars())
    assert set(frame["image_id"]) == held


def test_doing_it_twice_changes_nothing(trained):
    before = rows(trained)
    assert predict(trained, 1, Silent()) == 6
    assert rows(trained) == before


def test_a_broken_prediction_goes_on_where_it_ended(trained, monkeypatch):
    before = rows(trained)
    with trained.write() as connection:
        connection.execute(schema.proposal.delete().where(schema.proposal.c.image_id > 27))
    computed = []
    outputs = module._outputs
    monkeypatch.setattr(module, "_outputs", lambda n, p, ids, r: computed.extend(ids) or outputs(n, p, ids, r))
    assert predict(trained, 1, Silent()) == 6
    assert computed == [28, 29, 30]
    assert [(r.image_id, r.probs, r.map) for r in sorted(rows(trained), key=lambda r: (1 - r.heldout, r.image_id))] == [
        (r.image_id, r.probs, r.map) for r in before
    ]


def test_a_run_that_was_trained_on_predicts_anew_and_keeps_the_proposals_ids(trained):
    before = rows(trained)
    notes = trained.run_dir(1) / "predict.json"
    notes.write_text(json.dumps({**json.loads(notes.read_text()), "checkpoint": "another"}))
    with trained.write() as connection:
        connection.execute(schema.proposal.update().values(confidence=0.0))
    predict(trained, 1, Silent())
    after = rows(trained)
    assert [r.id for r in after] == [r.id for r in before]
    assert [r.confidence for r in after] == [r.confidence for r in before]


def test_a_stop_in_between_keeps_what_is_done(trained, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    with trained.write() as connection:
        connection.execute(schema.proposal.delete())

    class Stop(Silent):
        told = 0

        def progress(self, *args, **figures):
            self.told += 1

        def should_stop(self):
            return self.told >= 4

    predict(trained, 1, Stop())
    with trained.read() as connection:
        assert 0 < connection.execute(select(func.count()).select_from(schema.proposal)).scalar() < 11


def test_a_cell_that_was_decided_meanwhile_is_not_predicted(trained):
    with trained.write() as connection:
        connection.execute(schema.proposal.delete())
        put(connection, 25, 1, 1, "human")
    assert predict(trained, 1, Silent()) == 5
    with trained.read() as connection:
        assert proposals_for(connection, 25, 1) == []


def test_a_held_out_cell_whose_value_was_taken_back_is_proposed_once(trained):
    with trained.write() as connection:
        held = connection.execute(select(schema.holdout.c.image_id)).scalars().first()
        connection.execute(schema.proposal.delete())
        put(connection, held, 1, None, None)
    assert predict(trained, 1, Silent()) == 7
    with trained.read() as connection:
        assert [p.heldout for p in proposals_for(connection, held, 1)] == [0]


def test_a_picture_that_is_gone_has_no_proposal_and_stops_nobody(trained):
    (trained.root / "images" / "026.png").unlink()
    for file in (trained.root / "cache").iterdir():
        file.unlink()
    with trained.write() as connection:
        connection.execute(schema.proposal.delete())
    assert predict(trained, 1, Silent()) == 5


def test_a_model_without_a_usable_layer_proposes_without_maps(ws):
    recipe = tiny.recipe(model="vit_tiny_patch16_224", width=1.0, depth=1.0, epochs=1)
    assert "6 open cells" in train(ws, Order("bright", "tiny", recipe), Silent())
    assert all(r.map is None and r.map_height is None for r in rows(ws))


def test_a_missing_or_broken_checkpoint_is_told(trained):
    best = trained.run_dir(1) / "best.safetensors"
    best.write_bytes(best.read_bytes()[:50])
    with pytest.raises(GapwiseError, match="is broken"):
        predict(trained, 1, Silent())
    best.unlink()
    with pytest.raises(GapwiseError, match="no checkpoint"):
        predict(trained, 1, Silent())


def test_an_unknown_run_is_told(ws):
    with pytest.raises(GapwiseError, match="no run 9"):
        predict(ws, 9, Silent())


def test_what_the_held_out_images_say_is_stored_and_agrees_with_the_training(trained):
    stored = json.loads((trained.run_dir(1) / "quality.json").read_text())
    with trained.read() as connection:
        best = runs.run(connection, 1).metrics
        held = connection.execute(select(func.count()).select_from(schema.holdout)).scalar()
    assert stored["images"] == held == sum(n for _, _, n in stored["confusion"])
    assert stored["epoch"] == best["epoch"]
    for name in ("accuracy", "f1", "f1_macro"):
        assert stored[name] == pytest.approx(best[name])
    assert stored["raw"]["loss"] == pytest.approx(best["loss"], abs=1e-5)


@pytest.mark.parametrize("broken", [None, "{", '{"checkpoint": "another"}'])
def test_figures_that_are_missing_broken_or_of_another_checkpoint_are_made_anew(trained, broken):
    path = trained.run_dir(1) / "quality.json"
    before = json.loads(path.read_text())
    path.unlink() if broken is None else path.write_text(broken)
    predict(trained, 1, Silent())
    assert json.loads(path.read_text()) == before
