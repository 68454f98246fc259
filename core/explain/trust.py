"""Whether a map can be trusted: what it marks is taken out of the picture, and the network asked again.

Two questions. Does the map find what the answer hangs on, better than chance? That is ROAD (Rong et al. 2022), removal
with noisy linear imputation: the score with only the marked part kept, less the score with it removed, against the
same of maps whose cells were shuffled. And has the network learned anything that its answer could hang on? The map of
a network with random weights is a faithful picture of a meaningless answer, and passes the first question quite
often. After Adebayo et al. 2018 ("Sanity Checks for Saliency Maps") its last layer's weights are shuffled: where the
answer followed the picture no more than that, nothing was learned. Imports torch: for worker processes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.explain import sentences
from core.explain.engine import Explainer
from core.explain.fill import fill
from core.explain.targets import codes

SHARES = (0.1, 0.4)  # of the picture, removed or kept
SHUFFLED = 19  # maps: a map that beats them all has p = 1/20
HOLDS_AT = 0.05
HEADS = 499  # shuffled last layers
LEARNED_AT = 0.02
_AT_ONCE = 40  # pictures filled in and looked at


@dataclass(frozen=True)
class Trust:
    """How far a map can be trusted.

    Attributes:
        score: ROAD of the map: half of how far the target's log odds are apart with what it marks kept and removed.
        chance: The same of maps with its cells shuffled.
        p: Share of the shuffled maps and itself that score at least as much.
        learned: Share of shuffled last layers that follow the picture at least as closely as the network's own; None
            where the network has no linear last layer to shuffle.
        holds: Both are small.
        sentence: The same in plain words.
    """

    score: float
    chance: list[float]
    p: float
    holds: bool
    sentence: str
    learned: float | None = None

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
    """Return for each map how far it can be trusted; 80 forward passes each.

    Args:
        explainer: Holds the model that the maps are of.
        pictures: (B, 3, H, W) normalized floats, as the maps were made of.
        targets: What each map explains, resolved: "2" or "2-0".
        maps: (B, h, w) within 0..1.
        seed: Of what is shuffled, and of the noise.
        temperature: What scores are divided by for the probabilities that are told, as for those beside the map.

    Raises:
        ValueError: If there are not as many targets and maps as pictures.
    """
    if not len(pictures) == len(targets) == len(maps):
        raise ValueError(f"{len(pictures)} pictures have {len(targets)} targets and {len(maps)} maps")
    each = zip(pictures, targets, maps, strict=True)
    return [_one(explainer, p[None], t, m, seed, temperature) for p, t, m in each]


def _one(
    explainer: Explainer, picture: torch.Tensor, target: str, cells: np.ndarray, seed: int, temperature: float
) -> Trust:
    if not cells.max() > 0:
        return Trust(0.0, [], 1.0, False, sentences.empty())
    random = np.random.default_rng(seed)
    flat = cells.reshape(-1)
    shuffled = [random.permutation(flat).reshape(cells.shape) for _ in range(SHUFFLED)]
    removed = _removed(np.stack([cells, *shuffled]), tuple(picture.shape[-2:]), random)  # (1 + R, 2F, H, W)
    logits, features = _looks(explainer, picture, removed.flatten(0, 1), seed)
    odds = log_odds(logits, target)
    odds = odds[1:].view(1 + SHUFFLED, 2, len(SHARES))
    scores = (odds[:, 1] - odds[:, 0]).mean(1).numpy() / 2  # kept less removed
    better = int((scores[1:] >= scores[0]).sum())
    p = (1 + better) / (1 + SHUFFLED)
    learned = None
    if features is not None:
        # Of the shuffled maps only: what the map itself marks was chosen by the very weights that are to be judged.
        learned = _learned(features[1 + 2 * len(SHARES) :], _weights(explainer.model, target), seed)
    chance = [round(float(s), 6) for s in scores[1:]]
    holds = p <= HOLDS_AT and (learned is None or learned <= LEARNED_AT)
    if learned is not None and learned > LEARNED_AT:
        sentence = sentences.unlearned()
    elif not holds:
        sentence = sentences.by_chance(better, SHUFFLED)
    else:
        told = logits[[0, len(SHARES)]] / temperature  # the picture, and it without the largest share
        probability = log_odds(told, target).sigmoid().tolist()
        sentence = sentences.telling(*probability, SHARES[-1], SHUFFLED, "-" in target)
    return Trust(round(float(scores[0]), 6), chance, p, holds, sentence, learned)


def log_odds(logits: torch.Tensor, target: str) -> torch.Tensor:
    """Return how far logits (K, classes) speak for a resolved target, (K,): the log odds of its class.

    Log odds tell differences where probabilities are 1.000 already. For two classes against each other their logits'
    difference, for a network with one output the logit.
    """
    code, other = codes(target)
    if other is not None:
        return logits[:, code] - logits[:, other]
    if logits.shape[1] == 1:
        return logits[:, 0]
    rest = torch.cat([logits[:, :code], logits[:, code + 1 :]], 1)
    return logits[:, code] - rest.logsumexp(1)


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
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return logits and features of the picture itself and of it without what is removed, (1 + K, ...)."""
    found = [explainer.looks(picture)]
    for part in removed.split(_AT_ONCE):
        device = explainer.device
        with torch.inference_mode():
            filled = fill(picture.to(device), part.to(device), seed=seed)
        found.append(explainer.looks(filled.contiguous(memory_format=torch.channels_last)))
    logits = torch.cat([torch.from_numpy(logits) for logits, _ in found])
    if any(features is None for _, features in found):
        return logits, None
    return logits, torch.cat([torch.from_numpy(features) for _, features in found])


def _learned(features: torch.Tensor, weights: torch.Tensor, seed: int) -> float:
    """Return the share of shuffled weights (D,) under which features (K, D) vary as much as under those weights.

    Weights that were drawn independently could stand in any order: their share is any number between 0 and 1, equally
    likely. Training turns them towards what differs between classes.
    """
    spread = features - features.mean(0)
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
