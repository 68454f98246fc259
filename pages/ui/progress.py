"""A reporter that draws a progress bar."""

from __future__ import annotations

import time

import streamlit as st

from core.jobs.reporter import Silent


class Bar(Silent):
    """Shows progress on the page; a bar redrawn more often than a screen can show it would only cost time."""

    def __init__(self, what: str) -> None:
        self._what, self._drawn = what, 0.0
        self._bar = st.progress(0.0, text=what)

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        now = time.monotonic()
        if done < total and now - self._drawn < 0.1:
            return
        self._drawn = now
        self._bar.progress(
            min(done / total, 1.0) if total else 1.0, text=f"{message or self._what}: {done:,} of {total:,}"
        )
