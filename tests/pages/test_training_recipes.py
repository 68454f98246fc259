"""Recipes in the training form: changed, stored, cloned from jobs, broken, with stages."""

from __future__ import annotations

import pytest

from core.training.command import parse_train_command
from core.training.library import load_recipe, own_folder, save_recipe
from core.training.recipe import Recipe
from core.training.stages import Progressive, Stage
from pages.ui import state, training_form
from tests.pages.form import group, key, press, run, texts

STAGED = Recipe(model="resnet18", stages=(Stage(epochs=2, size=32), Stage(epochs=3, size=(64, 48), dropout=0.2)))


def test_each_recipe_keeps_its_own_changes(app):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(7)
    run(app).selectbox(key="train_recipe").set_value("5k-v2b3")
    assert "As in " in texts(run(app))
    app.selectbox(key="train_recipe").set_value("quick-cpu")
    assert run(app).number_input(key=key("quick-cpu", "epochs")).value == 7


def test_reset_goes_back_to_the_recipe(app, spawned):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(7)
    press(run(app), "Reset to the recipe")
    assert app.number_input(key=key("quick-cpu", "epochs")).value == load_recipe("quick-cpu").epochs
    press(app, "Start training")
    assert spawned[0][:-4] == ["train", "--label", "mask", "--recipe", "quick-cpu"]


def test_a_changed_recipe_is_saved_under_a_new_name_and_chosen(app, spawned):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(3)
    run(app).text_input(key="train_save_name_quick-cpu").set_value("mine")
    press(run(app), "Save")
    assert load_recipe("mine").epochs == 3
    assert load_recipe("mine").model == load_recipe("quick-cpu").model
    run(app)
    assert app.selectbox(key="train_recipe").value == "mine"
    assert app.number_input(key=key("mine", "epochs")).value == 3
    press(app, "Start training")
    assert "--standalone" in spawned[0]
    app.selectbox(key="train_recipe").set_value("quick-cpu")
    assert run(app).number_input(key=key("quick-cpu", "epochs")).value == 40


@pytest.mark.parametrize(("name", "part"), [("quick-cpu", "comes with Gapwise"), ("../x", "can't be called")])
def test_a_name_that_can_not_be_taken_is_told_and_nothing_is_lost(app, name, part):
    app.number_input(key=key("quick-cpu", "epochs")).set_value(3)
    run(app).text_input(key="train_save_name_quick-cpu").set_value(name)
    press(run(app), "Save")
    assert part in texts(app)
    assert app.number_input(key=key("quick-cpu", "epochs")).value == 3
    assert not own_folder().exists()


def test_ones_own_recipe_is_replaced_on_request_and_can_be_deleted(demo, open_page):
    save_recipe("mine", load_recipe("quick-cpu").changed(epochs=3))
    app = open_page("fine_tune")
    app.selectbox(key="train_recipe").set_value("mine").run()
    app.number_input(key=key("mine", "epochs")).set_value(4)
    press(run(app), "Save")
    assert load_recipe("mine").epochs == 3
    app.checkbox(key="train_save_over_mine").check()
    press(run(app), "Save")
    assert load_recipe("mine").epochs == 4
    press(run(app), "Delete mine")
    assert list(own_folder().iterdir()) == []
    assert app.selectbox(key="train_recipe").value == "quick-cpu"


def test_a_broken_recipe_is_told_and_the_page_goes_on(demo, open_page, spawned):
    own_folder().mkdir()
    (own_folder() / "broken.toml").write_text("model = \n")
    app = open_page("fine_tune")
    assert "line 1" in app.code[0].value
    press(app, "Start training")
    assert len(spawned) == 1
    press(app, "Delete it")
    assert list(own_folder().iterdir()) == []


def test_a_recipe_that_was_edited_meanwhile_is_shown_as_it_is(demo, open_page):
    save_recipe("mine", load_recipe("quick-cpu").changed(epochs=3, seed=1))
    app = open_page("fine_tune")
    app.selectbox(key="train_recipe").set_value("mine").run()
    app.number_input(key=key("mine", "seed")).set_value(9)
    run(app)
    save_recipe("mine", load_recipe("quick-cpu").changed(epochs=5, seed=1), overwrite=True)
    run(app)
    assert app.number_input(key=key("mine", "epochs")).value == 5
    assert app.number_input(key=key("mine", "seed")).value == 9


def test_a_jobs_settings_open_the_form_once(app, spawned):
    values = {"epochs": 5, "dropout": 0.25}
    app.session_state[state.TRAIN_CLONE] = {"label": "5k", "recipe": "quick-cpu", "values": values}
    run(app)
    assert app.selectbox(key="train_label").value == "5k"
    assert app.number_input(key=key("quick-cpu", "epochs")).value == 5
    assert "2 settings differ" in texts(app)
    app.number_input(key=key("quick-cpu", "epochs")).set_value(6)
    press(run(app), "Start training")
    asked = parse_train_command(spawned[0][:-4])
    assert (asked.label, asked.values) == ("5k", {"epochs": 6, "dropout": 0.25})


