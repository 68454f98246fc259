"""The floor: two pages with nothing but a title."""

import streamlit as st


def other() -> None:
    st.title("Other")


def missing_values() -> None:
    st.title("Missing values")


st.set_page_config(layout="wide")
st.navigation([st.Page(other, title="Other", default=True), st.Page(missing_values, title="Missing values")]).run()
