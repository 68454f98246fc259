"""The component that draws all views of the hard examples but the pictures: matrix, confusion, bars, map, mean maps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

import streamlit as st

from core.serving import routes, token
from pages.ui import navigation, readers, scripts, state
from pages.ui.explain.choice import open_image, whole
from pages.ui.hard import left

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked

_SCRIPTS = (
    *("points", "shared", "bars", "matrix_drawing", "matrix", "confusion", "look"),
    *("camera", "lasso", "kinds", "map_hands", "map_keys", "map_png", "set_map", "loading", "main"),
)
TITLE = navigation.PAGES["hard_examples"][0]
Heard = Callable[[Mapping[str, object]], None]


def draw(looked: Looked, kind: str, data: Mapping[str, object], heard: Heard | None = None, key: str = "") -> None:
    """Draw a view.

    Args:
        kind: As main.js knows it: matrix, confusion, bars, map, look.
        heard: Called in a callback with what was clicked; a picture is opened without it.
    """
    key = f"hard_{key or kind}"
    _component()(
        key=key,
        data={"kind": kind, **served(looked), **data},
        on_event_change=partial(_happened, looked, key, heard),
    )


def served(looked: Looked) -> dict[str, str]:
    """Return what a script needs to ask the routes."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return {
        "base": (f"/{base}" if base else "") + routes.PATH,
        "token": token.make(looked.workspace.root, state.reviewer()),
        "pictures": readers.pictures(looked.workspace),
    }


def opened() -> None:
    """Go to the image that was clicked; before anything is drawn."""
    if state.get(state.HARD_OPEN):
        state.put(state.HARD_OPEN, False)
        navigation.go("activation_maps")


def open_later(looked: Looked, image_id: object, tab: str = "", which: str | None = None) -> None:
    """Have the next run of the page open an image with its maps: for callbacks, which can't change the page.

    Args:
        which: The list that it is in, None where it is in none that the Activation maps page has.
    """
    if image := whole(image_id):
        open_image(looked.workspace, image, looked.label_id, looked.run_id, tab, which, TITLE)
        left.keep(looked.workspace)
        state.put(state.HARD_OPEN, True)


def _happened(looked: Looked, key: str, heard: Heard | None) -> None:
    event = st.session_state[key].get("event")
    if not isinstance(event, dict):
        return
    if event.get("what") == "open":
        open_later(looked, event.get("image"), "runs" if looked.view == "matrix" else "look")
    elif heard is not None:
        heard(event)


@cache
def _component():
    css = json.dumps(scripts.joined("hard_js/hard.css"))
    script = scripts.joined("shared_js/asking.js", *(f"hard_js/{name}.js" for name in _SCRIPTS))
    # Its styles are not isolated: tests, screen readers and the card beside the pointer find one page.
    return st.components.v2.component("gapwise_hard", js=f"const CSS = {css}\n{script}", isolate_styles=False)
