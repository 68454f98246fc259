"""Other tools that follow a training, chosen on the Fine-tune page."""

from __future__ import annotations

from pages.ui import state, training_form, training_trackers
from tests.pages.form import group, press, texts


def installed(monkeypatch, *names: str) -> None:
    monkeypatch.setattr(training_trackers, "find_spec", lambda name: name if name in names else None)


def test_what_is_not_installed_is_not_offered_but_named(app, monkeypatch):
    installed(monkeypatch, "tensorboard")
    group(app, training_form.WHERE)
    offered = next(w for w in app.get("button_group") if w.key == state.TRAIN_TRACKERS)
    assert offered.options == ["TensorBoard"]
    assert "Weights & Biases and MLflow: not installed here (`pip install wandb mlflow`)." in texts(app)


def test_a_chosen_tracker_goes_with_the_job(app, spawned, monkeypatch):
    installed(monkeypatch, "tensorboard", "wandb", "mlflow")
    group(app, training_form.WHERE)
    app.session_state[state.TRAIN_TRACKERS] = ["tensorboard", "mlflow"]
    press(app, "Start training")
    assert [w for w in spawned[0] if w.startswith("--tracker")] == ["--tracker=tensorboard", "--tracker=mlflow"]


def test_without_a_choice_nothing_is_added(app, spawned):
    press(app, "Start training")
    assert not [w for w in spawned[0] if w.startswith("--tracker")]
