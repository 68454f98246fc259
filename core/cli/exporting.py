"""`export`: the filled table, or an image folder."""

from __future__ import annotations

import argparse

from core.cli.common import add_verb, emit, open_workspace, say
from core.exporting.image_folder import write_image_folder
from core.exporting.table import FILLING, write_csv
from core.jobs.reporter import Console


def register(verbs: argparse._SubParsersAction) -> None:
    verb = add_verb(verbs, "export", "write the filled table", _export, json_output=True)
    verb.add_argument("--out", required=True, metavar="FILE", help="the CSV file; with --format imagefolder, a folder")
    verb.add_argument("--format", choices=("csv", "imagefolder"), default="csv")
    verb.add_argument(
        "--sources",
        type=_sources,
        default=FILLING,
        metavar="LIST",
        help=f"what may fill gaps, joined by commas (default: {','.join(FILLING)}); 'none' for the given values only",
    )
    verb.add_argument("--provenance", action="store_true", help="add columns: source, confidence, run, reviewer")


def _export(args: argparse.Namespace) -> int:
    workspace = open_workspace(args)
    if args.format == "csv":
        rows = write_csv(workspace, args.out, args.sources, args.provenance)
    else:
        rows = write_image_folder(workspace, args.out, args.sources, args.provenance, Console())
    if args.json:
        emit(args, {"out": args.out, "rows": rows}, "")
    else:
        say(f"{rows} rows written to {args.out}")
    return 0


def _sources(text: str) -> tuple[str, ...]:
    if text == "none":
        return ()
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [s for s in found if s not in FILLING]
    if unknown or not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of {', '.join(FILLING)}, or none")
    return found
