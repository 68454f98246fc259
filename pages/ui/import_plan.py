"""The preview before anything is written: what the columns mean, all of it editable."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import GapwiseError
from core.importing.empty import why_no_labels
from core.importing.guess import MAX_CLASSES, Tokens, candidate, guess
from core.importing.plan import DEFAULT_MISSING, ImportPlan, LabelPlan
from core.labels.label import Label
from core.labels.rules import parse_rules
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.workspace import DATABASE, Workspace
from pages.ui import import_state as keys
from pages.ui.import_state import Draft
from pages.ui.rules_form import HELP
from pages.ui.widgets import plain, show_error, told

MAX_COLUMNS = 200  # more rows than that nobody edits by hand


def edit(draft: Draft) -> ImportPlan | None:
    """Draw the editors; return the plan, or None while it can't be used."""
    title, over = st.columns([5, 1], vertical_alignment="center")
    title.markdown(
        f"**{plain(draft.table.name)}**, {len(draft.table.frame):,} rows, into **{plain(draft.target.name)}**"
    )
    over.button("Start over", on_click=keys.start_over, args=(draft,), key="start_over", width="stretch")
    if draft.upload is not None and draft.upload.skipped:
        first = ", ".join(f"{name} ({why})" for name, why in draft.upload.skipped[:5])
        st.warning(f"Not stored of what was uploaded ({len(draft.upload.skipped):,}): {plain(first)}.")
    st.dataframe(draft.table.frame.head(20), height=213, hide_index=True, key=f"head:{draft.number}")
    present, rules = _present(draft)
    with told():
        base, tokens = _columns(draft, present)
    base.labels = _labels(draft, base, tokens, present)
    return _with_rules(draft, base, list(present.values()), rules)


def _columns(draft: Draft, present: dict[str, Label]) -> tuple[ImportPlan, Tokens]:
    """Ask for the file-name column and the missing tokens; guess the rest from them."""
    columns = list(draft.table.frame.columns)
    first, _ = _guessed(draft, None, Tokens(), present)
    left, right = st.columns(2)
    filename = left.selectbox("File name is in", columns, key=keys.remembered(draft, "filename", first.filename))
    typed = right.text_input(
        "These mean missing",
        key=keys.remembered(draft, "missing", ", ".join(t for t in DEFAULT_MISSING if t)),
        help="Separated by commas; empty cells always. A value that you list as a class is never missing.",
    )
    listed = [t.strip() for t in typed.split(",") if t.strip()]
    usual = ("", *(t for t in listed if t.lower() in DEFAULT_MISSING))
    tokens = Tokens(usual, tuple(t for t in listed if t.lower() not in DEFAULT_MISSING))
    return _guessed(draft, filename, tokens, present)[0].model_copy(), tokens


def _guessed(
    draft: Draft, filename: str | None, tokens: Tokens, present: dict[str, Label]
) -> tuple[ImportPlan, list[tuple[LabelPlan, int]]]:
    """Return the plan, and how each other column would be a label; computed once for the same answers."""
    key = (filename, tokens)
    if key not in draft.guesses:
        plan = guess(
            draft.table,
            draft.folder,
            table_path=draft.table_path,
            filename=filename,
            missing=tokens.explicit,
            usual=tokens.usual,
            known=list(present.values()),
        )
        columns = [c for c in draft.table.frame.columns if c != plan.filename][:MAX_COLUMNS]
        draft.guesses[key] = plan, [candidate(draft.table, c, tokens, present.get(c)) for c in columns]
    return draft.guesses[key]


