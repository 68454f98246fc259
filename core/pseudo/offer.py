"""What can be accepted in bulk at a promised precision, and what the promise rests on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from core.errors import GapwiseError
from core.labels.deduce import OPEN, deduce
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet
from core.pseudo.accept import LEVEL, Threshold, thresholds
from core.pseudo.context import allowed, contexts
from core.pseudo.evidence import Evidence
from core.store import bulk, profiles, schema
from core.store.acceptances import Promise
from core.store.cells import rule_set
from core.store.labels import labels as read_labels
from core.store.profiles import Profiles
from core.store.proposals import latest_run, own_value

SHIFT, CHANCE = 0.05, 0.01  # a class's share differs when it does by so much, and chance would not do it


@dataclass(frozen=True)
class Class:
    """Predictions of one class, for images that are alike.

    Attributes:
        waiting, taken: Cells predicted so, and those that are accepted.
        evidence: Cells with a known answer, alike, predicted so.
        review: How many cells, chosen by chance, to review until there can be a threshold, if people find all
            predictions right; 0 where there is one, where too many were wrong, and where so many don't wait.
    """

    threshold: Threshold
    waiting: int
    taken: int
    evidence: int
    review: int

    @property
    def expected(self) -> float:
        """Wrong cells to expect: as many as among the evidence that reaches the threshold."""
        return self.taken * (1 - self.threshold.right / self.threshold.images) if self.taken else 0.0

    @property
    def most(self) -> float:
        """Wrong cells at most, by the bound."""
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
class Offer:
    """What would be accepted.

    Attributes:
        run_id: Whose predictions.
        level: How surely each threshold keeps the promise, over all looks at the same run.
        waiting: Predictions of the run whose cells have no value.
        ruled: Those of them that rules settle, contradict or exclude, or where the rules with other predictions speak
            for another class: never accepted.
        heldout, sampled: Cells with a known answer that thresholds rest on: held out, and reviewed by chance.
        asked: How many of the present sample wait for an answer.
    """

    label: Label
    label_id: int
    run_id: int
    precision: float
    level: float
    waiting: int
    ruled: int
    heldout: int
    sampled: int
    asked: int
    kinds: tuple[Kind, ...]
    rules: tuple[bulk.Rule, ...]

    @property
    def cells(self) -> int:
        return sum(c.taken for kind in self.kinds for c in kind.classes)

    @property
    def expected(self) -> float:
        return sum(c.expected for kind in self.kinds for c in kind.classes)

    @property
    def most(self) -> float:
        return sum(c.most for kind in self.kinds for c in kind.classes)

    @property
    def promise(self) -> Promise:
        """What `core.store.acceptances.accept` takes."""
        grounds = [{**asdict(kind), "shifts": [list(s) for s in kind.shifts]} for kind in self.kinds]
        share = self.expected / self.cells if self.cells else 0.0
        return Promise(self.label_id, self.run_id, self.precision, self.level, self.rules, grounds, share)


def offer(connection: Connection, label_id: int, precision: float, run_id: int | None = None) -> Offer:
    """Return what can be accepted of a run's predictions for a label.

    Thresholds are found for each class, and for images that are alike in what makes the cell open: on known cells of
    that kind only, see `core.pseudo.accept.thresholds`. Held-out predictions are the run's own, so thresholds are
    held against its own confidence, not against the one that the rules leave. A class that the rules exclude for an
    image is not accepted, nor one that isn't proposed because with the rules and other predictions another is likelier.
    Known cells are the run's held-out ones and, where people reviewed cells that were chosen by chance, those: a part
    at a time, once all of it is answered or passed over. Each part is another look at the same question, so each look
    has a share of the risk: 3%, 1.2%, 0.48%, … of the 5%.

    Args:
        precision: Promised share of right ones, above 0 and below 1.
        run_id: The label's newest run with predictions when None.

    Raises:
        GapwiseError: If there is no run with predictions for the label, or the precision can't be promised.
    """
    if not 0 < precision < 1:
        raise GapwiseError(f"A precision lies above 0 and below 1; {precision:g} arrived. Ask for 0.99, say.")
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    label = read_labels(connection)[label_id]
    if run_id is None:
        raise GapwiseError(f"There are no predictions for {label.name!r} yet. Train on it first.")
    found, rules = profiles.read(connection), rule_set(connection)
    own = found.label_ids.index(label_id)
    totals, ever, waiting = _count(connection, label_id, run_id)
    evidence = Evidence(connection, label_id, run_id, found, rules, own, len(label.classes))
    kinds, chosen = _kinds(evidence, _open(found, rules, own, ever), totals, ever, precision)
    taken = _taken(connection, label_id, run_id, chosen, kinds)
    usable = sum(c.waiting for kind in taken for c in kind.classes)
    return Offer(
        label, label_id, run_id, precision, LEVEL, waiting, waiting - usable, evidence.heldout, evidence.sampled,
        evidence.asked, tuple(taken), tuple(chosen),
    )  # fmt: skip


def _count(
    connection: Connection, label_id: int, run_id: int
) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int], int]:
    """Return (profile id, the run's own class) to how many predictions wait and are proposed; the same of all; waiting.

    The last is how many wait, proposed or overruled.
    """
    p, i = schema.proposal.c, schema.image.c
    # Both states are named: the queue's index.
    here = (p.label_id == label_id, p.run_id == run_id, p.heldout == 0, p.settled.in_((0, 1)))
    alike = (i.profile_id, own_value.label("own"), p.settled, (own_value == p.value).label("agreed"))
    query = select(*alike, func.count().label("images")).join(schema.image, i.id == p.image_id).where(*here)
    totals, ever, waiting = Counter(), Counter(), 0
    for row in connection.execute(query.group_by(*alike)):
        key = row.profile_id, row.own
        ever[key] += row.images
        waiting += 0 if row.settled else row.images
        totals[key] += row.images if row.agreed and not row.settled else 0
    return totals, ever, waiting


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


def _kinds(
    evidence: Evidence,
    open_at: np.ndarray,
    totals: Mapping[tuple[int, int], int],
    ever: Mapping[tuple[int, int], int],
    precision: float,
) -> tuple[list[Kind], list[bulk.Rule]]:
    found, rules, own = evidence.found, evidence.rules, evidence.own
    base = _hidden(found, own)[open_at]
    groups, where = np.unique(contexts(base, own, rules), axis=0, return_inverse=True)
    fits = allowed(base, own, rules)  # (M, C)
    kinds, chosen = [], []
    for n, context in enumerate(groups):
        here = np.flatnonzero(where.reshape(-1) == n)
        alike = evidence.alike(context)
        limits = thresholds(evidence.known.probs[alike], evidence.known.truth[alike], precision, evidence.level)
        predicted = np.bincount(evidence.known.probs[alike].argmax(axis=1), minlength=fits.shape[1])  # (C,)
        ids = [[int(found.ids[open_at[k]]) for k in here if fits[k, value]] for value in range(fits.shape[1])]
        waiting, seen = (
            np.array([sum(counts.get((one, value), 0) for one in those) for value, those in enumerate(ids)])
            for counts in (totals, ever)
        )
        if not waiting.any():
            continue
        classes = tuple(
            Class(
                t, int(waiting[t.value]), 0, int(predicted[t.value]),
                0 if t.confidence is not None
                else evidence.review(t, precision, int(waiting[t.value]), int(waiting.sum())),
            )
            for t in limits
        )  # fmt: skip
        known = {found.labels[j].name: found.labels[j].names[code] for j, code in enumerate(context.tolist())
                 if code != MISSING}  # fmt: skip
        kinds.append(Kind(known, int(alike.sum()), classes, _shifts(seen, predicted)))
        chosen += [bulk.Rule(ids[t.value], t.value, t.confidence) for t in limits
                   if t.confidence is not None and waiting[t.value]]  # fmt: skip
    return kinds, chosen


def _taken(
    connection: Connection, label_id: int, run_id: int, chosen: Sequence[bulk.Rule], kinds: Sequence[Kind]
) -> list[Kind]:
    """Return the kinds with how many cells are accepted."""
    counts = _count_chosen(connection, label_id, run_id, chosen) if chosen else {}
    at = iter(chosen)
    found = []
    for kind in kinds:
        classes = []
        for c in kind.classes:
            rule = next(at) if c.threshold.confidence is not None and c.waiting else None
            taken = sum(counts.get((one, rule.value), 0) for one in rule.profile_ids) if rule else 0
            classes.append(Class(c.threshold, c.waiting, taken, c.evidence, c.review))
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
