"""What an offer and an audit say, in sentences for people."""

from __future__ import annotations

from core.labels.label import Label
from core.pseudo.audit import BROKEN, KEPT, Measured
from core.pseudo.kinds import Class, Kind
from core.pseudo.offer import Offer


def share(value: float) -> str:
    """Return a share as people write it, never rounded up to all or down to none: 0.995 as 99.5%."""
    text = f"{100 * value:.1f}".removesuffix(".0")
    if text == "100" and value < 1:
        fine = f"{100 * value:.2f}"  # a promise of 99.99% is one
        return "just under 100%" if fine == "100.00" else f"{fine}%"
    return "just above 0%" if text == "0" and value > 0 else f"{text}%"


def kind_text(kind: Kind) -> str:
    """Return which images a kind is about."""
    return " and ".join(f"{name} is {value}" for name, value in kind.known.items()) or "no other label decides"


def class_text(found: Class, precision: float) -> str:
    """Return what the threshold of a class rests on, or why there is none."""
    t, promised = found.threshold, share(precision)
    if t.confidence is not None:
        return f"{t.right:,} of {t.images:,} known cells as sure are right; at least {share(t.low)}"
    if t.images >= t.needed:
        return f"No threshold keeps {promised}: {t.images - t.right:,} of {t.images:,} known cells are wrong"
    more = f"{t.needed:,} are needed, all of them right"
    if found.review:
        more = f"review {found.review:,} more, chosen by chance"
    if found.beyond:
        more += ". Chosen by chance that would be most of what waits or more: answer in the queue's order instead"
    return f"No threshold keeps {promised} with {t.images:,} known {'cell' if t.images == 1 else 'cells'}: {more}"


def headline(found: Offer) -> str:
    """Return what would be accepted in one sentence."""
    if not found.waiting:
        return f"Nothing waits for an answer on {found.label.name}."
    if not found.cells:
        return f"Nothing that waits for {found.label.name} can be accepted at {share(found.precision)}."
    errors = f"about {found.expected:,.0f} of them wrong" if found.expected >= 0.5 else "hardly one of them wrong"
    return (
        f"{found.cells:,} of {found.waiting:,} waiting cells of {found.label.name} can be accepted; expect {errors}."
        # A bound on a rate, so no bound on how many of just these cells are wrong.
        f" Of cells like these no more than {share(found.most / found.cells)} are wrong, class by class with"
        f" {share(found.level)} certainty: about {found.most:,.0f} of so many."
    )


def rests_on(found: Offer) -> str:
    """Return what the thresholds rest on."""
    told = f"Thresholds rest on {found.heldout:,} held-out cells of run {found.run_id}"
    told += f" and {found.sampled:,} that people reviewed, chosen by chance" if found.sampled else ""
    told += f"; {found.asked:,} {'more ' if found.sampled else ''}chosen by chance wait in the queue for an answer" * (
        found.asked > 0
    )
    if found.ruled:
        told += (
            f". {found.ruled:,} cells are left out: rules settle them, contradict them or speak against the prediction"
        )
    return told + "."


def review_text(found: Offer, count: int) -> str:
    """Return what reviewing so many cells, chosen by chance, would leave."""
    left = max(0, found.waiting - found.asked - count)
    return f"{count:,} of {found.waiting:,} waiting cells, chosen by chance, are put to people; {left:,} others remain"


def shift_texts(found: Offer) -> list[str]:
    """Return what differs between the cells that are missing and those that are known."""
    told = []
    for kind in found.kinds:
        shifts = kind.shifts[-1:] if found.label.binary else kind.shifts  # of two classes the one says it all
        parts = [f"{found.label.names[value]} for {share(missing)} of the missing cells and {share(known)} of the known"
                 for value, missing, known in shifts]  # fmt: skip
        where = f" where {kind_text(kind)}" if kind.known else ""
        if parts:
            told.append(
                f"Predicted{where}: {', '.join(parts)}. What is missing differs from what is known, so a promise made"
                " on known cells may not hold; checks of what is accepted will tell."
            )
    return told


def audit_text(found: Measured, promise: float) -> str:
    """Return what people found out about an acceptance so far."""
    tally = found.tally
    if found.share is None:
        return f"promised {share(promise)}; {tally.drawn} of its cells wait among the others in the queue to be checked"
    told = f"promised {share(promise)}; {tally.right} of {tally.seen - tally.passed} checked are right"
    told += f", {tally.passed} passed over" if tally.passed else ""
    told += f"; between {share(found.low)} and {share(found.high)} of all"
    return told + {BROKEN: ": below its promise", KEPT: ": the promise is kept"}.get(found.verdict, "")


def row(found: Offer, kind: Kind, one: Class, label: Label) -> dict[str, object]:
    """Return one class of an offer as a row of a table."""
    return {
        "where": kind_text(kind),
        "class": label.names[one.threshold.value],
        "from": one.threshold.confidence,
        "waiting": one.waiting,
        "accepted": one.taken,
        "wrong": one.expected,
        "rests on": class_text(one, found.precision),
    }
