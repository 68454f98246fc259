"""Acceptances: predictions that were accepted in bulk, what was promised, and how they are taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select, update

from core.errors import GapwiseError
from core.store import audits, bulk, decisions, schema
from core.store.decisions import Outcome
from core.store.proposals import own_confidence

SAMPLE = 200  # cells of an acceptance that are drawn for its audit; asking ends sooner, once they tell
KNOWN = 20  # held-out cells whose known values are hidden beside them


@dataclass(frozen=True)
class Promise:
    """What is accepted, and what is said about it.

    Attributes:
        precision: Promised share of right ones.
        level: How surely each threshold keeps it.
        rules: Which predictions.
        grounds: JSON: the thresholds with what they rest on.
        expected: The share of wrong ones to expect.
    """

    label_id: int
    run_id: int
    precision: float
    level: float
    rules: Sequence[bulk.Rule]
    grounds: list
    expected: float


def accept(connection: Connection, *, client_id: str, reviewer: str, promise: Promise) -> Outcome:
    """Fill cells with predictions that keep a promise, let the rules run, and draw what a person will check.

    Raises:
        GapwiseError: If it would fill nothing, or an argument can't be used.
    """

    def change(decision_id: int) -> dict[str, object]:
        done = bulk.fill(connection, promise.label_id, promise.run_id, promise.rules, decision_id)
        if not done["cells"]:
            raise GapwiseError("There is nothing to accept: no prediction that waits keeps that promise.")
        row = {
            "decision_id": decision_id, "label_id": promise.label_id, "run_id": promise.run_id,
            "precision": promise.precision, "level": promise.level, "promises": promise.grounds,
            "expected": promise.expected * done["cells"], "cells": done["cells"], "population": done["cells"],
            "derived": sum(done["written"].values()),
        }  # fmt: skip
        found = connection.execute(insert(schema.acceptance), row).inserted_primary_key[0]
        _draw(connection, acceptance(connection, found))
        return {**done, "acceptance": found}

    return decisions.decide_many(
        connection, client_id=client_id, reviewer=reviewer, action=decisions.BULK, label_id=promise.label_id,
        change=change,
    )  # fmt: skip


def withdraw(
    connection: Connection,
    *,
    client_id: str,
    reviewer: str,
    acceptance_id: int,
    why: str | None = None,
    below: float | None = None,
) -> Outcome:
    """Take back an acceptance with all that hangs on it, or only its predictions below a confidence of the run's own.

    Cells that a person has decided since stay. The first can be done by Undo as well; the second ends the audit that
    led to it, and what is left gets one of its own.

    Raises:
        GapwiseError: If there is no such acceptance, it does not stand any more, or nothing lies below.
    """
    row = acceptance(connection, acceptance_id)
    more = connection.execute(_above(row, below).limit(1)).first() if below is not None else None
    if more is None:
        return decisions.retract(
            connection, client_id=client_id, reviewer=reviewer, decision_id=row.decision_id, why=why
        )

    def change(decision_id: int) -> dict[str, object]:
        if row.withdrawn is not None or below <= row.least:
            raise GapwiseError(f"Acceptance {row.id} has nothing below {below:g} any more.")
        done = bulk.empty(connection, row.label_id, row.decision_id, decision_id, below)
        if not done["cells"]:
            raise GapwiseError(f"Acceptance {row.id} has nothing below {below:g}; nothing was taken back.")
        left = connection.execute(select(func.count()).select_from(_above(row, below).subquery())).scalar_one()
        new = {"least": below, "stage": row.stage + 1, "population": left}
        connection.execute(update(schema.acceptance).where(schema.acceptance.c.id == row.id).values(new))
        audits.end(connection, row.id)
        _draw(connection, acceptance(connection, row.id))
        return {**done, "acceptance": row.id, "below": below}

    return decisions.decide_many(
        connection, client_id=client_id, reviewer=reviewer, action="withdraw", label_id=row.label_id, change=change,
        note=why,
    )  # fmt: skip


def withdraw_all(
    connection: Connection,
    *,
    client_id: str,
    reviewer: str,
    label_id: int | None = None,
    run_id: int | None = None,
    why: str | None = None,
) -> list[Outcome]:
    """Take back all acceptances of a label, of a run, or of both together; newest first."""
    a = schema.acceptance.c
    where = [column == value for column, value in ((a.label_id, label_id), (a.run_id, run_id)) if value is not None]
    query = select(a.id).where(a.withdrawn.is_(None), *where).order_by(a.id.desc())
    return [
        withdraw(connection, client_id=f"{client_id}:{one}", reviewer=reviewer, acceptance_id=one, why=why)
        for one in connection.execute(query).scalars().all()
    ]


def acceptance(connection: Connection, acceptance_id: int) -> Row:
    """Return one acceptance, columns as in `listed`.

    Raises:
        GapwiseError: If there is none with that number.
    """
    row = connection.execute(_query().where(schema.acceptance.c.id == acceptance_id)).first()
    if row is None:
        raise GapwiseError(f"There is no acceptance with the number {acceptance_id}.")
    return row


def listed(connection: Connection, label_id: int | None = None) -> list[Row]:
    """Return acceptances, newest first: columns as in `schema.acceptance`, with reviewer and created."""
    query = _query().order_by(schema.acceptance.c.id.desc())
    return list(
        connection.execute(query if label_id is None else query.where(schema.acceptance.c.label_id == label_id))
    )


def ask_open(connection: Connection, label_id: int, run_id: int, count: int) -> int:
    """Put some of the waiting cells, chosen at random, before a person: what thresholds can rest on; return how many.

    Held-out cells are not made more by reviewing, since what becomes known goes to training; these were never seen by
    the run, and are chosen by chance.
    """
    p = schema.proposal.c
    waiting = (p.label_id == label_id, p.run_id == run_id, p.settled == 0, p.heldout == 0)
    cells = select(p.image_id, p.id.label("proposal_id"), p.value).where(*waiting)
    drawn = audits.draw(connection, audits.OPEN, label_id, run_id, cells, count)
    audits.add(connection, drawn)
    return len(drawn)


def _draw(connection: Connection, row: Row) -> None:
    c, p = schema.cell.c, schema.proposal.c
    theirs = select(c.image_id, c.proposal_id, c.value).where(*_standing(row))
    sample = audits.draw(connection, audits.SAMPLE, row.label_id, row.run_id, theirs, SAMPLE, (row.id, row.stage))
    known = select(p.image_id, p.id.label("proposal_id"), c.value).join(
        schema.cell, (c.image_id == p.image_id) & (c.label_id == p.label_id)
    )
    known = known.where(p.run_id == row.run_id, p.heldout == 1, c.source.in_(("given", "human")))
    hidden = audits.draw(connection, audits.KNOWN, row.label_id, row.run_id, known, KNOWN)
    step = SAMPLE // KNOWN  # one known cell after so many accepted ones: people are measured all along
    mixed = [one for k in range(0, SAMPLE, step) for one in (*sample[k : k + step], *hidden[k // step : k // step + 1])]
    audits.add(connection, mixed)


def _standing(row: Row) -> tuple:
    c = schema.cell.c
    return c.label_id == row.label_id, c.source == "pseudo", c.decision_id == row.decision_id


def _above(row: Row, below: float):
    c, p = schema.cell.c, schema.proposal.c
    query = select(c.image_id).join(schema.proposal, p.id == c.proposal_id)
    return query.where(*_standing(row), own_confidence >= below)


def _query():
    a, d = schema.acceptance, schema.decision
    return select(a, d.c.reviewer, d.c.created).join(d, d.c.id == a.c.decision_id)
