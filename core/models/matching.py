"""Two networks at equal cost: one dimension alone against compound, by the formula or by counting. Imports no torch."""

from __future__ import annotations

from math import log

from core.errors import GapwiseError
from core.models.scaling import (
    BASELINE,
    LIMITS,
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

# Counted costs climb in steps: 321 px cost 11% more than 320, since each halving rounds up. Half a step is near.
REACHED = 0.1


def match_single(dimension: str, target: Factors, counted: bool) -> float:
    """Return the factor by which one dimension alone costs what a network costs.

    Args:
        dimension: depth, width or resolution.
        target: The network to equal.
        counted: Whether costs are counted multiply-adds with all rounding, or the closed form d·w²·r².

    Raises:
        GapwiseError: If no factor that can be built reaches it.
    """
    by_formula = factor_for_cost(dimension, target.cost)
    if not counted:
        return by_formula
    wanted = multiply_adds(target)
    found = solve(lambda factor: multiply_adds(single(dimension, factor)), wanted, *LIMITS[dimension])
    low, high = LIMITS[dimension]
    _check_reached(multiply_adds(single(dimension, found)), wanted, f"{dimension} from {low:.2g} to {high:g}")
    return found


def match_phi(target: Factors, coefficients: Coefficients, counted: bool) -> float:
    """Return the φ at which compound scaling costs what a network costs.

    Raises:
        GapwiseError: If no φ that can be built reaches it.
    """
    by_formula = phi_for_cost(target.cost, coefficients)
    if not counted:
        return by_formula
    wanted = multiply_adds(target)
    high = _highest_phi(coefficients)
    found = solve(lambda phi: multiply_adds(compound(phi, coefficients)), wanted, PHI_LIMITS[0], high)
    _check_reached(multiply_adds(compound(found, coefficients)), wanted, f"φ from 0 to {high:.2g}")
    return found


def _highest_phi(coefficients: Coefficients) -> float:
    """Return the largest φ whose factors all stay within LIMITS."""
    steps = (coefficients.alpha, coefficients.beta, coefficients.gamma)
    ends = [_phi_at(step, LIMITS[name][1]) for step, name in zip(steps, LIMITS, strict=True) if step > 1]
    return min([PHI_LIMITS[1], *ends]) * (1 - 1e-9)  # a hair inside, for the rounding of powers


def _phi_at(step: float, factor: float) -> float:
    """Return the φ at which step^φ is a factor."""
    return log(factor) / log(step)


def _check_reached(cost: int, wanted: int, by: str) -> None:
    if abs(cost / wanted - 1) > REACHED:
        raise GapwiseError(
            f"No {BASELINE} with {by} comes within {REACHED:.0%} of {wanted:,} multiply-adds: layers and multiples"
            f" of 8 channels leave the nearest at {cost:,}. Choose another cost, or lock by the formula."
        )
