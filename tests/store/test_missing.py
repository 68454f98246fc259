from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import cells
from core.store.missing import report
from core.workspace import Workspace


def test_the_report_follows_the_cells(five_k):
    with five_k.read() as connection:
        before = report(connection)
    assert before.missing == {"mask": 2, "distancing": 2, "5k": 4}
    assert before.cells == {"given": 10, "human": 0, "derived": 0, "pseudo": 0, "free": 2, "open": 6, "conflict": 0}
    with five_k.write() as connection:
        cells.derive_all(connection)
        after = report(connection)
    assert after.missing == before.missing
    assert after.cells == {**before.cells, "derived": 2, "free": 0}


def test_a_workspace_without_a_table_says_so(tmp_path):
    ws = Workspace.create(tmp_path)
    with ws.read() as connection, pytest.raises(GapwiseError, match="Import a table"):
        report(connection)
