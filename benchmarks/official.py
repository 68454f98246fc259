"""A data set with an official test part, as a workspace in which no training can see a test image. For benchmarks."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from core.importing.check import check
from core.importing.commit import commit
from core.importing.plan import ImportPlan, LabelPlan
from core.jobs.reporter import Silent
from core.pseudo.network import load_network
from core.store import schema
from core.store.labels import label_id
from core.store.upsert import upsert
from core.training.batches import plain_batches
from core.training.pictures import Pictures
from core.training.recipe import Recipe
from core.training.rundir import RunDir
from core.training.train import Order, prepare, trainer
from core.workspace import Workspace

LABEL = "label"
BATCH = 128
DONE = "official.done"  # without it, an import broke off half-way


@dataclass(frozen=True)
class OfficialSet:
    """Training and validation images are known cells of the workspace; test images are gaps that nothing fills.

    Attributes:
        test: (image id, path, class code) of the official test images.
    """

    ws: Workspace
    classes: tuple[str, ...]
    train: int
    validation: int
    test: tuple[tuple[int, str, int], ...]


def official_set(root: Path, folder: Path, train: int | None, validation: int) -> OfficialSet:
    """Make a workspace of a folder with train.csv and test.csv (columns fname, label); one that is there is taken.

    Args:
        train: Training images besides the validation ones, equally many of every class; None takes all.
        validation: Taken from the training images too: they choose the best epoch, so that the test images don't.
    """
    official = {part: _rows(folder / f"{part}.csv") for part in ("train", "test")}
    classes = tuple(sorted({label for _, label in official["train"]}))
    learned, held = _drawn(official["train"], classes, train, validation)
    again = (root / DONE).is_file()
    ws = Workspace.open(root) if again else Workspace.create(root)
    if not again:
        _import(ws, folder, [*learned, *held, *((fname, "") for fname, _ in official["test"])], classes)
    with ws.write() as connection:
        i = schema.image.c
        of = {row.fname: row for row in connection.execute(select(i.id, i.fname, i.path))}
        label = label_id(connection, LABEL)
        # The test images too: then no copy of one can be trained on.
        out = [{"label_id": label, "image_id": of[f].id} for f, _ in (*held, *official["test"])]
        upsert(connection, schema.holdout, out, ("label_id", "image_id"), update=())
    (root / DONE).touch()
    test = tuple((of[f].id, of[f].path, classes.index(c)) for f, c in official["test"])
    return OfficialSet(ws, classes, len(learned), len(held), test)


def trained(data: OfficialSet, name: str, recipe: Recipe) -> tuple[RunDir, int]:
    """Train a recipe through Gapwise's own loop; return its folder and how many images it learned from."""
    run_id = prepare(data.ws, Order(LABEL, name, recipe, predict=False), Silent())
    work = trainer(data.ws, run_id, Silent())
    work.fit(Silent())
    return RunDir(data.ws.run_dir(run_id)), len(work.train)


def test_logits(data: OfficialSet, run: RunDir) -> tuple[np.ndarray, np.ndarray]:
    """Return logits (N, C) of the run's best weights for the official test images, and the truth (N,)."""
    network = load_network(run)
    pictures = Pictures(data.ws, {i: path for i, path, _ in data.test}, network.size)
    pictures.prepare(Silent())
    found = [network.logits(b) for _, b in plain_batches(pictures, [i for i, *_ in data.test], BATCH)]
    return np.concatenate(found), np.array([code for *_, code in data.test])


def _rows(table: Path) -> list[tuple[str, str]]:
    with open(table, newline="", encoding="utf-8") as file:
        return [(row["fname"], row["label"]) for row in csv.DictReader(file)]


def _drawn(
    rows: Sequence[tuple[str, str]], classes: Sequence[str], train: int | None, validation: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return training and validation rows, drawn once with a seed of their own: the same for every run."""
    learned, held = [], []
    for number, name in enumerate(classes):
        own = [row for row in rows if row[1] == name]
        order = np.random.default_rng((0, number)).permutation(len(own))
        out = validation // len(classes)
        take = len(own) - out if train is None else train // len(classes)
        if take + out > len(own):
            raise SystemExit(f"Class {name} has {len(own)} training images; {take} and {out} were asked for.")
        held += [own[i] for i in order[:out]]
        learned += [own[i] for i in order[out : out + take]]
    return learned, held


def _import(ws: Workspace, folder: Path, rows: Sequence[tuple[str, str]], classes: Sequence[str]) -> None:
    table = ws.root / "official.csv"
    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("fname", LABEL))
        writer.writerows(rows)
    label = LabelPlan(name=LABEL, column=LABEL, classes=list(classes))
    plan = ImportPlan(table=str(table), images=str(folder.resolve()), filename="fname", labels=[label])
    report = check(plan)
    commit(ws, report.plan, report)
