"""Known cells that a promise rests on: held-out ones, and random samples of what waits that people have answered."""

from __future__ import annotations

import math

import numpy as np
from sqlalchemy import Connection, select

from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.pseudo.accept import LEVEL, STARTS, Threshold
from core.pseudo.context import Heldout, allowed
from core.store import audits, schema
from core.store.cells import TRUSTED
from core.store.profiles import Profiles
from core.store.proposals import own_value

FIRST, NEXT = 0.6, 0.4  # share of the risk for the first look, and what each later one has of the one before
# Of what waits, the share that reviewing by chance may take: more leaves too little to accept, and what is decided in
# the queue's order instead settles more with each answer.
MOST_REVIEWED = 0.75
ROUNDED = 1e-6  # probabilities are stored with six digits, confidences with all
LARGEST = 10_000  # cells that can wait for an answer in a sample


class Evidence:
    """Known cells that thresholds rest on."""

    def __init__(
        self,
        connection: Connection,
        label_id: int,
        run_id: int,
        found: Profiles,
        rules: RuleSet,
        own: int,
        classes: int,
    ) -> None:
        self.found, self.rules, self.own = found, rules, own
        held = _heldout(connection, label_id, run_id)
        sample, self.asked, self.looks = _sample(connection, label_id, run_id)
        self.heldout, self.sampled = len(held), len(sample)
        rows = [*held, *sample]
        at = np.searchsorted(found.ids, np.array([row[0] for row in rows], np.int64))
        probs = np.array([row[1] for row in rows], np.float64).reshape(-1, classes)
        truth = np.array([row[2] for row in rows], np.int64)
        self.known = Heldout(found.base[at], probs, truth)
        self.told = self.known.values(own, rules)
        fits = allowed(self.told, own, rules)
        # What is never accepted says nothing about what is.
        agreed = np.array([row[3] for row in rows], bool)
        self.counts = agreed & fits[np.arange(len(rows)), probs.argmax(axis=1)] if rows else np.zeros(0, bool)

    @property
    def level(self) -> float:
        return 1 - risk(self.looks)

    def alike(self, context: np.ndarray) -> np.ndarray:
        """(H,) bool: those that agree with what decided that cells are open."""
        return ((context == MISSING) | (self.told == context)).all(axis=1) & self.counts

    def no_surer(self, surest: np.ndarray) -> np.ndarray:
        """(H,) bool: those that are no surer of their class than what waits, (C,), is.

        Where the surest were accepted or decided, what waits is worse than all that are predicted so: with the right
        ones above them counted in, a second acceptance would promise of the rest what only holds for both together.
        """
        at = self.known.probs.argmax(axis=1)
        return self.known.probs[np.arange(len(at)), at] <= np.asarray(surest)[at] + ROUNDED

    def review(self, threshold: Threshold, precision: float, waiting: int, of: int) -> int:
        """Return how many of all that wait, some of the class, to review by chance; 0 where that would not do.

        Args:
            waiting: Cells predicted so, of images that are alike.
            of: All that wait: the sample is drawn from these.
        """
        if threshold.images >= threshold.needed or not waiting:
            return 0
        needed = math.ceil(math.log(risk(self.looks + 1) / STARTS) / math.log(precision))
        return math.ceil((needed - threshold.images) * of / waiting)


def risk(looks: int) -> float:
    """Return the share of wrong promises that the look after so many others may bring."""
    return (1 - LEVEL) * FIRST * NEXT**looks


def _heldout(connection: Connection, label_id: int, run_id: int) -> list[tuple]:
    """Return rows (profile id, probabilities, true class, whether what is proposed is the run's likeliest class)."""
    p, c, i = schema.proposal.c, schema.cell.c, schema.image.c
    query = (
        select(i.profile_id, p.probs, c.value, own_value == p.value)
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .join(schema.image, i.id == p.image_id)
        .where(p.label_id == label_id, p.run_id == run_id, p.heldout == 1, c.source.in_(TRUSTED))
    )
    return list(connection.execute(query.order_by(p.image_id)))


def _sample(connection: Connection, label_id: int, run_id: int) -> tuple[list[tuple], int, int]:
    """Return rows as `_heldout` of whole parts of the sample of open cells, how many wait, and how many parts."""
    waits = set(audits.due(connection, label_id, LARGEST))
    a, p, c, i = schema.audit.c, schema.proposal.c, schema.cell.c, schema.image.c
    mine = (a.kind == audits.OPEN, a.label_id == label_id, a.run_id == run_id)
    said = {row.proposal_id: row.said for row in audits.rows(connection, *mine) if row.answered is not None}
    query = (
        select(a.stage, a.proposal_id, i.profile_id, p.probs, c.value, c.source, (own_value == p.value).label("agreed"))
        .join(schema.proposal, p.id == a.proposal_id)
        .join(schema.image, i.id == a.image_id)
        .join(schema.cell, (c.image_id == a.image_id) & (c.label_id == a.label_id))
        .where(*mine)
    )
    rows = connection.execute(query.order_by(a.id)).all()
    asked = [row for row in rows if row.proposal_id in waits]
    whole = {row.stage for row in rows} - {row.stage for row in asked}
    # What was passed over counts as wrong: people pass over what is hard.
    used = [row for row in rows if row.stage in whole]
    truth = [said.get(row.proposal_id, row.value if row.source in TRUSTED else None) for row in used]
    told = [
        (row.profile_id, row.probs, MISSING if one is None else one, row.agreed)
        for row, one in zip(used, truth, strict=True)
    ]
    return told, len(asked), len(whole)
