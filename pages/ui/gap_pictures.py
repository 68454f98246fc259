"""How the gaps lie: one after the other in the table, together, and by class."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from core.charts.missing import MAX_CLASSES, cells_by_class
from core.charts.nullity import CLICKABLE, gap_matrix, gaps_together, rates
from core.labels.missing import SOURCE_NAMES
from core.labels.missingness import SHUFFLES, Finding, sentence
from core.labels.nullity import ORDERS, correlation
from core.store.conditions import IMPORTED, HasClass, InGroup, LackingBoth, Span
from core.store.crossfilter import Rows, both_missing, by_class, rates_by_class, rates_by_fact
from pages.ui import gap_board, gap_selection, measuring, readers, state
from pages.ui.gap_board import Board, Picture
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.store.facts import Fact
    from core.store.selection import Selection
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

VIEWS = ("Row by row", "Together", "By class", "By chance?")
MOST_TOLD = 10  # sentences


@dataclass(frozen=True)
class Lower:
    """The lower part of the board.

    Attributes:
        controls: What chooses the picture, as board.js knows it.
        picture: None where there is nothing to draw.
    """

    controls: tuple[dict, ...]
    picture: Picture | None


def lower(workspace: Workspace, look: Look) -> Lower:
    """Return the picture that is chosen; what is not looked at costs nothing."""
    selection = gap_selection.chosen(workspace).selection
    view = _valid(state.GAPS_VIEW, VIEWS)
    views = {"kind": "segments", "name": state.GAPS_VIEW, "label": "How the gaps lie", "value": view,
             "options": [[one, one] for one in VIEWS]}  # fmt: skip
    if view == "Row by row":
        return _matrix(workspace, look, selection, views)
    if view == "Together":
        return Lower((views,), _together(look, selection))
    if view == "By class":
        return _classes(look, selection, views)
    return Lower((views,), None)


def below(workspace: Workspace, look: Look) -> None:
    """Draw what stands below the board."""
    if state.get(state.GAPS_VIEW) == "By chance?":
        _chance(workspace, look, gap_selection.chosen(workspace).selection)


def _valid(key: str, options: Collection) -> object:
    """Return a control's value; the first option where it is none of them."""
    value = state.get(key)
    return value if value in options else next(iter(options))


def _label_field(look: Look, key: str) -> tuple[int, dict]:
    names = _names(look)
    chosen = _valid(key, range(len(names)))
    options = [[n, name] for n, name in enumerate(names)]
    return chosen, {"kind": "select", "name": key, "label": "Label", "value": chosen, "options": options}


def _matrix(workspace: Workspace, look: Look, selection: Selection, views: dict) -> Lower:
    by = _valid(state.GAPS_ORDER, ORDERS)
    controls = [views, {"kind": "select", "name": state.GAPS_ORDER, "label": "Rows by", "value": by,
                        "options": [list(one) for one in ORDERS.items()]}]  # fmt: skip
    label = 0
    if by == "label":
        label, field = _label_field(look, state.GAPS_LABEL)
        controls.append(field)
    others, names = selection.without("rows"), _names(look)
    if others:
        found = look.rows(others, by, label)
    else:
        found = Rows(readers.gap_matrix(workspace, by, label), None, int(look.ground.profiles.images.sum()))
    if not found.rows:
        return Lower(tuple(controls), Picture("gap_matrix", "", None, quiet=("No image is like that.",), wide=True))
    of = names[label] if by == "label" else ""
    mine = next((c for c in selection if isinstance(c, Span) and (c.by, c.label) == (by, of)), None)
    figure = gap_matrix(found.shares, names, found.rows, mine and found.place(mine.start, mine.stop),
                        None if found.ranks is None else found.span)  # fmt: skip
    quiet = ()
    if found.rows > len(found.shares):
        each = found.rows / len(found.shares)
        about = f"{each:,.0f}" if each >= 10 else f"{each:.1f}"  # 600 rows in 500 lines are not 1 row each
        quiet = (f"Each line stands for about {about} rows: the darker, the more of them lack the label.",)
    picture = Picture("gap_matrix", "", figure, lambda at: Span(by, of, *at), quiet=quiet, wide=True)
    return Lower(tuple(controls), picture)


def _together(look: Look, selection: Selection) -> Picture:
    names, ground = _names(look), look.ground
    weights = look.weights(selection.without("together"))
    pairs = [(c.one, c.other) for c in selection if isinstance(c, LackingBoth)]
    places = [(names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names)]
    figure = gaps_together(correlation(ground.gaps, weights), names, both_missing(ground, weights),
                           [*places, *((b, a) for a, b in places)])  # fmt: skip
    clicks = "" if len(names) <= CLICKABLE else f" With more than {CLICKABLE} labels the map can't be clicked."
    about = (
        "1: always missing together; -1: never both missing and never both there; 0: one says nothing about the"
        f" other. A label without gaps, or with nothing but gaps, has no number.{clicks}"
    )
    # The map is the same on both sides of its diagonal: a click on either means the same.
    return Picture("gaps_together", "", figure, lambda at: LackingBoth(*(names[n] for n in sorted(at))),
                   quiet=(about,), wide=True)  # fmt: skip


