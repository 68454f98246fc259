"""The main job on a folder of photographs with a known truth: what is free, and how right the models are.

    python benchmarks/main_job.py DIR [--recipe quick-cpu] [--epochs N] [--label NAME ...] [--rule TEXT ...]

DIR holds images/, train_meta.csv (with gaps) and truth.csv (complete, used for measuring only). Runs the same
commands as a person would, one after the other, in a workspace of its own, and prints JSON: counts of missing,
free and open cells; per label held-out accuracy and F1, seconds, and how right the proposals for the open cells are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score
from sqlalchemy import select

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from core.store import schema  # noqa: E402
from core.store.labels import label_id as find_label  # noqa: E402
from core.store.labels import labels as read_labels  # noqa: E402
from core.store.proposals import heldout_frame, latest_run  # noqa: E402
from core.workspace import Workspace  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--recipe", default="quick-cpu")
    parser.add_argument("--epochs", type=int, help="fewer or more than the recipe has")
    parser.add_argument("--label", action="append", help="labels to train, in this order (default: mask, distancing)")
    parser.add_argument("--rule", action="append", help='default: "5k = mask and distancing"')
    parser.add_argument("--workspace", type=Path, help="keep the workspace here")
    args = parser.parse_args()
    trained = args.label or ["mask", "distancing"]
    rules = args.rule or ["5k = mask and distancing"]
    root = args.workspace or Path(tempfile.mkdtemp(prefix="gapwise-")) / "workspace"
    truth = pd.read_csv(args.dir / "truth.csv", dtype=str).set_index("fname")
    names = [c for c in truth.columns if c != "image_id"]

    seconds = {}
    labels = [word for name in names for word in ("--label", name)]
    ruled = [word for rule in rules for word in ("--rule", rule)]
    table, images = str(args.dir / "train_meta.csv"), str(args.dir / "images")
    seconds["import"] = core(root, "import", "--table", table, "--images", images, *labels, *ruled, "--yes")[1]
    missing = json.loads(core(root, "missing", "--json")[0])
    seconds["derive"] = core(root, "derive")[1]
    changed = [] if args.epochs is None else ["--epochs", str(args.epochs)]
    for name in trained:
        seconds[f"train {name}"] = core(root, "train", "--label", name, "--recipe", args.recipe, *changed)[1]

    ws = Workspace.open(root)
    figures = {name: measure(ws, name, truth) for name in trained}
    result = {
        "recipe": args.recipe,
        "epochs": args.epochs or "as the recipe says",
        "rows": missing["rows"],
        "missing": missing["missing"],
        "cells": missing["cells"],
        "seconds": {k: round(v, 1) for k, v in seconds.items()},
        "labels": figures,
    }
    print(json.dumps(result, indent=2))


def core(root: Path, verb: str, *arguments: str) -> tuple[str, float]:
    """Run a verb; return what it printed and its seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "core", verb, *arguments, "--workspace", str(root)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout, time.perf_counter() - started


def measure(ws: Workspace, name: str, truth: pd.DataFrame) -> dict[str, float]:
    """Return accuracy and F1 on held-out cells and on the hidden truth of the open ones."""
    with ws.read() as connection:
        label_id = find_label(connection, name)
        label = read_labels(connection)[label_id]
        run_id = latest_run(connection, label_id)
        heldout = heldout_frame(connection, run_id)
        p, i = schema.proposal.c, schema.image.c
        query = select(i.fname, p.value, p.confidence).join(schema.image, i.id == p.image_id)
        rows = connection.execute(query.where(p.run_id == run_id, p.label_id == label_id, p.heldout == 0)).all()
    right = np.array([label.code(truth.at[r.fname, name]) for r in rows])
    said, sure = np.array([r.value for r in rows]), np.array([r.confidence for r in rows])
    confident = sure >= 0.9
    return {
        "heldout_images": len(heldout),
        "heldout_accuracy": round(accuracy_score(heldout["truth"], heldout["value"]), 4),
        "heldout_f1": round(f1_score(heldout["truth"], heldout["value"], average=_average(label)), 4),
        "hidden_cells": len(rows),
        "hidden_accuracy": round(accuracy_score(right, said), 4),
        "hidden_f1": round(f1_score(right, said, average=_average(label)), 4),
        "share_with_confidence_over_0.9": round(float(confident.mean()), 4),
        "right_of_those": round(float((right == said)[confident].mean()), 4) if confident.any() else None,
    }


def _average(label) -> str:
    return "binary" if label.binary else "macro"


if __name__ == "__main__":
    main()
