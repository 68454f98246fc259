"""The usual page: reads the CSV, shows the file, writes the CSV, runs again. What Gapwise is measured against."""

import os

import pandas as pd
import streamlit as st

TABLE = os.environ["REVIEW_TABLE"]
frame = pd.read_csv(TABLE, dtype=str, keep_default_na=False)
waiting = frame.index[frame["mask"] == ""]
if len(waiting):
    at = waiting[0]
    st.image(frame.at[at, "path"], width=700)
    st.caption(f"{frame.at[at, 'fname']} · row {at}")
    for value, key in (("1", "a"), ("0", "x")):
        if st.button(value, shortcut=key):
            frame.at[at, "mask"] = value
            frame.to_csv(TABLE, index=False)
            st.rerun()
