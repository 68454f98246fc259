"""What trained networks gave: scores by seed, means with intervals, differences paired by seed. Imports no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from core.errors import GapwiseError
from core.models.scaling import PAPER
from core.store.runs import metrics_frame
from core.training.scaled.networks import named
from core.training.summary import curve_stamp
from core.training.sweep.plan import Plan
from core.training.sweep.space import SEED
from core.workspace import PROJECT

if TYPE_CHECKING:
    import pandas as pd

    from core.workspace import Workspace

MEASURED = PROJECT / "benchmarks" / "results" / "scaling_trained_fashion.json"
CURVE = ("epoch", "train_loss", "loss", "accuracy")
METHOD = (
    "95% intervals by Student's t over the seeds: what other seeds would give on the same images. A difference is taken"
    " seed by seed, both networks on the same images in the same order; where its interval holds 0, it may be luck. The"
    " networks' held-out images are the same, so what other images would change is not in these intervals."
)
_WIDTH = 1e-9  # what floating point makes of no width
# Two-sided 95% quantiles of Student's t for 1 to 30 degrees of freedom, as statistics books print them.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True)
class Mean:
    """A mean over n seeds, and its 95% interval, which a single seed does not have."""

    mean: float
    n: int
    low: float | None = None
    high: float | None = None

    @property
    def beyond(self) -> bool:
        """Whether the interval leaves 0 out.

        Seeds that all differ by the same have an interval without width: a small held-out set does that by itself, so
        it proves nothing.
        """
        return self.low is not None and (self.low > 0 or self.high < 0) and self.high - self.low > _WIDTH


@dataclass(frozen=True)
class Run:
    """One training that came to its end.

    Attributes:
        accuracy: Of its best epoch, 0..1: on held-out images, or on official test images where a file says so.
        curve: A row per epoch, of CURVE; accuracy and loss on held-out images.
        run: Its id in the workspace, None in a file.
    """

    seed: int
    accuracy: float
    seconds: float
    curve: Sequence[Mapping[str, float]] = ()
    run: int | None = None


@dataclass(frozen=True)
class Outcome:
    """One network and what its trainings gave.

    Attributes:
        settings: width, depth and size, as recipes have them.
        about: px, parameters, multiply_adds, factors against the baseline; coefficients of a search.
        runs: By seed, in order.
    """

    name: str
    settings: Mapping[str, object]
    about: Mapping[str, object]
    runs: Sequence[Run] = field(default=())

    @property
    def accuracy(self) -> Mean | None:
        return mean([r.accuracy for r in self.runs]) if self.runs else None

    @property
    def seconds(self) -> float | None:
        """Of training, the mean over its seeds."""
        return fmean(r.seconds for r in self.runs) if self.runs else None


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of at least one value with its 95% t-interval (Student 1908)."""
    middle, n = fmean(values), len(values)
    if n < 2:
        return Mean(middle, n)
    half = _quantile(n - 1) * stdev(values) / math.sqrt(n)
    return Mean(middle, n, middle - half, middle + half)


def difference(one: Outcome, other: Outcome) -> Mean | None:
    """Return one network's accuracy less another's over the seeds that both have; None where there are none."""
    theirs = {r.seed: r.accuracy for r in other.runs}
    gaps = [r.accuracy - theirs[r.seed] for r in one.runs if r.seed in theirs]
    return mean(gaps) if gaps else None


def winner(found: Sequence[Outcome], without: str = "baseline") -> Outcome | None:
    """Return the network with the best mean over the seeds that all of them have; the baseline costs less: left out.

    None where a network has no training yet, or no seed is common.
    """
    able = [o for o in found if o.name != without]
    seeds = set.intersection(*({r.seed for r in o.runs} for o in able)) if able else set()
    if not seeds:
        return None
    return max(able, key=lambda o: fmean(r.accuracy for r in o.runs if r.seed in seeds))


def asked_about(plan: Plan) -> str:
    """Return the name of the network that a plan is about: compound, or of a search the paper's, else the first."""
    names = [p.name for p in plan.points]
    paper = named(PAPER)
    return next((n for n in ("compound", paper) if n in names), names[-1])


def of_plan(ws: Workspace, plan: Plan) -> list[Outcome]:
    """Return a job's networks with the trainings that are done."""
    found = []
    for point in plan.points:
        done = [t for t in plan.trials if t.point == point.name and t.state == "finished"]
        runs = [
            Run(t.values[SEED], t.figures["accuracy"], t.figures["seconds"], _curve(ws, t.run), t.run) for t in done
        ]
        found.append(Outcome(point.name, point.values, point.about, runs))
    return found


def of_file(path: Path) -> tuple[dict[str, object], list[Outcome]]:
    """Return what a result file of `benchmarks/scaling_trained.py` says of its run, and the networks.

    Raises:
        GapwiseError: If it can't be read.
    """
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        networks = about.pop("networks")
        keep = ("px", "parameters", "multiply_adds", "factors")
        found = [
            Outcome(n["name"], n["settings"], {k: n[k] for k in keep},
                    [Run(r["seed"], r["accuracy"], r["seconds"], r["curve"]) for r in n["runs"]])
            for n in networks
        ]  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GapwiseError(f"The result file {path.name} can't be read: {error!r}.") from error
    return about, found


def mean_curve(outcome: Outcome) -> pd.DataFrame:
    """Return the mean over a network's seeds by epoch, columns of CURVE; epochs that all of them have."""
    import pandas as pd

    if not outcome.runs:
        return pd.DataFrame(columns=CURVE)
    frames = [pd.DataFrame(list(r.curve), columns=CURVE) for r in outcome.runs]
    last = min(len(frame) for frame in frames)
    return pd.concat(frame.head(last) for frame in frames).groupby("epoch", as_index=False).mean()


def _curve(ws: Workspace, run: int) -> list[dict[str, float]]:
    return _read_curve(ws, run, curve_stamp(ws, run))


@lru_cache(maxsize=500)
def _read_curve(ws: Workspace, run: int, stamp: tuple[int, int]) -> list[dict[str, float]]:
    frame = metrics_frame(ws, run)
    return frame.reindex(columns=list(CURVE)).to_dict("records")


def _quantile(degrees: int) -> float:
    """Return the two-sided 95% quantile of Student's t; beyond the table by its expansion around the normal one.

    Abramowitz and Stegun 1972, 26.7.5: right to a thousandth from 30 degrees on.
    """
    if degrees <= len(_T):
        return _T[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
