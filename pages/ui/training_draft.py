"""What was changed of each recipe in the form: kept for the session, since Streamlit forgets fields of other pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import GapwiseError
from core.training.recipe import Recipe
from core.training.settings import applied, differing
from core.training.stages import GROWS
from pages.ui import state


@dataclass
class Draft:
    """Changes of one recipe.

    Attributes:
        values: Settings instead of the recipe's, JSON values; they need not fit yet.
        round: Grows with every reset: part of the stage table's key, which keeps what was typed by itself.
        table: Rows as the stage table was drawn first; None before it was drawn.
        kept: Changes that belong to a kind of stages which is not chosen now, by kind: they are back when it is.
    """

    values: dict[str, object] = field(default_factory=dict)
    round: int = 0
    table: list[dict] | None = None
    kept: dict[str, dict[str, object]] = field(default_factory=dict)

    def put(self, name: str, value: object, own: object) -> None:
        """Note a setting, or forget it where it is the recipe's own again."""
        if value == own:
            self.values.pop(name, None)
        else:
            self.values[name] = value

    def replace(self, values: Mapping[str, object], kept: Mapping[str, dict[str, object]] | None = None) -> None:
        """Take other changes instead."""
        self.values, self.table, self.kept = dict(values), None, dict(kept or {})
        self.round += 1


def draft(name: str) -> Draft:
    """Return the changes of a recipe."""
    return state.get(state.TRAIN_DRAFTS).setdefault(name, Draft())


def reset(name: str) -> None:
    """Go back to the recipe as it is stored."""
    draft(name).replace({})


def take_clone(base: Recipe, name: str, values: Mapping[str, object]) -> None:
    """Open the form of a recipe with some settings changed.

    Raises:
        GapwiseError: If they don't fit.
    """
    words = {"title": base.title, "source": base.source}  # these are the recipe's, not the job's
    wanted = applied(base, {n: v for n, v in values.items() if n not in words})
    if wanted.stages:  # of a shortened run the table shows what each stage has left
        wanted = applied(wanted, {"stages": stage_rows(wanted)})
    draft(name).replace(differing(base, wanted.model_copy(update=words)))


def stage_rows(recipe: Recipe) -> list[dict[str, object]]:
    """Return the stages as they are trained: epochs, and what stages decide."""
    phases = recipe.phases
    ends = [first for first, _ in phases[1:]] + [recipe.epochs]
    return [
        {"epochs": end - first, **stage.model_dump(mode="json", include=set(GROWS))}
        for (first, stage), end in zip(phases, ends, strict=True)
    ]


def shown(base: Recipe, name: str) -> dict[str, object]:
    """Return what the fields show: the recipe's values and the changes, whether they fit or not."""
    own, changes = base.model_dump(mode="json"), draft(name).values
    stages = changes.get("stages")
    by_stages = {}
    if stages:  # they decide these, whatever the recipe says
        by_stages = {n: v for n, v in stages[-1].items() if v is not None}
        by_stages["epochs"] = sum(stage["epochs"] or 0 for stage in stages)
    return {**own, **by_stages, **changes}


def current(base: Recipe, name: str) -> tuple[Recipe | None, GapwiseError | None]:
    """Return the recipe with its changes, or why they don't fit."""
    try:
        return applied(base, draft(name).values), None
    except GapwiseError as error:
        return None, error
