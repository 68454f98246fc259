"""Compound scaling as closed forms (Tan and Le 2019, arXiv 1905.11946, sections 3.3 and 4). Imports no torch.

Depth d multiplies layers, width w channels and resolution r the picture's side, all against a baseline network. The
papers write FLOPs and mean multiply-adds; here a multiply-add is always one multiplication with its addition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import GapwiseError

BASELINE = "efficientnet_b0"
BASELINE_PX = 224
DIMENSIONS = ("depth", "width", "resolution")
# Up to 32 times the cost by one dimension alone (32 x depth, 5.7 x width or resolution): past EfficientNet-L2,
# and still built and counted within seconds. Below 32 px the last stages see a single pixel.
LIMITS = {"depth": (0.1, 32.0), "width": (0.1, 6.0), "resolution": (32 / BASELINE_PX, 6.0)}
PHI_LIMITS = (0.0, 10.0)
COEFFICIENT_LIMITS = (1.0, 4.0)  # the search's own condition is >= 1
TOLERANCE = 0.15  # of α·β²·γ² = 2; the authors' own coefficients give 1.92


def _plain(value: float, digits: int) -> str:
    """Return a number with so many digits that count, without an exponent."""
    return f"{float(f'{value:.{digits}g}'):,.12g}"


def _check(name: str, value: float, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and low <= value <= high):  # NaN fails both comparisons
        raise GapwiseError(f"{name} is {_plain(value, 4)}; it must be from {low:.3g} to {high:g}.")


@dataclass(frozen=True)
class Coefficients:
    """What one step of φ multiplies depth, width and resolution by.

    Raises:
        GapwiseError: If one is no number from 1 to 4.
    """

    alpha: float = 1.2
    beta: float = 1.1
    gamma: float = 1.15

    def __post_init__(self) -> None:
        for name, value in (("α", self.alpha), ("β", self.beta), ("γ", self.gamma)):
            _check(name, value, *COEFFICIENT_LIMITS)

    @property
    def product(self) -> float:
        """α·β²·γ²: what one step of φ multiplies the multiply-adds by. The search holds it at about 2."""
        return self.alpha * self.beta**2 * self.gamma**2


PAPER = Coefficients()


@dataclass(frozen=True)
class Factors:
    """Multiples of the baseline's layers, channels and side of the picture.

    Raises:
        GapwiseError: If one is not finite or beyond LIMITS.
    """

    depth: float = 1.0
    width: float = 1.0
    resolution: float = 1.0

    def __post_init__(self) -> None:
        for name in DIMENSIONS:
            _check(name, getattr(self, name), *LIMITS[name])

    @property
    def cost(self) -> float:
        """d·w²·r²: what the formula says the multiply-adds grow by, before any rounding."""
        return self.depth * self.width**2 * self.resolution**2

    @property
    def px(self) -> int:
        """Side of the picture in pixels on the B0 baseline."""
        return round_resolution(self.resolution)


def compound(phi: float, coefficients: Coefficients = PAPER) -> Factors:
    """Return d = α^φ, w = β^φ, r = γ^φ.

    Raises:
        GapwiseError: If φ is not from 0 to 10, or a factor comes out beyond LIMITS.
    """
    _check("φ", phi, *PHI_LIMITS)
    return Factors(coefficients.alpha**phi, coefficients.beta**phi, coefficients.gamma**phi)


def single(dimension: str, factor: float) -> Factors:
    """Return factors that scale one dimension and leave the others alone."""
    return Factors(**{_dimension(dimension): factor})


def factor_for_cost(dimension: str, cost: float) -> float:
    """Return the factor by which one dimension alone reaches a closed-form cost: F for depth, √F for the others.

    Raises:
        GapwiseError: If that factor is beyond LIMITS.
    """
    _check("the cost factor d·w²·r²", cost, 1e-6, 1e6)
    factor = cost if _dimension(dimension) == "depth" else math.sqrt(cost)
    low, high = LIMITS[dimension]
    if not low <= factor <= high:
        raise GapwiseError(
            f"{dimension} alone would have to be {_plain(factor, 3)} times the baseline's to reach {_plain(cost, 3)}"
            f" times its cost; {low:.3g} to {high:g} can be built. Choose a smaller φ, or α, β, γ with α·β²·γ² near 2."
        )
    return factor


def phi_for_cost(cost: float, coefficients: Coefficients = PAPER) -> float:
    """Return the φ at which (α·β²·γ²)^φ is a cost.

    Raises:
        GapwiseError: If no φ from 0 to 10 reaches it.
    """
    _check("the cost factor d·w²·r²", cost, 1e-6, 1e6)
    if coefficients.product <= 1:
        raise GapwiseError("With α = β = γ = 1 no φ changes anything. Raise one of them above 1.")
    phi = math.log(cost) / math.log(coefficients.product)
    _check(f"the φ that costs {_plain(cost, 3)} times the baseline", phi, *PHI_LIMITS)
    return phi


def nearest_phi(factors: Factors, coefficients: Coefficients = PAPER) -> float:
    """Return the φ whose d, w, r lie nearest to given factors: least squares on their logarithms.

    Raises:
        GapwiseError: If α = β = γ = 1.
    """
    logs = [math.log(c) for c in (coefficients.alpha, coefficients.beta, coefficients.gamma)]
    if not any(logs):
        raise GapwiseError("With α = β = γ = 1 every φ gives the baseline. Raise one of them above 1.")
    wanted = [math.log(getattr(factors, name)) for name in DIMENSIONS]
    return sum(a * b for a, b in zip(logs, wanted, strict=True)) / sum(a * a for a in logs)


def solve(measure: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return the value in [low, high] at which a function that never falls comes nearest to a target.

    Rounding to whole layers and 8 channels makes counted costs climb in steps; of the two steps around the target the
    nearer one is taken. Ends of the range are returned where the target lies beyond them.
    """
    for _ in range(40):  # halves a range of 32 down to 3e-11
        middle = (low + high) / 2
        low, high = (middle, high) if measure(middle) < target else (low, middle)
    return min((low, high), key=lambda value: abs(measure(value) - target))


def round_channels(channels: float, width: float, limit: float = 0.9) -> int:
    """Return scaled channels as the papers' code rounds them: to the nearest multiple of 8, at least 8, and never below
    90% (`limit`) of what was asked for."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < limit * wanted else rounded


def round_layers(layers: int, depth: float) -> int:
    """Return scaled layers as the papers' code rounds them: up."""
    return math.ceil(layers * depth)


def round_resolution(resolution: float, base: int = BASELINE_PX) -> int:
    """Return the side of the picture in whole pixels."""
    return round(base * resolution)


def off_constraint(coefficients: Coefficients) -> str | None:
    """Return what to tell a person whose α·β²·γ² is not about 2, None when it is."""
    product = coefficients.product
    if abs(product / 2 - 1) <= TOLERANCE:
        return None
    return (
        f"α·β²·γ² is {product:.3g}, and the search holds it at about 2: here each step of φ multiplies the"
        f" multiply-adds by {product:.3g}, so φ no longer counts doublings."
    )


def _dimension(name: str) -> str:
    if name not in DIMENSIONS:
        raise GapwiseError(f"There is no dimension {name!r}. Choose one of {', '.join(DIMENSIONS)}.")
    return name
