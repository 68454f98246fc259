"""`hard`, `confusion`, `matrix`, `embed`, `report`: what a run gets wrong, and what many do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Row

from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, say, text, work_as_job
from core.errors import GapwiseError
from core.jobs.reporter import Console, Reporter
from core.labels.label import MISSING, Label
from core.store.hard import LISTS
from core.store.labels import labels as read_labels
from core.store.runs import run as run_row

SHOWN = 40  # lines of a matrix: what fits on a screen


def register(verbs: argparse._SubParsersAction) -> None:
    about = "list a run's hard examples, each with the reason; --send puts them into the review queue"
    verb = add_verb(verbs, "hard", about, _hard, json_output=True)
    verb.add_argument("run", type=id_number, metavar="RUN")
    told = "; ".join(f"{name}: {what}" for name, what in LISTS.items())
    verb.add_argument("list", nargs="?", choices=list(LISTS), default="wrong", metavar="LIST", help=told)
    verb.add_argument("--limit", type=_count, default=20, metavar="N", help="at most so many (default: 20)")
    verb.add_argument("--offset", type=_count, default=0, metavar="N", help="pass over the first so many")
    verb.add_argument("--truth", metavar="CLASS", type=text, help="only images known as this class")
    verb.add_argument("--predicted", metavar="CLASS", type=text, help="only images that the run predicts so")
    way = verb.add_mutually_exclusive_group()
    way.add_argument("--send", action="store_true", help="put what is listed into the queue's order `sent`")
    way.add_argument("--take-back", action="store_true", help="take what is listed out of that order again")

    verb = add_verb(verbs, "confusion", "which classes a run takes for which", _confusion, json_output=True)
    verb.add_argument("run", type=id_number, metavar="RUN")

    about = "runs of a label against its held-out images: what many runs miss, hardest first"
    verb = add_verb(verbs, "matrix", about, _matrix, json_output=True)
    verb.add_argument("runs", nargs="+", type=id_number, metavar="RUN")
    verb.add_argument("--limit", type=_count, default=SHOWN, metavar="N", help=f"lines to print (default: {SHOWN})")

    about = "place every image by what a run's network makes of it: the map of the set, and which pictures are alike"
    verb = add_verb(verbs, "embed", about, _embed, json_output=True)
    verb.add_argument("run", type=id_number, metavar="RUN")
    job_options(verb)

    about = "write a run's hard examples as one HTML file, with maps and figures, to send to somebody"
    verb = add_verb(verbs, "report", about, _report, json_output=True)
    verb.add_argument("run", type=id_number, metavar="RUN")
    verb.add_argument("-o", "--out", required=True, metavar="FILE", type=text)
    verb.add_argument("--list", choices=list(LISTS), default="wrong", metavar="LIST", help=f"{told} (default: wrong)")
    verb.add_argument("--limit", type=_count, default=60, metavar="N", help="images, at most 500 (default: 60)")


def _hard(args: argparse.Namespace) -> int:
    from core.hard.lists import hard_list

    ws = open_workspace(args)
    with ws.read() as connection:
        row, label = _run(connection, args.run)
    asked = {"truth": args.truth, "value": args.predicted}
    filters = {name: label.code(said) for name, said in asked.items() if said is not None}
    page = hard_list(ws, row.label_id, row.id, args.list, args.offset, args.limit, filters)
    items = [_item(label, one) for one in page.rows]
    told = {"run": row.id, "label": label.name, "list": args.list, "total": page.total, "note": page.note}
    lines = [f"{item['image']}\t{item['reason']}" for item in items] or ["No images."]
    if page.total > len(items):
        lines.append(f"{len(items):,} of {page.total:,}: {LISTS[args.list]}")
    if page.note:
        say(page.note)
    if args.send or args.take_back:
        sent = _send(ws, row, args.list, page.rows) if args.send else _take_back(ws, row, page.rows)
        told |= sent
        lines.append(sent["told"])
    emit(args, {**told, "items": items}, "\n".join(lines))
    return 0


def _send(ws, row: Row, which: str, rows: Sequence[dict]) -> dict[str, object]:
    from core.store.sent import send

    reasons = {one["image_id"]: f"{LISTS[which]}: {one['reason']}" for one in rows}
    with ws.write() as connection:
        done = send(connection, row.label_id, row.id, list(reasons), reasons)
    return {**asdict(done), "told": done.told}


def _take_back(ws, row: Row, rows: Sequence[dict]) -> dict[str, object]:
    from core.store.sent import take_back

    with ws.write() as connection:
        count = take_back(connection, row.label_id, [one["image_id"] for one in rows])
    return {"taken_back": count, "told": f"{count:,} taken back from review."}


def _item(label: Label, row: dict) -> dict[str, object]:
    truth, value = row["truth"], row["value"]
    return {
        "image": row["fname"],
        "truth": None if truth is None else label.classes[truth],
        "predicted": None if value is None else label.classes[value],
        "confidence": None if row["confidence"] is None else round(row["confidence"], 6),
        "reason": row["reason"],
        "proposal": row["proposal_id"],
    }


def _confusion(args: argparse.Namespace) -> int:
    from core.hard.confusion import confusion

    with open_workspace(args).read() as connection:
        _, label = _run(connection, args.run)
        table = confusion(connection, args.run)
    pairs = sorted(((int(table[t, p]), t, p) for t, p in zip(*table.nonzero(), strict=True)), reverse=True)
    value = {"run": args.run, "label": label.name, "classes": list(label.classes), "table": table.tolist()}
    lines = [f"{count:>8,}  {label.names[t]} taken for {label.names[p]}" for count, t, p in pairs if t != p]
    right = sum(count for count, t, p in pairs if t == p)
    emit(args, value, "\n".join([f"{right:>8,}  of {table.sum():,} held-out cells are right", *lines]))
    return 0


def _matrix(args: argparse.Namespace) -> int:
    from core.hard.matrix import matrix

    with open_workspace(args).read() as connection:
        row, label = _run(connection, args.runs[0])
        found = matrix(connection, row.label_id, args.runs)
    shown = range(min(args.limit, len(found.fnames)))
    items = [
        {
            "image": found.fnames[i],
            "truth": label.classes[found.truth[i]],
            "predicted": [None if p == MISSING else label.classes[p] for p in found.predicted[i].tolist()],
            "wrong": int(found.wrong[i].sum()),
        }
        for i in shown
    ]
    classes = [
        {
            "class": label.classes[one.value],
            "images": one.images,
            "wrong": round(one.wrong, 4),
            "never_right": one.never,
        }
        for one in found.per_class
    ]
    lines = [f"{_marks(found, i)}  {found.fnames[i]}\t{label.names[found.truth[i]]}" for i in shown]
    head = [f"# wrong, . right, runs {', '.join(map(str, found.run_ids))}; {len(found.fnames):,} images"]
    tail = [f"{one.wrong:6.1%} wrong  {one.name}: {one.images:,} images, {one.never:,} of them never right"
            for one in found.per_class[:SHOWN]]  # fmt: skip
    value = {"label": label.name, "runs": list(found.run_ids), "images": len(found.fnames), "items": items}
    emit(args, {**value, "classes": classes}, "\n".join([*head, *lines, "", *tail]))
    return 0


def _embed(args: argparse.Namespace) -> int:
    ws = open_workspace(args)
    with ws.read() as connection:
        run_id = run_row(connection, args.run).id  # a wrong number is told before anything starts

    def work(reporter: Reporter, _job_id: int) -> str:
        from core.hard.set_map import embed

        return embed(ws, run_id, reporter)

    return work_as_job(args, ws, "embed", ["embed", str(run_id)], work, run_id)


def _report(args: argparse.Namespace) -> int:
    from core.report.report import content, report
    from core.report.target import check_target

    ws = open_workspace(args)
    with ws.read() as connection:
        row, label = _run(connection, args.run)
    console = Console()

    def progress(done: int, total: int) -> None:
        console.progress(done, total, f"{done} of {total} pictures")

    asked = (ws, row.label_id, row.id, args.list, args.limit)
    streams = args.out in ("-", "/dev/stdout")
    if streams and args.json:
        raise GapwiseError(
            f"--json and the report can't both go to standard output. Name a file in place of {args.out}."
        )
    if streams:
        sys.stdout.buffer.write(content(*asked, progress).encode("utf-8"))
        say(f"hard examples of {label.name}, run {row.id}")
        return 0
    path = check_target(ws, args.out)
    replaced = path.is_file()
    report(*asked, path, progress)
    size = path.stat().st_size if path.is_file() else 0
    told = f"{args.out}: hard examples of {label.name}, run {row.id}, {size / 1e6:.1f} MB"
    told += ", in place of the file that was there" if replaced else ""
    value = {"file": args.out, "run": row.id, "list": args.list, "bytes": size, "replaced": replaced}
    emit(args, value, told)
    return 0


def _marks(found, i: int) -> str:
    pairs = zip(found.predicted[i].tolist(), found.wrong[i].tolist(), strict=True)
    return "".join(" " if p == MISSING else "#" if wrong else "." for p, wrong in pairs)


def _run(connection: Connection, run_id: int) -> tuple[Row, Label]:
    row = run_row(connection, run_id)
    return row, read_labels(connection)[row.label_id]


def _count(value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise argparse.ArgumentTypeError(f"{value[:40]!r} is not a whole number from 0 to 999999999")
    return int(value)
