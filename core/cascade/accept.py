"""What a stage accepts, once however often it is asked, and what is then said about it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.cascade.plan import NOTHING, Stage
from core.pseudo.accept import Threshold
from core.pseudo.kinds import Class, Kind
from core.pseudo.offer import offer
from core.pseudo.words import class_text, kind_text, shift_texts
from core.store import acceptances, decisions, log, missing, schema
from core.store.cells import derive_all
from core.store.labels import labels as read_labels

TAKEN_BACK = (
    "What was accepted was taken back before, so nothing was accepted again: the same predictions would have been."
    " Review accepts them, should you want that."
)


def look(connection: Connection, stage: Stage, number: int, job_id: int, reviewer: str) -> dict[str, object]:
    """Accept what keeps a stage's promise, then let the rules run; return what is worth telling.

    Doing it again does nothing but tell: job, label and number make the id by which the log takes it once. That holds
    too where a person took it back meanwhile; nor does the second look accept what was taken back after the first.

    Args:
        connection: A writing one.
        number: 1 after the training, 2 once a stop was ended.
        reviewer: Who asked for the cascade.

    Returns:
        JSON values by name: cells filled; derived, cells that the rules wrote because of them; expected, how many are
        wrong; classes, rows of (predicted class, where, cells that waited, cells accepted, what it rests on); notes,
        sentences about what differs between missing and known cells; acceptance, its number or None.

    Raises:
        GapwiseError: If the run is gone.
    """
    told = {"cells": 0, "derived": 0, "expected": 0.0, "classes": [], "notes": [], "acceptance": None}
    if stage.accept != NOTHING:
        told |= _accepted(connection, stage, number, job_id, reviewer)
    # What nobody had written though it was free: rules that came meanwhile, cells that people gave a value.
    told["derived"] += sum(derive_all(connection).values())
    return told


def count_open(connection: Connection, label_id: int) -> int:
    """Return how many cells of a label have no value that is there or follows."""
    name = read_labels(connection)[label_id].name
    return missing.report(connection).by_label[name]["open"]


def taken_back(connection: Connection, stage: Stage) -> int:
    """Return how many of the cells that a stage filled were opened again since; not those that a person had decided."""
    mine = [look["acceptance"] for look in stage.looks if look["acceptance"]]
    if not mine:
        return 0
    a, d = schema.acceptance.c, schema.decision.c
    theirs = connection.execute(select(a.decision_id).where(a.id.in_(mine))).scalars().all()
    part = (d.label_id == stage.label_id) & (d.action == "withdraw")
    since = select(d.action, d.effects).where(d.id > min(theirs, default=0), d.undoes.in_(theirs) | part)
    effects = connection.execute(since).all()
    return sum(e["cells"] for action, e in effects if action == "undo" or e.get("acceptance") in mine)


def signature(job_id: int, reviewer: str) -> str:
    """Return under which name a cascade's acceptances stand in the log.

    Not under the person's own: their Undo takes back what they did by hand last, and must not go through thousands of
    cells that a job accepted meanwhile. What a cascade accepted is taken back where acceptances are listed.
    """
    mark = f", cascade {job_id}"
    return reviewer[: log.MAX_TEXT - len(mark)] + mark


def _accepted(connection: Connection, stage: Stage, number: int, job_id: int, reviewer: str) -> dict[str, object]:
    client = f"cascade-{job_id}-{stage.label_id}-{number}"
    outcome, notes = decisions.arrived(connection, client), []
    if outcome is None:
        if _reopened(connection, stage):
            return {"notes": [TAKEN_BACK]}
        found = offer(connection, stage.label_id, stage.precision, stage.run)
        notes = shift_texts(found)
        if not found.cells:
            return {"classes": _rows(found.kinds, found.label.names, stage.precision), "notes": notes}
        by = signature(job_id, reviewer)
        outcome = acceptances.accept(connection, client_id=client, reviewer=by, promise=found.promise)
    a = schema.acceptance
    row = connection.execute(select(a).where(a.c.decision_id == outcome.decision_id)).one()
    names = read_labels(connection)[stage.label_id].names
    return {
        "cells": row.cells, "derived": row.derived, "expected": row.expected, "notes": notes, "acceptance": row.id,
        "classes": _rows([_kind(one) for one in row.promises], names, row.precision),
    }  # fmt: skip


def _reopened(connection: Connection, stage: Stage) -> bool:
    """Whether people took back predictions of the stage's run, all that one acceptance filled or the less sure ones.

    What an offer rests on does not know of that: it would take the very same cells once more.
    """
    a = schema.acceptance.c
    undone = a.withdrawn.is_not(None) | (a.least > 0)
    query = select(a.id).where(a.label_id == stage.label_id, a.run_id == stage.run, undone).limit(1)
    return connection.execute(query).first() is not None


def _kind(stored: dict) -> Kind:
    """Return a kind as an acceptance keeps it."""
    classes = tuple(Class(**{**one, "threshold": Threshold(**one["threshold"])}) for one in stored["classes"])
    return Kind(stored["known"], stored["evidence"], classes, tuple(map(tuple, stored["shifts"])))


def _rows(kinds: list[Kind] | tuple[Kind, ...], names: tuple[str, ...], precision: float) -> list[dict[str, object]]:
    return [
        {
            "class": names[one.threshold.value],
            "where": kind_text(kind) if kind.known else "",
            "waiting": one.waiting,
            "accepted": one.taken,
            "rests on": class_text(one, precision),
        }
        for kind in kinds
        for one in kind.classes
        if one.waiting
    ]
