"""What chance decides about a head, and what it wears on the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo.palette import CLOTH, HAIR, MASK, pick
from core.demo.pen import Colour

_STYLES = ("short", "short", "short", "long", "long", "bun", "bald", "curly", "bob", "hijab")


@dataclass(frozen=True)
class Look:
    """Everything about a head that chance decides."""

    wears: str  # as in `layout.Person`
    skin: Colour
    hair: Colour
    style: str  # short long bun bald curly bob hijab
    hat: str  # "", cap, beanie, sun
    glasses: str  # "", clear, dark
    turn: float  # 0 looks at the camera, 1 shows the side
    mouth: str  # smile line open
    mask: Colour
    cut: str  # the mask's: pleats, cone, plain, dots
    cloth: Colour  # of scarf, hat and hijab
    scarf: bool
    beard: bool


def draw_look(wears: str, skin: Colour, rng: np.random.Generator) -> Look:
    """Return a chance look; some who wear a mask have a beard or a scarf as well, so that neither gives it away."""
    worn = wears == "mask"
    beard = wears == "beard" or (worn and rng.random() < 0.06)
    return Look(
        wears=wears,
        skin=skin,
        hair=pick(rng, HAIR),
        style=pick(rng, ("short", "short", "bald", "curly") if beard else _STYLES),
        hat=pick(rng, ("", "", "", "", "", "cap", "beanie", "sun")),
        glasses=pick(rng, ("", "", "", "", "clear", "dark")),
        turn=pick(rng, (0.0, 0.0, 0.0, 0.25, 0.25, 0.5, 0.5, 1.0)),
        mouth=pick(rng, ("smile", "smile", "line", "open")),
        mask=pick(rng, MASK),
        cut=pick(rng, ("pleats", "pleats", "pleats", "cone", "plain", "dots")),
        cloth=pick(rng, CLOTH),
        scarf=wears == "scarf" or (worn and rng.random() < 0.08),
        beard=beard,
    )
