"""What is looked at now and then, below the pictures of missing values: one box at a time, opened on the board.

Streamlit's own expanders, closed, took a tenth of the page's time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.ui import approaches, gap_listing, gap_readers, gap_reasons, readers, rules_form, state

if TYPE_CHECKING:
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

CONFLICTS, PROOFS, COUNTS, RULES, APPROACHES = "conflicts", "proofs", "counts", "rules", "approaches"
_TITLES = {
    PROOFS: "Why cells are free",
    RULES: "Rules",
    COUNTS: "Counts to copy",
    APPROACHES: "Three ways to deal with gaps",
}


def control(look: Look) -> dict:
    """Return, for the board, what opens and closes them."""
    titles = dict(_TITLES)
    if look.conflict_rows:
        many = "images break" if look.conflict_rows > 1 else "image breaks"
        titles = {CONFLICTS: f"{look.conflict_rows:,} {many} a rule", **titles}
    opened = state.get(state.GAPS_BOX)
    return {"kind": "boxes", "name": state.GAPS_BOX, "label": "More", "value": opened if opened in titles else "",
            "options": [list(one) for one in titles.items()]}  # fmt: skip


def draw(workspace: Workspace) -> None:
    """Draw the one that is open; what is closed costs nothing."""
    opened = state.get(state.GAPS_BOX)
    if opened == CONFLICTS:
        gap_reasons.conflicts(workspace, gap_readers.look(workspace).conflict_rows)
    elif opened == PROOFS:
        gap_reasons.proofs(workspace)
    elif opened == COUNTS:
        gap_listing.section(readers.missing(workspace))
    elif opened == RULES:
        rules_form.section(workspace)
    elif opened == APPROACHES:
        approaches.section(workspace)
