"""How a setting's values are spelled: on the command line, in the page and in what people read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

from core.errors import GapwiseError

_PIXELS = re.compile(r"(\d+)x(\d+)")
_OPEN, _CLOSE, _QUOTES = "[{(", "]})", "\"'"
HOW = (
    "Values are separated by commas: dropout=0,0.2,0.5. A value that has several numbers stands in brackets, so that"
    " its own commas separate nothing: scale=[0.8,1],[0.9,1]."
)


def spelled(value: object) -> str:
    """Return a value as TOML, in one line; what `parse_setting` reads back."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {spelled(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelled, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


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


def read(name: str, piece: str) -> object:
    """Read one value: TOML; what is none is a text, so that words need no quotes."""
    if name == "progressive" and piece == "none":
        return None
    if name.endswith("size") and (pixels := _PIXELS.fullmatch(piece.lower())):
        return [int(side) for side in pixels.groups()]
    try:
        table = tomllib.loads(f"value = {piece}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return piece
    return table["value"] if set(table) == {"value"} else piece


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
