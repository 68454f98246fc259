"""Hold a plan against the table and the pictures, and say what is wrong, row by row. Writes nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import GapwiseError
from core.images.decode import ImageError, ImageFacts, inspect, read_bytes
from core.images.pool import parallel
from core.importing import values as v
from core.importing.folder import ImageFolder, clean
from core.importing.merge import Incoming, compare, refuse_changed
from core.importing.plan import ImportPlan, check_columns, read_source
from core.importing.problems import MEANINGS, Problems
from core.importing.read import SourceTable
from core.jobs.reporter import Reporter, Silent
from core.labels.deduce import deduce
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet, parse_rules
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.workspace import Workspace


@dataclass(frozen=True)
class Report:
    """What an import would do.

    Attributes:
        plan: The plan with each label's spelling filled in.
        table: The table.
        labels: In the plan's order.
        images: The rows that can become images.
        asides: (position in the table, file, problem, detail) of rows set aside; position None for a file that no row
            names.
        problems: One line for each problem, columns as in `core.importing.problems.COLUMNS`.
        known: How many of the rows are images of the workspace already.
        fills: How many of their gaps the table would fill.
    """

    plan: ImportPlan
    table: SourceTable
    labels: tuple[Label, ...]
    images: Incoming
    asides: tuple[tuple[int | None, str, str, str], ...]
    problems: pd.DataFrame
    known: int = 0
    fills: int = 0

    def counts(self) -> dict[str, int]:
        """Return how often each problem occurs, commonest first."""
        return dict(Counter(self.problems["problem"].tolist()).most_common())

    @property
    def set_aside(self) -> int:
        """How many rows of the table would not become images."""
        return sum(1 for position, *_ in self.asides if position is not None)


def check(
    plan: ImportPlan,
    table: SourceTable | None = None,
    reporter: Reporter | None = None,
    ws: Workspace | None = None,
    folder: ImageFolder | None = None,
) -> Report:
    """Check a plan against the table, the pictures and, if given, the workspace that it would go to.

    Args:
        table: The plan's table when it has been read already.
        reporter: Hears how many pictures have been looked at.
        folder: The plan's image folder when it has been listed already.

    Raises:
        GapwiseError: If the plan does not fit the table, or a rule is wrong (RuleError). Bad rows never raise.
    """
    table = table or read_source(plan)
    check_columns(plan, list(table.frame.columns))
    labels = tuple(p.label() for p in plan.labels)
    every = _every_label(ws, labels)
    rules = parse_rules([*_present_rules(ws), *plan.rules], every)  # before the long part: a typo shows at once
    checker = _Checker(plan, table, folder or ImageFolder.scan(plan.images))
    checker.rows()
    checker.files()
    checker.ids()
    checker.values()
    checker.pictures(reporter or Silent())
    checker.twins()
    checker.conflicts([every.index(label) for label in labels], rules)
    known, fills = checker.workspace(ws, labels)
    return checker.report(labels, known, fills)


@dataclass(frozen=True)
class _Look:
    facts: ImageFacts
    bytes: int
    digest: str


class _Checker:
    """The steps of a check; each adds to the problems and leaves the rows that still stand in `good`."""

    def __init__(self, plan: ImportPlan, table: SourceTable, folder: ImageFolder) -> None:
        self.plan, self.table, self.folder = plan, table, folder
        self.problems = Problems()
        self.fnames = [text.strip() for text in self._column(plan.filename)]
        self.found: dict[int, str] = {}  # position -> file relative to the folder
        self.looks: dict[int, _Look] = {}
        self.codes = np.full((len(table.frame), len(plan.labels)), MISSING, dtype=np.int16)

    def rows(self) -> None:
        for index, detail, usable in self.table.problems:
            self._add(index, "row_short" if usable else "row_length", detail)

    def files(self) -> None:
        """Find each row's file; the first row that names a file has it."""
        first: dict[str, int] = {}
        for index, text in enumerate(self.fnames):
            match = self.folder.find(text, self.plan.prefix)
            if match.name is None:
                self._add(index, match.problem, match.detail)
            elif match.name in first:
                self._add(index, "duplicate_name", self._as_row(first[match.name], index))
            else:
                first[match.name] = index
                self.found[index] = match.name
        mentioned = {clean(text)[0] for text in self.fnames}  # a link that was refused is named all the same
        for name in self.folder.files:
            if name not in first and name not in mentioned:
                self.problems.add(None, name, "unnamed")

    def ids(self) -> None:
        if self.plan.id_column is None:
            return
        first: dict[str, int] = {}
        for index, text in enumerate(map(v.normalize, self._column(self.plan.id_column))):
            if text and first.setdefault(text, index) != index:
                self._add(index, "duplicate_id", f"{self.plan.id_column} {text}, as in row {self._number(first[text])}")

    def values(self) -> None:
        """Encode the labels; a value that is no class becomes a gap with a warning."""
        labels = []
        for position, label in enumerate(self.plan.labels):
            if label.column is None:
                labels.append(label)
                continue
            raw = self._column(label.column)
            codes, spelling = v.encode(raw, label.classes, self.plan.missing)
            for index in np.flatnonzero(codes == v.UNKNOWN):
                self._add(int(index), "unknown_value", f"{label.column}: {raw[index][:100]!r}")
            self.codes[:, position] = np.where(codes == v.UNKNOWN, MISSING, codes)
            labels.append(label.model_copy(update={"spelling": spelling}))
        self.plan = self.plan.model_copy(update={"labels": labels})

    def pictures(self, reporter: Reporter) -> None:
        """Decode every picture once, several at a time."""
        todo = [(index, name) for index, name in self.found.items() if index not in self.problems.aside]
        looks = parallel(_look, [self.folder.root / name for _, name in todo])
        for done, ((index, _), look) in enumerate(zip(todo, looks, strict=True), start=1):
            reporter.progress(done, len(todo), "pictures checked")
            if isinstance(look, ImageError):
                self._add(index, look.problem, str(look))
                continue
            self.looks[index] = look
            if not look.facts.suffix_fits:
                self._add(index, "wrong_extension", f"the content is {look.facts.format}")
            if look.facts.blank:
                self._add(index, "blank")
            if reporter.should_stop():
                raise GapwiseError("The check was stopped. Nothing was written.")

    @property
    def good(self) -> list[int]:
        return [index for index in self.looks if index not in self.problems.aside]

    def twins(self) -> None:
        """Name pictures with the same content."""
        first: dict[str, int] = {}
        for index in self.good:
            other = first.setdefault(self.looks[index].digest, index)
            if other != index:
                a, b = self.codes[index], self.codes[other]
                differ = bool(((a != b) & (a != MISSING) & (b != MISSING)).any())
                detail = f"{self.fnames[other]}, row {self._number(other)}"
                self._add(index, "identical_differ" if differ else "identical", detail)

    def conflicts(self, positions: list[int], rules: RuleSet) -> None:
        good = self.good
        codes = np.full((len(good), len(rules.labels)), MISSING, dtype=np.int16)
        codes[:, positions] = self.codes[good]
        for at in np.flatnonzero(deduce(codes, rules).conflict):
            self._add(good[at], "conflict")

    def workspace(self, ws: Workspace | None, labels: Sequence[Label]) -> tuple[int, int]:
        """Compare with what is there; return how many rows are known and how many gaps they would fill."""
        good = self.good
        if ws is None or not good:
            return 0, 0
        with ws.read() as connection:
            found = compare(connection, labels, self._incoming(good))
        for at in found.taken:
            self._add(good[at], "name_taken")
        for at, detail in found.differing:
            self._add(good[at], "differs", detail)
        return int((found.ids >= 0).sum()), len(found.fills)

    def report(self, labels: tuple[Label, ...], known: int, fills: int) -> Report:
        asides = [(index, *what) for index, what in sorted(self.problems.aside.items())]
        asides += [(None, file, "unnamed", MEANINGS["unnamed"][1]) for file in self.problems.unnamed]
        frame = self.problems.frame(self.table.rows)
        return Report(self.plan, self.table, labels, self._incoming(self.good), tuple(asides), frame, known, fills)

    def _incoming(self, good: list[int]) -> Incoming:
        looks = [self.looks[i] for i in good]
        return Incoming(
            rows=np.array(good, dtype=np.int64),
            fnames=tuple(self.fnames[i] for i in good),
            paths=tuple(str(self.folder.root / self.found[i]) for i in good),
            sizes=tuple((look.facts.width, look.facts.height, look.bytes) for look in looks),
            digests=tuple(look.digest for look in looks),
            codes=self.codes[good],
        )

    def _add(self, index: int, problem: str, detail: str = "") -> None:
        self.problems.add(index, self.fnames[index], problem, detail)

    def _number(self, index: int) -> int:
        return int(self.table.rows[index])

    def _as_row(self, first: int, index: int) -> str:
        same = (self.table.frame.iloc[first].tolist(), self.table.frame.iloc[index].tolist())
        return f"row {self._number(first)}" + ("" if same[0] == same[1] else ", with other values")

    def _column(self, name: str) -> list[str]:
        return self.table.frame.iloc[:, list(self.table.frame.columns).index(name)].tolist()


def _look(path: Path) -> _Look | ImageError:
    try:
        content = read_bytes(path)
        return _Look(inspect(content, path.name), len(content), hashlib.sha256(content).hexdigest())
    except ImageError as error:
        return error


def _every_label(ws: Workspace | None, labels: Sequence[Label]) -> list[Label]:
    """Return the workspace's labels and the new ones after them."""
    if ws is None:
        return list(labels)
    with ws.read() as connection:
        present = list(read_labels(connection).values())
    refuse_changed(present, labels)
    names = {label.name: label for label in labels}
    return [names.pop(label.name, label) for label in present] + list(names.values())


def _present_rules(ws: Workspace | None) -> list[str]:
    if ws is None:
        return []
    with ws.read() as connection:
        return read_rules(connection)
