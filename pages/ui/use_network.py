"""From a network that was found somewhere to Fine-tune, whose form holds it then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.models.scaling import Factors
from core.models.starts import px
from core.training import library
from pages.ui import cascade_panel, navigation, state, training_form
from pages.ui.saying import say
from pages.ui.training_draft import draft, take_clone
from pages.ui.widgets import show_error

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TEXT = "Use this network"
_SOURCES = ("random", "hub")  # of weights; anything else is the path of a file, which fits one network


def button(settings: Mapping[str, object], key: str, where: DeltaGenerator | None = None, text: str = TEXT) -> None:
    """Draw a button; pressed, it opens Fine-tune as `use` does."""
    if (where or st).button(text, icon=":material/model_training:", key=key):
        use(settings)


def use(settings: Mapping[str, object]) -> None:
    """Open Fine-tune with a network; this page's run ends. Why a recipe can't hold it is shown here instead.

    Not in a callback, which can't change the page.

    Args:
        settings: Values by the names of a recipe's settings, as JSON values: `model`, a timm name, and what applies of
            `width` and `depth` (multiples of the model's own), `size` (pixels), `batch_size` and others. Width and
            depth that are not named are 1. All else stays as the form has it.
    """
    try:
        put(settings)
    except GapwiseError as error:
        show_error(error)
        return
    say(f"{settings['model']} is in the form now; the other settings are as they were.", ":material/model_training:")
    navigation.go("fine_tune")


def scaled(name: str, factors: Factors) -> dict[str, object]:
    """Return a baseline scaled by factors as a recipe's settings.

    Raises:
        GapwiseError: If there is no such baseline.
    """
    return {"model": name, "width": factors.width, "depth": factors.depth, "size": px(factors, name)}


def put(settings: Mapping[str, object]) -> str:
    """Put a network into the draft of the recipe that is chosen in the form; return the recipe's name.

    Raises:
        GapwiseError: If a recipe can't hold it.
    """
    recipes = library.list_recipes()
    name = st.session_state.get(state.TRAIN_RECIPE)
    name = name if name in recipes else training_form.FIRST
    before = {**recipes[name].model_dump(mode="json"), **draft(name).values}
    wanted = {**draft(name).values, "width": 1.0, "depth": 1.0, **settings}
    take_clone(recipes[name], name, {**wanted, **_beginning(before, wanted, settings)})
    state.put(state.TRAIN_RECIPE, name)
    state.put(state.TRAIN_VIEW, cascade_panel.VIEWS[0])
    state.put(state.TRAIN_CLONE, None)  # what was asked for before must not come over it
    return name


def _beginning(before: Mapping, wanted: Mapping, settings: Mapping) -> dict[str, object]:
    """Return what weights to start from, where those of the form don't fit the network."""
    if "weights" in settings:
        return {}
    other_file = before["weights"] not in _SOURCES and before["model"] != wanted["model"]
    if (wanted["width"], wanted["depth"]) == (1.0, 1.0) and not other_file:
        return {}
    # Nobody publishes weights for another width, and with random ones a frozen network learns nothing.
    return {"weights": "random", "freeze": False}
