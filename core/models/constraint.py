"""The grid that α, β and γ are searched on, and the surface α·β²·γ² = 2 that it lies around. Imports no torch.

Tan and Le 2019 (arXiv 1905.11946, section 3.3): with φ = 1, a small grid search under α·β²·γ² ≈ 2 and α, β, γ >= 1; it
gave 1.2, 1.1, 1.15 for B0. The paper does not print its grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core.errors import GapwiseError
from core.models.scaling import BASELINE, PAPER, Coefficients, compound
from core.models.stages import scaled_stages, totals
from core.models.starts import Start, px

PRODUCT = 2.0
STEP = 0.05  # the paper's coefficients are multiples of it
TOLERANCE = 0.05  # of α·β²·γ² = 2, relative; the paper's own 1.92 lies 4% off
STEP_LIMITS = (0.02, 0.5)  # the finest has some 1,700 points on the surface
TOLERANCE_LIMITS = (0.0, 0.5)
MOST = 2000  # points, each a network that is counted
SURFACE_LIMITS = (2, 400)


@dataclass(frozen=True)
class Point:
    """One network of the grid: a baseline scaled by α, β, γ at φ = 1.

    Attributes:
        product: α·β²·γ², what the formula says its multiply-adds are a multiple by.
        counted: What they are a multiple by, counted with all rounding.
        px: Side of its picture.
        paper: Whether these are the paper's coefficients for B0.
    """

    alpha: float
    beta: float
    gamma: float
    product: float
    counted: float
    parameters: int
    multiply_adds: int
    px: int
    paper: bool

    @property
    def coefficients(self) -> Coefficients:
        return Coefficients(self.alpha, self.beta, self.gamma)

    def as_json(self) -> dict:
        return asdict(self)


def grid(
    step: float = STEP,
    tolerance: float = TOLERANCE,
    baseline: str | Start = BASELINE,
    product: float = PRODUCT,
) -> tuple[Point, ...]:
    """Return the points of a grid from 1 upwards whose α·β²·γ² is about a product, with their counted cost.

    Args:
        step: Between two values of each coefficient, 0.02 to 0.5.
        tolerance: Relative, 0 to 0.5: how far off the product may be.
        baseline: What is scaled.
        product: What one step of φ should multiply the multiply-adds by, above 1 and at most 8.

    Raises:
        GapwiseError: If a value is out of range, no point or more than 2,000 lie there.
    """
    _check("The step", step, *STEP_LIMITS)
    _check("The tolerance", tolerance, *TOLERANCE_LIMITS)
    _check("α·β²·γ²", product, 1.01, 8.0)
    found = _near(step, tolerance, product)
    if not found:
        raise GapwiseError(
            f"No α, β, γ in steps of {step:g} have α·β²·γ² within {tolerance:.1%} of {product:g}. Choose a finer step"
            " or a larger tolerance."
        )
    if len(found) > MOST:
        raise GapwiseError(
            f"{len(found):,} points in steps of {step:g} lie within {tolerance:.1%} of {product:g}; {MOST:,} can be"
            " shown. Choose a coarser step or a smaller tolerance."
        )
    base = totals(scaled_stages(compound(0), baseline))[1]
    return tuple(_point(Coefficients(*values), baseline, base) for values in found)


def spread(points: Sequence[Point], count: int) -> tuple[Point, ...]:
    """Return some points that lie far apart, to train in place of all: the paper's first where it is there.

    Each next one is the point farthest from those taken, by the logarithms of what the coefficients multiply the
    cost by (α, β², γ²).

    Args:
        points: As `grid` returns them.
        count: How many, at least 1; all of them where there are no more.
    """
    if count < 1:
        raise GapwiseError(f"{count} points of the grid were asked for; it must be at least 1.")
    if not points:
        return ()
    places = np.log([[p.alpha, p.beta**2, p.gamma**2] for p in points])
    taken = [next((i for i, p in enumerate(points) if p.paper), 0)]
    while len(taken) < min(count, len(points)):
        apart = np.linalg.norm(places[:, None] - places[None, taken], axis=2).min(1)
        taken.append(int(apart.argmax()))
    return tuple(points[i] for i in sorted(taken))


def surface(resolution: int = 60, product: float = PRODUCT) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return α·β²·γ² = product as a surface to draw: α, β and γ, each (resolution, resolution) float64.

    Rows have one α each, from 1 to the product; along them β grows from 1 to where γ, which follows from both, is 1.
    So all of the surface is there on which no coefficient is below 1, and its edges are exact.

    Args:
        resolution: Values along each direction, 2 to 400.
    """
    _check("The surface's resolution", resolution, *SURFACE_LIMITS)
    alpha, share = np.meshgrid(np.linspace(1, product, resolution), np.linspace(0, 1, resolution), indexing="ij")
    beta = np.sqrt(product / alpha) ** share  # β from 1 to what leaves γ = 1
    return alpha, beta, np.sqrt(product / alpha) / beta


def _near(step: float, tolerance: float, product: float) -> list[tuple[float, float, float]]:
    """Return (α, β, γ) near the product, in order; γ is walked only where it can lie."""
    low, high = product * (1 - tolerance), product * (1 + tolerance)
    found = []
    for alpha in _steps(1.0, high, step):
        for beta in _steps(1.0, math.sqrt(high / alpha), step):
            rest = alpha * beta**2
            found += [(alpha, beta, gamma) for gamma in _steps(math.sqrt(low / rest), math.sqrt(high / rest), step)]
    return found


def _steps(low: float, high: float, step: float) -> list[float]:
    """Return 1 + i·step from low to high, ends included but for what floating point adds."""
    first = max(0, math.ceil((low - 1) / step - 1e-9))
    last = math.floor((high - 1) / step + 1e-9)
    return [round(1 + i * step, 6) for i in range(first, last + 1)]


def _point(coefficients: Coefficients, baseline: str | Start, base: int) -> Point:
    factors = compound(1.0, coefficients)
    parameters, multiply_adds = totals(scaled_stages(factors, baseline))
    return Point(
        coefficients.alpha, coefficients.beta, coefficients.gamma, coefficients.product, multiply_adds / base,
        parameters, multiply_adds, px(factors, baseline), coefficients == PAPER,
    )  # fmt: skip


def _check(name: str, value: float, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and low <= value <= high):  # NaN fails both comparisons
        raise GapwiseError(f"{name} is {value!r}; it must be from {low:g} to {high:g}.")
