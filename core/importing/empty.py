"""Columns without any value: why they are no labels."""

from __future__ import annotations

from collections.abc import Sequence

from core.importing.guess import Tokens, classes_of
from core.importing.plan import ImportPlan
from core.importing.read import SourceTable

_NAMED = 5  # columns that are named; of more the rest is counted


def empty_columns(table: SourceTable, plan: ImportPlan) -> list[str]:
    """Return the columns in which the plan finds no value and which it does not use, in the table's order."""
    tokens = Tokens(explicit=tuple(plan.missing))
    used = {plan.filename, plan.id_column, *(label.column for label in plan.labels)}
    return [name for name in table.frame.columns if name not in used and not classes_of(table, name, tokens)]


def why_no_labels(columns: Sequence[str]) -> str:
    """Return a sentence about columns without any value and what to do about them; empty for none."""
    if not columns:
        return ""
    more = f" and {len(columns) - _NAMED:,} more" if len(columns) > _NAMED else ""
    named = ", ".join(columns[:_NAMED]) + more
    one = len(columns) == 1
    return (
        f"{named}: {'this column has' if one else 'these columns have'} no value in any row, so nothing says which"
        f" classes {'it has' if one else 'they have'}, and {'it is no label' if one else 'they are no labels'}."
    )
