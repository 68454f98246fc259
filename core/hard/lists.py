"""The lists of hard examples: each an order of images with a reason of one line for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sqlalchemy import Connection, Row

from core.errors import GapwiseError
from core.hard import near, predictions
from core.hard.conflicts import conflicts
from core.hard.matrix import file_names
from core.hard.orders import Ordered, ordered
from core.hard.set_file import places, set_map
from core.labels.label import MISSING, Label
from core.store import hard
from core.store.hard import LISTS
from core.store.labels import labels as read_labels
from core.store.proposals import latest_run
from core.workspace import Workspace

Told = Callable[[Sequence[Row]], dict[int, str]]


@dataclass(frozen=True)
class HardPage:
    """A page of a list.

    Attributes:
        total: Images in the whole list.
        rows: Each image_id, fname, digest, width, height, truth (class code now, None open), value, confidence and
            probs (the run's own, None where it did not predict the image), heldout, map (bytes, None without one),
            map_height, map_width, proposal_id, reason (one line).
        note: What to know about the list, "" mostly: that it was not worked out yet, or how.
    """

    total: int
    rows: list[dict[str, object]]
    note: str = ""


def hard_list(
    ws: Workspace,
    label_id: int,
    run_id: int,
    which: str,
    offset: int = 0,
    limit: int = 12,
    filters: Mapping[str, object] | None = None,
) -> HardPage:
    """Return one page of a list of hard examples.

    Args:
        which: One of LISTS.
        filters: Any of `truth` and `value` (class codes: a cell of the confusion matrix) and `images` (ids, whose
            number does not matter: those that somebody drew a line around).

    Raises:
        GapwiseError: If there is no such list.
    """
    with ws.read() as connection:
        found = _found(connection, ws, label_id, run_id, which, offset, limit, dict(filters or {}))
        rows = hard.rows_of(connection, label_id, run_id, found.ids)
        reasons = found.told(rows)
    rows = [{**row._mapping, "reason": reasons.get(row.image_id, "")} for row in rows]
    return HardPage(found.total, rows, found.note)


def hard_ids(ws: Workspace, label_id: int, run_id: int, which: str, limit: int | None = None) -> list[int]:
    """Return the images of a list in its order, the first `limit` of them or all.

    Raises:
        GapwiseError: If there is no such list, or as `check_list`.
    """
    check_list(ws, run_id, which)
    with ws.read() as connection:
        return _found(connection, ws, label_id, run_id, which, 0, limit, {}).ids


def check_list(ws: Workspace, run_id: int, which: str) -> None:
    """Raise a GapwiseError if a list rests on the map of the set and the run has none yet: it is not empty then."""
    if which == "near_other" and set_map(ws, run_id) is None:
        raise GapwiseError(_map_note(run_id, None))


@dataclass(frozen=True)
class _Found:
    total: int
    ids: list[int]
    told: Told
    note: str


def _found(
    connection: Connection,
    ws: Workspace,
    label_id: int,
    run_id: int,
    which: str,
    offset: int,
    limit: int | None,
    filters: dict,
) -> _Found:
    label = read_labels(connection)[label_id]
    images, note = filters.pop("images", None), ""
    if which not in LISTS:
        raise GapwiseError(f"There is no list {which!r}; there are {', '.join(LISTS)}.")
    if which in hard.READ_OFF and not (label.binary and which in ("loss", "margin")):
        whole = images is not None
        part = (0, None) if whole else (offset, limit)
        total, ids = hard.page(connection, label_id, run_id, which, *part, filters)
        if whole:
            total, ids = _cut(np.array(ids, np.int64), images, offset, limit)
        told = _simple(connection, label, label_id, run_id, which)
        if which == "errors" and not total:
            note = _errors_note(connection, label_id, run_id)
    else:
        ids, told, note = _worked_out(connection, ws, label, label_id, run_id, which, filters)
        total, ids = _cut(ids, images, offset, limit)
    return _Found(total, ids, told, note)


def _cut(ids: np.ndarray, images: Sequence[int] | None, offset: int, limit: int | None) -> tuple[int, list[int]]:
    if images is not None:
        ids = ids[np.isin(ids, np.asarray(list(images), np.int64))]
    return len(ids), ids[offset : None if limit is None else offset + limit].tolist()


def _worked_out(
    connection: Connection, ws: Workspace, label: Label, label_id: int, run_id: int, which: str, filters: dict
) -> tuple[np.ndarray, Told, str]:
    """Return all images of a list that takes more than a query, what gives their reasons, and the note."""
    if which in ("wrong", "right", "open", "loss", "margin", "disagree"):
        order = ordered(connection, label_id, run_id, which)
        told = _simple(connection, label, label_id, run_id, which)
        if which == "disagree":
            told = partial(_disagree_told, label, run_id, order)
        return order.image_ids[_where(order.truth, order.value, filters)], told, ""
    if which == "conflict":
        found = conflicts(connection, label_id, run_id)
        where = _where(found.truth, found.value, filters)
        return found.image_ids[where], lambda rows: found.told([row.image_id for row in rows]), ""
    file = set_map(ws, run_id)
    note = _map_note(run_id, file)
    if which == "near_other" and file is None:
        return np.zeros(0, np.int64), lambda rows: {}, note
    if which == "near_other":
        beside, how = near.near_other(connection, label_id, run_id, file), "its nearest known picture is"
    else:
        # One of several that lie near, and not the nearest of both.
        beside, how = near.duplicates(connection, label_id, file), "nearly the same picture as"
        note = f"Only copies of one file were looked for. {note}" if file is None else note
    said = predictions.read(connection, run_id)
    at, here = places(said.image_ids, beside.image_ids)
    predicted = np.full(len(beside.image_ids), MISSING, np.int16)
    predicted[here] = said.value[at]
    beside = beside.some(_where(np.where(beside.known, beside.value, MISSING), predicted, filters))
    return beside.image_ids, lambda rows: _beside_told(connection, label, how, beside, rows), note


def _where(truth: np.ndarray, value: np.ndarray, filters: dict) -> np.ndarray:
    keep = np.ones(len(truth), bool)
    for name, codes in (("truth", truth), ("value", value)):
        if filters.get(name) is not None:
            keep &= codes == filters[name]
    return keep


def _map_note(run_id: int, file: object) -> str:
    how = f"`python -m core embed {run_id}` does it, or the button of the Map of the set on the page Hard examples."
    if file is None:
        return f"The map of the set of run {run_id} has to be made first, which says what pictures are alike: {how}"
    return "" if file.current else f"Worked out before run {run_id} was trained on; to do it anew: {how}"


def _errors_note(connection: Connection, label_id: int, run_id: int) -> str:
    if latest_run(connection, label_id) != run_id:
        return "Likely errors are looked for with the newest run of the label only."
    return "None is likely wrong, or nobody looked yet: `python -m core rank` does."


def _simple(connection: Connection, label: Label, label_id: int, run_id: int, which: str) -> Told:
    if which == "errors":
        return lambda rows: hard.doubts(connection, label_id, run_id, [row.image_id for row in rows])
    one = {"loss": _loss_told, "margin": _margin_told}.get(which, _said)
    return lambda rows: {row.image_id: one(label, row) for row in rows}


def _said(label: Label, row: Row) -> str:
    if row.value is None:
        return "open, not predicted" if row.truth is None else f"known as {label.names[row.truth]}, not predicted"
    said = f"says {label.names[row.value]} ({row.confidence:.2f})"
    if row.truth is None:
        return said
    return f"{said}, as known" if row.truth == row.value else f"{said}, known as {label.names[row.truth]}"


def _loss_told(label: Label, row: Row) -> str:
    chance = row.probs[row.truth] if row.truth < len(row.probs) else 0.0
    loss = f"{-math.log(chance):.2f}" if chance > 0 else "more than 13"  # six digits are stored
    if row.value == row.truth:
        return f"says {label.names[row.value]} ({row.confidence:.2f}), as known: loss {loss}"
    return f"gives {label.names[row.truth]}, as which it is known, {chance:.2f}: loss {loss}"


def _margin_told(label: Label, row: Row) -> str:
    first, *others = np.argsort(-np.array(row.probs), kind="stable").tolist()
    second = f", {label.names[others[0]]} {row.probs[others[0]]:.2f}" if others else ""
    known = "" if row.truth is None else f"; known as {label.names[row.truth]}"
    return f"{label.names[first]} {row.probs[first]:.2f}{second}{known}"


def _disagree_told(label: Label, run_id: int, order: Ordered, rows: Sequence[Row]) -> dict[int, str]:
    told = {}
    for row in rows:
        run, value, sure = order.others[row.image_id]
        own = f"run {run_id} says {label.names[row.value]} ({row.confidence:.2f})"
        known = "" if row.truth is None else f"; known as {label.names[row.truth]}"
        told[row.image_id] = f"{own}, run {run} {label.names[value]} ({sure:.2f}){known}"
    return told


def _beside_told(
    connection: Connection, label: Label, how_alike: str, found: near.Beside, rows: Sequence[Row]
) -> dict[int, str]:
    here = np.flatnonzero(np.isin(found.image_ids, [row.image_id for row in rows]))
    names = file_names(connection, found.others[here].tolist())
    told = {}
    for k in here.tolist():
        own, other = label.names[found.value[k]], label.names[found.other_value[k]]
        whose = "known as" if found.known[k] else "predicted"
        alike, fname = found.alike[k], names[int(found.others[k])]
        how = "the same file as" if alike > 1 else how_alike if found.known[k] else "the nearest known picture is"
        told[int(found.image_ids[k])] = f"{whose} {own}; {how} {fname}, known as {other}" + (
            f" ({alike:.2f} alike)" if alike <= 1 else ""
        )
    return told
