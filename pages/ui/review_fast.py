"""The card of the review queue as a component that holds the next items itself.

The browser paints the next picture in the very moment of a key and sends the answer afterwards, so a decision takes no
run of the page. What it sends goes to the routes of `core.serving`, not through Streamlit: nothing is lost when the
server is killed in between, see `review_js/outbox.js`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import streamlit as st

from core.explain.overlay import color_table
from core.labels.label import Label
from core.serving import routes, token
from core.workspace import Workspace
from pages.ui import state

_FOLDER = Path(__file__).parent / "review_js"
# One script: Streamlit takes no modules that import each other without a package of its own for them.
_SCRIPTS = (
    *("outbox.js", "session.js", "pictures.js", "queue.js", "picture.js"),
    *("keys.js", "telling.js", "noting.js", "progress.js", "tiles.js", "grid.js", "card.js"),
)


def available() -> bool:
    """Whether this process answers the card's requests: not in a test without a server."""
    return routes.mounted()


def card(workspace: Workspace, label_id: int, label: Label, order: str, hidden: int) -> None:
    """Draw the card. It asks for a run of the page only in pauses, so that figures elsewhere follow.

    Args:
        hidden: For how many of a hundred items the proposal is hidden, see `core.store.blind`.
    """
    reviewer = state.reviewer()
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    _component()(
        key="review_card",
        data={
            "base": (f"/{base}" if base else "") + routes.PATH,
            "place": hashlib.sha256(f"{workspace.root}\n{reviewer}".encode()).hexdigest()[:24],
            "token": token.make(workspace.root, reviewer),
            "label": label_id,
            "classes": {"name": label.name, "names": list(label.names)},
            "order": order,
            "blind": hidden,
            "colors": _colors(),
        },
        on_settled_change=lambda: None,
        on_renew_change=lambda: None,
    )


@cache
def _component():
    read = {name: (_FOLDER / name).read_text("utf-8") for name in (*_SCRIPTS, "card.html", "card.css")}
    script = "\n".join(read[name] for name in _SCRIPTS)
    return st.components.v2.component("gapwise_review", html=read["card.html"], css=read["card.css"], js=script)


@cache
def _colors() -> str:
    return base64.b64encode(color_table().tobytes()).decode()
