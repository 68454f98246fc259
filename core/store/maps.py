"""Activation maps that were asked for: stored at feature resolution, some hundred bytes each, with what they explain.

A map belongs to the weights that it was made with. One of an older checkpoint is never found, and replaced by the next
one that is made for the same thing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, delete, func, select

from core.store import schema
from core.store.map_schema import VERDICT, activation_map
from core.store.profiles import parts
from core.store.proposals import own_value
from core.store.upsert import upsert

_M, _P, _C = activation_map.c, schema.proposal.c, schema.cell.c
_JUDGED = _M.trust["test"].as_integer() == VERDICT
_KEYS = ("run_id", "image_id", "method", "layer", "target", "smooth")


@dataclass(frozen=True)
class Wanted:
    """Which maps of a run are looked for.

    Attributes:
        checkpoint: SHA-256 of the weights; maps of others don't count.
        layer: A module's name; None for the one that is chosen where nobody names one.
        trust: Whether only those count that say whether they can be trusted, by the present test.
    """

    run_id: int
    checkpoint: str
    method: str
    layer: str | None
    smooth: str
    trust: bool = False


def put(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Store maps, columns as in `activation_map` without `id` and `created`; those made for the same are replaced.

    Maps that the same run made of these images with other weights go: nobody finds them any more.
    """
    now = time.time()
    rows = [{**row, "created": now} for row in rows]
    for run_id, checkpoint in {(row["run_id"], row["checkpoint"]) for row in rows}:
        images = [row["image_id"] for row in rows if row["run_id"] == run_id]
        old = delete(activation_map).where(_M.run_id == run_id, _M.checkpoint != checkpoint)
        for part in parts(images):
            connection.execute(old.where(_M.image_id.in_(part)))
    upsert(connection, activation_map, rows, _KEYS)


def find(connection: Connection, wanted: Wanted, image_id: int, target: str) -> Row | None:
    """Return an image's stored map of a target in class codes, or None."""
    query = _matching(select(activation_map), wanted).where(_M.image_id == image_id, _M.target == target)
    return connection.execute(query.order_by(_M.id.desc()).limit(1)).first()


def there(connection: Connection, wanted: Wanted) -> Iterator[Row]:
    """Yield (image_id, target, predicted) of all maps that there are already, whatever they explain."""
    return iter(connection.execute(_matching(select(_M.image_id, _M.target, _M.predicted), wanted)))


def judged(connection: Connection, wanted: Wanted, image_ids: Sequence[int]) -> list[Row]:
    """Return (image_id, target, trust) of these images' maps that were tested, whatever they explain."""
    query = _matching(select(_M.image_id, _M.target, _M.trust), wanted).where(_JUDGED)
    return [row for part in parts(image_ids) for row in connection.execute(query.where(_M.image_id.in_(part)))]


def predicted(connection: Connection, run_id: int, checkpoint: str, image_id: int) -> int | None:
    """Return the likeliest class that any map of the image has noted, None without one."""
    query = select(_M.predicted).where(_M.run_id == run_id, _M.image_id == image_id, _M.checkpoint == checkpoint)
    return connection.execute(query.limit(1)).scalar()


def own_map(connection: Connection, run_id: int, image_id: int) -> Row | None:
    """Return the map that came with a run's prediction of an image: predicted, probs, map, map_height, map_width.

    It is a Grad-CAM map of the predicted class, of the layer that is chosen where nobody names one. None without one.
    """
    query = select(own_value.label("predicted"), _P.probs, _P.map, _P.map_height, _P.map_width)
    return connection.execute(query.where(_P.run_id == run_id, _P.image_id == image_id, _P.map.is_not(None))).first()


def own_maps(connection: Connection, run_id: int) -> Iterator[tuple[int, int]]:
    """Yield image and predicted class of all predictions of a run that came with a map."""
    query = select(_P.image_id, own_value).where(_P.run_id == run_id, _P.map.is_not(None))
    return ((image_id, value) for image_id, value in connection.execute(query))


def truths(connection: Connection, label_id: int, image_ids: Sequence[int]) -> dict[int, int]:
    """Return the class codes of those images whose cell has a value."""
    query = select(_C.image_id, _C.value).where(_C.label_id == label_id, _C.value.is_not(None))
    return {i: value for i, value in connection.execute(query.where(_C.image_id.in_(image_ids)))}


def counts(connection: Connection, run_id: int | None = None) -> list[dict[str, object]]:
    """Return how many maps there are of each kind, in all or of one run.

    Returns:
        run_id, method, layer, smooth, checkpoint, maps, trusted (tell more than chance), doubted (do not), bytes.
    """
    kind = (_M.run_id, _M.method, _M.layer, _M.smooth, _M.checkpoint)
    columns = (
        func.count().label("maps"),
        func.count().filter(_M.holds == 1, _JUDGED).label("trusted"),
        func.count().filter(_M.holds == 0, _JUDGED).label("doubted"),
        func.sum(func.length(_M.map)).label("bytes"),
    )
    query = select(*kind, *columns).group_by(*kind).order_by(*kind)
    query = query if run_id is None else query.where(_M.run_id == run_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _matching(query: Select, wanted: Wanted) -> Select:
    layer = _M.chosen == 1 if wanted.layer is None else _M.layer == wanted.layer
    query = query.where(
        _M.run_id == wanted.run_id,
        _M.checkpoint == wanted.checkpoint,
        _M.method == wanted.method,
        _M.smooth == wanted.smooth,
        layer,
    )
    return query.where(_JUDGED) if wanted.trust else query
