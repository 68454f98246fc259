"""Which images the pictures of missing values are filtered by: chosen with clicks, shown as chips, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.store.conditions import Condition, Lacking, OfKind
from core.store.crossfilter import by_label, by_pattern
from core.store.selection import Selection
from core.store.spelled import read
from pages.ui import address, state

if TYPE_CHECKING:
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

WHERE = "where"  # in the address, which the board writes: it takes no run of the page
_CHIP = 48  # letters of a condition
_LISTED = 300  # patterns to choose from a list


@dataclass(frozen=True)
class Chosen:
    """What is chosen in a workspace.

    Attributes:
        turn: How often it changed: what comes from a browser that shows another turn is about other things.
        pages: The last image on each page of the strip before the one that is shown.
    """

    selection: Selection = field(default_factory=Selection)
    turn: int = 0
    pages: tuple[int, ...] = ()


def chosen(workspace: Workspace) -> Chosen:
    """Return what is chosen; on a session's first look, what the address asks for: a reload begins a session."""
    if not state.get(state.GAPS_CHOSEN):
        _put(workspace, Chosen(read(address.asked(WHERE) or "")))
    return state.get(state.GAPS_CHOSEN).get(str(workspace.root), Chosen())


def toggle(workspace: Workspace, condition: Condition) -> None:
    """Filter by a condition, or no longer."""
    _choose(workspace, chosen(workspace).selection.toggled(condition))


def choose(workspace: Workspace, condition: Condition) -> None:
    """Filter by one condition only."""
    _choose(workspace, Selection((condition,)))


def clear(workspace: Workspace) -> None:
    _choose(workspace, Selection())


def turn_page(workspace: Workspace, pages: tuple[int, ...]) -> None:
    """Show another page of the strip; `pages` as in Chosen."""
    now = chosen(workspace)
    _put(workspace, replace(now, turn=now.turn + 1, pages=pages))


def choices(workspace: Workspace, look: Look, options: Mapping[str, Condition]) -> dict:
    """Return, for the board, how many images are chosen, by what, and the list to choose from without a mouse."""
    selection, every = chosen(workspace).selection, int(look.ground.profiles.images.sum())
    told = (
        f"{int(look.weights(selection).sum()):,} of {every:,} images" if selection
        else "Click a bar, a dot or a row: everything here, and the images below, shows those images only."
    )  # fmt: skip
    texts = [condition.text(look.ground) for condition in selection]
    chips = [{"text": text if len(text) <= _CHIP else f"{text[: _CHIP - 1]}…", "full": text} for text in texts]
    return {"options": list(options), "chips": chips, "told": told}


def options(look: Look) -> dict[str, Condition]:
    """Return what can be chosen from the list, by text; found once for a state of the database."""
    return look.once("options", lambda: _options(look))


def _options(look: Look) -> dict[str, Condition]:
    """Return what can be chosen from the list: kinds of cells there are, then patterns, with their counts."""
    ground = look.ground
    found = [
        (OfKind(label, kind), n)
        for label, kinds in by_label(ground, ground.profiles.images).items()
        for kind, n in kinds.items()
        if n
    ]
    found += [(Lacking(p.missing), p.rows) for p in by_pattern(ground, ground.profiles.images, _LISTED)]
    return {f"{condition.text(ground)} ({n:,})": condition for condition, n in found}


def _choose(workspace: Workspace, selection: Selection) -> None:
    _put(workspace, Chosen(selection, chosen(workspace).turn + 1))


def _put(workspace: Workspace, new: Chosen) -> None:
    state.put(state.GAPS_CHOSEN, {**state.get(state.GAPS_CHOSEN), str(workspace.root): new})
