"""Which layer of an EfficientNet to make maps of, measured where the answer is known.

    python benchmarks/cam_layers.py [--size 224] [--width 0.25] [--steps 120] [--images 48] [--seeds 1] [--trust 6]

Small V1 and V2 networks learn pictures whose class is decided by a coloured square at a random place
(tests/explain/patches.py). For each candidate layer: in what share of the pictures the map's peak lies in the square
(pointing game, Zhang et al. 2018), what share of the map does, and ROAD: how far the log odds are apart with only
the marked tenth and two fifths of the picture kept, and with these removed. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402

from core.explain.engine import explainer  # noqa: E402
from core.explain.layers import choose  # noqa: E402
from core.explain.trust import trust  # noqa: E402
from tests.explain.patches import accuracy, draw, learned, mass_inside, peak_inside  # noqa: E402

LAYERS = {
    "efficientnet_b0": ("blocks.2", "blocks.4", "blocks.5", "blocks.6", "conv_head", "bn2"),
    "tf_efficientnetv2_b0": ("blocks.2", "blocks.4", "blocks.5", "conv_head", "bn2"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--depth", type=float, default=0.3)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--share", type=float, default=0.2, help="of the side, that the square takes")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trust", type=int, default=6, help="pictures of each layer that ROAD is measured on")
    parser.add_argument("--method", default="gradcam")
    args = parser.parse_args()
    rows = [row for name in LAYERS for seed in range(args.seeds) for row in measured(name, seed, args)]
    print(json.dumps({**vars(args), "rows": rows}, indent=2))


def measured(name: str, seed: int, args: argparse.Namespace) -> list[dict[str, object]]:
    size = args.size
    model = learned(name, size, args.steps, args.width, args.depth, args.batch, seed, args.share)
    drawn = draw(args.images, size, seed=99, share=args.share)
    found = {"model": name, "seed": seed, "accuracy": round(accuracy(model, drawn), 3)}
    found["chosen"] = choose(model, (size, size))
    rows = []
    for layer in LAYERS[name]:
        with explainer(model, layer, args.method) as explain:
            made = explain(drawn.pictures, [str(int(c)) for c in drawn.classes])
            few = slice(0, args.trust)
            trusts = trust(explain, drawn.pictures[few], made.resolved[few], made.maps[few]) if args.trust else []
        rows.append(
            {
                **found,
                "layer": layer,
                "cells": "x".join(map(str, made.maps.shape[1:])),
                "peak_inside": round(float(peak_inside(made.maps, drawn.boxes, size).mean()), 3),
                "mass_inside": round(float(mass_inside(made.maps, drawn.boxes, size).mean()), 3),
                "road": round(float(np.mean([t.score for t in trusts])), 3) if trusts else None,
                "trusted": round(float(np.mean([t.holds for t in trusts])), 3) if trusts else None,
            }
        )
        print(json.dumps(rows[-1]), file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
