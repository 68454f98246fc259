"""What the warm worker answers, with real networks, in this process."""

from __future__ import annotations

import hashlib
import json
import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image
from sqlalchemy import insert, select

from core.explain import engine, stored, warm_desk
from core.explain.asking import Answer, Ask
from core.jobs.reporter import Silent
from core.pseudo.predict import predict
from core.store import maps, schema
from core.workspace import Workspace
from tests import tiny
from tests.explain.made import run_of, weigh

ODD = {
    "wide.jpg": (8000, 300, "RGB"),
    "dot.png": (16, 16, "RGB"),
    "grey.png": (40, 30, "L"),
    "one.png": (32, 32, "RGB"),
    "deep.png": (20, 20, "I;16"),
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with tiny.one_thread():
        yield


@pytest.fixture(scope="module")
def ws(tmp_path_factory) -> Workspace:
    """Six images of two classes and two open ones, some odd ones (see ODD), one that is none; run 1 has predicted."""
    made = tiny.workspace(tmp_path_factory.mktemp("desk") / "ws", [0, 1, 0, 1, 0, 1, -1, -1])
    run_of(made)
    predict(made, 1, Silent())
    with made.write() as connection:
        for n, (name, (width, height, mode)) in enumerate(ODD.items(), start=9):
            path = made.root / "images" / name
            Image.new(mode, (width, height), 0 if name == "one.png" else 77).save(path)
            add(connection, n, path, width, height)
        broken = made.root / "images" / "broken.png"
        broken.write_bytes(b"\x89PNG no more")
        add(connection, 9 + len(ODD), broken, 8, 8)
    return made


def add(connection, image_id: int, path, width: int, height: int) -> None:
    content = path.read_bytes()
    row = {"id": image_id, "table_id": 1, "row": image_id - 1, "fname": path.name, "path": str(path), "width": width}
    more = {"height": height, "bytes": len(content), "digest": hashlib.sha256(content).hexdigest()}
    connection.execute(insert(schema.image), {**row, **more})


@pytest.fixture
def desk():
    made = warm_desk.Desk()
    yield made
    made.close()


def ask_all(desk, ws, *asks: Ask, do: str = "map") -> list[Answer | str | dict]:
    questions = [{"id": n, "do": do, "workspace": str(ws.root), "ask": a.as_dict()} for n, a in enumerate(asks)]
    found = dict(desk.answer(questions))
    assert sorted(found) == list(range(len(asks)))  # every question has one reply
    return [_plain(found[n]) for n in range(len(asks))]


def _plain(reply: dict) -> Answer | str | dict:
    if "error" in reply:
        return reply["error"]
    return Answer.from_dict(reply["answer"]) if "answer" in reply else reply


def proposals(ws) -> dict[int, object]:
    with ws.read() as connection:
        return {r.image_id: r for r in connection.execute(select(schema.proposal).where(schema.proposal.c.run_id == 1))}


def test_a_map_on_demand_is_the_one_that_came_with_the_prediction(ws, desk):
    stored_rows = proposals(ws)
    assert stored_rows
    answers = ask_all(desk, ws, *[Ask(i, 1) for i in stored_rows])
    for answer in answers:
        row = stored_rows[answer.image_id]
        assert (answer.height, answer.width, answer.layer) == (row.map_height, row.map_width, "blocks.1")
        mine, theirs = (np.frombuffer(m, np.uint8).astype(int) for m in (answer.map, row.map))
        assert np.abs(mine - theirs).max() <= 1  # batches of other sizes round otherwise
        assert answer.probs == pytest.approx(row.probs, abs=1e-4)
        assert answer.predicted == row.value
        assert answer.resolved == str(row.value)


def test_pictures_of_every_kind_have_a_map_or_words(ws, desk):
    found = ask_all(desk, ws, *[Ask(i, 1) for i in range(9, 10 + len(ODD))])
    for answer in found[:-1]:
        assert len(answer.map) == answer.height * answer.width
        assert sum(answer.probs) == pytest.approx(1, abs=1e-4)
    assert "broken.png" in found[-1]


def test_one_image_can_be_asked_about_with_several_targets_at_once(ws, desk):
    both = ask_all(desk, ws, Ask(1, 1, target="0"), Ask(1, 1, target="1"), Ask(1, 1, target="true"), Ask(1, 1))
    assert [a.resolved for a in both[:3]] == ["0", "1", "0"]
    assert all(a.image_id == 1 for a in both)
    assert both[2].map == both[0].map
    assert both[0].map != both[1].map


def test_who_asks_for_what_can_not_be_had_takes_nobody_along(ws, desk):
    found = ask_all(
        desk, ws, Ask(7, 1, target="true"), Ask(1, 1), Ask(1, 1, target="5"), Ask(77, 1), Ask(2, 1, target="1-0")
    )
    assert [isinstance(a, Answer) for a in found] == [False, True, False, False, True]
    assert [str(found[i])[:12] for i in (0, 2, 3)] == ["Nobody knows", "There is no ", "There is no "]
    predicted = found[1].predicted
    found = ask_all(
        desk, ws, Ask(1, 1, target=f"predicted-{predicted}"), Ask(1, 1, target=f"predicted-{1 - predicted}")
    )
    assert "their difference is nothing" in found[0]
    assert found[1].resolved == f"{predicted}-{1 - predicted}"


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (Ask(1, 9), "no run 9"),
        (Ask(1, 1, layer="blocks.99"), "no layer 'blocks.99'"),
        (Ask(1, 1, layer="classifier"), "no places left to map"),
        (Ask(1, None, "vit_tiny_patch16_224", weights="random"), "no convolutional stages"),
        (Ask(1, None, "resnet_of_my_own", weights="random"), "timm has no model"),
        (Ask(1, None, "resnet10t", weights="/nowhere/weights.pth"), "no weights file /nowhere"),
    ],
)
def test_what_a_network_can_not_do_is_told(ws, desk, ask, told):
    try:
        (found,) = ask_all(desk, ws, ask)
    except Exception as error:  # noqa: BLE001  as `warm_worker` takes them
        found = desk.words(error)
    assert told in found
    assert isinstance(ask_all(desk, ws, Ask(1, 1))[0], Answer)


