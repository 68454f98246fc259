"""Activation maps: where the network looked, wrong answers first; one image large, maps side by side."""

import streamlit as st

from core.explain import warm
from pages.ui import navigation, state
from pages.ui.explain import choice, component, making
from pages.ui.widgets import page_header

page_header(
    "Activation maps",
    "Where the network looked for its answer, and whether the map says more than chance. Open a picture to compare"
    " methods, layers, labels, runs and classes on it.",
)
workspace = state.workspace()
with workspace.read() as connection:
    found = choice.offered(connection)
if not found.runs:
    st.info("There are no maps yet. They are made together with a run's predictions on the Fine-tune page.")
    navigation.link("fine_tune", "Go to Fine-tune")
    st.stop()
chosen, beside = choice.choose(found)
if component.available():
    warm.start(workspace, chosen.run_id)  # waits for nothing: the first map of the session is sooner there
making.section(workspace, chosen, found.labels[chosen.label_id], beside)
component.show(workspace, found, chosen)
