"""A column of text: its distinct values, and what numbers or dates they spell."""

from __future__ import annotations

import calendar
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_TIME = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r" ?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?$"  # time zones are read over: hours don't matter where years are compared
)
_YEAR_FIRST = r"^(?P<year>\d{4})[-/:.](?P<month>\d{1,2})[-/:.](?P<day>\d{1,2})" + _TIME
_TOGETHER = r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})$"
_DAY_FIRST = r"^(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})" + _TIME
_MONTH_FIRST = r"^(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})" + _TIME
_FORMS = (_YEAR_FIRST, _TOGETHER, _DAY_FIRST, _MONTH_FIRST)
_LOOK = 10_000  # values that tell in which of these they are
_YEARS = (1800, 2200)  # eight digits in a row are a date only within these


class Texts:
    """A column.

    Attributes:
        codes: (N,) int64, each row's place among the V distinct values, -1 for null.
        values: (V,) Arrow strings without space around them.
        counts: (V,) how many rows have each.
        blank: (V,) bool, which of them mean that there is nothing.
    """

    def __init__(self, column: pa.Array, missing: set[str]) -> None:
        """Look at a column.

        Args:
            missing: Tokens without space around them, casefolded. A negative number among them (-1) means missing
                only where no other value is negative.
        """
        import pyarrow.compute as pc

        encoded = column.dictionary_encode()
        self.codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        self.values = pc.utf8_trim_whitespace(encoded.dictionary)
        self.counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))
        minus = {token for token in missing if token.startswith("-") and token != "-"}
        self.blank = self._among(missing - minus)
        if minus:
            other = ~self._among(minus) & np.asarray(pc.starts_with(self.values, "-"), dtype=bool)
            self.blank |= self._among(minus) & (not (other & ~np.isnan(numbers(self))).any())

    def _among(self, tokens: set[str]) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(sorted(tokens), pa.string())
        return np.asarray(pc.is_in(pc.utf8_lower(self.values), value_set=wanted), dtype=bool)

    @cached_property
    def distinct(self) -> int:
        """How many values there are."""
        return int((~self.blank).sum())

    def few(self, most: int) -> bool:
        """Whether there are at most so many values."""
        return self.distinct <= most

    def shown(self, longest: int) -> list[str]:
        """Return the V values as people read them: on one line, cut where they are long."""
        lines = (" ".join(value[: 4 * longest].split()) for value in self.values.to_pylist())
        return [line if len(line) <= longest else line[: longest - 1] + "…" for line in lines]

    def spread(self, of_value: np.ndarray) -> np.ndarray:
        """Return each row's part of (V,) floats, (N,), NaN for null."""
        return np.append(of_value, np.nan)[self.codes]


def numbers(texts: Texts) -> np.ndarray:
    """Return the numbers that values spell, (V,) float, NaN for other texts and for what is too large to be one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    fits = pc.match_substring_regex(texts.values, _NUMBER)
    plain = pc.utf8_ltrim(pc.if_else(fits, texts.values, pa.scalar(None, pa.string())), "+")
    values = plain.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def dates(texts: Texts) -> np.ndarray:
    """Return the times that values spell, (V,) float seconds since the epoch, NaN for other texts.

    Year, month and day in this order, with a time or without, or eight digits; day and month first are told apart by
    days after the 12th. Where every value could be either, there is no telling, and no date.
    """
    first = texts.values.slice(0, _LOOK)
    found = [_times(first, form) for form in _FORMS]
    rows = [int(texts.counts[: len(first)][~np.isnan(times)].sum()) for times in found]
    best = int(np.argmax(rows))
    if not any(rows) or (_FORMS[best] == _DAY_FIRST and rows[best] == rows[best + 1]):
        return np.full(len(texts.values), np.nan)
    return found[best] if len(first) == len(texts.values) else _times(texts.values, _FORMS[best])


def _times(values: pa.Array, form: str) -> np.ndarray:
    import pyarrow.compute as pc

    found = pc.extract_regex(values, form)
    fits = np.asarray(found.is_valid(), dtype=bool)
    parts = {name: _whole(found.field(i), fits) for i, name in enumerate(f.name for f in found.type)}
    year, month, day = parts["year"], parts["month"], parts["day"]
    nothing = np.zeros(len(values), dtype=np.int64)
    hour, minute, second = (parts.get(name, nothing) for name in ("hour", "minute", "second"))
    right = fits & (year >= _YEARS[0]) & (year <= _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    right &= (hour < 24) & (minute < 60) & (second <= 60)
    months = np.where(right, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    lengths = np.array([*calendar.mdays])[np.clip(month, 1, 12)] + ((month == 2) & _leap(year))
    right &= day <= lengths
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return np.where(right, ((days * 24 + hour) * 60 + minute) * 60 + second, np.nan)


def _whole(digits: pa.Array, fits: np.ndarray) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    given = pc.if_else(pc.equal(digits, ""), "0", digits).fill_null("0")
    return np.where(fits, given.cast(pa.int64()).to_numpy(zero_copy_only=False), 0)


def _leap(year: np.ndarray) -> np.ndarray:
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