def test_maps_are_stored_and_found_without_a_network(ws, desk):
    ask = Ask(2, 1, method="hirescam", layer="blocks.0")
    (answer,) = ask_all(desk, ws, ask)
    desk.close()
    found = stored.find(ws, ask)
    assert found.stored
    assert (found.map, found.probs, found.layer) == (answer.map, answer.probs, "blocks.0")
    assert stored.find(ws, Ask(2, 1, method="hirescam")) is None  # another layer than the chosen one


def test_trust_is_told_and_stored_with_the_map(ws, desk):
    ask = Ask(5, 1, trust=True)
    assert stored.find(ws, ask) is None  # the map is there with its proposal, what it is worth is not
    (answer,) = ask_all(desk, ws, ask)
    assert 0 < answer.trust["p"] <= 1
    assert isinstance(answer.trust["holds"], bool)
    assert answer.trust["sentence"]
    json.dumps(answer.as_dict(), allow_nan=False)
    desk.close()
    assert stored.find(ws, ask).trust == answer.trust
    with ws.read() as connection:
        assert any(kind["trusted"] + kind["doubted"] == 1 for kind in maps.counts(connection, 1))


def test_a_database_that_is_locked_keeps_nobody_waiting_for_a_map(ws, desk):
    ask_all(desk, ws, Ask(3, 1))
    with ws.write():
        began = time.monotonic()
        (answer,) = ask_all(desk, ws, Ask(3, 1, method="xgradcam"))
        assert time.monotonic() - began < 5  # the lock is waited for thirty
        assert isinstance(answer, Answer)
    desk.close()
    assert stored.find(ws, Ask(3, 1, method="xgradcam")).stored


def test_five_networks_are_kept_and_the_one_that_was_asked_longest_ago_goes(ws, desk, monkeypatch):
    names = ["resnet10t", "resnet14t", "test_resnet", "test_efficientnet", "test_convnext"]
    loaded: list[str] = []
    load = warm_desk.of_zoo
    monkeypatch.setattr(warm_desk, "of_zoo", lambda name, weights: loaded.append(name) or load(name, weights))
    ask_all(desk, ws, Ask(1, 1))
    for name in names[:4]:
        ask_all(desk, ws, Ask(1, None, name, weights="random"), do="load")
    ask_all(desk, ws, Ask(1, 1))  # used again, so resnet10t is the oldest
    ask_all(desk, ws, Ask(1, None, names[4], weights="random"), do="load")
    told = [f"{name} with random weights" for name in names]
    assert desk.state()["models"] == [*told[1:4], "run 1", told[4]]
    ask_all(desk, ws, Ask(1, None, names[1], weights="random"), do="load")
    assert loaded == names
    ask_all(desk, ws, Ask(1, None, names[0], weights="random"), do="load")
    assert loaded == [*names, names[0]]


def test_random_weights_are_flagged_and_the_same_each_time(ws):
    ask = Ask(1, None, "test_efficientnet", weights="random")
    first, second = (ask_all(warm_desk.Desk(), ws, ask)[0] for _ in range(2))
    assert first.weights == "random"
    assert first == second
    assert len(first.probs) == 1000


def test_a_local_file_brings_its_own_classes(ws, desk, tmp_path):
    import timm

    model = timm.create_model("test_efficientnet", num_classes=3)
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    path = str(tmp_path / "mine.pth")
    (answer,) = ask_all(desk, ws, Ask(1, None, "test_efficientnet", weights=path))
    assert (len(answer.probs), answer.weights) == (3, path)
    model.eval()
    with torch.inference_mode():
        logits = model(torch.zeros(1, 3, 160, 160))
    loaded = desk._networks["test_efficientnet", path][1].network.model
    with torch.inference_mode():
        torch.testing.assert_close(loaded(torch.zeros(1, 3, 160, 160)), logits)


