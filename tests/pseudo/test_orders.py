"""Orders that a command works out: leverage, variety, disagreement, chance."""

from __future__ import annotations

import numpy as np
import pytest

from core.jobs.reporter import Silent
from core.pseudo import label_errors, orders
from core.pseudo.embedding import SIZE, packed, unpacked
from core.pseudo.orders import rank
from core.pseudo.varied import ALIKE, varied
from core.store import proposals, queue, ranks, schema
from core.store.labels import label_id
from tests.conftest import BINARY, FIVE_K, propose

COLUMNS = {
    "mask": ["", "", "", "", "1", "0"],
    "distancing": ["1", "0", "1", "1", "1", "1"],
    "5k": ["", "", "", "", "1", "0"],
}
PROBS = {"0.png": [0.4, 0.6], "1.png": [0.45, 0.55], "2.png": [0.1, 0.9], "3.png": [0.05, 0.95]}


@pytest.fixture
def ws(build):
    made = build(COLUMNS, dict.fromkeys(COLUMNS, BINARY), [FIVE_K])
    propose(made, "mask", PROBS)
    return made


def listed(ws, order: str, label: str = "mask"):
    with ws.read() as connection:
        return queue.pending(connection, label_id(connection, label), order)


def test_leverage_asks_first_where_5k_hangs_on_the_answer(ws):
    """1.png is the least certain, but without distancing its 5k is 0 whatever the mask."""
    assert listed(ws, "leverage")[0].fname == "1.png"  # not ranked yet: the least certain
    assert rank(ws, Silent()) == {"mask": 4}
    found = listed(ws, "leverage")
    assert [r.fname for r in found] == ["0.png", "1.png", "2.png", "3.png"]
    assert found[0].reason == "An answer here sets 0.80 cells right on average with what rules draw from it."
    assert found[1].reason == "An answer here sets 0.45 cells right on average."


def test_chance_is_seeded_and_has_all(ws):
    rank(ws, Silent(), seed=1)
    first = [r.fname for r in listed(ws, "random")]
    rank(ws, Silent(), seed=1)
    assert [r.fname for r in listed(ws, "random")] == first
    seen = set()
    for seed in range(12):
        rank(ws, Silent(), seed)
        seen.add(tuple(r.fname for r in listed(ws, "random")))
    assert len(seen) > 4
    assert {frozenset(order) for order in seen} == {frozenset(PROBS)}


def test_runs_that_disagree_come_first_and_are_named(ws):
    newer = {"0.png": [0.45, 0.55], "1.png": [0.4, 0.6], "2.png": [0.8, 0.2], "3.png": [0.04, 0.96]}
    propose(ws, "mask", newer)
    rank(ws, Silent())
    found = listed(ws, "disagreement")
    assert found[0].fname == "2.png"
    assert found[0].reason == "Run 1 says 1 (0.90), run 2 0 (0.80)."


def test_a_prediction_that_breaks_a_rule_is_a_reason(build):
    """P(5k) above P(mask)."""
    columns = {"mask": ["", ""], "distancing": ["1", "1"], "5k": ["", ""]}
    ws = build(columns, dict.fromkeys(COLUMNS, BINARY), [FIVE_K])
    propose(ws, "mask", {"0.png": [0.9, 0.1], "1.png": [0.2, 0.8]})
    propose(ws, "5k", {"0.png": [0.2, 0.8], "1.png": [0.2, 0.8]})
    rank(ws, Silent())
    found = listed(ws, "disagreement", "5k")
    assert found[0].fname == "0.png"
    assert found[0].value == 0
    assert "By itself run 2 says 1 (0.80)" in found[0].reason
    assert found[1].reason is None or found[1].reason.startswith("By itself")


def test_only_the_first_so_many_places_are_kept_and_all_come_in_the_end(ws, monkeypatch):
    monkeypatch.setattr(ranks, "TOP", 2)
    rank(ws, Silent())
    assert [r.fname for r in listed(ws, "leverage")] == ["0.png", "1.png", "2.png", "3.png"]
    with ws.read() as connection:
        kinds = connection.execute(schema.rank.select().where(schema.rank.c.kind == "leverage")).all()
    assert len(kinds) == 2


def test_pictures_that_look_alike_do_not_follow_each_other():
    rng = np.random.default_rng(0)
    scenes = rng.standard_normal((12, 64))
    pictures = np.repeat(scenes, 5, axis=0) + 0.01 * rng.standard_normal((60, 64))  # five near-copies of each
    directions = unpacked(packed(pictures))
    order = varied(np.sort(rng.random(60))[::-1], directions)
    assert sorted(order.tolist()) == list(range(60))
    near = (directions[order[:-1]] * directions[order[1:]]).sum(axis=1)
    assert (near[:45] < ALIKE).all()
    worst = (directions[:-1] * directions[1:]).sum(axis=1)
    assert (worst > ALIKE).sum() == 48  # as the worth alone would have shown them


def test_embeddings_keep_angles_and_are_small():
    rng = np.random.default_rng(1)
    features = rng.standard_normal((40, 512)) * 50
    kept = packed(features)
    assert {len(one) for one in kept} == {SIZE}
    wanted = features / np.linalg.norm(features, axis=1, keepdims=True)
    error = unpacked(kept) @ unpacked(kept).T - wanted @ wanted.T
    assert np.abs(error).mean() < 0.25
    assert unpacked(packed(np.zeros((1, 8)))).tolist() == [[0.0] * SIZE]


def test_variety_is_used_where_the_network_left_its_look(ws):
    rng = np.random.default_rng(0)
    looks = packed(np.repeat(rng.standard_normal((2, 16)), 2, axis=0))  # 0 and 1 alike, 2 and 3 alike
    with ws.write() as connection:
        mask = label_id(connection, "mask")
        for n, look in enumerate(looks, start=1):
            connection.execute(schema.proposal.update().where(schema.proposal.c.id == n).values(embedding=look))
        assert proposals.latest_run(connection, mask) == 1
    rank(ws, Silent())
    found = [r.fname for r in listed(ws, "varied")]
    assert {found[0], found[1]} not in ({"0.png", "1.png"}, {"2.png", "3.png"})
    assert found[0] == "0.png"


def test_likely_errors_are_found_on_what_the_run_never_learned(build):
    pytest.importorskip("cleanlab")
    rng = np.random.default_rng(0)
    given = rng.integers(0, 2, 60)
    wrong = [3, 17, 40]
    probs = {f"{i}.png": [0.95, 0.05] if (g == 0) != (i in wrong) else [0.05, 0.95] for i, g in enumerate(given)}
    ws = build({"mask": [str(g) for g in given]}, {"mask": BINARY})
    propose(ws, "mask", probs, heldout=True)
    rank(ws, Silent())
    found = listed(ws, ranks.ERRORS)
    assert {r.fname for r in found} == {f"{i}.png" for i in wrong}
    assert found[0].reason.startswith("The table says ")
    with ws.read() as connection:
        assert queue.pending_count(connection, label_id(connection, "mask"), order=ranks.ERRORS) == 3


def test_without_cleanlab_the_other_orders_are_there(ws, monkeypatch, caplog):
    def missing(*_):
        raise label_errors.GapwiseError("cleanlab is not installed")

    monkeypatch.setattr(orders, "suspects", missing)
    propose(ws, "mask", {"4.png": [0.5, 0.5], "5.png": [0.5, 0.5]}, heldout=True)
    rank(ws, Silent())
    assert listed(ws, ranks.ERRORS) == []
