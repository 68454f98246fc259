"""Which networks are trained: five ways to scale at equal cost, or the grid of the search. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from core.errors import GapwiseError
from core.models.constraint import grid, spread
from core.models.equal import REACHED, Network, five, unchanged
from core.models.scaling import PAPER, Coefficients, Factors
from core.models.starts import start_of_recipe
from core.training.recipe import Recipe
from core.training.sweep.plan import Point

MODEL_SETTINGS = ("width", "depth", "size")


def base_of(recipe: Recipe, classes: int) -> Network:
    """Return the network that a recipe trains, as the one that scaling starts from.

    Args:
        classes: Of the label.

    Raises:
        GapwiseError: If its model, its pictures or its stages can't be scaled.
    """
    height, width = recipe.pixels
    if height != width:
        raise GapwiseError(
            f"The recipe's pictures are {height} x {width} px; compound scaling has one resolution. Give one side, as"
            f" size={min(height, width)}."
        )
    if recipe.stages or recipe.progressive:
        raise GapwiseError(
            "The recipe has progressive learning, so its networks see several sizes. Choose a recipe without it, or set"
            " progressive to none."
        )
    network = Network(recipe.model.split(".")[0], recipe.width, recipe.depth, height, classes)
    network.counts()
    return network


def from_scratch(recipe: Recipe) -> Recipe:
    """Return the recipe with random weights: there are published ones for none but the baseline."""
    return recipe.changed(weights="random") if recipe.weights != "random" else recipe


def five_points(base: Network, phi: float = 1.0, coefficients: Coefficients = PAPER) -> list[Point]:
    """Return the five networks as points of a sweep; `about` has their counts and factors.

    Raises:
        GapwiseError: If they can't be brought to one cost.
    """
    found = five(base, phi, coefficients)
    left = unchanged(base, found["compound"])
    return [
        point(name, network, base, **({"unchanged": left} if name == "compound" else {}))
        for name, network in found.items()
    ]


def point(name: str, network: Network, base: Network, **about: object) -> Point:
    """Return a network as a point of a sweep."""
    parameters, multiply_adds = network.counts()
    factors = {"depth": network.depth / base.depth, "width": network.width / base.width,
               "resolution": network.px / base.px}  # fmt: skip
    counts = {"px": network.px, "parameters": parameters, "multiply_adds": multiply_adds}
    rounded = {k: round(v, 4) for k, v in factors.items()}
    return Point(name, network.settings(), {**counts, "factors": rounded, **about})


def searched(base: Network, step: float, tolerance: float, most: int) -> list[Coefficients]:
    """Return α, β, γ to try on a network: the paper's, and points of the grid around α·β²·γ² = 2, far apart.

    Those are taken whose counted cost is within a tenth of the paper's; where they are too few, the nearest: with large
    steps between networks the dearest would else win by what they cost.

    Args:
        most: How many in all, at least 2.

    Raises:
        GapwiseError: If a value is out of range, or no point lies there.
    """
    if most < 2:
        raise GapwiseError(f"{most} points were asked for: a search compares at least 2.")
    start = start_of_recipe(base.model, base.px, base.width, base.depth, base.classes)
    paper = base.scaled(Factors(PAPER.alpha, PAPER.beta, PAPER.gamma)).multiply_adds
    points = sorted(grid(step, tolerance, start), key=lambda p: abs(p.multiply_adds / paper - 1))
    near = [p for p in points if abs(p.multiply_adds / paper - 1) <= REACHED]
    able = near if len(near) >= most else points[:most]
    if PAPER in (p.coefficients for p in able):
        return [p.coefficients for p in spread(able, most)]
    return [PAPER, *(p.coefficients for p in spread(able, most - 1))]  # not on so coarse a grid


def search_points(base: Network, tried: Sequence[Coefficients]) -> list[Point]:
    """Return the networks of the search at φ = 1, the baseline first; coefficients of one network stand together.

    Args:
        tried: α, β, γ, as `searched` returns them.

    Raises:
        GapwiseError: If one leaves what a recipe takes, or fewer than two networks are different.
    """
    found: dict[tuple, tuple[Network, list[Coefficients]]] = {}
    for c in tried:
        network = base.scaled(Factors(c.alpha, c.beta, c.gamma))
        found.setdefault((network.px, *network.counts()), (network, []))[1].append(c)
    if len(found) < 2:
        raise GapwiseError("All coefficients of this grid round to one network: start from a larger network.")
    points = [point("baseline", base, base)]
    for network, alike in found.values():
        ordered = sorted(alike, key=lambda c: c != PAPER)  # the paper's lend the network their name
        points.append(point(named(ordered[0]), network, base, coefficients=[asdict(c) for c in ordered]))
    return points


def named(c: Coefficients) -> str:
    """Return coefficients as people write them: 1.2 / 1.1 / 1.15."""
    return f"{c.alpha:g} / {c.beta:g} / {c.gamma:g}"
