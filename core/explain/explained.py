"""Maps of many images from one loaded network, as answers that can be stored. Imports torch: for workers only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from core.errors import GapwiseError
from core.explain.asking import Answer, Way
from core.explain.engine import Explainer, explainer
from core.explain.networks import Explained
from core.explain.room import Relief
from core.explain.targets import TRUE, Target, parse
from core.explain.trust import trust
from core.pseudo.calibrate import probabilities


@contextmanager
def opened(network: Explained, way: Way, relieve: Relief | None = None) -> Iterator[Explainer]:
    """Hold a network for one way of making maps; many batches can be made inside.

    Args:
        relieve: Frees what else takes memory, see `core.explain.engine.explainer`.

    Raises:
        GapwiseError: If it has no such layer, or none that can be chosen.
    """
    layer = network.layer(way.layer)
    with explainer(network.network.model, layer, way.method, way.smooth, relieve=relieve) as explain:
        yield explain


def explain_batch(
    explain: Explainer, network: Explained, way: Way, pictures: Mapping[int, np.ndarray], targets: Mapping[int, str]
) -> dict[int, Answer | str]:
    """Return for each image its map, or why there is none.

    Args:
        pictures: By image id, (H, W, 3) uint8, all of the network's size.
        targets: By image id, as `known_target` gives them.
    """
    ids = list(pictures)
    try:
        return dict(zip(ids, _answers(explain, network, way, ids, pictures, targets), strict=True))
    except GapwiseError as error:
        if len(ids) == 1:
            return {ids[0]: str(error)}
    # One of them is at fault, a target that can't be had of it for example: the others need not go without.
    found: dict[int, Answer | str] = {}
    for i in ids:
        found |= explain_batch(explain, network, way, {i: pictures[i]}, targets)
    return found


def known_target(text: str, classes: int, truth: int | None) -> str:
    """Return a target in which the true class is a code, as the engine takes it.

    Raises:
        GapwiseError: If it is none for so many classes, or nobody knows the true class.
    """
    target = parse(text, classes)
    if not target.needs_truth:
        return target.text
    if truth is None:
        Target(TRUE).resolve(-1, None)
    return "-".join(str(truth) if term == TRUE else term for term in target.terms)


def _answers(
    explain: Explainer,
    network: Explained,
    way: Way,
    ids: Sequence[int],
    pictures: Mapping[int, np.ndarray],
    targets: Mapping[int, str],
) -> Iterator[Answer]:
    batch = torch.from_numpy(np.stack([pictures[i] for i in ids])).permute(0, 3, 1, 2)  # (B, 3, H, W)
    batch = network.network.normalize(batch)
    found = explain(batch, [targets[i] for i in ids])
    probs = probabilities(found.logits, network.temperature)  # (B, C)
    told = [None] * len(ids)
    if way.trust:
        trusts = trust(explain, batch, found.resolved, found.maps, temperature=network.temperature)
        told = [t.as_dict() for t in trusts]
    for i, cam, p, resolved, t in zip(ids, found.cells, probs, found.resolved, told, strict=True):
        yield Answer(
            image_id=i,
            height=cam.shape[0],
            width=cam.shape[1],
            map=cam.tobytes(),
            resolved=resolved,
            probs=[round(float(x), 6) for x in p],
            layer=explain.layer,
            trust=t,
            stored=False,
            predicted=int(p.argmax()),
            weights=network.weights,
        )
