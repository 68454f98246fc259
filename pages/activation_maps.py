"""Activation maps: where the network looked, wrong answers first."""

import streamlit as st

from core.store import hard
from core.store.labels import labels as read_labels
from core.store.proposals import latest_run
from pages.ui import map_gallery, navigation, state
from pages.ui.widgets import page_header

page_header(
    "Activation maps",
    "Where the network looked for its answer: Grad-CAM, Selvaraju et al. 2017. Known images were held out of training",
)
workspace = state.workspace()

with workspace.read() as connection:
    labels = read_labels(connection)
    runs = {i: latest_run(connection, i) for i in labels}
trained = [i for i, run in runs.items() if run is not None]
if not trained:
    st.info("There are no maps yet. They are made together with a run's predictions on the Fine-tune page.")
    navigation.link("fine_tune", "Go to Fine-tune")
    st.stop()

first, second, third, fourth = st.columns([2, 2, 2, 2])
label_id = first.selectbox("Label", trained, format_func=lambda i: labels[i].name, key="maps_label")
which = second.selectbox(
    "Images", list(hard.LISTS), format_func=lambda k: hard.LISTS[k], key="maps_list", help="Hardest first."
)
opacity = third.slider("Opacity of the map", 0.0, 1.0, 0.5, 0.05, key="maps_opacity")
size = fourth.select_slider("Picture size", [160, 220, 300, 420], 220, key="maps_size")
map_gallery.show(workspace, runs[label_id], labels[label_id], which, opacity, size)
