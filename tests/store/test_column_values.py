"""What texts spell, compared with Python's own readers."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.column_values import Texts, dates, numbers

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def texts(values: list[str | None], missing: tuple[str, ...] = ("",)) -> Texts:
    return Texts(pa.array(values, pa.string()), set(missing))


@given(
    st.lists(st.one_of(st.text("0123456789+-.eE x", max_size=8), st.floats().map(str), st.text(max_size=5)), max_size=9)
)
def test_numbers_are_pythons(values):
    column = texts(values)
    found = column.spread(numbers(column))
    for text, number in zip(values, found, strict=True):
        expected = float(text) if NUMBER.fullmatch(text.strip()) else math.nan
        expected = expected if math.isfinite(expected) else math.nan
        assert number == expected or (math.isnan(number) and math.isnan(expected)), text


@given(st.lists(st.tuples(*[st.integers(0, top) for top in (3000, 14, 33, 26, 61, 61)]), min_size=1, max_size=9))
def test_dates_are_pythons(moments):
    column = texts(["{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*moment) for moment in moments])
    for moment, found in zip(moments, column.spread(dates(column)), strict=True):
        try:
            expected = datetime(*moment, tzinfo=UTC).timestamp() if 1800 <= moment[0] <= 2200 else None
        except ValueError:
            expected = None
        if moment[5] != 60:  # a leap second is one more, for us
            assert np.isnan(found) if expected is None else found == expected, moment


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=12))
def test_any_text_is_read_without_trouble(values):
    column = texts(values, ("", "nan", "-1"))
    assert len(column.codes) == len(values)
    assert len(column.shown(5)) == len(column.values)
    assert all(len(line) <= 5 for line in column.shown(5))
    for how in (numbers, dates):
        assert column.spread(how(column)).shape == (len(values),)


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["13/01/2020", "02/03/2020"], datetime(2020, 1, 13, tzinfo=UTC)),
        (["01/13/2020", "02/03/2020"], datetime(2020, 1, 13, tzinfo=UTC)),
        (["2020-05-06", "13/01/2020", "2020-05-07"], datetime(2020, 5, 6, tzinfo=UTC)),
    ],
)
def test_the_order_that_fits_most_rows_is_taken(values, first):
    column = texts(values)
    assert column.spread(dates(column))[0] == first.timestamp()


def test_tokens_for_missing_are_found_in_any_case_and_with_space_around():
    column = texts(["NaN ", " nan", "x", None, "-1"], ("nan", "-1"))
    assert column.values.to_pylist() == ["NaN", "nan", "x", "-1"]
    assert column.blank.tolist() == [True, True, False, True]
    assert (column.distinct, column.few(1)) == (1, True)
