from __future__ import annotations

import numpy as np
import pytest

from core.errors import GapwiseError
from core.hard.confusion import confusion
from core.hard.matrix import ClassErrors, matrix
from core.store import decisions
from core.store.labels import label_id
from tests.conftest import at, propose

CLASSES = ("a", "b", "c")
A, B, C = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
#            0  1  2  3  4  5: known
KNOWN = ["a", "a", "b", "b", "c", ""]


@pytest.fixture
def ws(build):
    made = build({"kind": KNOWN}, {"kind": CLASSES})
    names = [f"{i}.png" for i in range(5)]
    for said in ([A, B, C, B, A], [A, A, C, B, B], [A, B, C, C, C]):
        propose(made, "kind", dict(zip(names, said, strict=True)), heldout=True)
    propose(made, "kind", {"2.png": B, "3.png": A}, heldout=True)
    propose(made, "kind", {"5.png": C})
    return made


def made(ws, *runs):
    with ws.read() as connection:
        return matrix(connection, label_id(connection, "kind"), runs)


def test_images_that_most_runs_miss_come_first_then_by_class(ws):
    found = made(ws, 1, 2, 3)
    #         all three           two of three         one of three    none
    order = ["2.png", "1.png", "4.png", "3.png", "0.png"]
    assert list(found.fnames) == order
    assert found.truth.tolist() == [1, 0, 2, 1, 0]
    assert found.predicted.tolist() == [[2, 2, 2], [1, 0, 1], [0, 1, 2], [1, 1, 2], [0, 0, 0]]
    assert found.wrong.sum(axis=1).tolist() == [3, 2, 2, 1, 0]


def test_a_run_that_predicted_only_some_images_is_neither_right_nor_wrong_about_the_rest(ws):
    found = made(ws, 4, 1)
    assert found.run_ids == (4, 1)
    at_name = {name: i for i, name in enumerate(found.fnames)}
    assert found.predicted[at_name["0.png"]].tolist() == [-1, 0]
    assert not found.wrong[at_name["0.png"]].any()
    # 1 and 4 are missed by all that looked at them, 2 and 3 by half.
    assert list(found.fnames) == ["1.png", "4.png", "2.png", "3.png", "0.png"]


def test_the_hardest_class_is_that_with_most_wrong_predictions(ws):
    assert made(ws, 1, 2, 3).per_class == (
        ClassErrors(1, "b", 2, pytest.approx(4 / 6), 1),  # as often wrong as c, but one that no run got right
        ClassErrors(2, "c", 1, pytest.approx(2 / 3), 0),
        ClassErrors(0, "a", 2, pytest.approx(2 / 6), 0),
    )


def test_runs_without_held_out_predictions_give_an_empty_matrix(ws):
    found = made(ws, 5)
    assert found.predicted.shape == (0, 1)
    assert found.per_class == ()


def test_a_run_that_is_not_there_is_refused(ws):
    with pytest.raises(GapwiseError, match="Run 9 is no run of kind; its runs are 1, 2, 3, 4, 5"):
        made(ws, 1, 9)
    with pytest.raises(GapwiseError, match="at least one run"):
        made(ws)


def test_the_confusion_matrix_counts_held_out_cells_by_what_they_are_now(ws):
    with ws.read() as connection:
        assert confusion(connection, 1).tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]
        assert confusion(connection, 5).tolist() == np.zeros((3, 3), int).tolist()
    with ws.write() as connection:
        decisions.decide(connection, client_id="x", reviewer="ann", action="choose", value=2, **at(ws, "2.png", "kind"))
    with ws.read() as connection:
        assert confusion(connection, 1).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
