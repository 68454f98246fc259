"""The form of the Fine-tune page."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import jobs
from core.jobs import process
from core.models.catalog import Catalog
from core.store.runs import add_run
from core.training.command import parse_train_command
from core.training.library import RECIPES, list_recipes, load_recipe, own_folder, save_recipe
from core.training.recipe import Recipe
from core.training.stages import Progressive, Stage
from pages.ui import state, training_facts, training_form

STAGED = Recipe(model="resnet18", stages=(Stage(epochs=2, size=32), Stage(epochs=3, size=(64, 48), dropout=0.2)))
_USED = {r.model for r in list_recipes().values()}
NAMES = Catalog(
    tuple(sorted({m.partition(".")[0] for m in _USED} | {"resnet18"})), tuple(sorted(m for m in _USED if "." in m)),
    tuple(sorted({r.optimizer for r in list_recipes().values()} | {"momentum", "sgd"})), ("tf_efficientnetv2_b0",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _names(monkeypatch) -> None:
    """What timm knows, without asking timm; the device is not asked for either."""

    class Known:
        waiting = False

        def catalog(self) -> Catalog:
            return NAMES

    monkeypatch.setattr(training_facts, "_listing", Known)


@pytest.fixture
def spawned(monkeypatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr(process, "spawn", lambda arguments, log: found.append(list(arguments)) or 2**22 + 1)
    return found


@pytest.fixture
def app(demo, open_page):
    return open_page("fine_tune")


def key(name: str, field: str) -> str:
    return f"train:{name}:{field}"


def run(app):
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def press(app, text: str):
    next(b for b in app.button if b.label == text).click()
    return run(app)


def group(app, name: str):
    app.session_state["train_group"] = name
    return run(app)


def texts(app) -> str:
    return "\n".join(e.value for kind in ("markdown", "caption", "error") for e in getattr(app, kind))


def leave_and_return(app):
    app.switch_page("../review.py").run()
    app.switch_page("../fine_tune.py")
    return run(app)


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
    assert "As in " in texts(run(app))


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

    from core.store import schema

    c = schema.cell.c
    with proposed.write() as connection:
        connection.execute(
            update(schema.cell).where(c.label_id == 1, c.value.is_(None)).values(value=1, source="pseudo")
        )
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


def test_bounds_and_choices_are_the_recipes_own(app):
    epochs = app.number_input(key=key("quick-cpu", "epochs"))
    assert (epochs.min, epochs.max, epochs.step) == (1, 10_000, 1)
    group(app, "Running")
    assert app.selectbox(key=key("quick-cpu", "precision")).options == ["auto", "no", "fp16", "bf16"]
    assert app.number_input(key=key("quick-cpu", "patience")).help == Recipe.model_fields["patience"].description


def test_the_shipped_recipes_lie_in_the_project():
    assert {p.stem for p in Path(RECIPES).glob("*.toml")} >= {"quick-cpu", "5k-v2b3"}
