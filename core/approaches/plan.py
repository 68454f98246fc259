"""What is compared, and what came out so far: jobs/<id>/compare.json, written by its worker alone. Imports no torch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import select

from core.approaches.filling import APPROACHES
from core.approaches.layout import Layout, default_order, lay_out
from core.errors import GapwiseError
from core.jobs import plan_file
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet, parse_rules
from core.store import cells, schema
from core.store.labels import label_id
from core.store.labels import rules as read_rules
from core.training.recipe import Recipe, parse_recipe
from core.workspace import Workspace

FILE, TABLE = "compare.json", "table.npz"
SEEDS = (0, 1, 2)
PRECISION = 0.95
MOST_SEEDS = 20


@dataclass
class Outcome:
    """What one approach made of the table with one seed.

    Attributes:
        state: waiting, finished or failed.
        reason: Why it failed.
        stages: One for each label in order: label, accuracy and f1 on the stage's own held-out cells, seconds, images,
            `again` (whether the very same training had been done before), taken (cells filled with its answers), and
            promises, as `core.approaches.filling.Promise`, where answers are taken by promise.
        filled: Real gaps with a value at the end, by origin.
        contradictions: Images that break a rule at the end.
    """

    seed: int
    approach: str
    state: str = "waiting"
    reason: str = ""
    stages: list[dict] = field(default_factory=list)
    filled: dict[str, int] = field(default_factory=dict)
    contradictions: int = 0

    @property
    def file(self) -> str:
        """Where its table and its answers on held-out images lie."""
        return f"{self.seed}-{self.approach}.npz"


@dataclass
class Plan:
    """A comparison.

    Attributes:
        labels: All labels of the workspace when it was asked for: name, classes, names.
        rules: Its rules then.
        order: Names of the labels that are trained, in the cascade's order.
        recipe: In full; each seed is put into it.
        precision: What our approach promises of the answers that it takes.
        facts: Images, complete rows, held-out images, hidden cells, gaps by label, images left out as copies.
        summary: As `core.approaches.score.summary` returns it, of what is done.
    """

    labels: list[dict]
    rules: list[str]
    order: list[str]
    recipe_name: str
    recipe: dict[str, object]
    seeds: list[int]
    precision: float
    facts: dict[str, object] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    summary: dict[str, object] = field(default_factory=dict)

    @property
    def all_labels(self) -> list[Label]:
        return [Label(one["name"], tuple(one["classes"]), tuple(one["names"])) for one in self.labels]

    @property
    def rule_set(self) -> RuleSet:
        return parse_rules(self.rules, self.all_labels)

    @property
    def total(self) -> int:
        """How many trainings there are, those that are done once for two approaches included."""
        return len(self.outcomes) * len(self.order)

    def recipe_of(self, seed: int) -> Recipe:
        return parse_recipe({**self.recipe, "seed": seed}, "The comparison's recipe")

    def positions(self) -> list[int]:
        names = [one["name"] for one in self.labels]
        return [names.index(name) for name in self.order]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Snapshot:
    """The table when the comparison was asked for: (N,) image ids, (N, L) known codes, (N,) digests of the pictures."""

    image_ids: np.ndarray
    truth: np.ndarray
    digests: np.ndarray

    def layout(self, plan: Plan) -> Layout:
        return lay_out(plan.all_labels, plan.positions(), self.truth, self.digests)


def make_plan(
    ws: Workspace,
    recipe_name: str,
    recipe: Recipe,
    *,
    order: Sequence[str] = (),
    seeds: Sequence[int] = SEEDS,
    precision: float = PRECISION,
) -> tuple[Plan, Snapshot]:
    """Return a comparison of the workspace as it is, checked.

    Only what is given or decided by people counts as known: what rules or models wrote, an approach has to find again.

    Args:
        order: Names of the labels in the cascade's order; all, fewest gaps first, when empty.

    Raises:
        GapwiseError: If anything doesn't fit.
    """
    _check(order, seeds, precision)
    with ws.read() as connection:
        table = cells.load(connection)
        texts = read_rules(connection)
        for name in order:
            label_id(connection, name)
        digests = connection.execute(select(schema.image.c.digest).order_by(schema.image.c.id)).scalars().all()
    if not len(table.labels) or not len(table.image_ids):
        raise GapwiseError("This workspace has no labels yet. Import a table with label columns first.")
    truth = table.stated
    names = [label.name for label in table.labels]
    chosen = list(order) or [names[j] for j in default_order(truth)]
    labels = [{"name": one.name, "classes": list(one.classes), "names": list(one.names)} for one in table.labels]
    plan = Plan(labels, list(texts), chosen, recipe_name, recipe.model_dump(mode="json"), list(seeds), precision)
    snapshot = Snapshot(table.image_ids, truth, np.array(digests))
    layout = snapshot.layout(plan)
    plan.facts = _facts(plan, layout)
    plan.outcomes = [Outcome(seed, approach) for seed in plan.seeds for approach in APPROACHES]
    return plan, snapshot


def files(plan: Plan, snapshot: Snapshot) -> dict[str, bytes]:
    """Return what lies in the job's folder before its process begins, by name."""
    content = io.BytesIO()
    np.savez(content, image_ids=snapshot.image_ids, truth=snapshot.truth, digests=snapshot.digests)
    return {TABLE: content.getvalue(), FILE: plan_file.plan_bytes(plan)}


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
        "comparison",
        lambda stored: Plan(**{**stored, "outcomes": [Outcome(**one) for one in stored["outcomes"]]}),
    )


def read_snapshot(folder: Path) -> Snapshot:
    """Return the table that a comparison began with.

    Raises:
        GapwiseError: If it can't be read.
    """
    try:
        with np.load(folder / TABLE, allow_pickle=False) as stored:
            return Snapshot(stored["image_ids"], stored["truth"], stored["digests"])
    except (OSError, ValueError, KeyError) as error:
        raise GapwiseError(
            f"The comparison's table {folder / TABLE} can't be read: {error}. Start the comparison again."
        ) from error


def _facts(plan: Plan, layout: Layout) -> dict[str, object]:
    trained = list(layout.order)
    return {
        "images": len(layout.truth),
        "complete": int((layout.truth[:, trained] != MISSING).all(axis=1).sum()),
        "heldout": int(layout.heldout.sum()),
        "hidden": {plan.labels[j]["name"]: int(layout.hidden[:, j].sum()) for j in trained},
        "gaps": {plan.labels[j]["name"]: int(layout.gaps[:, j].sum()) for j in trained},
        "copies": int(layout.copies.sum()),
    }


def _check(order: Sequence[str], seeds: Sequence[int], precision: float) -> None:
    if len(set(order)) != len(order):
        raise GapwiseError("A label is named twice in the order.")
    if not 1 <= len(seeds) <= MOST_SEEDS or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise GapwiseError(f"Give 1 to {MOST_SEEDS} different seeds, each 0 or more; got {', '.join(map(str, seeds))}.")
    if not 0.5 <= precision < 1:
        raise GapwiseError(f"A promise of {precision:g} was asked for: expected at least 0.5 and less than 1.")
