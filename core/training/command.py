"""The command line of a training, as the page and the shell start it, and read back."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from core.errors import GapwiseError
from core.training.library import is_shipped, load_recipe
from core.training.recipe import Recipe, parse_recipe
from core.training.settings import applied, differing, read_settings, spelled

# Settings with an option of their own; all others are --set.
OPTIONS = ("epochs", "batch_size", "size", "weights", "model", "lr", "seed")
_WORDS = ("title", "source")  # what people read about a recipe; no training depends on it
_DEFAULTS = Recipe(model="?")  # no model is called that, so a command always names its own


@dataclass(frozen=True)
class TrainCommand:
    """What a `train` command asks for.

    Attributes:
        recipe: A recipe's name, or the path of a .toml file.
        values: Settings instead of the recipe's, by the names of `settings.names()`, as JSON values.
        pseudo: Whether to learn from values accepted in bulk as well.
        standalone: Whether `values` are the whole recipe. `recipe` is no more than a name then, and may be gone.
        rest: Other arguments, as they stood there.
    """

    label: str
    recipe: str
    values: dict[str, object] = field(default_factory=dict)
    pseudo: bool = False
    standalone: bool = False
    rest: tuple[str, ...] = ()

    @property
    def recipe_name(self) -> str:
        """What the recipe is called, without folder and ending."""
        return Path(self.recipe).stem if self.recipe.endswith(".toml") else self.recipe

    def full_recipe(self) -> Recipe:
        """Return the recipe with its changes.

        Raises:
            GapwiseError: If there is no such recipe, or the settings don't fit.
        """
        if self.standalone:
            return parse_recipe(self.values, "The recipe")
        return applied(load_recipe(self.recipe), self.values)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `train` takes, but for how and where it runs."""
    parser.add_argument("--label", required=True, type=_text, metavar="NAME")
    add_recipe_options(parser)
    parser.add_argument("--pseudo", action="store_true", help="learn from values accepted in bulk as well")


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Declare what names a recipe and changes it."""
    about = "a recipe of data/recipes or of your own, or a .toml file"
    parser.add_argument("--recipe", required=True, type=_text, metavar="NAME", help=about)
    for name, kind, about in (
        ("--epochs", int, "instead of the recipe's"),
        ("--batch-size", int, "instead of the recipe's"),
        ("--size", _size, "N or HEIGHTxWIDTH in pixels, instead of the recipe's"),
        ("--weights", _text, "hub, random, or the path of a local file"),
        ("--model", _text, "any timm model name"),
        ("--lr", float, "learning rate"),
        ("--seed", int, "start of all random numbers"),
    ):
        parser.add_argument(name, type=kind, metavar=name[2:].upper().replace("-", "_"), help=about)
    about = "any setting instead of the recipe's, its value as in a recipe's file: --set optimizer=sgd"
    parser.add_argument("--set", type=_text, action="append", default=[], metavar="NAME=VALUE", help=about)
    about = "take every setting from this command line: --recipe only gives the name, and what is not set is default"
    parser.add_argument("--standalone", action="store_true", help=about)


def read_options(args: argparse.Namespace, rest: Sequence[str] = ()) -> TrainCommand:
    """Return what the options of `add_options` ask for.

    Raises:
        GapwiseError: If a setting's name is unknown, or one is given twice.
    """
    return TrainCommand(args.label, args.recipe, read_recipe_options(args), args.pseudo, args.standalone, tuple(rest))


def read_recipe_options(args: argparse.Namespace) -> dict[str, object]:
    """Return the settings that the options of `add_recipe_options` ask for, all of them where they are standalone.

    Raises:
        GapwiseError: If a setting's name is unknown, or one is given twice.
    """
    given = {name: getattr(args, name) for name in OPTIONS if getattr(args, name) is not None}
    values = read_settings(args.set, given)
    if args.standalone:
        whole = parse_recipe(values, f"The recipe {args.recipe}")
        values = whole.model_dump(mode="json", exclude=set(_WORDS))
    return values


def train_command(
    label: str, recipe: str, values: Mapping[str, object], pseudo: bool = False, standalone: bool = False
) -> list[str]:
    """Return the arguments after `python -m core` that train a label.

    A job must stay what it was when it was started: its recipe may be edited or deleted while it waits, is stopped or
    runs on a machine that has no such file. What Gapwise ships stays, so its name and the differences will do; of any
    other recipe the command carries every setting that is not a default (`--standalone`).

    Args:
        recipe: A recipe's name, or the path of a .toml file. One that is gone will do where `values` are whole, as
            `parse_train_command` gives them.
        values: Settings instead of the recipe's. Paths of weights are made absolute: a job starts in a folder of its
            own.
        standalone: Whether `values` are the whole recipe, but for defaults, and `recipe` is only what it is called.

    Raises:
        GapwiseError: If there is no such recipe, or the settings don't fit.
    """
    # A label called `--job` must not be taken for an option.
    named = [f"--label={label}"] if label.startswith("-") else ["--label", label]
    return ["train", *named, *recipe_arguments(recipe, values, standalone), *(["--pseudo"] if pseudo else [])]


def recipe_arguments(recipe: str, values: Mapping[str, object], standalone: bool = False) -> list[str]:
    """Return the arguments that name a recipe and its settings, as `train_command` has them.

    Raises:
        GapwiseError: If there is no such recipe, or the settings don't fit.
    """
    whole = _located(TrainCommand("", recipe, dict(values), standalone=standalone or _is_whole(values)))
    by_name = is_shipped(recipe) and not standalone
    changes = differing(load_recipe(recipe) if by_name else _DEFAULTS, whole)
    called = [f"--recipe={recipe}"] if recipe.startswith("-") else ["--recipe", recipe]
    options = [_option(name, changes[name]) for name in OPTIONS if name in changes]
    others = [name for name in changes if name not in (*OPTIONS, *_WORDS)]
    sets = [f"--set={name}={spelled(changes[name])}" for name in others]
    marks = [] if by_name else ["--standalone"]
    return [*called, *options, *sets, *marks]


def parse_train_command(command: Sequence[str]) -> TrainCommand:
    """Read a command back: what `train_command` was given comes out; also of commands of older jobs.

    Of a standalone command `values` have every setting, so that they give the same recipe whatever they are applied to.

    Raises:
        GapwiseError: If it is no `train` command, or one that can't be read.
    """
    if not command or command[0] != "train":
        raise GapwiseError(f"{' '.join(command)!r} trains nothing: expected a `train` command.")
    parser = _Parser(prog="train", add_help=False, allow_abbrev=False)
    add_options(parser)
    args, rest = parser.parse_known_args(list(command[1:]))
    return read_options(args, rest)


def check_weights(weights: str) -> None:
    """Raise a GapwiseError where a local file is named that is not there."""
    if weights not in ("random", "hub") and not Path(weights).expanduser().is_file():
        raise GapwiseError(f"There is no file {weights} on the machine that runs Gapwise.")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GapwiseError(f"The command can't be read: {message}.")


def _is_whole(values: Mapping[str, object]) -> bool:
    return set(Recipe.model_fields) - set(_WORDS) <= set(values)


def _located(asked: TrainCommand) -> Recipe:
    recipe = asked.full_recipe()
    if recipe.weights in ("hub", "random"):
        return recipe
    return recipe.changed(weights=str(Path(recipe.weights).expanduser().resolve()))


def _option(name: str, value: object) -> str:
    if isinstance(value, str) and not value.isprintable():
        return f"--set={name}={spelled(value)}"  # no argument may hold a zero byte; as TOML it is escaped
    text = "x".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"--{name.replace('_', '-')}={text}"


def _size(text: str) -> int | list[int]:
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(p.isdecimal() for p in parts):
        raise argparse.ArgumentTypeError(f"expected pixels as 224 or 200x300, got {text!r}")
    numbers = [int(p) for p in parts]
    return numbers[0] if len(numbers) == 1 else numbers


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{value!r} is not valid UTF-8") from None
    return value
