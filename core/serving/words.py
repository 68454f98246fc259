"""What a decision did, in words."""

from __future__ import annotations

from core.labels.label import Label
from core.store import decisions

_PUT_OFF = {"skip": "skipped", "flag": "flagged", "reject": "rejected"}


def told(outcome: decisions.Outcome, labels: dict[int, Label]) -> str:
    """Return what a decision did to its cell, and to others through the rules."""
    label = labels[outcome.label_id]
    if outcome.image_id is None:
        return f"{label.name}: {outcome.cells:,} cells that were accepted at once are taken back"
    if outcome.action == "undo":
        return f"{label.name}: taken back"
    if not outcome.applied:
        return f"{label.name} had been decided before: the first decision stands, yours is kept beside it"
    value = _PUT_OFF.get(outcome.action) if outcome.value is None else label.names[outcome.value]
    parts = [f"{label.name}: {value}" + (", it comes back at the end" if outcome.value is None else "")]
    parts += [f"so {labels[i].name}: {labels[i].names[c]}" for i, c in outcome.written.items()]
    return ", ".join(parts + [f"{labels[i].name} is open again" for i in outcome.withdrawn])
