"""Missing values: what is missing, why, and what logic fills for free."""

import streamlit as st

from core.store.images import any_image
from core.store.labels import labels
from pages.ui import approaches, gap_linked, gap_listing, gap_reasons, navigation, readers, rules_form, state
from pages.ui.widgets import page_header, told

page_header("Missing values", "What the table lacks, what your rules fill without any model, and what stays open.")
workspace = state.workspace()
with workspace.read() as connection:
    nothing = not labels(connection) or not any_image(connection)
if nothing:
    st.info("There is no table with labels here yet. Bring one in on the Dataset page.")
    navigation.link("dataset", "Go to Dataset")
    st.stop()
with told():
    report = readers.missing(workspace)
    gap_linked.section(workspace)
gap_reasons.section(workspace, report.conflict_rows)
gap_listing.section(report)
rules_form.section(workspace)
approaches.section(workspace)
