"""The Runs page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core import jobs
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.pseudo.quality import quality, write_quality
from core.store import cells, runs
from core.store import jobs as store
from core.store.labels import label_id

SETTINGS = {"title": "Quick", "source": "", "epochs": 3, "lr": 0.01, "size": [64, 128], "dropout": 0.0}
BEST = {"epoch": 2, "accuracy": 0.75, "f1": 0.6, "f1_macro": 0.55, "loss": 0.5, "device": "CPU"}


def add(ws, label: str = "mask", epochs: int = 3, job_id: int | None = None, **settings: object) -> int:
    """A run with its folder; `accuracy` and the like override its best metrics."""
    best = {**BEST, **{k: settings.pop(k) for k in tuple(settings) if k in BEST}}
    sweep = settings.pop("sweep", None)
    config = {"settings": {**SETTINGS, **settings}, "data": "f" * 64, "train": {"0": 8, "1": 4}, "heldout": {"0": 3},
              "sources": ["given"], "versions": {"torch": "2"}, **({"sweep": sweep} if sweep else {})}  # fmt: skip
    with ws.write() as connection:
        at = label_id(connection, label)
        run_id = runs.add_run(connection, at, "quick-cpu", config, job_id)
        if epochs:
            runs.set_metrics(connection, run_id, best)
        known = cells.known(connection, at)
    folder = ws.run_dir(run_id)
    folder.mkdir(parents=True)
    rows = "".join(f"train,{k.image_id},{k.value},d,p\n" for k in known)
    (folder / runs.DATA).write_text("part,image_id,value,digest,path\n" + rows)
    (folder / runs.METRICS).write_text("".join(line(e) for e in range(1, epochs + 1)))
    if epochs:
        (folder / runs.BEST).write_bytes(b"weights")
        (folder / runs.RECIPE).write_text("epochs = 3\n")
    return run_id


def line(epoch: int) -> str:
    row = {"epoch": epoch, "step": 10 * epoch, "train_loss": 1 / epoch, "loss": 1 / epoch, "accuracy": 0.5, "f1": 0.5,
           "f1_macro": 0.5, "lr": 0.01, "seconds": 2.0, "images_per_second": 100.0 + epoch}  # fmt: skip
    return json.dumps(row) + "\n"


def judge(ws, run_id: int, epoch: int = 2) -> None:
    logits = np.log([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    found = quality(logits, np.array([0, 1, 1, 0]), 1.0)
    write_quality(ws.run_dir(run_id), {"checkpoint": "c", "epoch": epoch, **found})


def choose(app, ws, *ids: int):
    app.session_state["runs_chosen"] = {str(ws.root): list(ids)}
    return run(app)


def view(app, name: str):
    app.session_state["runs_view"] = name
    return run(app)


def run(app):
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def press(app, text: str):
    next(b for b in app.button if b.label == text).click()
    return run(app)


def texts(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "info", "error") for e in getattr(app, kind))


def figure(app) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


def test_before_the_first_run_the_page_says_where_to_start_one(demo, open_page):
    app = open_page("runs")
    assert "Nothing has been trained yet" in app.info[0].value


def test_the_table_shows_results_time_device_throughput_and_data(demo, open_page):
    add(demo)
    table = open_page("runs").dataframe[0].value
    row = table.iloc[0].to_dict()
    assert {k: row[k] for k in ("run", "label", "recipe", "state", "accuracy", "F1", "epochs", "time", "device")} == {
        "run": 1, "label": "mask", "recipe": "quick-cpu", "state": "stopped", "accuracy": 0.75, "F1": 0.6,
        "epochs": "3 of 3", "time": "6 s", "device": "CPU",
    }  # fmt: skip
    assert row["images/s"] == 102.0
    assert row["data"] == "ffffffff"
    assert row["learned from"] == 12


def test_a_run_has_its_jobs_true_state(demo, open_page, spawned):
    job_id = jobs.start(demo, "train", ["train"])
    run_id = add(demo, job_id=job_id)
    with demo.write() as connection:
        store.change_job(connection, job_id, state="running", run_id=run_id)
    assert open_page("runs").dataframe[0].value["state"].tolist() == ["lost"]


def test_runs_of_one_label_can_be_shown_alone(demo, open_page):
    add(demo)
    add(demo, "distancing")
    app = open_page("runs")
    assert app.dataframe[0].value["run"].tolist() == [2, 1]
    app.selectbox(key="runs_label").set_value("mask").run()
    assert app.dataframe[0].value["run"].tolist() == [1]


def test_ticked_runs_stay_ticked_when_another_run_begins(demo, open_page):
    first, second = add(demo), add(demo, lr=0.1)
    app = choose(open_page("runs"), demo, first)
    add(demo, "distancing")
    run(app)
    assert [t["name"] for t in figure(app)["data"]] == ["1 · mask · quick-cpu"]
    choose(app, demo, first, second)
    assert {t["name"] for t in figure(app)["data"]} == {"1 · mask · quick-cpu", "2 · mask · quick-cpu"}


def test_the_newest_runs_curve_is_shown_when_none_is_ticked(demo, open_page):
    add(demo)
    add(demo)
    assert [t["name"] for t in figure(open_page("runs"))["data"]] == ["2 · mask · quick-cpu"]


def test_measure_axis_scale_and_smoothing_can_be_chosen(demo, open_page):
    add(demo)
    app = open_page("runs")
    app.selectbox(key="runs_measure").set_value("images_per_second")
    app.segmented_control(key="runs_axis").set_value("seconds")
    app.pills(key="runs_scales").set_value(["y"])
    app.slider(key="runs_smoothing").set_value(0.5)
    run(app)
    drawn = figure(app)
    assert drawn["layout"]["yaxis"]["type"] == "log"
    assert drawn["layout"]["xaxis"]["title"]["text"] == "seconds of training"
    faint, smooth = drawn["data"]
    assert faint["opacity"] == 0.25
    assert smooth["opacity"] == 1.0


def test_a_new_epoch_is_drawn_without_anybody_pressing_anything(demo, open_page):
    from pages.ui import runs_readers

    add(demo)
    app = open_page("runs")
    before = figure(app)
    with open(demo.run_dir(1) / runs.METRICS, "a") as file:
        file.write(line(4))
    run(app)
    assert figure(app) != before
    found = ()
    seen = runs_readers.live_stamp(demo, found)
    assert runs_readers.live_stamp(demo, found) == seen
    add(demo)
    assert runs_readers.live_stamp(demo, found) != seen


def test_the_live_stamp_follows_the_epochs_of_runs_that_go_on(demo, monkeypatch):
    from core.training.summary import summaries
    from pages.ui import runs_readers

    monkeypatch.setattr(process, "alive", lambda *a: True)
    job_id = jobs.register(demo, "train", ["train"])
    run_id = add(demo, job_id=job_id)
    with demo.write() as connection:
        store.change_job(connection, job_id, state="running", pid=1, run_id=run_id)
    found = tuple(summaries(demo))
    assert found[0].active
    seen = runs_readers.live_stamp(demo, found)
    with open(demo.run_dir(run_id) / runs.METRICS, "a") as file:
        file.write(line(4))
    assert runs_readers.live_stamp(demo, found) != seen


def test_fifty_runs_are_drawn_and_the_best_twelve_named(demo, open_page):
    for _ in range(50):
        add(demo)
    app = choose(open_page("runs"), demo, *range(1, 51))
    assert sum(t["showlegend"] for t in figure(app)["data"]) == 12
    assert "38 others grey" in texts(app)


def test_two_runs_side_by_side_show_what_differs_first(demo, open_page):
    add(demo)
    add(demo, lr=0.1, accuracy=0.9)
    app = view(choose(open_page("runs"), demo, 1, 2), "Side by side")
    table = app.dataframe[1].value
    assert table[table["differs"] == "≠"]["what"].tolist() == ["accuracy", "lr"]
    assert table["what"].tolist()[:2] == ["accuracy", "lr"]
    assert table.loc[1, ["run 2", "run 1"]].tolist() == ["0.1", "0.01"]
    app.toggle(key="runs_only_differences").set_value(True).run()
    assert app.dataframe[1].value["what"].tolist() == ["accuracy", "lr"]


def test_one_run_has_nothing_to_be_compared_with(demo, open_page):
    add(demo)
    assert "Tick two or more runs" in texts(view(open_page("runs"), "Side by side"))


def test_settings_and_results_are_lines_through_what_differs(demo, open_page):
    for lr, f1 in ((0.01, 0.5), (0.1, 0.7)):
        add(demo, lr=lr, f1=f1)
    add(demo, epochs=0)
    app = view(open_page("runs"), "Settings and results")
    [lines] = figure(app)["data"]
    assert [d["label"] for d in lines["dimensions"]] == ["lr", "accuracy", "F1"]
    assert "1 run has no measured epoch" in texts(app)


def test_the_trials_of_a_sweep_can_be_looked_at_alone(demo, open_page):
    add(demo, lr=0.5)
    for trial, dropout in enumerate((0.0, 0.2)):
        add(demo, dropout=dropout, sweep={"id": 7, "trial": trial, "values": {"dropout": dropout}})
    app = view(open_page("runs"), "Settings and results")
    chosen = next(s for s in app.selectbox if s.label == "Runs")
    assert chosen.options == ["Sweep 7", "All runs in the table"]
    [lines] = figure(app)["data"]
    assert [d["label"] for d in lines["dimensions"]] == ["dropout", "accuracy", "F1"]


def test_one_run_shows_confusion_confidence_and_classes_with_their_names(demo, open_page):
    judge(demo, add(demo))
    app = view(open_page("runs"), "One run")
    assert len(app.get("plotly_chart")) == 2
    assert figure(app)["layout"]["xaxis"]["ticktext"] == ["no mask", "mask"]
    assert {m.label: m.value for m in app.metric}["Brier score"] == "0.225"
    classes = app.dataframe[1].value
    assert classes["class"].tolist() == ["no mask", "mask"]
    assert classes["images"].tolist() == [2, 2]


def test_a_run_without_figures_says_how_to_get_them_and_starts_it(demo, open_page, spawned):
    add(demo)
    app = view(open_page("runs"), "One run")
    assert "made when the run predicts" in texts(app)
    press(app, "Predict now")
    assert spawned[0][:3] == ["predict", "--run", "1"]


def test_figures_of_an_earlier_epoch_are_shown_and_called_so(demo, open_page):
    judge(demo, add(demo), epoch=1)
    app = view(open_page("runs"), "One run")
    assert "of an earlier epoch" in texts(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_run_without_a_measured_epoch_offers_nothing_that_it_has_not(demo, open_page):
    add(demo, epochs=0)
    app = view(open_page("runs"), "One run")
    assert "no measured epoch yet" in texts(app)
    assert [b.proto.label for b in app.get("download_button")] == ["Everything set (JSON)"]
    assert not any("ONNX" in b.label for b in app.button)


def test_files_can_be_taken_away(demo, open_page):
    add(demo)
    app = view(open_page("runs"), "One run")
    labels = [b.proto.label for b in app.get("download_button")]
    assert labels == ["Weights", "Metrics (CSV)", "Recipe (TOML)", "Everything set (JSON)"]


def test_an_onnx_file_is_made_by_a_job_and_offered_with_what_its_check_said(demo, open_page, spawned, monkeypatch):
    add(demo)
    app = view(open_page("runs"), "One run")
    press(app, "Make an ONNX file")
    assert spawned[0][:3] == ["onnx", "--run", "1"]
    monkeypatch.setattr(process, "alive", lambda *a: True)
    [job] = jobs.list_jobs(demo)
    write_beat(demo.job_dir(job.id), Beat(done=1, total=4, message="Writing the ONNX file"))
    assert "Writing the ONNX file" in run(app).get("progress")[0].proto.text
    report = {"epoch": 2, "pictures": 3, "random": 8, "largest_difference": 2e-6, "allowed": 1e-3}
    (demo.run_dir(1) / runs.ONNX_CHECK).write_text(json.dumps(report))
    (demo.run_dir(1) / runs.ONNX).write_bytes(b"onnx")
    with demo.write() as connection:
        store.change_job(connection, job.id, state="finished")
    run(app)
    assert "differ from PyTorch's by at most 2e-06" in texts(app)
    assert "ONNX" in [b.proto.label for b in app.get("download_button")]


def test_a_failed_export_says_why(demo, open_page):
    run_id = add(demo)
    job_id = jobs.register(demo, "onnx", ["onnx"], run_id)
    with demo.write() as connection:
        store.change_job(connection, job_id, state="failed", message="Writing ONNX files needs onnx.")
    assert "Writing ONNX files needs onnx." in texts(view(open_page("runs"), "One run"))


def test_new_labels_since_the_run_are_counted_with_the_way_to_train_on_them(demo, open_page):
    add(demo)
    app = view(open_page("runs"), "One run")
    assert "since run" not in texts(app)
    with demo.write() as connection:
        at = label_id(connection, "mask")
        open_ones = cells.open_cells(connection, at)
        for cell in open_ones[:3]:
            cells.put(connection, cell.image_id, at, 1, "human")
        cells.put(connection, open_ones[3].image_id, at, 1, "pseudo")
    assert "**3 new labels** since run 1, 1 more accepted in bulk." in texts(run(app))


def test_what_was_chosen_stays_while_another_view_or_page_is_looked_at(demo, open_page):
    add(demo)
    add(demo)
    app = open_page("runs")
    app.selectbox(key="runs_measure").set_value("accuracy").run()
    view(app, "One run")
    app.selectbox(key="runs_one").set_value(1).run()
    app.switch_page("../export.py").run()
    app.switch_page("../runs.py").run()
    assert app.selectbox(key="runs_one").value == 1
    assert view(app, "Curves").selectbox(key="runs_measure").value == "accuracy"


def test_the_page_can_be_told_to_stand_still(demo, open_page, monkeypatch):
    from pages.ui import runs_readers

    add(demo)
    app = open_page("runs")
    asked = []
    monkeypatch.setattr(runs_readers, "live_stamp", lambda *a: asked.append(a) or ())
    run(app)
    assert asked
    asked.clear()
    app.toggle(key="runs_live").set_value(False).run()
    assert not asked
