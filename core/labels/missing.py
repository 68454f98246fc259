"""What is missing: counts, combinations, row patterns, and what each gap is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.labels.deduce import CONFLICT, FREE, OPEN, Deduction
from core.labels.label import MISSING, Label

PAIRS_UP_TO = 200  # labels; 2000 would give two million pairs, most of them 0
ALL_COMBINATIONS_UP_TO = 6  # labels; beyond it pairs only: 2^40 combinations help nobody
SOURCE_NAMES = ("given", "human", "derived", "pseudo")
GAP_NAMES = ("free", "open", "conflict")


@dataclass(frozen=True)
class Pattern:
    """Rows that lack exactly the same labels."""

    missing: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class MissingReport:
    """The imported table's gaps and what has become of its cells.

    Attributes:
        rows: Images in the table.
        missing: Label name to gaps, as imported.
        together: Names joined by "+" to the rows that lack all of them, whatever else they lack. Every
            combination of two or more labels up to 6 labels, every pair up to 200, none beyond.
        patterns: Most rows first; rows without any gap are the pattern ().
        by_label: Label name to counts of given, human, derived, pseudo, free, open, conflict. The first four
            are cells with a value, by source; the others are cells without one.
        by_class: Label name to class name to counts of given, human, derived, pseudo: cells with that value.
        conflict_rows: Images whose known cells break the rules.
    """

    rows: int
    missing: dict[str, int]
    together: dict[str, int]
    patterns: tuple[Pattern, ...]
    by_label: dict[str, dict[str, int]]
    by_class: dict[str, dict[str, dict[str, int]]]
    conflict_rows: int

    @property
    def cells(self) -> dict[str, int]:
        """Counts over all labels; they add up to rows x labels."""
        names = (*SOURCE_NAMES, *GAP_NAMES)
        return {name: sum(counts[name] for counts in self.by_label.values()) for name in names}

    def as_json(self) -> dict:
        """Return what `missing --json` prints."""
        return {
            "rows": self.rows,
            "missing": self.missing,
            "missing_together": self.together,
            "patterns": [{"missing": list(p.missing), "rows": p.rows} for p in self.patterns],
            "cells": self.cells,
            "cells_by_label": self.by_label,
            "cells_by_class": self.by_class,
            "conflict_rows": self.conflict_rows,
        }


def listing(report: MissingReport) -> list[tuple[str, int]]:
    """Return what is missing as people list it: every label, then every combination in `MissingReport.together`."""
    names = list(report.missing)
    sizes = range(2, len(names) + 1)
    combined = (" and ".join(chosen) for size in sizes for chosen in combinations(names, size))
    return [*report.missing.items(), *zip(combined, report.together.values(), strict=False)]


def missing_report(
    labels: Sequence[Label],
    given: np.ndarray,
    values: np.ndarray,
    sources: np.ndarray,
    deduction: Deduction,
    images: np.ndarray | None = None,
) -> MissingReport:
    """Count the gaps of a table.

    Args:
        labels: L labels.
        given: (N, L) imported class codes, -1 a gap.
        values: (N, L) current class codes, -1 none.
        sources: (N, L) index into SOURCE_NAMES, -1 none.
        deduction: Of what stands on its own, (N, L).
        images: (N,) how many images each row stands for; one each when None.
    """
    images = np.ones(len(given), np.int64) if images is None else images
    names = [label.name for label in labels]
    gaps = given == MISSING
    distinct, where = np.unique(gaps, axis=0, return_inverse=True)
    distinct = distinct.reshape(-1, len(names))
    counts = np.bincount(where.reshape(-1), images, len(distinct)).astype(np.int64)
    order = np.argsort(-counts, kind="stable")
    patterns = tuple(
        Pattern(tuple(n for n, gap in zip(names, distinct[i], strict=True) if gap), int(counts[i])) for i in order
    )
    empty = values == MISSING
    by_label = {}
    for j, name in enumerate(names):
        counted = {source: int(images @ (sources[:, j] == i)) for i, source in enumerate(SOURCE_NAMES)}
        states = dict(zip(GAP_NAMES, (FREE, OPEN, CONFLICT), strict=True))
        counted |= {gap: int(images @ (empty[:, j] & (deduction.state[:, j] == s))) for gap, s in states.items()}
        by_label[name] = counted
    return MissingReport(
        rows=int(images.sum()),
        missing={name: int(images @ gaps[:, j]) for j, name in enumerate(names)},
        together=_together(names, distinct, counts),
        patterns=patterns if len(given) else (),
        by_label=by_label,
        by_class={label.name: _by_class(label, values[:, j], sources[:, j], images) for j, label in enumerate(labels)},
        conflict_rows=int(images @ deduction.conflict),
    )


def _by_class(label: Label, values: np.ndarray, sources: np.ndarray, images: np.ndarray) -> dict[str, dict[str, int]]:
    counts = np.zeros((len(label.classes), len(SOURCE_NAMES)), np.int64)
    known = values != MISSING
    np.add.at(counts, (values[known], sources[known]), images[known])
    # By what the table writes, not by what people read: two classes may be shown alike.
    return {
        name: dict(zip(SOURCE_NAMES, line, strict=True))
        for name, line in zip(label.classes, counts.tolist(), strict=True)
    }


def _together(names: Sequence[str], distinct: np.ndarray, counts: np.ndarray) -> dict[str, int]:
    if len(names) > PAIRS_UP_TO:
        return {}
    most = len(names) if len(names) <= ALL_COMBINATIONS_UP_TO else 2
    return {
        "+".join(names[j] for j in chosen): int(counts[distinct[:, list(chosen)].all(axis=1)].sum())
        for size in range(2, most + 1)
        for chosen in combinations(range(len(names)), size)
    }
