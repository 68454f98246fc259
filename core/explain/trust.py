"""Whether a map can be trusted: what it marks is taken out of the picture, and the network asked again.

Two questions. Does the map find what the answer hangs on, better than chance? Chance is the same map at all other
places, turned and mirrored; what the answer hangs on is found with random halves of the picture taken out
(`core.explain.places`), filled in as ROAD does (Rong et al. 2022). And has the network learned anything that its answer
could hang on? The map of a network with random weights is a faithful picture of a meaningless answer, and passes the
first question quite often. After Adebayo et al. 2018 ("Sanity Checks for Saliency Maps") its last layer's weights are
shuffled: where the answer followed the picture no more than that, nothing was learned. ROAD's own score is told beside
that of RandomCAM. Imports torch: for worker processes only.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.explain import sentences as words
from core.explain.engine import Explainer
from core.explain.fill import fill
from core.explain.odds import log_odds
from core.explain.places import as_good, halves, importance
from core.explain.targets import codes
from core.store.map_schema import VERDICT

SHARES = (0.1, words.SHARE)  # of the picture, removed or kept
HALVES = 32  # and as many other halves: what one leaves
HOLDS_AT = 0.05
HEADS = 499  # shuffled last layers
LEARNED_AT = 0.02
_AT_ONCE = 32  # pictures filled in and looked at


@dataclass(frozen=True)
class Trust:
    """How far a map can be trusted.

    Attributes:
        holds: The map tells more than chance, something was learned, and the answer gets weaker without what it marks.
        why: One of the reasons in `core.explain.sentences`.
        score: ROAD of the map: half of how far the target's log odds are apart with what it marks kept and removed.
        random: The same of RandomCAM's map; None where that is empty.
        p: Share of all moves of the map, itself among them, that find as much of what the answer hangs on.
        better, moves: How many other moves do, and how many there are.
        learned: Share of shuffled last layers that follow the picture at least as closely as the network's own; None
            where the network has no linear last layer to shuffle.
        logits: Of the picture, and of it without the larger share that the map marks: (2, classes).
        test: Which test this comes from.
        sentence: The same in plain words.
    """

    holds: bool
    why: str
    score: float = 0.0
    random: float | None = None
    p: float = 1.0
    better: int = 0
    moves: int = 0
    learned: float | None = None
    logits: list[list[float]] = field(default_factory=list)
    test: int = VERDICT
    sentence: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain data."""
        return asdict(self)


def trust(
    explainer: Explainer,
    pictures: torch.Tensor,
    targets: Sequence[str],
    maps: np.ndarray,
    seed: int = 0,
    temperature: float = 1.0,
) -> list[Trust]:
    """Return for each map how far it can be trusted; 74 forward passes each.

    Args:
        explainer: Holds the model that the maps are of.
        pictures: (B, 3, H, W) normalized floats, as the maps were made of.
        targets: What each map explains, resolved: "2" or "2-0".
        maps: (B, h, w) within 0..1.
        seed: Of the halves, which follow from it and the picture, of the noise and of what is shuffled.
        temperature: What scores are divided by for the probabilities that are told, as for those beside the map.

    Raises:
        ValueError: If there are not as many targets and maps as pictures.
    """
    if not len(pictures) == len(targets) == len(maps):
        raise ValueError(f"{len(pictures)} pictures have {len(targets)} targets and {len(maps)} maps")
    found = [_one(explainer, p[None], t, m, seed) for p, t, m in zip(pictures, targets, maps, strict=True)]
    return [
        replace(one, sentence=words.said(one.as_dict(), target, temperature))
        for one, target in zip(found, targets, strict=True)
    ]


def _one(explainer: Explainer, picture: torch.Tensor, target: str, cells: np.ndarray, seed: int) -> Trust:
    if cells.size == 1 or not cells.max() > 0:
        return Trust(False, words.SINGLE if cells.size == 1 else words.EMPTY)
    return judged(explainer, picture, target, cells, seed, *hangs(explainer, picture, target, cells.shape, seed))


def judged(
    explainer: Explainer,
    picture: torch.Tensor,
    target: str,
    cells: np.ndarray,
    seed: int,
    worth: np.ndarray,
    features: np.ndarray | None,
) -> Trust:
    """Return how far a map can be trusted, as `trust`, where it is known what the answer hangs on; no sentence yet.

    Args:
        worth, features: What `hangs` returns.
    """
    # The model is held by the one who asks, so a second explainer may use it.
    random = Explainer(explainer.model, explainer.layer, "randomcam", "none", explainer.seed)(picture).maps[0]
    scores, logits = road(explainer, picture, target, np.stack([cells, random]), seed)
    better, moves = as_good(worth, cells)
    p = (1 + better) / (1 + moves)
    learned = None
    if features is not None:
        # Of the halves only: what the map itself marks was chosen by the very weights that are to be judged.
        learned = _learned(features, _weights(explainer.model, target), seed)
    logits = np.round(logits[[0, len(SHARES)]].astype(np.float64), 4)  # the picture, and it without the larger share
    before, without = log_odds(logits, target)
    why = _why(p, learned, float(before - without))
    own, chance = (round(float(s), 6) for s in scores)
    chance = chance if random.max() > 0 else None
    return Trust(why == words.TELLS, why, own, chance, p, better, moves, learned, logits.tolist())


