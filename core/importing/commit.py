"""Write a checked import into a workspace: all of it or nothing."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete, insert, select, update

from core.errors import GapwiseError
from core.importing.check import Report
from core.importing.merge import Comparison, compare, refuse_changed
from core.importing.plan import ImportPlan, check_columns, same
from core.importing.problems import MEANINGS
from core.importing.result import ImportResult
from core.jobs.reporter import Reporter, Silent
from core.labels.label import MISSING, Label
from core.labels.rules import parse_rules
from core.store import beliefs, cells, schema
from core.store.images import add_images
from core.store.labels import add_labels, set_rules
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.store.measured import new_edition
from core.workspace import Workspace


def commit(ws: Workspace, plan: ImportPlan, report: Report, reporter: Reporter | None = None) -> ImportResult:
    """Write an import in one transaction.

    The table goes to `tables/` as Parquet, every value as text. `source_table.plan` holds the plan as
    JSON with each label's `spelling` (class to how the table writes it), `content` (SHA-256 of the table) and
    `aside_rows` (position of a row set aside to its number in the file).

    A workspace that has data already takes the new images; of images that it knows (by name, else by file) only gaps
    are filled, differing values stay. The same table again changes nothing.

    Args:
        report: From `check` with this plan.

    Raises:
        GapwiseError: If no row can be used, the report is about another plan, or labels and rules do not go with
            those of the workspace. Nothing is written then.
    """
    reporter = reporter or Silent()
    if not same(report.plan, plan):
        raise GapwiseError("The plan was changed after it was checked. Check it again before importing.")
    check_columns(plan, list(report.table.frame.columns))
    refuse_unusable(report)
    content = report.table.digest
    part = _write_parquet(ws, report)
    try:
        with ws.write() as connection:
            result = _Commit(connection, report, content).run()
            reporter.progress(1, 1, "written")
            if result.changed:
                os.replace(part, ws.root / _file(content))
    finally:
        part.unlink(missing_ok=True)
    return result


class _Commit:
    """The steps inside the transaction."""

    def __init__(self, connection: Connection, report: Report, content: str) -> None:
        self.connection, self.report, self.content = connection, report, content
        self.images = report.images

    def run(self) -> ImportResult:
        present = read_labels(self.connection)
        refuse_changed(list(present.values()), self.report.labels)
        found = compare(self.connection, self.report.labels, self.images)
        new_labels = [label for label in self.report.labels if label.name not in {p.name for p in present.values()}]
        new_rules = self._new_rules([*present.values(), *new_labels])
        fresh = [at for at in np.flatnonzero(found.ids < 0).tolist() if at not in set(found.taken)]
        known = int((found.ids >= 0).sum())
        facts = {"known": known, "differing": len(found.differing), "aside": self.report.set_aside}
        source = self._source_row()
        if not (fresh or found.fills or new_labels or new_rules or found.moved or self._new_asides(source)):
            return ImportResult(None, 0, filled=0, labels=(), rules=(), **facts)
        table_id = self._write_source(source)
        new_edition(self.connection)  # the table's other columns are facts of its images
        set_rules(self.connection, [*read_rules(self.connection), *new_rules])
        add_labels(self.connection, new_labels)
        ids = self._add_images(table_id, fresh)
        self._add_cells(fresh, ids, found, {label.name for label in new_labels})
        filled = self._fill(found)
        moved = self._move(found)
        self._write_asides(table_id, found)
        if filled or new_rules:
            cells.withdraw_stale(self.connection)
        if new_rules:
            beliefs.refresh_all(self.connection)
        names, rules = tuple(label.name for label in new_labels), tuple(new_rules)
        return ImportResult(
            table_id, len(ids), filled=filled, labels=names, rules=rules, image_ids=tuple(ids), moved=moved, **facts
        )

    def _new_rules(self, labels: Sequence[Label]) -> list[str]:
        there = read_rules(self.connection)
        spoken = {" ".join(text.split()) for text in there}
        new = []
        for text in self.report.plan.rules:
            if text.strip() and " ".join(text.split()) not in spoken:
                spoken.add(" ".join(text.split()))
                new.append(text.strip())
        parse_rules([*there, *new], list(labels))
        return new

    def _source_row(self):
        """Return the row of the same table if it was imported before, whatever the plan was then."""
        rows = self.connection.execute(select(schema.source_table)).all()
        return next((r for r in rows if r.plan.get("content") == self.content), None)

    def _new_asides(self, source) -> bool:
        """Whether rows have to be kept aside that are not there: a table that the workspace has never seen."""
        return source is None and self.report.set_aside > 0

    def _write_source(self, source) -> int:
        numbers = {str(at): int(self.report.table.rows[at]) for at, *_ in self.report.asides if at is not None}
        plan = {**self.report.plan.model_dump(), "content": self.content, "aside_rows": numbers}
        if source is not None:
            again = {p["name"] for p in plan["labels"]}
            plan["labels"] += [p for p in source.plan["labels"] if p["name"] not in again]
            change = {"plan": plan, "images_root": self.report.plan.images}
            self.connection.execute(
                update(schema.source_table).where(schema.source_table.c.id == source.id).values(change)
            )
            return source.id
        row = {
            "name": self.report.table.name,
            "digest": self.content,
            "file": _file(self.content),
            "images_root": self.report.plan.images,
            "plan": plan,
            "rows": len(self.report.table.frame),
            "created": time.time(),
        }
        return self.connection.execute(insert(schema.source_table), row).inserted_primary_key[0]

    def _add_images(self, table_id: int, fresh: list[int]) -> list[int]:
        images = self.images
        rows = [
            {
                "table_id": table_id,
                "row": int(images.rows[at]),
                "fname": images.fnames[at],
                "path": images.paths[at],
                **dict(zip(("width", "height", "bytes"), images.sizes[at], strict=True)),
                "digest": images.digests[at],
            }
            for at in fresh
        ]
        return add_images(self.connection, rows)

    def _add_cells(self, fresh: list[int], ids: list[int], found: Comparison, new_labels: set[str]) -> None:
        """Every image has a cell for every label: new images for all labels, those that were there for the new ones."""
        labels = read_labels(self.connection)
        columns = {label.name: i for i, label in enumerate(self.report.labels)}

        def codes_for(rows: Sequence[int], label_ids: Sequence[int]) -> np.ndarray:
            codes = np.full((len(rows), len(label_ids)), MISSING, dtype=np.int16)
            at = np.asarray(rows, dtype=np.int64)
            for i, label_id in enumerate(label_ids):
                column = columns.get(labels[label_id].name)
                if column is not None:
                    codes[at >= 0, i] = self.images.codes[at[at >= 0], column]
            return codes

        every = list(labels)
        cells.add_cells(self.connection, ids, every, codes_for(fresh, every))
        added = [label_id for label_id, label in labels.items() if label.name in new_labels]
        if added:
            fresh_ids = set(ids)
            present = self.connection.execute(select(schema.image.c.id).order_by(schema.image.c.id)).scalars()
            older = [image_id for image_id in present if image_id not in fresh_ids]
            row_of = {int(image_id): at for at, image_id in enumerate(found.ids) if image_id >= 0}
            cells.add_cells(self.connection, older, added, codes_for([row_of.get(i, -1) for i in older], added))

    def _fill(self, found: Comparison) -> int:
        id_of = {label.name: label_id for label_id, label in read_labels(self.connection).items()}
        names = [label.name for label in self.report.labels]
        changes = ((image_id, id_of[names[position]], code) for _, image_id, position, code in found.fills)
        return cells.fill_given(self.connection, changes)

    def _move(self, found: Comparison) -> int:
        """Follow pictures whose file lies elsewhere now; one that is still in its old place stays there."""
        t, count = schema.image.c, 0
        for at, image_id in found.moved:
            old = self.connection.execute(select(t.path).where(t.id == image_id)).scalar_one()
            if not Path(old).is_file():
                self.connection.execute(update(schema.image).where(t.id == image_id).values(path=self.images.paths[at]))
                count += 1
        return count

    def _write_asides(self, table_id: int, found: Comparison) -> None:
        rows = list(self.report.asides)
        there = {position for position, *_ in rows}
        for at in found.taken:
            position = int(self.images.rows[at])
            if position not in there:
                rows.append((position, self.images.fnames[at], "name_taken", MEANINGS["name_taken"][1]))
        self.connection.execute(delete(schema.aside).where(schema.aside.c.table_id == table_id))
        if rows:
            names = ("row", "fname", "problem", "detail")
            lines = [{"table_id": table_id, **dict(zip(names, row, strict=True))} for row in rows]
            self.connection.execute(insert(schema.aside), lines)


def refuse_unusable(report: Report) -> None:
    """See that at least one row can become an image.

    Raises:
        GapwiseError: If none can, with the commonest reasons.
    """
    if len(report.images.rows):
        return
    counts = ", ".join(f"{n:,} x {MEANINGS[problem][1].rstrip('.').lower()}" for problem, n in report.counts().items())
    raise GapwiseError(
        f"None of the {len(report.table.frame):,} rows can be used ({counts})."
        f" The file names are in column {report.plan.filename!r}, the images in {report.plan.images}: is that right?"
    )


def _file(content: str) -> str:
    return f"tables/{content[:16]}.parquet"


def _write_parquet(ws: Workspace, report: Report) -> Path:
    """Write the table beside its final place; it is moved there when the transaction is about to end."""
    frame = report.table.frame
    columns = [pa.array(frame.iloc[:, i].tolist(), pa.string()) for i in range(frame.shape[1])]
    table = pa.table(columns, names=list(frame.columns))
    (ws.root / "tables").mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=ws.root / "tables", suffix=".part", delete=False) as part:
        pq.write_table(table, part)
    return Path(part.name)
