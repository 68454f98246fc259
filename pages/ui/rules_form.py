"""Typing rules: checked as typed, the error points at the place."""

from __future__ import annotations

import streamlit as st

from core.labels.rules import parse_rules
from core.store.cells import withdraw_stale
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.store.labels import set_rules
from core.workspace import Workspace
from pages.ui.widgets import told

HELP = (
    "One rule a line, with `and`, `or`, `not`, `implies`, `=` and parentheses. "
    'A label with two classes stands for true or false; any label can be compared: `species = "bird" implies flies`. '
    "Write names with blanks in backquotes."
)


def save(workspace: Workspace, texts: list[str]) -> None:
    with workspace.write() as connection:
        set_rules(connection, texts)
        withdrawn = withdraw_stale(connection)
    lost = f" {withdrawn:,} derived cells followed from the old rules only and are open again." if withdrawn else ""
    st.toast(f"{len(texts)} rules saved.{lost}", icon=":material/check:")


def edit(workspace: Workspace) -> None:
    """Draw the editor of the workspace's rules."""
    with workspace.read() as connection:
        labels, stored = list(read_labels(connection).values()), read_rules(connection)
    typed = st.text_area("Rules", "\n".join(stored), help=HELP, key=f"rules:{workspace.root}", height="content")
    texts = [line.strip() for line in typed.splitlines() if line.strip()]
    with told():
        parse_rules(texts, labels)
    st.button("Save the rules", disabled=texts == stored, on_click=save, args=(workspace, texts), key="save_rules")
    st.caption(HELP)