def _why(p: float, learned: float | None, fall: float) -> str:
    if learned is not None and learned > LEARNED_AT:
        return words.UNLEARNED
    if p > HOLDS_AT:
        return words.CHANCE
    return words.TELLS if fall > 0 else words.IDLE


def road(
    explainer: Explainer, picture: torch.Tensor, target: str, maps: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return ROAD of maps (N, h, w) of a picture (1, 3, H, W), (N,), and all logits that it took.

    Those are of the picture itself and, map after map, of it without each of SHARES and with only that: (1 + 4 N, C).
    """
    removed = _removed(maps, tuple(picture.shape[-2:]), _random(picture, seed)).flatten(0, 1)
    logits = np.concatenate([explainer.looks(picture)[0], _looks(explainer, picture, removed, seed)[0]])
    odds = log_odds(logits[1:], target).reshape(len(maps), 2, len(SHARES))
    return (odds[:, 1] - odds[:, 0]).mean(1) / 2, logits


def hangs(
    explainer: Explainer, picture: torch.Tensor, target: str, grid: tuple[int, int], seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what the answer about a picture (1, 3, H, W) hangs on, (h, w), see `core.explain.places.importance`.

    Returns:
        That, and the features of the looks that it took, (2 HALVES, D); None where the last layer is not linear.
    """
    half = torch.from_numpy(halves(HALVES, tuple(picture.shape[-2:]), _random(picture, seed)))
    logits, features = _looks(explainer, picture, torch.cat([half, ~half]), seed)
    without, only = log_odds(logits, target).reshape(2, HALVES)
    taken = functional.adaptive_avg_pool2d(half[:, None].float(), grid)[:, 0].numpy()
    return importance(taken, (only - without) / 2), features


def _random(picture: torch.Tensor, seed: int) -> np.random.Generator:
    """Return what follows from seed and picture, so that all maps of a picture are held against the same halves."""
    return np.random.default_rng([seed, zlib.crc32(picture.float().cpu().contiguous().numpy().tobytes())])


def _removed(maps: np.ndarray, size: tuple[int, int], random: np.random.Generator) -> torch.Tensor:
    """Return which pixels are taken out, (N, 2F, H, W) bool: each share marked strongest, then all but each share."""
    # Cells that are equal, as all that are 0, come in any order.
    cells = torch.from_numpy(maps + 1e-4 * random.random(maps.shape).astype(np.float32))[:, None]
    full = functional.interpolate(cells, size, mode="bilinear", align_corners=False)[:, 0].flatten(1)
    places = full.argsort(1, descending=True).argsort(1).view(-1, *size)
    marked = torch.stack([places < share * full.shape[1] for share in SHARES], 1)
    return torch.cat([marked, ~marked], 1)


def _looks(
    explainer: Explainer, picture: torch.Tensor, removed: torch.Tensor, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return logits and features of the picture without what is removed, (K, ...)."""
    found = []
    for part in removed.split(_AT_ONCE):
        device = explainer.device
        with torch.inference_mode():
            filled = fill(picture.to(device), part.to(device), seed=seed)
        found.append(explainer.looks(filled.contiguous(memory_format=torch.channels_last)))
    logits = np.concatenate([logits for logits, _ in found])
    if any(features is None for _, features in found):
        return logits, None
    return logits, np.concatenate([features for _, features in found])


def _learned(features: np.ndarray, weights: torch.Tensor, seed: int) -> float:
    """Return the share of shuffled weights (D,) under which features (K, D) vary as much as under those weights.

    Weights that were drawn independently could stand in any order: their share is any number between 0 and 1, equally
    likely. Training turns them towards what differs between classes.
    """
    spread = torch.from_numpy(features - features.mean(0))
    random = torch.Generator().manual_seed(seed)
    orders = torch.stack([torch.randperm(len(weights), generator=random) for _ in range(HEADS)])
    shuffled = weights[orders].T  # (D, HEADS)
    own, others = (spread @ weights).pow(2).sum(), (spread @ shuffled).pow(2).sum(0)
    return float((1 + (others >= own).sum()) / (1 + HEADS))


def _weights(model: nn.Module, target: str) -> torch.Tensor:
    """Return the last layer's weights for a target, (D,): of its class less those of the others."""
    rows = model.get_classifier().weight.detach().float().cpu()
    code, other = codes(target)
    if other is not None:
        return rows[code] - rows[other]
    rest = rows[[i for i in range(len(rows)) if i != code]]
    return rows[code] - rest.mean(0) if len(rest) else rows[code]
