"""A cascade's stages and what came of them: jobs/<id>/cascade.json, written by its worker alone. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core.cascade.order import COUNTS, Place, ordered
from core.errors import GapwiseError
from core.jobs import plan_file
from core.training.recipe import Recipe, parse_recipe
from core.workspace import Workspace

FILE = "cascade.json"
PRECISION = 0.99
PROMISE, NOTHING = "promise", "nothing"
ACCEPTS = {PROMISE: "By promise", NOTHING: "Nothing"}
AFTER, NEVER = "after", "never"
STOPS = {AFTER: "When cells are left open", NEVER: "Never"}
WAITING, TRAINING, REVIEW, FINISHED, SKIPPED = "waiting", "training", "review", "finished", "skipped"
OVER = (FINISHED, SKIPPED)


@dataclass(frozen=True)
class Manner:
    """How a stage is done.

    Attributes:
        accept: One of ACCEPTS. precision: the promised share of right ones, above 0 and below 1.
        stop: One of STOPS.
    """

    recipe_name: str
    recipe: Recipe
    accept: str = PROMISE
    precision: float = PRECISION
    stop: str = AFTER


@dataclass
class Stage:
    """One label's turn.

    Attributes:
        label: Its name when the cascade was asked for; it is found by its id, so it may be renamed meanwhile.
        why: Why it has this place.
        recipe: In full.
        accept, precision, stop: As in `Manner`.
        gaps, open: Of the imported table, and cells without a value and not free, when it was asked for.
        state: waiting, training, review (it stops for people), finished or skipped.
        reason: Why it was skipped.
        run: Its run, once that is trained.
        figures: accuracy, f1, images (held-out ones), seconds.
        before, left: Open cells when its turn came, and after it.
        looks: What was accepted: after the training, and once more when a stop was ended. As `core.cascade.accept.look`
            returns it.
    """

    label_id: int
    label: str
    why: str
    recipe_name: str
    recipe: dict[str, object]
    accept: str = PROMISE
    precision: float = PRECISION
    stop: str = AFTER
    gaps: int = 0
    open: int = 0
    state: str = WAITING
    reason: str = ""
    run: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    before: int | None = None
    left: int | None = None
    looks: list[dict] = field(default_factory=list)

    @property
    def filled(self) -> int:
        """Cells of this label that its predictions filled."""
        return sum(look["cells"] for look in self.looks)

    @property
    def telling(self) -> list[dict]:
        """The looks that say something: the first, and later ones that accepted more or say why they didn't look."""
        return [
            look
            for number, look in enumerate(self.looks)
            if not number or look["cells"] or (look["notes"] and not look["classes"])
        ]

    @property
    def over(self) -> bool:
        return self.state in OVER

    def full_recipe(self) -> Recipe:
        return parse_recipe(self.recipe, f"The recipe of stage {self.label}")


@dataclass
class Plan:
    """A cascade.

    Attributes:
        order: One of `core.cascade.order.ORDERS`.
        chosen: Whether labels were named; else those that turn out to follow from others are skipped.
        left_out: Labels without a stage, with the reason.
        reviewer: Who asked for it.
        derived: Label name to cells that the rules wrote before the first stage; None before that.
    """

    order: str
    chosen: bool
    stages: list[Stage]
    left_out: dict[str, str]
    reviewer: str
    derived: dict[str, int] | None = None

    @property
    def stop(self) -> int | None:
        """The number of the stage, from 1, after which it stops for people now; None when it doesn't."""
        return next((n for n, stage in enumerate(self.stages, 1) if stage.state == REVIEW), None)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def make_plan(
    ws: Workspace,
    manner: Manner,
    *,
    order: str = COUNTS,
    names: Sequence[str] = (),
    own: Mapping[str, Manner] | None = None,
    reviewer: str = "reviewer",
) -> Plan:
    """Return a cascade over the workspace as it is, checked.

    Args:
        manner: How all stages are done, but for those in `own`, label name to how.
        order, names: As `core.cascade.order.ordered` takes them.

    Raises:
        GapwiseError: If anything doesn't fit.
    """
    own = own or {}
    if not reviewer.strip() or not reviewer.isprintable():
        raise GapwiseError("The reviewer's name must have printable characters: acceptances stand under it.")
    places, left_out = ordered(ws, order, names)
    if unknown := set(own) - {place.label for place in places}:
        raise GapwiseError(f"{', '.join(sorted(unknown))} has no stage in this cascade, so nothing can hold for it.")
    for one in (manner, *own.values()):
        _check(one)
    stages = [_stage(place, own.get(place.label, manner)) for place in places]
    return Plan(order, bool(names), stages, left_out, reviewer)


def write_plan(folder: Path, plan: Plan) -> None:
    """Replace a job's plan in one step.

    Raises:
        OSError: If it can't be written; the one before stays.
    """
    plan_file.write(folder / FILE, plan)


def read_plan(folder: Path) -> Plan | None:
    """Return a job's plan, None when it has none yet.

    Raises:
        GapwiseError: If it can't be read.
    """
    return plan_file.read(
        folder / FILE,
        "cascade",
        lambda stored: Plan(**{**stored, "stages": [Stage(**one) for one in stored["stages"]]}),
    )


def _stage(place: Place, how: Manner) -> Stage:
    return Stage(
        place.label_id, place.label, place.why, how.recipe_name, how.recipe.model_dump(mode="json"), how.accept,
        how.precision, how.stop, place.gaps, place.open,
    )  # fmt: skip


def _check(manner: Manner) -> None:
    if manner.accept not in ACCEPTS or manner.stop not in STOPS:
        raise GapwiseError(
            f"A stage accepts {' or '.join(ACCEPTS)} and stops {' or '.join(STOPS)}; {manner.accept!r} and"
            f" {manner.stop!r} arrived."
        )
    if not 0 < manner.precision < 1:
        raise GapwiseError(
            f"A precision lies above 0 and below 1; {manner.precision:g} arrived. Ask for {PRECISION}, say."
        )
