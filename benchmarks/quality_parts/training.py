"""A trained workspace for one seed, made with the commands that a person would type, within a budget of seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from core.labels.deduce import OPEN, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.store import missing, runs
from core.store.cells import rule_set
from core.store.labels import label_id as find_label
from core.store.labels import labels as read_labels
from core.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
MOST_COMBINATIONS = 4096  # of other labels' classes, to see whether they say what a label is
MOST_EPOCHS = 100


@dataclass(frozen=True)
class Trained:
    """What one seed's trainings were.

    Attributes:
        labels: Those that have a model.
        seconds: Of all trainings together, predictions and the first epoch that measured the machine included.
    """

    labels: tuple[str, ...]
    epochs: int
    seconds: float
    heldout: dict[str, dict[str, float]]


def prepared(
    source: Path, root: Path, names: Sequence[str], rules: Sequence[str], recipe: str, seed: int, seconds: float
) -> Trained:
    """Return a workspace's trainings; what was done before in the same folder is not done again."""
    notes = root / "benchmark.json"
    if notes.is_file():
        return Trained(**json.loads(notes.read_text()))
    options = [word for name in names for word in ("--label", name)]
    options += [word for rule in rules for word in ("--rule", rule)]
    table, images = str(source / "train_meta.csv"), str(source / "images")
    core(root, "import", "--table", table, "--images", images, *options, "--yes")
    core(root, "derive")
    chosen = to_train(Workspace.open(root))
    epochs, spent = _epochs(root, chosen, recipe, seed, seconds)
    began = time.perf_counter()
    for name in chosen:
        core(root, "train", "--label", name, "--recipe", recipe, "--epochs", str(epochs), "--seed", str(seed))
    found = Trained(tuple(chosen), epochs, round(spent + time.perf_counter() - began, 1), _heldout(root, chosen))
    notes.write_text(json.dumps(asdict(found)))
    return found


def retrain(root: Path, trained: Trained, recipe: str, seed: int) -> float:
    """Train all labels again on what is known now; return the seconds it took."""
    began = time.perf_counter()
    for name in trained.labels:
        core(root, "train", "--label", name, "--recipe", recipe, "--epochs", str(trained.epochs), "--seed", str(seed))
    return time.perf_counter() - began


def to_train(ws: Workspace) -> list[str]:
    """Return the labels that need a model, fewest gaps first: those with open cells that others don't define.

    A label like `5k = mask and distancing` follows as soon as the others are there. Of labels that define each other
    the one with the most gaps goes without.
    """
    with ws.read() as connection:
        rules, report = rule_set(connection), missing.report(connection)
    gaps = [report.by_label[label.name]["open"] for label in rules.labels]
    wanted = [j for j, count in enumerate(gaps) if count]
    for j in sorted(wanted, key=lambda j: -report.missing[rules.labels[j].name]):
        if _defined(j, [k for k in wanted if k != j] + [k for k, n in enumerate(gaps) if not n], rules):
            wanted.remove(j)
    return [rules.labels[j].name for j in sorted(wanted, key=lambda j: report.missing[rules.labels[j].name])]


def _defined(label: int, by: Sequence[int], rules: RuleSet) -> bool:
    """Whether some labels' classes always settle another's."""
    tied = [j for j in rules.around(label)[0] if j in by]
    sizes = [len(rules.labels[j].classes) for j in tied]
    if not tied or prod(sizes) > MOST_COMBINATIONS:
        return False
    rows = np.full((prod(sizes), len(rules.labels)), MISSING)
    rows[:, tied] = list(product(*map(range, sizes)))
    return not (deduce(rows, rules).state[:, label] == OPEN).any()


def _epochs(root: Path, names: Sequence[str], recipe: str, seed: int, seconds: float) -> tuple[int, float]:
    """Return how many epochs of every label fit into a budget, by one epoch of the first, and what that took."""
    began = time.perf_counter()
    core(root, "train", "--label", names[0], "--recipe", recipe, "--epochs", "1", "--seed", str(seed))
    spent = time.perf_counter() - began
    ws = Workspace.open(root)
    with ws.read() as connection:
        run = runs.list_runs(connection)[0]
        known = {name: len(_known(ws, find_label(connection, name))) for name in names}
    one = float(runs.metrics_frame(ws, run.id)["seconds"].sum())
    ws.engine.dispose()
    core(root, "jobs", "delete", str(run.job_id), "--with-run")
    each = sum(one * known[name] / max(1, known[names[0]]) for name in names)
    left = seconds - spent - len(names) * max(0.0, spent - one)  # start and predictions, as often as there are labels
    return int(np.clip(left // each, 1, MOST_EPOCHS)), spent


def _known(ws: Workspace, label_id: int) -> list[int]:
    from core.store import cells

    with ws.read() as connection:
        return [row.image_id for row in cells.known(connection, label_id, cells.TRUSTED)]


def _heldout(root: Path, names: Sequence[str]) -> dict[str, dict[str, float]]:
    ws = Workspace.open(root)
    with ws.read() as connection:
        labels = {label.name: label_id for label_id, label in read_labels(connection).items()}
        newest = {name: runs.list_runs(connection, labels[name])[0] for name in names}
        return {name: {k: float(run.metrics[k]) for k in ("accuracy", "f1")} for name, run in newest.items()}


def core(root: Path, verb: str, *arguments: str) -> str:
    """Run a verb; return what it printed."""
    command = [sys.executable, "-m", "core", verb, *arguments, "--workspace", str(root)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout
