"""Where errors look: maps of wrong answers held against those of right ones. From stored maps, with NumPy alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from core.hard.chance import Compared, compared, holm
from core.hard.groups import grouped, nearest
from core.hard.regions import REGIONS, sitting, weights
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.proposals import own_value
from core.store.runs import run as run_row

LEVEL = 0.05  # of the corrected p, below which a difference is told
FEWEST = 5  # wrong ones: fewer show nothing about errors


@dataclass(frozen=True)
class Finding:
    """How often maps sit in one place, on wrong answers and on right ones.

    Attributes:
        region: One of REGIONS.
        wrong, right: Shares, 0..1; right ones weighted so that the same answers are held against each other.
        low, high: 95% interval of the difference, -1..1.
        p: Corrected for the number of places (Holm 1979).
    """

    region: str
    wrong: float
    right: float
    low: float
    high: float
    p: float

    @property
    def told(self) -> bool:
        """Whether it is more than chance, by the test and by the interval."""
        return self.p < LEVEL and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Cluster:
    """Wrong answers whose maps look alike.

    Attributes:
        share: Of all wrong answers with a map, 0..1.
        right_share: Of the right ones, whose map is nearest to this cluster's.
        map: (h, w) float32, the mean; 1 is what a map has that is even all over.
        image_ids: The most typical first.
    """

    share: float
    right_share: float
    map: np.ndarray
    image_ids: np.ndarray


@dataclass(frozen=True)
class Look:
    """Where a run looks on known held-out images.

    Attributes:
        wrong, right: (h, w) float32 means of the maps, None without any; 1 is what a map has that is even all over.
        wrong_count, right_count: Maps that they are made of.
        left_out: Known held-out images whose map is missing, 0 all over or of another size than most.
        left_out_told: How many of each, in a sentence; "" where none is left out.
        clusters: Of the wrong ones, the largest first.
        findings: Each place, the least likely by chance first; empty with fewer than FEWEST wrong ones.
        sentences: What is told of it, at least one.
    """

    wrong: np.ndarray | None
    right: np.ndarray | None
    wrong_count: int
    right_count: int
    left_out: int
    left_out_told: str
    clusters: tuple[Cluster, ...]
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]


def where_errors_look(connection: Connection, run_id: int) -> Look:
    """Return where a run's maps lie when it is wrong, against when it is right.

    The maps are those stored with its predictions; each is about the class that the run says.

    Raises:
        GapwiseError: If there is no such run.
    """
    label = read_labels(connection)[run_row(connection, run_id).label_id]
    image_ids, said, wrong, maps, left_out = _read(connection, run_id)
    shares = weights(maps)
    findings = _findings(shares, said, wrong)
    return Look(
        _mean(shares[wrong]),
        _mean(shares[~wrong]),
        int(wrong.sum()),
        int((~wrong).sum()),
        sum(left_out.values()),
        _left_out(left_out),
        _clusters(shares, wrong, image_ids),
        findings,
        _sentences(label.name, findings, int(wrong.sum()), int((~wrong).sum())),
    )


_NONE, _EMPTY, _OTHER = (
    "without a map",
    "whose map is 0 all over: nothing speaks for the answer",
    "whose map has another size",
)


def _left_out(counts: dict[str, int]) -> str:
    told = [f"{count:,} {why}" for why, count in counts.items() if count]
    total = sum(counts.values())
    return f"{total:,} held-out image{'' if total == 1 else 's'} left out: {'; '.join(told)}." if told else ""


def _read(connection: Connection, run_id: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    p, c = schema.proposal.c, schema.cell.c
    query = (
        select(p.image_id, own_value, (c.value != own_value).label("wrong"), p.map, p.map_height, p.map_width)
        .join(schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id))
        .where(p.run_id == run_id, p.heldout == 1, c.value.is_not(None))
        .order_by(p.image_id)
    )
    rows = connection.execute(query).all()
    whole = [row for row in rows if row[3] is not None and len(row[3]) == row[4] * row[5]]
    sizes = Counter(row[4:] for row in whole)
    size = sizes.most_common(1)[0][0] if sizes else (1, 1)
    kept = [row for row in whole if row[4:] == size]
    maps = np.frombuffer(b"".join(row[3] for row in kept), np.uint8).reshape(len(kept), *size)
    image_ids, said = (np.array([row[i] for row in kept], np.int64) for i in (0, 1))
    wrong, seen = np.array([row[2] for row in kept], bool), maps.any(axis=(1, 2))
    left_out = {_NONE: len(rows) - len(whole), _OTHER: len(whole) - len(kept), _EMPTY: len(kept) - int(seen.sum())}
    return image_ids[seen], said[seen], wrong[seen], maps[seen], left_out


def _mean(shares: np.ndarray) -> np.ndarray | None:
    return shares.mean(axis=0) * shares[0].size if len(shares) else None


def _findings(shares: np.ndarray, said: np.ndarray, wrong: np.ndarray) -> tuple[Finding, ...]:
    if wrong.sum() < FEWEST:
        return ()
    classes = int(said.max()) + 1
    of, others = (np.bincount(said[some], minlength=classes) for some in (wrong, ~wrong))
    found: dict[str, Compared] = {}
    for name, sits in sitting(shares).items():
        counts = (np.bincount(said[some & sits], minlength=classes) for some in (wrong, ~wrong))
        hits, other_hits = counts
        one = compared(hits, of, other_hits, others)
        if one is not None:
            found[name] = one
    corrected = holm([one.p for one in found.values()])
    findings = [
        Finding(name, one.first, one.second, one.low, one.high, p)
        for (name, one), p in zip(found.items(), corrected, strict=True)
    ]
    return tuple(sorted(findings, key=lambda f: (f.p, -abs(f.wrong - f.right))))


def _clusters(shares: np.ndarray, wrong: np.ndarray, image_ids: np.ndarray) -> tuple[Cluster, ...]:
    if not wrong.any():
        return ()
    flat = shares.reshape(len(shares), -1)
    group, centres = grouped(flat[wrong])
    _, far = nearest(flat[wrong], centres)
    others = np.bincount(nearest(flat[~wrong], centres)[0], minlength=len(centres)) if (~wrong).any() else None
    found = []
    for g, centre in enumerate(centres):
        here = np.flatnonzero(group == g)
        typical = here[np.argsort(far[here], kind="stable")]
        right_share = 0.0 if others is None else others[g] / others.sum()
        cell_map = (centre * centre.size).reshape(shares.shape[1:])
        found.append(Cluster(len(here) / wrong.sum(), float(right_share), cell_map, image_ids[wrong][typical]))
    return tuple(found)


def _sentences(name: str, findings: tuple[Finding, ...], wrong: int, right: int) -> tuple[str, ...]:
    if not wrong + right:
        return (f"There are no maps of known held-out images of {name}.",)
    if wrong < FEWEST:
        return (f"Only {wrong:,} wrong answers on {name} have a map: too few to say where errors look.",)
    if not findings:
        return (f"No wrong answer on {name} can be held against a right one: none of them says the same.",)
    told = [_sentence(name, f) for f in findings if f.told]
    return tuple(told) or (
        f"Nothing shows that maps of wrong answers on {name} lie elsewhere than those of right ones"
        f" ({wrong:,} wrong, {right:,} right, {len(findings)} places looked at).",
    )


def _sentence(name: str, f: Finding) -> str:
    low, high = sorted((abs(f.low), abs(f.high)))
    p = f"p = {f.p:.2g}" if f.p >= 0.001 else "p < 0.001"
    return (
        f"When wrong on {name}, the map sits {REGIONS[f.region]} in {_percent(f.wrong)} of cases"
        f" (right: {_percent(f.right)}; {100 * low:.0f} to {100 * high:.0f} points"
        f" {'more' if f.wrong > f.right else 'less'} often, {p})."
    )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in (0, 1) or 0.01 <= share <= 0.99 else f"{100 * share:.1f}%"
