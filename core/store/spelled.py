"""A selection as a text that fits into an address, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from core.labels.nullity import ORDERS
from core.store.conditions import (
    Condition,
    Contradicting,
    HasClass,
    InGroup,
    Lacking,
    LackingBoth,
    OfKind,
    Settling,
    Span,
)
from core.store.ground import KINDS
from core.store.selection import Selection

LONGEST = 1500  # letters; what is longer is not kept: browsers and proxies cut addresses off at some thousand


def _text(value: object) -> bool:
    return isinstance(value, str)


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


# What each condition's parts have to be, in the order of its fields: an address may come from anybody.
_FORMS: dict[type[Condition], dict[str, Callable[[object], bool]]] = {
    OfKind: {"label": _text, "kind": KINDS.__contains__},
    Lacking: {"missing": lambda value: isinstance(value, list) and all(map(_text, value))},
    LackingBoth: {"one": _text, "other": _text},
    HasClass: {"label": _text, "code": _whole, "source": _text},
    Settling: {"label": _text, "least": _number},
    Contradicting: {},
    InGroup: {"fact": _text, "place": _whole, "group": _text},
    Span: {"by": ORDERS.__contains__, "label": _text, "start": _whole, "stop": _whole},
}
_NAMES = {kind.__name__: kind for kind in _FORMS}


def spelled(selection: Selection) -> str:
    """Return a selection as a text; empty for none, and for one that is too long."""
    if not selection:
        return ""
    parts = [[type(one).__name__, *(getattr(one, name) for name in _FORMS[type(one)])] for one in selection]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return text if len(text) <= LONGEST else ""


def read(text: str) -> Selection:
    """Return the selection that a text spells; what can't be read, from wherever it comes, chooses nothing."""
    try:
        found = json.loads(text) if len(text) <= LONGEST else []
    except (ValueError, RecursionError):
        return Selection()
    selection = Selection()
    for part in found if isinstance(found, list) else []:
        condition = _condition(part)
        if condition is not None and condition not in selection:
            selection = selection.toggled(condition)
    return selection


def _condition(part: object) -> Condition | None:
    kind = _NAMES.get(part[0]) if isinstance(part, list) and part and _text(part[0]) else None
    if kind is None or len(part) != 1 + len(_FORMS[kind]):
        return None
    values = dict(zip(_FORMS[kind], part[1:], strict=True))
    try:
        fits = all(check(values[name]) for name, check in _FORMS[kind].items())
    except TypeError:  # a list or an object, which is in no table
        return None
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}) if fits else None
