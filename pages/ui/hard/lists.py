"""The lists of hard examples, whole or filtered to a cell of the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.store import hard
from pages.ui import state
from pages.ui.hard import choice, gallery
from pages.ui.hard.sources import Listed
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from pages.ui.hard.choice import Looked


def show(looked: Looked) -> None:
    """Draw the choice of a list, its filters and its pictures."""
    choice.among(state.HARD_LIST, list(hard.LISTS))
    row = st.container(horizontal=True)
    which = row.selectbox("List", list(hard.LISTS), format_func=hard.LISTS.get, key=state.HARD_LIST, bind=choice.BOUND,
                          width=420)  # fmt: skip
    filters = choice.classes(looked, row)
    gallery.show(looked, Listed(which, filters), _title(looked, which, filters), _empty(looked, which, filters))


def of_cell(looked: Looked) -> dict[str, int]:
    """Draw the held-out images of the classes that are chosen in the confusion matrix; return those classes."""
    heading = st.empty()
    filters = choice.classes(looked)
    told = choice.told(filters, looked)
    heading.subheader(plain(told[:1].upper() + told[1:]) if told else "All wrong ones", anchor=False)
    truth, value = filters.get("truth"), filters.get("value")
    which = "right" if truth is not None and truth == value else "wrong"
    gallery.show(looked, Listed(which, filters), _title(looked, which, filters), _empty(looked, which, filters))
    return filters


def _title(looked: Looked, which: str, filters: dict[str, int]) -> str:
    return ", ".join(filter(None, (hard.LISTS[which].lower(), choice.told(filters, looked))))


def _empty(looked: Looked, which: str, filters: dict[str, int]) -> str:
    told = choice.told(filters, looked)
    return f"Run {looked.run_id} has no images in “{hard.LISTS[which]}”" + (f" that are {told}." if told else ".")
