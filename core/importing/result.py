"""What an import changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportResult:
    """What an import changed.

    Attributes:
        table_id: The row in `source_table`; None when there was nothing to write.
        images: How many images are new.
        known: How many rows were images of the workspace already.
        filled: How many gaps of known images got a value.
        differing: How many cells have another value in the workspace and kept it.
        aside: How many rows of the table were set aside.
        labels, rules: What is new of them.
        image_ids: Ids of the new images.
        moved: How many known images are read from another file now, since the old one is gone.
    """

    table_id: int | None
    images: int
    known: int
    filled: int
    differing: int
    aside: int
    labels: tuple[str, ...]
    rules: tuple[str, ...]
    image_ids: tuple[int, ...] = ()
    moved: int = 0

    @property
    def changed(self) -> bool:
        return self.table_id is not None

    def sentence(self) -> str:
        """Return what happened in words."""
        if not self.changed:
            return f"Nothing new: all {self.known:,} images of this table are in the workspace with these values."
        parts = [f"{self.images:,} images imported"]
        parts += [f"{self.known:,} were there already"] if self.known else []
        parts += [f"{self.filled:,} of their gaps filled"] if self.filled else []
        parts += [f"{self.differing:,} differing values left alone"] if self.differing else []
        parts += [f"{self.aside:,} rows set aside"] if self.aside else []
        parts += [f"new labels: {', '.join(self.labels)}"] if self.labels else []
        parts += [f"new rules: {'; '.join(self.rules)}"] if self.rules else []
        return ", ".join(parts) + "."
