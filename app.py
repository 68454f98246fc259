"""Gapwise: `streamlit run app.py`.

The pages' script is `pages/ui/shell.py`, not this file: beside a folder called `pages` Streamlit takes an
app for one of its older kind until `st.navigation` has run once, and a deep link opened first after a start
got its page bare.
"""

import sys
from pathlib import Path

import streamlit as st

PROJECT = Path(__file__).resolve().parent
if str(PROJECT) not in sys.path:  # `streamlit run` from another folder
    sys.path.insert(0, str(PROJECT))

from core.serving.prompt import lifespan  # noqa: E402 - only now can it be found
from core.serving.routes import routes  # noqa: E402

app = st.App(
    PROJECT / "pages" / "ui" / "shell.py",
    routes=routes(st.get_option("server.baseUrlPath")),
    lifespan=lifespan,
)
