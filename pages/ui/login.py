"""Who reviews: by Streamlit's login where one is set up in `secrets.toml`, else by a name that people type."""

from __future__ import annotations

import getpass

import streamlit as st

MAX_NAME = 80  # characters


def name() -> str:
    """Return the name of whoever is logged in, empty where nobody is or there is no login."""
    if not getattr(st.user, "is_logged_in", False):
        return ""
    found = st.user.get("name") or st.user.get("email") or st.user.get("sub") or ""
    return "".join(sign for sign in str(found) if sign.isprintable()).strip()[:MAX_NAME]


def reviewer_field(key: str) -> None:
    """Draw who reviews: a name to type, or where there is a login, who is logged in."""
    if not _configured():
        about = "Your name is stored with each of your decisions."
        st.text_input("Reviewer", key=key, max_chars=MAX_NAME, help=about)
    elif name():
        st.text_input("Reviewer", name(), disabled=True, help="Your name is stored with each of your decisions.")
        st.button("Log out", on_click=st.logout)
    else:
        st.text_input("Reviewer", key=key, max_chars=MAX_NAME, help="Log in, and your decisions carry that name.")
        st.button("Log in", on_click=st.login)


def system_name() -> str:
    """Return the name of the account that the server runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "reviewer"


def _configured() -> bool:
    return hasattr(st.user, "is_logged_in")  # Streamlit knows the attribute only where a login is set up
