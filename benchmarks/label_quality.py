"""How many decisions a person needs until a table is right, for each order of the queue.

    python benchmarks/label_quality.py DIR --label NAME ... --rule TEXT ... [--seconds N] [--seeds K] [--json]

DIR holds images/, train_meta.csv (with gaps) and truth.csv (complete where the other has gaps, in any order, for
measuring and for the simulated reviewer only). For each seed: import, derive, train every label that the others don't
define, predict, all by Gapwise's own commands within --seconds; then, on copies of that workspace, a reviewer who
answers from the truth goes through the whole queue in each order, and once accepts in bulk what keeps --precision,
checks it and reviews the rest (`benchmarks/quality_parts/flow.py`).

A gap cell is right when its value is, whatever its source; one without a value counts as what is proposed for it: the
best assignment that the rules allow, given what is known by then and all predictions. So 0 decisions are the free cells
and the models' say, and every decision also counts for what follows from it. A target is reached by the first decision
after which the share of right gap cells is at least that. The reference accepts every likeliest class, label by label,
deriving in between, and no person looks at it. A cell of a label without a model, and that nothing else speaks for, is
never asked for and never right.

Intervals are 95% of Student's t over the seeds, which are the trainings' and the random order's; that of one
acceptance's precision is Clopper's and Pearson's over its cells. `cifar.py` in `quality_parts` makes a DIR of
photographs with ten classes.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from benchmarks.quality_parts import training  # noqa: E402
from benchmarks.quality_parts.budget import TooLittle  # noqa: E402
from benchmarks.quality_parts.command import core  # noqa: E402
from benchmarks.quality_parts.flow import follow  # noqa: E402
from benchmarks.quality_parts.report import lines, summary  # noqa: E402
from benchmarks.quality_parts.sets import imported  # noqa: E402
from benchmarks.quality_parts.simulate import TARGETS, copied, review, take_every_guess  # noqa: E402
from benchmarks.quality_parts.table import Table  # noqa: E402
from core.errors import GapwiseError  # noqa: E402
from core.store import queue, ranks  # noqa: E402

ORDERS = tuple(order for order in queue.ORDERS if order != ranks.ERRORS)  # likely errors are no gaps


def main() -> int:
    args = _arguments()
    if args.keep is not None:
        return _main(args, args.keep)
    with tempfile.TemporaryDirectory(prefix="gapwise-quality-", ignore_cleanup_errors=True) as folder:
        return _main(args, Path(folder))


def _main(args: argparse.Namespace, root: Path) -> int:
    seeds, failed = [], []
    try:
        for seed in range(args.seeds):
            try:
                seeds.append(one_seed(args, root / f"seed{seed}", seed))
            except TooLittle as error:  # of one seed only where the machine was slower then
                failed.append({"seed": seed, "why": str(error)})
                _say(f"seed {seed}: {error}")
                if not seeds:
                    break
    except GapwiseError as error:
        _say(f"error: {error}")
        return 1
    if not seeds:
        return 1
    found = {**_asked(args), **summary(seeds, queue.DEFAULT), "failed": failed, "seeds": seeds}
    print(json.dumps(found, indent=1) if args.json else "\n".join(lines(found)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--label", nargs="+", required=True, metavar="NAME", help="the labels, in the table's order")
    parser.add_argument("--rule", nargs="+", default=[], metavar="TEXT")
    parser.add_argument("--seconds", type=float, default=900, help="for all training in one simulation (default: 900)")
    parser.add_argument("--seeds", type=int, default=3, metavar="K", help="default: 3")
    parser.add_argument("--recipe", default="quick-cpu")
    about = "another value of a setting of the recipe, as `train` takes it; repeatable"
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=about)
    # `sent` has only what somebody sent to review from Hard examples: here nothing.
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=[name for name in ORDERS if name != "sent"])
    parser.add_argument("--precision", type=float, default=0.99, help="promised by bulk acceptance (default: 0.99)")
    about = "train again after so many decisions, as often as --seconds allow; costs a training for each order"
    parser.add_argument("--retrain", type=int, metavar="N", help=about)
    parser.add_argument("--keep", type=Path, help="keep trained workspaces here, and use those that are there")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.seeds < 1 or args.seconds <= 0 or not 0 < args.precision < 1 or (args.retrain or 1) < 1:
        parser.error("--seeds and --retrain are at least 1, --seconds more than 0, --precision between 0 and 1")
    return args


def _asked(args: argparse.Namespace) -> dict[str, object]:
    return {
        "dir": args.dir.name,
        "labels": args.label,
        "rules": args.rule,
        "recipe": args.recipe,
        "settings": args.set,
        "seconds": args.seconds,
        "precision": args.precision,
        "retrain": args.retrain,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }


def one_seed(args: argparse.Namespace, root: Path, seed: int) -> dict:
    """Return what one simulation found, as JSON holds it.

    Raises:
        GapwiseError: If the set can't be used; the truth is read before anything is trained.
        TooLittle: If the seconds are not enough for any training.
    """
    ws = imported(args.dir, root, args.label, args.rule)
    table = Table(ws, args.dir)
    trained = training.prepared(ws, _recipe(args), seed, args.seconds if args.retrain is None else args.seconds / 2)
    ws.engine.dispose()
    if trained.labels:
        core(root, "rank", "--seed", str(seed))
    began = time.perf_counter()
    told = {"seed": seed, "gaps": int(table.gaps.sum()), "broken": table.broken, "training": vars(trained)}
    told |= {"orders": {}, "again": []}
    for order in args.orders:
        told["orders"][order] = _reviewed(args, root, trained, seed, order, told["again"])
        _say(f"seed {seed}, {order}: {told['orders'][order]['decisions']}")
    with copied(root) as copy:
        take_every_guess(copy, trained.labels)
        table = Table(copy, args.dir)
        with copy.read() as connection:
            sources = table.by_source(connection)
        told["reference"] = {"right": 1 - table.wrong / told["gaps"], "wrong": table.wrong, "sources": sources}
    with copied(root) as copy:
        table = Table(copy, args.dir)
        told["start"] = 1 - table.wrong / told["gaps"]
        told["flow"] = follow(copy, table, trained.labels, args.precision, TARGETS[-1])
    return {**told, "simulating": round(time.perf_counter() - began, 1)}


def _reviewed(
    args: argparse.Namespace, root: Path, trained: training.Trained, seed: int, order: str, again: list[dict]
) -> dict:
    with copied(root, whole=args.retrain is not None) as ws:
        table = Table(ws, args.dir)
        if args.retrain is None:
            return review(ws, table, order, TARGETS[-1]).told()
        more = training.retraining(ws, trained, _recipe(args), seed, args.seconds)
        times = [0]

        def due(n: int) -> Callable[[], bool] | None:
            return train if n % args.retrain == 0 else None

        def train() -> bool:
            done = more.again()
            times[0] += done
            return done

        course = review(ws, table, order, TARGETS[-1], due)
        again.append({"order": order, "times": times[0], "seconds": round(more.budget.spent, 1)})
        return course.told()


def _recipe(args: argparse.Namespace) -> list[str]:
    recipe = str(Path(args.recipe).resolve()) if args.recipe.endswith(".toml") else args.recipe
    return ["--recipe", recipe, *(word for one in args.set for word in ("--set", one))]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped; with --keep, what was trained to its end is used by the next call.")
