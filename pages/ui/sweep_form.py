"""What to sweep: any of the recipe's settings with several values, from the settings that the form above has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.training.compare import duration
from core.training.pace import TRAINED
from core.training.settings import spelled
from core.training.summary import summaries
from core.training.sweep.command import Asked, start
from core.training.sweep.effects import dimensions
from core.training.sweep.estimate import estimate
from core.training.sweep.plan import OBJECTIVES, SEARCHES, Plan
from core.training.sweep.space import MAX_TRIALS, SEED, names
from core.training.sweep.spelling import HOW
from pages.ui import one_press, readers, state
from pages.ui import training_fields as fields
from pages.ui.saying import say
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.training.recipe import Recipe
    from core.workspace import Workspace

FAIR = (
    "Every trial learns from the same images and is measured on the same held-out ones, with the same seed unless you"
    " try several. The figures of a small held-out set differ by chance: several seeds show by how much."
)


def section(
    workspace: Workspace, label: str, recipe: str, base: Recipe, changes: Mapping[str, object], pseudo: bool = False
) -> None:
    """Draw the sweep's part of the form; start one when that is asked for.

    Args:
        recipe, base: The chosen recipe, and its name.
        changes: What the form has instead of the recipe's own values, JSON values by name.
        pseudo: Whether to learn from values accepted in bulk as well.
    """
    box = st.expander("Sweep: try several values and compare", icon=":material/grid_view:", key="sweep_box",
                      on_change="rerun")  # fmt: skip
    if not box.open:
        return
    with box:
        st.caption(f"One training for every combination, from the settings above. {FAIR}")
        tried = _values(base, changes)
        fixed = [f"{name}={spelled(value)}" for name, value in changes.items() if name not in tried]
        sets = (*fixed, *(f"{name}={text}" for name, text in tried.items()))
        asked = Asked(label, recipe, sets, pseudo=pseudo, **_how())
        plan, problem = _checked(asked) if any(map(_several, tried.values())) else (None, None)
        pressed = st.button("Start the sweep", icon=":material/play_arrow:", key="sweep_start", disabled=plan is None)
        if problem is not None:
            show_error(problem)
        else:
            st.caption(_told(workspace, plan) if plan else f"There is nothing to compare yet. {plain(HOW)}")
        if pressed and plan is not None:
            _start(workspace, asked)


def _values(base: Recipe, changes: Mapping[str, object]) -> dict[str, str]:
    """Draw the choice of settings and a field for each; return what was typed."""
    about = names()
    state.get(state.SWEEP_SETTINGS)
    chosen = st.multiselect(
        "Settings to try", list(about), key=state.SWEEP_SETTINGS, format_func=lambda n: f"{_title(n)} ({n})",
        persist_state="session", placeholder="Choose one or more",
    )  # fmt: skip
    row, typed = fields.row(), state.get(state.SWEEP_VALUES)
    for name in chosen:
        key = f"sweep:{name}"
        if key not in st.session_state:
            st.session_state[key] = typed.get(name, spelled(_own(base, changes, name)))
        row.text_input(_title(name), key=key, width=fields.WIDE, on_change=_typed, args=(name, key),
                       help=f"{plain(about[name])}. {plain(HOW)} {_ranges()}")  # fmt: skip
    return {name: st.session_state[f"sweep:{name}"] for name in chosen}


def _several(text: str) -> bool:
    """Whether what was typed may be more than one value; what it is, is checked elsewhere."""
    return "," in text or ".." in text


def _typed(name: str, key: str) -> None:
    # Streamlit forgets a field that is not drawn; a setting that is taken out and put back has its values again.
    state.get(state.SWEEP_VALUES)[name] = st.session_state[key]


def _ranges() -> str:
    return "A range for Optuna's search is written 0.001..0.1."


def _own(base: Recipe, changes: Mapping[str, object], name: str) -> object:
    if name in changes:
        return changes[name]
    value: object = base.model_dump(mode="json")
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _title(name: str) -> str:
    outer, _, inner = name.partition(".")
    return f"{fields.title(outer)}: {fields.title(inner).lower()}" if inner else fields.title(name)


def _how() -> dict[str, object]:
    """Draw how to search; return it as `Asked` takes it."""
    for key in (state.SWEEP_SEARCH, state.SWEEP_TRIALS, state.SWEEP_OBJECTIVE, state.SWEEP_PREDICT):
        state.get(key)
    row = fields.row()
    search = row.selectbox("Search", list(SEARCHES), format_func=SEARCHES.get, key=state.SWEEP_SEARCH,
                           width=fields.WIDE, persist_state="session")  # fmt: skip
    trials = None
    if search == "optuna":
        trials = row.number_input("Combinations", 1, MAX_TRIALS, key=state.SWEEP_TRIALS, width=fields.NARROW,
                                  persist_state="session")  # fmt: skip
    objective = row.selectbox("Best by", list(OBJECTIVES), format_func=lambda o: OBJECTIVES[o].capitalize(),
                              key=state.SWEEP_OBJECTIVE, width=fields.NARROW, persist_state="session")  # fmt: skip
    predict = st.checkbox("Let the best trial propose classes for the open cells at the end", key=state.SWEEP_PREDICT,
                          persist_state="session")  # fmt: skip
    return {"search": search, "trials": trials, "objective": objective, "predict": predict}


def _checked(asked: Asked) -> tuple[Plan | None, GapwiseError | None]:
    try:
        return asked.plan(), None
    except GapwiseError as error:
        return None, error


def _told(workspace: Workspace, plan: Plan) -> str:
    counts = [f"{len(d.values)} x {_title(d.name)}" if d.values else f"{_title(d.name)} {d.range}"
              for d in dimensions(plan)]  # fmt: skip
    many = f"**{plan.total} trials**: {', '.join(counts)}."
    seed = "" if plan.seeds or any(s.name == SEED for s in plan.settings) else f" All with seed {plan.recipe['seed']}."
    known = readers.missing(workspace).by_label[plan.label]
    images = round(TRAINED * sum(known[source] for source in plan.sources))
    found = estimate(plan, images, summaries(workspace))
    if found is None:
        return f"{many}{seed} How long they take is not known: no run here had this network."
    return f"{many}{seed} About {duration(found.seconds)} on this machine, reckoned from run {found.run}."


def _start(workspace: Workspace, asked: Asked) -> None:
    command = asked.command()
    if one_press.again(workspace, command):
        return
    try:
        job_id = start(workspace, asked)
    except GapwiseError as error:
        show_error(error)
        return
    one_press.note(workspace, command)
    state.put(state.SWEEP_SHOWN, {**state.get(state.SWEEP_SHOWN), str(workspace.root): job_id})
    say(
        f"Sweep {job_id} is on its way: it goes on when you close this page. Runs shows it under Sweeps.",
        ":material/rocket_launch:",
    )
    st.rerun()  # the jobs below this form are a part of the page of their own
