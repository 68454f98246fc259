"""Three ways to deal with gaps, compared: start it, watch it, see what each does to models and table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core import jobs
from core.approaches.command import Asked, start
from core.approaches.filling import APPROACHES, OURS
from core.approaches.plan import FILE, PRECISION, SEEDS, read_plan
from core.approaches.score import ALL
from core.approaches.words import number, percent, points, short_names
from core.approaches.words import seeds as said_seeds
from core.charts.approaches import gaps, scores
from core.errors import GapwiseError
from core.training.compare import duration
from core.training.library import list_recipes
from pages.ui import job_poll, one_press, readers
from pages.ui.widgets import counted, plain, show_error

if TYPE_CHECKING:
    from core.approaches.plan import Plan
    from core.jobs import Job
    from core.workspace import Workspace

_PLAIN = {"displayModeBar": False}
_ABOUT = """
Three ways to deal with the gaps, on the same images, with the same recipe and the same seeds:

1. **Drop rows with a gap.** Train on the rest. Nothing is filled.
2. **Cascade, every guess taken.** One label after the other: train on what is known, write the likeliest class into
   every gap, let the rules fill what follows, go on.
3. **Derive first, take what keeps the promise.** Fill by the rules what needs no model; then the same cascade, but a
   guess is taken only above a confidence that keeps the promised precision on images the model has not seen.

A fifth of the complete rows is held out to measure every model. Another fifth gets gaps like the other rows have: what
is written there is known to be right or wrong. Nothing of your table is changed.
"""


def section(workspace: Workspace) -> None:
    """Draw what there is to compare, and what was."""
    st.markdown(_ABOUT)
    found = comparisons(workspace)
    _form(workspace, found)
    if found:
        _shown(workspace, found)


def comparisons(workspace: Workspace) -> list[Job]:
    """Return the jobs that are comparisons, newest first."""
    return [job for job in jobs.list_jobs(workspace) if job.kind == "compare"]


def _form(workspace: Workspace, found: list[Job]) -> None:
    names = [label.name for label in readers.labels(workspace)]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    known = list_recipes()
    recipe = row.selectbox("Recipe", list(known), index=list(known).index("quick-cpu"), width=220, **_kept("recipe"))
    epochs = row.number_input("Epochs", 1, 10_000, value=known[recipe].epochs, width=120,
                              **_kept(f"epochs_{recipe}"))  # fmt: skip
    about = "Each way is trained so many times: how much comes by chance is then seen."
    seeds = row.number_input("Seeds", 1, 20, value=len(SEEDS), width=110, help=about, **_kept("seeds"))
    about = "Share of right answers among those that are taken."
    promise = row.number_input("Promised precision", 0.5, 0.999, value=PRECISION, step=0.01, format="%.3f", width=170,
                               help=about, **_kept("precision"))  # fmt: skip
    order = st.multiselect(
        "Order of the cascade", names, **_kept("order"),
        placeholder="All labels, fewest gaps first: a label with more known cells makes the better model",
        help="The labels in the order in which you choose them; those that you leave out are not trained.",
    )  # fmt: skip
    asked = Asked(recipe, {"epochs": int(epochs)}, tuple(order), tuple(range(int(seeds))), float(promise))
    busy = any(job.active for job in found)
    text, possible = _foreseen(workspace, asked)
    pressed = st.button("Compare", icon=":material/balance:", type="primary", key="compare_start",
                        disabled=busy or not possible)  # fmt: skip
    st.caption("A comparison is going on." if busy else plain(text))
    if pressed:
        _start(workspace, asked)


def _foreseen(workspace: Workspace, asked: Asked) -> tuple[str, bool]:
    """Return how much work it would be, or what is wrong with it, and whether it can be started at all."""
    try:
        return asked.estimate(workspace).sentence, True
    except GapwiseError as error:
        return str(error), False


def _kept(name: str) -> dict[str, str]:
    """A field's key, and that it keeps its value while another page is open."""
    return {"key": f"compare_{name}", "persist_state": "session"}


def _start(workspace: Workspace, asked: Asked) -> None:
    try:
        command = asked.command()
        if one_press.again(workspace, command):
            return
        start(workspace, asked)
    except GapwiseError as error:
        show_error(error)
    else:
        one_press.note(workspace, command)
        st.rerun()


