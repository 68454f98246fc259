"""A network that was found elsewhere, in Fine-tune's form."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.training.library import load_recipe, save_recipe
from core.training.recipe import Recipe
from core.training.stages import Stage
from core.workspace import PROJECT
from tests.pages.form import key, press, run

SCALED = {"model": "efficientnet_b0", "width": 1.1, "depth": 1.2, "size": 258}


@pytest.fixture
def using(demo, monkeypatch):
    """Return a function that opens a page with nothing but a button for a network, and presses it."""
    monkeypatch.setattr("pages.ui.navigation.go", lambda name: None)  # this script is no page of the app

    def script(settings):
        from pages.ui import use_network

        use_network.button(settings, "use")

    def pressed(settings: dict, **session: object) -> AppTest:
        app = AppTest.from_function(script, args=(settings,), default_timeout=60)
        for name, value in session.items():
            app.session_state[name] = value
        return press(run(app), "Use this network")

    return pressed


def form(open_page, before: AppTest):
    """Open the Fine-tune page as this session comes to it."""
    app = AppTest.from_file(str(PROJECT / "pages" / "ui" / "shell.py"), default_timeout=60)
    for name in ("train_drafts", "train_recipe", "train_view"):
        app.session_state[name] = before.session_state[name]
    run(app).switch_page("../fine_tune.py")
    return run(app)


def test_a_scaled_network_is_in_the_form_with_random_weights(using, open_page):
    app = form(open_page, using(SCALED))
    name = "quick-cpu"
    assert app.selectbox(key=key(name, "model")).value == "efficientnet_b0"
    assert app.selectbox(key=key(name, "weights")).value == "random"
    assert app.number_input(key=key(name, "size") + ":height").value == 258
    assert app.number_input(key=key(name, "epochs")).value == load_recipe(name).epochs


def test_what_was_changed_before_stays_and_another_network_forgets_the_factors(using):
    first = using(SCALED)
    drafts = first.session_state["train_drafts"]
    drafts["quick-cpu"].values["epochs"] = 3
    drafts = using({"model": "tf_efficientnetv2_b3", "size": 300}, train_drafts=drafts).session_state["train_drafts"]
    values = drafts["quick-cpu"].values
    assert (values["model"], values["size"], values["epochs"]) == ("tf_efficientnetv2_b3", 300, 3)
    assert (values["width"], values["depth"]) == (1.0, 1.0)  # the recipe's own are smaller


def test_the_recipe_that_is_chosen_gets_it_and_its_stages_grow_with_the_size(using, demo):
    save_recipe(
        "mine", Recipe(model="resnet18", weights="w.pth", stages=(Stage(epochs=1, size=32), Stage(epochs=2, size=64)))
    )
    app = using({"model": "resnet50", "size": 128}, train_recipe="mine")
    values = app.session_state["train_drafts"]["mine"].values
    assert (values["model"], values["weights"]) == ("resnet50", "random")  # the file was another network's
    assert [stage["size"] for stage in values["stages"]] == [64, 128]


def test_what_no_recipe_can_hold_is_told_and_the_page_stays(using):
    app = using({"model": "efficientnet_b0", "size": 5000})
    assert "size" in app.code[0].value
    assert "train_recipe" not in app.session_state
