"""A label: a column with two or more classes."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import GapwiseError

MISSING = -1  # the code of a cell without a value, in every array of codes


@dataclass(frozen=True)
class Label:
    """A column with two or more classes.

    Attributes:
        name: The column's name, as in the table. Any text that is not empty: `5k` and `my label`
            are fine.
        classes: The distinct values as the table spells them (normalized: `1.0` is `1`), at least
            one. A class code is an index into this tuple. For a binary label the negative
            class comes first, so that code 1 means "true" in a rule.
        names: What people read on buttons and charts, one per class.
    """

    name: str
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise GapwiseError("A label has an empty name. Give the column a name in the table.")
        if not self.classes:
            raise GapwiseError(f"Label {self.name!r} has no classes: every value is missing. Name its classes.")
        if len(set(self.classes)) != len(self.classes):
            raise GapwiseError(f"Label {self.name!r} names a class twice: {', '.join(self.classes)}.")
        if not self.names:
            object.__setattr__(self, "names", self.classes)
        if len(self.names) != len(self.classes):
            raise GapwiseError(
                f"Label {self.name!r} has {len(self.classes)} classes but {len(self.names)} display names."
            )

    @property
    def binary(self) -> bool:
        """Whether there are exactly two classes; only then can a rule use the bare name as true or false."""
        return len(self.classes) == 2

    def code(self, text: str) -> int:
        """Return the class code of a class's value or display name.

        Raises:
            GapwiseError: If no class is called that.
        """
        if text in self.classes:
            return self.classes.index(text)
        if self.names.count(text) == 1:
            return self.names.index(text)
        raise GapwiseError(f"Label {self.name!r} has no class {text!r}; its classes are {', '.join(self.classes)}.")
