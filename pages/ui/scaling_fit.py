"""What fits: budgets for memory and time, the networks that keep them, and the way to train one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.errors import GapwiseError
from core.models.measured import INFERENCE, TRAINING, Machine, machines, measurements
from core.models.published import starters
from core.store.images import image_count
from core.training.budget import UNITS, Budget
from core.training.fit import Answer, Candidate, Seconds, what_fits
from core.training.need import size
from core.training.needs import DEVICES
from core.training.room import room
from pages.ui import scaling_measuring, state, use_network
from pages.ui.widgets import plain, show_error

if TYPE_CHECKING:
    from core.workspace import Workspace

_KEYS = (
    state.FIT_DEVICE, state.FIT_MEMORY, state.FIT_LATENCY, state.FIT_MINUTES, state.FIT_PX, state.FIT_BATCH,
    state.FIT_EPOCHS,
)  # fmt: skip
_NAMES = {"cpu": "CPU", "cuda": "CUDA GPU"}


def draw(workspace: Workspace) -> None:
    """Draw the section."""
    with workspace.read() as connection:
        pictures = max(1, image_count(connection))
    budget = _budget(pictures)
    try:
        found = [m for m in measurements() if m.machine.device == budget.device]
        machine = _machine(machines(found))
        answer = what_fits(budget, found, machine)
    except GapwiseError as error:
        show_error(error)
        return
    st.caption(_answered(budget))
    _proposals(workspace, answer, budget)
    _told(answer, machine, budget)
    _table(answer)


def _budget(pictures: int) -> Budget:
    for key in _KEYS:
        state.get(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        device = st.segmented_control("Train on", DEVICES, format_func=_NAMES.get, key=state.FIT_DEVICE)
        free = size(room("cpu").free)
        memory = st.number_input("Memory, GB", 0.1, 10_000.0, None, step=1.0, key=state.FIT_MEMORY,
                                 help=f"For training. This machine has {free} free for a CPU.")  # fmt: skip
        latency = st.number_input("Latency, ms", 0.1, 1e6, None, step=10.0, key=state.FIT_LATENCY, placeholder="any",
                                  help="For one picture, later, when it proposes classes")  # fmt: skip
        minutes = st.number_input("Training, minutes", 0.1, 1e7, None, step=10.0, key=state.FIT_MINUTES,
                                  help=f"All epochs over the {pictures:,} pictures of this workspace",
                                  placeholder="any")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.number_input("Batch", 1, 4096, key=state.FIT_BATCH)
        epochs = st.number_input("Epochs", 1, 10_000, key=state.FIT_EPOCHS)
        px = st.number_input("Pictures no larger than, px", 32, 4096, None, key=state.FIT_PX,
                             placeholder="the network's own",
                             help="Small pictures gain nothing from a large side")  # fmt: skip
    return Budget(
        memory=None if memory is None else int(memory * 1e9),
        latency=None if latency is None else latency / 1000,
        training=None if minutes is None else 60 * minutes,
        batch=int(batch or 1), device=device or DEVICES[0], px=px, pictures=pictures, epochs=int(epochs or 1),
    )  # fmt: skip


def _answered(budget: Budget) -> str:
    """Say what the cards answer: a number that a field refuses is not taken, and the one before it stays."""
    limits = {name: getattr(budget, name) for name in UNITS}
    told = [
        f"{name} {limit / UNITS[name][0]:g} {UNITS[name][1]}" for name, limit in limits.items() if limit is not None
    ]
    side = [] if budget.px is None else [f"pictures up to {budget.px} px"]
    rest = [*side, f"batches of {budget.batch}", f"epochs: {budget.epochs}"]
    return f"For {', '.join([*(told or ['no budget']), *rest])}, on a {_NAMES[budget.device]}."


def _machine(there: list[Machine]) -> Machine | None:
    if len(there) < 2:
        return next(iter(there), None)
    return st.selectbox("Measured on", there, format_func=lambda m: m.told)


def _proposals(workspace: Workspace, answer: Answer, budget: Budget) -> None:
    which = "within the other budgets" if answer.unknown else "that fits"
    titles = {"best": f"Highest reported accuracy {which}", "compound": f"Largest compound-scaled B0 {which}"}
    proposed = {key: getattr(answer, key) for key in titles}
    for column, (key, candidate) in zip(st.columns(2, gap="large"), proposed.items(), strict=True):
        with column.container(border=True):
            st.markdown(f"**{titles[key]}**")
            if candidate is None:
                st.caption("None of them fits.")
            else:
                _proposal(candidate, budget, key)
    networks = [c.network for c in proposed.values() if c is not None]
    tasks = {INFERENCE: 0, **({TRAINING: budget.batch} if budget.training is not None else {})}
    # Without a line nothing else can be judged.
    first = {task: [] if answer.lines[task] else starters() for task in tasks}
    offers = {pictures: list(dict.fromkeys([*first[task], *networks])) for task, pictures in tasks.items()}
    scaling_measuring.panel(workspace, "fit", offers)


def _proposal(candidate: Candidate, budget: Budget, key: str) -> None:
    rated = f" · {candidate.top1:g}% reported on ImageNet" if candidate.top1 is not None else ""
    st.markdown(plain(f"{candidate.title}, {candidate.network.px} px{rated}"))
    with st.container(horizontal=True, gap="large"):
        st.metric("Memory to train", size(candidate.memory))
        st.metric("Multiply-adds", f"{candidate.multiply_adds / 1e9:.2f}B")
        st.metric("Parameters", f"{candidate.parameters / 1e6:.1f}M")
    st.caption("Memory with a tenth kept free.")
    for name, unit, each in (("latency", "ms for one picture", 1000), ("training", "minutes to train", 1 / 60)):
        st.caption(_time(name, getattr(candidate, name), unit, each))
    use_network.button({**candidate.network.settings, "batch_size": budget.batch}, key=f"fit_use_{key}")


def _time(name: str, time: Seconds | None, unit: str, each: float) -> str:
    if time is None:
        return f"{name.capitalize()}: unknown, nothing was measured"
    if time.measured:
        return f"{name.capitalize()}: {each * time.value:.3g} {unit}, measured"
    far = "" if time.near else ", far from anything measured"
    about = f"{name.capitalize()}: about {each * time.likely:.3g}, up to {each * time.value:.3g} {unit}"
    return f"{about}, by the line{far}"


def _told(answer: Answer, machine: Machine | None, budget: Budget) -> None:
    if answer.unknown:
        st.warning(
            f"Nothing was measured on this machine, so {' and '.join(answer.unknown)} can't be judged: the"
            " proposals keep the other budgets only. Measure them first."
        )
    lines = "; ".join(f"{task} by {line.told}" for task, line in answer.lines.items() if line is not None)
    where = f" Times: {plain(machine.told)}; {lines}." if machine is not None and lines else ""
    smaller = " With smaller pictures than its own, cost and memory of a network go by their area." if budget.px else ""
    st.caption(
        f"Memory is the estimate for AdamW, {'float32' if budget.device == 'cpu' else 'bf16'}, a tenth kept free;"
        f" Fine-tune estimates anew for the recipe.{where}{smaller} Training time is steps alone: reading pictures and"
        " looking at held-out ones come on top. Accuracy was reported for ImageNet, not for your pictures."
    )


def _table(answer: Answer) -> None:
    box = st.expander("All candidates", icon=":material/table_rows:", key="fit_all", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(pd.DataFrame([_row(c) for c in answer.candidates]), hide_index=True, key="fit_table",
                         placeholder="–", column_config=_FORMATS)  # fmt: skip


def _row(c: Candidate) -> dict[str, object]:
    return {
        "network": c.title,
        "px": c.network.px,
        "top1": c.top1,
        "fits": "fits" if c.fits else f"too much {', '.join(c.breaks)}",
        "multiply-adds": c.multiply_adds / 1e9,
        "memory": c.memory / 1e9,
        "ms": c.latency and 1000 * c.latency.likely,
        "minutes": c.training and c.training.likely / 60,
        "times": None if c.latency is None else _SURE[c.latency.measured, c.latency.near],
    }


_SURE = {(True, True): "measured", (False, True): "by the line", (False, False): "by the line, from far"}
_FORMATS = {
    "top1": st.column_config.NumberColumn("top-1, reported", format="%.1f%%"),
    "multiply-adds": st.column_config.NumberColumn("mult-adds, B, counted", format="%.2f"),
    "memory": st.column_config.NumberColumn("GB to train, estimated", format="%.1f"),
    "ms": st.column_config.NumberColumn("ms a picture", format="%.1f"),
    "minutes": st.column_config.NumberColumn("minutes to train", format="%.1f"),
}
