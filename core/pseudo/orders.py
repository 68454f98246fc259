"""Orders of the queue that take more than a look at one proposal: worked out in a process of their own and stored.

After a prediction, and by `python -m core rank`. What is proposed is brought up to date on the way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.labels.joint import prepared
from core.labels.label import Label
from core.labels.worth import worth
from core.pseudo.embedding import unpacked
from core.pseudo.label_errors import suspects
from core.pseudo.varied import varied
from core.store import beliefs, ranks, schema
from core.store.labels import labels as read_labels
from core.store.proposals import heldout_frame, latest_run
from core.workspace import Workspace

log = logging.getLogger("gapwise")

CANDIDATES = 20_000  # of the worthiest, among which neighbours are kept unlike


@dataclass
class Items:
    """A label's waiting proposals, one entry each.

    Attributes:
        image_ids, proposals: (N,) int64.
        worth: Cells that an answer sets right on average.
        own: The chance that what is proposed is wrong.
        margin: Between the two likeliest classes.
        entropy: In 0..1, 1 where all classes are as likely.
        shift: How far the rules moved the run's probabilities, total variation in 0..1.
        raw, raw_sure, value: The run's own likeliest class, its probability, and what is proposed.
    """

    image_ids: np.ndarray
    proposals: np.ndarray
    worth: np.ndarray
    own: np.ndarray
    margin: np.ndarray
    entropy: np.ndarray
    shift: np.ndarray
    raw: np.ndarray
    raw_sure: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.image_ids)


def rank(ws: Workspace, reporter: Reporter, seed: int = 0) -> dict[str, int]:
    """Work all orders of all labels out and store them; return how many proposals each label has that wait.

    Args:
        seed: Of the random order.
    """
    with ws.read() as connection:
        labels = read_labels(connection)
        runs = {label_id: latest_run(connection, label_id) for label_id in labels}
        spans = beliefs.spans(connection)
    parts: dict[int, list[Items]] = {label_id: [] for label_id in labels}
    for n, span in enumerate(spans, start=1):
        if reporter.should_stop():
            return {}
        with ws.write() as connection:
            found = beliefs.believe_span(connection, *span)
            beliefs.store(connection, found)
        for label_id, items in _measured(found, runs):
            parts[label_id].append(items)
        reporter.progress(n, len(spans), "Working out what comes first")
    told = {}
    for label_id, label in labels.items():
        if runs[label_id] is not None:
            items = _joined(parts[label_id])
            told[label.name] = len(items)
            _rank_label(ws, label_id, label, runs[label_id], items, seed)
    return told


def _measured(found: beliefs.Beliefs, runs: Mapping[int, int | None]) -> Iterator[tuple[int, Items]]:
    _, clean = prepared(found.values, found.probs, found.rules)
    gains = worth(found.values, found.joint, clean, found.rules)
    for j, label_id in enumerate(found.label_ids):
        newest = (found.proposals[:, j] > 0) & (found.runs[:, j] == (runs[label_id] or -1))
        rows = np.flatnonzero(newest & ~found.heldout[:, j])
        if not len(rows):
            continue
        probs, raw = found.joint.probs[j][rows], clean[j][rows]
        top = np.sort(probs, axis=1)[:, ::-1]
        value = found.joint.proposed[rows, j]
        spread = -(probs * np.log(np.maximum(probs, 1e-12))).sum(axis=1) / np.log(max(2, probs.shape[1]))
        yield (
            label_id,
            Items(
                found.image_ids[rows],
                found.proposals[rows, j],
                gains[rows, j],
                1 - probs[np.arange(len(rows)), value],
                top[:, 0] - top[:, 1] if probs.shape[1] > 1 else np.ones(len(rows)),
                spread,
                np.abs(probs - raw).sum(axis=1) / 2,
                raw.argmax(axis=1),
                raw.max(axis=1),
                value,
            ),
        )


def _joined(parts: Sequence[Items]) -> Items:
    if not parts:
        return Items(*(np.zeros(0, np.int64) for _ in range(2)), *(np.zeros(0) for _ in range(8)))
    return Items(*(np.concatenate([getattr(p, name) for p in parts]) for name in Items.__dataclass_fields__))


def _rank_label(ws: Workspace, label_id: int, label: Label, run_id: int, items: Items, seed: int) -> None:
    with ws.read() as connection:
        before = _previous(connection, label_id, run_id)
        looks = _looks(connection, items.proposals[np.argsort(-items.worth, kind="stable")[:CANDIDATES]].tolist())
        doubted = _doubted(connection, label, run_id)
    orders = {
        "leverage": (-items.worth, _worth_told),
        "margin": (items.margin, None),
        "entropy": (-items.entropy, None),
        "disagreement": _disagreement(items, label, run_id, before),
        "random": (np.random.default_rng([seed, label_id]).random(len(items)), None),
        "varied": (_varied(items, looks), _worth_told),
    }
    for kind, (place, reason) in orders.items():
        chosen = np.argsort(place, kind="stable")[: ranks.TOP]
        rows = [
            {
                "image_id": int(items.image_ids[i]),
                "proposal_id": int(items.proposals[i]),
                "place": float(place[i]),
                "reason": None if reason is None else reason(items, i),
            }
            for i in chosen[np.isfinite(place[chosen])].tolist()
        ]
        with ws.write() as connection:  # each by itself: whoever reviews waits for one at most
            ranks.replace(connection, label_id, run_id, kind, rows)
    with ws.write() as connection:
        ranks.replace(connection, label_id, run_id, ranks.ERRORS, doubted)


def _worth_told(items: Items, i: int) -> str | None:
    if items.worth[i] < 0.005:
        return None
    more = " with what rules draw from it" if items.worth[i] > items.own[i] + 0.005 else ""
    return f"An answer here sets {items.worth[i]:.2f} cells right on average{more}."


def _varied(items: Items, looks: Mapping[int, bytes]) -> np.ndarray:
    """Return (N,) places; infinite for what is not among the worthiest, or has no embedding."""
    place = np.full(len(items), np.inf)
    with_look = np.flatnonzero(np.isin(items.proposals, list(looks)))
    if len(with_look):
        directions = unpacked([looks[int(p)] for p in items.proposals[with_look]])
        # The k-th place has the k-th largest worth, so that labels can be held against each other.
        ladder = -np.sort(-items.worth[with_look])
        place[with_look[varied(items.worth[with_look], directions)]] = _rising(-ladder)
    return place


def _rising(places: np.ndarray) -> np.ndarray:
    """Return places that don't fall, made to rise: equal ones would be read in another order."""
    return places + np.arange(len(places)) * 1e-9


