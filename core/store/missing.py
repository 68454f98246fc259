"""The missing-value report of a workspace."""

from __future__ import annotations

from sqlalchemy import Connection

from core.errors import GapwiseError
from core.labels.missing import MissingReport, missing_report
from core.store import profiles
from core.store.cells import deduction


def report(connection: Connection) -> MissingReport:
    """Count the gaps of the workspace.

    Raises:
        GapwiseError: If nothing was imported yet.
    """
    found = profiles.read(connection)
    if not len(found.labels) or not len(found.ids):
        raise GapwiseError("This workspace has no labels yet. Import a table with label columns first.")
    result = deduction(connection, found)
    return missing_report(found.labels, found.given, found.values, found.sources, result, found.images)
