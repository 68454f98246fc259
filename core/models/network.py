"""A network by name, with what multiplies its channels and layers, and the pictures that it takes. Imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from core.errors import GapwiseError
from core.models.scaling import LIMITS

BATCHES = (1, 4096)
SIDES = (8, 4096)  # pixels


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        model: A timm name, with or without a pretrained tag.
        width, depth: Multiples of its own channels and layers.
        px: Side of its pictures in pixels; None for the size that timm tests it at.
    """

    model: str
    width: float = 1.0
    depth: float = 1.0
    px: int | None = None

    @property
    def settings(self) -> dict[str, object]:
        """What a recipe calls all that."""
        size = {} if self.px is None else {"size": self.px}
        return {"model": self.model, "width": self.width, "depth": self.depth, **size}

    def at(self, px: int) -> Network:
        return replace(self, px=px)

    def spelled(self) -> str:
        """Return it as `read_network` reads it."""
        factors = {"width": self.width, "depth": self.depth}
        words = [self.model, *(f"{n}={v:g}" for n, v in factors.items() if v != 1)]
        return ",".join([*words, *([] if self.px is None else [f"size={self.px}"])])


def read_network(text: str) -> Network:
    """Return what a person typed as NAME[,width=W][,depth=D][,size=PX].

    Raises:
        GapwiseError: If it can't be read, a factor is beyond scaling's LIMITS, or the side not from 8 to 4096 px.
    """
    model, *options = (word.strip() for word in text.split(","))
    found: dict[str, float] = {}
    for option in options:
        name, _, value = option.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in ("width", "depth", "size") or name in found or math.isnan(number):
            raise GapwiseError(
                f"{option!r} in {text!r} can't be read: expected width=W, depth=D or size=PX, each once, as"
                " efficientnet_b0,width=1.1,depth=1.2,size=240."
            )
        found[name] = number
    if not model:
        raise GapwiseError(f"{text!r} names no network: expected a timm name first, as efficientnet_b0,size=240.")
    return checked(Network(model, found.get("width", 1.0), found.get("depth", 1.0), _side(found.get("size"))))


def checked(network: Network) -> Network:
    """Return a network whose figures can be built.

    Raises:
        GapwiseError: If one can't.
    """
    for name in ("width", "depth"):
        value = getattr(network, name)
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise GapwiseError(f"{name} is {value:g}; it must be from {low:g} to {high:g}, as `scale` takes it.")
    if network.px is not None:
        within("The side of the picture", network.px, SIDES, " px")
    return network


def within(what: str, value: int, limits: tuple[int, int], unit: str = "") -> None:
    """Raise a GapwiseError unless a whole number lies within limits."""
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise GapwiseError(f"{what} is {value}{unit}; it must be a whole number from {low} to {high}{unit}.")


def _side(value: float | None) -> int | None:
    if value is None:
        return None
    if not value.is_integer():  # also what is infinite
        raise GapwiseError(f"The side of the picture is {value:g} px; it must be a whole number from 8 to 4096 px.")
    return int(value)
