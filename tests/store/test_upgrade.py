"""Workspaces of versions 4 and 6, and of the two kinds that were both called 5, get everything that version 7 has."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from core.store import acceptances, blind, map_schema, maps, notes, review_schema, schema
from core.store.labels import label_id
from core.workspace import Workspace
from tests.conftest import propose
from tests.store.test_acceptances import everything
from tests.store.test_maps import row

BULK = (schema.audit, schema.acceptance)
MAPS = (map_schema.activation_map,)
INDEXES = {
    "activation_map": {"activation_map_image"},
    "audit": {"audit_cell", "audit_waiting"},
    "decision": {"decision_second"},
    "image_note": {"image_note_image"},
    "proposal": {"proposal_by_class", "proposal_by_confidence"},
}


@pytest.mark.parametrize(
    ("version", "tables", "indexes"),
    [
        (4, (*BULK, *review_schema.TABLES, *MAPS), (schema.decision_second, review_schema.by_class)),
        (5, (*review_schema.TABLES, *MAPS), (review_schema.by_class,)),
        (5, (*BULK, *MAPS), (schema.decision_second,)),
        (6, MAPS, ()),
    ],
    ids=["4", "5 with acceptances", "5 with the review's own tables", "6"],
)
def test_an_older_workspace_is_brought_up_to_date_with_everything(five_k, version, tables, indexes):
    run = propose(five_k, "mask", {"2.png": [0.2, 0.8]})
    with five_k.write() as connection:
        for one in (*indexes, *tables):
            one.drop(connection)
    five_k.set_setting("version", version)
    opened = Workspace.open(five_k.root)
    assert opened.setting("version") == schema.VERSION
    with opened.write() as connection:
        found = inspect(connection)
        assert {table.name for table in (*BULK, *review_schema.TABLES, *MAPS)} <= set(found.get_table_names())
        for table, names in INDEXES.items():
            assert names <= {index["name"] for index in found.get_indexes(table)}
        promise = acceptances.Promise(
            label_id(connection, "mask"), run, 0.9, 0.95, everything(connection), [], expected=0.01
        )
        outcome = acceptances.accept(connection, client_id="b", reviewer="ann", promise=promise)
        assert outcome.cells == 1
        blind.note(connection, outcome.decision_id)
        notes.add(connection, client_id="n", reviewer="ann", image_id=3, text="dark")
        maps.put(connection, [row(3, run_id=run)])
        assert maps.predicted(connection, run, "a", 3) == 1
