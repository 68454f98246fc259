"""The command line of a training, as the page and the shell start it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def train_command(label: str, recipe: str, values: Mapping[str, object], pseudo: bool = False) -> list[str]:
    """Return the arguments after `python -m core`.

    Args:
        recipe: A recipe's name, or the path of a .toml file.
        values: Settings that differ from the recipe's, by their names there; None means unchanged.
        pseudo: Whether to learn from values accepted in bulk as well.
    """
    # A label called `--job` must not be taken for an option.
    named = [f"--label={label}"] if label.startswith("-") else ["--label", label]
    changes = [f"--{k.replace('_', '-')}={_spelled(v)}" for k, v in values.items() if v is not None]
    return ["train", *named, "--recipe", recipe, *changes, *(["--pseudo"] if pseudo else [])]


def _spelled(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
