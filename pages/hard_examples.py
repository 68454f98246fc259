"""Hard examples: what runs get wrong, which of it matters, and the way from there to the review queue."""

import streamlit as st

from pages.ui import navigation, state
from pages.ui.explain.choice import offered
from pages.ui.hard import choice, component, confusion, left, lists, look, matrix, set_map
from pages.ui.widgets import page_header, told

VIEWS = {"matrix": matrix, "confusion": confusion, "lists": lists, "map": set_map, "look": look}

component.opened()
page_header(
    "Hard examples",
    "What the network gets wrong, where many runs fail together, and which pictures are worth another look.",
)
workspace = state.workspace()
with workspace.read() as connection:
    found = offered(connection)
if not found.runs:
    st.info("There are no predictions yet. Train a model on the Fine-tune page: its mistakes are looked at here.")
    navigation.link("fine_tune", "Go to Fine-tune")
    st.stop()
left.restore(workspace)
looked = choice.choose(workspace, found)
with told():
    VIEWS[looked.view].show(looked)
