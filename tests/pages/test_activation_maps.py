"""The page of activation maps: what is offered, what the browser gets, and what the address asks for."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import insert, select, update
from streamlit.testing.v1 import AppTest

from core import jobs
from core.explain.methods import METHODS, SMOOTHINGS
from core.jobs import process
from core.jobs.beat import Beat, write_beat
from core.store import cells, schema
from core.store.labels import label_id
from core.store.proposals import put_proposals
from core.workspace import Workspace
from pages.ui import state
from pages.ui.explain import choice, comparing, component, rows
from tests.pages.conftest import PROJECT


def sent(app: AppTest) -> dict:
    """Return what the browser's side gets."""
    assert not app.exception, app.exception[0].value
    return json.loads(app.get("bidi_component")[0].proto.json)


def said(app: AppTest) -> str:
    return " ".join(one.value for one in app.caption)


def label_id_of(ws: Workspace, name: str) -> int:
    with ws.read() as connection:
        return label_id(connection, name)


def add_run(ws: Workspace, label: str, value: int, settings: dict | None = None, map_bytes: bytes | None = b"\0" * 4):
    """Add a run that predicts one class for the first known cells; return its id."""
    with ws.write() as connection:
        of = label_id(connection, label)
        row = {"label_id": of, "recipe": "by hand", "config": {"settings": settings or {}}, "created": 0.0}
        run = connection.execute(insert(schema.run), row).inserted_primary_key[0]
        size = {"map_height": 2 if map_bytes else None, "map_width": 2 if map_bytes else None}
        put_proposals(
            connection,
            [
                {"run_id": run, "label_id": of, "image_id": k.image_id, "probs": [0.2, 0.8], "value": value,
                 "confidence": 0.8, "heldout": 1, "map": map_bytes, **size}
                for k in cells.known(connection, of)[:4]
            ],
        )  # fmt: skip
    return run


def opened_at(**address: str) -> AppTest:
    """Open the page by an address, as a reload or a link does."""
    app = AppTest.from_file(str(PROJECT / "pages" / "ui" / "shell.py"), default_timeout=60)
    app.query_params.update(address)
    app.switch_page("../activation_maps.py").run()
    assert not app.exception, app.exception[0].value
    return app


def test_without_runs_it_says_where_maps_come_from(demo, open_page):
    assert "Fine-tune" in open_page("activation_maps").info[0].value


def test_it_lists_wrong_right_and_open_images(proposed, open_page):
    app = open_page("activation_maps")
    for which in ("wrong", "right", "open"):
        app.selectbox(key=state.MAPS_LIST).set_value(which).run()
        found = sent(app)["list"]
        assert found["total"] == len(found["rows"]) > 0
        for row in found["rows"]:
            kind = "open" if row["truth"] is None else "right" if row["truth"] == row["value"] else "wrong"
            assert kind == which


def test_a_row_carries_what_is_known_and_the_map_of_its_prediction(proposed, open_page):
    row = sent(open_page("activation_maps"))["list"]["rows"][0]
    assert base64.b64decode(row["map"]) == bytes(range(49))
    assert row["mapSize"] == [7, 7]
    assert row["probs"] == [0.1, 0.9]
    with proposed.read() as connection:
        c = schema.cell.c
        known = dict(connection.execute(select(c.label_id, c.value).where(c.image_id == row["image"])).all())
    assert row["cells"] == {str(i): -1 if value is None else value for i, value in known.items()}
    assert len(row["digest"]) == 16


def test_a_long_list_is_sent_in_windows_and_one_image_apart(proposed, open_page, monkeypatch):
    monkeypatch.setattr(rows, "WINDOW", 3)
    app = open_page("activation_maps")
    app.selectbox(key=state.MAPS_LIST).set_value("open").run()
    everything = sent(app)
    assert everything["list"]["total"] > 3 == len(everything["list"]["rows"])
    first = [row["image"] for row in everything["list"]["rows"]]
    with proposed.read() as connection:
        p = schema.proposal.c
        ids = connection.execute(select(p.image_id).where(p.heldout == 0).order_by(p.confidence, p.id)).scalars().all()
    assert first == ids[:3]
    linked = sent(opened_at(label="mask", list="open", image=str(ids[-1])))
    assert linked["row"]["image"] == ids[-1]
    assert linked["address"]["list"] == "open"


def test_the_address_chooses_label_run_and_list(proposed):
    older = add_run(proposed, "distancing", 0)
    newer = add_run(proposed, "distancing", 1)
    found = sent(opened_at(label="distancing", run=str(older), list="right"))
    assert (found["label"]["name"], found["run"], found["stamp"].split("/")[2]) == ("distancing", older, "right")
    assert [run["id"] for run in found["runs"]] == [newer, older]
    # A run alone says which label it is of.
    assert sent(opened_at(run=str(older)))["label"]["name"] == "distancing"


@pytest.mark.parametrize(
    "address",
    [{"label": "nothing"}, {"run": "999"}, {"run": "1e3"}, {"list": "<b>"}, {"image": "-1"}, {"image": "9" * 30}],
)
def test_an_address_that_asks_for_nothing_there_is_shows_what_there_is(proposed, address):
    found = sent(opened_at(**address))
    assert (found["label"]["name"], found["address"]["list"], found["row"]) == ("mask", "wrong", None)


@pytest.mark.parametrize(
    ("sent", "taken"), [(7, 7), (0, 0), (-1, 0), (10**20, 0), (2**53, 0), ("7", 0), (True, 0), (None, 0)]
)
def test_a_number_from_a_browser_is_one_that_the_database_can_hold(sent, taken):
    assert choice.whole(sent) == taken


