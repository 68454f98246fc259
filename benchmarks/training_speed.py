"""Training speed: our loop against a bare PyTorch loop, and our input pipeline against that ceiling.

    python benchmarks/training_speed.py [--recipe quick-cpu] [--images 400] [--steps 12] [--rounds 15]

All train the same network with the same batch size on the same decoded pictures, in turns within one run; the
figures are ratios of steps per second, taken within each round since the machine's own speed drifts; their quartiles:

    loop      our step on batches that are in memory already / the bare loop on the same batches   (goal 0.97)
    pipeline  our whole epoch, augmentation and all / the bare loop                                (goal 0.9)

The bare loop has torch's optimizer as it is unasked; `..._fused` compares with one that has a fused optimizer, as ours.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
# What a job sets for itself; before torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from core.demo.build import build as build_demo  # noqa: E402
from core.jobs.reporter import Silent  # noqa: E402
from core.training.batches import EpochBatches  # noqa: E402
from core.training.library import load_recipe  # noqa: E402
from core.training.recipe import Recipe  # noqa: E402
from core.training.train import Order, _build, prepare  # noqa: E402
from core.training.train import trainer as make_trainer  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="quick-cpu")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--steps", type=int, default=12, help="a round of each of the three")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe)
    with tempfile.TemporaryDirectory(prefix="gapwise-") as folder:
        ws = build_demo(Path(folder) / "demo", n=args.images)
        run_id = prepare(ws, Order("mask", args.recipe, recipe), Silent())
        trainer = make_trainer(ws, run_id, Silent())
        with ws.read() as connection:
            from core.store.labels import labels

            label = next(iter(labels(connection).values()))
        device = trainer.accelerator.device
        bare = _build(recipe, len(label.classes)).to(device, memory_format=torch.channels_last)
        batches = decoded(trainer, args.steps)
        ways = {
            "bare": lambda: bare_loop(bare, optimizer(bare, recipe), trainer, batches),
            "bare_fused": lambda: bare_loop(bare, optimizer(bare, recipe, fused=True), trainer, batches),
            "loop": lambda: our_loop(trainer, batches),
            "pipeline": lambda: our_pipeline(trainer, args.steps),
        }
        for way in ways.values():
            way()  # warm up
        seconds = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                steps = way()
                _finish(device)
                seconds[name].append((time.perf_counter() - began) / steps)
    print(
        json.dumps(
            {
                "recipe": args.recipe,
                "device": trainer.device_name,
                "batch_size": recipe.batch_size,
                "pixels": recipe.pixels,
                "rounds": args.rounds,
                "bare_images_per_second": round(recipe.batch_size / statistics.median(seconds["bare"]), 1),
                **{
                    f"{ours}_over_{bare}": ratio(seconds[bare], seconds[ours])
                    for bare in ways
                    for ours in ways
                    if bare.startswith("bare") and not ours.startswith("bare")
                },
            },
            indent=2,
        )
    )


def ratio(theirs: list[float], ours: list[float]) -> list[float]:
    """Return the quartiles, median in the middle, of the rounds' ratios of speeds."""
    rounds = [a / b for a, b in zip(theirs, ours, strict=True)]
    return [round(q, 3) for q in statistics.quantiles(rounds, n=4)]


def optimizer(model: nn.Module, recipe: Recipe, **settings: bool) -> torch.optim.Optimizer:
    """What anybody would write. The recipes that this measures name AdamW or SGD."""
    kind = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[recipe.optimizer]
    return kind(model.parameters(), recipe.lr, weight_decay=recipe.weight_decay, **settings)


def decoded(trainer, steps: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return batches of the pipeline's own pictures, kept in memory."""
    found = []
    while len(found) < steps:
        trainer.batches.epoch, trainer.batches.start = len(found), 0
        found += [b for b in trainer.loader if len(b[1]) == trainer.recipe.batch_size]
    return found[:steps]


def bare_loop(model: nn.Module, optimizer: torch.optim.Optimizer, trainer, batches: list) -> int:
    """What anybody would write."""
    criterion = nn.CrossEntropyLoss(label_smoothing=trainer.recipe.label_smoothing)
    model.train()
    for pictures, targets in batches:
        loss = criterion(model(trainer.stepper.normalize(pictures)), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return len(batches)


def our_loop(trainer, batches: list) -> float:
    """The trainer's own pass, fed from memory."""
    whole = trainer.loader, trainer.batches
    size = trainer.recipe.batch_size
    trainer.loader, trainer.batches = batches, EpochBatches(len(batches) * size, size, seed=0)
    try:
        return _one_pass(trainer)
    finally:
        trainer.loader, trainer.batches = whole


def our_pipeline(trainer, steps: int) -> float:
    """The trainer's own pass over the data set, augmentation and all."""
    done = 0
    while done < steps:
        done += _one_pass(trainer)
    return done


def _one_pass(trainer) -> float:
    position = trainer.position
    trainer._steps(Silent(), time.perf_counter())
    steps = position.seen / trainer.recipe.batch_size  # the last batch of an epoch may be a smaller one
    # As the end of an epoch does it, without measuring and saving.
    position.epoch, position.step, position.loss_sum, position.seen = position.epoch + 1, 0, 0.0, 0
    position.steps = 0
    return steps


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
