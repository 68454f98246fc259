"""What to train: label, recipe, weights and the settings that matter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.errors import GapwiseError
from core.training.command import train_command
from core.training.device import Probe
from core.training.library import list_recipes
from core.training.recipe import Recipe
from pages.ui import readers
from pages.ui.widgets import show_error

if TYPE_CHECKING:
    from core.labels.label import Label
    from core.workspace import Workspace

WEIGHTS = {
    "random": "Random: learn from nothing",
    "hub": "Pretrained, from timm's hub",
    "file": "Pretrained, from a local file",
}


def form(workspace: Workspace, labels: dict[int, Label]) -> None:
    """Draw the form; start a training when it is sent."""
    recipes = list_recipes()
    first, second, third = st.columns(3)
    label_id = first.selectbox("Label", list(labels), format_func=lambda i: labels[i].name, key="train_label")
    names = sorted(recipes, key=lambda n: n != "quick-cpu")
    name = second.selectbox("Recipe", names, format_func=lambda n: recipes[n].title or n, key="train_recipe")
    recipe = recipes[name]
    own = recipe.weights if recipe.weights in WEIGHTS else "file"
    # Nobody publishes weights for a network of half the width.
    scaled = (recipe.width, recipe.depth) != (1.0, 1.0)
    choices = [w for w in WEIGHTS if w != "hub" or not scaled]
    # Keyed by recipe, as all fields below: another recipe brings its own values.
    weights = third.selectbox(
        "Weights", choices, index=choices.index(own), format_func=WEIGHTS.get, key=f"train_weights_{name}"
    )
    counts = readers.missing(workspace).by_label[labels[label_id].name]
    learned = sum(counts[source] for source in ("given", "human", "derived"))
    st.caption(f"{learned:,} known cells to learn from and to measure on, {counts['open']:,} open ones to predict.")
    with st.form("train_form", border=True):
        values = _fields(name, recipe, weights)
        sent = st.form_submit_button("Start training", type="primary", icon=":material/play_arrow:")
    device_line()
    if sent:
        _start(workspace, labels[label_id].name, name, recipe, values, weights)


def _fields(name: str, recipe: Recipe, weights: str) -> dict[str, object]:
    about = Recipe.model_fields
    values: dict[str, object] = {"weights": weights}
    if weights == "file":
        values["weights"] = st.text_input(
            "Path of the weights file", key=f"train_file_{name}", placeholder="/path/to/model.safetensors"
        )
    model, epochs, batch = st.columns([2, 1, 1])
    values["model"] = model.text_input(
        "Model", recipe.model, key=f"train_model_{name}", help=about["model"].description
    )
    values["epochs"] = epochs.number_input("Epochs", 1, 10_000, recipe.epochs, key=f"train_epochs_{name}")
    values["batch_size"] = batch.number_input("Batch size", 1, 8192, recipe.batch_size, key=f"train_batch_{name}")
    height, width, rate, seed = st.columns(4)
    pixels = (
        height.number_input("Height in pixels", 8, 2048, recipe.pixels[0], key=f"train_height_{name}"),
        width.number_input("Width in pixels", 8, 2048, recipe.pixels[1], key=f"train_width_{name}"),
    )
    values["size"] = pixels[0] if pixels[0] == pixels[1] else pixels
    values["lr"] = rate.number_input(
        "Learning rate", 0.0, 10.0, recipe.lr, step=recipe.lr / 10, format="%.5g", key=f"train_lr_{name}"
    )
    values["seed"] = seed.number_input("Seed", 0, 2**31 - 1, recipe.seed, key=f"train_seed_{name}")
    if recipe.source:
        st.caption(f"Source of the recipe: {recipe.source}")
    return values


def _start(
    workspace: Workspace, label: str, name: str, recipe: Recipe, values: dict[str, object], weights: str
) -> None:
    try:
        if not values["weights"]:
            raise GapwiseError("Weights from a local file need the file's path.")
        if weights == "file" and not Path(str(values["weights"])).expanduser().is_file():
            raise GapwiseError(f"There is no file {values['weights']} on the machine that runs Gapwise.")
        recipe.changed(**values)  # refused here, in the form, rather than by a job that fails a moment later
        changes = {key: value for key, value in values.items() if value != getattr(recipe, key)}
        job_id = jobs.start(workspace, "train", train_command(label, name, changes))
    except GapwiseError as error:
        show_error(error)
        return
    st.toast(f"Job {job_id} started: it goes on when you close this page.", icon=":material/rocket_launch:")


def device_line() -> None:
    """Say which device a training will use; asked once per server, in a process of its own."""
    known = _probe().name() is not None

    @st.fragment(run_every=None if known else 1.0)
    def line() -> None:
        name = _probe().name()
        st.caption(f"Device: {name}" if name else "Device: looking for one …")

    line()


@st.cache_resource(show_spinner=False)
def _probe() -> Probe:
    return Probe()
