"""What a stage accepts, and that going on after a stop does not accept what people took back. Trains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from core.cascade.accept import TAKEN_BACK, count_open, look, taken_back
from core.cascade.plan import Stage
from core.cascade.words import filled
from core.store import acceptances, decisions
from core.store.cells import TRUSTED, known, open_cells
from core.store.labels import label_id
from tests.conftest import BINARY, cells_of, propose
from tests.pseudo.test_offer import add


@pytest.fixture
def ws(build):
    """A label without rules: 300 known, 40 open; the run says 1 for all, half of the open ones less surely."""
    made = build({"mask": ["1"] * 300 + [""] * 40}, {"mask": BINARY})
    run_id = propose(made, "mask", {f"{i}.png": [0.1, 0.9] for i in range(300, 320)})
    add(made, run_id, known=range(300), waiting=range(320, 340), sure=0.8)
    return made


def stage(ws) -> Stage:
    with ws.read() as connection:
        at = label_id(connection, "mask")
        assert (len(known(connection, at, TRUSTED)), len(open_cells(connection, at))) == (300, 40)
    return Stage(at, "mask", "your order", "tiny", {}, precision=0.9, run=1)


@pytest.mark.parametrize(("below", "left"), [(None, 0), (0.85, 20)])
def test_what_a_person_took_back_at_the_stop_is_not_accepted_again_by_going_on(ws, below, left):
    mine = stage(ws)
    with ws.write() as connection:
        mine.looks.append(look(connection, mine, 1, 7, "ann"))
        assert mine.filled == 40
        one = acceptances.listed(connection)[0]
        acceptances.withdraw(connection, client_id="w", reviewer="bob", acceptance_id=one.id, below=below)
        assert taken_back(connection, mine) == 40 - left
    before = cells_of(ws)
    assert np.sum([source == "pseudo" for _, source in before.values()]) == left
    with ws.write() as connection:
        mine.looks.append(look(connection, mine, 2, 7, "ann"))
        assert len(acceptances.listed(connection)) == 1
    assert cells_of(ws) == before
    assert [found["notes"] for found in mine.telling] == [[], [TAKEN_BACK]]


def test_what_was_taken_back_is_told_beside_what_was_accepted(ws):
    mine = stage(ws)
    with ws.write() as connection:
        mine.looks.append(look(connection, mine, 1, 7, "ann"))
    assert filled(mine).startswith("40 cells were accepted")
    assert "taken back" not in filled(mine)
    assert filled(mine, 40).endswith(" 40 of them were taken back since.")


def test_what_a_person_had_decided_was_not_taken_back_with_the_rest(ws):
    mine = stage(ws)
    with ws.write() as connection:
        mine.looks.append(look(connection, mine, 1, 7, "ann"))
        for image_id in (301, 302):  # of the forty
            decisions.decide(connection, client_id=f"d{image_id}", reviewer="bob", action="choose", value=0,
                             image_id=image_id, label_id=mine.label_id)  # fmt: skip
        one = acceptances.listed(connection)[0]
        acceptances.withdraw(connection, client_id="w", reviewer="bob", acceptance_id=one.id)
        assert taken_back(connection, mine) == count_open(connection, mine.label_id) == 38


def test_a_second_look_that_found_nothing_new_is_not_told(ws):
    mine = stage(ws)
    with ws.write() as connection:
        mine.looks += [look(connection, mine, number, 7, "ann") for number in (1, 2)]
    assert [found["cells"] for found in mine.looks] == [40, 0]
    assert len(mine.telling) == 1
