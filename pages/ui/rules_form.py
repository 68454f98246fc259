"""Typing rules: checked as typed, the error points at the place."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import GapwiseError
from core.labels.label import Label
from core.labels.redundant import redundant
from core.labels.rules import RuleSet, parse_rules
from core.labels.truth_table import truth_table
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.store.rules import change_rules
from core.workspace import Workspace
from pages.ui import readers
from pages.ui.widgets import show_error

HELP = (
    "One rule a line, with `and`, `or`, `not`, `implies`, `=` and parentheses. "
    'A label with two classes stands for true or false; any label can be compared: `species = "bird" implies flies`. '
    "Write names with blanks in backquotes."
)


def save(workspace: Workspace, texts: list[str]) -> None:
    try:
        with workspace.write() as connection:
            withdrawn = change_rules(connection, texts)
    except GapwiseError as error:  # labels were brought in meanwhile, or the database is locked
        st.toast(f"Not saved: {error}", icon=":material/error:")
        return
    lost = f" {withdrawn:,} derived cells followed from the old rules only and are open again." if withdrawn else ""
    st.toast(f"{len(texts)} rules saved.{lost}", icon=":material/check:")


def section(workspace: Workspace) -> None:
    """Draw the workspace's rules."""
    with workspace.read() as connection:
        labels, stored = list(read_labels(connection).values()), read_rules(connection)
    typed = st.text_area("Rules", "\n".join(stored), help=HELP, key=f"rules:{workspace.root}", height="content",
                         persist_state="session")  # fmt: skip
    texts = [line.strip() for line in typed.splitlines() if line.strip()]
    rules = _checked(texts, labels)
    why_not = _why_not(rules, texts, stored)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Save the rules", disabled=bool(why_not), on_click=save, args=(workspace, texts), key="save_rules")
    row.caption(why_not)
    st.caption(HELP)
    if texts == stored:
        _suggestions(workspace, stored)


def _checked(texts: list[str], labels: list[Label]) -> RuleSet | None:
    """Draw what there is to say about rules as they are typed; None when they can't be used."""
    try:
        rules = parse_rules(texts, labels)
    except GapwiseError as error:
        show_error(error)
        return None
    for one in redundant(rules):
        st.caption(f":material/info: {one.sentence('`` {} ``')}")
    _table(rules, labels)
    return rules


def _why_not(rules: RuleSet | None, texts: list[str], stored: list[str]) -> str:
    """Return why there is nothing to save; empty when there is."""
    if rules is None:
        return "Not saved yet: the rule named above can't be used. What you typed stays here until you mend it."
    return "Nothing to save: these are the rules there are." if texts == stored else ""


def _table(rules: RuleSet, labels: list[Label]) -> None:
    """Draw the truth table of a rule that is chosen."""
    if not rules.rules:
        return
    chosen = st.selectbox("Truth table", [None, *range(len(rules.rules))], key="truth_table", width=420,
                          format_func=lambda i: "of no rule" if i is None else rules.rules[i].text)  # fmt: skip
    if chosen is None:
        return
    found = truth_table(rules.rules[chosen], labels)
    rows = [
        {**{labels[i].name: labels[i].names[code] for i, code in zip(found.labels, row, strict=True)}, " ": allowed}
        for row, allowed in zip(found.rows, found.holds, strict=True)
    ]
    columns = {" ": st.column_config.CheckboxColumn("allowed", width="small")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content", column_config=columns, key="truth_table_rows")


def _suggestions(workspace: Workspace, stored: list[str]) -> None:
    """Draw the rules that nothing contradicts, each with what speaks for it and a button that takes it."""
    found = readers.suggestions(workspace)
    if not found:
        return
    st.markdown("**Found in what is known**: these hold without exception. Whether they are rules, you know.")
    for suggestion in found:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(f"`` {suggestion.text} ``", width="content")
        row.button("Take it", icon=":material/add:", key=f"take_{suggestion.text}", on_click=save,
                   args=(workspace, [*stored, suggestion.text]))  # fmt: skip
        st.caption(
            f"{suggestion.support:,} images bear it out; with 95% confidence fewer than"
            f" {suggestion.exceptions_at_most:.1%} of images like them are exceptions."
        )
