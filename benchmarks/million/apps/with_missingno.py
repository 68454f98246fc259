"""Missing values as most people look at them: the frame through `st.cache_data`, and missingno's four pictures.

MILLION_SAMPLE rows are drawn where it is set, as missingno's own introduction does; all rows otherwise.
"""

import os

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import missingno
import pandas as pd
import streamlit as st


@st.cache_data
def load(path: str) -> pd.DataFrame:
    return pd.read_csv(path)


def other() -> None:
    st.title("Other")


def missing_values() -> None:
    st.title("Missing values")
    frame = load(os.environ["MILLION_TABLE"] + ".csv").drop(columns="fname")
    sample = int(os.environ.get("MILLION_SAMPLE", 0))
    if sample:
        frame = frame.sample(sample, random_state=0)
    st.metric("Rows", f"{len(frame):,}")
    left, right = st.columns(2)
    places = (left, right, left, right)
    for place, draw in zip(
        places, (missingno.matrix, missingno.bar, missingno.heatmap, missingno.dendrogram), strict=True
    ):
        figure, axes = plt.subplots(figsize=(9, 5))
        draw(frame, ax=axes, **({"sparkline": False} if draw is missingno.matrix else {}))
        place.pyplot(figure)
        plt.close(figure)


st.set_page_config(layout="wide")
st.navigation([st.Page(other, title="Other", default=True), st.Page(missing_values, title="Missing values")]).run()
