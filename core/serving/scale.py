"""Networks for the scaling explorer: the baseline, one dimension and compound, counted and drawn from one answer.

All figures come from the closed forms of `core.models`; no workspace is opened, and nothing is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import GapwiseError
from core.models import measured, scaling
from core.models.baselines import baseline
from core.models.cost import training_memory
from core.models.matching import match_phi, match_single
from core.models.network import Network
from core.models.operators import stage_layers
from core.models.stages import activations, scaled_stages, totals
from core.models.starts import limits, px
from core.serving.messages import told
from core.training.recipe import LARGEST_BATCH

FLOAT_BYTES = 4
_PAPER = scaling.PAPER


class Wish(BaseModel):
    """Which networks a page looks at.

    `moved` is the side that was changed last; the other follows as `lock` says. `batch` and `device` are what training
    memory is about; on CUDA, activations take two bytes each, as recipes have it by themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    baseline: Annotated[str, Field(max_length=60)] = scaling.BASELINE
    dimension: Literal["depth", "width", "resolution"] = "depth"
    factor: float = 1.0
    phi: float = 1.0
    alpha: float = _PAPER.alpha
    beta: float = _PAPER.beta
    gamma: float = _PAPER.gamma
    lock: Literal["formula", "counted", "off"] = "formula"
    moved: Literal["one", "compound"] = "compound"
    batch: Annotated[int, Field(ge=1, le=LARGEST_BATCH)] = 32
    device: Literal["cpu", "cuda"] = "cpu"


def read_wish(asked: Mapping[str, str]) -> Wish:
    """Return what an address's query asks for.

    Raises:
        GapwiseError: If a name or a value is none that there is; bounds are `core.models.scaling`'s.
    """
    try:
        return Wish.model_validate(dict(asked))
    except ValidationError as error:
        raise GapwiseError(_no_batch(error) or told(error)) from error


def _no_batch(error: ValidationError) -> str:
    """Return what is wrong with a batch, empty where nothing is."""
    first = error.errors(include_url=False)[0]
    if first["loc"] != ("batch",):
        return ""
    arrived = str(first["input"])[:20]
    return f"The batch is {arrived}; it must be a whole number of pictures from 1 to {LARGEST_BATCH:,}."


def answer(wish: Wish) -> dict:
    """Return `networks` with what was measured of each on this machine, as JSON values.

    Raises:
        GapwiseError: If a value is beyond what can be built.
    """
    found = networks(wish)
    try:
        known = _measured(measured.stamp())
    except GapwiseError as error:  # the networks are as they are all the same
        known, found = {}, {**found, "problem": found["problem"] or str(error)}
    each = found["networks"]
    return {**found, "networks": {n: {**one, "measured": known.get(_built(wish, one))} for n, one in each.items()}}


def _built(wish: Wish, network: Mapping) -> Network:
    return Network(wish.baseline, network["width"], network["depth"], network["px"])


@lru_cache(maxsize=1)
def _measured(stamp: tuple[int, int]) -> dict[Network, dict]:
    """Return the newest measurement of single pictures for each network; `stamp` changes with them."""
    found = [m for m in measured.measurements() if (m.task, m.batch) == (measured.INFERENCE, 1)]
    return {
        m.network: {
            "median": m.median, "lower": m.lower, "upper": m.upper, "steps": m.steps, "throughput": m.throughput,
            "machine": m.machine.told,
        }
        for m in reversed(found)
    }  # fmt: skip


@lru_cache(maxsize=512)
def networks(wish: Wish) -> dict:
    """Return baseline, one dimension and compound with all their figures, as JSON values.

    Raises:
        GapwiseError: If a value is beyond what can be built.
    """
    at = baseline(wish.baseline)
    coefficients = scaling.Coefficients(wish.alpha, wish.beta, wish.gamma)
    factor, phi, problem = _followed(wish, coefficients)
    found = {
        "baseline": scaling.Factors(),
        "one": _within(scaling.single(wish.dimension, factor), wish.baseline),
        "compound": _within(scaling.compound(phi, coefficients), wish.baseline),
    }
    base = totals(scaled_stages(found["baseline"], at.name))[1]
    return {
        "factor": factor,
        "phi": phi,
        "product": coefficients.product,
        "note": scaling.off_constraint(coefficients) or "",
        "problem": problem,
        "follows": not problem,
        "networks": {name: _network(factors, wish, base) for name, factors in found.items()},
    }


def _followed(wish: Wish, coefficients: scaling.Coefficients) -> tuple[float, float, str]:
    """Return factor and φ after one side has followed the other, and why it could not."""
    if wish.lock == "off":
        return wish.factor, wish.phi, ""
    counted = wish.lock == "counted"
    if wish.moved == "one":
        target = _within(scaling.single(wish.dimension, wish.factor), wish.baseline)
        try:
            return wish.factor, match_phi(target, coefficients, counted, wish.baseline), ""
        except GapwiseError as error:
            return wish.factor, wish.phi, str(error)
    target = _within(scaling.compound(wish.phi, coefficients), wish.baseline)
    try:
        return match_single(wish.dimension, target, counted, wish.baseline), wish.phi, ""
    except GapwiseError as error:
        return wish.factor, wish.phi, str(error)


def _within(factors: scaling.Factors, name: str) -> scaling.Factors:
    """Return factors as they are, unless a picture would be too small for this baseline."""
    low = limits(name)["resolution"][0]
    if factors.resolution < low * (1 - 1e-9):
        raise GapwiseError(
            f"resolution is {factors.resolution:.4g}, {px(factors, name)} px; it must be at least {low:.3g},"
            f" {round(low * baseline(name).px)} px."
        )
    return factors


def _network(factors: scaling.Factors, wish: Wish, base: int) -> dict:
    name = wish.baseline
    stages, layers = scaled_stages(factors, name), stage_layers(factors, name)
    parameters, multiply_adds = totals(stages)
    grown, kept, side = multiply_adds / base, activations(stages), px(factors, name)
    rows: list[dict] = [vars(stage).copy() for stage in stages]
    for row, inside in zip(rows[1:], layers, strict=False):
        row["inside"] = [layer.as_json() for layer in inside]
    return {
        "depth": factors.depth,
        "width": factors.width,
        "resolution": factors.resolution,
        "px": side,
        "layers": sum(stage.layers for stage in stages[1:-1]),
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "activation_bytes": FLOAT_BYTES * kept,
        "memory": training_memory(parameters, kept, side, wish.batch, wish.device, half=wish.device == "cuda"),
        "formula": factors.cost,
        "grown": grown,
        "off": grown / factors.cost - 1,
        "stages": rows,
    }
