"""Fine-tune: one label, one recipe, the known cells; or all labels, one after the other. In processes of their own."""

import streamlit as st

from core.store.labels import labels as read_labels
from pages.ui import cascade_panel, navigation, runs_last, state, training_form, training_jobs
from pages.ui.widgets import page_header, told

page_header(
    "Fine-tune",
    "Train a network on the known cells of a label. It then proposes a class for every open cell, for you to review.",
)
workspace = state.workspace()
with told():
    with workspace.read() as connection:
        labels = read_labels(connection)
    if not labels:
        st.info("There are no labels yet. Bring a table in on the Dataset page.")
        navigation.link("dataset", "Go to Dataset")
        st.stop()
    if cascade_panel.chosen(workspace):
        cascade_panel.draw(workspace)
    else:
        training_form.form(workspace, labels)
    training_jobs.panel(workspace)
    runs_last.last_run(workspace)
