"""Reference tables (with their source) and the names of timm's EfficientNets by family. Imports no torch at the top."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import GapwiseError
from core.models.scaling import BASELINE_PX, Factors

REFERENCE = Path(__file__).resolve().parents[2] / "data" / "reference"
# First match wins, so the special ones come before the plain B's.
FAMILIES = {
    "v2-b": r"(tf_)?efficientnetv2_b\d",
    "v2": r"(tf_|gc_)?efficientnetv2_\w+",
    "lite": r"(tf_)?efficientnet_lite\d",
    "edge": r"(tf_)?efficientnet_e[sml](_pruned)?",
    "condconv": r"(tf_)?efficientnet_cc_\w+",
    "b": r"(tf_)?efficientnet_(b\d+|l2)",
    "other": r".*efficientnet.*",
}


@dataclass(frozen=True)
class Reported:
    """A network as published: its factors on B0 and the figures that the paper prints."""

    name: str
    factors: Factors
    px: int
    multiply_adds: float
    parameters: float | None
    top1: float
    source: str


@cache
def single_dimension() -> tuple[Reported, ...]:
    """Return the paper's comparison of one dimension against compound, as printed."""
    return tuple(
        _reported(row["network"], factors, factors.px, row)
        for row in rows("single_dimension.csv")
        for factors in [Factors(*(float(row[k]) for k in ("depth", "width", "resolution")))]
    )


@cache
def shipped() -> tuple[Reported, ...]:
    """Return B0 to B7 with the coefficients that the authors' code ships."""
    found = []
    for row in rows("shipped.csv"):
        px = int(row["resolution_px"])
        factors = Factors(float(row["depth"]), float(row["width"]), px / BASELINE_PX)
        found.append(_reported(row["name"], factors, px, row))
    return tuple(found)


def family(name: str) -> str:
    """Return the family of an EfficientNet's timm name."""
    return next(f for f, pattern in FAMILIES.items() if re.fullmatch(pattern, name))


def efficientnets(only: str | None = None) -> list[tuple[str, str]]:
    """Return timm's EfficientNets as (name, family), by name; imports timm, and with it torch."""
    import timm

    return [(n, family(n)) for n in timm.list_models("*efficientnet*") if only in (None, family(n))]


def _reported(name: str, factors: Factors, px: int, row: dict[str, str]) -> Reported:
    parameters = row.get("printed_parameters")
    return Reported(
        name,
        factors,
        px,
        float(row["printed_multiply_adds"]),
        float(parameters) if parameters else None,
        float(row["printed_top1"]),
        row["source"],
    )


def rows(file: str) -> list[dict[str, str]]:
    """Return the rows of a reference table.

    Raises:
        GapwiseError: If it can't be read.
    """
    path = REFERENCE / file
    try:
        with open(path, encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as error:
        raise GapwiseError(
            f"The reference table {path} can't be read: {error.strerror}. It belongs to the project."
        ) from error
