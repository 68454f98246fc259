"""Progressive learning against fixed picture sizes, at equal compute: same network, data, seeds and loop.

    python benchmarks/progressive.py DIR --recipe progressive-fashion [--train N] [--epochs N] [--size PX] ...

DIR holds train.csv and test.csv (columns fname, label) and the pictures they name. The recipe has stages. Its
controls keep one size and one strength of everything from the first to the last epoch:

    end      the last stage's size and regularization
    middle   the middle stage's
    weak     the last stage's size, the first stage's regularization: is it growing that helps, or only less of it?

and get as many epochs as fit into the multiply-adds that the progressive run spends on training: those of the network
at each size, counted while it runs on torch's meta device, times images, times 3 for forward and backward. Evaluation
counts for nobody. The learning rate falls as far by the end in all of them. Validation images, out of the training
part, choose the best epoch; the official test images are only looked at once, at the end, at the size of that epoch.

Without --train, --epochs, --size and the like it is the recipe in full (hours on a GPU). Prints JSON.
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
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "benchmarks")]
# What a job sets for itself; before torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from official import OfficialSet, official_set, test_logits, trained  # noqa: E402

from core.models import zoo  # noqa: E402
from core.models.cost import multiply_adds  # noqa: E402
from core.training.device import describe  # noqa: E402
from core.training.library import load_recipe  # noqa: E402
from core.training.measure import measure  # noqa: E402
from core.training.recipe import Recipe  # noqa: E402

CONTROLS = ("end", "middle", "weak")
TRAINING = 3  # forward and backward, in forwards


def main() -> None:
    args = _arguments()
    shipped = load_recipe(args.recipe)
    recipe = reduced(shipped, args)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="gapwise-") as folder:
        data = official_set(Path(folder) / "workspace", args.dir, args.train, args.validation)
        arms = {"progressive": recipe, **{c: control(c, recipe, len(data.classes)) for c in args.controls}}
        found: dict[str, dict] = {name: {} for name in arms}
        right: dict[tuple[str, int], np.ndarray] = {}
        result = {**about(args, shipped, recipe, data), "arms": {}}
        for seed in args.seeds:
            for name, arm in arms.items():
                found[name][seed], right[name, seed] = one(data, name, arm.model_copy(update={"seed": seed}))
                result["arms"] = {n: summary(arms[n], runs) for n, runs in found.items() if runs}
                result["progressive_minus"] = {c: difference(right, c) for c in args.controls if found[c]}
                result["minutes"] = round((time.perf_counter() - began) / 60, 1)
                if args.out:  # after every run: what is measured is not lost
                    args.out.write_text(json.dumps(result, indent=1) + "\n")
                print(f"{name} {seed}: {found[name][seed]['test']}", file=sys.stderr, flush=True)
    print(json.dumps(result, indent=1))


def reduced(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """Return the recipe with what was asked for; stages keep their proportions."""
    names = ("epochs", "size", "batch_size", "model", "width", "depth")
    changed = recipe.changed(**{name: getattr(args, name) for name in names})
    return _same_fall(changed, recipe)


def control(kind: str, recipe: Recipe, classes: int) -> Recipe:
    """Return the recipe at one size and strength, with the progressive run's multiply-adds."""
    stages = [stage for _, stage in recipe.phases]
    flat = {
        "end": stages[-1],
        "middle": stages[len(stages) // 2],
        "weak": stages[0].model_copy(update={"size": stages[-1].size}),
    }[kind]
    epochs = max(1, round(per_image(recipe, classes) / per_image(flat.model_copy(update={"epochs": 1}), classes)))
    return _same_fall(flat.model_copy(update={"epochs": epochs}), recipe)


def per_image(recipe: Recipe, classes: int) -> int:
    """Return the multiply-adds that a whole run spends on training, per training image."""
    at = {stage.pixels: forward(stage, classes) for _, stage in recipe.phases}
    return TRAINING * sum(at[recipe.at(epoch).pixels] for epoch in range(recipe.epochs))


def forward(recipe: Recipe, classes: int) -> int:
    """Return the multiply-adds of one picture through the recipe's network."""
    return _forward(recipe.model, recipe.pixels, recipe.width, recipe.depth, classes)


def one(data: OfficialSet, name: str, recipe: Recipe) -> tuple[dict, np.ndarray]:
    """Train once; return what came out, and which test images were right."""
    began = time.perf_counter()
    run, images = trained(data, name, recipe)
    seconds = time.perf_counter() - began
    logits, truth = test_logits(data, run)
    spent, curve = 0, []
    for line in run.metrics.read_text().splitlines():
        row = json.loads(line)
        spent += TRAINING * images * forward(recipe.at(row["epoch"] - 1), len(data.classes))
        figures = {k: round(row[k], 4) for k in ("train_loss", "loss", "accuracy", "f1_macro", "seconds")}
        curve.append({"epoch": row["epoch"], "size": row["size"], "multiply_adds": spent, **figures})
    test = {k: round(v, 4) for k, v in measure(logits, truth).items() if k in ("accuracy", "f1_macro", "loss")}
    found = {"test": test, "multiply_adds": spent, "images": images, "seconds": round(seconds), "validation": curve}
    return found, logits.argmax(1) == truth


def summary(recipe: Recipe, runs: Mapping[int, dict]) -> dict:
    """Return what an arm is and what it gave."""
    stages = [
        {
            "from_epoch": first + 1,
            "size": stage.size,
            **{k: getattr(stage, k) for k in ("rand_augment", "dropout", "drop_path", "weight_decay")},
        }
        for first, stage in recipe.phases
    ]
    accuracy = [run["test"]["accuracy"] for run in runs.values()]
    f1 = [run["test"]["f1_macro"] for run in runs.values()]
    return {
        "epochs": recipe.epochs,
        "stages": stages,
        "test_accuracy": spread(accuracy),
        "test_f1_macro": spread(f1),
        "runs": runs,
    }


def spread(values: Sequence[float]) -> dict[str, object]:
    """Return mean and values, and the 95% t-interval of the mean over three seeds or more."""
    from scipy.stats import t

    mean = float(np.mean(values))
    told: dict[str, object] = {"mean": round(mean, 4), "each": list(values)}
    if len(values) > 2:
        half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
        told["interval95"] = [round(mean - half, 4), round(mean + half, 4)]
    return told


def difference(right: Mapping[tuple[str, int], np.ndarray], other: str) -> dict[str, object]:
    """Return progressive's accuracy less another's, image by image, seeds together.

    The interval is what other test images would change; other seeds may change more.
    """
    seeds = [seed for name, seed in right if name == other]
    gaps = np.mean([right["progressive", s].astype(float) - right[other, s] for s in seeds], axis=0)  # (N,)
    half = 1.96 * gaps.std(ddof=1) / math.sqrt(len(gaps))
    each = [round(float(right["progressive", s].mean() - right[other, s].mean()), 4) for s in seeds]
    ends = [round(float(gaps.mean() - half), 4), round(float(gaps.mean() + half), 4)]
    return {"mean": round(float(gaps.mean()), 4), "each": each, "interval95_test_images": ends}


def about(args: argparse.Namespace, shipped: Recipe, recipe: Recipe, data: OfficialSet) -> dict:
    """Return what was run on what."""
    settings = {k: v for k, v in recipe.model_dump(mode="json").items() if v != shipped.model_dump(mode="json")[k]}
    return {
        "recipe": args.recipe,
        "reduced": {k: v for k, v in settings.items() if k not in ("stages", "seed")} if settings else False,
        "command": " ".join(["python", "benchmarks/progressive.py", *sys.argv[1:]]),
        "images": {"train": data.train, "validation": data.validation, "test": len(data.test)},
        "parameters": _parameters(recipe, len(data.classes)),
        "device": describe()["name"],
        "multiply_adds": "of training: forward x 3, evaluation not counted",
    }


@cache
def _forward(model: str, pixels: tuple[int, int], width: float, depth: float, classes: int) -> int:
    return multiply_adds(model, pixels, width, depth, classes)


def _parameters(recipe: Recipe, classes: int) -> int:
    with torch.device("meta"):
        model = zoo.build(recipe.model, classes, "random", recipe.width, recipe.depth, size=recipe.pixels)
    return sum(p.numel() for p in model.parameters())


def _same_fall(recipe: Recipe, like: Recipe) -> Recipe:
    """Let the rate fall per epoch so that it ends where it ends over the other's epochs."""
    if (recipe.schedule, recipe.decay_epochs) != ("step", 1):
        return recipe
    return recipe.model_copy(update={"decay_rate": like.decay_rate ** (like.epochs / recipe.epochs)})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--recipe", required=True, help="one with stages")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--controls", nargs="*", choices=CONTROLS, default=list(CONTROLS))
    parser.add_argument("--train", type=int, help="training images, equally many of every class (default: all)")
    parser.add_argument("--validation", type=int, default=2000, help="taken from the training images as well")
    for name, kind in (("epochs", int), ("size", int), ("batch-size", int), ("width", float), ("depth", float)):
        parser.add_argument(f"--{name}", type=kind, help="instead of the recipe's")
    parser.add_argument("--model", help="instead of the recipe's")
    parser.add_argument("--out", type=Path, help="keep the JSON here while it grows")
    return parser.parse_args()


if __name__ == "__main__":
    main()
