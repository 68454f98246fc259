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
    assert "Last run: 1, mask, quick-cpu: still training." in texts(app)
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