def _disagreement(items: Items, label: Label, run_id: int, before: Mapping[int, tuple[int, list[float]]]):
    """Return places and what to say: the larger of how far two runs are apart and how far the rules moved one."""
    apart = items.shift.copy()
    other: dict[int, tuple[int, int, float]] = {}
    found = [before.get(int(i)) for i in items.image_ids]
    at = np.flatnonzero([f is not None for f in found])
    if len(at):
        theirs = np.array([found[i][1] for i in at.tolist()])
        codes = theirs.argmax(axis=1)
        # Of the older run the likeliest class and its probability; of this one the same.
        distance = np.where(
            codes == items.raw[at],
            np.abs(theirs.max(axis=1) - items.raw_sure[at]),
            np.maximum(theirs.max(axis=1), items.raw_sure[at]),
        )
        for i, code, row, gap in zip(at.tolist(), codes.tolist(), theirs, distance.tolist(), strict=True):
            if gap > apart[i]:
                apart[i] = gap
                other[i] = (found[i][0], code, float(row[code]))

    def told(items: Items, i: int) -> str | None:
        own = f"{label.names[int(items.raw[i])]} ({items.raw_sure[i]:.2f})"
        if i in other:
            older, code, sure = other[i]
            return f"Run {older} says {label.names[code]} ({sure:.2f}), run {run_id} {own}."
        if items.shift[i] > 0.05:
            return f"By itself run {run_id} says {own}, which goes badly with what it says of other labels."
        return None

    return -apart, told


def _previous(connection: Connection, label_id: int, run_id: int) -> dict[int, tuple[int, list[float]]]:
    """Return image id to (run, probabilities) of the run before this one; empty where there is none."""
    p = schema.proposal.c
    older = connection.execute(select(func.max(p.run_id)).where(p.label_id == label_id, p.run_id < run_id)).scalar()
    if older is None:
        return {}
    query = select(p.image_id, p.probs).where(p.label_id == label_id, p.run_id == older, p.settled == 0)
    return {image_id: (older, probs) for image_id, probs in connection.execute(query)}


def _looks(connection: Connection, proposal_ids: Sequence[int]) -> dict[int, bytes]:
    p = schema.proposal.c
    found: dict[int, bytes] = {}
    for start in range(0, len(proposal_ids), 500):
        part = list(proposal_ids[start : start + 500])
        query = select(p.id, p.embedding).where(p.id.in_(part), p.embedding.is_not(None))
        found |= dict(connection.execute(query).all())
    return found


def _doubted(connection: Connection, label: Label, run_id: int) -> list[dict[str, object]]:
    """Return rows of the order of likely errors: given cells that the run did not learn from."""
    c, run = schema.cell.c, schema.run.c
    frame = heldout_frame(connection, run_id)
    given = dict(
        connection.execute(
            select(c.image_id, c.given)
            .join(schema.run, run.label_id == c.label_id)
            .where(run.id == run_id, c.source == "given")
        ).all()
    )
    frame = frame[frame["image_id"].isin(list(given))]
    if not len(frame):
        return []
    codes = [given[int(i)] for i in frame["image_id"]]
    probs = np.array(frame["probs"].tolist())
    try:
        found = suspects(codes, probs)
    except GapwiseError as error:
        log.info("%s", error)
        return []
    rows = []
    for place, i in enumerate(found):
        said = int(probs[i].argmax())
        told = f"The table says {label.names[codes[i]]}; the model, which never saw it, {label.names[said]}"
        rows.append(
            {
                "image_id": int(frame["image_id"].iloc[i]),
                "proposal_id": int(frame["proposal_id"].iloc[i]),
                "place": float(place),
                "reason": f"{told} ({probs[i, said]:.2f}).",
            }
        )
    return rows
