"""What all verbs share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable

from core.workspace import Workspace, home


def add_verb(
    verbs: argparse._SubParsersAction,
    name: str,
    help: str,
    run: Callable[[argparse.Namespace], int],
    *,
    json_output: bool = False,
) -> argparse.ArgumentParser:
    """Add a verb with the options that all have; `run` returns the exit status."""
    parser = verbs.add_parser(name, help=help, description=help)
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        type=text,
        default=os.environ.get("GAPWISE_WORKSPACE") or str(home() / "demo"),
        help="the workspace's folder (default: GAPWISE_WORKSPACE, else the demo: %(default)s)",
    )
    if json_output:
        parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    parser.set_defaults(handler=run)
    return parser


def open_workspace(args: argparse.Namespace) -> Workspace:
    return Workspace.open(args.workspace)


def emit(args: argparse.Namespace, value: object, text: str) -> None:
    """Print a report: the value as JSON with --json, else the text."""
    print(json.dumps(value, ensure_ascii=False, indent=2) if getattr(args, "json", False) else text)


def say(text: str) -> None:
    """Tell the person something that is not the report: on standard error."""
    print(text, file=sys.stderr)


def text(value: str) -> str:
    """An argument's type: text that can be stored. Bytes that are no UTF-8 arrive as halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{value!r} is not valid UTF-8") from None
    return value
