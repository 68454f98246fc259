"""A recipe's network scaled five ways at equal counted cost. Imports no torch.

A small network is scaled in coarse steps: whole layers, channels in eights, whole pixels. The five are therefore found
together: of the compound networks around a φ, the nearest one whose cost the single dimensions can meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from core.errors import GapwiseError
from core.models.scaling import DIMENSIONS, LIMITS, PAPER, PHI_LIMITS, Coefficients, Factors, compound
from core.models.stages import scaled_stages, totals
from core.models.starts import start_of_recipe

MOST = {name: LIMITS[name][1] for name in ("width", "depth")}  # what a recipe takes
LARGEST = 4.0  # times the baseline's picture side: 16 times its cost
STEP = 0.01  # of φ, and of width and depth as recipes have them
ROOM = 0.3  # how far from the φ that was asked for the compound network may be, as a share of it
NEAR = 0.03  # costs this close are equal: what is nearer to φ is better then
REACHED = 0.1  # what is farther apart is no comparison at equal cost


@dataclass(frozen=True)
class Network:
    """What decides about a recipe's network.

    Attributes:
        model: A timm name that can be scaled.
        width, depth: Multiples of the model's own channels and layers, as recipes have them.
        px: Side of its square pictures in pixels.
        classes: Outputs of its classifier.
    """

    model: str
    width: float
    depth: float
    px: int
    classes: int

    def counts(self) -> tuple[int, int]:
        """Return parameters and multiply-adds for one picture.

        Raises:
            GapwiseError: If the model can't be scaled.
        """
        start = start_of_recipe(self.model, self.px, self.width, self.depth, self.classes)
        return totals(scaled_stages(Factors(), start))

    @property
    def multiply_adds(self) -> int:
        return self.counts()[1]

    def settings(self) -> dict[str, object]:
        """Return it as a recipe's settings."""
        return {"width": self.width, "depth": self.depth, "size": self.px}

    def scaled(self, factors: Factors) -> Network:
        """Return the network of so many times the layers, channels and pixels.

        Raises:
            GapwiseError: If no recipe takes it.
        """
        width, depth = round(self.width * factors.width, 4), round(self.depth * factors.depth, 4)
        for name, value in (("width", width), ("depth", depth)):
            if value > MOST[name]:
                raise GapwiseError(
                    f"The {name} would be {value:.3g} times {self.model}'s own; a recipe takes at most {MOST[name]:g}."
                    " Choose a smaller φ, or start from a smaller network."
                )
        return replace(self, width=width, depth=depth, px=max(1, round(self.px * factors.resolution)))


@lru_cache(maxsize=32)
def five(base: Network, phi: float = 1.0, coefficients: Coefficients = PAPER) -> Mapping[str, Network]:
    """Return baseline, depth, width, resolution and compound, the last four at equal counted multiply-adds.

    Args:
        phi: Around which the compound network is chosen, above 0.

    Returns:
        By name, in that order. The baseline costs less than the others. Compound is larger than it in all three
        dimensions where there is such a network around φ; `unchanged` says so.

    Raises:
        GapwiseError: If the dimensions can't be brought within a tenth of compound, φ leaves what can be built, or is
            so small that rounding leaves compound no larger, or larger in a single dimension only.
    """
    if not phi > 0:
        raise GapwiseError(f"φ is {phi:g}: expected a number above 0, at which the compound network costs more.")
    first, counted = base.multiply_adds, lru_cache(maxsize=None)(lambda network: network.multiply_adds)
    together = _together(base, phi, coefficients)
    most = (1 + REACHED) * max(counted(network) for _, network in together)
    alone = {name: _alone(base, name, most, counted) for name in DIMENSIONS}
    found = [
        (value, network, {name: _nearest(counted(network), alone[name]) for name in DIMENSIONS})
        for value, network in together
        if counted(network) > first and _compounds(base, network, coefficients)
    ]
    if not found:
        raise GapwiseError(_too_small(base, phi, coefficients, max(counted(network) for _, network in together)))
    _, best, others = min(
        found, key=lambda f: (len(unchanged(base, f[1])), max(NEAR, _apart(f[1], f[2], counted)), abs(f[0] - phi))
    )
    _check(best, others, counted)
    return {"baseline": base, **others, "compound": best}


