"""Runs and their metrics."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import insert

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import cells, runs, schema
from core.store.labels import add_labels
from tests import tiny


@pytest.fixture
def ws(tmp_path):
    return tiny.workspace(tmp_path / "ws", [0, 1])


def test_runs_come_newest_first_with_their_labels_name(ws):
    with ws.write() as connection:
        first = runs.add_run(connection, 1, "quick-cpu", {"seed": 1}, job_id=4)
        second = runs.add_run(connection, 1, "mine", {})
        runs.set_metrics(connection, first, {"accuracy": 0.5})
    with ws.read() as connection:
        found = runs.list_runs(connection)
        assert [(r.id, r.label, r.recipe) for r in found] == [
            (second, "bright", "mine"),
            (first, "bright", "quick-cpu"),
        ]
        assert runs.run(connection, first).metrics == {"accuracy": 0.5}
        assert runs.list_runs(connection, label_id=2) == []
        with pytest.raises(GapwiseError, match="no run 3"):
            runs.run(connection, 3)


def test_a_line_that_is_being_written_is_not_read_yet(ws):
    folder = ws.run_dir(1)
    folder.mkdir(parents=True)
    assert len(runs.metrics_frame(ws, 1)) == 0
    (folder / runs.METRICS).write_text('{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "lo')
    assert runs.metrics_frame(ws, 1).to_dict("records") == [{"epoch": 1, "loss": 0.5}]
    (folder / runs.METRICS).write_text('{"epoch": 1')
    assert list(runs.metrics_frame(ws, 1)["epoch"]) == []


class TestNewLabels:
    """Eight images: 0..4 known when run 1 began (4 held out, 7 its copy), 5..7 without a value."""

    @pytest.fixture
    def ws(self, tmp_path):
        ws = tiny.workspace(tmp_path / "ws", [0, 1, 0, 1, 1, -1, -1, -1], twins=[(4, 7)])
        with ws.write() as connection:
            runs.add_run(connection, 1, "tiny", {})
            connection.execute(insert(schema.holdout), {"label_id": 1, "image_id": 5})
        folder = ws.run_dir(1)
        folder.mkdir(parents=True)
        rows = ["train,1,0,a,p", "train,2,1,b,p", "train,3,0,c,p", "train,4,1,d,p", "heldout,5,1,e,p"]
        (folder / runs.DATA).write_text("\n".join(["part,image_id,value,digest,path", *rows, ""]))
        return ws

    def count(self, ws):
        with ws.read() as connection:
            return runs.new_labels(connection, ws, 1)

    def put(self, ws, image_id, value, source):
        with ws.write() as connection:
            cells.put(connection, image_id, 1, value, source)

    def test_right_after_the_training_nothing_is_new(self, ws):
        assert self.count(ws) == runs.NewLabels(0, 0, 0)

    def test_decided_and_derived_cells_are_new_and_pseudo_labels_are_counted_apart(self, ws):
        self.put(ws, 6, 1, "human")
        assert self.count(ws) == runs.NewLabels(1, 0, 0)
        self.put(ws, 6, 1, "derived")
        self.put(ws, 7, 0, "pseudo")
        assert self.count(ws) == runs.NewLabels(1, 1, 0)

    def test_a_copy_of_a_held_out_image_is_never_learned_from_so_it_is_not_new(self, ws):
        self.put(ws, 8, 1, "human")
        assert self.count(ws) == runs.NewLabels(0, 0, 0)

    def test_a_corrected_cell_is_changed_and_one_taken_back_is_nothing(self, ws):
        self.put(ws, 1, 1, "human")
        assert self.count(ws) == runs.NewLabels(0, 0, 1)
        self.put(ws, 2, None, None)
        assert self.count(ws) == runs.NewLabels(0, 0, 1)

    def test_many_cells_are_counted_a_part_at_a_time(self, ws, monkeypatch):
        monkeypatch.setattr(runs, "_CHUNK", 2)
        self.put(ws, 3, 1, "human")
        self.put(ws, 6, 1, "human")
        assert self.count(ws) == runs.NewLabels(1, 0, 1)

    def test_other_labels_do_not_count(self, ws):
        with ws.write() as connection:
            [other] = add_labels(connection, [Label("other", ("0", "1"))])
            cells.add_cells(connection, [6, 7], [other], np.array([[1], [1]]))
        assert self.count(ws) == runs.NewLabels(0, 0, 0)

    def test_a_run_without_its_folder_says_nothing(self, ws):
        (ws.run_dir(1) / runs.DATA).unlink()
        assert self.count(ws) is None