@pytest.mark.parametrize("look", [{"image": 10**20}, {"from": 10**20, "image": 2**63}, {"from": "x", "image": "y"}])
def test_a_look_at_a_number_that_no_image_has_is_none(proposed, open_page, monkeypatch, look):
    stamp = sent(open_page("activation_maps"))["stamp"]
    chosen = choice.Choice(*map(int, stamp.split("/")[:2]), "wrong")
    monkeypatch.setattr(component.st, "session_state", {component.KEY: {"look": {"stamp": stamp, **look}}})
    assert component._look(chosen) == {"from": 0, "image": 0}


def test_a_run_that_is_not_here_is_said_until_another_is_chosen(proposed):
    of_distancing = add_run(proposed, "distancing", 1)
    app = opened_at(run="777", label="mask")
    assert "Run 777 is not here; this is run 1." in said(app)
    assert "Run 777 is not here" in said(app.run())
    app.selectbox(key=state.MAPS_LABEL).set_value(label_id_of(proposed, "distancing")).run()
    assert "is not here" not in said(app)
    assert f"Run {of_distancing} is of distancing; this is run 1." in said(
        opened_at(run=str(of_distancing), label="mask")
    )
    assert "this is run" not in said(opened_at(run="1"))


def test_another_page_opens_one_image(proposed, open_page):
    app = open_page("activation_maps")
    image = sent(app)["list"]["rows"][0]["image"]
    app.session_state[state.MAPS_IMAGE] = (app.session_state[state.WORKSPACE], image, 1)
    found = sent(app.run())
    assert found["open"] == [image, 1]
    assert found["row"]["image"] == image
    app.session_state[state.MAPS_IMAGE] = ("/another/workspace", image, 2)
    assert sent(app.run())["open"] is None


def test_another_label_begins_with_its_newest_run(proposed, open_page):
    run = add_run(proposed, "distancing", 1)
    app = open_page("activation_maps")
    with proposed.read() as connection:
        distancing = label_id(connection, "distancing")
    found = sent(app.selectbox(key=state.MAPS_LABEL).set_value(distancing).run())
    assert (found["run"], found["label"]["name"]) == (run, "distancing")
    assert [label["name"] for label in found["labels"]] == ["mask", "distancing"]


def test_a_run_without_maps_sends_rows_without_them(proposed, open_page):
    run = add_run(proposed, "distancing", 1, map_bytes=None)
    found = sent(opened_at(run=str(run), list="loss"))
    assert [row["map"] for row in found["list"]["rows"]] == [None] * 4


def test_all_methods_and_smoothings_are_offered_with_a_line_each(proposed, open_page):
    found = sent(open_page("activation_maps"))
    assert [method["name"] for method in found["methods"]] == list(METHODS)
    assert set(comparing.EXPLAINED) == set(METHODS)
    for method in found["methods"]:
        assert METHODS[method["name"]].source in method["about"]
    assert [name for name, _ in found["smoothings"]] == list(SMOOTHINGS)


def test_runs_say_what_sets_their_networks_apart_and_which_are_one_network_scaled(proposed, open_page):
    of = {"model": "efficientnet_b0", "width": 1.0, "depth": 1.0, "size": 96}
    base = add_run(proposed, "distancing", 1, of)
    wide = add_run(proposed, "distancing", 1, {**of, "width": 1.8})
    found = sent(opened_at(label="distancing"))
    assert found["scaled"] == [base, wide]
    assert {run["id"]: (run["place"], run["about"]) for run in found["runs"]} == {
        base: ("Baseline", "width × 1"),
        wide: ("Wider", "width × 1.8"),
    }


def test_maps_for_a_whole_list_are_a_job(proposed, open_page, spawned, monkeypatch):
    app = open_page("activation_maps")
    app.selectbox(key=state.MAPS_LIST).set_value("right").run()
    app.selectbox(key="maps_method").set_value("layercam").run()
    app.text_input(key="maps_layer").input("blocks.3").run()
    app.checkbox(key="maps_trust").check().run()
    app.button(key="maps_start").click().run()
    assert not app.exception
    asked = ["--list=right", "--method=layercam", "--target=predicted", "--smooth=none", "--layer=blocks.3", "--trust"]
    assert spawned[0][:8] == ["maps", "1", *asked]
    job = jobs.list_jobs(proposed)[0]
    assert (job.kind, job.run_id) == ("maps", 1)
    monkeypatch.setattr(process, "alive", lambda *a: True)
    write_beat(proposed.job_dir(job.id), Beat(done=3, total=6, message="Maps: 3 of 6"))
    app.run()
    assert "Maps: 3 of 6" in app.get("progress")[0].proto.text
    assert app.button(key="maps_stop")
    assert len(spawned) == 1


def test_the_job_makes_maps_of_the_list_that_is_shown(proposed, open_page, spawned):
    app = open_page("activation_maps")
    app.selectbox(key=state.MAPS_LIST).set_value("margin").run()
    app.button(key="maps_start").click().run()
    assert "--list=margin" in spawned[0]


def test_names_that_are_markup_stay_names(proposed, open_page):
    with proposed.write() as connection:
        connection.execute(update(schema.label).where(schema.label.c.name == "mask").values(name="**m** <b>"))
        connection.execute(update(schema.run).values(recipe="my_*own*"))
    app = open_page("activation_maps")
    assert sent(app)["label"]["name"] == "**m** <b>"
    assert app.selectbox(key=state.MAPS_LABEL).options == ["**m** <b>"]  # a list of choices is no Markdown
    assert app.selectbox(key=state.MAPS_RUN).options[0].startswith("Run 1 · my_*own*")