def spread(networks: Iterable[Network]) -> float:
    """Return by how much the dearest of some networks costs more than the cheapest, as a share."""
    costs = [n.multiply_adds for n in networks]
    return max(costs) / min(costs) - 1


def unchanged(base: Network, network: Network) -> list[str]:
    """Return the dimensions that rounding leaves as the baseline has them."""
    alone = {name: replace(base, **{name: getattr(network, name)}) for name in ("depth", "width")}
    found = [name for name, grown in alone.items() if grown.counts() == base.counts()]
    return [*found, *(["resolution"] if network.px == base.px else [])]


def _compounds(base: Network, network: Network, coefficients: Coefficients) -> bool:
    """Whether a network is larger in more than one dimension, where more than one coefficient is above 1."""
    steps = zip(DIMENSIONS, (coefficients.alpha, coefficients.beta, coefficients.gamma), strict=True)
    wanted = {name for name, step in steps if step > 1}
    return len(wanted - set(unchanged(base, network))) >= min(2, len(wanted))


def _too_small(base: Network, phi: float, coefficients: Coefficients, most: int) -> str:
    """Say why no compound network is there around φ, and from which φ on there is one."""
    why = (
        "costs no more than the baseline"
        if most <= base.multiply_adds
        else "is larger than the baseline in a single dimension: rounding takes the others back"
    )
    least = _least(base, phi, coefficients)
    do = "choose a larger φ, or a larger network" if least is None else f"the smallest φ that does more is {least:g}"
    return f"At φ = {phi:g} the compound network {why}; {do}."


def _least(base: Network, phi: float, coefficients: Coefficients) -> float | None:
    first = base.multiply_adds
    for step in range(int(phi / STEP) + 1, int(PHI_LIMITS[1] / STEP) + 1):
        value = round(step * STEP, 4)
        try:
            network = base.scaled(compound(value, coefficients))
        except GapwiseError:
            return None
        if network.multiply_adds > first and _compounds(base, network, coefficients):
            return value
    return None


def _alone(base: Network, dimension: str, most: float, counted) -> list[tuple[int, Network]]:
    """Return what one dimension can be scaled to, with costs: of factors that build the same network the middle one."""
    if dimension == "resolution":
        larger = [replace(base, px=px) for px in range(base.px + 1, int(LARGEST * base.px) + 1)]
    else:
        own = getattr(base, dimension)
        values = [round(own + STEP * i, 4) for i in range(1, int((MOST[dimension] - own) / STEP) + 1)]
        larger = [replace(base, **{dimension: value}) for value in values]
    same: dict[int, list[Network]] = {}
    for network in larger:
        if counted(network) > most:
            break
        same.setdefault(counted(network), []).append(network)
    return [(cost, alike[len(alike) // 2]) for cost, alike in same.items()] or [(counted(base), base)]


def _together(base: Network, phi: float, coefficients: Coefficients) -> list[tuple[float, Network]]:
    steps = int(ROOM * phi / STEP)
    values = [round(phi + STEP * i, 4) for i in range(-steps, steps + 1)]
    base.scaled(compound(phi, coefficients))  # what was asked for must be possible, even where a neighbour is taken
    found = []
    for value in values:
        try:
            found.append((value, base.scaled(compound(value, coefficients))))
        except GapwiseError:
            break
    return found


def _nearest(cost: int, among: list[tuple[int, Network]]) -> Network:
    return min(among, key=lambda a: abs(math.log(a[0] / cost)))[1]


def _apart(to: Network, others: Mapping[str, Network], counted) -> float:
    return max(abs(counted(n) / counted(to) - 1) for n in others.values())


def _check(best: Network, others: Mapping[str, Network], counted) -> None:
    wanted = counted(best)
    for name, network in others.items():
        off = counted(network) / wanted - 1
        if abs(off) > REACHED:
            raise GapwiseError(
                f"{name.capitalize()} alone comes no nearer to the compound network's {wanted:,} multiply-adds than"
                f" {counted(network):,} ({off:+.0%}): whole layers, channels in eights and halved pictures are large"
                " steps for so small a network. Choose another φ or another size, or start from a larger network."
            )
