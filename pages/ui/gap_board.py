"""The board: a component that draws linked pictures from plotly's figures, without plotly, which takes too long here.

Drawn by plotly, the missing-value page took fifteen times as long as an empty one, nearly all of it in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import gap_selection, state

if TYPE_CHECKING:
    from core.charts.spec import Spec
    from core.store.conditions import Condition
    from core.workspace import Workspace

_ASSETS = Path(__file__).with_name("assets")
_HTML = '<div class="gw-frame"><div class="gw-board"></div></div>'


def _script() -> str:
    """Return both scripts as one: a component has a single one."""
    plot = (_ASSETS / "plot.js").read_text(encoding="utf-8").replace("export function", "function")
    return f"{plot}\n{(_ASSETS / 'board.js').read_text(encoding='utf-8')}"


# Once for the server: a component that is registered by each run of a script is another one each time. Its styles are
# not isolated, so that tests and screen readers find one page.
_component = st.components.v2.component(
    "gapwise_board", html=_HTML, css=(_ASSETS / "board.css").read_text(encoding="utf-8"), js=_script(),
    isolate_styles=False,
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A figure in which a click chooses.

    Attributes:
        figure: None where there is nothing to draw, only words.
        meaning: From a clicked point's `customdata` to the condition that it stands for, whatever is chosen meanwhile.
        words: Paragraphs of (text, whether it stands out) parts.
        quiet: Paragraphs that say less.
        beside: Whether the words stand beside the figure.
    """

    name: str
    title: str
    figure: Spec | None
    meaning: Callable[[Sequence], Condition] | None = None
    words: tuple[tuple[tuple[str, bool], ...], ...] = ()
    quiet: tuple[str, ...] = ()
    beside: bool = False
    wide: bool = False

    def data(self) -> dict:
        """Return it for the browser."""
        words = [{"parts": [list(part) for part in line], "quiet": False} for line in self.words]
        words += [{"parts": [[text, False]], "quiet": True} for text in self.quiet]
        return {
            "name": self.name, "title": self.title, "figure": self.figure and self.figure.plain(), "words": words,
            "beside": self.beside, "wide": self.wide, "clickable": self.meaning is not None,
        }  # fmt: skip


def show(
    workspace: Workspace,
    name: str,
    parts: Sequence[tuple[str, object]],
    pictures: Sequence[Picture],
    options: Mapping[str, Condition] | None = None,
) -> None:
    """Draw a board.

    Args:
        parts: Kind and value each, as board.js knows them: figures, choices, pictures, images, controls.
        pictures: Those that `parts` has, for what is clicked in them.
        options: What can be chosen from its list, by text.
    """
    key = f"board_{name}"
    turn = gap_selection.chosen(workspace).turn
    data = {"turn": turn, "parts": [{"kind": kind, "value": value} for kind, value in parts]}
    meanings = {picture.name: picture.meaning for picture in pictures if picture.meaning is not None}
    _component(key=key, data=data, on_event_change=partial(_happened, workspace, key, meanings, options or {}, parts))
    asked = state.get(state.GAPS_LARGE)
    large = next((p for p in pictures if p.name == asked and p.figure is not None), None)
    if large is not None:
        state.put(state.GAPS_LARGE, "")
        _large(large)


def pictures_part(pictures: Sequence[Picture]) -> tuple[str, object]:
    """Return pictures as a part of a board."""
    return "pictures", [picture.data() for picture in pictures]


@st.dialog("Enlarged", width="large")
def _large(picture: Picture) -> None:
    """Draw a picture with plotly: to zoom, to look at single numbers, to save it."""
    if picture.title:
        st.subheader(picture.title, anchor=False)
    st.plotly_chart(dict(picture.figure), key=f"large_{picture.name}", config={"displayModeBar": True})


def _happened(
    workspace: Workspace,
    key: str,
    meanings: Mapping[str, Callable[[Sequence], Condition]],
    options: Mapping[str, Condition],
    parts: Sequence[tuple[str, object]],
) -> None:
    event = st.session_state[key].get("event")
    if not isinstance(event, dict):
        return
    now = gap_selection.chosen(workspace)
    what, n = event.get("what"), event.get("n", 0)
    if what == "click" and event.get("picture") in meanings:
        gap_selection.toggle(workspace, meanings[event["picture"]](event["at"]))
    elif what == "pick" and event.get("text") in options:
        gap_selection.toggle(workspace, options[event["text"]])
    elif what == "set":
        _set(parts, event.get("name"), event.get("value"))
    elif what == "large":
        state.put(state.GAPS_LARGE, event.get("picture", ""))
    elif event.get("turn") != now.turn:
        return  # about something that is not on the page any more
    elif what == "drop" and n < len(now.selection.conditions):
        gap_selection.toggle(workspace, now.selection.conditions[n])
    elif what == "clear":
        gap_selection.clear(workspace)
    elif what == "page" and n < 0:
        gap_selection.turn_page(workspace, now.pages[:-1])
    elif what == "page":
        last = next((value["last"] for kind, value in parts if kind == "images"), 0)
        gap_selection.turn_page(workspace, (*now.pages, last))


def _set(parts: Sequence[tuple[str, object]], name: object, text: object) -> None:
    """Set a control to one of its options, which a browser names as text."""
    for control in (one for kind, value in parts if kind == "controls" for one in value):
        if control["name"] == name:
            for value, _ in control["options"]:
                if str(value) == text:
                    state.put(control["name"], value)
