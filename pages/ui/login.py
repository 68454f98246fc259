"""Who reviews: by Streamlit's login where one is set up in `secrets.toml`, else by a name that people type."""

from __future__ import annotations

import getpass
import json
from urllib.parse import quote, unquote

import streamlit as st

MAX_NAME = 80  # characters
_COOKIE = "gapwise_reviewer"
_YEAR = 365 * 24 * 3600  # seconds


def name() -> str:
    """Return the name of whoever is logged in, empty where nobody is or there is no login."""
    if not getattr(st.user, "is_logged_in", False):
        return ""
    found = st.user.get("name") or st.user.get("email") or st.user.get("sub") or ""
    return _clean(str(found))


def remembered() -> str:
    """Return the name that was typed in this browser before; empty for none.

    A session ends with a reload. Without the name the next decisions would be somebody else's, and what this person
    had on screen would wait for its lease to end. It is in no address: a link would make others decide in that name.
    """
    return _clean(unquote(st.context.cookies.get(_COOKIE) or ""))


def remember(name: str) -> None:
    """Keep a name in this browser; an empty one is forgotten."""
    kept = f"{_COOKIE}={quote(_clean(name), safe='')}; path=/; max-age={_YEAR if name.strip() else 0}; samesite=strict"
    # Only what `quote` leaves gets into the script.
    st.html(f"<script>document.cookie = {json.dumps(kept)}</script>", unsafe_allow_javascript=True)


def reviewer_field(key: str, typed: str) -> None:
    """Draw who reviews: a name to type, or where there is a login, who is logged in.

    Args:
        key, typed: Of the session state: the name, and whether it was typed just now.
    """
    if not configured():
        about = "Your name is stored with each of your decisions. This browser remembers it."
        st.text_input("Reviewer", key=key, max_chars=MAX_NAME, help=about, on_change=_typed, args=(typed,))
        if st.session_state.pop(typed, False):
            remember(st.session_state[key])
    elif name():
        st.text_input("Reviewer", name(), disabled=True, help="Your name is stored with each of your decisions.")
        st.button("Log out", on_click=st.logout)
    else:
        about = "Decisions carry your name once you log in; until then this one, and that nobody was logged in."
        st.text_input("Reviewer", key=key, max_chars=MAX_NAME, help=about)
        st.button("Log in", on_click=st.login)


def configured() -> bool:
    """Whether there is a login."""
    return hasattr(st.user, "is_logged_in")  # Streamlit knows the attribute only where a login is set up


def system_name() -> str:
    """Return the name of the account that the server runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "reviewer"


def _typed(key: str) -> None:
    st.session_state[key] = True  # the script can only be drawn by the run that follows


def _clean(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:MAX_NAME]
