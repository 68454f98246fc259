from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import proposals
from core.store.labels import label_id
from tests.conftest import at, propose


def test_a_repeated_prediction_replaces_the_first_and_keeps_its_number(five_k):
    run = propose(five_k, "mask", {"2.png": [0.9, 0.1]})
    where = at(five_k, "2.png", "mask")
    with five_k.write() as connection:
        first = proposals.latest_proposal(connection, **where)
        row = {"run_id": run, **where, "probs": [0.2, 0.8], "value": 1, "confidence": 0.8, "heldout": 0}
        proposals.put_proposals(connection, [row])
        (second,) = proposals.proposals_for(connection, **where)
    assert (second.id, second.value, second.probs) == (first.id, 1, [0.2, 0.8])


def test_the_newest_run_comes_first(five_k):
    runs = [propose(five_k, "mask", {"2.png": p}) for p in ([0.9, 0.1], [0.4, 0.6])]
    with five_k.read() as connection:
        found = proposals.proposals_for(connection, **at(five_k, "2.png", "mask"))
        assert [r.run_id for r in found] == runs[::-1]
        assert proposals.latest_run(connection, label_id(connection, "mask")) == runs[1]
        assert proposals.latest_run(connection, label_id(connection, "5k")) is None
        assert proposals.latest_proposal(connection, **at(five_k, "2.png", "5k")) is None


def test_an_unknown_proposal_is_refused(five_k):
    with five_k.read() as connection, pytest.raises(GapwiseError, match="number 5"):
        proposals.proposal(connection, 5)


def test_heldout_predictions_come_with_the_truth(five_k):
    run = propose(five_k, "mask", {"0.png": [0.3, 0.7], "1.png": [0.4, 0.6]}, heldout=True)
    with five_k.read() as connection:
        frame = proposals.heldout_frame(connection, run)
    assert frame[["fname", "truth", "value", "confidence"]].to_numpy().tolist() == [
        ["0.png", 1, 1, 0.7],
        ["1.png", 0, 1, 0.6],
    ]
