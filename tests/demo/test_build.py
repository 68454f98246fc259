from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import select

from core.demo import build as module
from core.demo.build import build, finished, truth
from core.errors import GapwiseError
from core.jobs.reporter import Silent
from core.store import schema
from core.store.cells import load
from core.store.images import image_count
from core.store.labels import labels, rules
from core.workspace import Workspace

N = 24  # of them round(24 * 734 / 4175) = 4 lack mask, round(24 * 1273 / 4175) = 7 lack distancing


def content(ws: Workspace) -> dict[str, object]:
    """Everything about a demo that must not depend on how it came about."""
    with ws.read() as connection:
        table = load(connection)
        images = connection.execute(select(schema.image.c.fname, schema.image.c.digest)).all()
        tables = connection.execute(select(schema.source_table.c.digest)).all()
        found = {
            "labels": [(x.name, x.classes, x.names) for x in labels(connection).values()],
            "rules": rules(connection),
            "asides": connection.execute(select(schema.aside)).all(),
        }
    demo = {p.name: p.read_bytes() for p in (ws.root / "demo").rglob("*") if p.is_file()}
    previews = [ws.preview_path(i).is_file() for i in table.image_ids]
    found |= {"given": table.given.tolist(), "images": list(map(tuple, images)), "tables": len(tables)}
    return found | {"demo": demo, "previews": previews, "truth": ws.setting("demo_truth")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Workspace:
    return build(tmp_path_factory.mktemp("demo") / "ws", N, 1)


def test_a_demo_has_labels_names_rule_gaps_previews_and_its_truth_apart(demo):
    found = content(demo)
    assert demo.name == "Demo: street scenes"
    assert found["labels"] == [
        ("mask", ("0", "1"), ("no mask", "mask")),
        ("distancing", ("0", "1"), ("too close", "apart")),
        ("5k", ("0", "1"), ("not 5K", "5K")),
    ]
    assert found["rules"] == ["5k = mask and distancing"]
    assert found["asides"] == []
    given = pd.DataFrame(found["given"])
    assert (given == -1).sum().tolist() == [4, 7, 11]
    assert found["previews"] == [True] * N
    assert found["truth"] == "demo/truth.csv"


def test_the_truth_agrees_with_every_given_value_and_fills_every_gap(demo):
    frame = truth(demo)
    assert list(frame.columns) == ["image_id", "fname", "mask", "distancing", "5k"]
    with demo.read() as connection:
        given = load(connection).given
    codes = frame[["mask", "distancing", "5k"]].to_numpy()
    assert ((given == codes) | (given == -1)).all()
    assert set(codes.ravel().tolist()) == {0, 1}


def test_building_again_changes_nothing_whatever_size_is_asked_for(demo):
    files = {p: p.stat().st_mtime_ns for p in demo.root.rglob("*") if p.is_file() and "sqlite" not in p.name}
    before = content(demo)
    again = build(demo.root, N + 5, 9)
    assert content(again) == before
    assert {p: p.stat().st_mtime_ns for p in demo.root.rglob("*") if p.is_file() and "sqlite" not in p.name} == files


class StopAt(Silent):
    """Asks for a stop once a share of the build is done."""

    def __init__(self, percent: float) -> None:
        self.percent, self.at = percent, 0.0

    def progress(self, done, total, message="", **figures) -> None:
        self.at = 100 * done / total

    def should_stop(self) -> bool:
        return self.at >= self.percent


@pytest.mark.parametrize("percent", [1, 30, 66, 80])
def test_a_build_that_was_stopped_is_finished_by_calling_again(tmp_path, demo, percent):
    with pytest.raises(GapwiseError, match="Start it again"):
        build(tmp_path, N, 1, StopAt(percent))
    assert not finished(Workspace.open(tmp_path))
    assert truth(Workspace.open(tmp_path)) is None
    assert content(build(tmp_path, N, 1)) == content(demo)


def test_a_build_that_died_after_the_import_keeps_the_size_it_was_begun_with(tmp_path, demo, monkeypatch):
    def power_cut(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr(module, "prepare", power_cut)
    with pytest.raises(RuntimeError):
        build(tmp_path, N, 1)
    monkeypatch.undo()
    assert content(build(tmp_path, 99, 7)) == content(demo)


def test_a_build_that_died_while_drawing_may_be_begun_anew_with_another_size(tmp_path, demo):
    with pytest.raises(GapwiseError):
        build(tmp_path, N + 9, 2, StopAt(30))
    assert content(build(tmp_path, N, 1)) == content(demo)


def test_a_truth_that_got_lost_is_named_and_written_again(tmp_path):
    ws = build(tmp_path, 6, 0)
    before = truth(ws)
    (tmp_path / "demo" / "truth.csv").unlink()
    with pytest.raises(GapwiseError, match="python -m core demo"):
        truth(ws)
    assert truth(build(tmp_path, 6, 0)).equals(before)


def test_a_workspace_with_other_images_is_refused_and_left_alone(tmp_path, demo):
    ws = Workspace.create(tmp_path, "mine")
    source = {"name": "t.csv", "digest": "d", "file": "f", "images_root": "/", "plan": {}, "rows": 1, "created": 0.0}
    image = {"row": 0, "fname": "a.jpg", "path": "/a.jpg", "width": 1, "height": 1, "bytes": 1, "digest": "x"}
    with ws.write() as connection:
        table_id = connection.execute(schema.source_table.insert(), source).inserted_primary_key[0]
        connection.execute(schema.image.insert(), image | {"table_id": table_id})
    with pytest.raises(GapwiseError, match="1 images that are not the demo's"):
        build(tmp_path, N)
    with ws.read() as connection:
        assert image_count(connection) == 1
    assert not (tmp_path / "demo").exists()


def test_a_size_that_makes_no_sense_makes_no_workspace(tmp_path):
    with pytest.raises(GapwiseError, match="0 scenes"):
        build(tmp_path / "ws", 0)
    assert not (tmp_path / "ws").exists()


def test_a_workspace_that_is_no_demo_has_no_truth(tmp_path):
    assert truth(Workspace.create(tmp_path)) is None
