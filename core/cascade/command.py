"""The command line of a cascade, as the page and the shell start it. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import jobs
from core.cascade.order import COUNTS, ORDERS, OWN
from core.cascade.plan import AFTER, FILE, PRECISION, PROMISE, Manner, Plan, make_plan
from core.errors import GapwiseError
from core.jobs.plan_file import plan_bytes
from core.store.labels import labels as read_labels
from core.training.command import TrainCommand, recipe_arguments
from core.training.library import is_shipped, load_recipe
from core.training.recipe import Recipe
from core.training.settings import applied, differing, read_settings, spelled
from core.workspace import Workspace

WORDS = ("accept", "precision", "stop", "recipe")  # what can hold for one label, beside a recipe's settings
_OWN = re.compile(r"\s*([\w.-]+)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """What somebody asked for.

    Attributes:
        recipe: A recipe's name, or the path of a .toml file. values: settings instead of the recipe's; all of them
            where `standalone`.
        order: One of `core.cascade.order.ORDERS`. names: only these labels, in their order where that is one's own.
        accept, precision, stop: As in `core.cascade.plan.Manner`, for all labels.
        own: Label name to what holds for it instead, name to text: WORDS and settings.
        reviewer: Under whose name acceptances stand.
    """

    recipe: str
    values: Mapping[str, object] = field(default_factory=dict)
    order: str = COUNTS
    names: tuple[str, ...] = ()
    accept: str = PROMISE
    precision: float = PRECISION
    stop: str = AFTER
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reviewer: str = "reviewer"
    standalone: bool = False

    def plan(self, ws: Workspace) -> Plan:
        """Return the cascade that this asks for, checked.

        Raises:
            GapwiseError: If anything doesn't fit.
        """
        train = self._train()
        recipe = train.full_recipe()
        all_ = Manner(train.recipe_name, recipe, self.accept, self.precision, self.stop)
        own = {label: self._manner(all_, told) for label, told in self.own.items()}
        return make_plan(ws, all_, order=self.order, names=self.names, own=own, reviewer=self.reviewer)

    def command(self) -> list[str]:
        """Return the arguments after `python -m core`.

        Raises:
            GapwiseError: If there is no such recipe, or the settings don't fit.
        """
        options = [f"--label={name}" for name in self.names]
        options += [f"--order={self.order}", f"--accept={self.accept}", f"--precision={self.precision:g}"]
        options += [f"--stop={self.stop}", f"--reviewer={self.reviewer}"]
        for label, told in self.own.items():
            options += [f"--for={label}: {name}={text}" for name, text in self._lasting(told).items()]
        return ["cascade", *recipe_arguments(self.recipe, self.values, self.standalone), *options]

    def _train(self) -> TrainCommand:
        return TrainCommand("", self.recipe, dict(self.values), standalone=self.standalone)

    def _manner(self, all_: Manner, told: Mapping[str, str]) -> Manner:
        named = told.get("recipe")
        name = all_.recipe_name if named is None else TrainCommand("", named).recipe_name
        base = all_.recipe if named is None else load_recipe(named)
        precision = _share(told["precision"]) if "precision" in told else all_.precision
        recipe = applied(base, _settings(told))
        return Manner(name, recipe, told.get("accept", all_.accept), precision, told.get("stop", all_.stop))

    def _lasting(self, told: Mapping[str, str]) -> dict[str, str]:
        """Return what holds for a label as it will be understood when its recipe was edited or deleted meanwhile."""
        named = told.get("recipe")
        if named is None or is_shipped(named):
            return dict(told)
        whole: Recipe = applied(load_recipe(named), _settings(told))
        changes = differing(self._train().full_recipe(), whole)
        words = {name: told[name] for name in WORDS if name in told and name != "recipe"}
        return words | {name: spelled(value) for name, value in changes.items() if name not in ("title", "source")}


def start(ws: Workspace, asked: Asked) -> int:
    """Start a cascade as a job of its own and return its id at once.

    Raises:
        GapwiseError: If anything doesn't fit, or the process can't be started.
    """
    # The plan lies there before the process begins: the recipe's file may be another one by the time its turn comes.
    return jobs.start(ws, "cascade", asked.command(), files={FILE: plan_bytes(asked.plan(ws))})


def read_own(ws: Workspace, texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what holds for single labels, as `Asked.own` has it, of texts `LABEL: NAME=VALUE`.

    A label's name may have colons and equal signs of its own: the longest one that a text begins with is meant.

    Raises:
        GapwiseError: If a text begins with no label, says nothing of it, or says a thing twice.
    """
    with ws.read() as connection:
        names = sorted((label.name for label in read_labels(connection).values()), key=len, reverse=True)
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        label = next((n for n in names if text.startswith(f"{n}:") and _OWN.fullmatch(text[len(n) + 1 :])), None)
        if label is None:
            raise GapwiseError(
                f"{text!r} is for no label: expected LABEL: NAME=VALUE, as 'mask: precision=0.95'."
                f" The labels here are: {', '.join(names)}."
            )
        name, value = _OWN.fullmatch(text[len(label) + 1 :]).groups()
        if name in found.setdefault(label, {}):
            raise GapwiseError(f"{name} is given twice for {label}. Give it once.")
        value = value.strip()
        is_file = name == "recipe" and value.endswith(".toml")
        found[label][name] = str(Path(value).expanduser().resolve()) if is_file else value
    return found


def in_order(asked: Sequence[str], labels: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the order and the labels that `--order` and `--label` ask for together.

    Raises:
        GapwiseError: If both name labels, and not the same.
    """
    if len(asked) == 1 and asked[0] in ORDERS:
        return asked[0], tuple(labels)
    if not asked:
        return COUNTS, tuple(labels)
    if labels and set(labels) != set(asked):
        raise GapwiseError("--order names other labels than --label. Name them in one of the two.")
    return OWN, tuple(asked)


def _settings(told: Mapping[str, str]) -> dict[str, object]:
    return read_settings([f"{name}={text}" for name, text in told.items() if name not in WORDS])


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise GapwiseError(f"A precision is a number above 0 and below 1, as 0.95; {text!r} arrived.") from None
