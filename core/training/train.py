"""A whole training: data, run folder, loop, predictions. Imports torch: for worker processes only."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sklearn.model_selection  # noqa: F401  a second's import: here, not while the split holds the write lock
from sqlalchemy import update
from torch import nn

from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.labels.label import Label
from core.models.zoo import build, normalization
from core.pseudo.predict import predict
from core.store import runs, schema
from core.store.labels import label_id as find_label
from core.store.labels import labels
from core.training.batches import own_normalization, seed_all
from core.training.checkpoint import Position
from core.training.device import describe
from core.training.loop import Trainer
from core.training.optim import make_optimizer
from core.training.pictures import Pictures
from core.training.recipe import Recipe
from core.training.rundir import Known, RunDir, fingerprint, versions
from core.training.split import split
from core.workspace import Workspace

log = logging.getLogger("gapwise")

TRUSTED = ("given", "human", "derived")


@dataclass(frozen=True)
class Order:
    """What to train.

    Attributes:
        sources: Whose values to learn from; held-out cells are never pseudo-labels.
    """

    label: str
    recipe_name: str
    recipe: Recipe
    sources: tuple[str, ...] = TRUSTED


def train(ws: Workspace, order: Order, reporter: Reporter, job_id: int | None = None, run_id: int | None = None) -> str:
    """Train a label, then predict its open cells; return one line that says what came out.

    Args:
        run_id: A run to go on with: its own recipe and data are used, and `order` only names what was asked for.

    Raises:
        GapwiseError: For everything that a person can do something about.
    """
    with _full_disk_told():
        if run_id is None:
            trainer, run_id = _begin(ws, order, reporter, job_id)
        else:
            trainer = _go_on(ws, run_id, reporter)
        if trainer is None:
            return "Stopped before training began."
        position = trainer.fit(reporter)
        result = _result(run_id, position, len(trainer.heldout))
        if not position.over:
            return f"Stopped in epoch {position.epoch + 1} of {trainer.recipe.epochs}. {result}"
        count = predict(ws, run_id, reporter)
    return f"{result} {count} open cells have a proposal."


def _begin(ws: Workspace, order: Order, reporter: Reporter, job_id: int | None) -> tuple[Trainer | None, int | None]:
    with ws.read() as connection:
        label_id = find_label(connection, order.label)
        label = labels(connection)[label_id]
    recipe = order.recipe
    reporter.progress(0, recipe.epochs, "Building the network")
    model = _build(recipe, label, recipe.weights)
    make_optimizer(model, recipe)  # a wrong name is told now, not after the pictures are decoded
    with ws.write() as connection:
        parts = split(connection, label_id, label, order.sources)
    train_cells, heldout = _known(parts.train), _known(parts.heldout)
    pictures = _pictures(ws, recipe, train_cells, heldout, reporter)
    if reporter.should_stop():
        return None, None
    train_cells, heldout = _readable(label, pictures, train_cells), _readable(label, pictures, heldout)
    mean, std = (recipe.weights != "random" and normalization(model)) or own_normalization(
        pictures, [k.image_id for k in train_cells]
    )
    facts = _facts(order, label, train_cells, heldout, mean, std)
    run_id = _create_run(ws, label_id, order, facts, job_id)
    folder = RunDir(ws.run_dir(run_id))
    folder.create(recipe, {"run": run_id, **facts}, train_cells, heldout)
    return _trainer(ws, run_id, folder, recipe, model, pictures, train_cells, heldout, (mean, std)), run_id


def _go_on(ws: Workspace, run_id: int, reporter: Reporter) -> Trainer | None:
    with ws.read() as connection:
        label = labels(connection)[runs.run(connection, run_id).label_id]
    folder = RunDir(ws.run_dir(run_id))
    recipe, facts = folder.recipe(), folder.facts()
    train_cells, heldout = folder.data()
    # The first weights are in the checkpoint; before the first checkpoint, the recipe's are asked for again.
    model = _build(recipe, label, recipe.weights)
    pictures = _pictures(ws, recipe, train_cells, heldout, reporter)
    if reporter.should_stop():
        return None
    train_cells, heldout = _readable(label, pictures, train_cells), _readable(label, pictures, heldout)
    return _trainer(ws, run_id, folder, recipe, model, pictures, train_cells, heldout, (facts["mean"], facts["std"]))


def _trainer(
    ws: Workspace, run_id: int, folder: RunDir, recipe: Recipe, model: nn.Module, pictures: Pictures,
    train_cells: Sequence[Known], heldout: Sequence[Known], mean_std: tuple[list[float], list[float]],
) -> Trainer:  # fmt: skip
    def on_best(metrics: dict) -> None:
        with ws.write() as connection:
            runs.set_metrics(connection, run_id, metrics)

    return Trainer(folder, recipe, model, pictures, train_cells, heldout, mean_std, on_best)


def _build(recipe: Recipe, label: Label, weights: str) -> nn.Module:
    seed_all(recipe.seed)  # first weights
    return build(
        recipe.model,
        len(label.classes),
        weights,
        recipe.width,
        recipe.depth,
        recipe.dropout,
        recipe.drop_path,
        recipe.pixels,
    )


def _pictures(
    ws: Workspace, recipe: Recipe, train_cells: Sequence[Known], heldout: Sequence[Known], reporter: Reporter
) -> Pictures:
    pictures = Pictures(ws, {k.image_id: k.path for k in (*train_cells, *heldout)}, recipe.pixels)
    pictures.prepare(reporter)
    return pictures


def _known(rows: Sequence) -> list[Known]:
    return [Known(r.image_id, r.value, r.digest, r.path) for r in rows]


def _readable(label: Label, pictures: Pictures, cells: list[Known]) -> list[Known]:
    for cell in cells:
        if cell.image_id in pictures.failed:
            log.info("left out, image %d: %s", cell.image_id, pictures.failed[cell.image_id])
    kept = [k for k in cells if k.image_id not in pictures.failed]
    if not kept:
        raise GapwiseError(
            f"None of the {len(cells)} pictures for label {label.name!r} can be read any more, for example"
            f" {cells[0].path}: {pictures.failed[cells[0].image_id]} Put the image folder back where it was."
        )
    return kept


def _facts(
    order: Order, label: Label, train_cells: list[Known], heldout: list[Known], mean: list[float], std: list[float]
) -> dict:
    def count(cells: list[Known]) -> dict[str, int]:
        return {name: sum(k.value == code for k in cells) for code, name in enumerate(label.classes)}

    return {
        "label": label.name,
        "classes": list(label.classes),
        "names": list(label.names),
        "recipe": order.recipe_name,
        "seed": order.recipe.seed,
        "sources": list(order.sources),
        "train": count(train_cells),
        "heldout": count(heldout),
        "data": fingerprint(train_cells, heldout),
        "mean": mean,
        "std": std,
        "device": describe(),
        "versions": versions(),
    }


def _create_run(ws: Workspace, label_id: int, order: Order, facts: dict, job_id: int | None) -> int:
    config = {"settings": order.recipe.model_dump(mode="json"), **facts}
    with ws.write() as connection:
        run_id = runs.add_run(connection, label_id, order.recipe_name, config, job_id)
        if job_id is not None:  # so that a resumed job finds its run
            connection.execute(update(schema.job).where(schema.job.c.id == job_id).values(run_id=run_id))
    return run_id


def _result(run_id: int, position: Position, heldout: int) -> str:
    best = position.best
    if not best:
        return f"Run {run_id} has no measured epoch yet: resume it to go on."
    return (
        f"Run {run_id}: accuracy {best['accuracy']:.3f}, F1 {best['f1']:.3f} on {heldout} held-out images"
        f" (epoch {best['epoch']}, the best of {position.epoch}; {position.seconds:.0f} s)."
    )


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise GapwiseError(
            "The disk is full. Free some space, then resume: the best and the latest checkpoint are kept."
        ) from error
