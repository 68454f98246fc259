"""Export: the filled table, with the origin of every value."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import GapwiseError
from core.exporting.image_folder import write_image_folder
from core.exporting.table import FILLING, csv_bytes
from pages.ui import export_readers, readers, state
from pages.ui.progress import Bar
from pages.ui.widgets import page_header, plain, told

SHOWN_ROWS = 200
SOURCE_HELP = {
    "human": "decided by a person",
    "derived": "implied by a rule",
    "pseudo": "accepted in bulk from a model",
}

page_header("Export", "Your table in its own columns and order, the gaps filled from the sources you choose.")
workspace = state.workspace()
with told():
    report = readers.missing(workspace)

chosen = st.pills(
    "Fill gaps from",
    FILLING,
    selection_mode="multi",
    default=FILLING,
    format_func=lambda s: f"{s}: {SOURCE_HELP[s]} ({report.cells[s]:,})",
    key="export_sources",
)
provenance = st.toggle("Add columns with each cell's source, confidence, run and reviewer", key="export_provenance")
left = sum(n for kind, n in report.cells.items() if kind in ("free", "open", "conflict"))
left += sum(report.cells[s] for s in FILLING if s not in chosen)
filled = sum(report.cells[s] for s in chosen)
st.caption(f"{filled:,} filled cells go into the table; {left:,} cells stay empty.")

with told():
    head, rows = export_readers.filled_head(workspace, tuple(chosen), provenance, SHOWN_ROWS)
st.download_button(
    "Download the table (CSV)",
    data=lambda: csv_bytes(workspace, chosen, provenance),
    file_name=f"{workspace.root.name}.csv",
    mime="text/csv",
    type="primary",
    icon=":material/download:",
    key="download_csv",
)
st.dataframe(head, hide_index=True, height=320, key="export_preview")
if rows > SHOWN_ROWS:
    st.caption(f"The first {SHOWN_ROWS} of {rows:,} rows.")

right = export_readers.demo_score(workspace)
if right:
    st.subheader("How right are the filled cells?", anchor=False)
    st.caption("Only the demo can tell: its images were drawn, so the truth is known. It was never shown to the model.")
    st.dataframe(pd.DataFrame(right), hide_index=True, key="demo_score")

with st.expander("As an image folder for Hugging Face datasets", icon=":material/folder:"):
    out = st.text_input("New folder on this machine", str(workspace.root / "export"), key="export_folder")
    if st.button("Copy images and write metadata.csv", key="write_folder"):
        with told():
            if not out.strip():
                raise GapwiseError("Name the folder that the images go to.")
            copied = write_image_folder(workspace, Path(out.strip()), chosen, provenance, Bar("Copying images"))
        st.success(
            f'{copied:,} images in {plain(out)}. Load them with `load_dataset("imagefolder", data_dir="{out}")`.'
        )
