"""Maps for a whole list as a job: made once, going on where it ended."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from core.errors import GapwiseError
from core.explain import making
from core.explain.asking import Ask, Way
from core.explain.stored import checkpoint, find
from core.jobs.reporter import Silent
from core.pseudo.predict import predict
from core.store import schema
from core.store.map_schema import activation_map
from tests import tiny
from tests.explain.made import run_of, weigh


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with tiny.one_thread():
        yield


@pytest.fixture
def ws(tmp_path):
    """Eight known images and four open ones; run 1 has not predicted."""
    made = tiny.workspace(tmp_path / "ws", [0, 1] * 4 + [-1] * 4)
    run_of(made)
    return made


def make(ws, way=Way(), target="predicted", which="all", limit=None, reporter=None) -> str:  # noqa: B008
    return making.make_maps(ws, 1, way, target, which, limit, reporter or Silent())


def rows(ws) -> list:
    with ws.read() as connection:
        return list(connection.execute(select(activation_map).order_by(activation_map.c.image_id)))


def test_a_list_is_made_once_and_found_afterwards(ws):
    assert make(ws) == "12 maps made (Grad-CAM, blocks.1), 0 were there already"
    before = rows(ws)
    assert make(ws) == "0 maps made (Grad-CAM, blocks.1), 12 were there already"
    assert rows(ws) == before
    assert find(ws, Ask(3, 1)).stored
    assert find(ws, Ask(3, 1)).map == before[2].map


def test_maps_that_came_with_predictions_are_not_made_again(ws):
    predict(ws, 1, Silent())
    with ws.read() as connection:
        own = len(connection.execute(select(schema.proposal.c.id)).all())
    assert make(ws) == f"{12 - own} maps made (Grad-CAM, blocks.1), {own} were there already"
    assert make(ws, which="open") == "0 maps made (Grad-CAM, blocks.1), 4 were there already"
    assert make(ws, Way(method="hirescam"), which="open", limit=2).startswith("2 maps made (HiResCAM")


def test_a_stopped_one_goes_on_where_it_ended(ws, monkeypatch):
    monkeypatch.setattr(Way, "batch", 5)
    made: list[int] = []
    explain = making.explain_batch

    def noting(*args):
        made.extend(args[3])
        return explain(*args)

    monkeypatch.setattr(making, "explain_batch", noting)

    class Stop(Silent):
        def should_stop(self) -> bool:
            return len(made) >= 5

    assert make(ws, reporter=Stop()).startswith("5 maps made")
    assert len(rows(ws)) == 5
    assert make(ws) == "7 maps made (Grad-CAM, blocks.1), 5 were there already"
    assert made == list(range(1, 13))


def test_progress_is_told(ws, monkeypatch):
    monkeypatch.setattr(Way, "batch", 5)
    told: list[tuple] = []

    class Noting(Silent):
        def progress(self, done, total, message="", **figures):
            if message.startswith("Making"):
                told.append((done, total, message))

    make(ws, reporter=Noting())
    assert told == [(n, 12, f"Making maps: {n} of 12") for n in (5, 10, 12)]


def test_new_weights_make_them_all_anew(ws):
    make(ws)
    before = {r.image_id: r.map for r in rows(ws)}
    weigh(ws, 1, seed=3)
    assert make(ws).startswith("12 maps made")
    after = {r.image_id: r.map for r in rows(ws)}
    assert set(after) == set(before)
    assert after != before


def test_weights_that_are_replaced_meanwhile_end_it_and_the_maps_of_the_newer_ones_stay(ws, monkeypatch):
    """A job that had loaded the old weights went on storing maps of them in the place of newer ones."""
    monkeypatch.setattr(Way, "batch", 5)
    explain, newer = making.explain_batch, []

    def training(*args):
        found = explain(*args)
        if 6 in found and not newer:  # the second batch: a training saves better weights, and somebody asks for a map
            weigh(ws, 1, seed=3)
            newer.append(7)
            assert make(ws, limit=7).startswith("7 maps made")
        return found

    monkeypatch.setattr(making, "explain_batch", training)
    with pytest.raises(GapwiseError, match=r"Run 1 was trained on .* 10 of 12 are of weights .* no longer"):
        make(ws)
    assert {r.checkpoint for r in rows(ws)} == {checkpoint(ws.run_dir(1))}
    assert [r.image_id for r in rows(ws)] == list(range(1, 8))


def test_a_list_that_rests_on_the_map_of_the_set_says_that_it_has_to_be_made_first(ws):
    """It said that 0 maps were made, and not why."""
    with pytest.raises(GapwiseError, match=r"map of the set of run 1 has to be made first.*python -m core embed 1"):
        make(ws, which="near_other")
    told = make(ws, which="duplicates")
    assert told.startswith("0 maps made")
    assert "no images are in this list. Only copies of one file were looked for. The map of the set" in told


def test_images_whose_class_nobody_knows_are_left_out_and_counted(ws):
    told = make(ws, target="true")
    assert told.startswith("8 maps made (Grad-CAM, blocks.1), 0 were there already; 4 images have none: Nobody knows")
    assert make(ws, target="true").startswith("0 maps made (Grad-CAM, blocks.1), 8 were there already")
    assert [r.target for r in rows(ws)] == ["0", "1"] * 4


def test_a_map_of_the_class_that_is_asked_for_is_there_whatever_it_was_asked_as(ws):
    make(ws, target="1")
    predicted = {r.image_id: r.predicted for r in rows(ws)}
    ones = sum(value == 1 for value in predicted.values())
    assert make(ws).startswith(f"{12 - ones} maps made (Grad-CAM, blocks.1), {ones} were there")


def test_a_difference_that_is_nothing_for_some_images_is_made_for_the_others(ws):
    make(ws)
    ones = sum(r.predicted == 1 for r in rows(ws))
    with ws.write() as connection:
        connection.execute(delete(activation_map))
    told = make(ws, target="predicted-1")
    assert told.startswith(f"{12 - ones} maps made")
    assert ones == 0 or f"{ones} images have none" in told


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            ["003.png"],
            "11 maps made (Grad-CAM, blocks.1), 0 were there already; 1 image has none: 003.png is no picture",
        ),
        (["003.png", "004.png"], "other reasons, too; the log has all 2."),
    ],
)
def test_pictures_that_can_not_be_read_are_counted_and_stop_nobody(ws, broken, told):
    for name in broken:
        (ws.root / "images" / name).write_bytes(b"none")
    assert told in make(ws)
    assert len(rows(ws)) == 12 - len(broken)
    assert "0 maps made" in make(ws)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"way": Way(layer="blocks.77")}, "no layer"),
        ({"target": "2"}, "no class 2"),
        ({"which": "odd"}, "no list"),
    ],
)
def test_what_can_not_be_made_is_told(ws, change, told):
    with pytest.raises(GapwiseError, match=told):
        make(ws, **change)
    assert rows(ws) == []
