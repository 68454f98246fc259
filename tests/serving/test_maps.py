"""Maps, layers and originals by routes: what comes, what is refused, and that the review goes on beside them."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image
from sqlalchemy import insert, update

from core.explain import warm, warm_process
from core.serving import maps as serving
from core.serving import routes, token
from core.store import schema
from tests.explain.made import fake_run, notes, predict
from tests.jobs.conftest import wait_until
from tests.serving.conftest import ORIGIN


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    """A worker that needs no network, see `tests/explain/fake_worker.py`."""
    monkeypatch.setattr(warm_process, "COMMAND", ("-m", "tests.explain.fake_worker"))
    warm.stop()
    yield
    warm.stop()


@pytest.fixture
def ws(build):
    made = build({"mask": ["0", "1", "", "1"]}, {"mask": ("0", "1")})
    run_id = fake_run(made)
    predict(made, run_id, [3])
    notes(made, run_id)
    return made


@pytest.fixture
def get(client, ws):
    own = {routes.HEADER: token.make(ws.root, "ann"), "Origin": ORIGIN}

    def call(path: str, headers: dict | None = None, **asked):
        return client.get(f"/gapwise/{path}", params=asked, headers=own if headers is None else {**own, **headers})

    return call


def test_a_map_comes_from_the_worker_with_all_that_is_known_of_it(get):
    answer = get("map", image=1, run=1, method="layercam", layer="blocks.2", target="1-0", smooth="aug")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()
    assert {"height", "width", "map", "resolved", "probs", "layer", "trust", "stored"} <= set(found)
    assert (found["map"], found["stored"]) == ("Bw==", False)


def test_a_stored_map_needs_no_worker(get):
    answer = get("map", image=3, run=1)
    assert answer.json()["stored"]
    assert answer.json()["map"] == "ADL/BwgJ"
    assert not warm.state()["running"]


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"run": 1}, 422, "Which image"),
        ({"image": "1 OR 1", "run": 1}, 422, "no image"),
        ({"image": 2**54, "run": 1}, 422, "no image"),
        ({"image": 1}, 422, "name one of the two"),
        ({"image": 1, "run": 1, "method": "rm -rf"}, 422, "no way to make maps"),
        ({"image": 1, "run": 1, "layer": "a" * 5000}, 422, "no layer"),
        ({"image": 1, "run": 1, "target": "__import__('os')"}, 422, "no target"),
        ({"image": 1, "model": "hf-hub:x/y"}, 422, "no model"),
        ({"image": 99, "run": 1}, 409, "no image"),
        ({"image": 1, "run": 99}, 409, "no run 99"),
        ({"image": 1, "run": 1, "target": "7"}, 409, "no class 7"),
        ({"image": 3, "run": 1, "target": "true"}, 409, "Nobody knows"),
        ({"image": 1, "run": 1, "layer": "boom"}, 409, "it went boom"),
    ],
)
def test_what_can_not_be_had_is_told(get, asked, status, told):
    answer = get("map", **asked)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert len(answer.text) < 1000


@pytest.mark.parametrize("path", ["map?image=3&run=1", "layers?run=1", "full/1"])
def test_nothing_is_given_without_a_token_or_to_another_site(client, ws, path):
    assert client.get(f"/gapwise/{path}").status_code == 401
    assert client.get(f"/gapwise/{path}&token=x" if "?" in path else f"/gapwise/{path}?token=x").status_code == 401
    own = {routes.HEADER: token.make(ws.root, "ann")}
    assert client.get(f"/gapwise/{path}", headers={**own, "Origin": "http://else"}).status_code == 403
    assert client.get(f"/gapwise/{path}", headers={**own, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(f"/gapwise/{path}", headers={**own, "Origin": ORIGIN}).status_code == 405


def test_of_many_who_ask_at_once_eight_wait_and_the_others_are_told(get, tmp_path, monkeypatch):
    gate = tmp_path / "gate"
    monkeypatch.setenv("FAKE_GATE", str(gate))  # nothing slow is done before all have asked
    get("map", image=1, run=1)  # the worker is there
    found: list = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(get("map", image=1, run=1, layer="slow", target=f"{n % 2}")))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(found) >= 4)
    assert get("map", image=3, run=1).status_code == 200  # what is stored stands in no line
    gate.touch()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in found) == [200] * 8 + [503] * 4
    assert "8 requests wait" in next(a for a in found if a.status_code == 503).json()["error"]
    assert get("map", image=1, run=1).status_code == 200  # the line is free again


def test_a_worker_that_died_and_one_that_takes_too_long_can_be_asked_again(get, monkeypatch):
    answer = get("map", image=1, run=1, layer="die")
    assert (answer.status_code, "another one starts" in answer.json()["error"]) == (503, True)
    assert get("map", image=1, run=1).status_code == 200
    monkeypatch.setattr(serving, "PATIENCE", 0.1)
    answer = get("map", image=1, run=1, layer="slow")
    assert (answer.status_code, "not there yet" in answer.json()["error"]) == (503, True)


def test_layers_are_listed(get):
    assert get("layers", run=1).json() == {"layers": [{"name": "blocks.0", "asked": 1}]}
    assert get("layers", model="resnet18").json()["layers"][0]["asked"] == "resnet18"
    assert get("layers").status_code == 422
    assert get("layers", run=7).status_code == 409


def original(ws, image_id: int, picture: Image.Image, name: str, **options) -> None:
    path = ws.root / "images" / name
    picture.save(path, **options)
    with ws.write() as connection:
        at = schema.image.c.id == image_id
        connection.execute(update(schema.image).where(at).values(path=str(path), digest=name * 8))


def test_an_original_comes_at_its_own_resolution_and_is_kept_by_the_browser(get, ws):
    original(ws, 1, Image.new("RGB", (1200, 900), "red"), "large.png")
    answer = get("full/1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 900)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = get("full/1", {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert get("preview/1").headers["ETag"] != answer.headers["ETag"]


def test_a_huge_original_is_made_smaller_and_a_turned_one_upright(get, ws):
    original(ws, 1, Image.new("L", (9000, 3), 7), "huge.png")
    assert Image.open(io.BytesIO(get("full/1").content)).size == (4096, 2)
    exif = Image.Exif()
    exif[0x0112] = 6
    original(ws, 2, Image.new("RGB", (40, 20), "blue"), "turned.jpg", exif=exif)
    answer = Image.open(io.BytesIO(get("full/2").content))
    assert answer.size == (20, 40)
    assert not answer.getexif()  # nor where the picture was taken


@pytest.mark.parametrize(("image_id", "status"), [("99", 422), ("0", 422), ("x", 404), ("-1", 404), (str(2**60), 404)])
def test_an_original_that_is_not_there_is_told(get, image_id, status):
    assert get(f"full/{image_id}").status_code == status


def test_an_original_that_can_not_be_read_is_told(get, ws):
    (ws.root / "images" / "0.png").write_bytes(b"no picture")
    answer = get("full/1")
    assert answer.status_code == 422
    assert "0.png" in answer.json()["error"]


def test_originals_are_decoded_one_at_a_time(get, ws, monkeypatch):
    """A picture of 200 megapixels takes most of a gigabyte; eight of them at once took all that the machine had."""
    at_once, most, decode = [0], [0], serving.open_rgb

    def counting(*args, **options):
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        try:
            threading.Event().wait(0.05)
            return decode(*args, **options)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(serving, "open_rgb", counting)
    found: list[int] = []
    threads = [threading.Thread(target=lambda i=i: found.append(get(f"full/{i}").status_code)) for i in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 4
    assert most == [1]


def test_a_token_reaches_no_image_of_another_workspace(get, build, client):
    other = build({"mask": ["0"] * 7}, {"mask": ("0", "1")}, where="other")
    headers = {routes.HEADER: token.make(other.root, "ann"), "Origin": ORIGIN}
    assert client.get("/gapwise/full/7", headers=headers).status_code == 200
    assert get("full/7").status_code == 422
    with other.write() as connection:
        connection.execute(insert(schema.run).values(id=5, label_id=1, recipe="x", config={}, created=0.0))
    assert get("map", image=1, run=5).status_code == 409
