"""The linked part of the missing-value page: figures, pictures and images, all of what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.charts.missing import MAX_LABELS, MAX_PATTERNS, cells_by_label, patterns, settled
from core.store.cells import derive_all
from core.store.conditions import Lacking, OfKind, Settling
from core.store.crossfilter import Headline, by_label, by_pattern, gains, headline
from core.store.ground import KINDS
from pages.ui import gap_pictures, gap_readers, gap_selection, strips
from pages.ui.widgets import plain

if TYPE_CHECKING:
    from core.store.selection import Selection
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look


@st.fragment
def section(workspace: Workspace) -> None:
    """Draw it all. A fragment: a click draws this part anew, and none of the rest of the page."""
    look = gap_readers.look(workspace)
    selection = gap_selection.chosen(workspace).selection
    every = headline(look.ground, look.ground.profiles.images)
    found = headline(look.ground, look.weights(selection))
    _figures(found, every, len(look.ground.labels))
    gap_selection.bar(workspace, look)
    left, right = st.container(key="pair_missing").columns(2, gap="large")
    with left:
        st.subheader("Cells by label", anchor=False)
        _kinds(workspace, look, selection)
        if _write_button(workspace, every.cells["free"]):
            st.rerun()  # the whole page: what is said below about free cells is no longer so
    with right:
        st.subheader("Missing together", anchor=False)
        _patterns(workspace, look, selection)
    strips.chosen_images(workspace, look)
    _settling(workspace, look, selection)
    gap_pictures.section(workspace, look)


def _figures(found: Headline, every: Headline, labels: int) -> None:
    """Draw the figures; each says of what it is a part, so that a choice moves nothing."""
    cells, incomplete = found.images * labels, found.images - found.complete
    part = "all of them" if found.images == every.images else f"of {every.images:,}"
    row = st.container(key="gap_figures", horizontal=True, gap="medium")
    st.html("<style>.st-key-gap_figures [data-testid=stMetricValue] { font-size: 1.75rem; }</style>")  # six in a row
    row.metric("Images", f"{found.images:,}", part, **_QUIET)
    row.metric("Gaps in the table", f"{found.gaps:,}", f"{_share(found.gaps, cells)} of its cells", **_QUIET)
    row.metric("Images with a gap", f"{incomplete:,}", f"{_share(incomplete, found.images)} of images", **_QUIET,
               help="What a training on complete rows only would lose.")  # fmt: skip
    row.metric("Free", f"{found.cells['free']:,}", "rules fill them", **_QUIET,
               help="Empty, and your rules leave only one possible class.")  # fmt: skip
    row.metric("Open", f"{found.cells['open']:,}", "nobody knows", **_QUIET,
               help="Empty, and nobody knows: for a model and a person.")  # fmt: skip
    row.metric("In conflict", f"{found.cells['conflict']:,}", "no way to tell", **_QUIET,
               help="Empty, and the image's known labels contradict each other.")  # fmt: skip


_BEGIN = 10  # labels whose open cells are drawn: where to begin, not all there is
_QUIET = {"delta_color": "off", "delta_arrow": "off"}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"


def _write_button(workspace: Workspace, free: int) -> bool:
    return st.button(
        f"Write the {free:,} free cells" if free else "No free cells to write",
        type="primary",
        icon=":material/done_all:",
        disabled=not free,
        on_click=_write_free,
        args=(workspace,),
        key="write_free",
        help="Stores what the rules imply, with source `derived`, in all images. Change a rule or undo a decision and"
        " it is withdrawn.",
    )


def _write_free(workspace: Workspace) -> None:
    with workspace.write() as connection:
        written = derive_all(connection)
    by_name = ", ".join(f"{name} {n}" for name, n in written.items())
    st.toast(f"{sum(written.values()):,} cells written with source derived: {by_name}", icon=":material/check:")


def _kinds(workspace: Workspace, look: Look, selection: Selection) -> None:
    counts = by_label(look.ground, look.weights(selection.without("kind")))
    chosen = {(c.label, c.kind) for c in selection if isinstance(c, OfKind)}
    names = list(counts)
    gap_selection.chart(
        workspace, "cells_by_label", cells_by_label(counts, chosen), lambda at: OfKind(names[at[0]], KINDS[at[1]])
    )


def _patterns(workspace: Workspace, look: Look, selection: Selection) -> None:
    weights = look.weights(selection.without("pattern"))
    mine = next((c.missing for c in selection if isinstance(c, Lacking)), None)
    found = by_pattern(look.ground, weights, MAX_PATTERNS, mine)
    # A row of dots for each label that has gaps at all; a label without any has nothing to show here.
    lacking = look.ground.profiles.images @ look.ground.gaps
    names = [label.name for label, n in zip(look.ground.labels, lacking, strict=True) if n]
    kept = sorted(sorted(names, key=lambda n: -lacking[look.ground.position(n)])[:MAX_LABELS], key=names.index)
    figure = patterns(found, kept or [label.name for label in look.ground.labels][:MAX_LABELS], mine)
    gap_selection.chart(workspace, "patterns", figure, lambda at: Lacking(found[at[0]].missing))
    notes = []
    if rest := len(look.ground.patterns) - len(found):
        rows = int(weights.sum()) - sum(p.rows for p in found)
        notes.append(f"{rest:,} rarer patterns with {rows:,} rows are not drawn; the list above has more of them.")
    if len(names) > len(kept):
        notes.append(f"Dots for the {len(kept)} of {len(names)} labels that have most gaps.")
    if notes:
        st.caption(" ".join(notes))


def _settling(workspace: Workspace, look: Look, selection: Selection) -> None:
    """Draw where to begin: open cells by how many cells their answers settle."""
    found = gains(look.ground, look.weights(selection.without("leverage")))
    st.subheader("Where to begin", anchor=False)
    if not found:
        st.caption("No cell is open here.")
        return
    best = found[0]
    labels = list(dict.fromkeys(gain.label for gain in found))
    found = [gain for gain in found if gain.label in labels[:_BEGIN]]
    answers = [(gain.label, gain.settles, gain.cells) for gain in found]
    mine = {c.label: c.least for c in selection if isinstance(c, Settling)}
    left, right = st.container(key="pair_settling").columns(2, gap="large")
    with left:
        gap_selection.chart(
            workspace, "settling", settled(answers, mine), lambda at: Settling(found[at[0]].label, found[at[0]].settles)
        )
    if best.settles > 1:
        right.markdown(
            "Some answers settle more than their own cell, because your rules then know others too. Begin with the"
            f" darkest bar: {best.cells:,} open cells of **{plain(best.label)}**, where each answer settles"
            f" **{best.settles:.3g}** cells on average."
        )
        right.caption("On average over the label's classes, each as likely as the others; the cell itself counts.")
    else:
        right.markdown("Here each answer settles its own cell only: by your rules nothing else would follow from it.")
    if len(labels) > _BEGIN:
        right.caption(f"The first {_BEGIN} of {len(labels)} labels with open cells.")
