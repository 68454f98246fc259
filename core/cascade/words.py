"""What a cascade says, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

from core.cascade.plan import NOTHING, Plan, Stage
from core.pseudo.words import share

# What is answered in the queue's own order was chosen for being hard: it says nothing about the rest.
BY_CHANCE = (
    "What is accepted when it goes on can rest on people's answers only where cells were chosen by chance: {how} puts"
    " some into the queue."
)


def stopped(stage: Stage, number: int, total: int) -> str:
    """Return what a job says that waits after a stage."""
    return f"Waiting for review after stage {number} of {total}, {stage.label}. {filled(stage)} {left(stage)}"


def filled(stage: Stage, taken_back: int = 0) -> str:
    """Return how many cells a stage filled, and by what promise.

    Args:
        taken_back: How many of them people opened again since.
    """
    if not stage.looks:
        return ""
    derived = sum(look["derived"] for look in stage.looks)
    rules = f" Rules wrote {derived:,} more." if derived else ""
    if stage.accept == NOTHING:
        return f"Its predictions wait for people: nothing was to be accepted.{rules}"
    if not stage.filled:
        return f"Nothing was accepted: {_why_not(stage)}{rules}"
    wrong = sum(look["expected"] for look in stage.looks)
    errors = f"about {wrong:,.0f} of them wrong" if wrong >= 0.5 else "hardly one of them wrong"
    of = "" if stage.before is None else f" of {stage.before:,} open"
    gone = f" {taken_back:,} of them were taken back since." if taken_back else ""
    return (
        f"{stage.filled:,}{of} cells were accepted with the promise that {share(stage.precision)} are right;"
        f" expect {errors}.{rules}{gone}"
    )


def left(stage: Stage) -> str:
    """Return how many cells a stage left open."""
    if not stage.left:
        return "Nothing of this label is left open."
    return f"{stage.left:,} {'cell is' if stage.left == 1 else 'cells are'} left to review."


def promise(stage: Stage) -> str:
    """Return a stage's rule for what it accepts."""
    return "nothing, people review" if stage.accept == NOTHING else f"{share(stage.precision)} right"


def done(plan: Plan, elsewhere: Mapping[str, int], taken_back: Mapping[int, int]) -> str:
    """Return what a cascade says that came to its end.

    Args:
        elsewhere: Label name to open cells, of labels without a stage.
        taken_back: Label id to cells that a stage filled and people opened again.
    """
    parts = []
    for stage in plan.stages:
        if stage.reason:
            parts.append(f"{stage.label}: skipped, {stage.reason}")
        else:
            # What was left open when its turn was over; people may have answered since.
            back = taken_back.get(stage.label_id, 0)
            gone = f" ({back:,} of them taken back since)" if back else ""
            parts.append(f"{stage.label}: {stage.filled:,} accepted{gone}, {stage.left or 0:,} left open")
    parts += [f"{name}: {count:,} open, without a stage of its own" for name, count in elsewhere.items()]
    total = len(plan.stages)
    return f"{'The stage is' if total == 1 else f'All {total} stages are'} done. {'; '.join(parts)}."


def ended(plan: Plan) -> str:
    """Return what a cascade says that a person ended at a stop."""
    over = sum(1 for stage in plan.stages if stage.over or stage.looks)
    return f"Ended by a person after {over} of {stages(plan)}; what was accepted stays."


def stages(plan: Plan) -> str:
    """Return how many stages there are: "1 stage", "3 stages"."""
    return f"{len(plan.stages)} stage{'s' * (len(plan.stages) != 1)}"


def _why_not(stage: Stage) -> str:
    rows = stage.looks[-1]["classes"]
    if not rows:
        return "no prediction waits that could be."
    told = [f"{row['class']}{', where ' + row['where'] if row['where'] else ''}: {row['rests on']}" for row in rows]
    return "; ".join(told) + "."
