"""Columns of the imported table that are no labels, as facts of the images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, select, update

from core.labels.missingness import sentence
from core.store import schema
from core.store.columns import MOST_COLUMNS
from core.store.facts import Fact
from core.store.missingness import findings, image_facts
from tests.conftest import BINARY

N = 40
HALF = ["1", ""] * (N // 2)


@pytest.fixture
def facts(build):
    """Return the facts that columns beside a label `mask` give, by name."""

    def made(columns: dict[str, list[str]], **plan: object) -> dict[str, Fact]:
        rows = len(next(iter(columns.values())))
        ws = build({"mask": (HALF * rows)[:rows], **columns}, {"mask": BINARY})
        with ws.write() as connection:
            told = connection.execute(select(schema.source_table.c.plan)).scalar_one()
            whole = {**told, "filename": "fname", "missing": ["", "?", "nan", "-1"], **plan}
            connection.execute(update(schema.source_table).values(plan=whole))
        with ws.read() as connection:
            return {f.name: f for f in image_facts(connection, ws.root) if f.name not in ("file size", "pixels")}

    return made


def test_numbers_are_tenths_of_the_images(facts):
    fact = facts({"age": [str(v) for v in np.random.default_rng(0).permutation(N) * 1.5]})["age"]
    assert fact.numeric
    assert np.bincount(fact.at).tolist() == [4] * 10
    assert (fact.groups[0], fact.groups[9]) == ("0 to 4.5", "54 to 58.5")
    assert fact.words == ("have lower values of age", "have higher values of age")


def test_few_numbers_are_groups_of_their_own(facts):
    fact = facts({"floor": [" 1", "+2.0", "3e0", ".5"] * 10})["floor"]
    assert fact.groups == ("0.5", "1", "2", "3")
    assert fact.at[:4].tolist() == [1, 2, 3, 0]


def test_gaps_and_slips_of_the_pen_stand_outside_the_order(facts):
    values = [str(100 - n) for n in range(N)]
    values[3], values[4], values[5] = "", " NaN ", "abc"
    fact = facts({"age": values})["age"]
    assert (fact.groups[-1], fact.outside, fact.having) == ("no value", 1, "a value of age")
    assert np.flatnonzero(fact.at == len(fact.groups) - 1).tolist() == [3, 4, 5]
    assert fact.at.max() < len(fact.groups)


@pytest.mark.parametrize(("other", "gaps"), [("7", 10), ("-7", 0)])
def test_minus_one_is_missing_only_where_nothing_else_is_negative(facts, other, gaps):
    fact = facts({"x": ["-1", "2", other, "30"] * 10})["x"]
    assert int((fact.at >= fact.ordered).sum()) == gaps


@pytest.mark.parametrize(
    "form", ["{y}-{m:02}-{d:02}", "{y}:{m:02}:{d:02} 10:20:30", "{d}.{m}.{y}", "{m}/{d}/{y} 9:05", "{y}{m:02}{d:02}",
             "{y}-{m:02}-{d:02}T23:59:59.123Z", "{y}/{m}/{d} 01:02:03+02:00"],
)  # fmt: skip
def test_dates_are_periods_in_order(facts, form):
    days = [(2019 + n // 20, 1 + n % 12, 1 + n % 28) for n in range(N)]
    fact = facts({"when": [form.format(y=y, m=m, d=d) for y, m, d in days]})["when"]
    assert fact.numeric
    assert fact.words == ("have earlier dates in when", "have later dates in when")
    assert fact.groups[0].startswith("2019-01-01 to 2019-")
    order = sorted(range(N), key=days.__getitem__)
    assert (np.diff(fact.at[order]) >= 0).all()
    assert fact.groups[-1].endswith(str(np.datetime64("{}-{:02}-{:02}".format(*days[order[-1]]))))


def test_times_of_one_day_are_shown_to_the_minute(facts):
    fact = facts({"when": [f"2024-02-29 10:{n:02}:05" for n in range(N)]})["when"]
    assert fact.groups[0] == "2024-02-29 10:00 to 2024-02-29 10:03"


def test_images_without_a_date_are_asked_about_apart(facts):
    fact = facts({"when": ["", *[f"2024-03-{n % 28 + 1:02}" for n in range(N - 1)]]})["when"]
    assert (fact.groups[-1], fact.at[0]) == ("no date", len(fact.groups) - 1)
    assert fact.having == "a value of when"


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2023-13-01", "2023-00-10", "0001-01-01", "31/31/2020", "2020-01-01 25:00"]
)
def test_days_that_are_none_are_no_dates(facts, text):
    assert not any(f.numeric for f in facts({"when": [text, f"{text} "] * (N // 2)}).values())


def test_a_date_that_could_be_read_both_ways_is_a_text(facts):
    fact = facts({"when": ["01/02/2020", "03/04/2020"] * (N // 2)})["when"]
    assert not fact.numeric
    assert fact.groups == ("01/02/2020", "03/04/2020")


def test_texts_are_groups_with_those_that_have_none_as_the_last(facts):
    fact = facts({"camera": ["b", "a", "", "?"] * 10})["camera"]
    assert not fact.numeric
    assert fact.groups == ("a", "b", "no value")
    assert fact.at[:4].tolist() == [1, 0, 2, 2]


def test_what_tells_nothing_is_left_out(facts):
    columns = {
        "note": [f"note {n}" for n in range(N)],  # a name for each
        "many": [f"kind {n % 41}" for n in range(N)],
        "same": ["x"] * N,
        "one": ["5"] * N,
        "empty": [""] * N,
        "number": [str(n + 7) for n in range(N)],  # counts the rows
        "key": [str(v) for v in np.random.default_rng(1).permutation(N)],
    }
    assert facts(columns, id_column="key") == {}


def test_a_table_of_a_folder_has_no_columns_of_its_own(facts):
    assert facts({"folder": ["a", "b"] * (N // 2)}, table=None) == {}


def test_hostile_values_do_no_harm(facts):
    long, rich = "x" * 100_000, "[a](javascript:0)\n<b>\t=cmd()"
    found = facts({
        "text": [long, rich, "\u202e\x00", "é"] * 10,
        "huge": ["1e999", "-1e999", "1e308", "-1e308", "inf", "nan"] * 6 + ["0x10", "1_000", "١", "--1"],
        "": ["1", "2"] * (N // 2),
        "a.b": ["1", "2"] * (N // 2),
        "a": ["3", "4"] * (N // 2),
        "x" * 500: ["1", "2"] * (N // 2),
    })  # fmt: skip
    assert max(len(group) for group in found["text"].groups) == 40
    assert "[a](javascript:0) <b> =cmd()" in found["text"].groups
    assert found["a"].groups == ("3", "4")
    assert found["a.b"].groups == ("1", "2")
    assert found["a column without a name"].groups == ("1", "2")
    assert found["x" * 40].numeric
    for fact in found.values():
        assert fact.at.min() >= 0
        assert fact.at.max() < len(fact.groups)
        assert len(fact.at) == N


def test_a_column_called_like_a_fact_is_told_apart(facts):
    names = [f"{'ab'[n % 2]}/{n}.png" for n in range(N)]
    found = facts({"fname": names, "folder": ["low", "high"] * (N // 2)})
    assert {name: fact.groups for name, fact in found.items()} == {
        "folder": ("a", "b"), "folder (table)": ("high", "low"),
    }  # fmt: skip


def test_no_more_columns_than_the_correction_can_bear(facts):
    assert len(facts({f"c{n}": ["1", "2"] * (N // 2) for n in range(30)})) == MOST_COLUMNS


def test_tables_are_put_together_by_the_columns_names(build):
    ws = build({"mask": HALF, "age": [str(n % 3) for n in range(N)]}, {"mask": BINARY})
    pd.DataFrame({"other": ["9"], "age": ["2"]}, dtype=object).to_parquet(ws.root / "tables" / "more.parquet")
    with ws.write() as connection:
        row = {"name": "m", "digest": "m", "file": "tables/more.parquet", "images_root": "/", "plan": {}, "rows": 1}
        new = connection.execute(insert(schema.source_table), {**row, "created": 0.0}).inserted_primary_key[0]
        gone = {**row, "digest": "n", "file": "tables/gone.parquet", "created": 0.0}
        lost = connection.execute(insert(schema.source_table), gone).inserted_primary_key[0]
        i = schema.image
        connection.execute(update(i).where(i.c.id == 2).values(table_id=new, row=0))
        connection.execute(update(i).where(i.c.id == 3).values(table_id=lost, row=0))
    with ws.read() as connection:
        found = {fact.name: fact for fact in image_facts(connection, ws.root)}
    assert found["age"].groups == ("0", "1", "2", "no value")
    assert found["age"].at[:4].tolist() == [0, 2, 3, 0]
    assert "other" not in found  # one value for one image tells nothing


def test_what_hangs_on_a_column_is_told_in_its_words(build):
    hours = [str(n) for n in range(6, 6 + N)]
    columns = {"mask": ["" if n < 15 else "1" for n in range(N)], "hour": hours[::-1], "room": ["a"] * 20 + ["b"] * 20}
    ws = build(columns, {"mask": BINARY})
    with ws.read() as connection:
        found = {f.against: f for f in findings(connection, image_facts(connection, ws.root))}
    assert "Images without a known mask have higher values of hour (p < 0.001)" in sentence(found["hour"])
    assert "differ in room: 75% missing with a, 0% with b" in sentence(found["room"])
