"""The map of a set, as arrays for a browser."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from core.serving import routes, sets, token
from tests.conftest import BINARY
from tests.hard_runs import add_run, known_images, two_clouds


def read(content: bytes) -> tuple[dict, dict[str, np.ndarray], list[str]]:
    """Read a message as main.js does: head, arrays at multiples of four bytes, names."""
    length = int.from_bytes(content[:4], "little")
    head, at, found = json.loads(content[4 : 4 + length]), 4 + length, {}
    for name, kind in head["arrays"]:
        assert at % 4 == 0
        found[name] = np.frombuffer(content, np.dtype(kind).newbyteorder("<"), head["count"], at)
        at += -(-found[name].nbytes // 4) * 4
    return head, found, content[at:].decode().split("\n")


@pytest.fixture
def ws(build):
    ws = build({"mask": ["1", "0", "1", "", "0"]}, {"mask": BINARY})
    run = add_run(ws, wrong={1}, heldout=3)
    two_clouds(ws, run, left=known_images(ws)[:2])
    return ws


def asked(client, ws, **query):
    return client.get(
        f"{routes.PATH}/set", params=query, headers={routes.HEADER: token.make(ws.root, "ann")} if ws else {}
    )


def test_all_points_come_with_what_is_known_of_them(client, ws):
    answer = asked(client, ws, run=1, v="a")
    assert answer.status_code == 200
    head, arrays, names = read(answer.content)  # the client unpacks it, as browsers do
    assert names == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    assert head["classes"] == ["0", "1"]
    assert arrays["value"].tolist() == [1, 0, 1, -1, 0]
    assert [head["sources"][s] if s >= 0 else None for s in arrays["source"]] == ["given"] * 3 + [None, "given"]
    assert arrays["wrong"].tolist() == [0, 1, 0, -1, -1]
    assert arrays["predicted"].tolist() == [1, 1, 1, 1, -1]  # the fifth it learned from
    np.testing.assert_allclose(arrays["confidence"], [0.9, 0.9, 0.9, 0.7, np.nan], rtol=1e-6)
    # Two clouds: two images at the left edge, three at the right one; the whole map within 0..1.
    assert (arrays["x"] < 0.2).tolist() == [True, True, False, False, False]
    assert arrays["x"].min() == arrays["y"].min() == 0
    assert arrays["x"].max() == arrays["y"].max() == 1


def test_without_a_map_a_token_or_a_run_it_says_so(client, ws):
    add_run(ws, wrong=set())
    assert "python -m core embed 2" in asked(client, ws, run=2, v="a").json()["error"]
    assert asked(client, ws, run=99, v="a").status_code == 409
    assert asked(client, ws, run="../1", v="a").status_code == 404
    assert asked(client, None, run=1, v="a").status_code == 401


def test_one_message_is_packed_once_and_anew_with_another_version(client, ws):
    sets._packed.cache_clear()
    for version in ("a", "a", "b"):
        assert asked(client, ws, run=1, v=version).status_code == 200
    assert (sets._packed.cache_info().misses, sets._packed.cache_info().hits) == (2, 1)


def test_a_map_of_one_point_lies_at_one_place(build, client):
    ws = build({"mask": ["1"]}, {"mask": BINARY})
    two_clouds(ws, add_run(ws, wrong={0}, heldout=1), left=[])
    _, arrays, names = read(asked(client, ws, run=1, v="a").content)
    assert (arrays["x"].tolist(), arrays["y"].tolist(), names) == ([0.0], [0.0], ["0.png"])


def test_kinds_that_a_browser_does_not_know_are_refused():
    with pytest.raises(ValueError, match="float64 arrived"):
        sets.framed({}, {"x": np.zeros(2)}, [])


def test_what_is_sent_is_small():
    n = 100_000
    random = np.random.default_rng(0)
    arrays = {"ids": np.arange(n, dtype=np.int32), "x": random.random(n, dtype=np.float32),
              "y": random.random(n, dtype=np.float32), "value": random.integers(0, 2, n).astype(np.int16),
              "wrong": np.zeros(n, np.int8)}  # fmt: skip
    packed = gzip.compress(sets.framed({}, arrays, [f"scene_{i:06}.jpg" for i in range(n)]), compresslevel=1)
    assert len(packed) < 2_000_000
