"""Small pieces that several pages draw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import GapwiseError
from core.labels.label import Label

# A colon begins an icon or a colour, an ampersand a sign's name; an underscore within a word is one for Markdown too.
_MARKUP = re.compile(r"([\\`*\[\]$~<]|(?<!\w)_|_(?!\w)|:(?=\w)|&(?=#?\w+;)|^[#>])")


def page_header(title: str, sentence: str) -> None:
    st.title(title, anchor=False)
    st.caption(sentence)


def figures_row() -> DeltaGenerator:
    """Return a row for metrics that wraps in a narrow window, where columns would cut the figures off."""
    return st.container(horizontal=True, gap="large")


def plain(text: object) -> str:
    """Return a text so that Markdown shows it as it is: names and file names are not ours."""
    return _MARKUP.sub(r"\\\1", str(text))


def show_error(error: GapwiseError) -> None:
    """Show a message for people; line breaks and the caret under a rule stay where they are."""
    first, _, rest = str(error).partition("\n")
    st.error(plain(first))
    if rest:
        st.code(rest, language=None)


@contextmanager
def told() -> Iterator[None]:
    """Show errors meant for people and end the page; others keep their traceback."""
    try:
        yield
    except GapwiseError as error:
        show_error(error)
        st.stop()


def counted(n: int, thing: str) -> str:
    """Return a number with its noun."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def class_text(label: Label, code: int | None) -> str:
    """Return what people read for a class, a dash for none."""
    return "–" if code is None or code < 0 else label.names[code]
