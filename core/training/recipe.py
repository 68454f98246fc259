"""Recipes: everything that decides how a training goes, except the label and its cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import GapwiseError
from core.training.stages import GROWS, SIDES, Progressive, Size, Stage, between, boundaries, resized

LARGEST_BATCH = 8192  # images; what is larger is a typing error


class Recipe(BaseModel):
    """A training's settings, checked. Unknown names are refused: a typo must not pass as a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    title: str = Field("", description="What people read in the list")
    source: str = Field("", description="Where the figures come from")

    model: str = Field(min_length=1, description="Any timm model name, for example efficientnet_b0")
    weights: str = Field("random", min_length=1, description="hub, random, or the path of a .safetensors or .pth file")
    width: float = Field(1.0, gt=0, le=6, description="Channels, as a multiple of the model's own: scaled networks")
    depth: float = Field(1.0, gt=0, le=32, description="Layers, as a multiple of the model's own: scaled networks")
    freeze: bool = Field(False, description="Train the classifier only; the rest keeps its weights and statistics")
    size: Size = Field(
        224,
        description="Image size in pixels, or [height, width]; the whole picture is scaled to it, nothing is cut off",
    )
    grey: bool = Field(False, description="Take the colour away: three equal channels, so that any weights fit")
    normalization: Literal["auto", "own", "weights"] = Field(
        "auto",
        description="Mean and spread that pictures are brought to: the data set's own, or what the weights were trained"
        " with; auto: the weights', and the data set's own for random ones",
    )

    epochs: int = Field(20, ge=1, le=10_000, description="Passes over the training images")
    batch_size: int = Field(32, ge=1, le=LARGEST_BATCH, description="Images per step, over all processes together")
    accumulate: int = Field(
        1,
        ge=1,
        le=1024,
        description="Parts that a batch is computed in, one after another, where memory is short; the batch stays",
    )
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
    ema_decay: float = Field(
        0.0, ge=0, lt=1, description="Decay per step of the running mean of the weights that is measured, 0 for none"
    )
    mixup: float = Field(0.0, ge=0, le=10, description="Mixup: alpha of the share that two pictures get, 0 for none")
    cutmix: float = Field(0.0, ge=0, le=10, description="CutMix: alpha of the share that is pasted in, 0 for none")

    hflip: float = Field(0.5, ge=0, le=1, description="Probability of a horizontal flip")
    scale: tuple[float, float] = Field(
        (0.8, 1.0), description="Share of the area that a random crop keeps, from and to"
    )
    ratio: tuple[float, float] = Field((0.9, 1.1), description="Width over height of a random crop, from and to")
    color_jitter: float = Field(0.2, ge=0, le=1, description="Strength of brightness, contrast and saturation changes")
    rand_augment: int = Field(0, ge=0, le=30, description="RandAugment magnitude, 0 for none")
    rotate: float = Field(0.0, ge=0, le=180, description="Random rotation, up to so many degrees either way")
    translate: float = Field(0.0, ge=0, le=1, description="Random shift, up to this share of the side")
    zoom: tuple[float, float] = Field((1.0, 1.0), description="Random zoom, from and to")
    shear: float = Field(0.0, ge=0, le=80, description="Random shear, up to so many degrees either way")

    seed: int = Field(0, ge=0, le=2**31 - 1, description="Start of all random numbers")
    precision: Literal["auto", "no", "fp16", "bf16"] = Field(
        "auto",
        description="Number format of the computation; auto: bf16, else fp16, on CUDA and full precision elsewhere",
    )
    compile: bool = Field(
        False, description="Compile the network first (torch.compile): minutes that long runs win back"
    )
    patience: int = Field(0, ge=0, le=10_000, description="Stop after so many epochs without a better one, 0 for never")
    min_delta: float = Field(
        0.0, ge=0, le=1, description="How much better an epoch must be for the patience to count it"
    )
    best_by: Literal["f1", "accuracy"] = Field(
        "f1", description="What the best checkpoint is chosen by (macro F1, accuracy)"
    )

    progressive: Progressive | None = Field(
        None, description="Progressive learning: where stages start; they end at the values above"
    )
    stages: tuple[Stage, ...] = Field(
        (), max_length=50, description="Progressive learning with every stage written out"
    )

    @model_validator(mode="before")
    @classmethod
    def _last_stage_is_the_recipe(cls, values: object) -> object:
        """What the stages decide is, for the recipe as a whole, what the last one says."""
        if not isinstance(values, Mapping) or not values.get("stages"):
            return values
        try:
            stages = [s if isinstance(s, Stage) else Stage.model_validate(s) for s in values["stages"]]
        except (ValidationError, TypeError):
            return values  # the field's own check says what is wrong
        last = {name: getattr(stages[-1], name) for name in GROWS}
        return {"epochs": sum(s.epochs for s in stages), **last, **values}

    @model_validator(mode="after")
    def _one_kind_of_stages(self) -> Recipe:
        if self.stages and self.progressive:
            raise ValueError("has both stages and progressive: expected one of them")
        return self

    @field_validator("scale", "ratio", "zoom")
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

    @property
    def phases(self) -> list[tuple[int, Recipe]]:
        """First epoch (from 0) and recipe of each stage, the latter without stages of its own; one without any.

        A run of another length shares its epochs out in proportion; another size scales the stages' sizes with it.
        """
        shares, each = self._stages()
        starts = boundaries(shares, self.epochs)
        plain = self.model_copy(update={"stages": (), "progressive": None})
        found = [(first, plain.model_copy(update=values)) for first, values in zip(starts, each, strict=True)]
        following = [*starts[1:], self.epochs]
        return [phase for phase, end in zip(found, following, strict=True) if phase[0] < end]

    def at(self, epoch: int) -> Recipe:
        """Return the recipe as it holds in an epoch (from 0)."""
        return next(recipe for first, recipe in reversed(self.phases) if first <= epoch)

    def _stages(self) -> tuple[list[int], list[dict[str, object]]]:
        own = {name: getattr(self, name) for name in GROWS}
        if self.progressive:
            count = self.progressive.stages
            return [1] * count, between({name: getattr(self.progressive, name) for name in GROWS}, own, count)
        if not self.stages:
            return [1], [own]
        last = self.stages[-1].size
        height, width = (last, last) if isinstance(last, int) else last
        factor = self.pixels[0] / height, self.pixels[1] / width
        each = [{**s.model_dump(include=set(GROWS)), "size": resized(s.size, factor)} for s in self.stages]
        each[-1] = own  # changed values of a recipe with stages are the last stage's
        return [s.epochs for s in self.stages], each

    def changed(self, **values: object) -> Recipe:
        """Return the recipe with other values, checked again; None means unchanged.

        Raises:
            GapwiseError: If a value is out of bounds.
        """
        return parse_recipe({**self.model_dump(), **{k: v for k, v in values.items() if v is not None}}, "The recipe")

    def to_toml(self) -> str:
        """Return the recipe as TOML that `parse_recipe` reads back."""
        values = self.model_dump(exclude_none=True)
        stages, progressive = values.pop("stages"), values.pop("progressive", None)
        tables = [("[progressive]", progressive)] if progressive else []
        tables += [("[[stages]]", stage) for stage in stages]
        return _lines(values) + "".join(f"\n{head}\n{_lines(table)}" for head, table in tables)


