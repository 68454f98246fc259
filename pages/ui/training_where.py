"""Where a training runs: on this machine or on a Ray cluster."""

from __future__ import annotations

import streamlit as st

from core.cluster.where import MOST, PORT, VARIABLE, Where, cluster_address
from core.errors import GapwiseError
from pages.ui import state
from pages.ui import training_fields as fields

PLACES = {"here": "This machine", "cluster": "A Ray cluster"}
# Least value, what people read, and what it means.
_COUNTS = {
    "workers": (1, "Workers", "How many parts of the cluster train together"),
    "gpus_per_worker": (0, "GPUs per worker", "One process for each; 0 for one process on the CPU"),
    "cpus_per_worker": (1, "CPU cores per process", "Kept free for each process, which loads its pictures with them"),
}


def draw() -> None:
    """Draw the choice; it is kept for the session."""
    values = state.get(state.TRAIN_WHERE)
    _show("place", values)
    st.segmented_control("Where to train", list(PLACES), format_func=PLACES.get, key=_key("place"), required=True,
                         on_change=_changed, args=("place",))  # fmt: skip
    row = fields.row()
    if values["place"] == "here":
        _number(row, "processes", 0, "Processes", "That share each batch; 0 for one per CUDA device, else one", values)
        return
    _show("address", values)
    row.text_input(
        "Address of the cluster", key=_key("address"), width=fields.WIDE, placeholder=f"http://host:{PORT}",
        on_change=_changed, args=("address",),
        help=f"Of its dashboard, as `ray start --head` prints it; without one, what {VARIABLE} says.",
    )  # fmt: skip
    for name, (least, text, about) in _COUNTS.items():
        _number(row, name, least, text, about, values)
    st.caption("The workspace's folder must lie where every machine of the cluster finds it at the same path.")


def chosen() -> Where:
    """Return what was chosen.

    Raises:
        GapwiseError: If the address is none, or Ray is not installed here.
    """
    values = state.get(state.TRAIN_WHERE)
    if values["place"] == "here":
        return Where(processes=values["processes"] or None)
    where = Where(cluster=cluster_address(values["address"]), **{name: values[name] for name in _COUNTS})
    where.check()
    return where


def take(where: Where) -> None:
    """Choose a place, as a job had it."""
    values = {"place": "here" if where.cluster is None else "cluster", "address": where.cluster or ""}
    counts = {name: getattr(where, name) for name in _COUNTS}
    state.put(state.TRAIN_WHERE, {**values, "processes": where.processes or 0, **counts})


def note() -> str:
    """Return what is unusual about the place, empty for nothing."""
    try:
        where = chosen()
    except GapwiseError as error:
        return str(error)
    if where.cluster is not None:
        return f"Trains on the Ray cluster at {where.cluster}, processes: {where.ranks}."
    return f"Trains in {where.processes} processes." if (where.processes or 1) > 1 else ""


def _number(row, name: str, least: int, text: str, about: str, values: dict) -> None:
    _show(name, values)
    row.number_input(text, least, MOST, step=1, key=_key(name), width=fields.NARROW, help=about, on_change=_changed,
                     args=(name,))  # fmt: skip


def _key(name: str) -> str:
    return f"{state.TRAIN_WHERE}:{name}"


def _show(name: str, values: dict) -> None:
    if st.session_state.get(_key(name)) != values[name]:
        st.session_state[_key(name)] = values[name]


def _changed(name: str) -> None:
    value = st.session_state[_key(name)]
    state.get(state.TRAIN_WHERE)[name] = value.strip() if isinstance(value, str) else value