def _shown(workspace: Workspace, found: list[Job]) -> None:
    known = {job.id: job for job in found}
    # Keyed by what there is: a new comparison is another list, which opens with itself.
    job_id = st.selectbox(
        "Comparison", list(known), label_visibility="collapsed", width=520,
        format_func=lambda i: f"Comparison {i}, {known[i].state}", key=f"compare_shown_{max(known)}",
    )  # fmt: skip
    job = known[job_id]
    job_poll.follow(workspace, job, FILE)
    if job.active:
        st.button("Stop", icon=":material/stop:", key=f"compare_stop_{job.id}", disabled=job.state == "stopping",
                  on_click=job_poll.stop, args=(workspace, job.id),
                  help="What is done is kept: Resume on the Fine-tune page, or `jobs resume`, goes on.")  # fmt: skip
    plan = read_plan(workspace.job_dir(job.id))
    if job.state in ("failed", "lost"):
        st.error(plain(job.message), icon=":material/error:")
    elif not job.active and job.state != "finished":
        st.caption(plain(job.message))
    if plan is not None and plan.summary.get("approaches"):
        _results(plan)
    if plan is not None:
        for outcome in plan.outcomes:
            if outcome.state == "failed":
                st.warning(f"{APPROACHES[outcome.approach]}, seed {outcome.seed}, failed: {plain(outcome.reason)}")


def _results(plan: Plan) -> None:
    found = plan.summary["approaches"]
    facts = plan.facts
    st.caption(
        f"Recipe {plain(plan.recipe_name)}, {counted(plan.recipe['epochs'], 'epoch')},"
        f" seeds {', '.join(map(str, plan.seeds))};"
        f" promised precision {plan.precision:.1%}. {facts['heldout']:,} images held out of {facts['complete']:,}"
        f" complete ones, {sum(facts['hidden'].values()):,} known cells hidden, {sum(facts['gaps'].values()):,} real"
        " gaps."
    )
    if rests := said_seeds(found, plan.seeds):
        st.info(rests, icon=":material/casino:")
    names = short_names(found)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How good the models became**, on held-out images")
        metric = st.segmented_control("Measure", ("accuracy", "f1"), default="accuracy", key="compare_metric",
                                      format_func={"accuracy": "Accuracy", "f1": "F1"}.get, required=True,
                                      label_visibility="collapsed")  # fmt: skip
        st.plotly_chart(scores(found, names, plan.order, metric), key="compare_scores", config=_PLAIN)
    with right:
        st.markdown("**What became of the gaps**")
        st.plotly_chart(gaps(found, names), key="compare_gaps", config=_PLAIN)
        st.caption("How many are wrong is reckoned from the hidden cells. What rules prove can't be wrong.")
    table = _table(plan)
    st.dataframe(table, hide_index=True, key="compare_table", height=38 + 35 * len(table))
    _promise(plan)
    st.caption(
        "95% intervals. Accuracy and F1: held-out images and seeds drawn again 2,000 times, the same ones for every"
        " way, so that differences are paired. Shares: Wilson's, for the images of one seed."
    )
    for key, labels in plan.summary["differences"].items():
        parts = ", ".join(f"{plain(name)} {points(each['accuracy'])}" for name, each in labels.items())
        st.markdown(f"- Deriving first against *{APPROACHES[key].lower()}*, accuracy in points: {parts}")


def _promise(plan: Plan) -> None:
    """Say whether our way's promise was kept on the hidden cells."""
    ours = plan.summary["approaches"].get(OURS)
    wrong = ours and ours["hidden"][ALL]["wrong_taken"]
    if not wrong:
        return
    promised = 1 - plan.precision
    if wrong[1] > promised:
        st.warning(
            f"The promise was broken: {wrong[0]:.1%} of the answers that were taken are wrong on hidden cells"
            f" ({wrong[1]:.1%} to {wrong[2]:.1%}), {promised:.1%} were promised. Held-out cells differ from the gaps"
            " here: review before you trust what was taken."
        )
    elif wrong[0] > promised:
        st.caption(
            f"{wrong[0]:.1%} of the answers taken are wrong, {promised:.1%} were promised: within what chance does."
        )


def _table(plan: Plan) -> pd.DataFrame:
    """One row for each measure, one column for each way: labels are many, ways are three."""
    columns = {}
    for key, found in plan.summary["approaches"].items():
        hidden, table = found["hidden"][ALL], found["gaps"]
        rows = {}
        for name, each in found["labels"].items():
            rows[f"{name}: accuracy"], rows[f"{name}: F1"] = percent(each["accuracy"]), percent(each["f1"])
        rows["gaps filled"] = f"{table['filled']:,.0f} of {table['cells']:,}"
        rows["answers taken that are wrong (hidden cells)"] = percent(hidden["wrong_taken"])
        rows["with what rules concluded from them"] = percent(hidden["wrong_guesses"])
        rows["wrong labels let in, reckoned from that"] = number(table["wrong"])
        rows["images that break a rule at the end"] = f"{found['contradictions']:,.0f}"
        rows["time of training for each seed"] = duration(found["seconds"])
        rows["seeds"] = ", ".join(map(str, found["seeds"]))
        columns[APPROACHES[key]] = rows
    return pd.DataFrame(columns).rename_axis("measure").reset_index()
