"""Accepting in bulk: ask for a precision, see what keeps it and what that rests on, press one button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.charts.runs import reliability
from core.errors import GapwiseError
from core.pseudo import words
from core.pseudo.offer import offer
from core.store import acceptances
from core.store.runs import QUALITY
from pages.ui import bulk_past, bulk_readers, runs_readers, state
from pages.ui.saying import said, say
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.labels.label import Label
    from core.pseudo.offer import Offer
    from core.workspace import Workspace

LEAST, MOST = 50.0, 99.9  # per cent that can be asked for


def section(workspace: Workspace, label_id: int, label: Label) -> None:
    """Draw what can be accepted, and what was. A fragment: the card above is not drawn again by what is tried here."""
    st.fragment(_section)(workspace, label_id, label)


def _section(workspace: Workspace, label_id: int, label: Label) -> None:
    said()
    state.get(state.BULK_PRECISION)
    percent = st.number_input(
        "Share of right cells to promise, %", LEAST, MOST, step=0.5, format="%.1f", key=state.BULK_PRECISION, width=260,
        help="Held-out cells decide from which confidence on predictions keep it, class by class, with 95% certainty.",
    )  # fmt: skip
    try:
        found = bulk_readers.offered(workspace, label_id, round(percent / 100, 4))
    except GapwiseError as error:
        st.info(plain(error))
        return
    with st.container(border=True):
        st.markdown(f"**{plain(words.headline(found))}**")
        _table(found)
        st.caption(plain(words.rests_on(found)))
        for text in words.shift_texts(found):
            st.warning(plain(text), icon=":material/shuffle:")
        _buttons(workspace, found)
    bulk_past.listing(workspace, label_id, label)
    _trust(workspace, found)


def _table(found: Offer) -> None:
    rows = [words.row(found, kind, one, found.label) for kind in found.kinds for one in kind.classes if one.waiting]
    if not rows:
        return
    several = len(found.kinds) > 1 or any(kind.known for kind in found.kinds)
    shown = pd.DataFrame(
        {
            "Predicted": [plain(row["class"]) for row in rows],
            **({"Where": [plain(row["where"]) for row in rows]} if several else {}),
            "From confidence": ["–" if row["from"] is None else f"{row['from']:.3f}" for row in rows],
            "Fills": [f"{row['accepted']:,}\u00a0of\u00a0{row['waiting']:,}" for row in rows],
            "Wrong, expected": [f"{row['wrong']:,.1f}" if row["accepted"] else "–" for row in rows],
            "What it rests on": [plain(row["rests on"]) for row in rows],
        }
    ).set_index("Predicted")
    st.table(shown, border="horizontal")


def _buttons(workspace: Workspace, found: Offer) -> None:
    newest = bulk_readers.newest(workspace)
    ids = f"{found.label_id}-{found.run_id}-{newest}"
    review = min((one.review for kind in found.kinds for one in kind.classes if one.review), default=0)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.cells:
            st.button(
                f"Accept {found.cells:,} cells", type="primary", icon=":material/done_all:",
                key=f"bulk_accept_{ids}", on_click=_accept,
                args=(workspace, found.label_id, found.precision, found.run_id, ids),
                help="Fills them and what the rules draw from them. Undo takes all of it back, and so does Withdraw.",
            )  # fmt: skip
        if review and not found.asked:
            st.button(
                f"Review {review:,} chosen by chance", icon=":material/shuffle:", key=f"bulk_review_{ids}",
                on_click=_ask, args=(workspace, found.label_id, found.run_id, review),
                help=f"{words.review_text(found, review)}. They come among the others in the queue, one card in six. If"
                " people find the predictions right, a threshold can rest on them; all have to be answered first.",
            )  # fmt: skip


def _accept(workspace: Workspace, label_id: int, precision: float, run_id: int, ids: str) -> None:
    try:
        with workspace.write() as connection:
            outcome = acceptances.accept(
                connection,
                client_id=f"{state.get(state.SESSION)}:bulk:{ids}:{precision:g}",
                reviewer=state.reviewer(),
                # Found anew: what was shown may have been decided meanwhile.
                promise=offer(connection, label_id, precision, run_id).promise,
            )
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    say(f"{outcome.cells:,} cells accepted.", ":material/done_all:")


def _ask(workspace: Workspace, label_id: int, run_id: int, count: int) -> None:
    try:
        with workspace.write() as connection:
            asked = acceptances.ask_open(connection, label_id, run_id, count)
    except GapwiseError as error:
        say(error, ":material/error:")
        return
    say(f"{asked:,} cells, chosen by chance, come among the others in the queue.", ":material/shuffle:")


def _trust(workspace: Workspace, found: Offer) -> None:
    """Draw how far the run's confidence can be believed at all."""
    quality = runs_readers.report(workspace, found.run_id, QUALITY)
    if quality is None:
        return
    calibrated = quality["calibrated"]
    st.markdown(
        f"**Can its confidence be believed?** Run {found.run_id} on {quality['images']:,} held-out images: calibration"
        f" error {calibrated['ece']:.1%} (before calibration {quality['raw']['ece']:.1%}), Brier score"
        f" {calibrated['brier']:.3f}. Thresholds don't lean on it: they rest on how often it was right."
    )
    if st.toggle("Show the diagram", key=f"bulk_trust_{found.run_id}"):
        st.plotly_chart(reliability(quality), key=f"bulk_reliability_{found.run_id}", config={"displayModeBar": False})
