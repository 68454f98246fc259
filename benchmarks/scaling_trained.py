"""One network scaled five ways at equal counted multiply-adds, trained on a set with an official test part.

    python benchmarks/scaling_trained.py DIR --workspace FOLDER --out FILE [--train 6000] [--epochs 10] [--seeds 0 1]

DIR holds train.csv and test.csv (columns fname, label) and the pictures they name. It is the job that
`scaling-compare` and the Scaling page start, in this process: the recipe's network as the baseline, more layers, wider,
larger pictures, and compound. Other training images than those learned from choose the best epoch; the official test
images are looked at once, with that epoch's weights. The file is written after every training. Started again with the
same FOLDER and FILE it goes on where it was, also within a training; seeds can be added then.

    python benchmarks/scaling_trained.py --table FILE

prints what is in a result file as a Markdown table, and trains nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "benchmarks")]
# What a job sets for itself; before torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from official import LABEL, OfficialSet, official_set, test_logits  # noqa: E402

from core import jobs  # noqa: E402
from core.jobs.reporter import Silent  # noqa: E402
from core.store.runs import metrics_frame  # noqa: E402
from core.training.device import describe  # noqa: E402
from core.training.measure import measure  # noqa: E402
from core.training.rundir import RunDir  # noqa: E402
from core.training.scaled import words  # noqa: E402
from core.training.scaled.command import COMPARE, Asked, check  # noqa: E402
from core.training.scaled.results import of_file  # noqa: E402
from core.training.sweep.plan import Plan, Trial, read_plan, write_plan  # noqa: E402
from core.training.sweep.points import add_seeds  # noqa: E402
from core.training.sweep.run import run_sweep  # noqa: E402

SETTINGS = ("model", "width", "depth", "size", "epochs", "batch_size", "warmup_epochs", "lr")
CURVE = ("epoch", "train_loss", "loss", "accuracy")


def main() -> None:
    args = _arguments()
    if args.table:
        print(table(args.table))
        return
    data = official_set(args.workspace, args.dir, args.train, args.validation)
    job_id = planned(data, args)
    plan = read_plan(data.ws.job_dir(job_id))
    found = Found(data, args, plan)
    for trial in plan.trials:  # what a run that was killed did not come to tell
        if trial.state == "finished":
            found.add(plan, trial)
    run_sweep(data.ws, job_id, Silent(), after=found.add)
    print(args.out.read_text())


def table(file: Path) -> str:
    """Return a result file's networks as a Markdown table, and what may be luck."""
    _, found = of_file(file)
    frame = words.table(found, "compound").drop(columns="seeds")
    heads = {
        "multiply_adds": "multiply-adds", "over_baseline": "over baseline, points",
        "over": "over compound, points", "time": "time of a training",
    }  # fmt: skip
    rows = [[heads.get(name, name) for name in frame], ["---"] * len(frame.columns)]
    rows += [[f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in frame.itertuples(index=False)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{lines}\n\n{words.verdict(found, 'compound')}"


def planned(data: OfficialSet, args: argparse.Namespace) -> int:
    """Return the workspace's job; make it where there is none, and give it the seeds that were added since."""
    known = [job.id for job in jobs.list_jobs(data.ws) if job.kind == COMPARE]
    if known:
        folder = data.ws.job_dir(known[0])
        plan = read_plan(folder)
        add_seeds(plan, [seed for seed in args.seeds if seed not in plan.seeds])
        write_plan(folder, plan)
        return known[0]
    given = [(n, getattr(args, n)) for n in SETTINGS]
    sets = tuple(f"{n}={v}" for n, v in given if v is not None)
    asked = Asked(COMPARE, LABEL, args.recipe, (*sets, "best_by=accuracy"), tuple(args.seeds), args.phi)
    plan = check(data.ws, asked)
    job_id = jobs.register(data.ws, COMPARE, asked.command())
    write_plan(data.ws.job_dir(job_id), plan)
    return job_id


class Found:
    """The result file, as it grows."""

    def __init__(self, data: OfficialSet, args: argparse.Namespace, plan: Plan) -> None:
        self._data, self._out = data, args.out
        before = json.loads(args.out.read_text()) if args.out.is_file() else {}
        self._runs = {(n["name"], r["seed"]): r for n in before.get("networks", ()) for r in n["runs"]}
        self._about = {
            "kind": COMPARE, "data": args.name or args.dir.name, "recipe": plan.recipe_name, "changes": plan.changes,
            "reduced": True, "command": " ".join(["python", "benchmarks/scaling_trained.py", *sys.argv[1:]]),
            "images": {"train": data.train, "validation": data.validation, "test": len(data.test)},
            "device": describe()["name"], "measured_on": "test",
        }  # fmt: skip

    def add(self, plan: Plan, trial: Trial) -> None:
        """Look at the test images with a finished training, once, and write the file."""
        seed = trial.values["seed"]
        if trial.state != "finished" or (trial.point, seed) in self._runs:
            return
        began = time.perf_counter()
        run = RunDir(self._data.ws.run_dir(trial.run))
        test = measure(*test_logits(self._data, run))
        frame = metrics_frame(self._data.ws, trial.run)
        curve = [{k: round(float(row[k]), 4) for k in CURVE} for row in frame.to_dict("records")]
        self._runs[trial.point, seed] = {
            "seed": seed, **{k: round(test[k], 4) for k in ("accuracy", "f1_macro", "loss")},
            "heldout_accuracy": round(trial.figures["accuracy"], 4), "best_epoch": int(trial.figures["epoch"]),
            "seconds": trial.figures["seconds"], "curve": curve,
        }  # fmt: skip
        self._write(plan)
        told = f"{trial.point} {seed}: {test['accuracy']:.4f} in {trial.figures['seconds']:.0f} s"
        print(f"{told}, tested in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    def _write(self, plan: Plan) -> None:
        networks = [
            {"name": p.name, "settings": p.values, **p.about,
             "runs": [r for (name, _), r in sorted(self._runs.items()) if name == p.name]}
            for p in plan.points
        ]  # fmt: skip
        value = {**self._about, "seeds": plan.seeds, "networks": networks}
        self._out.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path, nargs="?")
    parser.add_argument("--workspace", type=Path, help="where the trainings lie; kept, and gone on with")
    parser.add_argument("--out", type=Path, help="the result file")
    parser.add_argument("--table", type=Path, metavar="FILE", help="print what is in a result file")
    parser.add_argument("--name", help="what the data set is called (default: the folder's name)")
    parser.add_argument("--recipe", default="quick-cpu")
    parser.add_argument("--train", type=int, default=6000, help="training images, equally many of every class")
    parser.add_argument("--validation", type=int, default=2000, help="other ones, which choose the best epoch")
    parser.add_argument("--phi", type=float, default=1.0, help="of the compound network, about")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    for name in SETTINGS:
        parser.add_argument(f"--{name.replace('_', '-')}", help="instead of the recipe's")
    args = parser.parse_args()
    if not args.table and not (args.dir and args.workspace and args.out):
        parser.error("DIR, --workspace and --out are needed")
    return args


if __name__ == "__main__":
    main()
