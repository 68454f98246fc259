"""The form of the Fine-tune page."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import jobs
from core.store.runs import add_run
from core.training.command import parse_train_command
from core.training.library import RECIPES, delete_recipe, list_recipes, load_recipe, save_recipe
from core.training.recipe import Recipe
from pages.ui import state, training_form
from tests.pages.form import group, key, leave_and_return, press, run, texts


def test_the_form_offers_labels_recipes_and_weights(app):
    assert app.selectbox(key="train_label").options == ["mask", "distancing", "5k"]
    assert len(app.selectbox(key="train_recipe").options) == len(list_recipes())
    assert app.selectbox(key="train_recipe").value == "quick-cpu"
    assert "Device: " in texts(app)
    # Nobody publishes weights for a network of half the width.
    assert len(app.selectbox(key=key("quick-cpu", "weights")).options) == 2
    app.selectbox(key="train_recipe").set_value("5k-v2b3")
    assert len(run(app).selectbox(key=key("5k-v2b3", "weights")).options) == 3


def test_every_setting_of_a_recipe_is_in_the_form_once():
    drawn = ["model", *training_form.FRONT, *(n for names in training_form.rest().values() for n in names)]
    assert sorted([*drawn, *training_form.ELSEWHERE]) == sorted(Recipe.model_fields)


def test_a_setting_that_nobody_sorted_yet_is_not_lost(monkeypatch):
    monkeypatch.setattr(training_form, "GROUPS", {"Network": ("width",)})
    assert set(training_form.rest()["More"]) >= {"depth", "dropout"}


@pytest.mark.parametrize("name", sorted(list_recipes()))
def test_every_shipped_recipe_shows_all_its_settings_and_starts_unchanged(app, spawned, name):
    app.selectbox(key="train_recipe").set_value(name).run()
    for chosen in (training_form.PROGRESSIVE, *training_form.rest()):
        group(app, chosen)
    assert "As in " in texts(app)
    press(app, "Start training")
    assert spawned[0][:-4] == ["train", "--label", "mask", "--recipe", name]


def test_start_hands_the_changed_settings_to_a_job(app, demo, spawned):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(2)
    app.number_input(key=key("quick-cpu", "size:height")).set_value(64)
    app.selectbox(key=key("quick-cpu", "optimizer")).set_value("sgd")
    group(app, "Pictures")
    app.number_input(key=key("quick-cpu", "scale:from")).set_value(0.5)
    run(app)
    said = "4 settings differ from quick-cpu: Size: 128 → 64×128; Epochs: 40 → 2; Optimizer: adamw → sgd; "
    assert said + "Share a crop keeps: 0.85 to 1 → 0.5 to 1." in texts(app)
    press(app, "Start training")
    asked = parse_train_command(spawned[0][:-4])
    assert asked.values == {"epochs": 2, "size": [64, 128], "optimizer": "sgd", "scale": [0.5, 1.0]}
    assert [j.id for j in jobs.list_jobs(demo)] == [1]


def test_a_double_click_starts_one_job(app, spawned):
    press(press(app, "Start training"), "Start training")
    assert len(spawned) == 1
    app.number_input(key=key("quick-cpu", "seed")).set_value(1)
    press(app, "Start training")
    assert len(spawned) == 2


def test_what_was_typed_is_there_when_one_comes_back(app):
    app.selectbox(key="train_label").set_value("5k")
    app.selectbox(key="train_recipe").set_value("5k-v2b3").run()
    app.number_input(key=key("5k-v2b3", "epochs")).set_value(7)
    app.selectbox(key=key("5k-v2b3", "weights")).set_value("random")
    group(app, "Regularization")
    app.number_input(key=key("5k-v2b3", "dropout")).set_value(0.45)
    run(app)
    leave_and_return(app)
    assert (app.selectbox(key="train_label").value, app.selectbox(key="train_recipe").value) == ("5k", "5k-v2b3")
    assert app.number_input(key=key("5k-v2b3", "epochs")).value == 7
    assert app.selectbox(key=key("5k-v2b3", "weights")).value == "random"
    assert app.number_input(key=key("5k-v2b3", "dropout")).value == 0.45
    assert "3 settings differ" in texts(app)


def test_a_changed_field_is_marked(app):
    assert app.number_input(key=key("quick-cpu", "epochs")).label == "Epochs"
    app.number_input(key=key("quick-cpu", "epochs")).set_value(7)
    assert "●" in run(app).number_input(key=key("quick-cpu", "epochs")).label


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [("model", "tf_efficientnetv2_b", "tf_efficientnetv2_b0"), ("optimizer", "smomentum", "momentum"),
     ("model", "resnet18", "can't be scaled")],
)  # fmt: skip
def test_a_name_that_timm_does_not_know_is_refused_in_the_form(app, spawned, field, value, part):
    # A test can't type into a select: an own recipe brings the name in.
    save_recipe("mine", load_recipe("quick-cpu").changed(**{field: value}))
    run(app).selectbox(key="train_recipe").set_value("mine")
    press(run(app), "Start training")
    assert part in app.error[0].value.replace("\\", "")
    assert spawned == []


def test_settings_that_do_not_fit_are_refused_in_the_form(app, spawned):
    group(app, "Pictures")
    app.number_input(key=key("quick-cpu", "scale:from")).set_value(1.5)
    press(run(app), "Start training")
    assert "0 < from" in app.code[0].value
    assert spawned == []
    app.number_input(key=key("quick-cpu", "scale:from")).set_value(0.5)
    press(run(app), "Start training")
    assert len(spawned) == 1


def test_a_local_file_needs_its_path_and_must_be_there(app, spawned, tmp_path):
    app.selectbox(key=key("quick-cpu", "weights")).set_value("file")
    press(run(app), "Start training")
    assert "need the file's path" in texts(app)
    app.text_input(key=key("quick-cpu", "weights:file")).set_value("/no/such.safetensors")
    press(run(app), "Start training")
    assert "no file /no/such.safetensors" in texts(app)
    assert spawned == []
    (tmp_path / "w.pth").write_bytes(b"")
    app.text_input(key=key("quick-cpu", "weights:file")).set_value(str(tmp_path / "w.pth"))
    press(run(app), "Start training")
    assert f"--weights={tmp_path}/w.pth" in spawned[0]


def test_new_labels_since_the_last_run_are_counted(demo, open_page):
    folder = demo.run_dir(1)
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("image_id,value,split\n")
    with demo.write() as connection:
        add_run(connection, 1, "quick-cpu", {})
    app = open_page("fine_tune")
    said = next(c.value for c in app.caption if "since run" in c.value)
    assert f"{said.split(' ')[0]} new labels since run 1." in said


def test_values_accepted_in_bulk_are_learned_from_on_request(proposed, open_page, spawned):
    from sqlalchemy import update

    from core.store import profiles, schema

    c = schema.cell.c
    with proposed.write() as connection:
        connection.execute(
            update(schema.cell).where(c.label_id == 1, c.value.is_(None)).values(value=1, source="pseudo")
        )
        profiles.rebuild(connection)
    app = open_page("fine_tune")
    app.checkbox(key="train_pseudo").check()
    press(run(app), "Start training")
    assert "--pseudo" in spawned[0]


def test_a_training_can_be_sent_to_a_cluster(app, spawned, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())  # as if Ray were installed
    group(app, training_form.WHERE)
    app.segmented_control(key="train_where:place").set_value("cluster")
    press(run(app), "Start training")
    assert "No Ray cluster is named" in app.error[0].value
    assert spawned == []
    app.text_input(key="train_where:address").set_value("head")
    app.number_input(key="train_where:workers").set_value(3)
    run(app)
    assert "cluster at http" in texts(app)
    group(app, "Network")
    press(app, "Start training")
    assert spawned[0][5:-4] == ["--cluster=http://head:8265", "--workers", "3", "--gpus-per-worker", "0"]
    leave_and_return(app)
    assert app.session_state[state.TRAIN_WHERE]["workers"] == 3


def test_a_training_can_have_several_processes_here(app, spawned):
    group(app, training_form.WHERE)
    app.number_input(key="train_where:processes").set_value(2)
    press(run(app), "Start training")
    assert spawned[0][5:-4] == ["--processes", "2"]


def test_bounds_and_choices_are_the_recipes_own(app, spawned):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(10_001)
    press(run(app), "Start training")
    assert any("10000" in box.value for box in app.code)
    assert spawned == []
    app.number_input(key=key("quick-cpu", "epochs")).set_value(10_000)
    press(run(app), "Start training")
    assert "--epochs=10000" in spawned[0]
    group(app, "Running")
    assert app.selectbox(key=key("quick-cpu", "precision")).options == ["auto", "no", "fp16", "bf16"]
    assert app.number_input(key=key("quick-cpu", "patience")).help == Recipe.model_fields["patience"].description


def test_a_recipe_that_was_edited_elsewhere_is_not_started_by_a_press_meant_for_the_old_one(app, spawned):
    save_recipe("mine", load_recipe("quick-cpu").changed(epochs=3))
    run(app).selectbox(key="train_recipe").set_value("mine")
    run(app)
    save_recipe("mine", load_recipe("quick-cpu").changed(epochs=5), overwrite=True)
    press(app, "Start training")
    assert "changed elsewhere" in texts(app)
    delete_recipe("mine")
    press(app, "Start training")
    assert "mine is gone" in texts(app)
    assert spawned == []
    press(app, "Start training")
    assert len(spawned) == 1


def test_the_shipped_recipes_lie_in_the_project():
    assert {p.stem for p in Path(RECIPES).glob("*.toml")} >= {"quick-cpu", "5k-v2b3"}
