"""`demo`: makes the workspace that Gapwise opens with."""

from __future__ import annotations

import argparse

from core.cli.common import add_verb, emit, say


def register(verbs: argparse._SubParsersAction) -> None:
    parser = add_verb(verbs, "demo", "make a demo workspace of drawn street scenes", _demo, json_output=True)
    parser.add_argument("--images", type=int, default=600, metavar="N", help="how many scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="draws other scenes (default: %(default)s)")


def _demo(args: argparse.Namespace) -> int:
    # Imported here: the other verbs need neither Pillow nor pandas for it.
    from core.demo.build import NAME, build, finished
    from core.demo.scenes import check_size
    from core.jobs.reporter import Console
    from core.store.images import image_count
    from core.workspace import Workspace

    check_size(args.images, args.seed)
    there = finished(Workspace.create(args.workspace, NAME))
    ws = build(args.workspace, args.images, args.seed, Console())
    with ws.read() as connection:
        images = image_count(connection)
    if there:
        say(f"The demo in {ws.root} was there already and is left as it is.")
    emit(args, {"workspace": str(ws.root), "images": images, "made": not there}, f"{ws.root}: {images} street scenes")
    return 0
