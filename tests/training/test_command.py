"""A training's command line, written and read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import GapwiseError
from core.training.command import TrainCommand, parse_train_command, train_command
from core.training.library import delete_recipe, list_recipes, load_recipe, save_recipe
from core.training.recipe import Recipe
from core.training.settings import applied, differing
from core.training.stages import Progressive, Stage

SHIPPED = ["train", "--label", "mask", "--recipe", "quick-cpu"]
MINE = Recipe(model="resnet18", epochs=2, label_smoothing=0.1, title="Mine")


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path_factory.mktemp("home")))


def test_a_shipped_recipe_goes_by_its_name_and_what_differs():
    assert train_command("mask", "quick-cpu", {}) == SHIPPED
    quick = load_recipe("quick-cpu")
    values = {"epochs": 3, "size": [64, 96], "optimizer": "sgd", "lr": quick.lr, "scale": [0.5, 1.0]}
    expected = [*SHIPPED, "--epochs=3", "--size=64x96", '--set=optimizer="sgd"', "--set=scale=[0.5, 1.0]", "--pseudo"]
    assert train_command("mask", "quick-cpu", values, pseudo=True) == expected


def test_what_is_written_is_read_back():
    values = {"epochs": 3, "size": [64, 96], "optimizer": "sgd", "scale": [0.5, 1.0]}
    command = train_command("mask", "quick-cpu", values, pseudo=True)
    assert parse_train_command(command) == TrainCommand("mask", "quick-cpu", values, pseudo=True)


def test_commands_of_older_jobs_are_read():
    parsed = parse_train_command([*SHIPPED, "--epochs=3", "--batch-size=8", "--weights=hub"])
    assert parsed.values == {"epochs": 3, "batch_size": 8, "weights": "hub"}


def test_arguments_of_others_are_kept():
    assert parse_train_command([*SHIPPED, "--workers=2", "--pseudo"]).rest == ("--workers=2",)


def test_ones_own_recipe_may_be_edited_or_deleted_while_its_job_waits():
    save_recipe("mine", MINE)
    command = train_command("mask", "mine", {"epochs": 5})
    assert command == ["train", "--label", "mask", "--recipe", "mine", "--epochs=5", "--model=resnet18",
                       "--set=label_smoothing=0.1", "--standalone"]  # fmt: skip
    wanted = Recipe(model="resnet18", epochs=5, label_smoothing=0.1)
    save_recipe("mine", Recipe(model="other", lr=1.0), overwrite=True)
    assert parse_train_command(command).full_recipe() == wanted
    delete_recipe("mine")
    parsed = parse_train_command(command)
    assert parsed.full_recipe() == wanted
    assert (parsed.recipe, parsed.standalone) == ("mine", True)
    # What it says is whole: it gives the same recipe whatever it is applied to, and starts again without the file.
    assert differing(applied(load_recipe("5k-v2b3"), parsed.values), wanted) == {"title": "", "source": ""}
    assert train_command("mask", "mine", parsed.values) == command


def test_a_recipe_file_is_carried_too(tmp_path: Path):
    path = tmp_path / "other.toml"
    path.write_text(MINE.to_toml())
    parsed = parse_train_command(train_command("mask", str(path), {}))
    path.unlink()
    assert parsed.recipe_name == "other"
    assert parsed.full_recipe() == MINE.changed(title="")


def test_part_of_a_recipe_that_is_gone_is_not_enough():
    with pytest.raises(GapwiseError, match="no recipe 'gone'"):
        train_command("mask", "gone", {"model": "resnet18", "epochs": 5})


@pytest.mark.parametrize("label", ["--job", "-", "a b", "ünïcödé", "--label=x", "a\nb"])
def test_any_label_gets_through(label):
    assert parse_train_command(train_command(label, "quick-cpu", {})).label == label


def test_weights_from_a_file_are_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    assert f"--weights={tmp_path}/w.pth" in train_command("mask", "quick-cpu", {"weights": "w.pth"})
    assert "--weights=/somewhere/w.pth" in train_command("mask", "quick-cpu", {"weights": "~/w.pth"})


def test_no_argument_holds_what_a_process_can_not_be_given():
    command = train_command("mask", "quick-cpu", {"model": "a\x00b"})
    assert not any("\x00" in argument for argument in command)
    assert parse_train_command(command).values == {"model": "a\x00b"}


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "trains nothing"),
        (["predict", "--run", "1"], "trains nothing"),
        (["train", "--label", "mask"], "--recipe"),
        ([*SHIPPED, "--epochs=x"], "--epochs"),
        ([*SHIPPED, "--set=nothing=1"], "no setting 'nothing'"),
        ([*SHIPPED, "--set=lr=1", "--set=lr=2"], "lr is given twice"),
        ([*SHIPPED, "--lr=1", "--set=lr=2"], "lr is given twice"),
        ([*SHIPPED, "--set=lr=1", "--standalone"], "model: is missing"),
    ],
)
def test_a_command_that_can_not_be_read_says_why(arguments, part):
    with pytest.raises(GapwiseError, match=part):
        parse_train_command(arguments)


def test_wrong_values_are_told_before_there_is_a_command():
    with pytest.raises(GapwiseError, match="lr: .*got -1"):
        train_command("mask", "quick-cpu", {"lr": -1})


_STAGES = st.lists(
    st.builds(Stage, epochs=st.integers(1, 9), size=st.integers(8, 99), dropout=st.sampled_from([0.0, 0.3])),
    max_size=3,
)  # fmt: skip
_PROGRESSIVE = st.none() | st.builds(Progressive, size=st.tuples(st.integers(8, 99), st.integers(8, 99)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.sampled_from(["quick-cpu", "5k-v2b3", "own"]),
    st.fixed_dictionaries({}, optional={
        "model": st.text(st.characters(exclude_categories=["Cs"]), min_size=1), "lr": st.floats(1e-9, 10),
        "epochs": st.integers(1, 99), "size": st.integers(8, 99), "balance": st.booleans(),
        "dropout": st.sampled_from([0.0, 0.5]), "stages": _STAGES.map(lambda s: [x.model_dump(mode="json") for x in s]),
    }),
    _PROGRESSIVE,
)  # fmt: skip
def test_every_command_gives_the_recipe_that_was_asked_for(name, values, progressive):
    save_recipe("own", MINE, overwrite=True)
    if progressive and not values.get("stages"):
        values = {**values, "progressive": progressive.model_dump(mode="json")}
    wanted = applied(list_recipes()[name], values)
    got = parse_train_command(train_command("mask", name, values)).full_recipe()
    assert got.model_copy(update={"title": "", "source": ""}) == wanted.model_copy(update={"title": "", "source": ""})
