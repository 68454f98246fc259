"""Missing values with the frame in the session: counts by pandas, pictures by plotly, nothing but what they need."""

import os

import numpy as np
import pandas as pd
import plotly.express as px
import streamlit as st


def other() -> None:
    st.title("Other")


def missing_values() -> None:
    st.title("Missing values")
    if "frame" not in st.session_state:
        st.session_state.frame = pd.read_parquet(os.environ["MILLION_TABLE"] + ".parquet")
    frame = st.session_state.frame
    gaps = frame.drop(columns="fname").isna()
    row = st.container(horizontal=True)
    row.metric("Rows", f"{len(frame):,}")
    row.metric("Gaps", f"{int(gaps.to_numpy().sum()):,}")
    patterns = gaps.value_counts()
    names = [
        ", ".join(c for c, gap in zip(gaps.columns, key, strict=True) if gap) or "nothing" for key in patterns.index
    ]
    left, right = st.columns(2)
    with left:
        st.plotly_chart(px.bar(gaps.sum(), orientation="h", labels={"value": "missing", "index": ""}), key="labels")
        st.dataframe(pd.DataFrame({"missing": names, "rows": patterns.to_numpy()}), hide_index=True)
    with right:
        st.plotly_chart(px.bar(x=names[:24], y=patterns.to_numpy()[:24], labels={"x": "", "y": "rows"}), key="patterns")
        chosen = st.selectbox("Images with this pattern", range(len(names)), format_func=names.__getitem__)
        with_it = (gaps == patterns.index[chosen]).all(axis=1)
        st.dataframe(frame[with_it].head(6), hide_index=True)
    view = st.segmented_control("How the gaps lie", ("Row by row", "Together"), default="Row by row", required=True)
    if view == "Together":
        st.plotly_chart(px.imshow(gaps.corr(), zmin=-1, zmax=1, color_continuous_scale="RdBu"), key="together")
    else:
        edges = np.linspace(0, len(gaps), min(500, len(gaps)) + 1).astype(int)
        shares = np.add.reduceat(gaps.to_numpy(), edges[:-1], axis=0, dtype=int) / np.diff(edges)[:, None]
        st.plotly_chart(px.imshow(shares, x=gaps.columns, y=edges[:-1], aspect="auto"), key="matrix")


st.set_page_config(layout="wide")
st.navigation([st.Page(other, title="Other", default=True), st.Page(missing_values, title="Missing values")]).run()
