"""How many decisions a person needs until a table is right, for each order of the queue.

    python benchmarks/label_quality.py DIR --label NAME ... --rule TEXT ... [--seconds N] [--seeds K] [--json]

DIR holds images/, train_meta.csv (with gaps) and truth.csv (complete, for measuring and for the simulated reviewer
only). For each seed: import, derive, train every label that the others don't define, predict, all by Gapwise's own
commands within --seconds; then, on copies of that workspace, a reviewer who answers from the truth goes through the
whole queue in each order.

A gap cell is right when its value is, whatever its source; one without a value counts as what is proposed for it: the
best assignment that the rules allow, given what is known by then and all predictions. So 0 decisions are the free cells
and the models' say, and every decision also counts for what follows from it. A target is reached by the first decision
after which the share of right gap cells is at least that. The reference accepts every likeliest class, label by label,
deriving in between, and no person looks at it.

Intervals are 95% of Student's t over the seeds, which are the trainings' and the random order's.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from benchmarks.quality_parts import training  # noqa: E402
from benchmarks.quality_parts.simulate import (  # noqa: E402
    copied,
    review,
    take_every_guess,
    take_promised_cells,
    wrong_of,
)
from benchmarks.quality_parts.table import Table  # noqa: E402
from core.store import queue, ranks  # noqa: E402

TARGETS = (0.95, 0.98, 0.99, 0.995)
ORDERS = tuple(order for order in queue.ORDERS if order != ranks.ERRORS)  # likely errors are no gaps


def main() -> None:
    args = _arguments()
    root = args.keep or Path(tempfile.mkdtemp(prefix="gapwise-quality-"))
    seeds = [_seed(args, root / f"seed{seed}", seed) for seed in range(args.seeds)]
    found = summary(seeds, args)
    print(json.dumps(found, indent=1) if args.json else "\n".join(lines(found)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--label", nargs="+", required=True, metavar="NAME", help="the labels, in the table's order")
    parser.add_argument("--rule", nargs="+", default=[], metavar="TEXT")
    parser.add_argument("--seconds", type=float, default=900, help="for all training in one simulation (default: 900)")
    parser.add_argument("--seeds", type=int, default=3, metavar="K", help="default: 3")
    parser.add_argument("--recipe", default="quick-cpu")
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS))
    parser.add_argument("--precision", type=float, default=0.99, help="promised by bulk acceptance (default: 0.99)")
    about = "train again after so many decisions, as often as --seconds allow; costs a training for each order"
    parser.add_argument("--retrain", type=int, metavar="N", help=about)
    parser.add_argument("--keep", type=Path, help="keep trained workspaces here, and use those that are there")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _seed(args: argparse.Namespace, root: Path, seed: int) -> dict:
    budget = args.seconds if args.retrain is None else args.seconds / 2
    trained = training.prepared(args.dir, root, args.label, args.rule, args.recipe, seed, budget)
    training.core(root, "rank", "--seed", str(seed))
    told = {"seed": seed, "training": vars(trained), "orders": {}}
    for order in args.orders:
        with copied(root, whole=args.retrain is not None) as ws:
            table = Table(ws, args.dir)
            course = review(ws, table, order, TARGETS[-1], _retraining(args, ws, trained, seed))
            told["gaps"], told["start"] = course.gaps, 1 - course.wrong[0] / course.gaps
            told["orders"][order] = {str(t): course.decisions(t) for t in TARGETS}
        print(f"seed {seed}, {order}: {told['orders'][order]}", file=sys.stderr, flush=True)
    with copied(root) as ws:
        take_every_guess(ws, trained.labels)
        table = Table(ws, args.dir)
        told["reference"] = {
            "right": 1 - table.wrong / told["gaps"],
            "wrong": table.wrong,
            "sources": table.by_source(),
        }
    told["flow"] = _flow(args, root, trained)
    return told


def _retraining(args: argparse.Namespace, ws, trained: training.Trained, seed: int):
    """Return what `review` asks after each decision."""
    left = [args.seconds - trained.seconds, trained.seconds]

    def after(n: int) -> bool:
        if args.retrain is None or n % args.retrain or left[0] < left[1]:
            return False
        left[1] = training.retrain(ws.root, trained, args.recipe, seed)
        left[0] -= left[1]
        return True

    return after


def _flow(args: argparse.Namespace, root: Path, trained: training.Trained) -> dict:
    """Return what comes of deriving, accepting in bulk what keeps the promise, and reviewing up to 99%."""
    with copied(root) as ws:
        table = Table(ws, args.dir)
        taken = take_promised_cells(ws, trained.labels, args.precision)
        bulk = {}
        for name, one in taken.items():
            limits = [t for promise in one.promises for t in promise.thresholds]
            needed = [t.needed for t in limits if t.confidence is None]
            bulk[name] = {
                "open": sum(promise.cells for promise in one.promises),
                "taken": len(one.codes),
                "wrong": wrong_of(table, ws, name, one),
                "needed": max(needed, default=None),
                "thresholds": sum(t.confidence is not None for t in limits),
                "classes": len(limits),
            }
        table = Table(ws, args.dir)
        before = table.by_source()
        course = review(ws, table, queue.DEFAULT, 0.99)
        return {"bulk": bulk, "accepted": before, "decisions": course.decisions(0.99),
                "wrong": course.wrong[-1], "sources": table.by_source()}  # fmt: skip


def summary(seeds: Sequence[Mapping], args: argparse.Namespace) -> dict:
    """Return all seeds' figures together, each [mean, low, high] where there are several seeds."""
    orders = {
        order: {t: interval([s["orders"][order][t] for s in seeds]) for t in map(str, TARGETS)} for order in args.orders
    }
    both = [(s["orders"].get(queue.DEFAULT), s["orders"].get("random")) for s in seeds]
    ratios = [d["0.99"] / r["0.99"] for d, r in both if d and r and d["0.99"] is not None and r["0.99"]]
    reference = [s["reference"]["right"] for s in seeds]
    return {
        "dir": args.dir.name,
        "labels": args.label,
        "rules": args.rule,
        "recipe": args.recipe,
        "seconds": args.seconds,
        "retrain": args.retrain,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "gaps": seeds[0]["gaps"],
        "start": interval([s["start"] for s in seeds], 1.0),
        "decisions": orders,
        "reference": {"right": interval(reference, 1.0), "wrong": interval([s["reference"]["wrong"] for s in seeds]),
                      "decisions": {str(t): 0 if min(reference) >= t else None for t in TARGETS}},
        "default": queue.DEFAULT,
        "default_to_random_at_0.99": interval(ratios),
        "seeds": list(seeds),
    }  # fmt: skip


