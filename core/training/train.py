"""A whole training: data, run folder, loop, predictions. Imports torch: for worker processes only."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
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
from core.store.cells import TRUSTED
from core.store.labels import label_id as find_label
from core.store.labels import labels
from core.training.batches import own_normalization, seed_all
from core.training.device import describe
from core.training.foretell import foretold
from core.training.loop import Trainer
from core.training.optim import make_optimizer
from core.training.pictures import Pictures
from core.training.processes import precision
from core.training.recipe import Recipe
from core.training.rundir import Known, RunDir, fingerprint, versions
from core.training.split import split
from core.workspace import Workspace

log = logging.getLogger("gapwise")


@dataclass(frozen=True)
class Order:
    """What to train.

    Attributes:
        sources: Whose values to learn from; held-out cells are never pseudo-labels.
        predict: Whether the open cells are predicted at the end.
        sweep: Which trial of which sweep this is: {"id": job, "trial": number, "values": settings}; None for none.
        trackers: Of `core.training.trackers.TRACKERS`, which follow the run.
    """

    label: str
    recipe_name: str
    recipe: Recipe
    sources: tuple[str, ...] = TRUSTED
    predict: bool = True
    sweep: Mapping[str, object] | None = None
    trackers: tuple[str, ...] = ()


def train(ws: Workspace, order: Order, reporter: Reporter, job_id: int | None = None, run_id: int | None = None) -> str:
    """Train a label, then predict its open cells; return one line that says what came out.

    Args:
        run_id: A run to go on with: its own recipe and data are used, and `order` only names what was asked for.

    Raises:
        GapwiseError: For everything that a person can do something about.
    """
    with full_disk_told():
        model = None
        if run_id is None:
            prepared = _prepare(ws, order, reporter, job_id)
            if prepared is None:
                return "Stopped before training began."
            run_id, model = prepared
        work = trainer(ws, run_id, reporter, model)
        if work is None:
            return "Stopped before training began."
        position = work.fit(reporter)
        result = result_line(run_id, position.best, position.epoch, position.seconds, len(work.heldout))
        if not position.over:
            return f"Stopped in epoch {position.epoch + 1} of {work.recipe.epochs}. {result}"
        if not order.predict:
            return result
        count = predict(ws, run_id, reporter)
    return f"{result} {count} open cells have a proposal."


def prepare(ws: Workspace, order: Order, reporter: Reporter, job_id: int | None = None) -> int | None:
    """Choose the data, decode the pictures, make the run and its folder; return the run's id, None when stopped.

    One process does this; any number of them then make a `trainer` of it.

    Raises:
        GapwiseError: For everything that a person can do something about.
    """
    prepared = _prepare(ws, order, reporter, job_id)
    return prepared and prepared[0]


def _prepare(ws: Workspace, order: Order, reporter: Reporter, job_id: int | None) -> tuple[int, nn.Module] | None:
    with ws.read() as connection:
        label_id = find_label(connection, order.label)
        label = labels(connection)[label_id]
    recipe = order.recipe
    reporter.progress(0, recipe.epochs, "Building the network")
    precision(recipe)
    model = _build(recipe, len(label.classes))
    make_optimizer(model, recipe)  # a wrong name is told now, not after the pictures are decoded
    with ws.write() as connection:
        parts = split(connection, label_id, label, order.sources)
    train_cells, heldout = _known(parts.train), _known(parts.heldout)
    pictures = _pictures(ws, recipe, train_cells, heldout, reporter)
    if reporter.should_stop():
        return None
    train_cells, heldout = (_readable(label.name, pictures, cells) for cells in (train_cells, heldout))
    mean, std = _normalization(recipe, model, pictures[recipe.pixels], [k.image_id for k in train_cells])
    facts = _facts(order, label, train_cells, heldout, mean, std)
    return _create_run(ws, label_id, order, facts, (train_cells, heldout), job_id), model


def trainer(ws: Workspace, run_id: int, reporter: Reporter, model: nn.Module | None = None) -> Trainer | None:
    """Return what trains a prepared run, from its folder alone; None when stopped.

    Neither reads nor writes the database but for one thing: the best metrics are noted there by the main process.

    Args:
        model: The network with its first weights, where it is at hand; else it is built again, alike.
    """
    folder = RunDir(ws.run_dir(run_id))
    recipe, facts = folder.recipe(), folder.facts()
    train_cells, heldout = folder.data()
    # After the first checkpoint the first weights are there; before it, the recipe's are asked for again.
    model = model or _build(recipe, len(facts["classes"]))
    pictures = _pictures(ws, recipe, train_cells, heldout, reporter)
    if reporter.should_stop():
        return None
    train_cells, heldout = (_readable(facts["label"], pictures, cells) for cells in (train_cells, heldout))

    def on_best(metrics: dict) -> None:
        with ws.write() as connection:
            runs.set_metrics(connection, run_id, metrics)

    if int(os.environ.get("RANK", "0")) == 0:
        log.info("%s", foretold(recipe, len(facts["classes"]), int(os.environ.get("WORLD_SIZE", "1"))))
    normalization = facts["mean"], facts["std"]
    return Trainer(folder, recipe, model, pictures, train_cells, heldout, normalization, on_best)


def _build(recipe: Recipe, classes: int) -> nn.Module:
    seed_all(recipe.seed)  # first weights
    drop_path = max(r.drop_path for _, r in recipe.phases)
    return build(
        recipe.model, classes, recipe.weights, recipe.width, recipe.depth, recipe.dropout, drop_path, recipe.pixels
    )


def _normalization(
    recipe: Recipe, model: nn.Module, pictures: Pictures, ids: Sequence[int]
) -> tuple[list[float], list[float]]:
    theirs = normalization(model)
    if recipe.normalization == "weights" and theirs is None:
        raise GapwiseError(f"{recipe.model} does not say what its weights want pictures brought to. Choose own.")
    if recipe.normalization == "weights" or (recipe.normalization == "auto" and recipe.weights != "random"):
        return theirs or own_normalization(pictures, ids, recipe.grey)
    return own_normalization(pictures, ids, recipe.grey)


def _pictures(
    ws: Workspace, recipe: Recipe, train_cells: Sequence[Known], heldout: Sequence[Known], reporter: Reporter
) -> dict[tuple[int, int], Pictures]:
    """Return the pictures at each stage's size; what can't be decoded at one can't at any."""
    paths = {k.image_id: k.path for k in (*train_cells, *heldout)}
    found = {stage.pixels: Pictures(ws, paths, stage.pixels) for _, stage in recipe.phases}
    for pictures in found.values():
        pictures.prepare(reporter)
    return found


