"""What the Dataset page shows of a workspace."""

from __future__ import annotations

from core.importing.commit import commit
from core.importing.overview import overview, sample
from core.workspace import Workspace
from tests.importing.sets import HEADER, ROWS, checked, images, table

FIVE = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


def test_counts_tables_and_rows_set_aside(tmp_path):
    ws, folder = Workspace.create(tmp_path / "ws"), images(tmp_path / "i", [*FIVE, "extra.jpg"])
    report = checked(table(tmp_path / "t.csv", HEADER, *ROWS, "6,gone.jpg,1,1,1"), folder)
    commit(ws, report.plan, report)
    with ws.read() as connection:
        held = overview(connection)
        some = sample(connection, 2, 0)
    assert (held.images, held.values, held.rows_aside) == (5, {"mask": 5, "distancing": 4, "5k": 4}, 1)
    assert held.tables[["name", "rows", "images"]].to_numpy().tolist() == [["t.csv", 6, 5]]
    assert held.asides[["row", "file", "problem"]].fillna(0).to_numpy().tolist() == [
        [7, "gone.jpg", "not_found"],
        [0, "extra.jpg", "unnamed"],
    ]
    assert len(some) == 2


def test_other_seeds_show_other_images(tmp_path):
    ws, names = Workspace.create(tmp_path / "ws"), [f"{i}.jpg" for i in range(1, 13)]
    report = checked(
        table(tmp_path / "t.csv", "fname,m", *(f"{n},{len(n) % 2}" for n in names)), images(tmp_path / "i", names)
    )
    commit(ws, report.plan, report)
    with ws.read() as connection:
        shown = [{name for _, name in sample(connection, 4, seed)} for seed in range(3)]
    assert set().union(*shown) == set(names)


def test_an_empty_workspace_has_nothing_to_show(tmp_path):
    ws = Workspace.create(tmp_path / "ws")
    with ws.read() as connection:
        assert overview(connection).images == 0
        assert sample(connection, 4, 0) == []
