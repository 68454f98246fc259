"""What single choices of a recipe change on a small set: one thing changed at a time, same data, seeds and loop.

    python benchmarks/recipe_choices.py DIR [--train 1500] [--epochs 20] [--seeds 0 1 2] [--pretrain DIR]

DIR holds train.csv and test.csv (columns fname, label) and the pictures they name; the test images are the official
ones, looked at once per run. With --pretrain, the network first learns another set of that shape (its figure is
told), and the small set is learned from those weights; without, from random ones. The network is a small one, so
that two CPU cores can do it: what comes out is about this network and these pictures, and a hint for larger ones.

Prints JSON: test accuracy and macro F1 by seed, and each choice's accuracy less the base's, seed by seed, with the
95% t-interval of the mean. With many choices one in twenty intervals misses by chance.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "benchmarks")]
# What a job sets for itself; before torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numpy as np  # noqa: E402
from official import OfficialSet, official_set, test_logits, trained  # noqa: E402

from core.training.device import describe  # noqa: E402
from core.training.measure import measure  # noqa: E402
from core.training.recipe import Recipe, parse_recipe  # noqa: E402

BASE = {
    "model": "tf_efficientnetv2_b0", "width": 0.35, "depth": 0.35, "size": 48, "normalization": "own",
    "batch_size": 32, "optimizer": "adamw", "lr": 2e-3, "weight_decay": 0.05, "schedule": "cosine", "warmup_epochs": 2,
    "label_smoothing": 0.1, "dropout": 0.1, "drop_path": 0.1, "ema_decay": 0.99,
    "hflip": 0.5, "scale": [0.7, 1.0], "ratio": [0.85, 1.18], "color_jitter": 0.2, "best_by": "accuracy",
}  # fmt: skip
CHOICES: dict[str, dict[str, object]] = {
    "no EMA": {"ema_decay": 0.0},
    "mixup 0.2": {"mixup": 0.2},
    "RandAugment 7": {"rand_augment": 7},
    "no label smoothing": {"label_smoothing": 0.0},
    "no drop path": {"drop_path": 0.0},
    "SGD, 0.1": {"optimizer": "sgd", "lr": 0.1, "weight_decay": 1e-4},
    "SGD, 0.03": {"optimizer": "sgd", "lr": 0.03, "weight_decay": 1e-4},
}
FINE_TUNING: dict[str, dict[str, object]] = {"lr / 5": {"lr": 4e-4}, "classifier only": {"freeze": True}}


def main() -> None:
    args = _arguments()
    base = parse_recipe({**BASE, "epochs": args.epochs, "size": args.size}, "The base")
    choices = {**CHOICES, **(FINE_TUNING if args.pretrain else {})}
    result: dict = {
        "command": " ".join(["python", "benchmarks/recipe_choices.py", *sys.argv[1:]]),
        "device": describe()["name"],
        "base": {**BASE, "epochs": args.epochs, "size": args.size},
    }
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="gapwise-") as folder:
        if args.pretrain:
            base, result["pretrained"] = pretrained(base, args, Path(folder) / "first")
        data = official_set(Path(folder) / "workspace", args.dir, args.train, args.validation)
        result["images"] = {"train": data.train, "validation": data.validation, "test": len(data.test)}
        arms = {"base": base, **{name: base.changed(**changes) for name, changes in choices.items()}}
        figures: dict[str, dict[int, dict]] = {name: {} for name in arms}
        for seed in args.seeds:
            for name, recipe in arms.items():
                figures[name][seed] = one(data, name, recipe.changed(seed=seed))
                result["arms"] = {n: summary(found, figures["base"]) for n, found in figures.items() if found}
                result["minutes"] = round((time.perf_counter() - began) / 60, 1)
                if args.out:  # after every run: what is measured is not lost
                    args.out.write_text(json.dumps(result, indent=1) + "\n")
                print(f"{seed} {name}: {figures[name][seed]}", file=sys.stderr, flush=True)
    print(json.dumps(result, indent=1))


def pretrained(base: Recipe, args: argparse.Namespace, root: Path) -> tuple[Recipe, dict]:
    """Return the base with weights that learned another set, and what they learned."""
    data = official_set(root, args.pretrain, args.pretrain_train, args.validation)
    run, _ = trained(data, "pretraining", base.changed(epochs=args.pretrain_epochs, size=args.pretrain_size))
    logits, truth = test_logits(data, run)
    about = {
        "train": data.train,
        "epochs": args.pretrain_epochs,
        "size": args.pretrain_size or base.size,
        "test_accuracy": round(measure(logits, truth)["accuracy"], 4),
    }
    return base.changed(weights=str(run.best)), about


def one(data: OfficialSet, name: str, recipe: Recipe) -> dict:
    """Train once; return test accuracy, macro F1 and seconds."""
    began = time.perf_counter()
    run, _ = trained(data, name, recipe)
    seconds = round(time.perf_counter() - began)
    found = measure(*test_logits(data, run))
    return {**{k: round(found[k], 4) for k in ("accuracy", "f1_macro", "loss")}, "seconds": seconds}


def summary(found: Mapping[int, dict], base: Mapping[int, dict]) -> dict:
    """Return an arm's figures and its differences from the base."""
    gaps = [round(found[s]["accuracy"] - base[s]["accuracy"], 4) for s in found]
    return {
        "accuracy": [found[s]["accuracy"] for s in found],
        "f1_macro": [found[s]["f1_macro"] for s in found],
        "accuracy_less_base": {"mean": round(float(np.mean(gaps)), 4), "each": gaps, "interval95": interval(gaps)},
        "seconds": [found[s]["seconds"] for s in found],
    }


def interval(values: Sequence[float]) -> list[float] | None:
    """Return the 95% t-interval of the mean; none of fewer than three."""
    from scipy.stats import t

    if len(values) < 3:
        return None
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return [round(float(np.mean(values) - half), 4), round(float(np.mean(values) + half), 4)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--train", type=int, default=1500, help="training images, equally many of every class")
    parser.add_argument("--validation", type=int, default=500, help="choose the best epoch")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--size", type=int, default=BASE["size"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--pretrain", type=Path, help="another folder of that shape, to learn first")
    parser.add_argument("--pretrain-train", type=int, default=10_000)
    parser.add_argument("--pretrain-epochs", type=int, default=15)
    parser.add_argument("--pretrain-size", type=int)
    parser.add_argument("--out", type=Path, help="keep the JSON here while it grows")
    return parser.parse_args()


if __name__ == "__main__":
    main()
