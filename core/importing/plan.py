"""What an import is going to do: a plain value that a page edits and the command line prints."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from core.errors import GapwiseError
from core.importing.read import SourceTable, read_folder, read_table
from core.labels.label import Label

# Compared without regard to case and surrounding space. A value that is a class of its label is never missing.
DEFAULT_MISSING = ("", "nan", "na", "n/a", "<na>", "null", "none", "?", "-1")


class LabelPlan(BaseModel):
    """One label.

    Attributes:
        name: What the label is called from now on.
        column: The table's column; None for a label that no column fills yet.
        classes: Normalized values; for a binary label the negative one first.
        names: What people read, one for each class; the classes themselves when empty.
        spelling: Class to how the column spells it most often (`{"1": "1.0"}`), so that an export can fill gaps in
            the table's own spelling. Found by `check`.
    """

    name: str
    column: str | None
    classes: list[str] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)
    spelling: dict[str, str] = Field(default_factory=dict)

    def label(self) -> Label:
        """Return it as a label.

        Raises:
            GapwiseError: If the name is empty, or classes are missing, double or do not fit the display names.
        """
        return Label(self.name, tuple(self.classes), tuple(self.names))


class ImportPlan(BaseModel):
    """What an import does.

    Attributes:
        table: Path of the table; None when the folder itself is the table.
        images: The folder that the file names are relative to.
        filename: The column with the file names.
        id_column: A column whose values should all differ; only checked.
        prefix: Folders that the table writes before every name and that lie above `images`.
        labels: In the table's order.
        missing: Tokens that mean "no value".
        rules: One text each.
        folder_label: What to call the label of folder-per-class.
    """

    table: str | None
    images: str
    filename: str
    id_column: str | None = None
    prefix: str = ""
    labels: list[LabelPlan] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=lambda: list(DEFAULT_MISSING))
    rules: list[str] = Field(default_factory=list)
    folder_label: str = "label"


def read_source(plan: ImportPlan) -> SourceTable:
    """Read the table that a plan is about.

    Raises:
        GapwiseError: As `read_table` and `read_folder`.
    """
    return read_folder(plan.images, plan.folder_label) if plan.table is None else read_table(plan.table)


def check_columns(plan: ImportPlan, columns: Sequence[str]) -> None:
    """See that a plan fits a table.

    Raises:
        GapwiseError: If it names a column that the table has not, or a label or column twice.
    """
    used = [plan.filename, *(p.column for p in plan.labels if p.column is not None)]
    for column in [*used, *([plan.id_column] if plan.id_column else [])]:
        if column not in columns:
            raise GapwiseError(f"There is no column {column!r}. The table's columns are: {', '.join(columns)}.")
    for kind, values in (("column", used), ("label", [p.name for p in plan.labels])):
        twice = next((v for v in values if values.count(v) > 1), None)
        if twice is not None:
            raise GapwiseError(f"The {kind} {twice!r} is used twice. Each label needs a column and a name of its own.")


def same(a: ImportPlan, b: ImportPlan) -> bool:
    """Whether two plans do the same; the spelling that a check adds does not count."""
    spelling = {"labels": {"__all__": {"spelling"}}}
    return a.model_dump(exclude=spelling) == b.model_dump(exclude=spelling)
