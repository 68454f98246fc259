"""How long a comparison may take, from what earlier trainings took. Reads profiles, so a million rows cost what some
hundred do, and no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import jobs
from core.approaches.layout import FOLDS
from core.approaches.plan import read_plan
from core.labels.deduce import FREE, deduce
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.store import profiles
from core.store.cells import rule_set
from core.store.labels import label_id
from core.training.compare import duration
from core.training.pace import NETWORK, TRAINED, pace, work
from core.training.recipe import Recipe
from core.training.summary import summaries
from core.workspace import Workspace

_KEPT = 1 - 2 / FOLDS  # of the complete rows: a fifth is held out, a fifth gets gaps like the other rows'


@dataclass(frozen=True)
class Estimate:
    """What a comparison asks for, before it begins.

    Attributes:
        trainings: Those that are surely the same are counted once.
        pictures: Fewest and most that all trainings learn from together, each time that an epoch comes to one counted.
            Most when rules settle all that they can settle once earlier labels are filled.
        seconds: Fewest and most, None where nothing tells.
        source: What they were reckoned from.
    """

    trainings: int
    pictures: tuple[int, int]
    seconds: tuple[float, float] | None = None
    source: str = ""

    @property
    def sentence(self) -> str:
        """What a person reads."""
        many = _range(*(f"{count:,}" for count in self.pictures))
        amount = f"About {self.trainings} trainings that learn from {many} pictures in all, every epoch counted."
        if self.seconds is None:
            return f"{amount} How long that takes is not known: nothing was trained here with this network yet."
        time = _range(*map(duration, self.seconds))
        return (
            f"{amount} That may take {time} on this machine, reckoned from {self.source};"
            " loading and predicting come on top."
        )


def estimate(ws: Workspace, recipe: Recipe, order: Sequence[str], seeds: int) -> Estimate:
    """Return how much work a comparison of the workspace as it is would be.

    The newest run, or else comparison, with the recipe's network tells the time for an image; pixels and epochs are
    reckoned in proportion, as a sweep's are. Copies of pictures, and what other settings cost, are left out.

    Args:
        order: Names of the labels in the cascade's order; all, fewest gaps first, when empty.

    Raises:
        GapwiseError: If there is no label of some name.
    """
    with ws.read() as connection:
        found, rules = profiles.read(connection), rule_set(connection)
        chosen = [found.label_ids.index(label_id(connection, name)) for name in order]
    positions = chosen or list(_by_gaps(found))
    trainings, fewest, most = _amount(found.stated, found.images, rules, positions)
    pictures = tuple(round(seeds * recipe.epochs * images) for images in (fewest, most))
    known, source = _pace(ws, recipe)
    seconds = None if known is None else tuple(seeds * images * work(recipe) * known for images in (fewest, most))
    return Estimate(trainings * seeds, pictures, seconds, source)


def _by_gaps(found: profiles.Profiles) -> tuple[int, ...]:
    gaps = found.images @ (found.stated == MISSING)
    return tuple(np.argsort(gaps, kind="stable").tolist())


def _amount(stated: np.ndarray, images: np.ndarray, rules: RuleSet, order: Sequence[int]) -> tuple[int, float, float]:
    """Return trainings, and the fewest and most images that they learn from, of one seed.

    Args:
        stated: (P, L) known class codes, -1 a gap.
        images: (P,) how many images each row stands for.
    """
    gaps = stated == MISSING
    lacking = gaps[:, list(order)].any(axis=1)
    complete = float(images[~lacking].sum())
    result = deduce(stated, rules)
    known = [_known(images, ~gaps, lacking, complete, j) for j in order]
    derived = [_known(images, ~gaps | (result.state == FREE), lacking, complete, j) for j in order]
    every = float(images.sum()) - complete / FOLDS
    trainings, fewest, most = len(order), _KEPT * TRAINED * complete * len(order), 0.0  # rows with a gap dropped
    most = fewest
    for place, j in enumerate(order):
        tied, _ = rules.around(j)
        follows = any(earlier in tied for earlier in order[:place])  # cells may follow from what was filled before
        same = not follows and derived[place] == known[place]
        for first in (known[place],) if same else (known[place], derived[place]):
            trainings += 1
            fewest += TRAINED * first
            # What models had a hand in is never held out, so all of it is learned from.
            most += TRAINED * first + (every - first if follows else 0.0)
    return trainings, fewest, most


def _known(images: np.ndarray, there: np.ndarray, lacking: np.ndarray, complete: float, label: int) -> float:
    """Return how many cells of a label a cascade begins with: hidden cells get the gaps of the rows that have some."""
    partly = float(images[lacking] @ there[lacking, label])
    share = partly / max(1.0, float(images[lacking].sum()))
    return partly + complete * (_KEPT + share / FOLDS)


def _pace(ws: Workspace, recipe: Recipe) -> tuple[float | None, str]:
    """Return seconds for a pixel of an image in an epoch, and where they are from."""
    known = pace(recipe, summaries(ws))
    if known is not None:
        return known.pixel_seconds, f"run {known.run}"
    for job in jobs.list_jobs(ws):
        plan = read_plan(ws.job_dir(job.id)) if job.kind == "compare" else None
        if plan is None or any(plan.recipe.get(name) != getattr(recipe, name) for name in NETWORK):
            continue
        stages = [s for o in plan.outcomes for s in o.stages if s.get("images")]
        if stages:
            images = sum(s["images"] for s in stages) * work(plan.recipe_of(plan.seeds[0]))
            return sum(s["seconds"] for s in stages) / images, f"comparison {job.id}"
    return None, ""


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
