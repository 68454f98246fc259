"""What the workspace holds: counts, a few pictures, the imported tables, what was set aside."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.importing import overview as o
from core.importing.problems import to_csv
from core.workspace import Workspace
from pages.ui import import_state as keys
from pages.ui import strips
from pages.ui.readers import stamp
from pages.ui.widgets import figures_row

SAMPLE = 12  # two rows of small pictures on a laptop's screen
SHOWN_ROWS = 500


def show(workspace: Workspace) -> None:
    """Draw it all."""
    held = _overview(stamp(workspace), workspace)
    figures = figures_row()
    figures.metric("Images", f"{held.images:,}")
    figures.metric("Labels", f"{len(held.labels):,}")
    cells = held.images * len(held.labels)
    share = f" ({sum(held.values.values()) / cells:.0%})" if cells else ""
    figures.metric("Cells with a value", f"{sum(held.values.values()):,}{share}")
    figures.metric("Rows set aside", f"{held.rows_aside:,}", help="Kept as they came, exported unchanged.")
    if not held.images:
        st.info("This workspace is empty. Bring data in below.")
        return
    _strip(workspace)
    left, right = st.container(key="pair_holdings").columns(2, gap="large")
    with left:
        st.subheader("Labels", anchor=False)
        st.dataframe(_labels(held), hide_index=True, key="labels")
    with right:
        st.subheader("Imported tables", anchor=False)
        st.dataframe(
            held.tables,
            hide_index=True,
            key="tables",
            column_order=["name", "rows", "images", "created", "images_root"],
            column_config={
                "images_root": st.column_config.TextColumn("image folder", width="medium"),
                "created": st.column_config.DatetimeColumn("imported (UTC)", format="YYYY-MM-DD HH:mm"),
            },
        )
    if len(held.asides):
        _asides(held.asides)


def _strip(workspace: Workspace) -> None:
    with workspace.read() as connection:
        chosen = o.sample(connection, SAMPLE, keys.get(keys.SHUFFLE))
    strips.tiles(workspace, chosen)
    st.button("Show others", on_click=keys.shuffle, icon=":material/shuffle:", key="shuffle")


def _labels(held: o.Overview) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": [label.name for label in held.labels],
            "kind": ["binary" if label.binary else f"{len(label.classes)} classes" for label in held.labels],
            "classes": [
                ", ".join(c if c == n else f"{c} ({n})" for c, n in zip(label.classes, label.names, strict=True))
                for label in held.labels
            ],
            "with a value": [held.values[label.name] for label in held.labels],
            "gaps": [held.images - held.values[label.name] for label in held.labels],
        }
    )


def _asides(asides: pd.DataFrame) -> None:
    st.subheader("Set aside at import", anchor=False)
    st.dataframe(asides.head(SHOWN_ROWS), hide_index=True, key="asides", height=min(38 + 35 * len(asides), 300))
    if len(asides) > SHOWN_ROWS:
        st.caption(f"The first {SHOWN_ROWS:,} of {len(asides):,} lines; the download has all.")
    st.download_button(
        "Download as CSV",
        lambda: to_csv(asides),
        "set-aside.csv",
        "text/csv",
        icon=":material/download:",
        key="get_asides",
    )


@st.cache_data(max_entries=8, show_spinner="Counting…")
def _overview(state: tuple, _workspace: Workspace) -> o.Overview:
    with _workspace.read() as connection:
        return o.overview(connection)
