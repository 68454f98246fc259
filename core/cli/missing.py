"""`missing` and `derive`: what is missing, and what logic fills."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.cli.common import add_verb, emit, open_workspace, say, text
from core.labels.missing import MissingReport
from core.labels.missingness import sentence
from core.store.cells import derive_all
from core.store.gaps import conflicts
from core.store.images import image_by_name
from core.store.missing import report

if TYPE_CHECKING:
    from core.store.why import CellReason


SHOWN = 20  # lines of each part: all of it fits on two screens whatever the table
NAMES = 80  # characters of a pattern's labels


def register(verbs: argparse._SubParsersAction) -> None:
    about = "show what is missing: free, open or in conflict; with --chance, whether that looks like chance"
    verb = add_verb(verbs, "missing", about, _missing, json_output=True)
    about = f"print every label, combination and pattern, not the {SHOWN} with most rows of each"
    verb.add_argument("--all", action="store_true", help=about)
    about = "hold the gaps against other labels, the table's other columns and the images (measured by `measure`)"
    verb.add_argument("--chance", action="store_true", help=about)
    about = "list images whose known cells can't all be true, each with a smallest set of such cells"
    verb.add_argument("--conflicts", type=int, nargs="?", const=100, metavar="N", help=f"{about} (default: 100)")
    about = "say why an image's cells are what they are: sources, proofs, what an answer would settle"
    verb = add_verb(verbs, "why", about, _why, json_output=True)
    verb.add_argument("image", type=text, metavar="IMAGE", help="its name, as the table writes it")
    add_verb(verbs, "derive", "fill the cells that the rules imply", _derive, json_output=True)


def _missing(args: argparse.Namespace) -> int:
    if args.chance:
        return _chance(args)
    if args.conflicts is not None:
        return _conflicts(args)
    with open_workspace(args).read() as connection:
        found = report(connection)
    emit(args, found.as_json(), _text(found, args.all))
    return 0


def _chance(args: argparse.Namespace) -> int:
    from core.store.measured import progress
    from core.store.missingness import findings, image_facts

    ws = open_workspace(args)
    with ws.read() as connection:
        found, left = findings(connection, image_facts(connection, ws.root)), progress(connection).waiting
    if left:
        say(f"{left:,} images are not measured yet, so brightness, sharpness and date are left out for them:"
            " `python -m core measure` does that.")  # fmt: skip
    values = [{**asdict(f), "told": f.told, "sentence": sentence(f)} for f in found]
    corrected = f"\n\nEach p is corrected for the {len(found)} tests that were made (Holm 1979)."
    emit(args, values, "\n".join(map(sentence, found)) + corrected if found else "nothing to hold the gaps against")
    return 0


def _conflicts(args: argparse.Namespace) -> int:
    with open_workspace(args).read() as connection:
        found, images = conflicts(connection, min(max(1, args.conflicts), 10**9)), report(connection).conflict_rows
    lines = [f"{r.fname}: {r.sentence}" for r in found]
    lines += [_broken(images)] if images else ["no conflicts"]
    value = {"images": images, "conflicts": [{"image": r.fname, "sentence": r.sentence} for r in found]}
    emit(args, value, "\n".join(lines))
    return 0


def _why(args: argparse.Namespace) -> int:
    from core.store.why import why

    with open_workspace(args).read() as connection:
        row = image_by_name(connection, args.image)
        found, broken = why(connection, row.id)
    value = {"image": row.fname, "cells": [asdict(cell) for cell in found], "conflicts": broken}
    emit(args, value, "\n".join([*map(_told, found), *(f"can't all be true: {text}" for text in broken)]))
    return 0


def _told(cell: CellReason) -> str:
    if cell.value is not None:
        changed = f", corrected from {cell.given}" if cell.given not in (None, cell.value) else ""
        return f"{cell.label}: {cell.value} ({cell.state}{changed}{f'; {cell.because}' if cell.because else ''})"
    if cell.state == "free":
        return f"{cell.label}: free, {cell.implied}, because {cell.because}"
    if cell.state == "conflict":
        return f"{cell.label}: nothing follows, the known labels contradict each other"
    if set(cell.settles.values()) == {1}:
        return f"{cell.label}: open; an answer settles this cell only"
    answers = ", ".join(f"{n} if it is {name}" for name, n in cell.settles.items())
    return (
        f"{cell.label}: open; an answer settles {cell.leverage:.3g} open cells on average, itself included: {answers}"
    )


def _derive(args: argparse.Namespace) -> int:
    with open_workspace(args).write() as connection:
        written = derive_all(connection)
    total = sum(written.values())
    by_label = ", ".join(f"{name} {n}" for name, n in written.items())
    emit(args, {"derived": total, "by_label": written}, f"{total} cells derived{': ' + by_label if written else ''}")
    return 0


def _broken(images: int) -> str:
    return f"{images} image{'s break' if images > 1 else ' breaks'} a rule with what is known"


def _text(found: MissingReport, every: bool = False) -> str:
    lines = [f"{found.rows} images", "", "missing in the imported table:"]
    lines += _counted(found.missing, "labels", every)
    lines += _counted(found.together, "combinations", every)
    lines += ["", "row patterns:"]
    patterns = [f"  {p.rows}: {_names(p.missing, every)}" for p in found.patterns]  # most rows first already
    lines += _first(patterns, "patterns", every)
    lines += ["", "cells now:"]
    lines += [f"  {name}: {n}" for name, n in found.cells.items()]
    if found.conflict_rows:
        lines += ["", _broken(found.conflict_rows)]
    return "\n".join(lines)


def _counted(counts: Mapping[str, int], what: str, every: bool) -> Iterator[str]:
    """Yield a line for each count: in the table's order where all are shown, else most rows first."""
    cut = len(counts) > SHOWN and not every
    rows = sorted(counts.items(), key=lambda item: -item[1]) if cut else counts.items()
    return _first([f"  {name}: {n}" for name, n in rows], what, every)


def _first(lines: Sequence[str], what: str, every: bool) -> Iterator[str]:
    shown = len(lines) if every else SHOWN
    yield from lines[:shown]
    if len(lines) > shown:
        yield f"  {len(lines) - shown:,} more {what}, --all prints them"


def _names(missing: Sequence[str], every: bool) -> str:
    """Return a pattern's labels; of many only so many as fit in a line."""
    if not missing:
        return "complete"
    whole = ", ".join(missing)
    if every or len(whole) <= NAMES:
        return f"missing {whole}"
    fit = 1
    while len(", ".join(missing[: fit + 1])) <= NAMES:
        fit += 1
    more = len(missing) - fit
    return f"missing {', '.join(missing[:fit])} and {more} more" if more else f"missing {whole}"
