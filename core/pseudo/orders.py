"""Orders of the queue that take more than a look at one proposal: worked out in a process of their own and stored.

After a prediction, and by `python -m core rank`. What is proposed is brought up to date on the way.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.labels.label import Label
from core.pseudo.disagreement import disagreement, previous
from core.pseudo.embedding import unpacked
from core.pseudo.items import Items, joined, measured
from core.pseudo.label_errors import suspects
from core.pseudo.varied import varied
from core.store import beliefs, ranks, schema, sent
from core.store.labels import labels as read_labels
from core.store.proposals import heldout_frame, latest_run
from core.workspace import Workspace

log = logging.getLogger("gapwise")

CANDIDATES = 20_000  # of the worthiest, among which neighbours are kept unlike


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
        for label_id, items in measured(found, runs):
            parts[label_id].append(items)
        reporter.progress(n, len(spans), "Working out what comes first")
    told = {}
    for label_id, label in labels.items():
        if runs[label_id] is not None:
            items = joined(parts[label_id])
            told[label.name] = len(items)
            _rank_label(ws, label_id, label, runs[label_id], items, seed)
    return told


def _rank_label(ws: Workspace, label_id: int, label: Label, run_id: int, items: Items, seed: int) -> None:
    with ws.read() as connection:
        before = previous(connection, label_id, run_id)
        looks = _looks(connection, items.proposals[np.argsort(-items.worth, kind="stable")[:CANDIDATES]].tolist())
        doubted = _doubted(connection, label, run_id)
    orders = {
        "leverage": (-items.worth, _worth_told),
        "margin": (items.margin, None),
        "entropy": (-items.entropy, None),
        "disagreement": disagreement(items, label, run_id, before),
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
        sent.renew(connection, label_id, run_id)


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
