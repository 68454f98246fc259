"""What a map is best held against, so that one whose place means nothing is not trusted, and one that is right is.

    python benchmarks/map_trust.py [--seeds 2] [--images 16] [--direct 4] [--minutes 40] [--out FILE]

Small V1 and V2 networks learn pictures of which it is known where the answer hangs (tests/explain/patches.py, even.py):
at a patch anywhere, at a smaller one, at one in the middle, or nowhere in particular, since tint, contrast or texture
of the whole picture decides. Others stay untrained. Maps (Grad-CAM of the predicted class) are:

    own       the network's of the picture
    away      the same moved, so that less than a thirtieth of it lies in the patch: wrong on purpose
    borrowed  the network's of another picture: its place means nothing for this one
    blob      one smooth spot anywhere, which means nothing either; where the whole picture decides

Each is held against the ways of `BASELINES`; printed is how many hold at p <= 0.05, with Clopper and Pearson's interval
(95%). Direct baselines take 80 looks for each map, 76 of them for what they are held against, so fewer pictures have
them; `halves` takes 64, whatever the number of maps.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy.stats import binomtest  # noqa: E402

from core.explain import trust  # noqa: E402
from core.explain.engine import Explainer, Maps, explainer  # noqa: E402
from core.explain.places import as_good, moves  # noqa: E402
from core.models.zoo import build  # noqa: E402
from tests.explain.even import KINDS, draw_even  # noqa: E402
from tests.explain.patches import accuracy, draw, learned, mass_inside, peak_inside  # noqa: E402

SIZE, OTHERS = 64, 19
_TRIES = 300  # moves until one misses the patch; a map that is everywhere has none
FAMILIES = {"efficientnet_b0": {"steps": 110, "width": 0.4}, "tf_efficientnetv2_b0": {"steps": 130}}
STEPS = {"small patch": 220, **dict.fromkeys(KINDS, 40)}  # what shows everywhere is learned soon
DRAWN = {
    "patch": draw,
    **{kind: partial(draw_even, kind=kind) for kind in KINDS},
    "untrained": draw,
    "central patch": partial(draw, central=True),
    "small patch": partial(draw, share=0.17),
}


def shuffled(cells: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same cells in any order: what maps were held against before."""
    return random.permutation(cells.reshape(-1)).reshape(cells.shape)


