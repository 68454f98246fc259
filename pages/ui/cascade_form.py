"""What a cascade is to do: recipe, order, and each label's rule for what is accepted; seen before it is started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.cascade.command import Asked, start
from core.cascade.estimate import estimates, sentence
from core.cascade.order import ORDERS, OWN, argument
from core.cascade.plan import ACCEPTS, AFTER, NEVER, NOTHING, PRECISION, PROMISE
from core.errors import GapwiseError
from core.training.library import list_recipes
from pages.ui import one_press, readers, state
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from core.cascade.plan import Plan
    from core.workspace import Workspace

_ABOUT = (
    "One label after the other: train on what is known, accept what keeps the promise on held-out cells, let the rules"
    " write what follows. Where cells are left open it stops for you to review them; nothing runs meanwhile, and the"
    " next label learns from what you decided."
)


def section(workspace: Workspace) -> None:
    """Draw the form with the stages that it makes; start a cascade when that is asked for."""
    # A fragment: what is tried here need not draw the jobs below again.
    st.fragment(_section)(workspace)


def _section(workspace: Workspace) -> None:
    with st.container(border=True):
        st.markdown(_ABOUT)
        asked = _asked(workspace)
        plan, problem = _planned(workspace, asked)
        own = _stages(workspace, plan, asked) if plan is not None else {}
        if plan is not None and own:
            asked = Asked(**{**vars(asked), "own": own})
            plan, problem = _planned(workspace, asked)
        pressed = st.button("Start the cascade", icon=":material/stairs:", type="primary", key="cascade_start",
                            disabled=plan is None)  # fmt: skip
        if problem is not None:
            show_error(problem)
        else:
            st.caption(_time(workspace, plan))
        if pressed and plan is not None:
            _start(workspace, asked)


def _asked(workspace: Workspace) -> Asked:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    known = list_recipes()
    names = sorted(known, key=lambda name: name != "quick-cpu")
    recipe = row.selectbox("Recipe", names, width=200, **_kept("recipe"))
    epochs = row.number_input("Epochs", 1, 10_000, value=known[recipe].epochs, width=110, **_kept(f"epochs_{recipe}"))
    order = row.selectbox("Order", list(ORDERS), format_func=ORDERS.get, width=240, **_kept("order"))
    about = (
        "Share of right cells among those that are accepted. Held-out cells decide from which confidence on predictions"
        " keep it, class by class, with 95% certainty."
    )
    percent = row.number_input("Promise, % right", 50.0, 99.9, value=100 * PRECISION, step=0.5,
                               format="%.1f", width=150, help=about, **_kept("precision"))  # fmt: skip
    labels = [label.name for label in readers.labels(workspace)]
    chosen = []
    if order == OWN:
        chosen = st.multiselect("Labels, in your order", labels, **_kept("labels"),
                                placeholder="Choose the labels, the first one first")  # fmt: skip
    values = {"epochs": int(epochs)}
    return Asked(recipe, values, order, tuple(chosen), precision=round(percent / 100, 4), reviewer=state.reviewer())


def _planned(workspace: Workspace, asked: Asked) -> tuple[Plan | None, GapwiseError | None]:
    if asked.order == OWN and not asked.names:
        return None, GapwiseError("Choose at least one label for your own order.")
    try:
        return asked.plan(workspace), None
    except GapwiseError as error:
        return None, error


def _stages(workspace: Workspace, plan: Plan, asked: Asked) -> dict[str, dict[str, str]]:
    """Draw the stages with what can be changed for each; return what differs, as `Asked.own` has it."""
    frame = pd.DataFrame({
        "label": [stage.label for stage in plan.stages],
        "open": [stage.open for stage in plan.stages],
        "accept": [ACCEPTS[PROMISE]] * len(plan.stages),
        "promise": [100 * asked.precision] * len(plan.stages),
        "stop": [True] * len(plan.stages),
        "recipe": [asked.recipe] * len(plan.stages),
    })  # fmt: skip
    about = {
        "label": st.column_config.TextColumn("Stage", disabled=True),
        "open": st.column_config.NumberColumn("Open cells", disabled=True, format="localized"),
        "accept": st.column_config.SelectboxColumn("Accepts", options=list(ACCEPTS.values()), required=True),
        "promise": st.column_config.NumberColumn("Promise, %", min_value=50.0, max_value=99.9, required=True,
                                                 format="%.1f"),
        "stop": st.column_config.CheckboxColumn("Stop after", help="For review, when the stage leaves cells open."),
        "recipe": st.column_config.SelectboxColumn("Recipe", options=list(list_recipes()), required=True),
    }  # fmt: skip
    # Keyed by what it began with: another order or recipe is another table, whose changes are its own.
    key = f"cascade_stages_{workspace.root.name}_{hash((tuple(frame['label']), asked.recipe, asked.precision))}"
    edited = st.data_editor(frame, hide_index=True, column_config=about, key=key, num_rows="fixed")
    st.caption(" ".join(_order(plan)))
    return {row["label"]: own for row in edited.to_dict("records") if (own := _differs(row, asked))}


def _time(workspace: Workspace, plan: Plan) -> str:
    """Say how long each stage may take, with what was chosen for it, and all of them."""
    found = estimates(workspace, plan)
    each = [f"**{plain(stage.label)}** {one.time}" for stage, one in zip(plan.stages, found, strict=True)]
    known = all(one.seconds is not None for one in found)
    return f"{', '.join(each)}. {plain(sentence(found))}" if known and len(each) > 1 else plain(sentence(found))


def _order(plan: Plan) -> Iterator[str]:
    """Say why the stages stand in this order, and which labels need none."""
    stages = [f"**{plain(stage.label)}**" + (f" ({plain(stage.why)})" if plan.order != OWN else "")
              for stage in plan.stages]  # fmt: skip
    yield f"{', then '.join(stages)}. {argument(plan.order)}"
    if plan.left_out:
        told = "; ".join(f"**{plain(name)}**, {plain(why)}" for name, why in plan.left_out.items())
        yield f"Without a stage: {told}."


def _differs(row: dict, asked: Asked) -> dict[str, str]:
    own = {}
    if row["accept"] == ACCEPTS[NOTHING]:
        own["accept"] = NOTHING
    if abs(row["promise"] / 100 - asked.precision) > 1e-6:
        own["precision"] = f"{row['promise'] / 100:g}"
    if not row["stop"]:
        own["stop"] = NEVER if asked.stop == AFTER else AFTER
    if row["recipe"] != asked.recipe:
        own["recipe"] = row["recipe"]
    return own


def _kept(name: str) -> dict[str, str]:
    """A field's key, and that it keeps its value while another page is open."""
    return {"key": f"cascade_{name}", "persist_state": "session"}


def _start(workspace: Workspace, asked: Asked) -> None:
    try:
        command = asked.command()
        if one_press.again(workspace, command):
            return
        job_id = start(workspace, asked)
    except GapwiseError as error:
        show_error(error)
        return
    one_press.note(workspace, command)
    st.toast(f"Cascade {job_id} is on its way: it goes on when you close this page.", icon=":material/stairs:")
    st.rerun()  # what is below this form is a part of the page of its own
