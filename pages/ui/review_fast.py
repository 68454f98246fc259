"""The card of the review queue as a component that holds the next items itself.

The browser paints the next picture in the very moment of a key and sends the answer afterwards, so a decision takes no
run of the page. What it sends goes to the routes of `core.serving`, not through Streamlit: nothing is lost when the
server is killed in between, see `review_js/outbox.js`.
"""

from __future__ import annotations

import hashlib
from functools import cache

import streamlit as st

from core.labels.label import Label
from core.serving import routes, token
from core.workspace import Workspace
from pages.ui import scripts, state

_SCRIPTS = (
    *("outbox.js", "session.js", "pictures.js", "exchange.js", "queue.js", "picture.js"),
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
            "colors": scripts.colors(),
        },
        on_settled_change=lambda: None,
        on_renew_change=lambda: None,
    )


@cache
def _component():
    script = scripts.joined(*scripts.SHARED, *(f"review_js/{name}" for name in _SCRIPTS))
    html, css = scripts.joined("review_js/card.html"), scripts.joined("review_js/card.css")
    return st.components.v2.component("gapwise_review", html=html, css=css, js=script)
