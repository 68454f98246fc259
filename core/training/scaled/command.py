"""The command line of trained scaling, as the page and the shell start it. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from core import jobs
from core.jobs.plan_file import plan_bytes
from core.models.constraint import STEP, TOLERANCE
from core.models.scaling import PAPER, Coefficients
from core.store.cells import TRUSTED
from core.store.labels import label_id, labels
from core.training.library import load_recipe
from core.training.scaled.networks import base_of, five_points, from_scratch, search_points, searched
from core.training.settings import applied, read_settings
from core.training.sweep.plan import FILE, Plan
from core.training.sweep.points import points_plan
from core.workspace import Workspace

COMPARE, SEARCH = "scaling-compare", "scaling-search"
SEEDS = (0, 1, 2)
TRIED = 8  # α, β, γ of a search: with three seeds and the baseline 27 trainings, a night on a small set


@dataclass(frozen=True)
class Asked:
    """What somebody asked for.

    Attributes:
        kind: COMPARE or SEARCH.
        recipe: A recipe's name or a .toml file; its network is the baseline.
        sets: `name=value`, instead of the recipe's own.
        phi: Of the compound network; COMPARE only.
        coefficients: α, β, γ of the compound network; COMPARE only.
        step, tolerance: Of the grid, as `core.models.constraint.grid` takes them; SEARCH only.
        most: How many α, β, γ are tried; SEARCH only.
        pseudo: Whether to learn from values accepted in bulk as well.
    """

    kind: str
    label: str
    recipe: str
    sets: tuple[str, ...] = ()
    seeds: tuple[int, ...] = SEEDS
    phi: float = 1.0
    coefficients: Coefficients = PAPER
    step: float = STEP
    tolerance: float = TOLERANCE
    most: int = TRIED
    pseudo: bool = False

    def plan(self, classes: int) -> Plan:
        """Return the sweep that this asks for, checked.

        Args:
            classes: Of the label.

        Raises:
            GapwiseError: If anything doesn't fit.
        """
        changes = read_settings(self.sets)
        recipe = from_scratch(applied(load_recipe(self.recipe), changes))
        base = base_of(recipe, classes)
        if self.kind == SEARCH:
            points = search_points(base, searched(base, self.step, self.tolerance, self.most))
        else:
            points = five_points(base, self.phi, self.coefficients)
        sources = (*TRUSTED, "pseudo") if self.pseudo else TRUSTED
        name = Path(self.recipe).stem if self.recipe.endswith(".toml") else self.recipe
        return points_plan(self.label, name, recipe, points, self.seeds, sources=sources, changes=changes)

    def command(self) -> list[str]:
        """Return the arguments after `python -m core`; paths are made absolute, since a job starts elsewhere."""
        recipe = self.recipe
        recipe = str(Path(recipe).expanduser().resolve()) if recipe.endswith(".toml") else recipe
        options = [f"--recipe={recipe}", *(f"--set={text}" for text in self.sets)]
        options.append(f"--seeds={','.join(map(str, self.seeds))}")
        if self.kind == COMPARE:
            options.append(f"--phi={self.phi!r}")
            given, paper = asdict(self.coefficients), asdict(PAPER)
            options += [f"--{name}={value!r}" for name, value in given.items() if value != paper[name]]
        else:
            options += [f"--step={self.step!r}", f"--tolerance={self.tolerance!r}", f"--most={self.most}"]
        named = [f"--label={self.label}"] if self.label.startswith("-") else ["--label", self.label]
        return [self.kind, *named, *options, *(["--pseudo"] if self.pseudo else [])]


def check(ws: Workspace, asked: Asked) -> Plan:
    """Return the sweep that is asked for.

    Raises:
        GapwiseError: If there is no such label, or anything else doesn't fit.
    """
    with ws.read() as connection:
        label = labels(connection)[label_id(connection, asked.label)]
    return asked.plan(len(label.classes))


def start(ws: Workspace, asked: Asked) -> int:
    """Start it as a job of its own and return the job's id at once.

    Raises:
        GapwiseError: If anything doesn't fit, or the process can't be started.
    """
    plan = check(ws, asked)
    return jobs.start(ws, asked.kind, asked.command(), files={FILE: plan_bytes(plan)})
