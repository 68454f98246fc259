"""`accept`, `withdraw`, `acceptances`: predictions accepted in bulk, taken back, and what people found in them."""

from __future__ import annotations

import argparse
import getpass
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row

from core.cli.common import add_verb, emit, open_workspace, text
from core.errors import GapwiseError
from core.labels.label import Label
from core.store import acceptances, audits, decisions, runs
from core.store.labels import label_id as find_label
from core.store.labels import labels as read_labels

if TYPE_CHECKING:
    from core.pseudo.offer import Offer


def register(verbs: argparse._SubParsersAction) -> None:
    take = add_verb(
        verbs, "accept", "accept predictions in bulk, where a promised precision is kept", _accept, json_output=True
    )
    take.add_argument("--label", required=True, metavar="NAME", type=text)
    take.add_argument("--precision", type=_share, default=0.99, metavar="P", help="promised share (default: 0.99)")
    take.add_argument("--run", type=_positive, metavar="ID", help="whose predictions (default: the label's newest)")
    take.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")
    take.add_argument(
        "--review",
        type=_positive,
        metavar="N",
        help="accept nothing; put N waiting cells, chosen by chance, into the queue, three quarters of them at most",
    )
    _who(take)

    back = add_verb(verbs, "withdraw", "take back what was accepted in bulk", _withdraw, json_output=True)
    back.add_argument("acceptance", nargs="?", type=_positive, metavar="NUMBER", help="as `acceptances` lists them")
    back.add_argument("--label", metavar="NAME", type=text, help="all of a label")
    back.add_argument("--run", type=_positive, metavar="ID", help="all of a run")
    back.add_argument("--below", type=_share, metavar="P", help="only predictions less sure than that")
    back.add_argument("--why", metavar="TEXT", type=text)
    back.set_defaults(usage_error=back.error)
    _who(back)

    look = add_verb(
        verbs, "acceptances", "list what was accepted in bulk, and what checks say", _list, json_output=True
    )
    look.add_argument("--label", metavar="NAME", type=text)


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reviewer", metavar="NAME", type=text, default=None, help="(default: your login name)")
    parser.add_argument(
        "--id", metavar="CLIENT_ID", type=text, help="taken once however often it is sent (default: a new one)"
    )


def _accept(args: argparse.Namespace) -> int:
    from core.pseudo.offer import offer  # NumPy, which other verbs start without
    from core.pseudo.words import class_text, headline, rests_on, shift_texts

    ws = open_workspace(args)
    with ws.read() if args.dry_run else ws.write() as connection:
        label_id = find_label(connection, args.label)
        if args.run is not None and runs.run(connection, args.run).label_id != label_id:
            raise GapwiseError(f"Run {args.run} is not of {args.label!r}. `runs` lists the runs by label.")
        found = offer(connection, label_id, args.precision, args.run)
        told: dict[str, object] = {"label": args.label, "run": found.run_id, "precision": args.precision}
        if args.review is not None:
            return _review(args, connection, found, told)
        outcome = None
        if not args.dry_run:
            outcome = acceptances.accept(
                connection, client_id=_id(args), reviewer=_reviewer(args), promise=found.promise
            )
            if (outcome.action, outcome.label_id) != (decisions.BULK, label_id):
                raise GapwiseError(f"The id {args.id} belongs to another decision; nothing was accepted.")
    lines = [headline(found), rests_on(found), *shift_texts(found)]
    for kind in found.kinds:
        where = " and ".join(f"{name} is {value}" for name, value in kind.known.items())
        for one in kind.classes:
            if one.waiting:
                name = found.label.names[one.threshold.value] + (f", where {where}" if where else "")
                lines.append(f"{name}\t{one.taken:,} of {one.waiting:,}\t{class_text(one, found.precision)}")
    if outcome is not None:
        lines.append(f"{outcome.cells:,} cells accepted" + (" (had arrived before)." if outcome.repeated else "."))
    told |= {
        "waiting": found.waiting, "left_out": found.ruled, "accepts": found.cells, "expected_wrong": found.expected,
        "most_wrong": found.most, "kinds": found.promise.grounds, "shifts": shift_texts(found),
        "heldout": found.heldout, "sampled": found.sampled,
        "accepted": None if outcome is None else outcome.cells,
        "decision": None if outcome is None else outcome.decision_id,
    }  # fmt: skip
    emit(args, told, "\n".join(lines))
    return 0