def _labels(draft: Draft, base: ImportPlan, tokens: Tokens, present: dict[str, Label]) -> list[LabelPlan]:
    guessed = {p.column for p in base.labels}
    plans = _guessed(draft, base.filename, tokens, present)[1]
    columns = [p.column for p, _ in plans]
    frame = pd.DataFrame(
        {
            "label": [c in guessed for c in columns],
            "column": columns,
            "values": [f"{n:,}" for _, n in plans],
            "classes": [p.classes for p, _ in plans],
            "names": [p.names for p, _ in plans],
        }
    )
    st.markdown("**Labels**")
    key = f"labels:{draft.number}:{base.filename}:{'|'.join(tokens.every)}"
    if key not in st.session_state and key in draft.edited:  # another page was open meanwhile
        frame = draft.edited[key][1]
    elif key in draft.edited:
        frame = draft.edited[key][0]  # the editor keeps what was changed since
    edited = st.data_editor(
        frame,
        hide_index=True,
        disabled=["column", "values"],
        key=key,
        column_config={
            "label": st.column_config.CheckboxColumn("Label", width="small"),
            "column": st.column_config.TextColumn("Column"),
            "values": st.column_config.TextColumn("Values", width="small", help="Distinct ones that are not missing."),
            "classes": st.column_config.ListColumn(
                "Classes", help="Of two, the one that says no first.", width="medium"
            ),
            "names": st.column_config.ListColumn("Shown as", help="One for each class.", width="medium"),
        },
    )
    draft.edited[key] = frame, edited
    chosen = edited[edited["label"]].to_dict("records")
    used = {base.id_column, *(row["column"] for row in chosen)}
    if empty := why_no_labels([p.column for p, n in plans if not n and p.column not in used]):
        st.caption(f":material/info: {plain(empty)} To fill one here, tick it and list its classes.")
    ticked = [_ticked(r["column"], _texts(r["classes"]), _texts(r["names"])) for r in chosen]
    many = [column for column, (p, n) in zip(columns, plans, strict=True) if n > MAX_CLASSES]
    with told():
        for row in chosen:
            if row["column"] in many and not _texts(row["classes"]):
                raise GapwiseError(
                    f"Column {row['column']!r} has too many distinct values to be a label (at most {MAX_CLASSES:,})."
                    " Untick it, or list its classes."
                )
    more = st.text_input(
        "Labels that no column fills yet",
        key=keys.remembered(draft, "more", ""),
        placeholder="species = cat, dog; flies = no, yes",
    )
    return ticked + _typed(more)


def _ticked(column: str, classes: list[str], names: list[str]) -> LabelPlan:
    """Return a row's label; a class that was added is shown as itself until it gets a name."""
    return LabelPlan(name=column, column=column, classes=classes, names=names + classes[len(names) :])


def _typed(text: str) -> list[LabelPlan]:
    """Read `name = class, class; name = …`."""
    plans = []
    for part in text.split(";"):
        name, _, classes = part.partition("=")
        if name.strip():
            listed = [c.strip() for c in classes.split(",") if c.strip()]
            plans.append(LabelPlan(name=name.strip(), column=None, classes=listed))
    return plans


def _with_rules(draft: Draft, plan: ImportPlan, present: list[Label], there: list[str]) -> ImportPlan | None:
    """Ask for rules and check everything as it is typed."""
    key = keys.remembered(draft, "import_rules", "")
    typed = st.text_area("Rules", key=key, help=HELP, placeholder="5k = mask and distancing")
    plan.rules = [line.strip() for line in typed.splitlines() if line.strip()]
    try:
        labels = [p.label() for p in plan.labels]
        new = {label.name for label in labels}
        parse_rules([*there, *plan.rules], [*(p for p in present if p.name not in new), *labels])
    except GapwiseError as error:
        show_error(error)
        return None
    kinds = [
        f"**{plain(x.name)}** {'binary' if x.binary else f'{len(x.classes)} classes'}: {plain(_listed(x))}"
        for x in labels
    ]
    st.caption("; ".join(kinds) or "No labels: the images come in without any.")
    return plan


def _listed(label: Label) -> str:
    return ", ".join(label.names[:10]) + (" …" if len(label.names) > 10 else "")


def _texts(values: object) -> list[str]:
    """Read an editor's list cell: a list, an array after the trip to the browser, or nothing."""
    if values is None or isinstance(values, str | float):
        return []
    return [str(value).strip() for value in values]


def _present(draft: Draft) -> tuple[dict[str, Label], list[str]]:
    """Return the labels and rules of the workspace that it goes to, if that is there already."""
    if not (draft.target / DATABASE).is_file():
        return {}, []
    with told(), Workspace.open(draft.target).read() as connection:
        return {label.name: label for label in read_labels(connection).values()}, read_rules(connection)
