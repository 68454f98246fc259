"""The missing-value report of a workspace."""

from __future__ import annotations

from sqlalchemy import Connection

from core.errors import GapwiseError
from core.labels.missing import MissingReport, missing_report
from core.store.cells import deduction, load


def report(connection: Connection) -> MissingReport:
    """Count the gaps of the workspace.

    Raises:
        GapwiseError: If nothing was imported yet.
    """
    table = load(connection)
    if not len(table.labels) or not len(table.image_ids):
        raise GapwiseError("This workspace has no labels yet. Import a table with label columns first.")
    return missing_report(table.labels, table.given, table.values, table.sources, deduction(connection, table))
