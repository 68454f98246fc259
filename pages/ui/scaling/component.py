"""The explorer: a component that asks the route `scale` for every figure that it shows, and draws three networks.

A slider takes no run of the page: the browser asks the server, which sums closed forms, and draws the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import streamlit as st

from core.errors import GapwiseError
from core.models import measured, scaling
from core.models.baselines import BASELINES
from core.models.network import Network
from core.models.starts import px
from core.serving import routes, token
from pages.ui import scripts, state, use_network
from pages.ui.scaling import counting, speed
from pages.ui.widgets import show_error

KEY = "scaling"
# Where sliders end; more can be typed. 26 times the cost is what one dimension alone can still follow.
PHI_END = 5.0
_SCRIPTS = ("numbers", "place", "towers", "operators", "controls", "figures", "stages", "page")


def available() -> bool:
    """Whether this process answers the component's requests: not in a test without a server."""
    return routes.mounted()


@st.fragment  # what the component sends runs this part alone
def show() -> None:
    """Draw the explorer, and what came of its last button."""
    event = _component()(key=KEY, data=_data(), on_event_change=lambda: None).event
    try:
        if isinstance(event, Mapping):
            _happened(event)
    except GapwiseError as error:
        show_error(error)
    speed.line()


def _data() -> dict[str, object]:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    paper = scaling.PAPER
    return {
        "base": (f"/{base}" if base else "") + routes.PATH,
        # No workspace is needed here; the token says who asks all the same.
        "token": token.make(st.session_state.get(state.WORKSPACE) or "", state.reviewer()),
        "baselines": [{"name": b.name, "title": b.title, "px": b.px} for b in BASELINES.values()],
        "ranges": {name: (1.0, high) for name, (_, high) in scaling.LIMITS.items()},
        "phi": (scaling.PHI_LIMITS[0], PHI_END),
        "measured": list(measured.stamp()),  # the browser asks anew when it changes
        "measuring": speed.going() is not None,
        "paper": {"alpha": paper.alpha, "beta": paper.beta, "gamma": paper.gamma},
    }


def _happened(event: Mapping[str, object]) -> None:
    name = str(event.get("baseline"))
    if event.get("what") == "use":
        use_network.use(use_network.scaled(name, factors(event.get("network"))))
    elif event.get("what") == "count" and isinstance(event.get("networks"), list):
        counting.show(name, tuple(factors(one) for one in event["networks"][:2]))
    elif event.get("what") == "measure" and isinstance(event.get("networks"), list):
        scaled = [factors(one) for one in event["networks"][:3]]
        speed.start([Network(name, f.width, f.depth, px(f, name)) for f in scaled])


def factors(sent: object) -> scaling.Factors:
    """Return factors as a browser sent them.

    Raises:
        GapwiseError: If they are none.
    """
    given = [sent.get(name) if isinstance(sent, Mapping) else None for name in scaling.DIMENSIONS]
    if not all(isinstance(value, int | float) for value in given):
        raise GapwiseError("The browser sent no network. Load the page again.")
    return scaling.Factors(*given)


@cache
def _component():
    names = ("shared_js/asking.js", *(f"scaling_js/{name}.js" for name in _SCRIPTS))
    html, css = scripts.joined("scaling_js/page.html"), scripts.joined("scaling_js/page.css")
    return st.components.v2.component("gapwise_scaling", html=html, css=css, js=scripts.joined(*names))
