"""How a list of values is spelled, on the command line and in the page; `core.training.settings` has single ones."""

from __future__ import annotations

from core.errors import GapwiseError
from core.training.settings import spelled

_OPEN, _CLOSE, _QUOTES = "[{(", "]})", "\"'"
HOW = (
    "Values are separated by commas: dropout=0,0.2,0.5. A value that has several numbers stands in brackets, so that"
    " its own commas separate nothing: scale=[0.8,1],[0.9,1]."
)


def short(value: object) -> str:
    """Return a value as people read it."""
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else spelled(value)


def pieces(name: str, text: str) -> list[str]:
    """Cut at commas that are in no brackets and no quotes."""
    found, start, depth, quote = [], 0, 0, ""
    for i, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter in _OPEN + _CLOSE:
            depth += 1 if letter in _OPEN else -1
        elif letter == "," and depth == 0:
            found.append(text[start:i])
            start = i + 1
    found.append(text[start:])
    kept = [piece.strip() for piece in found]
    if "" in kept or depth or quote:
        problem = "an empty value" if "" in kept else "a bracket or quote that is not closed"
        raise GapwiseError(f"{name}={text} has {problem}. {HOW}")
    return kept


def span(text: str) -> tuple[str, str] | None:
    low, dots, high = text.strip().partition("..")
    return (low, high) if dots and number(low) is not None and number(high) is not None else None


def number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
