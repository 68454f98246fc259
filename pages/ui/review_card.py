"""The card of the review queue with Streamlit's own buttons.

Every button is keyed by the proposal that it belongs to, and its callback gets cell and proposal as
arguments: a press that arrives late belongs to the image it was made on, or to no button at all. The
client id is the same for all buttons of one showing, so that the store takes one answer for it. A showing is a
proposal and the newest entry of the log about its cell: a skip makes a new one, and so does an undo, wherever it was
done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.pseudo import audit
from core.serving.words import told
from core.store import audits, blind, cells, decisions, log, queue
from core.store.labels import labels as read_labels
from pages.ui import navigation, pictures, state
from pages.ui.saying import said, say
from pages.ui.widgets import class_text, plain

if TYPE_CHECKING:
    from sqlalchemy import Row

    from core.labels.label import Label
    from core.workspace import Workspace

CLASS_KEYS = 9  # the digits; more classes go through the list
_DONE = {"skip": "skip"}


@st.fragment
def card(workspace: Workspace, label_id: int, order: str) -> None:
    """Draw the next cell of the queue with its keys."""
    said()
    reviewer = state.reviewer()
    with workspace.read() as connection:
        labels = read_labels(connection)
        item = _next(connection, workspace, label_id, order)
        left = queue.pending_count(connection, label_id)
        last = decisions.last_standing(connection, reviewer)
        row = cells.load(connection, [item.image_id]) if item else None
        hidden = blind.reasons(connection, [item]).get(item.image_id, "") if item else ""
        state.put(state.REVIEW_SHOWING, log.newest_about(connection, item.image_id, item.label_id) if item else 0)
    if item is None:
        st.success(f"Nothing waits for a decision on {plain(labels[label_id].name)}. {plain(_said(workspace))}")
        _contradicted(workspace, last)
        _undo_button(workspace, label_id, reviewer, last, "end")
        navigation.link("export", "Take the filled table away")
        return
    label = labels[item.label_id]
    picture, panel = st.container(key="pair_review").columns([3, 2], gap="large")
    with panel:
        _question(item, label, left, hidden)
        _answers(workspace, item, label, reviewer, hidden)
        _steps(workspace, label_id, item, reviewer, last, hidden)
        if _said(workspace):
            st.caption(f":material/check: {plain(_said(workspace))}")
        _contradicted(workspace, last)
        _other_labels(row, item, hidden)
    with picture:
        pictures.show(workspace, item, state.get(state.SHOW_MAP) and not hidden)
        run = "" if hidden == blind.CHECK else f" · run {item.run_id}"  # an older one's was accepted
        st.caption(f"{plain(item.fname)}{run}{' · skipped before' if item.seen else ''}")


def _next(connection, workspace: Workspace, label_id: int, order: str) -> Row | None:
    place, cell = state.get(state.REVIEW_FOCUS) or (None, None)
    # What an undo brought back is shown where it was undone, not in another workspace or label chosen since.
    back = queue.item(connection, *cell) if place == (str(workspace.root), label_id) else None
    if back is not None:
        return back
    found = queue.pending(connection, label_id, order, limit=1)
    if not found and audits.waiting(connection, label_id):
        found = audits.mixed(connection, label_id, (), 1, told=audit.telling(connection, label_id))
    return found[0] if found else None


def _question(item: Row, label: Label, left: int, hidden: str) -> None:
    if hidden:
        st.subheader(f"{plain(label.name)}: which?", anchor=False)
        st.caption(f"{hidden} · {left:,} left")
        return
    st.subheader(f"{plain(label.name)}: {plain(label.names[item.value])}?", anchor=False)
    st.progress(min(max(item.confidence, 0.0), 1.0), text=f"confidence {item.confidence:.2f} · {left:,} left")
    if not label.binary:
        ranked = sorted(zip(item.probs, label.names, strict=True), reverse=True)[:5]
        st.caption(" · ".join(f"{plain(name)} {p:.2f}" for p, name in ranked))


def _answers(workspace: Workspace, item: Row, label: Label, reviewer: str, hidden: str) -> None:
    if not hidden:
        first, second = st.columns(2)
        _button(first, workspace, item, reviewer, "accept", "Accept", "a", kind="primary")
        _button(second, workspace, item, reviewer, "reject", "Reject", "x")
    shown = min(len(label.classes), CLASS_KEYS)
    columns = st.columns(min(shown, 3))
    for code in range(shown):
        _button(
            columns[code % len(columns)], workspace, item, reviewer, "choose", label.names[code], str(code + 1), code,
            hidden=hidden,
        )  # fmt: skip
    if len(label.classes) > CLASS_KEYS:
        other = st.selectbox(
            "Another class",
            range(CLASS_KEYS, len(label.classes)),
            format_func=lambda c: label.names[c],
            index=None,
            key=f"more-{item.proposal_id}",
        )
        if other is not None:
            _button(st, workspace, item, reviewer, "choose", f"Store {label.names[other]}", None, other, hidden=hidden)


def _steps(workspace: Workspace, label_id: int, item: Row, reviewer: str, last: Row | None, hidden: str) -> None:
    skip, undo = st.columns(2)
    _button(skip, workspace, item, reviewer, "skip", "Skip", "Space", hidden=hidden)
    with undo:
        _undo_button(workspace, label_id, reviewer, last, str(item.proposal_id))
    st.button(
        "Hide map" if state.get(state.SHOW_MAP) else "Show map",
        key=f"map-{item.proposal_id}-{state.get(state.SHOW_MAP)}",
        shortcut="m",
        on_click=state.put,
        args=(state.SHOW_MAP, not state.get(state.SHOW_MAP)),
        disabled=item.map is None or bool(hidden),
        width="stretch",
        help="Where the network looked for this very prediction (Grad-CAM).",
    )


def _button(
    place, workspace, item: Row, reviewer: str, action: str, text: str, key: str | None, value=None, kind="secondary",
    hidden: str = "",
) -> None:  # fmt: skip
    visit = state.get(state.REVIEW_SHOWING)
    place.button(
        plain(text),
        key=f"{action}-{value}-{item.proposal_id}-{visit}",
        shortcut=key,
        type=kind,
        width="stretch",
        on_click=_decide,
        args=(workspace, reviewer, action, item.image_id, item.label_id, item.proposal_id, value, visit, hidden),
    )


def _undo_button(workspace: Workspace, label_id: int, reviewer: str, last: Row | None, where: str) -> None:
    st.button(
        "Undo",
        key=f"undo-{where}-{last.id if last else 0}",
        shortcut="Backspace",
        width="stretch",
        disabled=last is None,
        on_click=_undo,
        args=(workspace, label_id, reviewer, last),
    )


def _decide(
    workspace: Workspace, reviewer: str, action: str, image_id: int, label_id: int, proposal_id: int, value, visit: int,
    hidden: str,
) -> None:  # fmt: skip
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
                unseen=hidden == blind.CHECK,
            )
            if hidden:
                blind.note(connection, outcome.decision_id)
            labels = read_labels(connection)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    state.put(state.REVIEW_FOCUS, None)
    _say(workspace, told(outcome, labels, bool(hidden)))
    state.put(state.REVIEW_BROKEN, (str(workspace.root), outcome.decision_id, "; ".join(outcome.contradicts)))


def _undo(workspace: Workspace, chosen: int, reviewer: str, last: Row) -> None:
    """Take back the decision that was on screen; its image comes back if the decision had settled or skipped it."""
    try:
        with workspace.write() as connection:
            outcome = decisions.undo(
                connection,
                client_id=f"{state.get(state.SESSION)}:undo:{last.id}",
                reviewer=reviewer,
                expected=last.id,
            )
            many = outcome.image_id is None
            item = None if many else queue.item(connection, outcome.image_id, outcome.label_id)
            hidden = blind.noted(connection, last.id)
            label = read_labels(connection)[outcome.label_id]
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    if not last.applied and not hidden:  # of what was hidden nothing is said but that it was answered
        _say(workspace, f"Your later answer on {label.name} is taken back, the first decision stands")
        return
    if item is not None:
        state.put(state.REVIEW_FOCUS, ((str(workspace.root), chosen), (outcome.image_id, outcome.label_id)))
    if many:
        _say(workspace, f"{label.name}: {outcome.cells:,} cells that were accepted at once are taken back")
        return
    _say(workspace, f"{label.name}: {_DONE.get(last.action, 'answer')} taken back")


def _say(workspace: Workspace, text: str) -> None:
    state.put(state.REVIEW_LAST, (str(workspace.root), text))


def _said(workspace: Workspace) -> str:
    """Return what the last decision in this workspace did."""
    root, text = state.get(state.REVIEW_LAST)
    return text if root == str(workspace.root) else ""


def _contradicted(workspace: Workspace, last: Row | None) -> None:
    """Say that the last answer made its image contradict itself, until it is taken back or the next one is given."""
    root, decision, broken = state.get(state.REVIEW_BROKEN)
    if broken and last is not None and (root, decision) == (str(workspace.root), last.id):
        st.warning(
            f"That image contradicts itself now: {plain(broken)} can't all be true. Stored all the same: take it back"
            " with Undo, or see the conflicts on the Missing values page.",
            icon=":material/warning:",
        )


def _other_labels(row: cells.CellTable, item: Row, hidden: str) -> None:
    lines = []
    for i, label in enumerate(row.labels):
        if row.label_ids[i] != item.label_id:
            value, source = int(row.values[0, i]), int(row.sources[0, i])
            origin = cells.SOURCES[source] if source >= 0 else "open"
            if hidden == blind.CHECK and origin in ("derived", "open"):  # perhaps from what is checked; a gap: not
                continue
            lines.append(f"{plain(label.name)} **{plain(class_text(label, value))}** ({origin})")
    if lines:
        st.caption("This image: " + " · ".join(lines))
