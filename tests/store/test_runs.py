"""Runs and their metrics."""

from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import runs
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
