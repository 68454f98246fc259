"""The card of the review queue with Streamlit's own buttons.

Every button is keyed by the proposal that it belongs to, and its callback gets cell and proposal as
arguments: a press that arrives late belongs to the image it was made on, or to no button at all. The
client id is the same for all buttons of one showing, so that the store takes one answer for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.store import cells, decisions, queue
from core.store.labels import labels as read_labels
from pages.ui import navigation, pictures, state
from pages.ui.widgets import class_text

if TYPE_CHECKING:
    from sqlalchemy import Row

    from core.labels.label import Label
    from core.workspace import Workspace

CLASS_KEYS = 9  # the digits; more classes go through the list


@st.fragment
def card(workspace: Workspace, label_id: int, order: str) -> None:
    """Draw the next cell of the queue with its keys."""
    reviewer = state.reviewer()
    with workspace.read() as connection:
        labels = read_labels(connection)
        item = _next(connection, label_id, order)
        left = queue.pending_count(connection, label_id)
        last = decisions.last_standing(connection, reviewer)
        row = cells.load(connection, [item.image_id]) if item else None
    if item is None:
        st.success(f"Nothing waits for a decision on {labels[label_id].name}. {state.get(state.REVIEW_LAST)}")
        _undo_button(workspace, reviewer, last, "end")
        navigation.link("export", "Take the filled table away")
        return
    label = labels[item.label_id]
    picture, panel = st.columns([3, 2], gap="large")
    with panel:
        _question(item, label, left)
        _answers(workspace, item, label, reviewer)
        _steps(workspace, item, reviewer, last)
        if state.get(state.REVIEW_LAST):
            st.caption(f":material/check: {state.get(state.REVIEW_LAST)}")
        _other_labels(row, item)
    with picture:
        pictures.show(workspace, item, state.get(state.SHOW_MAP))
        st.caption(f"{item.fname} · run {item.run_id}{' · skipped before' if item.seen else ''}")


def _next(connection, label_id: int, order: str) -> Row | None:
    focus = state.get(state.REVIEW_FOCUS)
    if focus:
        return queue.item(connection, *focus)
    found = queue.pending(connection, label_id, order, limit=1)
    return found[0] if found else None


def _question(item: Row, label: Label, left: int) -> None:
    st.subheader(f"{label.name}: {label.names[item.value]}?", anchor=False)
    st.progress(min(max(item.confidence, 0.0), 1.0), text=f"confidence {item.confidence:.2f} · {left:,} left")
    if not label.binary:
        ranked = sorted(zip(item.probs, label.names, strict=True), reverse=True)[:5]
        st.caption(" · ".join(f"{name} {p:.2f}" for p, name in ranked))


def _answers(workspace: Workspace, item: Row, label: Label, reviewer: str) -> None:
    # Accept and reject carry their keys in the text: Streamlit shows the shortcut on the button itself.
    first, second = st.columns(2)
    _button(first, workspace, item, reviewer, "accept", "Accept", "a", kind="primary")
    _button(second, workspace, item, reviewer, "reject", "Reject", "x")
    shown = min(len(label.classes), CLASS_KEYS)
    columns = st.columns(min(shown, 3))
    for code in range(shown):
        _button(
            columns[code % len(columns)], workspace, item, reviewer, "choose", label.names[code], str(code + 1), code
        )
    if len(label.classes) > CLASS_KEYS:
        other = st.selectbox(
            "Another class",
            range(CLASS_KEYS, len(label.classes)),
            format_func=lambda c: label.names[c],
            index=None,
            key=f"more-{item.proposal_id}",
        )
        if other is not None:
            _button(st, workspace, item, reviewer, "choose", f"Store {label.names[other]}", None, other)


def _steps(workspace: Workspace, item: Row, reviewer: str, last: Row | None) -> None:
    skip, undo = st.columns(2)
    _button(skip, workspace, item, reviewer, "skip", "Skip", "Space")
    with undo:
        _undo_button(workspace, reviewer, last, str(item.proposal_id))
    st.button(
        "Hide map" if state.get(state.SHOW_MAP) else "Show map",
        key=f"map-{item.proposal_id}-{state.get(state.SHOW_MAP)}",
        shortcut="m",
        on_click=state.put,
        args=(state.SHOW_MAP, not state.get(state.SHOW_MAP)),
        disabled=item.map is None,
        width="stretch",
        help="Where the network looked for this very prediction (Grad-CAM).",
    )


def _button(
    place, workspace, item: Row, reviewer: str, action: str, text: str, key: str | None, value=None, kind="secondary"
) -> None:
    visit = state.get(state.REVIEW_VISITS).get(item.proposal_id, 0)
    place.button(
        text,
        key=f"{action}-{value}-{item.proposal_id}-{visit}",
        shortcut=key,
        type=kind,
        width="stretch",
        on_click=_decide,
        args=(workspace, reviewer, action, item.image_id, item.label_id, item.proposal_id, value, visit),
    )


def _undo_button(workspace: Workspace, reviewer: str, last: Row | None, where: str) -> None:
    st.button(
        "Undo",
        key=f"undo-{where}-{last.id if last else 0}",
        shortcut="Backspace",
        width="stretch",
        disabled=last is None,
        on_click=_undo,
        args=(workspace, reviewer, last.id if last else 0),
    )


def _decide(
    workspace: Workspace, reviewer: str, action: str, image_id: int, label_id: int, proposal_id: int, value, visit: int
) -> None:
    try:
        with workspace.write() as connection:
            outcome = decisions.decide(
                connection,
                client_id=f"{state.get(state.SESSION)}:{proposal_id}:{visit}",
                reviewer=reviewer,
                action=action,
                image_id=image_id,
                label_id=label_id,
                value=value,
                proposal_id=proposal_id,
            )
            labels = read_labels(connection)
    except GapwiseError as error:
        st.toast(str(error), icon=":material/error:")
        return
    state.put(state.REVIEW_FOCUS, None)
    if not outcome.repeated:
        state.put(state.REVIEW_COUNT, state.get(state.REVIEW_COUNT) + 1)
    state.put(state.REVIEW_LAST, _told(outcome, labels))


def _undo(workspace: Workspace, reviewer: str, decision_id: int) -> None:
    try:
        with workspace.write() as connection:
            outcome = decisions.undo(
                connection,
                client_id=f"{state.get(state.SESSION)}:undo:{decision_id}",
                reviewer=reviewer,
                expected=decision_id,
            )
            item = queue.item(connection, outcome.image_id, outcome.label_id)
            label = read_labels(connection)[outcome.label_id]
    except GapwiseError as error:
        st.toast(str(error), icon=":material/error:")
        return
    if item is not None:
        state.put(state.REVIEW_FOCUS, (outcome.image_id, outcome.label_id))
        visits = state.get(state.REVIEW_VISITS)
        visits[item.proposal_id] = visits.get(item.proposal_id, 0) + 1
    state.put(state.REVIEW_LAST, f"{label.name} taken back")


def _told(outcome: decisions.Outcome, labels: dict[int, Label]) -> str:
    label = labels[outcome.label_id]
    if not outcome.applied:
        return f"{label.name} had been decided before: the first decision stands, yours is kept beside it"
    parts = [f"{label.name}: {class_text(label, outcome.value)}" if outcome.value is not None else outcome.action]
    parts += [f"so {labels[i].name}: {labels[i].names[c]}" for i, c in outcome.written.items()]
    parts += [f"{labels[i].name} is open again" for i in outcome.withdrawn]
    return ", ".join(parts)


def _other_labels(row: cells.CellTable, item: Row) -> None:
    lines = []
    for i, label in enumerate(row.labels):
        if row.label_ids[i] != item.label_id:
            value, source = int(row.values[0, i]), int(row.sources[0, i])
            lines.append(
                f"{label.name} **{class_text(label, value)}** ({cells.SOURCES[source] if source >= 0 else 'open'})"
            )
    if lines:
        st.caption("This image: " + " · ".join(lines))
