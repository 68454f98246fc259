"""Pictures of hard examples, some or all of which can be sent to the review queue.

The gallery is that of the Activation maps page, with a box to tick on each picture; opening one goes there.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import scripts
from pages.ui.explain import rows
from pages.ui.explain.choice import whole
from pages.ui.hard import component, sending
from pages.ui.hard.sources import Listed
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked
    from pages.ui.hard.sources import Named

KEY = "hard_gallery"
_SCRIPTS = ("explain_js/pictures.js", "explain_js/view.js", "explain_js/tile.js", "explain_js/gallery.js",
            "explain_js/png.js", "hard_js/choosing.js")  # fmt: skip


@st.fragment
def show(looked: Looked, source: Listed | Named, title: str, empty: str = "") -> None:
    """Draw the pictures of a source; turning to rows that the browser does not hold runs this part alone."""
    component.opened()
    sending.told(looked)
    data = _data(looked, source, title)
    if not data["list"]["total"]:
        st.info(plain(" ".join(filter(None, (empty, data["list"]["note"])))) or "No images here.")
        return
    _component()(key=KEY, data=data, on_look_change=lambda: None, on_event_change=partial(_happened, looked, source))


def _data(looked: Looked, source: Listed | Named, title: str) -> dict:
    stamp = f"{looked.label_id}/{looked.run_id}/{source.stamp}"
    look = (st.session_state.get(KEY) or {}).get("look")
    start = whole(look.get("from")) if isinstance(look, dict) and look.get("stamp") == stamp else 0
    page = source.page(looked, start, rows.WINDOW)
    if start and not page.rows:  # the list got shorter
        start, page = 0, source.page(looked, 0, rows.WINDOW)
    return {
        **component.served(looked),
        "colors": scripts.colors(),
        "stamp": stamp,
        "list": {
            "total": page.total,
            "from": start,
            "rows": rows.for_browser(looked.workspace, page.rows, source.speaks),
            "note": page.note,
        },
        "label": {"id": looked.label_id, "name": looked.label.name, "names": looked.label.names},
        "run": looked.run_id,
        "title": f"{looked.title}: {title}",
    }


def _happened(looked: Looked, source: Listed | Named) -> None:
    event = st.session_state[KEY].get("event")
    if not isinstance(event, dict):
        return
    if event.get("what") == "open":
        component.open_later(looked, event.get("image"), which=source.which if isinstance(source, Listed) else None)
    elif event.get("what") == "send":
        images = event.get("images")
        sending.send(looked, source, None if images is None else [i for i in images if whole(i)])


@cache
def _component():
    script = scripts.joined(*scripts.SHARED, *_SCRIPTS)
    html, css = scripts.joined("explain_js/page.html"), scripts.joined("explain_js/page.css", "hard_js/choosing.css")
    return st.components.v2.component("gapwise_hard_gallery", html=html, css=css, js=script)
