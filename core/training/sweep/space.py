"""What a sweep tries: lists of values, or ranges, for any of a recipe's settings. Imports no torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import GapwiseError
from core.training import settings
from core.training.recipe import Recipe
from core.training.settings import applied, read_value, spelled
from core.training.sweep.spelling import HOW, number, pieces, span

MAX_TRIALS = 500  # at two minutes each a night and a day; more is a mistake in typing
SEED = "seed"
_NOT_SWEPT = ("title", "source")  # words about a recipe, which no training reads


@dataclass(frozen=True)
class Range:
    """All numbers between two.

    Attributes:
        low, high: Both belong to it; low < high.
        log: Whether numbers are drawn evenly by their logarithm.
        whole: Whether they are whole.
    """

    low: float
    high: float
    log: bool
    whole: bool

    def __str__(self) -> str:
        return f"{self.low!r}..{self.high!r}"


@dataclass(frozen=True)
class Setting:
    """A recipe's setting and what is tried for it: values, JSON ones, at least one, all different; or a range."""

    name: str
    values: tuple[object, ...] = ()
    range: Range | None = None

    @property
    def varies(self) -> bool:
        return self.range is not None or len(self.values) > 1

    def __str__(self) -> str:
        """The setting as the command line takes it."""
        return f"{self.name}={self.range or ','.join(map(spelled, self.values))}"


def names() -> dict[str, str]:
    """Return every setting that can be swept, and what it means."""
    return {name: meaning for name, meaning in settings.names().items() if name not in _NOT_SWEPT}


@dataclass(frozen=True)
class Typed:
    """A setting as it was typed, its values not held against any recipe yet; `ends` are those of a range."""

    name: str
    values: tuple[object, ...] = ()
    ends: tuple[str, str] | None = None


def typed(text: str) -> Typed:
    """Return what `name=values` asks for, as `HOW` spells it; `low..high` is a range.

    Raises:
        GapwiseError: If the name is none of `names()`, or it can't be read.
    """
    name, equals, values = text.partition("=")
    if not equals:
        raise GapwiseError(f"{text!r} has no equals sign: expected a setting and its values, as dropout=0,0.2,0.5.")
    name, ends = checked_name(name), span(values)
    return Typed(name, ends=ends) if ends else Typed(name, tuple(read_value(name, p) for p in pieces(name, values)))


def typed_table(table: Mapping[str, object]) -> list[Typed]:
    """Return the settings of a TOML file's [sweep] table: name to a list of values, to one, or to "low..high".

    Raises:
        GapwiseError: If a name is none of `names()`.
    """
    found = []
    for name, values in _flat(table).items():
        ends = span(values) if isinstance(values, str) else None
        listed = tuple(values) if isinstance(values, list) else (values,)
        found.append(Typed(checked_name(name), () if ends else listed, ends))
    return found


def fitted(asked: Sequence[Typed], recipe: Recipe) -> list[Setting]:
    """Return settings whose values fit a recipe, spelled as the recipe would store them.

    Those with one value are brought into the recipe before the others are held against it: together they may fit
    where one alone does not.

    Raises:
        GapwiseError: If a value doesn't fit, there is none, or two are the same.
    """
    single = {t.name: t.values[0] for t in asked if len(t.values) == 1}
    try:
        base = applied(recipe, single)
    except GapwiseError:
        for name, value in single.items():
            _fitting(recipe, name, value)  # tells about the one that is wrong by itself
        raise
    return [_fit(each, base) for each in asked]


def parse_setting(text: str, recipe: Recipe) -> Setting:
    """Return what `name=values` asks for, as `typed` and `fitted` do for one setting alone."""
    return fitted([typed(text)], recipe)[0]


def _fit(asked: Typed, recipe: Recipe) -> Setting:
    name = asked.name
    if asked.ends:
        ends = [_fitting(recipe, name, number(end)) for end in asked.ends]
        if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
            raise GapwiseError(f"{name} takes no single numbers, so {'..'.join(asked.ends)} is no range of it. {HOW}")
        return Setting(name, range=make_range(name, *ends))
    if not asked.values:
        raise GapwiseError(f"{name} has no values. {HOW}")
    kept = tuple(_fitting(recipe, name, value) for value in asked.values)
    for i, value in enumerate(kept):
        if value in kept[:i]:
            raise GapwiseError(f"{name} has the value {spelled(value)} twice. Each value is tried once.")
    return Setting(name, kept)


def make_range(name: str, low: float, high: float) -> Range:
    """Return a range, logarithmic where it spans a factor of ten or more.

    Raises:
        GapwiseError: Unless low < high.
    """
    if not low < high:
        raise GapwiseError(f"{name} has the range {low!r}..{high!r}: expected the lower number first.")
    whole = isinstance(low, int) and isinstance(high, int)
    return Range(low, high, low > 0 and high / low >= 10, whole)


def count(tried: Sequence[Setting]) -> int:
    """Return how many combinations a grid has."""
    return math.prod(len(s.values) for s in tried)


def grid(tried: Sequence[Setting]) -> Iterator[dict[str, object]]:
    """Yield every combination of the values; the last setting changes fastest."""
    for combination in itertools.product(*(s.values for s in tried)):
        yield {s.name: value for s, value in zip(tried, combination, strict=True)}


def checked_name(name: str) -> str:
    """Return a setting's name as recipes spell it.

    Raises:
        GapwiseError: If it is none of `names()`.
    """
    name = settings.checked_name(name)
    if name in _NOT_SWEPT:
        raise GapwiseError(f"{name} is only what people read about a recipe: no training depends on it.")
    return name


def _fitting(recipe: Recipe, name: str, value: object) -> object:
    """Return a value as the recipe stores it, as JSON has it."""
    try:
        stored = applied(recipe, {name: value}).model_dump(mode="json")
    except GapwiseError as error:
        problem = "\n".join(str(error).split("\n")[1:]).strip() or str(error)
        hint = f" {HOW}" if isinstance(value, list) else ""
        raise GapwiseError(f"{name} can't be {spelled(value)}: {problem.rstrip('.')}.{hint}") from error
    for part in name.split("."):
        stored = stored[part]
    return stored


def _flat(table: Mapping[str, object]) -> dict[str, object]:
    """TOML reads the key progressive.size as a table within a table."""
    found: dict[str, object] = {}
    for name, values in table.items():
        found |= {f"{name}.{k}": v for k, v in values.items()} if isinstance(values, Mapping) else {name: values}
    return found
