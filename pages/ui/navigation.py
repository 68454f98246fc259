"""The pages, in the order of the work."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

FOLDER = Path(__file__).resolve().parents[1]

PAGES = {
    "dataset": ("Dataset", ":material/photo_library:"),
    "missing_values": ("Missing values", ":material/grid_on:"),
    "fine_tune": ("Fine-tune", ":material/model_training:"),
    "runs": ("Runs", ":material/monitoring:"),
    "review": ("Review", ":material/rate_review:"),
    "activation_maps": ("Activation maps", ":material/visibility:"),
    "hard_examples": ("Hard examples", ":material/crisis_alert:"),
    "scaling": ("Scaling", ":material/open_in_full:"),
    "export": ("Export", ":material/download:"),
}


def pages() -> dict[str, StreamlitPage]:
    """Return Streamlit's page objects by file name; the first is where the app opens."""
    first = next(iter(PAGES))
    return {
        name: st.Page(FOLDER / f"{name}.py", title=title, icon=icon, default=name == first)
        for name, (title, icon) in PAGES.items()
    }


def go(name: str) -> None:
    """Open a page; ends this one's run."""
    # Asked to forget the address's parameters by itself, Streamlit fails where a widget is bound to one of them.
    st.switch_page(pages()[name], query_params={})


def link(name: str, text: str) -> None:
    """Draw a link to a page."""
    st.page_link(pages()[name], label=text, icon=PAGES[name][1])
