"""Dataset: what the workspace holds, and bringing data in."""

import streamlit as st

from pages.ui import holdings, import_form, state
from pages.ui.widgets import page_header, told

page_header("Dataset", "The images and labels that you have, and the way to bring in more.")
workspace = state.workspace() if st.session_state.get(state.WORKSPACE) else None
import_form.finish(workspace)
if workspace is not None:
    with told():
        holdings.show(workspace)
else:
    st.info("There is no workspace yet: bring your data in here, or make the demo with `python -m core demo`.")
st.header("Bring data in", anchor=False, divider="gray")
import_form.draw(workspace)
