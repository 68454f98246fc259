"""What the card in the browser is told about an item."""

from __future__ import annotations

import pytest

from core.serving.cards import cards, next_cards
from core.serving.messages import Wish
from core.store import queue, ranks
from core.store.labels import label_id
from tests.conftest import BINARY, propose


@pytest.fixture
def ws(build):
    columns = {"mask": ["", "1"], "5k": ["", ""]}
    made = build(columns, dict.fromkeys(columns, BINARY), ["5k implies mask"])
    propose(made, "mask", {"0.png": [0.9, 0.1]})
    propose(made, "5k", {"0.png": [0.2, 0.8], "1.png": [0.4, 0.6]})
    return made


def shown(ws, order: str) -> dict[str, dict]:
    with ws.read() as connection:
        wish = Wish(label=label_id(connection, "5k"), order=order, want=5)
        return {card["fname"]: card for card in next_cards(connection, wish)}


def test_what_the_rules_overrule_is_said_with_the_models_own_word(ws):
    """Alone 5k is 1 with 0.80; beside a mask that is 0 with 0.90 it is 0.02 + 0.18 against 0.08."""
    found = shown(ws, "uncertain")
    assert found["0.png"]["value"] == 0
    assert found["0.png"]["confidence"] == pytest.approx(0.2 / 0.28, abs=1e-5)
    assert found["0.png"]["probs"][1] == pytest.approx(0.08 / 0.28, abs=1e-5)
    assert found["0.png"]["raw"] == [0.2, 0.8]
    assert "By itself the model says 1 (0.80)" in found["0.png"]["why"]
    assert found["1.png"]["raw"] is None
    assert found["1.png"]["why"] == "Here because the model is least sure of it."


def test_an_orders_own_reason_is_on_the_card(ws):
    with ws.write() as connection:
        at = label_id(connection, "5k")
        row = queue.item(connection, 2, at)
        one = {"image_id": 2, "proposal_id": row.proposal_id, "place": 0.0, "reason": "Because of this."}
        ranks.replace(connection, at, row.run_id, "leverage", [one])
    assert shown(ws, "leverage")["1.png"]["why"] == "Because of this."


@pytest.mark.parametrize("order", queue.ORDERS)
def test_every_order_says_why(ws, order):
    assert all(card["why"] for card in shown(ws, order).values())


def test_an_item_that_comes_back_needs_no_order(ws):
    with ws.read() as connection:
        found = cards(connection, [queue.item(connection, 2, label_id(connection, "5k"))])
    assert found[0]["why"] == ""