def test_a_clone_trains_where_the_job_did_and_is_followed_by_the_same_tools(app, spawned):
    rest = ["--tracker=tensorboard", "--tracker=gone", "--processes", "2"]
    clone = {"label": "mask", "recipe": "quick-cpu", "values": {"epochs": 5}, "pseudo": False, "rest": rest}
    app.session_state[state.TRAIN_CLONE] = clone
    press(run(app), "Start training")
    assert spawned[0][5:-4] == ["--epochs=5", "--tracker=tensorboard", "--processes", "2"]


def test_a_clone_of_a_recipe_that_is_gone_shows_its_settings_as_changes_of_another(app, spawned):
    whole = STAGED.model_dump(mode="json", exclude={"title", "source"})
    app.session_state[state.TRAIN_CLONE] = {"label": "gone", "recipe": "gone", "values": whole}
    run(app)
    assert "no recipe gone" in app.info[0].value
    press(app, "Start training")
    got = parse_train_command(spawned[0][:-4]).full_recipe()
    assert got.model_copy(update={"title": "", "source": ""}) == STAGED


def test_a_clone_with_settings_of_another_gapwise_is_told(app):
    app.session_state[state.TRAIN_CLONE] = {"label": "mask", "recipe": "quick-cpu", "values": {"epochs": 0}}
    run(app)
    assert "don't fit" in texts(app)


def test_stages_are_chosen_with_values_to_begin_with(app, spawned):
    group(app, training_form.PROGRESSIVE)
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("between")
    run(app)
    assert app.number_input(key=key("quick-cpu", "progressive.size:height")).value == 64
    app.number_input(key=key("quick-cpu", "progressive.stages")).set_value(2)
    app.number_input(key=key("quick-cpu", "epochs")).set_value(4)
    run(app)
    assert "epochs 1–2: 64 × 64 px · epochs 3–4: 128 × 128 px" in texts(app)
    press(app, "Start training")
    recipe = parse_train_command(spawned[0][:-4]).full_recipe()
    assert recipe.progressive == Progressive(stages=2, size=64, dropout=0.05, drop_path=0.05, weight_decay=0.025)
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("written")
    run(app)
    assert app.number_input(key=key("quick-cpu", "epochs")).disabled
    press(app, "Start training")
    recipe = parse_train_command(spawned[1][:-4]).full_recipe()
    assert [(s.epochs, s.size) for s in recipe.stages] == [(2, 64), (2, 128)]
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("none")
    assert "1 setting differs from quick-cpu" in texts(run(app))  # the epochs that were typed before
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("between")
    assert run(app).number_input(key=key("quick-cpu", "progressive.stages")).value == 2
    press(app, "Start training")
    assert parse_train_command(spawned[2][:-4]).full_recipe() == parse_train_command(spawned[0][:-4]).full_recipe()


def test_stages_are_added_and_removed_and_outlive_a_look_at_another_kind(app, spawned):
    group(app, training_form.PROGRESSIVE)
    app.number_input(key=key("quick-cpu", "lr")).set_value(0.01)
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("written")
    press(run(app), "Add a stage")
    press(app, "Add a stage")
    press(app, "Remove the last stage")
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("none")
    run(app)
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("written")
    press(run(app), "Start training")
    recipe = parse_train_command(spawned[0][:-4]).full_recipe()
    assert [s.size for s in recipe.stages] == [64, 85, 107, 128, 128]
    assert (recipe.stages[3], recipe.lr) == (recipe.stages[4], 0.01)
    press(app, "Reset to the recipe")
    app.segmented_control(key=key("quick-cpu", "kind")).set_value("written")
    press(run(app), "Start training")
    assert len(parse_train_command(spawned[1][:-4]).full_recipe().stages) == 4


def test_a_recipe_with_stages_can_be_trained_without(app, spawned):
    save_recipe("staged", STAGED)
    run(app).selectbox(key="train_recipe").set_value("staged")
    group(run(app), training_form.PROGRESSIVE)
    assert app.number_input(key=key("staged", "size:width")).value == 48
    app.segmented_control(key=key("staged", "kind")).set_value("none")
    run(app).number_input(key=key("staged", "epochs")).set_value(4)
    press(run(app), "Start training")
    recipe = parse_train_command(spawned[0][:-4]).full_recipe()
    assert (recipe.stages, recipe.epochs, recipe.size, recipe.dropout) == ((), 4, (64, 48), 0.2)
    app.segmented_control(key=key("staged", "kind")).set_value("written")
    run(app)
    assert "As in staged" in texts(app)
