from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import cells, decisions
from core.store.missing import gaps_by_image, imported, report
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


def test_what_was_imported_stays_the_same_through_decisions_and_rules_and_changes_with_a_filled_gap(five_k):
    with five_k.write() as connection:
        before, (gaps, at) = imported(connection), gaps_by_image(connection)
        cells.derive_all(connection)
        image_id, label_id = _gap(connection)
        decisions.decide(
            connection, client_id="a", reviewer="r", action="choose", image_id=image_id, label_id=label_id, value=1
        )
        assert imported(connection) == before
        after, where = gaps_by_image(connection)
        assert after[where].tolist() == gaps[at].tolist()
        image_id, label_id = _gap(connection)
        assert cells.fill_given(connection, [(image_id, label_id, 1)]) == 1
        assert imported(connection) != before


def _gap(connection) -> tuple[int, int]:
    """Return an image and a label whose cell has no value."""
    table = cells.load(connection)
    row, column = (table.values == -1).nonzero()
    return int(table.image_ids[row[0]]), table.label_ids[column[0]]
