"""Counting networks without weights: how long twenty take in one process, against building them with weights.

    python benchmarks/count_networks.py [--rounds 3] [--networks NAME...] [--no-weights]

Counts parameters, multiply-adds and activations of each network at its own size (`core.models.cost.cost`), as the
command `cost` does, and builds the same with timm and random weights beside it, network by network in turns; the ratio
is of whole rounds, their median is taken. Prints JSON: seconds on the clock and of the processor, and by how many
MB each way made the process's memory grow at most. Loading torch and timm is not part of it.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import timm  # noqa: E402

from core.models.cost import cost  # noqa: E402

TWENTY = (
    *(f"efficientnet_b{i}" for i in range(8)), *(f"tf_efficientnetv2_b{i}" for i in range(4)),
    *(f"tf_efficientnetv2_{size}" for size in ("s", "m", "l", "xl")),
    "resnet50", "mobilenetv1_100", "mobilenetv2_100", "densenet169",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", default=list(TWENTY), metavar="NAME")
    parser.add_argument("--no-weights", action="store_true", help="only count, build nothing")
    args = parser.parse_args()
    first = _measured(lambda: [cost(name) for name in args.networks])
    rounds = [_round(args.networks, not args.no_weights) for _ in range(args.rounds)]
    report = {
        "networks": len(args.networks),
        "counted_first": first,
        "counted": {k: round(statistics.median(r["counted"][k] for r in rounds), 3) for k in ("seconds", "cpu")},
    }
    if not args.no_weights:
        report["built"] = {k: round(statistics.median(r["built"][k] for r in rounds), 3) for k in ("seconds", "cpu")}
        report["built"]["memory_mb"] = max(r["built"]["memory_mb"] for r in rounds)
        ratios = [r["built"]["cpu"] / r["counted"]["cpu"] for r in rounds]
        report["built_over_counted_cpu"] = round(statistics.median(ratios), 2)
    print(json.dumps(report, indent=2))


def _round(names: list[str], weights: bool) -> dict[str, dict[str, float]]:
    found = {way: {"seconds": 0.0, "cpu": 0.0, "memory_mb": 0.0} for way in ("counted", "built")}
    for name in names:
        ways: dict[str, Callable[[], object]] = {"counted": lambda name=name: cost(name)}
        if weights:
            ways["built"] = lambda name=name: timm.create_model(name)
        for way, work in ways.items():
            for key, value in _measured(work).items():
                found[way][key] += value
    return found


def _measured(work: Callable[[], object]) -> dict[str, float]:
    """Return seconds on the clock, seconds of the processor, and MB that the process's highest memory grew by."""
    memory, cpu, clock = _highest_mb(), time.process_time(), time.perf_counter()
    work()
    seconds, used = time.perf_counter() - clock, time.process_time() - cpu
    return {"seconds": round(seconds, 3), "cpu": round(used, 3), "memory_mb": round(_highest_mb() - memory, 1)}


def _highest_mb() -> float:
    """Return the most memory that this process has ever held; Linux tells kB, macOS bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
