"""What every page stands in: page configuration, navigation, the sidebar."""

from pathlib import Path

import streamlit as st

from pages.ui import navigation, state
from pages.ui.saying import said

# A file of ours: the browser would fetch a Material icon from the internet.
ICON = str(Path(__file__).parent / "assets" / "icon.png")

st.set_page_config(page_title="Gapwise", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")
# Streamlit leaves six lines free above a title; with fewer, picture and keys of a review fit on a laptop.
# Two columns that are narrower than what they hold go below each other; Streamlit itself waits until 640 px of window.
st.html(
    "<style>.stMainBlockContainer { padding-top: 3.5rem; padding-bottom: 3rem; }"
    '[class*="st-key-pair_"] > * > .stHorizontalBlock > .stColumn { min-width: min(100%, 20rem); }</style>'
)

page = st.navigation(list(navigation.pages().values()))
state.sidebar()
said()
page.run()