def parse_recipe(values: Mapping[str, object], where: str) -> Recipe:
    """Return a checked recipe.

    Raises:
        GapwiseError: Naming every wrong setting, what arrived and what was expected.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        told = dict.fromkeys(f"  {_place(e['loc'])}: {_problem(e)}" for e in error.errors() if not _second_of_size(e))
        raise GapwiseError(f"{where} has settings that don't fit:\n" + "\n".join(told)) from error


def _of_size(error: Mapping) -> bool:
    """Whether a size was tried as one side or as two: pydantic then tells of both ways in its own terms."""
    return "size" in error["loc"][:-1]


def _second_of_size(error: Mapping) -> bool:
    return _of_size(error) and "tuple" in str(error["loc"][error["loc"].index("size") + 1])


def _place(location: tuple[int | str, ...]) -> str:
    """Name a setting, with the stage that it is in."""
    if location and location[0] == "stages" and len(location) > 2:
        return f"stage {int(location[1]) + 1}, {location[2]}"
    if "size" in location:
        location = location[: location.index("size") + 1]
    return ".".join(str(part) for part in location[:2] if isinstance(part, str)) or "recipe"


def _problem(error: Mapping) -> str:
    if error["type"] == "extra_forbidden":
        kind = {"stages": Stage, "progressive": Progressive}.get(str(error["loc"][0]), Recipe)
        return f"is no setting here. The settings are: {', '.join(kind.model_fields)}"
    if error["type"] == "missing":
        return "is missing"
    if _of_size(error):
        low, high = SIDES
        return f"must be a whole number of pixels from {low} to {high}, or [height, width]; got {error['input']!r}"
    return f"{error['msg'].removeprefix('Value error, ').lower()}; got {error['input']!r}"


def _lines(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in values.items())


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(v) for v in value)}]"
    # JSON spells strings, numbers and booleans as TOML does, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
