"""The command line of a comparison, as the page and the shell start it. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core import jobs
from core.approaches.estimate import Estimate, estimate
from core.approaches.plan import PRECISION, SEEDS, Plan, Snapshot, files, make_plan
from core.training.command import TrainCommand, recipe_arguments
from core.workspace import Workspace


@dataclass(frozen=True)
class Asked:
    """What somebody asked for.

    Attributes:
        recipe: A recipe's name, or the path of a .toml file.
        values: Settings instead of the recipe's; all of them where `standalone`.
        order: Labels in the cascade's order; all, fewest gaps first, when empty.
    """

    recipe: str
    values: Mapping[str, object] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    seeds: tuple[int, ...] = SEEDS
    precision: float = PRECISION
    standalone: bool = False

    def plan(self, ws: Workspace) -> tuple[Plan, Snapshot]:
        """Return the comparison that this asks for, checked.

        Raises:
            GapwiseError: If anything doesn't fit.
        """
        train = self._train()
        return make_plan(
            ws, train.recipe_name, train.full_recipe(), order=self.order, seeds=self.seeds, precision=self.precision
        )  # fmt: skip

    def estimate(self, ws: Workspace) -> Estimate:
        """Return how much work this is, and how long it may take.

        Raises:
            GapwiseError: If there is no such recipe or label, or the settings don't fit.
        """
        return estimate(ws, self._train().full_recipe(), self.order, len(self.seeds))

    def _train(self) -> TrainCommand:
        return TrainCommand("", self.recipe, dict(self.values), standalone=self.standalone)

    def command(self) -> list[str]:
        """Return the arguments after `python -m core`.

        Raises:
            GapwiseError: If there is no such recipe, or the settings don't fit.
        """
        options = [f"--order={spelled_names(self.order)}"] if self.order else []
        options += [f"--seeds={','.join(map(str, self.seeds))}", f"--precision={self.precision:g}"]
        return ["compare", *recipe_arguments(self.recipe, self.values, self.standalone), *options]


def start(ws: Workspace, asked: Asked) -> int:
    """Start a comparison as a job of its own and return its id at once.

    Raises:
        GapwiseError: If anything doesn't fit, or the process can't be started.
    """
    # The table lies there before the process begins: people may decide more cells before its turn comes.
    return jobs.start(ws, "compare", asked.command(), files=files(*asked.plan(ws)))


def spelled_names(names: Sequence[str]) -> str:
    r"""Return names with commas between them; a comma in a name becomes `\,`."""
    return ",".join(name.replace("\\", "\\\\").replace(",", "\\,") for name in names)


def read_names(text: str) -> tuple[str, ...]:
    """Read what `spelled_names` wrote; empty names are left out."""
    names, escaped = [""], False
    for letter in text:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        if letter == "," and not escaped:
            names.append("")
        else:
            names[-1] += letter
        escaped = False
    return tuple(name for name in names if name)
