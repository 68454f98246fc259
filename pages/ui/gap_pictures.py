"""How the gaps lie: one after the other in the table, together, and by class."""

from __future__ import annotations

from dataclasses import replace
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
from pages.ui.gap_board import Picture
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.store.missingness import Fact
    from core.store.selection import Selection
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look

VIEWS = ("Row by row", "Together", "By class", "By chance?")
MOST_TOLD = 10  # sentences


def section(workspace: Workspace, look: Look) -> None:
    """Draw the picture that is chosen; what is not looked at costs nothing."""
    selection = gap_selection.chosen(workspace).selection
    state.get(state.GAPS_VIEW)
    view = st.segmented_control("How the gaps lie", VIEWS, key=state.GAPS_VIEW, required=True)
    draw = {"Row by row": _matrix, "Together": _together, "By class": _classes, "By chance?": _chance}[view]
    draw(workspace, look, selection)


def _board(workspace: Workspace, picture: Picture) -> None:
    gap_board.show(workspace, "lower", [gap_board.pictures_part([picture])], [picture])


def _label_field(place: st.delta_generator.DeltaGenerator, look: Look, key: str) -> int:
    names = _names(look)
    return place.selectbox("Label", range(len(names)), format_func=names.__getitem__, key=key, width=300)


def _matrix(workspace: Workspace, look: Look, selection: Selection) -> None:
    row = st.container(horizontal=True)
    state.get(state.GAPS_ORDER)
    by = row.selectbox("Rows by", list(ORDERS), format_func=ORDERS.get, key=state.GAPS_ORDER, width=200)
    label = _label_field(row, look, "gaps_label") if by == "label" else 0
    others, names = selection.without("rows"), _names(look)
    if others:
        found = look.rows(others, by, label)
    else:
        found = Rows(readers.gap_matrix(workspace, by, label), None, int(look.ground.profiles.images.sum()))
    if not found.rows:
        st.caption("No image is like that.")
        return
    of = names[label] if by == "label" else ""
    mine = next((c for c in selection if isinstance(c, Span) and (c.by, c.label) == (by, of)), None)
    figure = gap_matrix(found.shares, names, found.rows, mine and found.place(mine.start, mine.stop))
    spans = figure["data"][1]
    spans["customdata"] = [list(found.span(*at)) for at in spans["customdata"]]
    _board(workspace, Picture("gap_matrix", "", figure, lambda at: Span(by, of, *at)))
    if found.rows > len(found.shares):
        each = found.rows / len(found.shares)
        about = f"{each:,.0f}" if each >= 10 else f"{each:.1f}"  # 600 rows in 500 lines are not 1 row each
        st.caption(f"Each line stands for about {about} rows: the darker, the more of them lack the label.")


def _together(workspace: Workspace, look: Look, selection: Selection) -> None:
    names, ground = _names(look), look.ground
    weights = look.weights(selection.without("together"))
    pairs = [(c.one, c.other) for c in selection if isinstance(c, LackingBoth)]
    places = [(names.index(a), names.index(b)) for a, b in pairs if {a, b} <= set(names)]
    figure = gaps_together(correlation(ground.gaps, weights), names, both_missing(ground, weights),
                           [*places, *((b, a) for a, b in places)])  # fmt: skip
    # The map is the same on both sides of its diagonal: a click on either means the same.
    _board(workspace, Picture("gaps_together", "", figure, lambda at: LackingBoth(*(names[n] for n in sorted(at)))))
    clicks = "" if len(names) <= CLICKABLE else f" With more than {CLICKABLE} labels the map can't be clicked."
    st.caption(
        "1: always missing together; -1: never both missing and never both there; 0: one says nothing about the"
        f" other. A label without gaps, or with nothing but gaps, has no number.{clicks}"
    )


def _classes(workspace: Workspace, look: Look, selection: Selection) -> None:
    chosen = _label_field(st, look, "gaps_class")
    label = look.ground.labels[chosen]
    counts = by_class(look.ground, look.weights(selection.without("class", label.name)), chosen)
    mine = [c for c in selection if isinstance(c, HasClass) and c.label == label.name]
    figure = cells_by_class(counts, label.names, {(c.code, "" if c.source == IMPORTED else c.source) for c in mine})
    _board(workspace, Picture("cells_by_class", "", figure,
                              lambda at: HasClass(label.name, at[0], SOURCE_NAMES[at[1]])))  # fmt: skip
    if len(label.names) > MAX_CLASSES:
        st.caption(f"The {MAX_CLASSES} commonest of {len(label.names):,} classes.")


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
        f"{len(found)} permutation tests with {SHUFFLES:,} shuffles, corrected for their number (Holm 1979)."
        " A free cell counts as known, and labels that rules tie together are not held against each other."
    )
    chosen = st.selectbox("Share of missing cells by", range(len(found)), key="gaps_finding", width=420,
                          format_func=lambda i: f"{found[i].label}, by {found[i].against}")  # fmt: skip
    finding = found[min(chosen, len(found) - 1)]
    _rates(workspace, look, selection, finding)
    st.caption(f"{plain(sentence(finding))} The bars are 95% intervals, the dotted line is the share over all.")
    if selection:
        st.caption("The tests are of all images, the picture is of those that are chosen.")


def _rates(workspace: Workspace, look: Look, selection: Selection, finding: Finding) -> None:
    """Draw a finding's groups among the chosen images."""
    names, groups = _names(look), [group.name for group in finding.groups]
    lacks = look.ground.lacking[:, look.ground.position(finding.label)]
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
