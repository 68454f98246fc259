"""Makes the map of a set: every image placed by what a run's network makes of it. Imports torch: for workers only."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select

from core.errors import GapwiseError
from core.explain.networks import loaded
from core.hard import set_file
from core.hard.features import Features
from core.hard.nearest import nearest_known
from core.hard.projection import main_directions, tsne, two_dimensions
from core.hard.set_file import NEAR, SetMap
from core.jobs.reporter import Reporter
from core.labels.label import MISSING
from core.pseudo.network import Network
from core.store import schema
from core.store.runs import run as run_row
from core.training.pictures import Pictures
from core.training.rundir import RunDir
from core.workspace import Workspace

MOST = 100_000  # images, drawn at random from more: the map takes minutes then, and a browser still draws it fluently
FOLDER = "set"
_SEED = 0
_BLOCK = 8192


def embed(ws: Workspace, run_id: int, reporter: Reporter) -> str:
    """Make the map of the set with a run's best network, and store it in the run's folder; return what came out.

    All images are placed, also those that the run learned from or that have no value. What was computed before a stop
    is not computed again; a map that is there already is made anew.

    Raises:
        GapwiseError: If the run or its checkpoint is not there, no picture can be read, or openTSNE is missing.
    """
    with ws.read() as connection:
        row = run_row(connection, run_id)
        paths = dict(connection.execute(select(schema.image.c.id, schema.image.c.path)).all())
    tsne()  # before minutes of work are spent
    digest, network = loaded(RunDir(ws.run_dir(run_id)))
    drawn = np.random.default_rng(_SEED).permutation(sorted(paths))[:MOST]
    pictures = Pictures(ws, {int(i): paths[int(i)] for i in drawn}, network.size)
    pictures.prepare(reporter)
    ids = sorted(int(i) for i in drawn if int(i) not in pictures.failed)
    if reporter.should_stop():
        return "Stopped while the pictures were decoded; it goes on from there."
    if not ids:
        raise GapwiseError("None of the pictures can be read, so there is nothing to place.")
    made = _made(ws, row.label_id, run_id, ids, digest, network, pictures, reporter)
    if made is None:
        return "Stopped; what was computed is kept."
    set_file.write(ws, run_id, made)
    told = f"{len(ids):,} images are placed."
    if len(paths) > len(drawn):
        told = f"{len(ids):,} of {len(paths):,} images, drawn at random, are placed."
    return told + (f" {len(pictures.failed):,} can't be read." if pictures.failed else "")


def _made(
    ws: Workspace,
    label_id: int,
    run_id: int,
    ids: list[int],
    digest: str,
    network: Network,
    pictures: Pictures,
    reporter: Reporter,
) -> SetMap | None:
    kept = Features(ws.run_dir(run_id) / FOLDER, ids, digest)
    if not kept.fill(network, pictures, reporter):
        return None
    features, tiny = kept.read()
    reporter.progress(0, 1, "Finding the main directions")
    points = main_directions(features)
    with ws.read() as connection:
        value, _ = set_file.label_values(connection, label_id, np.array(ids))
    found = nearest_known(points, np.flatnonzero(value != MISSING), NEAR, reporter, network.normalize.device)
    if found is None:
        return None
    near, cosine = found
    xy = two_dimensions(points, reporter)
    if xy is None:
        return None
    image_ids = np.array(ids, np.int32)
    near_ids = np.where(near >= 0, image_ids[near], MISSING).astype(np.int32)
    made = SetMap(image_ids, xy, near_ids, cosine, _alike(tiny, near), digest)
    kept.remove()
    return made


def _alike(tiny: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return (N, K) float32, how alike each tiny picture and those at some rows are, 0 for no row."""
    found = np.zeros(near.shape, np.float32)
    for start in range(0, len(near), _BLOCK):
        here = slice(start, min(start + _BLOCK, len(near)))
        mine = tiny[here].astype(np.float32)
        for column in range(near.shape[1]):
            theirs = tiny[near[here, column].clip(min=0)].astype(np.float32)
            found[here, column] = (mine * theirs).sum(axis=1)
    return np.where(near >= 0, found, 0).clip(-1, 1)
