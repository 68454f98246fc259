"""`python -m core import`: a table and a folder of images into a workspace."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.cli.common import add_verb, emit, say, text
from core.errors import GapwiseError
from core.workspace import Workspace, home

_USAGE = 2


def register(verbs: argparse._SubParsersAction) -> None:
    parser = add_verb(verbs, "import", "Bring a label table and its images in", run, json_output=True)
    about_table = "CSV, TSV, Parquet or Excel; left out: the folder is the table"
    parser.add_argument("--table", metavar="FILE", type=text, help=about_table)
    parser.add_argument("--images", metavar="DIR", type=text, help="folder of the images (default: beside the table)")
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        type=text,
        help="a column that is a label; repeatable; guessed when left out. NAME=no,yes names the classes too",
    )
    about_rule = "such as '5k = mask and distancing'; repeatable"
    parser.add_argument("--rule", action="append", default=[], metavar="TEXT", type=text, help=about_rule)
    parser.add_argument("--filename", metavar="COLUMN", type=text, help="names the files (default: guessed)")
    parser.add_argument(
        "--missing",
        nargs="+",
        action="extend",
        default=[],
        metavar="TOKEN",
        type=text,
        help="values that mean missing, besides empty, NaN, NA, null, none, ? and -1",
    )
    parser.add_argument("--report", metavar="FILE", help="write every problem to this CSV file")
    parser.add_argument("--yes", action="store_true", help="write without asking")


def run(args: argparse.Namespace) -> int:
    """Show what would happen; write it when the person agrees."""
    if args.table is None and args.images is None:
        say("error: give --table FILE, --images DIR or both (see python -m core import --help)")
        return _USAGE
    ws = _existing(args)
    report = _report(args, ws)
    if args.report:
        _save(report, args.report)
    if not args.json:
        say(_summary(report))
    if not args.yes and not _agreed(args):
        return 1
    return _write(args, ws, report)


def _existing(args: argparse.Namespace) -> Workspace | None:
    """Open the workspace if there is one; it is not created before the person agrees."""
    from core.workspace import DATABASE

    if not (Path(args.workspace) / DATABASE).is_file():
        return None
    return Workspace.open(args.workspace)


def _report(args: argparse.Namespace, ws: Workspace | None):
    from core.importing.check import check
    from core.importing.folder import ImageFolder
    from core.importing.guess import guess
    from core.importing.read import read_folder, read_table
    from core.jobs.reporter import Console
    from core.store.labels import labels as read_labels

    if args.table is not None:
        table = read_table(args.table)
        folder = ImageFolder.scan(args.images or _beside(Path(args.table)))
    else:
        named = [name for name in args.label if "=" not in name]
        table, folder = (
            read_folder(args.images, named[0] if len(named) == 1 else "label"),
            ImageFolder.scan(args.images),
        )
    known = []
    if ws is not None:
        with ws.read() as connection:
            known = list(read_labels(connection).values())
    plan = guess(
        table,
        folder,
        table_path=args.table,
        filename=args.filename,
        labels=args.label,
        missing=args.missing,
        rules=args.rule,
        known=known,
    )
    return check(plan, table, Console(), ws, folder)


def _beside(table: Path) -> Path:
    """Where the images of a table usually are."""
    return next((table.parent / n for n in ("images", "imgs", "img") if (table.parent / n).is_dir()), table.parent)


def _save(report, path: str) -> None:
    from core.importing.problems import save_csv

    try:
        save_csv(report.problems, path)
    except OSError as error:
        raise GapwiseError(f"Can't write the report to {path}: {error.strerror}.") from error


def _summary(report) -> str:
    """Return the plan and what is wrong, for people."""
    from core.importing.empty import empty_columns, why_no_labels
    from core.importing.problems import MEANINGS

    plan = report.plan
    lines = [f"table     {plan.table or plan.images} ({len(report.table.frame):,} rows)"]
    lines += [
        f"images    {plan.images}",
        f"file name {plan.filename!r}" + (f" without {plan.prefix}" * bool(plan.prefix)),
    ]
    for planned, label in zip(plan.labels, report.labels, strict=True):
        codes = report.images.codes[:, report.labels.index(label)]
        counts = ", ".join(f"{name} {int((codes == i).sum()):,}" for i, name in enumerate(label.classes[:12]))
        more = f" and {len(label.classes) - 12} more classes" if len(label.classes) > 12 else ""
        column = "" if planned.column == label.name else f" (column {planned.column!r})" if planned.column else " (new)"
        lines.append(f"label     {label.name!r}{column}: {counts}{more}; missing {int((codes < 0).sum()):,}")
    lines += [] if plan.labels else ["label     none: the images come in without labels"]
    if empty := why_no_labels(empty_columns(report.table, plan)):
        lines.append(f"no label  {empty} Name its classes to fill one: --label NAME=no,yes")
    lines += [f"rule      {text}" for text in plan.rules]
    lines.append("missing   " + " ".join(repr(token) if token == "" else token for token in plan.missing))
    lines.append(f"usable    {len(report.images.rows):,} rows; set aside {report.set_aside:,}")
    lines += [f"  {n:>7,} x {MEANINGS[code][1]} [{code}]" for code, n in report.counts().items()]
    if report.known:
        lines.append(
            f"known     {report.known:,} rows are in the workspace; {report.fills:,} of their gaps get a value"
        )
    return "\n".join(lines)


def _agreed(args: argparse.Namespace) -> bool:
    if not sys.stdin.isatty():
        say("Nothing was written. Run it again with --yes to import.")
        return False
    print(f"Import into {args.workspace}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    say("Nothing was written.")
    return False


def _write(args: argparse.Namespace, ws: Workspace | None, report) -> int:
    from core.images.prepare import prepare
    from core.images.previews import failed_previews
    from core.importing.commit import commit, refuse_unusable
    from core.jobs.reporter import Console

    refuse_unusable(report)
    if ws is not None and ws.setting("demo") and Path(args.workspace).resolve() == home() / "demo":
        raise GapwiseError(
            f"{args.workspace} holds the demo, whose numbers your data would blur. Name a workspace of your own:"
            " --workspace DIR."
        )
    ws = ws or Workspace.create(args.workspace)
    result = commit(ws, report.plan, report)
    prepared = prepare(ws, Console())
    value = {
        "workspace": str(ws.root),
        "changed": result.changed,
        "images": result.images,
        "known": result.known,
        "filled": result.filled,
        "differing": result.differing,
        "aside": result.aside,
        "labels": [{"name": p.name, "classes": p.classes} for p in report.plan.labels],
        "new_labels": list(result.labels),
        "new_rules": list(result.rules),
        "problems": report.counts(),
        "previews": prepared.previews,
        "previews_failed": len(failed_previews(ws)),
        "measured": prepared.measured,
    }
    emit(args, value, f"{result.sentence()}\nworkspace {ws.root}")
    return 0
