"""Our latency against timm's own benchmark.py, in turns within one run.

    python benchmarks/latency.py --timm PATH/benchmark.py [--rounds 30] [--steps 20] [--batch 1] [--threads T]

benchmark.py is in timm's repository, not in its package: https://github.com/huggingface/pytorch-image-models. Its
InferenceBenchmarkRunner and our `core.training.latency` measure the same network (random weights, evaluation and
inference mode, the size that timm tests at, float32, the same layout and threads), a few steps each in every round, in
changing order. A machine's own speed drifts, so each round gives one ratio, ours / timm's, of mean to mean and of our
median to timm's mean; what is printed are the medians and quartiles over the rounds.   (goal: 0.9 to 1.1)

On a machine that others use, --cpu-time with --threads 1 lets both count the CPU time of the process instead of the
wall: it tells whether both do the same work, not how long one waits for it.

`channels_last` is our median in the layout that Gapwise trains and predicts with, as a ratio to timm's mean.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
# What a job sets for itself; before torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import psutil  # noqa: E402
import torch  # noqa: E402

from core.models.network import Network  # noqa: E402
from core.training.latency import machine, step_of, timed_steps, waiting  # noqa: E402
from core.training.latency_limits import Way, device_of, resolved  # noqa: E402

NETWORKS = ("efficientnet_b0", "tf_efficientnetv2_b3")
WARM_UP, AGAIN = 10, 2  # steps before the first round, and before each one
GOAL = 0.1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--timm", type=Path, required=True, metavar="FILE", help="timm's benchmark.py")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--steps", type=int, default=20, help="of each in a round, at least 5 (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--cpu-time", action="store_true", help="instead of the wall's clock, of both")
    args = parser.parse_args()
    way = Way(args.batch, threads=args.threads)
    device, clock = device_of(way), time.process_time if args.cpu_time else time.perf_counter
    torch.set_num_threads(args.threads or torch.get_num_threads())
    busy = psutil.cpu_percent(interval=1.0) / 100
    timm = _load(args.timm)
    rounds, steps = args.rounds, max(5, args.steps)
    found = {name: compare(timm, name, way, device, clock, rounds, steps) for name in args.networks}
    about = {"machine": asdict(machine(device, torch.get_num_threads())), "cores": psutil.cpu_count(), "busy": busy}
    about |= {"clock": clock.__name__, "batch": args.batch, "rounds": rounds, "steps": steps}
    print(json.dumps({**about, "networks": found}, indent=2))
    return 0 if all(f["within_10_percent"] for f in found.values()) else 1


Clock = Callable[[], float]


def compare(
    timm: ModuleType, name: str, way: Way, device: str, clock: Clock, rounds: int, steps: int
) -> dict[str, object]:
    """Return seconds and ratios of one network."""
    network, wait = resolved(Network(name)), waiting(device)
    runner = timm.InferenceBenchmarkRunner(
        model_name=name, device=device, batch_size=way.batch, num_warm_iter=WARM_UP, num_bench_iter=steps
    )
    if device == "cpu":  # on a GPU its clock waits for the device
        runner.time_fn = lambda sync=False: clock()
    assert runner.input_size[-1] == network.px, "timm would measure another size"
    ways = {layout: Way(way.batch, channels_last=layout == "channels_last") for layout in ("timm's", "channels_last")}
    ours = {layout: step_of(network, own, device) for layout, own in ways.items()}
    for step in ours.values():
        timed_steps(step, wait, WARM_UP)
    runner.run()
    runner.num_warm_iter = AGAIN
    turns: dict[str, Callable[[], list[float]]] = {
        layout: lambda step=step: _after_warm_up(step, wait, steps, clock) for layout, step in ours.items()
    }
    turns["theirs"] = lambda: [runner.run()["step_time"] / 1000]
    seen: dict[str, list[list[float]]] = {who: [] for who in turns}
    for number in range(rounds):
        for who in list(turns)[:: 1 if number % 2 else -1]:
            seen[who].append(turns[who]())
        print(f"{name}: round {number + 1} of {rounds}", file=sys.stderr)
    return _ratios(network, seen)


def _after_warm_up(step: Callable[[], object], wait: Callable[[], object], steps: int, clock: Clock) -> list[float]:
    timed_steps(step, wait, AGAIN)
    return timed_steps(step, wait, steps, clock)


def _ratios(network: Network, seen: dict[str, list[list[float]]]) -> dict[str, object]:
    theirs = [found[0] for found in seen["theirs"]]
    middle, mean = statistics.median, statistics.mean
    ratios = {
        "mean_to_mean": [mean(a) / b for a, b in zip(seen["timm's"], theirs, strict=True)],
        "median_to_mean": [middle(a) / b for a, b in zip(seen["timm's"], theirs, strict=True)],
        "channels_last": [middle(a) / b for a, b in zip(seen["channels_last"], theirs, strict=True)],
    }
    return {
        "size": network.px,
        "ours_ms": 1000 * middle(middle(a) for a in seen["timm's"]),
        "timm_ms": 1000 * middle(theirs),
        "ratios": {name: _quartiles(values) for name, values in ratios.items()},
        "within_10_percent": abs(middle(ratios["mean_to_mean"]) - 1) <= GOAL,
    }


def _quartiles(values: list[float]) -> list[float]:
    return [round(q, 4) for q in statistics.quantiles(values, n=4)]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("timm_benchmark", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SystemExit(f"There is no Python file {path}: give timm's benchmark.py.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    logging.getLogger("validate").setLevel(logging.WARNING)
    return module


if __name__ == "__main__":
    sys.exit(main())
