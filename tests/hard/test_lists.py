"""The lists of hard examples, on tables that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import GapwiseError
from core.hard import set_file
from core.hard.lists import hard_ids, hard_list
from core.jobs.reporter import Silent
from core.pseudo.orders import rank
from core.store.hard import LISTS
from core.store.labels import label_id
from core.workspace import Workspace
from tests.conftest import BINARY, FIVE_K, at, propose

#  file    known  run 1 says          run 2 says
TABLE = {
    "0.png": ("1", [0.1, 0.9], [0.2, 0.8]),
    "1.png": ("0", [0.3, 0.7], [0.6, 0.4]),
    "2.png": ("0", [0.05, 0.95], [0.1, 0.9]),
    "3.png": ("1", [0.45, 0.55], [0.9, 0.1]),
}
OPEN = {"4.png": [0.9, 0.1], "5.png": [0.4, 0.6]}


@pytest.fixture
def ws(build) -> Workspace:
    made = build({"mask": [known for known, *_ in TABLE.values()] + ["", ""]}, {"mask": BINARY})
    propose(made, "mask", {name: one for name, (_, one, _) in TABLE.items()}, heldout=True)
    propose(made, "mask", {name: two for name, (_, _, two) in TABLE.items()}, heldout=True)
    return made


def listed(ws: Workspace, run_id: int, which: str, **more) -> list[str]:
    return [row["fname"] for row in found(ws, run_id, which, **more).rows]


def found(ws: Workspace, run_id: int, which: str, label: str = "mask", **more):
    with ws.read() as connection:
        at_label = label_id(connection, label)
    return hard_list(ws, at_label, run_id, which, **more)


def reasons(ws: Workspace, run_id: int, which: str, **more) -> dict[str, str]:
    return {row["fname"]: row["reason"] for row in found(ws, run_id, which, **more).rows}


def test_wrong_ones_say_what_they_say_and_what_is_known(ws):
    assert reasons(ws, 1, "wrong") == {
        "2.png": "says 1 (0.95), known as 0",
        "1.png": "says 1 (0.70), known as 0",
    }
    assert list(reasons(ws, 1, "wrong")) == ["2.png", "1.png"]
    assert reasons(ws, 1, "right")["3.png"] == "says 1 (0.55), as known"


def test_a_page_of_a_list_knows_how_long_the_list_is(ws):
    page = found(ws, 1, "wrong", offset=1, limit=1)
    assert (page.total, [row["fname"] for row in page.rows]) == (2, ["1.png"])


@pytest.mark.parametrize("which", [name for name in LISTS if name != "near_other"])
def test_the_images_of_a_list_come_in_its_order_without_their_rows(ws, which):
    ids = [row["image_id"] for row in found(ws, 1, which, limit=100).rows]
    assert hard_ids(ws, 1, 1, which) == ids
    assert hard_ids(ws, 1, 1, which, limit=1) == ids[:1]


def test_a_row_has_all_that_a_gallery_draws(ws):
    row = found(ws, 1, "wrong").rows[0]
    assert row["truth"] == 0
    assert (row["value"], row["confidence"], row["probs"]) == (1, 0.95, [0.05, 0.95])
    assert (row["width"], row["height"], row["map"], row["heldout"]) == (8, 6, None, 1)
    assert row["proposal_id"] == 3
    assert len(row["digest"]) == 64


def test_losses_are_those_of_the_known_class_highest_first(ws):
    told = reasons(ws, 1, "loss")
    assert list(told) == ["2.png", "1.png", "3.png", "0.png"]
    assert told["2.png"] == f"gives 0, as which it is known, 0.05: loss {-math.log(0.05):.2f}"
    assert told["0.png"] == f"says 1 (0.90), as known: loss {-math.log(0.9):.2f}"


def test_a_class_that_the_run_gives_nothing_has_the_highest_loss(build):
    ws = build({"kind": ["a", "b", "c"]}, {"kind": ("a", "b", "c", "d")})
    propose(ws, "kind", {"0.png": [0.5, 0.5, 0, 0], "1.png": [1.0, 0.0, 0, 0], "2.png": [0.9, 0.1]}, heldout=True)
    told = reasons(ws, 1, "loss", label="kind")
    assert list(told) == ["1.png", "2.png", "0.png"]
    assert told["1.png"].endswith("loss more than 13")
    assert told["2.png"].endswith("loss more than 13")  # the class is new since the run


def test_the_margin_is_that_of_the_two_likeliest_classes_whatever_the_others(build):
    ws = build({"kind": ["a", "b", ""]}, {"kind": ("a", "b", "c")})
    probs = {"0.png": [0.5, 0.25, 0.25], "1.png": [0.45, 0.1, 0.45], "2.png": [0.6, 0.4, 0.0]}
    propose(ws, "kind", {name: probs[name] for name in ("0.png", "1.png")}, heldout=True)
    assert list(reasons(ws, 1, "margin", label="kind").items()) == [
        ("1.png", "a 0.45, c 0.45; known as b"),
        ("0.png", "a 0.50, b 0.25; known as a"),
    ]
    propose(ws, "kind", {"2.png": probs["2.png"]})
    assert reasons(ws, 2, "margin", label="kind") == {"2.png": "a 0.60, b 0.40"}


def test_runs_disagree_where_they_say_different_classes_the_surest_two_first(ws):
    told = reasons(ws, 1, "disagree")
    assert told == {
        "3.png": "run 1 says 1 (0.55), run 2 0 (0.90); known as 1",  # 1.45
        "1.png": "run 1 says 1 (0.70), run 2 0 (0.60); known as 0",  # 1.30
    }
    assert list(told) == ["3.png", "1.png"]
    assert found(ws, 1, "disagree").total == 2


def test_of_several_other_runs_the_surest_is_named_and_an_image_comes_once(ws):
    propose(ws, "mask", {"3.png": [0.95, 0.05]}, heldout=True)
    assert found(ws, 1, "disagree").total == 2
    assert reasons(ws, 1, "disagree")["3.png"].startswith("run 1 says 1 (0.55), run 3 0 (0.95)")


def test_predictions_that_break_a_rule_are_found_and_say_which(build):
    columns = {"mask": ["1", "1", "", ""], "distancing": ["1", "1", "0", ""], "5k": ["1", "1", "", ""]}
    ws = build(columns, dict.fromkeys(columns, BINARY), [FIVE_K])
    propose(ws, "mask", {"0.png": [0.2, 0.8], "1.png": [0.1, 0.9]}, heldout=True)
    propose(ws, "5k", {"0.png": [0.9, 0.1], "1.png": [0.3, 0.7], "2.png": [0.2, 0.8], "3.png": [0.3, 0.7]})
    told = reasons(ws, 2, "conflict", label="5k")
    assert told == {
        "0.png": f"mask is 1 (predicted), distancing is 1 (known), 5k is 0 (predicted): against `{FIVE_K}`",
        "2.png": f"distancing is 0 (known), 5k is 1 (predicted): against `{FIVE_K}`",  # whatever mask is
    }
    assert list(told) == ["0.png", "2.png"]  # 0.9 before 0.8
    assert list(reasons(ws, 1, "conflict")) == ["0.png"]


def test_a_cell_of_the_confusion_matrix_filters_a_list(ws):
    assert listed(ws, 1, "loss", filters={"truth": 0, "value": 1}) == ["2.png", "1.png"]
    assert listed(ws, 1, "loss", filters={"truth": 1}) == ["3.png", "0.png"]
    assert listed(ws, 1, "wrong", filters={"truth": 1, "value": 0}) == []


def test_drawn_images_filter_a_list_and_all_of_them_are_there(ws):
    ids = [at(ws, name, "mask")["image_id"] for name in ("0.png", "1.png", "5.png")]
    assert listed(ws, 1, "loss", filters={"images": ids}) == ["1.png", "0.png"]
    page = found(ws, 1, "all", filters={"images": ids}, offset=1, limit=5)
    assert (page.total, [row["fname"] for row in page.rows]) == (3, ["1.png", "5.png"])
    assert [row["reason"] for row in page.rows] == ["says 1 (0.70), known as 0", "open, not predicted"]
    assert listed(ws, 1, "all", filters={"images": []}) == []


def test_likely_errors_are_those_that_ranking_stored(build):
    pytest.importorskip("cleanlab")
    given = np.random.default_rng(0).integers(0, 2, 60)
    wrong = [3, 17, 40]
    probs = {f"{i}.png": [0.95, 0.05] if (g == 0) != (i in wrong) else [0.05, 0.95] for i, g in enumerate(given)}
    ws = build({"mask": [str(g) for g in given]}, {"mask": BINARY})
    propose(ws, "mask", probs, heldout=True)
    assert "python -m core rank" in found(ws, 1, "errors").note
    rank(ws, Silent())
    told = reasons(ws, 1, "errors")
    assert set(told) == {f"{i}.png" for i in wrong}
    assert all(text.startswith("The table says ") for text in told.values())


def test_an_unknown_list_is_refused(ws):
    with pytest.raises(GapwiseError, match="no list 'odd'; there are wrong"):
        found(ws, 1, "odd")


@pytest.mark.parametrize("which", LISTS)
def test_every_list_of_a_run_that_says_nothing_is_empty(build, which):
    ws = build({"mask": ["", ""]}, {"mask": BINARY})
    page = found(ws, 1, which)
    assert page.total == (2 if which == "all" else 0)


# Places: 0 and 1 side by side, 2 and 3 likewise; image ids are 1 to 6.
def put_map(ws: Workspace, run_id: int, near: list[list[int]], cosine, picture, digest: str = "") -> None:
    ws.run_dir(run_id).mkdir(parents=True, exist_ok=True)
    n = len(near)
    made = set_file.SetMap(
        np.arange(1, n + 1, dtype=np.int32), np.zeros((n, 2), np.float32), np.array(near, np.int32),
        np.array(cosine, np.float32), np.array(picture, np.float32), digest,
    )  # fmt: skip
    set_file.write(ws, run_id, made)


NEAR = [[2, 4], [1, 4], [4, 1], [3, 1], [6, 3], [4, 1]]
COSINE = [[0.9, 0.1], [0.9, 0.1], [0.75, 0.1], [0.75, 0.1], [0.99, 0.5], [0.625, 0.1]]


def test_an_image_whose_nearest_known_picture_is_of_another_class_is_listed_the_most_alike_first(ws):
    assert found(ws, 1, "near_other").total == 0
    assert "python -m core embed 1" in found(ws, 1, "near_other").note
    with pytest.raises(GapwiseError, match="map of the set of run 1 has to be made first"):
        hard_ids(ws, 1, 1, "near_other")  # whoever takes only the images would take it for an empty list
    propose(ws, "mask", OPEN)
    with ws.write() as connection:  # run 1 predicted the open ones as well
        connection.exec_driver_sql("UPDATE proposal SET run_id = 1 WHERE run_id = 3")
    put_map(ws, 1, NEAR, COSINE, np.zeros((6, 2)))
    told = reasons(ws, 1, "near_other")
    assert told == {
        "0.png": "known as 1; its nearest known picture is 1.png, known as 0 (0.90 alike)",
        "1.png": "known as 0; its nearest known picture is 0.png, known as 1 (0.90 alike)",
        "2.png": "known as 0; its nearest known picture is 3.png, known as 1 (0.75 alike)",
        "3.png": "known as 1; its nearest known picture is 2.png, known as 0 (0.75 alike)",
        # 4.png is predicted 0: 5.png, which lies nearest to it, is not known, and 2.png is of that class; 5.png is
        # predicted 1 and lies nearest to 3.png, which is 1.
    }
    assert listed(ws, 1, "near_other", filters={"truth": 0}) == ["1.png", "2.png"]
    assert listed(ws, 1, "near_other", filters={"truth": 0, "value": 0}) == []  # run 1 says 1 of both


def test_near_duplicates_are_alike_to_the_network_and_as_pictures(ws):
    assert found(ws, 1, "duplicates").note.startswith("Only copies of one file")
    near = [[2], [1], [4], [3], [1], [1]]
    put_map(ws, 1, near, [[0.99], [0.99], [0.99], [0.5], [0.99], [0.99]], [[0.99], [0.99], [0.8], [0.99], [1], [1]])
    told = reasons(ws, 1, "duplicates")
    assert told == {
        "0.png": "known as 1; nearly the same picture as 1.png, known as 0 (0.99 alike)",
        "1.png": "known as 0; nearly the same picture as 0.png, known as 1 (0.99 alike)",
    }


def test_copies_of_one_file_known_as_different_classes_come_first(ws):
    with ws.write() as connection:
        connection.exec_driver_sql("UPDATE image SET digest = 'same' WHERE fname IN ('0.png', '2.png', '4.png')")
    assert reasons(ws, 1, "duplicates") == {
        "0.png": "known as 1; the same file as 2.png, known as 0",
        "2.png": "known as 0; the same file as 0.png, known as 1",
    }


def test_a_map_of_an_earlier_checkpoint_is_used_and_says_so(ws):
    put_map(ws, 1, NEAR, COSINE, np.zeros((6, 2)), digest="another")
    page = found(ws, 1, "near_other")
    assert page.total == 4
    assert page.note.startswith("Worked out before run 1 was trained on")


def test_a_list_of_more_images_than_a_statement_takes_comes_whole(build):
    ws = build({"mask": ["0"] * 1_201}, {"mask": BINARY})
    propose(ws, "mask", {f"{i}.png": [0.2, 0.8] for i in range(1_201)}, heldout=True)
    page = found(ws, 1, "wrong", limit=5_000)
    assert [row["image_id"] for row in page.rows] == list(range(1, 1_202))
