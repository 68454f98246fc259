"""The Fine-tune page."""

from __future__ import annotations

import sys

import pytest

from core import jobs
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.models.hub import UNREACHABLE
from core.store import jobs as store
from core.store import runs
from core.training.library import list_recipes


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def press(app, text: str):
    """Press a button by its text."""
    next(b for b in app.button if b.label == text).click()
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def texts(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error") for e in getattr(app, kind))


def ended(ws, state: str, message: str) -> int:
    job_id = jobs.register(ws, "train", ["train", "--label", "mask", "--recipe", "5k-v2b3", "--weights=hub"])
    with ws.write() as connection:
        store.change_job(connection, job_id, state=state, message=message)
    return job_id


def test_the_form_offers_labels_recipes_and_weights(demo, open_page):
    app = open_page("fine_tune")
    assert app.selectbox(key="train_label").options == ["mask", "distancing", "5k"]
    assert len(app.selectbox(key="train_recipe").options) == len(list_recipes())
    assert app.selectbox(key="train_recipe").value == "quick-cpu"
    assert "Device: " in texts(app)
    # Nobody publishes weights for a network of half the width.
    assert len(app.selectbox(key="train_weights_quick-cpu").options) == 2
    app.selectbox(key="train_recipe").set_value("5k-v2b3").run()
    assert len(app.selectbox(key="train_weights_5k-v2b3").options) == 3


def test_a_weights_file_that_is_not_there_is_told_in_the_form(demo, open_page, spawned):
    app = open_page("fine_tune")
    app.selectbox(key="train_weights_quick-cpu").set_value("file").run()
    app.text_input(key="train_file_quick-cpu").set_value("/no/such.safetensors")
    press(app, "Start training")
    assert "no file /no/such.safetensors" in app.error[0].value
    assert spawned == []


def test_start_hands_the_changed_settings_to_a_job(demo, open_page, spawned):
    app = open_page("fine_tune")
    app.number_input(key="train_epochs_quick-cpu").set_value(2)
    app.number_input(key="train_height_quick-cpu").set_value(64)
    press(app, "Start training")
    assert spawned[0][:5] == ["train", "--label", "mask", "--recipe", "quick-cpu"]
    assert "--epochs=2" in spawned[0]
    assert "--size=64x128" in spawned[0]
    assert [j.id for j in jobs.list_jobs(demo)] == [1]


def test_unchanged_settings_are_left_to_the_recipe(demo, open_page, spawned):
    press(open_page("fine_tune"), "Start training")
    assert spawned[0][:-4] == ["train", "--label", "mask", "--recipe", "quick-cpu"]


def test_a_local_file_needs_its_path(demo, open_page, spawned, tmp_path):
    app = open_page("fine_tune")
    app.selectbox(key="train_weights_quick-cpu").set_value("file").run()
    press(app, "Start training")
    assert "need the file's path" in texts(app)
    assert spawned == []
    (tmp_path / "w.pth").write_bytes(b"")
    app.text_input(key="train_file_quick-cpu").set_value(str(tmp_path / "w.pth"))
    press(app, "Start training")
    assert f"--weights={tmp_path}/w.pth" in spawned[0]


def test_a_lost_job_is_shown_as_lost_and_can_be_resumed(demo, open_page, spawned):
    jobs.start(demo, "train", ["train", "--label", "mask", "--recipe", "quick-cpu"])
    app = open_page("fine_tune")
    assert "lost" in texts(app)
    press(app, "Resume")
    assert len(spawned) == 2


def test_a_running_job_shows_progress_time_left_and_curves_and_can_be_stopped(demo, open_page, monkeypatch):
    monkeypatch.setattr(process, "alive", lambda *a: True)
    job_id = jobs.register(demo, "train", ["train", "--label", "mask", "--recipe", "quick-cpu"])
    with demo.write() as connection:
        run_id = runs.add_run(connection, 1, "quick-cpu", {"train": {"0": 3}}, job_id)
        store.change_job(connection, job_id, state="running", pid=1, run_id=run_id)
    folder = demo.run_dir(run_id)
    folder.mkdir(parents=True)
    (folder / runs.METRICS).write_text('{"epoch": 1, "train_loss": 0.7, "loss": 0.6, "accuracy": 0.8, "f1": 0.7}\n')
    beat = Beat(done=2, total=10, message="Epoch 3 of 10", figures={"train_loss": 0.5, "device": "CPU"})
    beat.since, beat.first = beat.time - 20, 0
    write_beat(demo.job_dir(job_id), beat)
    app = open_page("fine_tune")
    live = app.get("progress")[0].proto.text
    assert "Epoch 3 of 10 · 1 min 20 s left · loss 0.5 · CPU" in live
    assert len(app.get("plotly_chart")) == 1
    assert "Last run: 1, mask, quick-cpu: nothing measured yet." in texts(app)
    press(app, "Stop")
    assert jobs.get_job(demo, job_id).state == "stopping"


def test_a_failed_job_says_why_and_shows_the_end_of_its_log(demo, open_page):
    job_id = ended(demo, "failed", "Out of memory. Choose a smaller batch.")
    (demo.job_dir(job_id) / "log.txt").write_text("first\nthe last line\n")
    app = open_page("fine_tune")
    assert "Out of memory" in texts(app)
    assert "the last line" in app.code[0].value


def test_when_the_hub_is_out_of_reach_random_weights_are_one_press_away(demo, open_page, spawned):
    ended(demo, "failed", f"{UNREACHABLE} for timm/x. Choose the path of a local file, or `random`, instead.")
    app = open_page("fine_tune")
    press(app, "Train from random weights instead")
    assert spawned[0][:6] == ["train", "--label", "mask", "--recipe", "5k-v2b3", "--weights=random"]


def test_the_page_imports_no_torch(demo, open_page):
    import subprocess

    code = (
        "import sys, pages.ui.training_form, pages.ui.training_jobs, pages.ui.runs_last;"
        "sys.exit(bool({'torch', 'timm', 'sklearn', 'accelerate'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
