"""Activation maps: how many in a second, against pytorch-grad-cam called image by image as its README does.

    python benchmarks/cams.py [--model efficientnet_b0] [--size 224] [--images 32] [--batch 16] [--method gradcam]
                              [--device cpu] [--rounds 5] [--seconds 100] [--memory 1000] [--out FILE]

Same model, layer, pictures and targets, in turns within one run; the ratios are taken within each round since the
machine's own speed drifts. The library is called as its README does: one object for many pictures, one picture at a
time, its map scaled up to the picture. Its map is told to keep the layer's resolution only for comparing outputs, in a
pass that is not timed. Then memory over many pictures: the process's after every hundredth, and CUDA's highest.
Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402
import psutil  # noqa: E402
import pytorch_grad_cam as library  # noqa: E402
import torch  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

from core.explain.engine import explainer  # noqa: E402
from core.explain.layers import choose  # noqa: E402
from core.models.zoo import build  # noqa: E402

THEIRS = {
    "gradcam": library.GradCAM, "hirescam": library.HiResCAM, "elementwise": library.GradCAMElementWise,
    "gradcam++": library.GradCAMPlusPlus, "xgradcam": library.XGradCAM, "layercam": library.LayerCAM,
    "eigencam": library.EigenCAM, "eigengradcam": library.EigenGradCAM, "kpcacam": library.KPCA_CAM, "fem": library.FEM,
    "shapleycam": library.ShapleyCAM, "scorecam": library.ScoreCAM,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="efficientnet_b0")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--images", type=int, default=32, help="in each round")
    parser.add_argument("--batch", type=int, default=16, help="pictures at once; the library has one")
    parser.add_argument("--method", choices=THEIRS, default="gradcam")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=100, help="no further round after these")
    parser.add_argument("--memory", type=int, default=1000, help="pictures for the look at memory; 0 for none")
    parser.add_argument("--out", type=Path, help="add the figures to this file")
    args = parser.parse_args()
    torch.manual_seed(0)
    model = build(args.model, 1000).eval().to(args.device, memory_format=torch.channels_last)
    # Its head starts near zero; as published networks', it should tell classes apart.
    torch.nn.init.normal_(model.get_classifier().weight, std=0.1)
    pictures = torch.randn(args.images, 3, args.size, args.size, device=args.device)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    layer = choose(model, (args.size, args.size))
    classes = [int(c) for c in torch.randint(0, 1000, (args.images,))]
    found = {
        "model": args.model, "size": args.size, "layer": layer, "method": args.method, "images": args.images,
        "batch": args.batch, "device": _device(args.device), "threads": torch.get_num_threads(),
        "torch": torch.__version__, "difference": difference(model, layer, args, pictures, classes),
        **speed(model, layer, args, pictures, classes),
    }  # fmt: skip
    if args.memory:
        found |= memory(model, layer, args, pictures)
    print(json.dumps(found, indent=2))
    if args.out:
        old = json.loads(args.out.read_text()) if args.out.is_file() else []
        args.out.write_text(json.dumps([*old, found], indent=2) + "\n")


def theirs(model, layer: str, args, pictures: torch.Tensor, classes: list[int], scaled_up: bool = True) -> np.ndarray:
    """As the README: one object, `with`, a picture and a target at a time."""
    with THEIRS[args.method](model=model, target_layers=[model.get_submodule(layer)]) as cam:
        if not scaled_up:
            cam.get_target_width_height = lambda _: None
        maps = [
            cam(input_tensor=pictures[i : i + 1], targets=[ClassifierOutputTarget(c)])[0] for i, c in enumerate(classes)
        ]
    return np.stack(maps)


def ours(model, layer: str, args, pictures: torch.Tensor, classes: list[int]) -> np.ndarray:
    with explainer(model, layer, args.method) as explain:
        parts = range(0, len(pictures), args.batch)
        texts = [str(c) for c in classes]
        return np.concatenate([explain(pictures[s : s + args.batch], texts[s : s + args.batch]).maps for s in parts])


def difference(model, layer: str, args, pictures: torch.Tensor, classes: list[int]) -> dict[str, float]:
    """Return the largest difference of a cell; a principal component's sign, which means nothing, is the library's."""
    few = slice(0, min(8, args.images))
    mine = ours(model, layer, args, pictures[few], classes[few])
    other = theirs(model, layer, args, pictures[few], classes[few], scaled_up=False)
    apart = np.abs(mine - other).max((1, 2))
    return {"largest": float(apart.max()), "maps_within_1e-4": float((apart <= 1e-4).mean()), "maps": len(apart)}


def speed(model, layer: str, args, pictures: torch.Tensor, classes: list[int]) -> dict[str, object]:
    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    ways = {"theirs": theirs, "ours": ours}
    for way in ways.values():
        way(model, layer, args, pictures[: args.batch], classes[: args.batch])  # warm up
    began = time.perf_counter()
    for number in range(args.rounds):
        for name in list(ways) if number % 2 else list(ways)[::-1]:
            start = _now(args.device)
            ways[name](model, layer, args, pictures, classes)
            seconds[name].append(_now(args.device) - start)
        if time.perf_counter() - began > args.seconds:
            break
    ratios = [a / b for a, b in zip(seconds["theirs"], seconds["ours"], strict=True)]
    return {
        "rounds": len(ratios),
        "maps_per_second": {n: round(args.images / statistics.median(s), 2) for n, s in seconds.items()},
        "ratio": {"median": round(statistics.median(ratios), 3), "lowest": round(min(ratios), 3)},
        "seconds": {n: [round(x, 3) for x in s] for n, s in seconds.items()},
    }


def memory(model, layer: str, args, pictures: torch.Tensor) -> dict[str, object]:
    """Return the process's memory in MiB after every hundredth picture, and CUDA's highest in the first and last."""
    process, resident, highest = psutil.Process(), [], []
    batch = pictures[: min(args.batch, len(pictures))]
    with explainer(model, layer, args.method) as explain:
        done = 0
        while done < args.memory:
            until = done + 100
            if args.device.startswith("cuda"):
                torch.cuda.reset_peak_memory_stats()
            while done < until:
                explain(batch)
                done += len(batch)
            resident.append(round(process.memory_info().rss / 2**20, 1))
            if args.device.startswith("cuda"):
                highest.append(round(torch.cuda.max_memory_allocated() / 2**20, 1))
    return {"memory_images": done, "resident_mib": resident, "cuda_highest_mib": highest}


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()


def _device(name: str) -> str:
    return torch.cuda.get_device_name(name) if name.startswith("cuda") else name


if __name__ == "__main__":
    main()
