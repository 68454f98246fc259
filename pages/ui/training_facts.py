"""What is known before a training starts: cells, what is new since the last run, device, names that timm knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.models.catalog import Listing, catalog_file
from core.store import runs
from core.store.cells import TRUSTED
from core.store.labels import label_id
from core.training.device import Probe
from pages.ui import readers

if TYPE_CHECKING:
    from core.models.catalog import Catalog
    from core.workspace import Workspace


def cells_line(workspace: Workspace, label: str) -> None:
    """Say what there is to learn from, and what became known since the label's last run."""
    counts = readers.missing(workspace).by_label[label]
    learned = sum(counts[source] for source in TRUSTED)
    bulk = f" (and {counts['pseudo']:,} accepted in bulk)" if counts["pseudo"] else ""
    news = _news(readers.stamp(workspace), workspace, label)
    st.caption(
        f"{learned:,} known cells to learn from and to measure on{bulk}, {counts['open']:,} open ones to predict.{news}"
    )


def pseudo_cells(workspace: Workspace, label: str) -> int:
    """Return how many cells of a label were accepted in bulk."""
    return readers.missing(workspace).by_label[label]["pseudo"]


@st.cache_data(max_entries=64, show_spinner=False)
def _news(state: tuple, _workspace: Workspace, label: str) -> str:
    with _workspace.read() as connection:
        found = runs.list_runs(connection, label_id(connection, label))
        new = runs.new_labels(connection, _workspace, found[0].id) if found else None
    if new is None:
        return ""
    changed = f", {new.changed:,} changed" if new.changed else ""
    return f" {new.trusted:,} new labels{changed} since run {found[0].id}."


def device_line() -> None:
    """Say which device a training will use; asked once per server, in a process of its own."""
    known = _probe().name() is not None

    @st.fragment(run_every=None if known else 1.0)
    def line() -> None:
        name = _probe().name()
        st.caption(f"Device: {name}" if name else "Device: looking for one …")

    line()


def catalog() -> Catalog | None:
    """Return the names that timm knows; None while they are looked up."""
    return _listing().catalog()


def await_catalog() -> None:
    """Draw the page again once the names are there."""
    if _listing().waiting:

        @st.fragment(run_every=1.0)
        def wait() -> None:
            if not _listing().waiting:
                st.rerun()

        wait()


@st.cache_resource(show_spinner=False)
def _probe() -> Probe:
    return Probe()


@st.cache_resource(show_spinner=False)
def _listing() -> Listing:
    return Listing(catalog_file())
