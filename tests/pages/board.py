"""What the missing-value page's board shows, and events as its browser side sends them, without a browser."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.ui import gap_readers, gap_selection, state


def part(app: AppTest, kind: str) -> object:
    """Return a part of the board."""
    return next(value for one, value in parts(app) if one == kind)


def pictures(app: AppTest) -> dict[str, dict]:
    """Return the pictures of all boards, by name."""
    return {picture["name"]: picture for kind, value in parts(app) if kind == "pictures" for picture in value}


def figures(app: AppTest) -> dict[str, str]:
    return {one["label"]: one["value"] for one in part(app, "figures")}


def chips(app: AppTest) -> list[str]:
    return [chip["full"] for chip in part(app, "choices")["chips"]]


def pick(app: AppTest, start: str) -> None:
    """Choose from the list what begins like this."""
    text = next(option for option in part(app, "choices")["options"] if option.startswith(start))
    workspace = Workspace.open(app.session_state[state.WORKSPACE])
    send(app, gap_selection.options(gap_readers.Look(workspace))[text])


def send(app: AppTest, condition: object) -> None:
    """Toggle a condition, as a click on what means it does; None takes all back."""
    now = _chosen(app)
    selection = gap_selection.Selection() if condition is None else now.selection.toggled(condition)
    _put(app, gap_selection.Chosen(selection, now.turn + 1))


def put(app: AppTest, name: str, value: object) -> None:
    """Set one of the board's controls."""
    controls = [one for kind, value in parts(app) if kind == "controls" for one in value]
    control = next(one for one in controls if one["name"] == name)
    assert value in [option for option, _ in control["options"]]
    app.session_state[name] = value
    app.run()
    assert not app.exception, app.exception[0].value


def turn_page(app: AppTest, step: int) -> None:
    now = _chosen(app)
    pages = now.pages[:-1] if step < 0 else (*now.pages, part(app, "images")["last"])
    _put(app, gap_selection.Chosen(now.selection, now.turn + 1, pages))


def parts(app: AppTest) -> list[tuple[str, object]]:
    """Return kind and value of all parts of all boards."""
    boards = [json.loads(one.proto.json) for one in app.get("bidi_component")]
    return [(kind, json.loads(value)) for board in boards for kind, value in board["parts"]]


def _chosen(app: AppTest) -> gap_selection.Chosen:
    held = app.session_state.get(state.GAPS_CHOSEN, {})
    return held.get(app.session_state[state.WORKSPACE], gap_selection.Chosen())


def _put(app: AppTest, chosen: gap_selection.Chosen) -> None:
    app.session_state[state.GAPS_CHOSEN] = {app.session_state[state.WORKSPACE]: chosen}
    app.run()
    assert not app.exception, app.exception[0].value
