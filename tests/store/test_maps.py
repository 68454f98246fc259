"""The table of maps."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.jobs.deletion import delete_run
from core.store import maps
from core.store.map_schema import VERDICT, activation_map
from tests.conftest import propose

CODES = {"mask": ("0", "1")}


@pytest.fixture
def ws(build):
    """Six known images and four open ones; the run is wrong about 0 (sure) and 1, right about 2 to 5."""
    made = build({"mask": ["0"] * 2 + ["1"] * 4 + [""] * 4}, CODES)
    sure = {"0.png": 0.95, "1.png": 0.7, "2.png": 0.9, "3.png": 0.6, "4.png": 0.8, "5.png": 0.99}
    run_id = propose(made, "mask", {f: [1 - p, p] for f, p in sure.items()}, heldout=True)
    with made.write() as connection:
        from core.store.proposals import put_proposals

        about = {"run_id": run_id, "label_id": 1, "heldout": 0, "value": 1}
        rows = [{**about, "image_id": i, "probs": [1 - p, p], "confidence": p} for i, p in ((7, 0.9), (8, 0.6))]
        put_proposals(connection, rows)
    return made


def row(image_id: int, **more) -> dict:
    own = {"run_id": 1, "image_id": image_id, "label_id": 1, "method": "gradcam", "layer": "blocks.4", "chosen": 1,
           "target": "1", "smooth": "none", "checkpoint": "a", "map": b"1234", "height": 2, "width": 2,
           "probs": [0.2, 0.8], "predicted": 1, "trust": None, "holds": None}  # fmt: skip
    return {**own, **more}


WANTED = maps.Wanted(1, "a", "gradcam", None, "none")


def stored(ws) -> int:
    with ws.read() as connection:
        return connection.execute(select(func.count()).select_from(activation_map)).scalar_one()


def test_a_map_made_again_takes_the_place_of_the_old_one(ws):
    with ws.write() as connection:
        maps.put(connection, [row(1), row(1, method="fem"), row(2)])
        maps.put(connection, [row(1, map=b"0000")])
        assert maps.find(connection, WANTED, 1, "1").map == b"0000"
        maps.put(connection, [row(1, checkpoint="b", map=b"5678", target="0")])
        assert maps.find(connection, WANTED, 1, "1") is None
        assert maps.find(connection, maps.Wanted(1, "b", "gradcam", None, "none"), 1, "0").map == b"5678"
        assert [tuple(r) for r in maps.there(connection, WANTED)] == [(2, "1", 1)]
    assert stored(ws) == 2


def test_nothing_at_all_can_be_put(ws):
    with ws.write() as connection:
        maps.put(connection, [])
    assert stored(ws) == 0


def test_maps_go_with_their_run(ws):
    other = propose(ws, "mask", {"6.png": [0.5, 0.5]})
    with ws.write() as connection:
        maps.put(connection, [row(1), row(1, run_id=other)])
    delete_run(ws, 1)
    with ws.read() as connection:
        assert connection.execute(select(activation_map.c.run_id)).scalars().all() == [other]


def test_counts_say_how_many_tell_more_than_chance(ws):
    told = {"score": 1, "p": 0, "holds": True, "sentence": "", "test": VERDICT}
    old = {"score": 1, "chance": [], "p": 0, "holds": True, "sentence": ""}  # of a test that is made no more
    with ws.write() as connection:
        maps.put(connection, [row(1), row(2, trust=told, holds=1), row(3, trust=told, holds=0)])
        maps.put(connection, [row(4, trust=old, holds=1), row(5, trust=old, holds=0)])
        (kind,) = maps.counts(connection, 1)
        assert (kind["maps"], kind["trusted"], kind["doubted"], kind["bytes"]) == (5, 1, 1, 20)
        trusting = maps.Wanted(1, "a", "gradcam", None, "none", trust=True)
        assert sorted(r.image_id for r in maps.there(connection, trusting)) == [2, 3]
        assert maps.counts(connection, 2) == []


def test_truths_are_those_of_cells_with_a_value(ws):
    with ws.read() as connection:
        assert maps.truths(connection, 1, [1, 3, 7]) == {1: 0, 3: 1}
