"""Hard examples sent to the review queue, with the reason that their cards show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import GapwiseError
from core.store import ranks
from core.store.sent import send as core_send
from pages.ui import navigation, state
from pages.ui.saying import say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked
    from pages.ui.hard.sources import Listed, Named


def send(looked: Looked, source: Listed | Named, image_ids: Sequence[int] | None) -> None:
    """Put images of a source, all when None, into the queue's order `sent`: for callbacks."""
    try:
        reasons = source.reasons(looked, image_ids)
        with looked.workspace.write() as connection:
            done = core_send(connection, looked.label_id, looked.run_id, list(reasons), reasons)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    state.put(state.HARD_SENT, (str(looked.workspace.root), looked.label_id, done.told))


def told(looked: Looked) -> None:
    """Draw what was sent last, with the way to it, until something else is looked at."""
    if state.get(state.HARD_TO_REVIEW):
        state.put(state.HARD_TO_REVIEW, False)
        navigation.go("review")
    last = state.get(state.HARD_SENT)
    if last is None or last[:2] != (str(looked.workspace.root), looked.label_id):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="hard_sent_line"):
        st.markdown(f":material/check: {plain(last[2])}", width="content")
        st.button("Review them", icon=":material/rate_review:", key="hard_to_review", type="primary",
                  on_click=_to_review, args=(looked,))  # fmt: skip


def _to_review(looked: Looked) -> None:
    state.put(state.REVIEW_LABEL, looked.label_id)
    state.put(state.REVIEW_ORDER, ranks.SENT)
    state.put(state.HARD_TO_REVIEW, True)
    state.put(state.HARD_SENT, None)
