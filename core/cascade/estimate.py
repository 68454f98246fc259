"""How long each stage of a cascade may take, from what earlier trainings took. Reads profiles, and no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.cascade.plan import Plan
from core.store import missing
from core.store.cells import TRUSTED, rule_set
from core.training.compare import duration
from core.training.pace import TRAINED, pace, work
from core.training.summary import summaries
from core.workspace import Workspace


@dataclass(frozen=True)
class Estimate:
    """What a stage asks for.

    Attributes:
        images: Fewest and most that its training learns from: most where all its open cells follow from what earlier
            stages fill.
        seconds: Fewest and most of the training, None where nothing tells. run: what they were reckoned from.
    """

    images: tuple[int, int]
    seconds: tuple[float, float] | None = None
    run: int | None = None

    @property
    def time(self) -> str:
        """What a person reads."""
        if self.seconds is None:
            return "not known"
        low, high = map(duration, self.seconds)
        return low if low == high else f"{low} to {high}"


def estimates(ws: Workspace, plan: Plan) -> list[Estimate]:
    """Return what each stage asks for, as the workspace is.

    The newest run with a recipe's network tells the time for an image; pixels and epochs are reckoned in proportion.
    """
    with ws.read() as connection:
        rules, report = rule_set(connection), missing.report(connection)
    past, found = summaries(ws), []
    positions = {label.name: j for j, label in enumerate(rules.labels)}
    names = [stage.label for stage in plan.stages]
    for number, stage in enumerate(plan.stages):
        counts = report.by_label[stage.label]
        known = sum(counts[source] for source in TRUSTED) + counts["free"]
        tied = rules.around(positions[stage.label])[0]
        follows = any(positions[earlier] in tied for earlier in names[:number])
        # One in five of what is known now is held out; what follows later is all learned from.
        images = tuple(round(TRAINED * known + more) for more in (0, counts["open"] if follows else 0))
        recipe = stage.full_recipe()
        told = pace(recipe, past)
        seconds = None if told is None else tuple(n * work(recipe) * told.pixel_seconds for n in images)
        found.append(Estimate(images, seconds, told and told.run))
    return found


def sentence(found: list[Estimate]) -> str:
    """Return how long all stages may take together, for people."""
    if any(one.seconds is None for one in found):
        return "How long that takes is not known: nothing was trained here with this network yet."
    low, high = (duration(sum(one.seconds[at] for one in found)) for at in (0, 1))
    time = low if low == high else f"{low} to {high}"
    used = sorted({one.run for one in found})
    return (
        f"The trainings may take {time} on this machine, reckoned from run{'s' if len(used) > 1 else ''}"
        f" {', '.join(map(str, used))}; loading and predicting come on top, and the time that people review."
    )
