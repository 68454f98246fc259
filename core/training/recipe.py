"""Recipes: everything that decides how a training goes, except the label and its cells."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import GapwiseError
from core.workspace import PROJECT

RECIPES = PROJECT / "data" / "recipes"
Pixels = Annotated[int, Field(ge=8, le=2048)]


class Recipe(BaseModel):
    """A training's settings, checked. Unknown names are refused: a typo must not pass as a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    title: str = Field("", description="What people read in the list")
    source: str = Field("", description="Where the figures come from")

    model: str = Field(min_length=1, description="Any timm model name, for example efficientnet_b0")
    weights: str = Field("random", min_length=1, description="hub, random, or the path of a .safetensors or .pth file")
    width: float = Field(1.0, gt=0, le=4, description="Channels of an EfficientNet, as a multiple of the model's own")
    depth: float = Field(1.0, gt=0, le=4, description="Layers of an EfficientNet, as a multiple of the model's own")
    size: Pixels | tuple[Pixels, Pixels] = Field(
        224,
        description="Image size in pixels, or [height, width]; the whole picture is scaled to it, nothing is cut off",
    )

    epochs: int = Field(20, ge=1, le=10_000, description="Passes over the training images")
    batch_size: int = Field(32, ge=1, le=8192, description="Images per step")
    optimizer: str = Field("adamw", min_length=1, description="A timm optimizer name: sgd, adamw, lamb, ...")
    lr: float = Field(1e-3, gt=0, le=10, description="Highest learning rate")
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum, for optimizers that have it")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Weight decay")
    schedule: Literal["cosine", "step", "poly", "plateau", "constant"] = Field(
        "cosine", description="How the learning rate falls"
    )
    min_lr: float = Field(0.0, ge=0, le=1, description="Lowest learning rate")
    warmup_epochs: int = Field(0, ge=0, le=1000, description="Epochs in which the learning rate rises")
    decay_epochs: int = Field(30, ge=1, le=10_000, description="Epochs between two falls (step), or patience (plateau)")
    decay_rate: float = Field(0.1, gt=0, lt=1, description="Factor of a fall (step, plateau)")

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Share of the target spread over all classes")
    balance: bool = Field(False, description="Weigh classes by how rare they are")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the classifier")
    drop_path: float = Field(0.0, ge=0, lt=1, description="Stochastic depth: share of blocks skipped at the end")
    clip_grad: float = Field(0.0, ge=0, le=1000, description="Largest gradient norm, 0 for none")

    hflip: float = Field(0.5, ge=0, le=1, description="Probability of a horizontal flip")
    scale: tuple[float, float] = Field(
        (0.8, 1.0), description="Share of the area that a random crop keeps, from and to"
    )
    ratio: tuple[float, float] = Field((0.9, 1.1), description="Width over height of a random crop, from and to")
    color_jitter: float = Field(0.2, ge=0, le=1, description="Strength of brightness, contrast and saturation changes")
    rand_augment: int = Field(0, ge=0, le=30, description="RandAugment magnitude, 0 for none")

    seed: int = Field(0, ge=0, le=2**31 - 1, description="Start of all random numbers")
    precision: Literal["auto", "no", "fp16", "bf16"] = Field(
        "auto",
        description="Number format of the computation; auto: bf16, else fp16, on CUDA and full precision elsewhere",
    )
    patience: int = Field(0, ge=0, le=10_000, description="Stop after so many epochs without a better one, 0 for never")
    best_by: Literal["f1", "accuracy"] = Field(
        "f1", description="What the best checkpoint is chosen by (macro F1, accuracy)"
    )

    @field_validator("scale", "ratio")
    @classmethod
    def _in_order(cls, value: tuple[float, float], info: object) -> tuple[float, float]:
        low, high = value
        top = 1.0 if getattr(info, "field_name", "") == "scale" else 10.0
        if not 0 < low <= high <= top:
            raise ValueError(f"expected 0 < from <= to <= {top:g}")
        return value

    @property
    def pixels(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def changed(self, **values: object) -> Recipe:
        """Return the recipe with other values, checked again; None means unchanged.

        Raises:
            GapwiseError: If a value is out of bounds.
        """
        return parse_recipe({**self.model_dump(), **{k: v for k, v in values.items() if v is not None}}, "The recipe")

    def to_toml(self) -> str:
        """Return the recipe as TOML that `parse_recipe` reads back."""
        return "".join(f"{key} = {_toml(value)}\n" for key, value in self.model_dump().items())


def parse_recipe(values: Mapping[str, object], where: str) -> Recipe:
    """Return a checked recipe.

    Raises:
        GapwiseError: Naming every wrong setting, what arrived and what was expected.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        lines = [f"  {_place(e['loc'])}: {_problem(e)}" for e in error.errors()]
        raise GapwiseError(f"{where} has settings that don't fit:\n" + "\n".join(lines)) from error


def list_recipes(folder: Path = RECIPES) -> dict[str, Recipe]:
    """Return the shipped recipes by name.

    Raises:
        GapwiseError: If one can't be read.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def load_recipe(name: str, folder: Path = RECIPES) -> Recipe:
    """Return a recipe by name, or from a TOML file by path.

    Raises:
        GapwiseError: If there is none, or it doesn't fit.
    """
    names = sorted(path.stem for path in folder.glob("*.toml"))
    if name in names:
        return _read(folder / f"{name}.toml")
    if name.endswith(".toml") and Path(name).is_file():
        return _read(Path(name))
    raise GapwiseError(f"There is no recipe {name!r}. The recipes here are: {', '.join(names)}; or name a .toml file.")


def _read(path: Path) -> Recipe:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GapwiseError(f"The recipe {path} can't be read: {error}.") from error
    return parse_recipe(values, f"The recipe {path.name}")


def _place(location: tuple[int | str, ...]) -> str:
    return str(location[0]) if location else "recipe"


def _problem(error: Mapping) -> str:
    if error["type"] == "extra_forbidden":
        return f"is no setting of a recipe. The settings are: {', '.join(Recipe.model_fields)}"
    if error["type"] == "missing":
        return "is missing"
    return f"{error['msg'].removeprefix('Value error, ').lower()}; got {error['input']!r}"


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(v) for v in value)}]"
    # JSON spells strings, numbers and booleans as TOML does, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
