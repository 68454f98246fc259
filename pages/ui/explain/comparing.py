"""What one image's maps may be compared over: labels, runs, methods. For the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.explain.methods import METHODS, SMOOTHINGS
from core.explain.scaled import KINDS, compared, scaled
from pages.ui.explain.choice import Offered, run_text

if TYPE_CHECKING:
    from sqlalchemy import Row

SMOOTHING_NAMES = {
    "none": "None",
    "aug": "Mean of six copies",
    "eigen": "Principal component",
    "both": "Both",
}
# How each method comes to its map, in a line.
EXPLAINED = {
    "gradcam": "Channels weighted by their mean gradient, summed; what speaks against the class is cut off.",
    "hirescam": "Activation times gradient at each place, summed: nothing is averaged over the picture.",
    "elementwise": "As HiResCAM, but what speaks against the class is cut off in each channel, before the sum.",
    "gradcam++": "Weights from higher powers of the gradients: several things of one class all show.",
    "xgradcam": "Gradients weighted by each channel's share of its activation.",
    "ablationcam": "Switches off one channel after another and sees how far the class's score falls.",
    "scorecam": "Shows the network the picture through one channel after another; its score is the channel's weight.",
    "layercam": "Each place has its own weight, its positive gradient: fine maps of early layers, too.",
    "eigencam": "First principal component of the activations: what stands out, whatever the class.",
    "eigengradcam": "First principal component of activations times gradients.",
    "fullgrad": "Gradients of all biases of the network, all layers together.",
    "kpcacam": "Principal component after a kernel: what stands out, whatever the class.",
    "fem": "Places where channels are far above their mean: what stands out, whatever the class.",
    "shapleycam": "Each channel's share of the score as game theory divides it, to the second order.",
    "finercam": "What speaks for the class rather than for those most like it.",
    "randomcam": "Knows nothing: a map that looks like this one says nothing either.",
}
_COMPARED = ("model", "width", "depth", "size")  # of a run's settings


def labels(found: Offered) -> list[dict]:
    """Return the labels that have a run, each with its newest one."""
    return [
        {"id": i, "name": label.name, "names": label.names, "run": found.runs[i][0].id}
        for i, label in found.labels.items()
        if i in found.runs
    ]


def runs(rows: Sequence[Row]) -> list[dict]:
    """Return the runs of one label, newest first: id, text, and what sets a run's network apart from the others'."""
    settings = {row.id: _settings(row) for row in rows}
    differ = [k for k in _COMPARED if len({str(s.get(k)) for s in settings.values()}) > 1]
    places = _places(rows)
    return [
        {
            "id": row.id,
            "text": run_text(row),
            "about": ", ".join(_spoken(k, settings[row.id].get(k)) for k in differ),
            "place": KINDS.get(places.get(row.id, ""), ""),
        }
        for row in rows
    ]


def scaled_runs(rows: Sequence[Row]) -> list[int]:
    """Return the runs that are one network scaled in different ways, the baseline first."""
    return list(_places(rows))


def methods() -> list[dict]:
    """Return the methods: name, title, about (one line), slow."""
    return [
        {"name": m.name, "title": m.title, "about": f"{EXPLAINED[m.name]} {m.source}; {m.passes}.", "slow": m.slow}
        for m in METHODS.values()
    ]


def smoothings() -> list[list[str]]:
    """Return what a map may be smoothed by: name and text."""
    return [[name, SMOOTHING_NAMES[name]] for name in SMOOTHINGS]


def _places(rows: Sequence[Row]) -> dict[int, str]:
    """Return the runs of the newest trained comparison, else those that happen to be one network scaled."""
    trained = compared([(row.id, (row.config or {}).get("sweep")) for row in rows])
    return trained or scaled([(row.id, _settings(row)) for row in rows])


def _settings(row: Row) -> Mapping[str, object]:
    return (row.config or {}).get("settings") or {}


def _spoken(name: str, value: object) -> str:
    if name in ("width", "depth") and isinstance(value, int | float):
        return f"{name} × {value:g}"
    if name == "size":
        return f"{value} px" if not isinstance(value, list | tuple) else f"{value[0]} × {value[1]} px"
    return str(value)
