"""Which images the pictures of missing values are filtered by: chosen with clicks, shown as chips, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.store.conditions import Condition, Lacking, OfKind
from core.store.crossfilter import by_label, by_pattern
from core.store.selection import Selection
from pages.ui import state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

_CHIP = 48  # letters of a condition
_LISTED = 300  # patterns to choose from a list
_PICK = "gaps_pick"  # the list of conditions; nothing stays chosen in it


@dataclass(frozen=True)
class Chosen:
    """What is chosen in a workspace.

    Attributes:
        turn: How often it changed. Pictures of another turn are other elements: Streamlit keeps what was clicked in
            a picture, and a second click on the same bar would be no event.
        pages: The last image on each page of the strip before the one that is shown.
    """

    selection: Selection = field(default_factory=Selection)
    turn: int = 0
    pages: tuple[int, ...] = ()


def chosen(workspace: Workspace) -> Chosen:
    return state.get(state.GAPS_CHOSEN).get(str(workspace.root), Chosen())


def toggle(workspace: Workspace, condition: Condition) -> None:
    """Filter by a condition, or no longer."""
    _choose(workspace, chosen(workspace).selection.toggled(condition))


def choose(workspace: Workspace, condition: Condition) -> None:
    """Filter by one condition only."""
    _choose(workspace, Selection((condition,)))


def clear(workspace: Workspace) -> None:
    _choose(workspace, Selection())


def turn_page(workspace: Workspace, pages: tuple[int, ...]) -> None:
    """Show another page of the strip; `pages` as in Chosen."""
    _put(workspace, replace(chosen(workspace), pages=pages))


def chart(workspace: Workspace, name: str, figure: go.Figure, meaning: Callable[[Sequence], Condition]) -> None:
    """Draw a picture in which a click chooses.

    Args:
        meaning: From a clicked point's `customdata` to the condition that it stands for.
    """
    key = f"{name}:{chosen(workspace).turn}:{workspace.root}"
    # A picture that is made anew has no height for a moment: without this the page would jump under the mouse.
    st.html(f"<style>.st-key-frame_{name} {{ min-height: {figure.layout.height}px; }}</style>")
    st.container(key=f"frame_{name}").plotly_chart(
        figure, key=key, config={"displayModeBar": False}, selection_mode="points",
        on_select=partial(_clicked, workspace, key, meaning),
    )  # fmt: skip


def bar(workspace: Workspace, look: Look) -> None:
    """Draw how many images are chosen, by what, and a list to choose from without a mouse."""
    selection, every = chosen(workspace).selection, int(look.ground.profiles.images.sum())
    row = st.container(horizontal=True, vertical_alignment="center")
    options = _options(look)
    if _PICK not in st.session_state or st.session_state[_PICK] not in options:
        st.session_state[_PICK] = None
    row.selectbox(
        "Only images where", list(options), key=_PICK, label_visibility="collapsed", width=260, index=None,
        placeholder="Only images where …", on_change=_picked, args=(workspace, options),
    )  # fmt: skip
    if not selection:
        row.caption("Click a bar, a dot or a row: everything here, and the images below, shows those images only.")
        return
    row.markdown(f"**{int(look.weights(selection).sum()):,}** of {every:,} images", width="content")
    for n, condition in enumerate(selection):
        text = condition.text(look.ground)
        short = text if len(text) <= _CHIP else f"{text[: _CHIP - 1]}…"
        row.button(
            plain(short), icon=":material/close:", icon_position="right", key=f"gaps_drop_{n}", on_click=toggle,
            args=(workspace, condition), help=f"Take back: {plain(text)}",
        )  # fmt: skip
    row.button("Clear all", type="tertiary", key="gaps_clear", on_click=clear, args=(workspace,))


def _options(look: Look) -> dict[str, Condition]:
    """Return what can be chosen from the list: kinds of cells there are, then patterns, with their counts."""
    ground = look.ground
    found = [
        (OfKind(label, kind), n)
        for label, kinds in by_label(ground, ground.profiles.images).items()
        for kind, n in kinds.items()
        if n
    ]
    found += [(Lacking(p.missing), p.rows) for p in by_pattern(ground, ground.profiles.images, _LISTED)]
    return {f"{condition.text(ground)} ({n:,})": condition for condition, n in found}


def _picked(workspace: Workspace, options: dict[str, Condition]) -> None:
    text = st.session_state[_PICK]
    st.session_state[_PICK] = None
    if text is not None:
        toggle(workspace, options[text])


def _clicked(workspace: Workspace, key: str, meaning: Callable[[Sequence], Condition]) -> None:
    points = st.session_state[key].selection.points
    # None after a double click, which plotly takes for "choose nothing".
    if points and points[0].get("customdata") is not None:
        toggle(workspace, meaning(points[0]["customdata"]))


def _choose(workspace: Workspace, selection: Selection) -> None:
    _put(workspace, Chosen(selection, chosen(workspace).turn + 1))


def _put(workspace: Workspace, new: Chosen) -> None:
    state.put(state.GAPS_CHOSEN, {**state.get(state.GAPS_CHOSEN), str(workspace.root): new})
