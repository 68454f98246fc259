"""Gapwise: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from pages.ui import state

# A file of ours: the browser would fetch a Material icon from the internet.
ICON = str(Path(__file__).parent / "pages" / "ui" / "assets" / "icon.png")

st.set_page_config(page_title="Gapwise", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")

PAGES = [
    st.Page("pages/dataset.py", title="Dataset", icon=":material/photo_library:", default=True),
    st.Page("pages/missing_values.py", title="Missing values", icon=":material/grid_on:"),
    st.Page("pages/fine_tune.py", title="Fine-tune", icon=":material/model_training:"),
    st.Page("pages/review.py", title="Review", icon=":material/rate_review:"),
    st.Page("pages/activation_maps.py", title="Activation maps", icon=":material/visibility:"),
    st.Page("pages/scaling.py", title="Scaling", icon=":material/open_in_full:"),
    st.Page("pages/export.py", title="Export", icon=":material/download:"),
]

# Streamlit leaves six lines free above a title; with fewer, picture and keys of a review fit on a laptop.
st.html("<style>.stMainBlockContainer { padding-top: 3.5rem; padding-bottom: 3rem; }</style>")
page = st.navigation(PAGES)
state.sidebar()
page.run()
