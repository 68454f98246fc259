"""What a decision did, in words."""

from __future__ import annotations

from core.labels.label import Label
from core.store import decisions

_PUT_OFF = {"skip": "skipped", "flag": "flagged", "reject": "rejected"}


def told(outcome: decisions.Outcome, labels: dict[int, Label], hidden: bool = False) -> str:
    """Return what a decision did to its cell, and to others through the rules.

    Args:
        hidden: Whether the proposal was hidden. Then only the answer is said: what followed from it, or that nothing
            did, would tell a check of a known or an accepted cell from one of an open cell.
    """
    label = labels[outcome.label_id]
    if outcome.image_id is None:
        return f"{label.name}: {outcome.cells:,} cells that were accepted at once are taken back"
    if outcome.action == "undo":
        return f"{label.name}: taken back"
    if hidden and outcome.value is not None:
        return f"{label.name}: {label.names[outcome.value]}, stored"
    if not outcome.applied:
        return f"{label.name} had been decided before: the first decision stands, yours is kept beside it"
    value = _PUT_OFF.get(outcome.action) if outcome.value is None else label.names[outcome.value]
    comes_back = outcome.value is None and not hidden  # a check does not
    parts = [f"{label.name}: {value}" + (", it comes back at the end" if comes_back else "")]
    parts += [f"so {labels[i].name}: {labels[i].names[c]}" for i, c in outcome.written.items()]
    return ", ".join(parts + [f"{labels[i].name} is open again" for i in outcome.withdrawn])
