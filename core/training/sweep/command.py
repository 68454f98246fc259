"""The command line of a sweep, as the page and the shell start it. Imports no torch."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from core import jobs
from core.errors import GapwiseError
from core.jobs.plan_file import plan_bytes
from core.store.cells import TRUSTED
from core.store.labels import label_id
from core.training.library import load_recipe
from core.training.recipe import Recipe, parse_recipe
from core.training.sweep.plan import FILE, Plan, make_plan
from core.training.sweep.search import check_installed
from core.training.sweep.space import Setting, fitted, parse_setting, typed, typed_table
from core.workspace import Workspace

_ANY = Recipe(model="any")  # how weights are spelled hangs on no recipe


@dataclass(frozen=True)
class Asked:
    """What somebody asked for.

    Attributes:
        recipe: A recipe's name or a .toml file; None when the plan file is a recipe itself.
        sets: `name=values`, as `core.training.sweep.space.HOW` spells them.
        file: A TOML file with a [sweep] table, and a recipe around it or none.
    """

    label: str
    recipe: str | None
    sets: tuple[str, ...] = ()
    file: str | None = None
    search: str = "grid"
    trials: int | None = None
    objective: str = "f1"
    predict: bool = True
    pseudo: bool = False

    def plan(self) -> Plan:
        """Return the sweep that this asks for, checked.

        Raises:
            GapwiseError: If anything doesn't fit.
        """
        name, recipe, table = self._read()
        settings = fitted([*typed_table(table), *map(typed, self.sets)], recipe)
        settings = [_found(s) if s.name == "weights" else s for s in settings]
        if self.search == "optuna":
            check_installed()
        return make_plan(
            self.label, name, recipe, settings, search=self.search, trials=self.trials, objective=self.objective,
            predict=self.predict, sources=(*TRUSTED, "pseudo") if self.pseudo else TRUSTED,
        )  # fmt: skip

    def command(self) -> list[str]:
        """Return the arguments after `python -m core`; paths are made absolute, since a job starts elsewhere."""
        options = [f"--{k}={_absolute(v)}" for k, v in (("recipe", self.recipe), ("plan", self.file)) if v is not None]
        options += [f"--set={_elsewhere(text)}" for text in self.sets]
        options += [f"--search={self.search}"] if self.search != "grid" else []
        options += [f"--trials={self.trials}"] if self.trials is not None else []
        options += [f"--objective={self.objective}"] if self.objective != "f1" else []
        flags = [flag for flag, on in (("--no-predict", not self.predict), ("--pseudo", self.pseudo)) if on]
        # A label called `--job` must not be taken for an option.
        named = [f"--label={self.label}"] if self.label.startswith("-") else ["--label", self.label]
        return ["sweep", *named, *options, *flags]

    def _read(self) -> tuple[str, Recipe, dict[str, object]]:
        if self.file is None:
            if self.recipe is None:
                raise GapwiseError("A sweep needs a recipe: name one, or a plan file that is one.")
            return _name(self.recipe), load_recipe(self.recipe), {}
        values = _toml(Path(self.file))
        table = values.pop("sweep", None)
        if not isinstance(table, dict):
            raise GapwiseError(f"{self.file} has no [sweep] table: name each setting there with a list of values.")
        if values and self.recipe:
            raise GapwiseError(
                f"{self.file} holds a recipe of its own ({', '.join(values)}), so no other can be named."
            )
        if self.recipe:
            return _name(self.recipe), load_recipe(self.recipe), table
        return Path(self.file).stem, parse_recipe(values, f"The recipe in {self.file}"), table


def check(ws: Workspace, asked: Asked) -> Plan:
    """Return the sweep that is asked for.

    Raises:
        GapwiseError: If there is no such label, or anything else doesn't fit.
    """
    with ws.read() as connection:
        label_id(connection, asked.label)
    return asked.plan()


def start(ws: Workspace, asked: Asked) -> int:
    """Start a sweep as a job of its own and return its id at once.

    Raises:
        GapwiseError: If anything doesn't fit, or the process can't be started.
    """
    plan = check(ws, asked)
    # The plan lies there before the process begins: the recipe's file may be another one by the time its turn comes.
    return jobs.start(ws, "sweep", asked.command(), files={FILE: plan_bytes(plan)})


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GapwiseError(f"The plan {path} can't be read: {error}.") from error


def _name(recipe: str) -> str:
    return Path(recipe).stem if recipe.endswith(".toml") else recipe


def _absolute(named: str) -> str:
    return str(Path(named).expanduser().resolve()) if named.endswith(".toml") else named


def _elsewhere(text: str) -> str:
    """Return a setting as it is understood from any folder."""
    weights = text.partition("=")[0].strip() == "weights"
    return str(_found(parse_setting(text, _ANY))) if weights else text


def _found(weights: Setting) -> Setting:
    """Return where the files of weights really lie.

    Raises:
        GapwiseError: If one is not there.
    """
    paths = [v if v in ("hub", "random") else Path(str(v)).expanduser().resolve() for v in weights.values]
    for path in paths:
        if isinstance(path, Path) and not path.is_file():
            raise GapwiseError(f"There is no weights file {path}.")
    return Setting(weights.name, tuple(map(str, paths)))
