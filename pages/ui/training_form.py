"""What to train: label, recipe, weights and every setting, those that matter in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import jobs
from core.cluster.where import read_where
from core.errors import GapwiseError
from core.training import library
from core.training.command import check_weights, train_command
from core.training.recipe import Recipe
from core.training.trackers import read_trackers, tracker_arguments
from pages.ui import (
    one_press,
    state,
    sweep_form,
    training_facts,
    training_memory,
    training_recipes,
    training_stages,
    training_trackers,
    training_weights,
    training_where,
)
from pages.ui import training_fields as fields
from pages.ui.saying import said, say
from pages.ui.training_draft import current, draft, shown, take_clone
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.labels.label import Label
    from core.workspace import Workspace

FIRST = "quick-cpu"  # what is chosen before anybody chose
FRONT = ("epochs", "batch_size", "lr", "seed", "optimizer", "size")  # below weights and model
GROUPS = {
    "Optimizer and schedule": (
        "schedule", "warmup_epochs", "min_lr", "decay_epochs", "decay_rate", "momentum", "weight_decay", "clip_grad",
    ),
    "Regularization": ("label_smoothing", "dropout", "drop_path", "mixup", "cutmix", "balance"),
    "Pictures": (
        "normalization", "rand_augment", "color_jitter", "hflip", "scale", "ratio", "rotate", "translate", "zoom",
        "shear", "grey",
    ),
    "Network": ("width", "depth", "freeze"),
    "Running": ("patience", "min_delta", "best_by", "precision", "accumulate", "ema_decay", "compile"),
}  # fmt: skip
PROGRESSIVE, WHERE = "Progressive learning", "Where"
ELSEWHERE = ("title", "source", "weights", "stages", "progressive")  # drawn by hand, or words about the recipe


def form(workspace: Workspace, labels: dict[int, Label]) -> None:
    """Draw the form; start a training when that is asked for."""
    _open_with(labels)
    # A fragment: what is typed here need not draw jobs and curves again.
    st.fragment(_form)(workspace, {label.name: len(label.classes) for label in labels.values()})
    training_facts.await_catalog()


def rest() -> dict[str, tuple[str, ...]]:
    """Return the groups behind the front fields; settings that nobody sorted yet are not lost."""
    sorted_ = {"model", *FRONT, *ELSEWHERE, *(n for names in GROUPS.values() for n in names)}
    more = tuple(n for n in Recipe.model_fields if n not in sorted_)
    return {**GROUPS, "More": more} if more else dict(GROUPS)


def _open_with(labels: dict[int, Label]) -> None:
    """Choose what another part of the app asked for: a job's settings, or a recipe that was just saved."""
    saved, clone = state.get(state.TRAIN_SAVED), state.get(state.TRAIN_CLONE)
    state.put(state.TRAIN_SAVED, "")
    state.put(state.TRAIN_CLONE, None)
    if saved:
        state.put(state.TRAIN_RECIPE, saved)
    if not clone:
        return
    recipes = library.list_recipes()
    name = clone["recipe"] if clone["recipe"] in recipes else FIRST
    try:
        take_clone(recipes[name], name, clone["values"])
        if "rest" in clone:
            training_where.take(read_where(clone["rest"]))
            training_trackers.take(read_trackers(clone["rest"]))
    except GapwiseError as error:
        show_error(error)
        return
    state.put(state.TRAIN_RECIPE, name)
    state.put("train_pseudo", bool(clone.get("pseudo")))
    if clone["label"] in {label.name for label in labels.values()}:
        state.put(state.TRAIN_LABEL, clone["label"])
    if name != clone["recipe"]:
        st.info(
            f"There is no recipe {plain(clone['recipe'])} here any more: its settings are shown as changes of {name}."
        )


def _form(workspace: Workspace, labels: dict[str, int]) -> None:
    """Draw the form itself; `labels` has each one's number of classes."""
    said()
    entries = library.entries()
    with st.container(border=True):
        label, entry = _choices(workspace, list(labels), [e for e in entries if e.recipe is not None])
        name, base = entry.name, entry.recipe
        changed = _changed_elsewhere(name, base)
        _front(name, base)
        recipe, problem = current(base, name)
        pressed, pseudo = _actions(workspace, label, entry, recipe)
        # Below the buttons: a line that grows must not move one away from under the pointer.
        problem = _pathless(name) or problem or _unknown(recipe)
        if problem is not None:
            show_error(problem)
        else:
            # First: the lines below may begin the page anew when their answer comes, and the press would be lost.
            if pressed and changed:
                show_error(GapwiseError(changed))
            elif pressed:
                _start(workspace, label, name, recipe, pseudo)
            st.caption(training_recipes.differences(name, base, recipe))
            if where := training_where.note():
                st.caption(f":orange[●] {plain(where)}")
            training_facts.device_line()
            training_memory.line(recipe, labels[label])
    if recipe is not None:
        sweep_form.section(workspace, label, name, base, draft(name).values, pseudo)
    training_recipes.broken(entries)


