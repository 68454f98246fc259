"""Single settings of a recipe as people type them: `lr=0.01`. Imports no torch."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence

from core.errors import GapwiseError
from core.training.recipe import Recipe, parse_recipe
from core.training.stages import GROWS, Progressive

_PIXELS = re.compile(r"(\d+)x(\d+)")
_BY_STAGES = (*GROWS, "epochs")  # what stages that are written out decide


def names() -> dict[str, str]:
    """Return every setting's name and meaning; `progressive.size` is the size that [progressive] starts from."""
    own = {n: f.description or "" for n, f in Recipe.model_fields.items()}
    return own | {f"progressive.{n}": f.description or "" for n, f in Progressive.model_fields.items()}


def checked_name(name: str) -> str:
    """Return a setting's name as recipes spell it; `batch-size` passes for `batch_size`.

    Raises:
        GapwiseError: If there is none, with close ones.
    """
    name, known = name.strip().replace("-", "_"), names()
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Close ones: {', '.join(close)}." if close else f"The settings are: {', '.join(known)}."
    raise GapwiseError(f"A recipe has no setting {name!r}. {hint}")


def read_setting(text: str) -> tuple[str, object]:
    """Return name and value of what a person typed as `name=value`.

    Raises:
        GapwiseError: If it has no equals sign, or there is no such setting.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise GapwiseError(f"{text!r} is no setting: expected a name, an equals sign and a value, as lr=0.01.")
    name = checked_name(name)
    return name, read_value(name, value)


def read_settings(texts: Sequence[str], given: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return values by name of what a person typed as `name=value`, after those that were `given` otherwise.

    Raises:
        GapwiseError: If one can't be read, or a name comes twice.
    """
    values = dict(given or {})
    for text in texts:
        name, value = read_setting(text)
        if name in values:
            raise GapwiseError(f"{name} is given twice. Give it once.")
        values[name] = value
    return values


def read_value(name: str, text: str) -> object:
    """Return a value that is written as TOML; what is no TOML is a text, so that words need no quotes.

    Args:
        name: A checked name: sizes may be 64x96, and `progressive` none.
    """
    text = text.strip()
    if name == "progressive" and text == "none":
        return None
    if name.endswith("size") and (pixels := _PIXELS.fullmatch(text.lower())):
        return [int(side) for side in pixels.groups()]
    try:
        read = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return read["value"] if set(read) == {"value"} else text


def spelled(value: object) -> str:
    """Return a JSON value as TOML in one line; `read_value` reads it back."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {spelled(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelled, value))}]"
    # JSON spells the rest as TOML does, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def applied(recipe: Recipe, values: Mapping[str, object]) -> Recipe:
    """Return a recipe with some settings changed.

    Args:
        values: By the names of `names()`. Stages that are written out bring the last one's values and their epochs
            along, as in a recipe's file, unless `values` has those too.

    Raises:
        GapwiseError: If the settings don't fit, each of them or together.
    """
    own = recipe.model_dump(mode="json")
    if values.get("stages"):
        own = {n: v for n, v in own.items() if n not in _BY_STAGES}
    plain = {n: v for n, v in values.items() if "." not in n}
    inner = {n.partition(".")[2]: v for n, v in values.items() if "." in n}
    if inner:
        start = plain.get("progressive", own.get("progressive"))
        if start is None:
            raise GapwiseError(f"progressive.{next(iter(inner))} needs a recipe with a [progressive] table.")
        plain["progressive"] = {**start, **inner}
    return parse_recipe({**own, **plain}, "The recipe")


def differing(base: Recipe, recipe: Recipe) -> dict[str, object]:
    """Return the settings, as JSON values, that make `recipe` of `base` when they are applied to it."""
    before, after = base.model_dump(mode="json"), recipe.model_dump(mode="json")
    found = {n: v for n, v in after.items() if v != before[n]}
    if found.get("stages"):
        without = {n: v for n, v in found.items() if n not in _BY_STAGES}
        return without if applied(base, without) == recipe else {**found, **{n: after[n] for n in _BY_STAGES}}
    return found
