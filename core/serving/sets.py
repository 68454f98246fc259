"""The map of a set as a browser takes it: all points and what they are coloured by, as arrays, once.

100,000 points are 2 MB, 1 MB packed; as JSON with the page's own messages they would come with every run of its script.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from sqlalchemy import Connection, select

from core.errors import GapwiseError
from core.hard.set_file import set_columns, set_map
from core.serving.token import Token
from core.serving.workspaces import open_workspace
from core.store import schema
from core.store.labels import labels as read_labels
from core.store.profiles import SOURCES
from core.store.runs import run as run_row
from core.workspace import Workspace

KINDS = ("int32", "int16", "int8", "float32")  # of arrays, as main.js knows them


def packed_set(token: Token, run_id: int, version: str) -> bytes:
    """Return a run's map, gzipped: a head (its length as uint32, then JSON), arrays, names of files.

    Args:
        version: Changes with whatever is in it; the same one is packed once.

    Raises:
        GapwiseError: If there is no such run, or it has no map.
    """
    return _packed(open_workspace(token.workspace), run_id, version)


@lru_cache(maxsize=4)
def _packed(ws: Workspace, run_id: int, version: str) -> bytes:
    found = set_map(ws, run_id)
    if found is None:
        raise GapwiseError(f"Run {run_id} has no map of the set yet; `python -m core embed {run_id}` makes it.")
    with ws.read() as connection:
        label_id = run_row(connection, run_id).label_id
        label = read_labels(connection)[label_id]
        columns = set_columns(connection, label_id, run_id, found.image_ids)
        names = _names(connection, found.image_ids)
    place = _unit(found.xy)
    arrays = {"ids": found.image_ids.astype("<i4"), "x": place[:, 0], "y": place[:, 1], **columns}
    head = {"classes": list(label.names), "sources": list(SOURCES)}
    return gzip.compress(framed(head, arrays, names), compresslevel=1)


def _names(connection: Connection, image_ids: np.ndarray) -> list[str]:
    """Return file names, "" of an image that is gone."""
    if not len(image_ids):
        return []
    # Nearly all images are on a map: all from the first to the last are read in a third of the time of asking for each.
    here = _I.id.between(int(image_ids[0]), int(image_ids[-1]))
    found = dict(connection.execute(select(_I.id, _I.fname).where(here)).all())
    return [found.get(int(i), "") for i in image_ids]


def framed(head: Mapping[str, object], arrays: Mapping[str, np.ndarray], names: list[str]) -> bytes:
    """Return head, arrays and names as one message; each array begins at a multiple of four bytes, as JavaScript wants.

    Raises:
        ValueError: If an array is of another kind than KINDS.
    """
    kinds = [(name, values.dtype.newbyteorder("=").name) for name, values in arrays.items()]
    if odd := [kind for _, kind in kinds if kind not in KINDS]:
        raise ValueError(f"arrays are of {', '.join(KINDS)}; {odd[0]} arrived")
    count = len(next(iter(arrays.values())))
    text = json.dumps({**head, "count": count, "arrays": kinds}).encode()
    text += b" " * (-len(text) % 4)
    blobs = [values.astype(values.dtype.newbyteorder("<")).tobytes() for values in arrays.values()]
    blobs = [blob + b"\0" * (-len(blob) % 4) for blob in blobs]
    lines = "\n".join(name.replace("\n", " ") for name in names).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *blobs, lines])


def _unit(xy: np.ndarray) -> np.ndarray:
    """Return (N, 2) float32 in 0..1, each axis by itself: what it means is who lies beside whom."""
    low = xy.min(axis=0, initial=0) if not len(xy) else xy.min(axis=0)
    span = np.ptp(xy, axis=0) if len(xy) else np.ones(2)
    return np.ascontiguousarray((xy - low) / np.where(span > 0, span, 1), dtype=np.float32)


_I = schema.image.c
