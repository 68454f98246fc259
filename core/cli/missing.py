"""`missing` and `derive`: what is missing, and what logic fills."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from core.cli.common import add_verb, emit, open_workspace, say
from core.labels.missing import MissingReport
from core.labels.missingness import sentence
from core.store.cells import derive_all
from core.store.missing import report


def register(verbs: argparse._SubParsersAction) -> None:
    about = "show what is missing: free, open or in conflict; with --chance, whether that looks like chance"
    verb = add_verb(verbs, "missing", about, _missing, json_output=True)
    about = "hold the gaps against other labels, the table's other columns and the images (measured by `measure`)"
    verb.add_argument("--chance", action="store_true", help=about)
    add_verb(verbs, "derive", "fill the cells that the rules imply", _derive, json_output=True)


def _missing(args: argparse.Namespace) -> int:
    if args.chance:
        return _chance(args)
    with open_workspace(args).read() as connection:
        found = report(connection)
    emit(args, found.as_json(), _text(found))
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


def _derive(args: argparse.Namespace) -> int:
    with open_workspace(args).write() as connection:
        written = derive_all(connection)
    total = sum(written.values())
    by_label = ", ".join(f"{name} {n}" for name, n in written.items())
    emit(args, {"derived": total, "by_label": written}, f"{total} cells derived{': ' + by_label if written else ''}")
    return 0


def _text(found: MissingReport) -> str:
    lines = [f"{found.rows} images", "", "missing in the imported table:"]
    lines += [f"  {name}: {n}" for name, n in found.missing.items()]
    lines += [f"  {names}: {n}" for names, n in found.together.items()]
    lines += ["", "row patterns:"]
    lines += [f"  {p.rows}: {'missing ' + ', '.join(p.missing) if p.missing else 'complete'}" for p in found.patterns]
    lines += ["", "cells now:"]
    lines += [f"  {name}: {n}" for name, n in found.cells.items()]
    if found.conflict_rows:
        lines += ["", f"{found.conflict_rows} images break a rule with their known labels"]
    return "\n".join(lines)
