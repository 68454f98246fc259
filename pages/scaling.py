"""Scaling: one dimension against compound, drawn to scale and counted; what was published, what fits, what trained."""

import streamlit as st

from pages.ui.scaling import component, sections
from pages.ui.widgets import page_header

page_header(
    "Scaling",
    "One dimension against all three together, at one cost: Tan and Le 2019, arXiv 1905.11946. Any network here can"
    " be trained.",
)
if component.available():
    component.show()
else:
    st.info("The explorer asks the app's own server for its figures. Start the app with `streamlit run app.py`.")
sections.draw()