def _classes(look: Look, selection: Selection, views: dict) -> Lower:
    chosen, field = _label_field(look, state.GAPS_CLASS)
    label = look.ground.labels[chosen]
    counts = by_class(look.ground, look.weights(selection.without("class", label.name)), chosen)
    mine = [c for c in selection if isinstance(c, HasClass) and c.label == label.name]
    figure = cells_by_class(counts, label.names, {(c.code, "" if c.source == IMPORTED else c.source) for c in mine})
    many = len(label.names) > MAX_CLASSES
    quiet = (f"The {MAX_CLASSES} commonest of {len(label.names):,} classes.",) if many else ()
    title = f"Known cells of {label.name}, by class"
    picture = Picture("cells_by_class", title, figure, lambda at: HasClass(label.name, at[0], SOURCE_NAMES[at[1]]),
                      quiet=quiet, wide=True)  # fmt: skip
    return Lower((views, field), picture)


def _board(workspace: Workspace, picture: Picture) -> None:
    gap_board.show(workspace, "lower", Board.of([gap_board.pictures_part([picture])], [picture]))


def _chance(workspace: Workspace, look: Look, selection: Selection) -> None:
    measuring.line(workspace)
    found = readers.findings(workspace)
    if not found:
        st.caption(
            "Nothing to hold the gaps against: no label has both gaps and known cells beside something that varies."
        )
        return
    for finding in [f for f in found if f.told][:MOST_TOLD]:
        st.markdown(f"- {plain(sentence(finding))}")
    if not found[0].told:
        st.markdown("Nothing speaks against chance in what was looked at.")
    st.caption(
        f"{len(found)} permutation tests with {SHUFFLES:,} shuffles or more, corrected for their number (Holm 1979)."
        " Told is what shows in the gaps of the table and still shows once your rules have filled what they can; labels"
        " that rules tie together are not held against each other."
    )
    key = f"gaps_finding:{workspace.root}"  # another workspace has other findings
    chosen = st.selectbox("Share of missing cells by", range(len(found)), key=key, width=420,
                          format_func=lambda i: f"{found[i].label}, by {found[i].against}")  # fmt: skip
    finding = found[min(chosen, len(found) - 1)]
    _rates(workspace, look, selection, finding)
    st.caption(f"{plain(sentence(finding))} The bars are 95% intervals, the dotted line is the share over all.")
    if selection:
        st.caption("The tests are of all images, the picture is of those that are chosen.")


def _rates(workspace: Workspace, look: Look, selection: Selection, finding: Finding) -> None:
    """Draw a finding's groups among the chosen images."""
    names, groups = _names(look), [group.name for group in finding.groups]
    lacks = look.ground.gaps[:, look.ground.position(finding.label)]
    other = look.ground.position(finding.against)
    fact = _fact(workspace, finding.against, groups)
    if fact is not None:
        others = selection.without("fact", fact.name)
        if others:
            shown = rates_by_fact(look.ground, look.images, others, lacks, fact)[: len(groups)]
            finding = replace(finding, groups=tuple(shown))
        mine = next((c.place for c in selection if isinstance(c, InGroup) and c.fact == fact.name), None)
        _board(workspace, Picture("gap_rates", "", rates(finding, mine),
                                  lambda at: InGroup(fact.name, at[0], fact.groups[at[0]])))  # fmt: skip
    elif other is not None:
        weights = look.weights(selection.without("class", names[other]))
        finding = replace(finding, groups=tuple(rates_by_class(look.ground, weights, lacks, other)))
        slots = [c for c in selection if isinstance(c, HasClass) and c.label == names[other]]
        mine = next((c.code for c in slots if c.source == IMPORTED), None)
        _board(workspace, Picture("gap_rates", "", rates(finding, mine),
                                  lambda at: HasClass(names[other], at[0], IMPORTED)))  # fmt: skip
    else:
        _board(workspace, Picture("gap_rates", "", rates(finding)))


def _fact(workspace: Workspace, name: str, groups: list[str]) -> Fact | None:
    """Return the fact that a finding is about; a label may be called the same, and has other groups."""
    found = (f for f in readers.facts(workspace) if f.name == name)
    return next((f for f in found if list(f.groups[: len(groups)]) == groups), None)


def _names(look: Look) -> list[str]:
    return [label.name for label in look.ground.labels]