def _known(rows: Sequence) -> list[Known]:
    return [Known(r.image_id, r.value, r.digest, r.path) for r in rows]


def _readable(label: str, pictures: Mapping[tuple[int, int], Pictures], cells: list[Known]) -> list[Known]:
    failed = {image_id: problem for each in pictures.values() for image_id, problem in each.failed.items()}
    for cell in cells:
        if cell.image_id in failed:
            log.info("left out, image %d: %s", cell.image_id, failed[cell.image_id])
    kept = [k for k in cells if k.image_id not in failed]
    if not kept:
        raise GapwiseError(
            f"None of the {len(cells)} pictures for label {label!r} can be read any more, for example"
            f" {cells[0].path}: {failed[cells[0].image_id]} Put the image folder back where it was."
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
        **({"sweep": dict(order.sweep)} if order.sweep else {}),
        **({"trackers": list(order.trackers)} if order.trackers else {}),
    }


def _create_run(
    ws: Workspace, label_id: int, order: Order, facts: dict, cells: tuple[list[Known], list[Known]], job_id: int | None
) -> int:
    """Make a run and its folder, both or none: a job that is resumed must not find half of one."""
    config = {"settings": order.recipe.model_dump(mode="json"), **facts}
    with RunDir.draft(ws.run_dir(0).parent) as draft:
        draft.create(order.recipe, facts, *cells)  # the long part, before the database is locked
        with ws.write() as connection:
            run_id = runs.add_run(connection, label_id, order.recipe_name, config, job_id)
            draft.write_facts({"run": run_id, **facts})
            draft.move(ws.run_dir(run_id))
            if job_id is not None:  # so that a resumed job finds its run
                connection.execute(update(schema.job).where(schema.job.c.id == job_id).values(run_id=run_id))
    return run_id


def result_line(run_id: int, best: Mapping, epochs: int, seconds: float, heldout: int) -> str:
    """Return one line that says what came out of a run so far."""
    if not best:
        return f"Run {run_id} has no measured epoch yet: resume it to go on."
    return (
        f"Run {run_id}: accuracy {best['accuracy']:.3f}, F1 {best['f1']:.3f} on {heldout} held-out images"
        f" (epoch {best['epoch']}, the best of {epochs}; {seconds:.0f} s)."
    )


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Say a full disk in words that help."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise GapwiseError(
            "The disk is full. Free some space, then resume: the best and the latest checkpoint are kept."
        ) from error