def _review(args: argparse.Namespace, connection: Connection, found: Offer, told: dict[str, object]) -> int:
    from core.pseudo.words import review_text

    count = min(args.review, found.reviewable)
    if not count:
        raise GapwiseError(
            f"{found.waiting:,} cells of {args.label} wait, {found.asked:,} of them chosen for a review already. To"
            " choose more would leave hardly any to accept: answer them in the queue."
        )
    said = review_text(found, count)
    if not args.dry_run:
        count = acceptances.ask_open(connection, found.label_id, found.run_id, count)
    if count < args.review:
        said += f". You asked for {args.review:,}; reviewing nearly all would leave hardly any to accept"
    emit(args, {**told, "asked": count, "waiting": found.waiting, "most": found.reviewable}, said + ".")
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    by_number = args.acceptance is not None
    if by_number == (args.label is not None or args.run is not None):
        args.usage_error("name an acceptance's number, or --label, --run or both")
    if args.below is not None and not by_number:
        args.usage_error("--below goes with an acceptance's number")
    with open_workspace(args).write() as connection:
        shared = {"client_id": _id(args), "reviewer": _reviewer(args), "why": args.why}
        if by_number:
            done = [acceptances.withdraw(connection, acceptance_id=args.acceptance, below=args.below, **shared)]
        else:
            label_id = None if args.label is None else find_label(connection, args.label)
            done = acceptances.withdraw_all(connection, label_id=label_id, run_id=args.run, **shared)
    if not done:
        raise GapwiseError("There is no acceptance that stands there.")
    cells = sum(outcome.cells for outcome in done)
    emit(args, {"acceptances": len(done), "cells": cells}, f"{cells:,} cells are open again.")
    return 0


def _list(args: argparse.Namespace) -> int:
    with open_workspace(args).read() as connection:
        label_id = None if args.label is None else find_label(connection, args.label)
        found = _as_json(connection, acceptances.listed(connection, label_id), read_labels(connection))
    lines = "\n".join(f"{a['acceptance']}\t{a['label']}\t{a['cells']:,} cells\t{a['told']}" for a in found)
    emit(args, {"acceptances": found}, lines or "Nothing was accepted in bulk.")
    return 0


def _as_json(connection: Connection, rows: list[Row], labels: dict[int, Label]) -> list[dict]:
    from core.pseudo.audit import measured
    from core.pseudo.words import audit_text

    tallies = audits.tallies(connection, rows)
    told = []
    for row in rows:
        found = measured(tallies[row.id], max(row.population, tallies[row.id].drawn, 1), row.precision)
        told.append({
            "acceptance": row.id, "label": labels[row.label_id].name, "run": row.run_id, "reviewer": row.reviewer,
            "precision": row.precision, "cells": row.cells, "derived": row.derived, "expected_wrong": row.expected,
            "below": row.least or None, "withdrawn": row.withdrawn is not None, "why": row.why,
            "checked": found.tally.seen - found.tally.passed, "right": found.tally.right, "measured": found.share,
            "low": found.low, "high": found.high, "verdict": found.verdict,
            "told": "withdrawn" if row.withdrawn is not None else audit_text(found, row.precision),
        })  # fmt: skip
    return told


def _id(args: argparse.Namespace) -> str:
    return str(uuid.uuid4()) if args.id is None else args.id


def _reviewer(args: argparse.Namespace) -> str:
    try:
        return args.reviewer or getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "reviewer"


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000000")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and below 1")
    return value