def moved(cells: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same map on the torus, turned or mirrored."""
    ways = moves(cells)
    return np.roll(ways[random.integers(len(ways))], random.integers(cells.shape), (0, 1)).copy()


def phased(cells: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A map as smooth, of the same values: its spectrum with random phases, its values by rank."""
    noise = np.fft.fft2(random.normal(size=cells.shape))
    rough = np.fft.ifft2(np.abs(np.fft.fft2(cells)) * noise / np.abs(noise)).real
    found = np.empty_like(cells).reshape(-1)
    found[rough.reshape(-1).argsort()] = np.sort(cells.reshape(-1))
    return found.reshape(cells.shape)


WAYS = {"shuffled": shuffled, "moved": moved, "phased": phased}
BASELINES = {
    "shuffled": "ROAD against 19 maps with its cells shuffled, the old test",
    "moved": "ROAD against 19 moved on the torus, turned or mirrored",
    "phased": "ROAD against 19 random ones of the same spectrum and values",
    "others": "ROAD against 19 of other pictures",
    "moved, others": "both moved and others",
    "RandomCAM": "ROAD against one of RandomCAM; chance is 50%",
    "halves": "random halves against all moves: the test of the app, without its other two questions",
    "halves, others": "random halves against all moves, and against maps of 19 other pictures",
    "verdict": "the app's",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--images", type=int, default=16, help="of each network")
    parser.add_argument("--direct", type=int, default=4, help="of these, that direct baselines are measured on")
    parser.add_argument("--blobs", type=int, default=5, help="of each network whose whole picture decides")
    parser.add_argument("--minutes", type=float, default=40.0, help="after which no other network is begun")
    parser.add_argument("--tasks", nargs="+", choices=DRAWN, default=list(DRAWN))
    parser.add_argument("--keep", type=Path, help="folder of trained networks, which are not trained again")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    until, networks, found = time.monotonic() + 60 * args.minutes, [], []
    # Every task with one family, then with the other: time may be up before the last.
    turns = [(n // 2, t, (n + i) % 2) for n in range(2 * args.seeds) for i, t in enumerate(args.tasks)]
    for seed, task, family in ((s, t, list(FAMILIES)[f]) for s, t, f in turns):
        if time.monotonic() < until:
            about, rows = measured(task, family, seed, args)
            networks.append(about)
            found += rows
            _write(args, networks, table(found))
    for row in table(found):
        print("{task:14} {map:9} {against:15} {held:4} of {maps:4}  {low:.3f} to {high:.3f}".format(**row))


def _write(args: argparse.Namespace, networks: list[dict], rows: list[dict]) -> None:
    print(json.dumps(networks[-1]), file=sys.stderr, flush=True)
    if args.out:
        asked = {key: getattr(args, key) for key in ("seeds", "images", "direct", "blobs", "minutes", "tasks")}
        told = {**asked, "size": SIZE, "baselines": BASELINES, "networks": networks, "rows": rows}
        args.out.write_text(json.dumps(told, indent=1) + "\n")


def measured(task: str, family: str, seed: int, args: argparse.Namespace) -> tuple[dict, list[tuple]]:
    """Return facts about one network, and (task, map, against, holds) of its maps."""
    model = untrained(family, seed) if task == "untrained" else _learned(task, family, seed, args.keep)
    drawn = DRAWN[task](max(args.images, args.blobs) + OTHERS + 1, SIZE, seed=77 + seed)
    about = {"task": task, "model": family, "seed": seed, "accuracy": round(accuracy(model, drawn), 3)}
    with explainer(model) as explain:
        made = explain(drawn.pictures)
        rows = []
        for i in range(args.blobs if task in KINDS else 0):
            rows += [(task, "blob", *row) for row in blob_rows(explain, drawn.pictures[i : i + 1], made, i, seed)]
        for i in range(args.images):
            rest = [m for j, m in enumerate(made.maps) if j != i]
            picture, target = drawn.pictures[i : i + 1], made.resolved[i]
            one = Held(explain, picture, target, made.maps[i], rest, np.random.default_rng([seed, i]))
            box = drawn.boxes[i : i + 1] if task not in (*KINDS, "untrained") else None
            rows += [(task, *row) for row in one.rows(box, direct=i < args.direct)]
    peaks = float(peak_inside(made.maps, drawn.boxes, SIZE).mean())
    return {**about, "layer": explain.layer, "peak_inside": round(peaks, 3)}, rows


def _learned(task: str, family: str, seed: int, keep: Path | None) -> torch.nn.Module:
    path = keep / f"m_{task}_{family}_{seed}_{SIZE}.pt" if keep else None
    if path and path.exists():
        return torch.load(path, weights_only=False)
    about = {**FAMILIES[family], "steps": STEPS.get(task, FAMILIES[family]["steps"])}
    model = learned(family, SIZE, seed=seed, pictures=DRAWN[task], **about)
    if path:
        torch.save(model, path)
    return model


def untrained(family: str, seed: int) -> torch.nn.Module:
    """Return a network with weights as built, with a wide head, or all normal, by its seed."""
    torch.manual_seed(seed + 1)
    model = build(family, 5, width=0.3, depth=0.3).eval()
    if seed % 3 == 1:
        torch.nn.init.normal_(model.get_classifier().weight, std=1.0)
    for parameter in model.parameters() if seed % 3 == 2 else ():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def blob_rows(explain: Explainer, picture: torch.Tensor, made: Maps, i: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Yield (against, holds) of a spot somewhere."""
    random = np.random.default_rng([seed, i, 1])
    down, across = (np.arange(n) - random.uniform(0, n - 1) for n in made.maps.shape[1:])
    spot = np.exp(-(down[:, None] ** 2 + across**2) / 4.5).astype(np.float32)
    about = explain, picture, made.resolved[i]
    better, count = as_good(trust.hangs(*about, spot.shape, seed=0)[0], spot)
    yield "halves", (1 + better) / (1 + count) <= trust.HOLDS_AT
    scores, _ = trust.road(*about, np.stack([spot, *(shuffled(spot, random) for _ in range(OTHERS))]), seed=0)
    yield "shuffled", _first(scores)


class Held:
    """A picture's map, held against all baselines."""

    def __init__(
        self, explain: Explainer, picture: torch.Tensor, target: str, own: np.ndarray, rest: list, random
    ) -> None:
        self.explain, self.picture, self.target, self.random = explain, picture, target, random
        self.own, self.rest = own, [rest[i] for i in random.permutation(len(rest)) if rest[i].max() > 0]

    def rows(self, box: np.ndarray | None, direct: bool) -> Iterator[tuple[str, str, bool]]:
        """Yield (map, against, holds)."""
        if not self.own.max() > 0:
            return
        borrowed, others = self.rest[0], self.rest[1 : 1 + OTHERS]
        maps = {"own": self.own, "borrowed": borrowed}
        if box is not None:
            tried = (moved(self.own, self.random) for _ in range(_TRIES))
            away = next((m for m in tried if mass_inside(m[None], box, SIZE)[0] < 1 / 30), None)
            maps |= {"away": away} if away is not None else {}
        about = self.explain, self.picture, self.target
        worth, features = trust.hangs(*about, self.own.shape, seed=0)
        verdict = trust.judged(*about, self.own, 0, worth, features)
        yield "own", "verdict", verdict.holds
        yield "own", "RandomCAM", verdict.random is None or verdict.score > verdict.random
        for name, cells in maps.items():
            better, count = as_good(worth, cells)
            passed = (1 + better) / (1 + count) <= trust.HOLDS_AT
            yield name, "halves", passed
            yield name, "halves, others", passed and _first([_worth(worth, m) for m in (cells, *others)])
        if direct:
            yield from self._direct({k: m for k, m in maps.items() if k != "borrowed"}, others)

    def _direct(self, maps: dict[str, np.ndarray], others: list[np.ndarray]) -> Iterator[tuple[str, str, bool]]:
        """Own and moved-away map have the same cells, values, spectrum and moves, so they share what is random."""
        drawn: dict[str, list] = {n: [way(self.own, self.random) for _ in range(OTHERS)] for n, way in WAYS.items()}
        drawn["others"] = others
        stack = [*maps.values(), *(m for many in drawn.values() for m in many)]
        scores, _ = trust.road(self.explain, self.picture, self.target, np.stack(stack), seed=0)
        against = dict(zip(drawn, scores[len(maps) :].reshape(len(drawn), OTHERS), strict=True))
        for name, score in zip(maps, scores, strict=False):
            passed = {n: _first([score, *chance]) for n, chance in against.items()}
            yield from ((name, n, holds) for n, holds in passed.items())
            yield name, "moved, others", passed["moved"] and passed["others"]


def _first(scores: list[float]) -> bool:
    return all(scores[0] > s for s in scores[1:])


def _worth(worth: np.ndarray, cells: np.ndarray) -> float:
    """Maps of other pictures have other values: all are brought to one mean and deviation."""
    return float((worth * (cells - cells.mean())).sum() / cells.std())


def table(found: list[tuple]) -> list[dict[str, object]]:
    """Count what holds, for each task, map and baseline."""
    rows = []
    for key in dict.fromkeys(row[:3] for row in sorted(found, key=_place)):
        held = [row[3] for row in found if row[:3] == key]
        low, high = binomtest(sum(held), len(held)).proportion_ci(method="exact")
        about = {"held": sum(held), "maps": len(held), "low": round(low, 3), "high": round(high, 3)}
        rows.append({**dict(zip(("task", "map", "against"), key, strict=True)), **about})
    return rows


def _place(row: tuple) -> tuple[int, str, int]:
    return list(DRAWN).index(row[0]), row[1], list(BASELINES).index(row[2])


if __name__ == "__main__":
    main()
