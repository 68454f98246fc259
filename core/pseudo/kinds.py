"""Images that are alike in what makes a cell open: how many predictions wait for them, and which are accepted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, func, select

from core.labels.deduce import OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.pseudo.accept import Threshold, thresholds
from core.pseudo.context import allowed, contexts
from core.pseudo.evidence import MOST_REVIEWED, Evidence
from core.store import bulk, schema
from core.store.profiles import Profiles
from core.store.proposals import own_confidence, own_value

SHIFT, CHANCE = 0.05, 0.01  # a class's share differs when it does by so much, and chance would not do it


@dataclass(frozen=True)
class Class:
    """Predictions of one class, for images that are alike.

    Attributes:
        waiting, taken: Cells predicted so, and those that are accepted.
        evidence: Cells with a known answer, alike, predicted so.
        review: How many cells, chosen by chance, to review until there can be a threshold, if people find all
            predictions right; 0 where there is one, where too many were wrong, and where it is too many.
        beyond: That number where it is too many: more than `core.pseudo.evidence.MOST_REVIEWED` of what waits.
    """

    threshold: Threshold
    waiting: int
    taken: int
    evidence: int
    review: int
    beyond: int = 0

    @property
    def expected(self) -> float:
        """Wrong cells to expect: as many as among the evidence that reaches the threshold."""
        return self.taken * (1 - self.threshold.right / self.threshold.images) if self.taken else 0.0

    @property
    def most(self) -> float:
        """Wrong cells to expect at the worst rate that the bound allows; of just these cells it may be some more."""
        return self.taken * (1 - self.threshold.low)


@dataclass(frozen=True)
class Kind:
    """Images whose cell is open for the same reason.

    Attributes:
        known: Label name to class name: what decided that the cell is open; empty where nothing did.
        evidence: Cells with a known answer that agree with that.
        classes: One for each class, in the label's order.
        shifts: (class, share among all cells that the run predicted, decided by now or not, share among the evidence)
            where those differ beyond chance.
    """

    known: Mapping[str, str]
    evidence: int
    classes: tuple[Class, ...]
    shifts: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True)
class Counts:
    """Predictions of a run.

    Attributes:
        proposed: (profile id, the run's own class) to how many wait and are what is proposed.
        ever: The same of all, decided by now or not.
        surest: How sure the run is of the surest of `proposed`.
        waiting: How many wait, proposed or overruled.
    """

    proposed: Mapping[tuple[int, int], int]
    ever: Mapping[tuple[int, int], int]
    surest: Mapping[tuple[int, int], float]
    waiting: int


def count(connection: Connection, label_id: int, run_id: int) -> Counts:
    """Return how many predictions a run has for images with the same known cells."""
    p, i = schema.proposal.c, schema.image.c
    # Both states are named: the queue's index.
    here = (p.label_id == label_id, p.run_id == run_id, p.heldout == 0, p.settled.in_((0, 1)))
    alike = (i.profile_id, own_value.label("own"), p.settled, (own_value == p.value).label("agreed"))
    figures = (func.count().label("images"), func.max(own_confidence).label("surest"))
    query = select(*alike, *figures).join(schema.image, i.id == p.image_id).where(*here)
    totals, ever, surest, waiting = Counter(), Counter(), {}, 0
    for row in connection.execute(query.group_by(*alike)):
        key = row.profile_id, row.own
        ever[key] += row.images
        waiting += 0 if row.settled else row.images
        if row.agreed and not row.settled:
            totals[key], surest[key] = row.images, row.surest
    return Counts(totals, ever, surest, waiting)


def _count_chosen(
    connection: Connection, label_id: int, run_id: int, rules: Sequence[bulk.Rule]
) -> dict[tuple[int, int], int]:
    """Return the same of those that wait and meet one of some rules."""
    with bulk.waiting(connection, label_id, run_id, rules) as query:
        found = query.subquery().c
        counts = select(found.profile_id, found.value, func.count()).group_by(found.profile_id, found.value)
        return {(profile, value): n for profile, value, n in connection.execute(counts).all()}


def _open(found: Profiles, rules: RuleSet, own: int, totals: Mapping[tuple[int, int], int]) -> np.ndarray:
    """Return the rows of `found` with predictions whose cell is open, or would be without the value that it has."""
    there = np.isin(found.ids, sorted({profile for profile, _ in totals}))
    return np.flatnonzero(there & (deduce(_hidden(found, own), rules).state[:, own] == OPEN))


def _hidden(found: Profiles, own: int) -> np.ndarray:
    """Return (P, L) what stands on its own, but for one label."""
    base = found.base
    base[:, own] = MISSING
    return base


def kinds(evidence: Evidence, counts: Counts, precision: float) -> tuple[list[Kind], list[bulk.Rule]]:
    """Return the kinds of images for which predictions wait, nothing taken yet, and the rules that accept some."""
    found, rules, own = evidence.found, evidence.rules, evidence.own
    open_at = _open(found, rules, own, counts.ever)
    base = _hidden(found, own)[open_at]
    groups, where = np.unique(contexts(base, own, rules), axis=0, return_inverse=True)
    fits = allowed(base, own, rules)  # (M, C)
    alike_ones, chosen = [], []
    for n, context in enumerate(groups):
        here = np.flatnonzero(where.reshape(-1) == n)
        alike = evidence.alike(context)
        predicted = np.bincount(evidence.known.probs[alike].argmax(axis=1), minlength=fits.shape[1])  # (C,)
        ids = [[int(found.ids[open_at[k]]) for k in here if fits[k, value]] for value in range(fits.shape[1])]
        waiting, seen = (
            np.array([sum(numbers.get((one, value), 0) for one in those) for value, those in enumerate(ids)])
            for numbers in (counts.proposed, counts.ever)
        )
        if not waiting.any():
            continue
        surest = [max((counts.surest.get((one, value), 0.0) for one in those), default=0.0)
                  for value, those in enumerate(ids)]  # fmt: skip
        speaks = alike & evidence.no_surer(np.where(waiting > 0, surest, np.inf))
        limits = thresholds(evidence.known.probs[speaks], evidence.known.truth[speaks], precision, evidence.level)
        classes = tuple(
            _class(evidence, t, precision, int(waiting[t.value]), counts.waiting, int(predicted[t.value]))
            for t in limits
        )
        known = {found.labels[j].name: found.labels[j].names[code] for j, code in enumerate(context.tolist())
                 if code != MISSING}  # fmt: skip
        alike_ones.append(Kind(known, int(alike.sum()), classes, _shifts(seen, predicted)))
        chosen += [bulk.Rule(ids[t.value], t.value, t.confidence) for t in limits
                   if t.confidence is not None and waiting[t.value]]  # fmt: skip
    return alike_ones, chosen


def _class(evidence: Evidence, limit: Threshold, precision: float, waiting: int, of: int, known: int) -> Class:
    more = evidence.review(limit, precision, waiting, of) if limit.confidence is None else 0
    bearable = more <= of * MOST_REVIEWED
    return Class(limit, waiting, 0, known, more if bearable else 0, 0 if bearable else more)


def taken(
    connection: Connection, label_id: int, run_id: int, chosen: Sequence[bulk.Rule], before: Sequence[Kind]
) -> list[Kind]:
    """Return the kinds with how many cells are accepted."""
    counts = _count_chosen(connection, label_id, run_id, chosen) if chosen else {}
    at = iter(chosen)
    found = []
    for kind in before:
        classes = []
        for c in kind.classes:
            rule = next(at) if c.threshold.confidence is not None and c.waiting else None
            fills = sum(counts.get((one, rule.value), 0) for one in rule.profile_ids) if rule else 0
            classes.append(replace(c, taken=fills))
        found.append(Kind(kind.known, kind.evidence, tuple(classes), kind.shifts))
    return found


def _shifts(missing: np.ndarray, known: np.ndarray) -> tuple[tuple[int, float, float], ...]:
    """Return the classes that the model sees more or less often among what was missing than among what is known.

    Predictions are compared with predictions, so the model's own leaning falls out (Lipton et al. 2018, arXiv
    1802.03916). Two shares by the normal approximation, with Bonferroni's correction.
    """
    n, m = int(missing.sum()), int(known.sum())
    if not n or not m:
        return ()
    found = []
    for value, (a, b) in enumerate(zip(missing.tolist(), known.tolist(), strict=True)):
        pooled = (a + b) / (n + m)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        chance = math.erfc(abs(a / n - b / m) / spread / math.sqrt(2)) if spread else 1.0
        if abs(a / n - b / m) >= SHIFT and chance * len(missing) < CHANCE:
            found.append((value, a / n, b / m))
    return tuple(found)
