from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store.hard import hard_examples
from tests.conftest import BINARY, propose


@pytest.fixture
def ws(build):
    return build({"mask": ["1", "0", "0", "", ""]}, {"mask": BINARY})


def listed(ws, run, which, **more):
    with ws.read() as connection:
        total, rows = hard_examples(connection, run, which, **more)
    return total, [r.fname for r in rows]


def test_wrong_ones_surest_first_right_and_open_ones_least_sure_first(ws):
    known = {"0.png": [0.1, 0.9], "1.png": [0.3, 0.7], "2.png": [0.1, 0.9]}
    first = propose(ws, "mask", known, heldout=True)
    second = propose(ws, "mask", {"3.png": [0.9, 0.1], "4.png": [0.4, 0.6]})
    assert listed(ws, first, "wrong") == (2, ["2.png", "1.png"])
    assert listed(ws, first, "wrong", offset=1) == (2, ["1.png"])
    assert listed(ws, first, "right") == (1, ["0.png"])
    assert listed(ws, first, "open") == (0, [])
    assert listed(ws, second, "open", limit=1) == (2, ["4.png"])


def test_an_unknown_list_is_refused(ws):
    with pytest.raises(GapwiseError, match="no list 'odd'"):
        listed(ws, 1, "odd")