def test_a_run_whose_weights_changed_is_loaded_anew(tmp_path, desk):
    made = tiny.workspace(tmp_path / "ws", [0, 1, -1])
    run_of(made)
    before = ask_all(desk, made, Ask(1, 1, target="1"))[0]
    assert ask_all(desk, made, Ask(1, 1, target="1"))[0] == before
    weigh(made, 1, seed=5)
    after = ask_all(desk, made, Ask(1, 1, target="1"))[0]
    assert after.probs != before.probs
    desk.close()
    assert stored.find(made, Ask(1, 1, target="1")).map == after.map
    with made.read() as connection:
        assert sum(kind["maps"] for kind in maps.counts(connection)) == 1


def test_a_prediction_made_meanwhile_calibrates_what_is_answered(tmp_path, desk):
    made = tiny.workspace(tmp_path / "ws", [0, 1, 0, 1, -1])
    run_of(made)
    raw = ask_all(desk, made, Ask(5, 1))[0].probs
    predict(made, 1, Silent())
    told = ask_all(desk, made, Ask(5, 1))[0].probs
    assert told != raw
    assert told == pytest.approx(proposals(made)[5].probs, abs=1e-4)


def test_memory_that_ran_out_is_told_and_networks_are_put_away(ws, desk):
    ask_all(desk, ws, Ask(1, 1))
    assert "not enough memory" in desk.words(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert desk.state()["models"] == []
    assert isinstance(ask_all(desk, ws, Ask(1, 1))[0], Answer)


def test_where_a_picture_does_not_fit_beside_the_other_networks_they_go_and_it_is_tried_again(ws, desk, monkeypatch):
    """One picture too large for the device left the other networks where they were, and so it never fitted."""
    ask_all(desk, ws, Ask(1, None, "test_resnet", weights="random"), do="load")
    ask_all(desk, ws, Ask(1, 1))
    real, room = engine.Tap.forward, 2

    def narrow(tap, batch, graph):
        if len(batch) > room or len(desk.state()["models"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(tap, batch, graph)

    monkeypatch.setattr(engine.Tap, "forward", narrow)
    found = ask_all(desk, ws, *[Ask(i, 1, method="hirescam") for i in range(1, 6)])
    assert all(isinstance(answer, Answer) for answer in found)
    assert desk.state()["models"] == ["run 1"]
    room = 0
    (told,) = ask_all(desk, ws, Ask(1, 1, method="hirescam"))
    assert told.startswith("Not even one picture of 32 x 32 px fits into the memory of cpu for HiResCAM.")


def test_where_a_network_does_not_fit_beside_the_others_they_go_and_it_is_loaded_again(ws, desk, monkeypatch):
    ask_all(desk, ws, Ask(1, 1))
    load = warm_desk.of_zoo

    def narrow(*args):
        if desk.state()["models"]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return load(*args)

    monkeypatch.setattr(warm_desk, "of_zoo", narrow)
    ask_all(desk, ws, Ask(1, None, "test_resnet", weights="random"), do="load")
    assert desk.state()["models"] == ["test_resnet with random weights"]
    monkeypatch.setattr(warm_desk, "of_zoo", lambda *_: narrow("odd"))
    with pytest.raises(torch.OutOfMemoryError):  # `warm_worker` has it told in words
        ask_all(warm_desk.Desk(), ws, Ask(1, None, "test_resnet", weights="random"), do="load")


def test_a_workspace_that_is_not_there_is_told(ws, desk, tmp_path):
    question = {"id": 1, "do": "map", "workspace": str(tmp_path / "gone"), "ask": Ask(1, 1).as_dict()}
    ((_, reply),) = list(desk.answer([question]))
    assert "no workspace" in reply["error"]


def test_layers_say_which_one_is_chosen(ws, desk):
    (reply,) = ask_all(desk, ws, Ask(1, 1), do="layers")
    assert [layer["name"] for layer in reply["layers"] if layer["chosen"]] == ["blocks.1"]
    assert not next(layer for layer in reply["layers"] if layer["name"] == "classifier")["usable"]


def test_what_is_stored_does_not_hold_the_worker_up_when_it_fails(ws, desk, monkeypatch):
    failed = threading.Event()

    def refuse(*_):
        failed.set()
        raise OSError("disk full")

    monkeypatch.setattr(maps, "put", refuse)
    (answer,) = ask_all(desk, ws, Ask(4, 1, method="layercam"))
    assert failed.wait(5)
    assert isinstance(answer, Answer)
    monkeypatch.undo()
    ask_all(desk, ws, Ask(4, 1, method="layercam"))
    desk.close()
    assert stored.find(ws, Ask(4, 1, method="layercam")).stored
