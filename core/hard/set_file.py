"""The map of the set as a run's folder keeps it: places, and the nearest known images. Read without torch.

Made by `core.hard.set_map` in a worker process; plain arrays only, so that reading it runs nothing.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from core.errors import GapwiseError
from core.explain.stored import checkpoint
from core.files import write_atomic
from core.hard import predictions
from core.labels.label import MISSING
from core.store import profiles
from core.workspace import Workspace

FILE = "set.npz"
NEAR = 5  # known images kept for each: more than the few that may lose their value later


@dataclass(frozen=True)
class SetMap:
    """Where the images of a label lie by what a run's network makes of them.

    Attributes:
        image_ids: (N,) int32, ascending.
        xy: (N, 2) float32, each axis centred, the farther one within -1..1.
        near: (N, K) int32, the nearest known images when it was made, nearest first, -1 for none.
        cosine: (N, K) float32, how alike the network finds them, -1..1.
        picture: (N, K) float32, how alike the pictures themselves are, made tiny, -1..1.
        digest: SHA-256 of the checkpoint that it was made with.
        current: Whether that is the run's checkpoint still.
    """

    image_ids: np.ndarray
    xy: np.ndarray
    near: np.ndarray
    cosine: np.ndarray
    picture: np.ndarray
    digest: str
    current: bool = True

    def __len__(self) -> int:
        return len(self.image_ids)


def set_map(ws: Workspace, run_id: int) -> SetMap | None:
    """Return the map of a run, None where it was not made yet (`python -m core embed RUN`).

    Raises:
        GapwiseError: If the file is broken.
    """
    path = ws.run_dir(run_id) / FILE
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    found = _read(path, stat.st_mtime_ns, stat.st_size)
    current = checkpoint_digest(ws, run_id) == found.digest
    return SetMap(**{**vars(found), "current": current})


def write(ws: Workspace, run_id: int, made: SetMap) -> None:
    """Store a map in its run's folder.

    Raises:
        OSError: If it can't be written.
    """
    content = BytesIO()
    arrays = {name: getattr(made, name) for name in ("image_ids", "xy", "near")}
    small = {name: getattr(made, name).astype(np.float16) for name in ("cosine", "picture")}
    np.savez(content, **arrays, **small, digest=np.frombuffer(made.digest.encode("ascii"), np.uint8))
    write_atomic(ws.run_dir(run_id) / FILE, content.getvalue())


def checkpoint_digest(ws: Workspace, run_id: int) -> str:
    """Return the SHA-256 of a run's checkpoint, "" where it has none."""
    try:
        return checkpoint(ws.run_dir(run_id))
    except GapwiseError:
        return ""


def set_columns(connection: Connection, label_id: int, run_id: int, image_ids: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the images of a map can be coloured by.

    Args:
        image_ids: (N,), ascending.

    Returns:
        (N,) arrays: `value` int16, the class that the label's cell has now, -1 none; `source` int8, index into
        `profiles.SOURCES`, -1 none; `predicted` int16, the class that the run says by itself, -1 none; `wrong` int8, 1
        wrong and 0 right on a known held-out cell, -1 not measured; `confidence` float32, NaN without a prediction.
    """
    image_ids = np.asarray(image_ids, np.int64)
    value, source = label_values(connection, label_id, image_ids)
    found = predictions.read(connection, run_id)
    at, here = places(found.image_ids, image_ids)
    predicted, wrong = np.full(len(image_ids), MISSING, np.int16), np.full(len(image_ids), -1, np.int8)
    confidence = np.full(len(image_ids), np.nan, np.float32)
    predicted[here], confidence[here] = found.value[at], found.confidence[at]
    wrong[here] = np.where(found.measured[at], found.value[at] != found.truth[at], -1)
    return {"value": value, "source": source, "predicted": predicted, "wrong": wrong, "confidence": confidence}


def label_values(connection: Connection, label_id: int, image_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) class codes of a label now, and (N,) where they came from; -1 none, also of images that are gone."""
    found = profiles.read(connection)
    column = found.label_ids.index(label_id)
    ids, profile_ids = profiles.by_image(connection)
    row = np.searchsorted(found.ids, profile_ids)
    value, source = np.full(len(image_ids), MISSING, np.int16), np.full(len(image_ids), MISSING, np.int8)
    at, here = places(ids, image_ids)
    value[here], source[here] = found.values[row[at], column], found.sources[row[at], column]
    return value, source


def places(ids: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the wanted ids that are there lie among ascending ids, and (N,) bool, which those are."""
    at = np.searchsorted(ids, wanted)
    here = at < len(ids)
    here[here] = ids[at[here]] == wanted[here]
    return at[here], here


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> SetMap:
    try:
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in ("image_ids", "xy", "near", "cosine", "picture")}
            digest = file["digest"].tobytes().decode("ascii")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _broken(path, str(error)) from error
    n, k = parts["near"].shape if parts["near"].ndim == 2 else (-1, 0)
    shapes = {"image_ids": (n,), "xy": (n, 2), "near": (n, k), "cosine": (n, k), "picture": (n, k)}
    kinds = {"image_ids": "i", "xy": "f", "near": "i", "cosine": "f", "picture": "f"}
    for name, part in parts.items():
        if part.shape != shapes[name] or part.dtype.kind != kinds[name] or not np.isfinite(part).all():
            raise _broken(path, f"{name} has shape {part.shape} of {part.dtype}")
    if (np.diff(parts["image_ids"]) <= 0).any():
        raise _broken(path, "its images are in no order")
    return SetMap(
        parts["image_ids"], parts["xy"].astype(np.float32), parts["near"],
        parts["cosine"].astype(np.float32), parts["picture"].astype(np.float32), digest,
    )  # fmt: skip


def _broken(path: Path, problem: str) -> GapwiseError:
    return GapwiseError(f"{path} can't be read ({problem[:100]}). Make the map anew: `python -m core embed RUN`.")
