"""The component: a gallery of pictures with their maps, and one image large with maps to compare.

The browser holds rows beyond the page that it shows and asks the routes of `core.serving` for every map by itself, so
that turning a page, opening an image, opacity and zoom take no run of the page.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from core.explain.methods import METHODS
from core.serving import routes, token
from core.store import hard
from pages.ui import scripts, state
from pages.ui.explain import choice as choices
from pages.ui.explain import comparing, rows

if TYPE_CHECKING:
    from core.workspace import Workspace
    from pages.ui.explain.choice import Choice, Offered

KEY = "explain"
_SCRIPTS = (
    *("pictures.js", "answers.js", "view.js", "tile.js", "gallery.js"),
    *("wishes.js", "pane.js", "panes.js", "choices.js", "viewer.js", "png.js", "page.js"),
)


def available() -> bool:
    """Whether this process answers the component's requests: not in a test without a server."""
    return routes.mounted()


@st.fragment
def show(workspace: Workspace, found: Offered, choice: Choice) -> None:
    """Draw gallery and viewer; a look at rows that the browser does not hold runs this part alone."""
    _component()(key=KEY, data=data(workspace, found, choice), on_look_change=lambda: None)


def data(workspace: Workspace, found: Offered, choice: Choice) -> dict:
    """Return all that the browser needs."""
    look, asked = _look(choice), _asked(workspace)
    opened = look.get("image") or (asked[0] if asked else 0) or choices.asked_image()
    label, run_rows = found.labels[choice.label_id], found.runs[choice.label_id]
    compared = found.compared.get(choice.label_id, ())
    run_rows = sorted({row.id: row for row in (*run_rows, *compared)}.values(), key=lambda row: -row.id)
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return {
        "base": (f"/{base}" if base else "") + routes.PATH,
        "token": token.make(workspace.root, state.reviewer()),
        "colors": scripts.colors(),
        "address": {
            # Streamlit writes it, too, but later: a step back to an entry without it would lead to another workspace.
            state.WORKSPACE_PICKED: state.get(state.WORKSPACE_NAMED),
            choices.LABEL: label.name,
            choices.RUN: str(choice.run_id),
            choices.LIST: choice.which,
        },
        "stamp": _stamp(choice),
        "title": hard.LISTS[choice.which],
        "list": rows.window(workspace, choice, look.get("from", 0)),
        "asked": opened,
        "row": rows.one(workspace, choice, opened) if opened else None,
        "open": list(asked) if asked else None,
        "label": {
            "id": choice.label_id,
            "name": label.name,
            "names": label.names,
            "predicted": choice.run_id not in {row.id for row in compared},
        },
        "labels": comparing.labels(found),
        "run": choice.run_id,
        "runs": comparing.runs(run_rows),
        "scaled": comparing.scaled_runs(run_rows),
        "methods": comparing.methods(),
        "smoothings": comparing.smoothings(),
        "method": next(iter(METHODS)),
    }


def _stamp(choice: Choice) -> str:
    return f"{choice.label_id}/{choice.run_id}/{choice.which}"


def _look(choice: Choice) -> dict:
    """Return what the browser asked for last, as long as it is about what is looked at now."""
    look = (st.session_state.get(KEY) or {}).get("look")
    if not isinstance(look, dict) or look.get("stamp") != _stamp(choice):
        return {}
    return {name: choices.whole(look.get(name)) for name in ("from", "image")}


def _asked(workspace: Workspace) -> tuple[int, int, str, str] | None:
    """Return the image that another page opened, the number of that wish, its tab, and the page that it came from."""
    asked = state.get(state.MAPS_IMAGE)
    return asked[1:] if asked and asked[0] == str(workspace.root) else None


@cache
def _component():
    script = scripts.joined(*scripts.SHARED, *(f"explain_js/{name}" for name in _SCRIPTS))
    html, css = scripts.joined("explain_js/page.html"), scripts.joined("explain_js/page.css")
    return st.components.v2.component("gapwise_explain", html=html, css=css, js=script)
