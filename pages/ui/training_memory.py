"""The memory that a training will need against what the device has, before it starts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from core.training.foresee import Forecast
from core.training.need import size
from pages.ui import state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.training.need import Verdict
    from core.training.recipe import Recipe

# What people read, and a colour (Okabe and Ito 2008), by part.
PARTS = {
    "weights": ("weights", "#0072B2"),
    "gradients": ("gradients", "#56B4E9"),
    "optimizer": ("optimizer", "#009E73"),
    "ema": ("running mean", "#F0E442"),
    "activations": ("layers' outputs", "#E69F00"),
    "temporary": ("temporary", "#CC79A7"),
    "batch": ("pictures", "#999999"),
    "libraries": ("libraries", "#6b7280"),
}
TAKEN, SPARE = "rgba(128,128,128,0.45)", "rgba(213,94,0,0.35)"  # by others; kept free for safety
SECONDS = 1.0
_SETTING = "“Parts of a batch” (under Running) at"
_ELSE = {
    False: "Started as it is, it computes each batch in more parts by itself when memory runs out.",
    True: "Started as it is, the system may end it when memory runs out.",  # Linux kills, it does not refuse
}


def line(recipe: Recipe, classes: int) -> None:
    """Say whether a training fits, and what would; asked of another process, shown when it is known."""
    session = state.get(state.SESSION)
    answer = _forecast().ask(recipe, classes, session)
    if answer is None:
        st.caption("Memory: working out what this training needs …")
        st.fragment(run_every=SECONDS)(_wait)(recipe, classes, session)
        return
    verdict = answer.verdict(recipe)
    if verdict is None:
        st.caption(f"Memory: {plain(answer.problem)}")
        return
    st.caption(summary(verdict))
    st.html(bar(verdict))
    if not verdict.fits:
        st.warning(f"{verdict.advice(_SETTING)} {_ELSE[verdict.room.device == 'cpu']}")


def summary(verdict: Verdict) -> str:
    """Return need, room and the largest batch in one line."""
    fits = f"largest batch that fits: {verdict.largest_batch:,}" if verdict.largest_batch else "no batch fits"
    room = verdict.room
    return (
        f"Memory: about {size(verdict.needed)} for {verdict.at_once:,} pictures at once; {size(room.free)} of"
        f" {size(room.total)} are free; **{fits}**"
    )


def bar(verdict: Verdict) -> str:
    """Return a bar as HTML: what others hold, each part, the margin; as long as the device's memory, or the need."""
    taken = max(0, verdict.room.total - verdict.room.free)
    margin = verdict.needed - sum(verdict.parts.values())
    pieces = [("in use by others", TAKEN, taken)]
    pieces += [(*PARTS[name], count) for name, count in verdict.parts.items()]
    pieces += [("kept free for safety", SPARE, margin)]
    whole = max(verdict.room.total, sum(count for *_, count in pieces))
    drawn = "".join(
        f'<div title="{escape(f"{name}: {size(count)}")}"'
        f' style="width:{100 * count / whole:.3f}%;background:{color}"></div>'
        for name, color, count in pieces
        if count > 0
    )
    end = 100 * verdict.room.total / whole
    mark = "" if end > 99.9 else f'<div style="{_AT_END}left:{end:.3f}%"></div>'
    about = escape(f"{summary(verdict).replace('**', '')}")
    return f'<div role="img" aria-label="{about}" style="{_BAR}">{drawn}{mark}</div>{_legend(pieces, verdict.needed)}'


_BAR = (
    "position:relative;display:flex;height:14px;border-radius:4px;overflow:hidden;background:rgba(128,128,128,0.15);"
    "margin-top:0.25rem"
)
_AT_END = "position:absolute;top:0;bottom:0;width:3px;background:#D55E00;"  # the end of the memory that there is
_SWATCH = "display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:4px"
_LEGEND = "display:flex;flex-wrap:wrap;gap:2px 14px;font-size:0.8rem;opacity:0.8;margin-top:4px"


def _legend(pieces: list[tuple[str, str, int]], needed: int) -> str:
    """Name the pieces that matter."""
    seen = "".join(
        f'<span><span style="{_SWATCH};background:{color}"></span>{escape(name)} {size(count)}</span>'
        for name, color, count in pieces
        if count > 0.02 * needed
    )
    return f'<div style="{_LEGEND}">{seen}</div>'


def _wait(recipe: Recipe, classes: int, session: str) -> None:
    if _forecast().ask(recipe, classes, session) is not None:
        st.rerun()


@st.cache_resource(show_spinner=False)
def _forecast() -> Forecast:
    return Forecast()