def _changed_elsewhere(name: str, base: Recipe) -> str:
    """Return why what is on screen is no longer what would be started; empty when it is.

    A recipe's file may be edited or deleted in another tab or a shell; the press that comes then was meant for what was
    there before.
    """
    before, now = state.get(state.TRAIN_DRAWN), (name, base.model_dump_json())
    state.put(state.TRAIN_DRAWN, now)
    if not before or before == now:
        return ""
    if before[0] == name:
        return f"The recipe {name} was changed elsewhere a moment ago. Look at the fields, then press again."
    return f"The recipe {before[0]} is gone: this is {name} now. Look at the fields, then press again."


def _choices(workspace: Workspace, labels: list[str], entries: list[library.Entry]) -> tuple[str, library.Entry]:
    known = {e.name: e for e in entries}
    row = fields.row()
    _fall_back(state.TRAIN_LABEL, labels, labels[0])
    label = row.selectbox("Label", labels, key=state.TRAIN_LABEL, width=fields.WIDE, persist_state="session")
    _fall_back(state.TRAIN_RECIPE, list(known), FIRST)
    # By name: the titles are longer than a select in a narrow window.
    names = sorted(known, key=lambda n: (known[n].own, n != FIRST))
    name = row.selectbox("Recipe", names, key=state.TRAIN_RECIPE, width=fields.WIDE, persist_state="session")
    st.caption(_about(known[name]))
    training_facts.cells_line(workspace, label)
    return label, known[name]


def _about(entry: library.Entry) -> str:
    words = f"**{plain(entry.recipe.title or entry.name)}**"
    return f"{words} · Source: {plain(entry.recipe.source)}" if entry.recipe.source else words


def _front(name: str, base: Recipe) -> None:
    row = fields.row()
    training_weights.draw(row, name, base)
    _fields(row, name, base, ("model",))
    _fields(fields.row(), name, base, FRONT)
    chosen = st.segmented_control(
        "More settings", [PROGRESSIVE, *rest(), WHERE], key="train_group", persist_state="session"
    )
    if chosen == PROGRESSIVE:
        training_stages.draw(name, base)
    elif chosen == WHERE:
        training_where.draw()
        training_trackers.draw()
    elif chosen:  # what is not shown costs nothing
        _fields(fields.row(), name, base, rest()[chosen])


def _fields(row: DeltaGenerator, name: str, base: Recipe, names: tuple[str, ...]) -> None:
    values, own = shown(base, name), base.model_dump(mode="json")
    by_stages = training_stages.BY_STAGES if training_stages.kind(values) == "written" else ()
    for field in names:
        about, key = Recipe.model_fields[field], f"train:{name}:{field}"
        fields.draw(row, field, about, values[field], key, values[field] != own[field], _changed,
                    (name, field, key, own[field]), field in by_stages, _options(field),
                    fields.WIDE if field == "model" else fields.NARROW)  # fmt: skip


def _options(field: str) -> tuple[str, ...]:
    """Return the names to choose from; none until they are known, when a name has to be typed."""
    names = training_facts.catalog() if field in ("model", "optimizer") else None
    if names is None:
        return ()
    return names.optimizers if field == "optimizer" else names.by_use


def _changed(name: str, field: str, key: str, own: object) -> None:
    draft(name).put(field, fields.read(Recipe.model_fields[field], key), own)


def _actions(workspace: Workspace, label: str, entry: library.Entry, recipe: Recipe | None) -> tuple[bool, bool]:
    """Draw the buttons; return whether to start, and whether with values accepted in bulk."""
    pseudo = False
    if bulk := training_facts.pseudo_cells(workspace, label):
        pseudo = st.checkbox(f"Learn from the {bulk:,} values accepted in bulk as well", key="train_pseudo")
    row = st.container(horizontal=True, gap="small")
    pressed = row.button("Start training", type="primary", icon=":material/play_arrow:", key="train_start")
    training_recipes.buttons(row, entry.name, entry.own, entry.recipe, recipe, bool(draft(entry.name).values))
    return pressed, pseudo


def _pathless(name: str) -> GapwiseError | None:
    missing = draft(name).values.get("weights") == ""
    return GapwiseError("Weights from a local file need the file's path.") if missing else None


def _unknown(recipe: Recipe) -> GapwiseError | None:
    """Return what is wrong with the names, as far as the server knows; the worker looks again."""
    names = training_facts.catalog()
    if names is None:
        return None
    try:
        names.check(recipe)
    except GapwiseError as error:
        return error
    return None


def _start(workspace: Workspace, label: str, name: str, recipe: Recipe, pseudo: bool) -> None:
    try:
        check_weights(recipe.weights)
        where = training_where.chosen()
        command = train_command(label, name, recipe.model_dump(mode="json"), pseudo)
        command += [*tracker_arguments(training_trackers.chosen()), *where.arguments]
        if one_press.again(workspace, command):
            return
        job_id = jobs.start(workspace, "train", command)
        one_press.note(workspace, command)
    except GapwiseError as error:
        show_error(error)
        return
    say(f"Job {job_id} is on its way: it goes on when you close this page.", ":material/rocket_launch:")
    st.rerun()  # the jobs below this form are a part of the page of their own


def _fall_back(key: str, options: list[str], first: str) -> None:
    """Choose something that is there: another workspace has other labels, and recipes can be deleted."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = first if first in options else options[0]
