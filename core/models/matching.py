"""Two networks at equal cost: one dimension alone against compound, by the formula or by counting. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, log

from core.errors import GapwiseError
from core.models.scaling import (
    BASELINE,
    PHI_LIMITS,
    Coefficients,
    Factors,
    compound,
    factor_for_cost,
    phi_for_cost,
    single,
    solve,
)
from core.models.stages import multiply_adds
from core.models.starts import Start, limits, start

# Counted costs climb in steps: 321 px cost 11% more than 320, since each halving rounds up. Half a step is near.
REACHED = 0.1
_DECIMALS = range(9)  # four are mostly enough; a φ between two steps of its three dimensions can need more


def match_single(dimension: str, target: Factors, counted: bool, baseline: str | Start = BASELINE) -> float:
    """Return the factor by which one dimension alone costs what a network costs; counted, one of few digits.

    Args:
        dimension: depth, width or resolution.
        target: The network to equal.
        counted: Whether costs are counted multiply-adds with all rounding, or the closed form d·w²·r².
        baseline: What both are multiples of.

    Raises:
        GapwiseError: If no factor that can be built reaches it.
    """
    by_formula = factor_for_cost(dimension, target.cost)
    if not counted:
        return by_formula
    low, high = limits(baseline)[dimension]
    by = f"{dimension} from {low:.2g} to {high:g}"
    return _solved(lambda factor: single(dimension, factor), target, low, high, baseline, by)


def match_phi(target: Factors, coefficients: Coefficients, counted: bool, baseline: str | Start = BASELINE) -> float:
    """Return the φ at which compound scaling costs what a network costs.

    Args:
        target, counted, baseline: As `match_single` takes them.

    Raises:
        GapwiseError: If no φ that can be built reaches it.
    """
    by_formula = phi_for_cost(target.cost, coefficients)
    if not counted:
        return by_formula
    high = _highest_phi(coefficients, baseline)
    by = f"φ from 0 to {high:.2g}"
    return _solved(lambda phi: compound(phi, coefficients), target, PHI_LIMITS[0], high, baseline, by)


def _highest_phi(coefficients: Coefficients, baseline: str | Start) -> float:
    """Return the largest φ whose factors all stay within what can be built."""
    steps = (coefficients.alpha, coefficients.beta, coefficients.gamma)
    ends = [_phi_at(step, high) for step, (_, high) in zip(steps, limits(baseline).values(), strict=True) if step > 1]
    return min([PHI_LIMITS[1], *ends]) * (1 - 1e-9)  # a hair inside, for the rounding of powers


def _phi_at(step: float, factor: float) -> float:
    """Return the φ at which step^φ is a factor."""
    return log(factor) / log(step)


def _solved(
    scaled: Callable[[float], Factors], target: Factors, low: float, high: float, baseline: str | Start, by: str
) -> float:
    """Return the value in [low, high] whose network has as many counted multiply-adds as a target, in few digits."""

    def counted(value: float) -> int:
        return multiply_adds(scaled(value), baseline)

    wanted = multiply_adds(target, baseline)
    found = solve(counted, wanted, low, high)
    cost = counted(found)
    if abs(cost / wanted - 1) > REACHED:
        raise GapwiseError(
            f"No {start(baseline).baseline} with {by} comes within {REACHED:.0%} of {wanted:,} multiply-adds: layers"
            f" and multiples of 8 channels leave the nearest at {cost:,}. Choose another cost, or lock by the formula."
        )
    return _short(found, lambda value: low <= value <= high and counted(value) == cost)


def _short(found: float, as_good: Callable[[float], bool]) -> float:
    """Return the value of fewest decimals that is as good: what is found stands on the edge of a step, where the digits
    that a person reads or an address keeps would fall off it."""
    for decimals in _DECIMALS:
        ten = 10**decimals
        # Where any value of so many decimals is as good, one of the two around what was found is.
        for value in (floor(found * ten) / ten, ceil(found * ten) / ten):
            if as_good(value):
                return value
    return found