def interval(values: Sequence[float | None], most: float = math.inf) -> list[float] | None:
    """Return mean, low and high: 95% by Student's t, within what can be; None where a seed has none."""
    if not values or any(v is None for v in values):
        return None
    mean = float(np.mean(values))
    if len(values) < 2:
        return [round(mean, 4)] * 3
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return [round(v, 4) for v in (mean, max(0.0, mean - half), min(most, mean + half))]


def lines(found: Mapping) -> list[str]:
    """Return the report as people read it."""
    trained = found["seeds"][0]["training"]
    told = [
        f"{found['gaps']:,} gap cells; models for {', '.join(trained['labels'])}, {trained['epochs']} epochs in"
        f" {np.mean([s['training']['seconds'] for s in found['seeds']]):.0f} s of {found['seconds']:g};"
        f" {len(found['seeds'])} seeds",
        f"right before the first decision: {_share(found['start'])}",
        "",
        "decisions until so many gap cells are right",
        f"{'order':>14}" + "".join(f"{float(t):>26.1%}" for t in map(str, TARGETS)),
    ]
    for order, by_target in found["decisions"].items():
        told.append(f"{order:>14}" + "".join(f"{_count(by_target[str(t)]):>26}" for t in TARGETS))
    reference = found["reference"]
    told.append(f"{'every argmax':>14}" + "".join(
        f"{'0' if reference['decisions'][str(t)] == 0 else 'never':>26}" for t in TARGETS))  # fmt: skip
    told += [f"  (the reference has {_share(reference['right'])} right and stays there)", ""]
    ratio = found["default_to_random_at_0.99"]
    told.append(
        f"{found['default']} against random at 99%: {'not reached' if ratio is None else _count(ratio, '{:.2f}')}"
    )
    for seed in found["seeds"]:
        told += ["", *_flow_lines(seed)]
    return told


def _flow_lines(seed: Mapping) -> list[str]:
    flow = seed["flow"]
    told = [f"seed {seed['seed']}: derive, accept in bulk at the promise, review to 99%: {flow['decisions']} decisions,"
            f" {flow['wrong']} wrong cells left"]  # fmt: skip
    for name, bulk in flow["bulk"].items():
        if bulk["taken"]:
            share = 1 - bulk["wrong"] / bulk["taken"]
            told.append(f"  {name}: {bulk['taken']:,} of {bulk['open']:,} open cells accepted, {share:.2%} right")
        else:
            told.append(f"  {name}: no threshold keeps the promise; {bulk['needed']} held-out images of a class, all"
                        " right, would be the least")  # fmt: skip
    for name, one in flow["sources"].items():
        right = f", {1 - one['wrong'] / one['cells']:.2%} right" if one["cells"] else ""
        told.append(f"  {name}: {one['cells']:,} gap cells, {one['cells'] / seed['gaps']:.1%}{right}")
    return told


def _share(found: Sequence[float]) -> str:
    return "{:.2%} ({:.2%} to {:.2%})".format(*found)


def _count(found: Sequence[float] | None, form: str = "{:,.0f}") -> str:
    if found is None:
        return "not reached"
    mean, low, high = (form.format(v) for v in found)
    return mean if low == high else f"{mean} ({low} to {high})"


if __name__ == "__main__":
    main()
