"""Networks with the ImageNet figures that papers print, beside what counting gives. Imports no torch.

Three kinds of figures that must never be mixed up: reported (papers and the authors' README, in reported.csv with their
source), counted (`benchmarks/count_published.py`, in counted.csv) and measured on this machine
(`core.models.measured`). One table that got about with its columns reversed is kept too, to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from core.models.families import rows
from core.models.network import Network
from core.models.scaling import BASELINE, compound

# What to measure first, so that a line can be drawn: small to large, with and without fused blocks.
STARTERS = ("V2-B0", "B0", "B2", "V2-B3", "B4")
OFF = 0.05  # a printed figure that is off by more than this is not rounding
PHIS = tuple(step / 2 for step in range(1, 15))  # past 7 lies more than B7's cost
_DIGITS = 4  # of a compound network's width and depth, so that they can be read and typed


@dataclass(frozen=True)
class Counted:
    """Figures of a network as it is built, for one picture and 1000 classes."""

    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Published:
    """A network as a paper reports it.

    Attributes:
        family: One of B, V2, "V2, 21k first", V2-B, "by hand" and searched.
        network: The same one in timm; None where timm has none.
        px: Side of the pictures that it was tested with.
        top1: ImageNet top-1 in per cent.
        parameters, multiply_adds: As printed; None where nothing is.
        counted: Of timm's network at the same side; None where timm has none.
        pretraining: On what before ImageNet-1k, empty for nothing.
        source: Of what is reported.
    """

    name: str
    family: str
    network: Network | None
    px: int
    top1: float
    parameters: float
    multiply_adds: float | None
    counted: Counted | None
    pretraining: str
    source: str

    def off(self, figure: str) -> float | None:
        """Return how far the printed figure is off the counted one, as a share of the printed one; None if unknown.

        Args:
            figure: parameters or multiply_adds.
        """
        printed = getattr(self, figure)
        return None if printed is None or self.counted is None else getattr(self.counted, figure) / printed - 1

    @property
    def differs(self) -> tuple[str, ...]:
        """The figures that are off by more than 5%."""
        return tuple(f for f in ("parameters", "multiply_adds") if abs(self.off(f) or 0.0) > OFF)


@dataclass(frozen=True)
class Reversed:
    """A row of a table that was published with its columns reversed: whose figures it really has, and the true ones."""

    network: str
    parameters: float
    multiply_adds: float
    belongs_to: str
    true_parameters: float
    true_multiply_adds: float
    source: str


@cache
def published() -> tuple[Published, ...]:
    """Return every network of the reference, each with what counting gives where timm has it."""
    return tuple(_published(row) for row in rows("reported.csv"))


def starters() -> list[Network]:
    """Return the networks of STARTERS."""
    found = {p.name: p.network for p in published()}
    return [network for name in STARTERS if (network := found[name]) is not None]


@cache
def compound_networks() -> dict[float, Network]:
    """Return B0 compound-scaled in steps of half a φ, by φ, with the paper's coefficients."""
    found = {phi: compound(phi) for phi in PHIS}
    return {phi: Network(BASELINE, round(f.width, _DIGITS), round(f.depth, _DIGITS), f.px) for phi, f in found.items()}


@cache
def counted() -> dict[Network, Counted]:
    """Return the figures of counted.csv: those that timm has of the published networks, and `compound_networks`."""
    return {
        Network(row["model"], float(row["width"]), float(row["depth"]), int(row["px"])): Counted(
            int(row["parameters"]), int(row["multiply_adds"])
        )
        for row in rows("counted.csv")
    }


@cache
def reversed_table() -> tuple[Reversed, ...]:
    """Return what is known of the table of V2 variants whose columns are reversed."""
    figures = ("printed_parameters", "printed_multiply_adds", "true_parameters", "true_multiply_adds")
    found = []
    for row in rows("reversed_v2.csv"):
        printed, cost, true, true_cost = (float(row[name]) for name in figures)
        found.append(Reversed(row["network"], printed, cost, row["belongs_to"], true, true_cost, row["source"]))
    return tuple(found)


def _published(row: dict[str, str]) -> Published:
    px = int(row["px"])
    network = Network(row["timm"], px=px) if row["timm"] else None
    return Published(
        name=row["name"],
        family=row["family"],
        network=network,
        px=px,
        top1=float(row["top1"]),
        parameters=float(row["parameters"]),
        multiply_adds=float(row["multiply_adds"]) if row["multiply_adds"] else None,
        counted=counted().get(network) if network else None,
        pretraining=row["pretraining"],
        source=row["source"],
    )


def pareto(costs: Sequence[float], gains: Sequence[float]) -> list[bool]:
    """Return which points no other one beats, by costing at most as much and gaining at least as much.

    Args:
        costs, gains: Of one length, finite.
    """
    points = list(zip(costs, gains, strict=True))
    return [
        not any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points) for cost, gain in points
    ]  # fmt: skip
