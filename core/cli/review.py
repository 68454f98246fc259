"""`queue` and `decide`: the review loop from the shell."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, Row

from core.cli.common import add_verb, emit, open_workspace, say, text
from core.errors import GapwiseError
from core.labels.label import Label
from core.store import agreement, audits, blind, decisions, images, proposals, queue
from core.store.labels import label_id as find_label
from core.store.labels import labels as read_labels


def register(verbs: argparse._SubParsersAction) -> None:
    look = add_verb(verbs, "queue", "list the proposals that wait for a decision", _queue, json_output=True)
    look.add_argument("--label", metavar="NAME", type=text, help="one label (default: all, held against each other)")
    told = "; ".join(f"{name}: {what}" for name, what in queue.ORDERS.items())
    look.add_argument("--order", default=queue.DEFAULT, choices=list(queue.ORDERS), help=told)
    look.add_argument("--limit", type=_positive, default=20, metavar="N", help="at most so many (default: 20)")

    decide = add_verb(verbs, "decide", "decide one cell, or undo a decision", _decide, json_output=True)
    decide.add_argument("--image", metavar="FNAME", type=text, help="the file name as the table has it")
    decide.add_argument("--label", metavar="NAME", type=text)
    what = decide.add_mutually_exclusive_group(required=True)
    what.add_argument("--choose", metavar="CLASS", type=text, help="store this class")
    what.add_argument("--accept", action="store_true", help="store the proposed class")
    what.add_argument("--reject", action="store_true", help="binary: store the other class")
    what.add_argument("--skip", action="store_true", help="put it at the end of the queue")
    what.add_argument("--flag", action="store_true", help="mark it for a second look")
    what.add_argument("--undo", action="store_true", help="take back the reviewer's last decision")
    decide.add_argument(
        "--final", action="store_true", help="with --choose: settle what people disagree about, over the first decision"
    )
    decide.add_argument("--reviewer", required=True, metavar="NAME", type=text)
    decide.add_argument(
        "--id", metavar="CLIENT_ID", type=text, help="taken once however often it is sent (default: a new one)"
    )
    decide.add_argument("--note", metavar="TEXT", type=text)
    decide.set_defaults(usage_error=decide.error)

    people = add_verb(
        verbs, "agreement", "how far people agree, and cells that need a second opinion", _agreement, json_output=True
    )
    people.add_argument("--label", metavar="NAME", type=text)


def _queue(args: argparse.Namespace) -> int:
    with open_workspace(args).read() as connection:
        labels = read_labels(connection)
        if args.label is None:
            rows, asked = queue.pending_all(connection, args.order, args.limit), list(labels)
        else:
            asked = [find_label(connection, args.label)]
            rows = queue.pending(connection, asked[0], args.order, args.limit)
        waiting = sum(queue.pending_count(connection, one, order=args.order) for one in asked)
        hidden = _hidden(connection, rows)
    items = [_item(row, labels[row.label_id], hidden.get(row.proposal_id)) for row in rows]
    lines = "\n".join(map(_line, items))
    emit(args, {"waiting": waiting, "items": items}, lines or "Nothing waits for a decision.")
    return 0


def _hidden(connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
    """Return which rows hide their proposal, as the card does: proposal id to what is said in its place."""
    found: dict[int, str] = {}
    for label_id in {row.label_id for row in rows}:
        theirs = [row for row in rows if row.label_id == label_id]
        # Of a queue of any length, and only where checks wait at all.
        query = audits.asked_images(connection, label_id) if audits.waiting(connection, label_id) else None
        asked = set() if query is None else set(connection.execute(query).scalars())
        told = blind.reasons(connection, theirs, asked)
        found |= {row.proposal_id: told[row.image_id] for row in theirs if row.image_id in told}
    return found


def _item(row: Row, label: Label, hidden: str | None) -> dict:
    if hidden:  # what a decision is to be made without seeing is not printed
        unseen = dict.fromkeys(("proposed", "confidence", "probabilities", "model"))
        about = {"image": row.fname, "label": label.name, **unseen, "reason": hidden, "hidden": True}
        return {**about, "run": row.run_id, "proposal": row.proposal_id, "skipped": bool(row.seen)}
    return {
        "image": row.fname,
        "label": label.name,
        "proposed": label.classes[row.value],
        "confidence": round(row.confidence, 6),
        "probabilities": _named(label, row.probs),
        "model": _named(label, row.raw),
        "reason": row.reason,
        "hidden": False,
        "run": row.run_id,
        "proposal": row.proposal_id,
        "skipped": bool(row.seen),
    }


def _line(item: dict) -> str:
    if item["hidden"]:
        return f"{item['image']}\t{item['label']}\t{item['reason']}"
    told = f"{item['image']}\t{item['label']} = {item['proposed']}\t{item['confidence']:.3f}"
    return told + (f"\t{item['reason']}" if item["reason"] else "")


def _named(label: Label, probs: list[float]) -> dict[str, float]:
    return dict(zip(label.classes, (round(p, 6) for p in probs), strict=True))


def _decide(args: argparse.Namespace) -> int:
    if args.undo and (args.image or args.label or args.note):
        args.usage_error("--undo takes back the reviewer's last decision; it goes without --image, --label and --note")
    if not args.undo and not (args.image and args.label):
        args.usage_error("--image and --label are needed")
    if args.final and args.choose is None:
        args.usage_error("--final goes with --choose")
    client_id = str(uuid.uuid4()) if args.id is None else args.id
    with open_workspace(args).write() as connection:
        hidden = False
        if args.undo:
            outcome = decisions.undo(connection, client_id=client_id, reviewer=args.reviewer)
        else:
            outcome, hidden = _take(connection, args, client_id)
        labels = read_labels(connection)
        fname = None if outcome.image_id is None else images.image(connection, outcome.image_id).fname
    told = _unseen if hidden else _as_json
    emit(args, told(outcome, labels, fname), _sentence(outcome, labels, fname, told))
    for broken in outcome.contradicts:
        say(
            f"{fname} contradicts itself now: {broken} can't all be true. The answer is stored: you may be right, and"
            " another label or the rule wrong. `decide --undo` takes it back, `missing --conflicts` lists all."
        )
    if not outcome.applied and not args.final and not hidden:
        raise GapwiseError(
            f"{labels[outcome.label_id].name} of {fname} had been decided before: the first decision stands and"
            " this one was kept beside it. Undo the first one to change the cell."
        )
    return 0


def _take(connection: Connection, args: argparse.Namespace, client_id: str) -> tuple[decisions.Outcome, bool]:
    """Take a decision; also return whether it was made without seeing the proposal."""
    label_id = find_label(connection, args.label)
    image_id = images.image_by_name(connection, args.image).id
    value = None if args.choose is None else read_labels(connection)[label_id].code(args.choose)
    if args.final:
        settled = agreement.settle(connection, client_id=client_id, reviewer=args.reviewer, image_id=image_id,
                                   label_id=label_id, value=value)  # fmt: skip
        return settled, False
    newest = proposals.latest_proposal(connection, image_id, label_id)
    action = "choose" if args.choose is not None else next(a for a in decisions.ACTIONS if getattr(args, a, None))
    item = queue.item(connection, image_id, label_id) if newest else None
    hidden = item is not None and bool(blind.reasons(connection, [item]))
    if hidden and action in ("accept", "reject") and decisions.arrived(connection, client_id) is None:
        raise GapwiseError(
            f"What is proposed for {args.label} of {args.image} is hidden: say what you see: --choose, or --skip."
        )
    outcome = decisions.decide(
        connection,
        client_id=client_id,
        reviewer=args.reviewer,
        action=action,
        image_id=image_id,
        label_id=label_id,
        value=value,
        proposal_id=newest.id if newest else None,
        note=args.note,
    )
    hidden = blind.noted(connection, outcome.decision_id) if outcome.repeated else hidden
    if hidden and not outcome.repeated:
        blind.note(connection, outcome.decision_id)
    return outcome, hidden


def _agreement(args: argparse.Namespace) -> int:
    with open_workspace(args).read() as connection:
        label_id = None if args.label is None else find_label(connection, args.label)
        labels = read_labels(connection)
        pairs = [
            {"label": labels[a.label_id].name, "reviewers": [a.first, a.second], "cells": a.cells, "agreed": a.agreed,
             "kappa": a.kappa}
            for a in agreement.agreements(connection, label_id)
        ]  # fmt: skip
        open_ones = [
            {"image": r.fname, "label": labels[r.label_id].name, "value": labels[r.label_id].classes[r.value],
             "source": r.source, "by": r.by, "said": labels[r.label_id].classes[r.said], "reviewer": r.reviewer}
            for r in agreement.conflicts(connection, label_id)
        ]  # fmt: skip
    lines = [f"{p['label']}\t{' and '.join(p['reviewers'])}\t{p['cells']} cells, {p['agreed']:.0%} alike, kappa "
             + ("not defined" if p["kappa"] is None else f"{p['kappa']:.2f}") for p in pairs]  # fmt: skip
    lines += [f"{c['image']}\t{c['label']} is {c['value']} ({c['by'] or c['source']}), {c['reviewer']} said {c['said']}"
              for c in open_ones]  # fmt: skip
    emit(args, {"agreement": pairs, "conflicts": open_ones}, "\n".join(lines) or "No cell was decided by two people.")
    return 0


def _as_json(outcome: decisions.Outcome, labels: dict[int, Label], fname: str | None) -> dict:
    label = labels[outcome.label_id]
    return {
        "decision": outcome.decision_id,
        "action": outcome.action,
        "image": fname,
        "label": label.name,
        "value": None if outcome.value is None else label.classes[outcome.value],
        "applied": outcome.applied,
        "repeated": outcome.repeated,
        "derived": {labels[i].name: labels[i].classes[c] for i, c in outcome.written.items()},
        "withdrawn": [labels[i].name for i in outcome.withdrawn],
        "contradicts": list(outcome.contradicts),
        **({"cells": outcome.cells} if fname is None else {}),
    }


def _unseen(outcome: decisions.Outcome, labels: dict[int, Label], fname: str | None) -> dict:
    """What is said of an answer to a hidden proposal: what followed, or nothing, would tell what was checked."""
    kept_back = {"applied": None, "derived": {}, "withdrawn": [], "hidden": True}
    return {**_as_json(outcome, labels, fname), **kept_back}


def _sentence(outcome: decisions.Outcome, labels: dict[int, Label], fname: str | None, as_json=_as_json) -> str:
    if fname is None:
        return f"undo {labels[outcome.label_id].name}: {outcome.cells:,} cells that were accepted at once"
    told = as_json(outcome, labels, fname)
    parts = [f"{told['action']} {told['label']} of {fname}" + (f" = {told['value']}" if told["value"] else "")]
    parts += [f"so {name} = {value}" for name, value in told["derived"].items()]
    parts += [f"{name} withdrawn" for name in told["withdrawn"]]
    return ", ".join(parts) + (" (had arrived before)" if told["repeated"] else "")


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100000")
    return int(text)
