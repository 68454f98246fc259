"""Where scaling starts: a baseline as published, or a recipe's network, a multiple of one. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import GapwiseError
from core.models.baselines import Baseline, baseline
from core.models.scaling import BASELINE, LIMITS, Factors, round_resolution

SMALLEST_PX = 32  # below, the last stages see a single pixel


@dataclass(frozen=True)
class Start:
    """Where scaling starts: a baseline, or what is a multiple of one, such as a recipe's network.

    Attributes:
        baseline: A name in BASELINES.
        px: Side of the picture at resolution factor 1; None takes the one that the baseline was published with.
        width, depth: What width factor 1 and depth factor 1 mean, as multiples of the baseline's own.
        classes: Outputs of the classifier.
    """

    baseline: str = BASELINE
    px: int | None = None
    width: float = 1.0
    depth: float = 1.0
    classes: int = 1000

    @property
    def network(self) -> Baseline:
        """The baseline itself.

        Raises:
            GapwiseError: If there is no such one.
        """
        return baseline(self.baseline)

    @property
    def side(self) -> int:
        """Side of the picture in pixels at resolution factor 1."""
        return self.px or self.network.px


# Shipped width and depth coefficients, Tan and Le 2019 and 2021.
_SHIPPED = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6), (2.0, 3.1))
_WIDTHS = {"mobilenetv1": (1.0, 1.25), "mobilenetv2": (0.35, 0.5, 0.75, 1.0, 1.4)}
# timm's networks that are a baseline or a multiple of one, as (baseline, width, depth).
SCALABLE: dict[str, tuple[str, float, float]] = {
    **{f"{p}efficientnet_b{i}": ("efficientnet_b0", *c) for p in ("", "tf_") for i, c in enumerate(_SHIPPED)},
    **{f"tf_efficientnetv2_b{i}": ("tf_efficientnetv2_b0", *c) for i, c in enumerate(_SHIPPED[:4])},
    **{f"{p}efficientnetv2_s": ("tf_efficientnetv2_s", 1.0, 1.0) for p in ("", "tf_")},
    **{f"{n}_{round(100 * w):03}": (f"{n}_100", w, 1.0) for n, widths in _WIDTHS.items() for w in widths},
    "resnet50": ("resnet50", 1.0, 1.0),
}


def start(of: str | Start) -> Start:
    """Return where scaling starts, by a baseline's name or as it is."""
    return of if isinstance(of, Start) else Start(baseline(of).name)


def start_of_recipe(model: str, px: int | None, width: float = 1.0, depth: float = 1.0, classes: int = 1000) -> Start:
    """Return a recipe's network as the start of scaling.

    Args:
        model: A timm name, with or without a pretrained tag.
        px: Side of the recipe's pictures in pixels; None for the baseline's own.
        width, depth: The recipe's, multiples of the model's own.

    Raises:
        GapwiseError: If the model can't be scaled.
    """
    base = model.split(".")[0]
    if base not in SCALABLE:
        raise GapwiseError(
            f"{model} can't be scaled: width and depth other than 1 work for {', '.join(sorted(SCALABLE))}."
        )
    name, own_width, own_depth = SCALABLE[base]
    return Start(name, px, own_width * width, own_depth * depth, classes)


def px(factors: Factors, of: str | Start = BASELINE) -> int:
    """Return the side of the picture in whole pixels: the baseline's own, times the resolution factor."""
    return round_resolution(factors.resolution, start(of).side)


def limits(of: str | Start = BASELINE) -> dict[str, tuple[float, float]]:
    """Return from where to where each dimension can be scaled, as multiples of where scaling starts."""
    low, high = LIMITS["resolution"]
    side = start(of).side
    return {**LIMITS, "resolution": (max(low, min(SMALLEST_PX, side) / side), high)}
