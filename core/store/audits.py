"""Audits: cells that are put before a person to measure something, and what people said about them.

What was answered is read off the log each time, so undoing an answer takes it out of the measurement again. Only
whether a cell still waits for one stands in the table, since the queue asks for that with every card.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import aliased

from core.store import queue, schema
from core.store.proposals import latest_run

SAMPLE, OPEN, KNOWN = "sample", "open", "known"
EVERY = 6  # one of so many cards is a check while any is left


@dataclass(frozen=True)
class Tally:
    """What is known from a sample, up to the last cell of it that was answered.

    Attributes:
        drawn: Cells of the whole sample.
        seen: Cells up to the last answered one, in the order of drawing.
        right: Answers that agree with what is checked.
        passed: Cells among the seen that were passed over without an answer.
    """

    drawn: int = 0
    seen: int = 0
    right: int = 0
    passed: int = 0

    @property
    def wrong(self) -> int:
        return self.seen - self.right - self.passed


def draw(
    connection: Connection,
    kind: str,
    label_id: int,
    run_id: int,
    cells: Select,
    count: int,
    acceptance: tuple[int, int] | None = None,
) -> list[dict[str, object]]:
    """Draw cells at random, without replacement; return them for `add`.

    Args:
        cells: image_id, proposal_id, value of those to draw from.
        acceptance: Id and stage of the one that the sample is of.
    """
    a = schema.audit.c
    one, stage = acceptance or (None, 0)
    if kind == OPEN:  # each part is a look of its own
        query = select(func.coalesce(func.max(a.stage), 0)).where(a.kind == kind, a.run_id == run_id)
        stage = connection.execute(query).scalar_one() + 1
    again = (a.kind == kind, a.label_id == label_id, a.run_id == run_id, a.acceptance_id.is_not_distinct_from(one))
    before = select(a.image_id).where(*again, *((a.stage == stage,) if acceptance else ()))
    drawn = cells.where(cells.selected_columns.image_id.not_in(before)).order_by(func.random()).limit(count)
    rows = connection.execute(drawn).all()
    after = connection.execute(select(func.coalesce(func.max(schema.decision.c.id), 0))).scalar_one()
    shared = {
        "kind": kind,
        "label_id": label_id,
        "run_id": run_id,
        "acceptance_id": one,
        "stage": stage,
        "after": after,
    }
    return [{**shared, **row._mapping} for row in rows]


def add(connection: Connection, drawn: Sequence[dict[str, object]]) -> None:
    """Store what was drawn; it is asked about in this order."""
    if drawn:
        connection.execute(insert(schema.audit), drawn)


def hides(connection: Connection, image_id: int, label_id: int, ever: bool = False) -> bool:
    """Whether a cell's known value is hidden to see whether people find it, too: at present, or ever was.

    Several people may have it on screen at the same time: after the first answer it is hidden from them still.
    """
    query = _HID if ever else _HIDES
    return connection.execute(query, {"label": label_id, "image": image_id}).first() is not None


def waiting(connection: Connection, label_id: int) -> bool:
    """Whether a label may have cells that wait for an answer: one look at an index, for what is asked all the time."""
    return connection.execute(_WAITING, {"label": label_id}).first() is not None


def asked(connection: Connection, label_id: int, image_ids: Collection[int]) -> set[int]:
    """Return those of some images, at most some hundred, whose cell waits for an answer."""
    if not image_ids or not waiting(connection, label_id):
        return set()
    query = asked_images(connection, label_id).where(schema.audit.c.image_id.in_(list(image_ids)))
    return set(connection.execute(query).scalars())


def asked_images(connection: Connection, label_id: int) -> Select:
    """Return a query for all images whose cell waits for an answer."""
    return _standing(connection, label_id).with_only_columns(schema.audit.c.image_id)


def due(
    connection: Connection, label_id: int, limit: int, without: Collection[int] = (), told: Collection[int] = ()
) -> list[int]:
    """Return the proposals of cells that wait for an answer, in the order of drawing.

    Args:
        without: Images that somebody has on screen already.
        told: Acceptances whose audit has told already.
    """
    a, query = schema.audit.c, _standing(connection, label_id)
    if told:
        query = query.where(a.acceptance_id.is_(None) | a.acceptance_id.not_in(list(told)))
    if without:
        query = query.where(a.image_id.not_in(list(without)))
    return list(connection.execute(query.order_by(a.id).limit(limit)).scalars())


def _standing(connection: Connection, label_id: int) -> Select:
    """Return a query for the proposals of cells that wait for an answer.

    Samples of acceptances that were withdrawn, or whose threshold was raised since, wait no more; nor do cells that
    were to tell about an older run, or that are known by now.
    """
    a, b, c = schema.audit.c, schema.acceptance.c, schema.cell.c
    newest = a.run_id == latest_run(connection, label_id)
    known = (a.kind == OPEN) & c.source.in_(("given", "human", "derived"))
    stands = (a.acceptance_id.is_(None) & newest & known.is_not(True)) | (b.withdrawn.is_(None) & (b.stage == a.stage))
    return (
        select(a.proposal_id)
        .outerjoin(schema.acceptance, b.id == a.acceptance_id)
        .join(schema.cell, (c.image_id == a.image_id) & (c.label_id == a.label_id))
        .where(a.label_id == label_id, a.waits == literal_column("1"), stands)
    )


def mixed(
    connection: Connection,
    label_id: int,
    found: Sequence[Row],
    want: int,
    without: Collection[int] = (),
    told: Collection[int] = (),
) -> list[Row]:
    """Return rows of the queue with cells of audits among them, one in `EVERY`, and more once the queue is empty.

    Args:
        found: Rows of `queue.pending`, at most `want`.
        without, told: As `due` takes them.
    """
    room = max(want // EVERY, want - len(found), 1)
    left_out = {*without, *(row.image_id for row in found)}
    checks = queue.rows_of(connection, due(connection, label_id, room, left_out, told))
    mixed = list(found[: max(0, want - len(checks))])
    for k, check in enumerate(checks):
        mixed.insert(min(len(mixed), EVERY // 2 + k * EVERY), check)
    return mixed


def refresh(connection: Connection, image_id: int, label_id: int) -> None:
    """Bring up to date whether a cell waits for an answer, after a decision about it or an undo."""
    connection.execute(_REFRESH, {"label": label_id, "image": image_id})


def end(connection: Connection, acceptance_id: int) -> None:
    """Ask about an acceptance no more: it was withdrawn, or gets another sample."""
    a = schema.audit.c
    connection.execute(update(schema.audit).where(a.acceptance_id == acceptance_id).values(waits=0))


def rows(connection: Connection, *where) -> list[Row]:
    """Return cells of audits in the order of drawing.

    Returns:
        Rows (id, kind, label_id, run_id, acceptance_id, stage, image_id, proposal_id, value, answered, said); `said`
        is the class that a person answered, None for no answer, and for a no to one of several classes.
    """
    a, d = schema.audit, schema.decision
    query = select(a, answer().label("answered")).where(*where).subquery()
    found = select(query, d.c.value.label("said")).outerjoin(d, d.c.id == query.c.answered)
    return list(connection.execute(found.order_by(query.c.id)))


def tally(found: Sequence[Row]) -> Tally:
    """Return what a sample says; `found` as `rows` returns it, all of one sample."""
    answered = [i for i, row in enumerate(found) if row.answered is not None]
    if not answered:
        return Tally(len(found))
    seen = answered[-1] + 1
    right = sum(found[i].said == found[i].value for i in answered)
    return Tally(len(found), seen, right, seen - len(answered))


def tallies(connection: Connection, acceptances: Sequence[Row]) -> dict[int, Tally]:
    """Return acceptance id to what its present sample says."""
    stage = {row.id: row.stage for row in acceptances}
    samples: dict[int, list[Row]] = {one: [] for one in stage}
    for row in rows(connection, schema.audit.c.acceptance_id.in_(list(stage))):
        if row.stage == stage[row.acceptance_id]:
            samples[row.acceptance_id].append(row)
    return {one: tally(found) for one, found in samples.items()}


def answer() -> ScalarSelect:
    """Return a subquery: the first decision that answers an audit's cell and still stands, NULL without one.

    An answer that was overruled since doesn't count: what people settled does. With a known cell it is people that are
    measured, by what they said before they saw its value.
    """
    a, d, undone = schema.audit.c, schema.decision.c, aliased(schema.decision)
    says = d.value.is_not(None) | (d.action == "reject")
    over, back = aliased(schema.decision), aliased(schema.decision)
    # Only who settles a second opinion sets a cell that has a person's answer.
    overruled = (
        select(literal(1))
        .where(over.c.image_id == d.image_id, over.c.label_id == d.label_id, over.c.id > d.id, d.value.is_not(None))
        .where(over.c.applied == 1, over.c.value.is_not(None))
        .where(~select(literal(1)).where(back.c.undoes == over.c.id).exists())
        .correlate(schema.decision)
        .exists()
    )
    return (
        select(func.min(d.id))
        .where(d.image_id == a.image_id, d.label_id == a.label_id, d.id > a.after, d.action != "undo", says)
        .where(~select(literal(1)).where(undone.c.undoes == d.id).exists(), (a.kind == KNOWN) | ~overruled)
        .correlate(schema.audit)
        .scalar_subquery()
    )


def _skipped():
    """Put off since it was drawn: it counts as passed over, and does not come up again and again."""
    a, d, undone = schema.audit.c, schema.decision.c, aliased(schema.decision)
    return (
        select(literal(1))
        .where(d.image_id == a.image_id, d.label_id == a.label_id, d.id > a.after, d.action.in_(("skip", "flag")))
        .where(~select(literal(1)).where(undone.c.undoes == d.id).exists())
        .correlate(schema.audit)
        .exists()
    )


# Every decision runs one of these: making a statement takes longer than running it.
_A = schema.audit.c
_HERE = (_A.label_id == bindparam("label"), _A.image_id == bindparam("image"))
_REFRESH = update(schema.audit).where(*_HERE).values(waits=case((answer().is_(None) & ~_skipped(), 1), else_=0))
_HIDES = select(_A.id).where(*_HERE, _A.kind == KNOWN, answer().is_(None)).limit(1)
_HID = select(_A.id).where(*_HERE, _A.kind == KNOWN).limit(1)
_WAITING = select(_A.id).where(_A.label_id == bindparam("label"), _A.waits == literal_column("1")).limit(1)
