"""The board: a component that draws linked pictures from plotly's figures, without plotly, which takes too long here.

Drawn by plotly, the missing-value page took fifteen times as long as an empty one, nearly all of it in the browser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.store.spelled import spelled
from pages.ui import gap_selection, state
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.charts.spec import Spec
    from core.store.conditions import Condition
    from core.workspace import Workspace

_ASSETS = Path(__file__).with_name("assets")


def _script() -> str:
    """Return scripts and styles as one script: a component has a single one, and its own styles come and go with it."""
    plot, board, css = (
        _ASSETS.joinpath(name).read_text(encoding="utf-8") for name in ("plot.js", "board.js", "board.css")
    )
    return "\n".join([f"const CSS = {json.dumps(css)}", plot.replace("export function", "function"), board])


# Once for the server: a component that is registered by each run of a script is another one each time. Its styles are
# not isolated, so that tests and screen readers find one page.
_component = st.components.v2.component("gapwise_board", js=_script(), isolate_styles=False)


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


@dataclass(frozen=True)
class Board:
    """A board's content, in the form in which it is sent and asked: made once for all looks at the same things.

    Attributes:
        parts: Kind and JSON each, as board.js knows them: figures, choices, pictures, images, controls. As texts, so
            that the browser sees by comparing them what has to be drawn anew.
        pictures: By name.
        controls: What a browser may set.
        options: What can be chosen from its list, by text.
        last: The last image of its strip.
    """

    parts: tuple[tuple[str, str], ...]
    pictures: Mapping[str, Picture]
    controls: tuple[dict, ...] = ()
    options: Mapping[str, Condition] = field(default_factory=dict)
    last: int = 0

    @classmethod
    def of(
        cls,
        parts: Sequence[tuple[str, object]],
        pictures: Sequence[Picture],
        options: Mapping[str, Condition] | None = None,
    ) -> Board:
        """Return a board of parts, kind and value each; `pictures` are those that the parts have."""
        return cls(
            tuple((kind, json.dumps(value, separators=(",", ":"))) for kind, value in parts),
            {picture.name: picture for picture in pictures},
            tuple(one for kind, value in parts if kind == "controls" for one in value),
            options or {},
            next((value["last"] for kind, value in parts if kind == "images"), 0),
        )


def show(workspace: Workspace, name: str, board: Board) -> None:
    """Draw a board."""
    key = f"board_{name}"
    now = gap_selection.chosen(workspace)
    where = [gap_selection.WHERE, spelled(now.selection)]
    _component(key=key, data={"name": name, "turn": now.turn, "where": where, "parts": board.parts},
               on_event_change=partial(_happened, workspace, key, board))  # fmt: skip
    large = board.pictures.get(state.get(state.GAPS_LARGE))
    if large is not None and large.figure is not None:
        state.put(state.GAPS_LARGE, "")
        _large(large)


def pictures_part(pictures: Sequence[Picture]) -> tuple[str, object]:
    """Return pictures as a part of a board."""
    return "pictures", [picture.data() for picture in pictures]


@st.dialog("Enlarged", width="large")
def _large(picture: Picture) -> None:
    """Draw a picture with plotly: to zoom, to look at single numbers, to save it."""
    if picture.title:
        st.subheader(plain(picture.title), anchor=False)
    st.plotly_chart(dict(picture.figure), key=f"large_{picture.name}", config={"displayModeBar": True})


def _happened(workspace: Workspace, key: str, board: Board) -> None:
    event = st.session_state[key].get("event")
    if not isinstance(event, dict):
        return
    now = gap_selection.chosen(workspace)
    what, n = event.get("what"), event.get("n", 0)
    clicked = board.pictures.get(event.get("picture"))
    if what == "click" and clicked is not None and clicked.meaning is not None:
        gap_selection.toggle(workspace, clicked.meaning(event["at"]))
    elif what == "pick" and event.get("text") in board.options:
        gap_selection.toggle(workspace, board.options[event["text"]])
    elif what == "set":
        _set(board.controls, event.get("name"), event.get("value"))
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
        gap_selection.turn_page(workspace, (*now.pages, board.last))


def _set(controls: Sequence[dict], name: object, text: object) -> None:
    """Set a control to one of its options, which a browser names as text; boxes may be closed, too."""
    for control in (one for one in controls if one["name"] == name):
        for value in [*(value for value, _ in control["options"]), *([""] if control["kind"] == "boxes" else [])]:
            if str(value) == text:
                state.put(control["name"], value)
