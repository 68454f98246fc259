"""Profiles agree with the cells, whatever was done to them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import inspect, select

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import cells, decisions, images, measured, profiles, schema
from core.store.labels import add_labels, set_rules
from core.workspace import DATABASE, Workspace
from tests.conftest import BINARY, FIVE_K, at
from tests.store.actions import Anybody

GIVEN, HUMAN, DERIVED = 0, 1, 2


def seen(ws: Workspace) -> dict[int, list]:
    """Return each image's cells as its profile says."""
    with ws.read() as connection:
        found = profiles.read(connection)
        ids, profile_ids = profiles.by_image(connection)
    assert found.images.tolist() == [int((profile_ids == i).sum()) for i in found.ids]
    rows = profiles.pack(found.given, found.values, found.sources)[np.searchsorted(found.ids, profile_ids)]
    return dict(zip(ids.tolist(), rows.tolist(), strict=True))


def true(ws: Workspace) -> dict[int, list]:
    """Return each image's cells as the cell table says."""
    with ws.read() as connection:
        every = connection.execute(select(schema.image.c.id)).scalars().all()
        ids, found = profiles.cells_of(connection, every)
    return dict(zip(ids.tolist(), found.tolist(), strict=True))


def test_images_with_the_same_cells_share_a_profile(build):
    ws = build({"mask": ["1", "", "1", "0"]}, {"mask": BINARY})
    with ws.read() as connection:
        found = profiles.read(connection)
    assert found.images.tolist() == [2, 1, 1]
    assert found.given.tolist() == [[1], [-1], [0]]
    assert found.values.tolist() == [[1], [-1], [0]]
    assert found.sources.tolist() == [[GIVEN], [-1], [GIVEN]]


def test_a_decision_takes_one_image_to_another_profile_and_undo_brings_it_back(five_k):
    before = seen(five_k)
    with five_k.write() as connection:
        decisions.decide(
            connection, client_id="a", reviewer="r", action="choose", value=0, **at(five_k, "3.png", "distancing")
        )
    changed = seen(five_k)
    assert changed == true(five_k)
    image_id = at(five_k, "3.png", "mask")["image_id"]
    assert changed[image_id] == [[1, 1, GIVEN], [-1, 0, HUMAN], [-1, 0, DERIVED]]
    assert {i for i in before if before[i] != changed[i]} == {image_id}
    with five_k.write() as connection:
        decisions.undo(connection, client_id="b", reviewer="r")
    assert seen(five_k) == before == true(five_k)


@pytest.mark.parametrize("seed", range(6))
def test_profiles_agree_with_the_cells_after_anything(build, seed):
    rng = np.random.default_rng(seed)
    texts = ["", "0", "1"]
    columns = {name: [texts[i] for i in rng.integers(0, 3, 40)] for name in ("mask", "distancing", "5k")}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K])
    anybody = Anybody(ws, rng, 40)
    undo, derive = anybody.undo, anybody.derive

    def decide(n: int) -> None:
        where = {"image_id": int(rng.integers(1, 41)), "label_id": int(rng.integers(1, 4))}
        with ws.write() as connection:
            decisions.decide(
                connection, client_id=f"d{n}", reviewer="r", action="choose", value=int(rng.integers(0, 2)), **where
            )

    def change_rules(_: int) -> None:
        with ws.write() as connection:
            set_rules(connection, [[FIVE_K], [], ["5k implies mask"], ["mask = distancing"]][rng.integers(0, 4)])
            cells.withdraw_stale(connection)

    def fill(_: int) -> None:
        with ws.write() as connection:
            changes = zip(
                rng.integers(1, 41, 5).tolist(),
                rng.integers(1, 4, 5).tolist(),
                rng.integers(0, 2, 5).tolist(),
                strict=True,
            )
            cells.fill_given(connection, changes)

    for n in range(60):
        rng.choice([decide, decide, decide, undo, derive, change_rules, fill])(n)
        assert seen(ws) == true(ws)


def test_a_new_label_is_part_of_every_profile(five_k):
    with five_k.write() as connection:
        added = add_labels(connection, [Label("hat", BINARY)])
        every = connection.execute(select(schema.image.c.id)).scalars().all()
        cells.add_cells(connection, every, added, np.array([[1], [0], [-1], [1], [1], [-1]]))
    assert seen(five_k) == true(five_k)
    with five_k.read() as connection:
        assert profiles.read(connection).given.shape[1] == 4


def test_images_can_not_go_where_others_leave_in_the_same_step(build):
    ws = build({"mask": ["1", "0"]}, {"mask": BINARY})
    with ws.write() as connection:
        found = profiles.read(connection)
        packed = profiles.pack(found.given, found.values, found.sources)
        first, second = found.ids.tolist()
        with pytest.raises(ValueError, match="same step"):
            profiles.move(connection, {first: packed[1], second: packed[0]})


def without_profiles(ws: Workspace) -> None:
    """Make the tables what they were in version 1."""
    ws.engine.dispose()
    with closing(sqlite3.connect(ws.root / DATABASE, isolation_level=None)) as database:
        database.execute("PRAGMA legacy_alter_table = ON")  # what refers to `image` goes on referring to that name
        old = database.execute("SELECT sql FROM sqlite_master WHERE name = 'image'").fetchone()[0]
        kept = "\n".join(line for line in old.splitlines() if "profile" not in line)
        names = ", ".join(row[1] for row in database.execute("PRAGMA table_info(image)") if row[1] != "profile_id")
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("ALTER TABLE image RENAME TO image_now")
        database.execute(re.sub(r",\s*\)\s*$", ")", kept))
        database.execute(f"INSERT INTO image ({names}) SELECT {names} FROM image_now")  # noqa: S608
        database.execute("DROP TABLE image_now")
        database.execute("DROP TABLE profile")


def test_a_workspace_of_version_1_gets_its_profiles_when_it_is_opened(five_k):
    with five_k.write() as connection:
        cells.derive_all(connection)
    before = seen(five_k)
    without_profiles(five_k)
    five_k.set_setting("version", 1)
    for opened in (Workspace.open, Workspace.create):
        assert seen(opened(five_k.root)) == before
    with five_k.read() as connection:
        assert "image_profile" in {i["name"] for i in inspect(connection).get_indexes("image")}
    assert five_k.setting("version") == schema.VERSION


def test_a_workspace_of_version_2_gets_room_for_measures_when_it_is_opened(five_k):
    """Version 1 is upgraded above; it lacks the same table."""
    before = seen(five_k)
    for version in (1, 2):
        with five_k.write() as connection:
            schema.image_fact.drop(connection)
        five_k.set_setting("version", version)
        with Workspace.open(five_k.root).read() as connection:
            assert measured.progress(connection) == measured.Progress(6, 6, 0, "")
            assert "image_fact_problem" in {i["name"] for i in inspect(connection).get_indexes("image_fact")}
        assert five_k.setting("version") == schema.VERSION
        assert seen(five_k) == before


def test_a_version_that_nobody_had_is_refused(five_k):
    five_k.set_setting("version", 0)
    with pytest.raises(GapwiseError, match="version 0"):
        Workspace.open(five_k.root)


def test_a_cell_without_an_image_is_no_profile(five_k):
    with five_k.read() as connection:
        assert len(profiles.cells_of(connection, [99])[0]) == 0
        assert images.image_count(connection) == 6
