"""The linked part of the missing-value page: figures, pictures and images, all of what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.charts.missing import MAX_LABELS, MAX_PATTERNS, cells_by_label, patterns, settled
from core.store.cells import derive_all
from core.store.conditions import Lacking, OfKind, Settling
from core.store.crossfilter import Headline, by_label, by_pattern, gains, headline
from core.store.ground import KINDS
from pages.ui import gap_board, gap_boxes, gap_pictures, gap_readers, gap_selection, navigation, state, strips
from pages.ui.gap_board import Board, Picture
from pages.ui.saying import said, say
from pages.ui.widgets import counted, told

if TYPE_CHECKING:
    from core.store.selection import Selection
    from core.workspace import Workspace
    from pages.ui.gap_readers import Look


# What of the session a board shows, beside what is chosen.
_SETTINGS = (state.GAPS_VIEW, state.GAPS_ORDER, state.GAPS_LABEL, state.GAPS_CLASS, state.GAPS_BOX)


@st.fragment
def section(workspace: Workspace) -> None:
    """Draw it all. A fragment: a click draws this part anew, and none of the rest of the page."""
    said()
    with told():
        look = gap_readers.look(workspace)
        if not look.ground.labels or not look.ground.profiles.images.any():
            st.info("There is no table with labels here yet. Bring one in on the Dataset page.")
            navigation.link("dataset", "Go to Dataset")
            return
        _write_button(workspace, look.every.cells["free"])
        gap_board.show(workspace, "linked", _board(workspace, look))
        if gap_pictures.has_below():
            gap_pictures.below(workspace, look)
            gap_board.show(workspace, "boxes", Board.of([_boxes(look)], []))
        gap_boxes.draw(workspace)


def _board(workspace: Workspace, look: Look) -> Board:
    """Return the board; nothing of it is made again as long as what it shows is the same."""
    now = gap_selection.chosen(workspace)
    there = strips.there(workspace, strips.page(workspace, look))  # files come and go without a word to the database
    settings = tuple(state.get(key) for key in _SETTINGS)
    return look.once(("board", now.selection, now.pages, there, settings), lambda: _made(workspace, look))


def _made(workspace: Workspace, look: Look) -> Board:
    selection = gap_selection.chosen(workspace).selection
    weights = look.weights(selection)
    found = headline(look.ground, weights)
    upper, lower = [_kinds(look, selection), _patterns(look, selection)], [_settling(look, selection)]
    options = gap_selection.options(look)
    further = gap_pictures.lower(workspace, look)
    parts = [
        ("figures", _figures(found, look.every, len(look.ground.labels), int(weights @ look.ground.conflict))),
        ("choices", gap_selection.choices(workspace, look, options)),
        gap_board.pictures_part(upper),
        ("images", strips.chosen_images(workspace, look)),
        gap_board.pictures_part(lower),
        ("controls", further.controls),
    ]
    if further.picture is not None:
        lower.append(further.picture)
        parts.append(gap_board.pictures_part([further.picture]))
    if not gap_pictures.has_below():
        parts.append(_boxes(look))
    return Board.of(parts, [*upper, *lower], options)


def _boxes(look: Look) -> tuple[str, object]:
    return "controls", [gap_boxes.control(look)]


def _figures(found: Headline, every: Headline, labels: int, contradicting: int) -> list[dict[str, str]]:
    """Return the figures; each says of what it is a part, so that a choice moves nothing."""
    cells, incomplete = found.images * labels, found.images - found.complete
    empty = sum(found.cells[kind] for kind in ("free", "open", "conflict"))
    part = "all of them" if found.images == every.images else f"of {every.images:,}"
    figures = [
        ("Images", found.images, part, ""),
        ("Gaps in the table", found.gaps, f"{_share(found.gaps, cells)} of its cells", ""),
        ("Images with a gap", incomplete, f"{_share(incomplete, found.images)} of them",
         "A training on complete rows drops every row with a gap: it learns from the others only."),
        ("Filled", found.gaps - empty, "by rules, people, models", "Gaps of the table that have a value by now."),
        ("Free", found.cells["free"], "rules fill them", "Empty, and your rules leave only one possible class."),
        ("Open", found.cells["open"], "nobody knows", "Empty, and nobody knows: for a model and a person."),
        ("Contradictions", contradicting, "images break a rule",
         "What is known of these images can't all be true; nothing can be derived for their gaps"
         f" ({found.cells['conflict']:,})."),
    ]  # fmt: skip
    return [{"label": name, "value": f"{n:,}", "note": note, "help": about} for name, n, note, about in figures]


_MORE = 1.05  # cells that an answer settles; less than that is shown as 1
_BEGIN = 10  # labels whose open cells are drawn: where to begin, not all there is


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"


def _write_button(workspace: Workspace, free: int) -> None:
    st.button(
        f"Write the {counted(free, 'free cell')}" if free else "No free cells to write",
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
    by_name = ", ".join(f"{name} {n:,}" for name, n in written.items())
    say(f"{counted(sum(written.values()), 'cell')} written with source derived: {by_name}")


def _kinds(look: Look, selection: Selection) -> Picture:
    counts = by_label(look.ground, look.weights(selection.without("kind")))
    chosen = {(c.label, c.kind) for c in selection if isinstance(c, OfKind)}
    names = list(counts)
    return Picture("cells_by_label", "Cells by label", cells_by_label(counts, chosen),
                   lambda at: OfKind(names[at[0]], KINDS[at[1]]))  # fmt: skip


def _patterns(look: Look, selection: Selection) -> Picture:
    weights = look.weights(selection.without("pattern"))
    mine = next((c.missing for c in selection if isinstance(c, Lacking)), None)
    found = by_pattern(look.ground, weights, MAX_PATTERNS, mine)
    # A row of dots for each label that has gaps at all; a label without any has nothing to show here.
    lacking = look.ground.profiles.images @ look.ground.gaps
    every = [label.name for label in look.ground.labels]
    names = [name for name, n in zip(every, lacking, strict=True) if n]
    kept = sorted(sorted(names, key=lambda n: -lacking[look.ground.position(n)])[:MAX_LABELS], key=names.index)
    figure = patterns(found, kept or every[:MAX_LABELS], mine)
    # A click says which labels are missing, not which bar it hit: what is drawn may be another thing by then.
    place = {name: n for n, name in enumerate(every)}
    codes = [[place[name] for name in pattern.missing] for pattern in found]
    for trace in figure["data"]:
        if "customdata" in trace:
            trace["customdata"] = [codes[n] for (n,) in trace["customdata"]]
    notes = []
    if rest := len(look.ground.patterns) - len(found):
        rows = int(weights.sum()) - sum(p.rows for p in found)
        notes.append(f"{rest:,} rarer patterns with {rows:,} rows are not drawn; the list above has more of them.")
    if len(names) > len(kept):
        notes.append(f"Dots for the {len(kept)} of {len(names)} labels that have most gaps.")
    return Picture("patterns", "Missing together", figure, lambda at: Lacking(tuple(every[n] for n in at)),
                   quiet=tuple(notes))  # fmt: skip


def _settling(look: Look, selection: Selection) -> Picture:
    """Return where to begin: open cells by how many cells their answers settle."""
    found = gains(look.ground, look.weights(selection.without("leverage")))
    title = "Where to begin"
    if not found:
        return Picture("settling", title, None, quiet=("No cell is open here.",), wide=True)
    best = max(found, key=lambda gain: gain.cells * (gain.settles - 1))
    labels = list(dict.fromkeys(gain.label for gain in found))
    found = [gain for gain in found if gain.label in labels[:_BEGIN]]
    answers = [(gain.label, gain.settles, gain.cells) for gain in found]
    figure = settled(answers, {c.label: c.least for c in selection if isinstance(c, Settling)})
    every = [label.name for label in look.ground.labels]
    for trace, gain in zip(figure["data"], found, strict=True):
        trace["customdata"] = [[every.index(gain.label), gain.settles]]
    if best.settles >= _MORE:
        text = "Some answers settle more than their own cell: your rules then know others, too. Most is gained by"
        words = (
            (f"{text} {counted(best.cells, 'open cell')} of ", False), (best.label, True),
            (", where each answer settles ", False), (f"{best.settles:.3g}", True), (" cells on average.", False),
        )  # fmt: skip
        quiet = ["On average over the label's classes, each as likely as the others; the cell itself counts."]
    else:
        text = "Here each answer settles its own cell only: by your rules nothing else would follow from it."
        words, quiet = ((text, False),), []
    if len(labels) > _BEGIN:
        quiet.append(f"The first {_BEGIN} of {len(labels)} labels with open cells.")
    return Picture("settling", title, figure, lambda at: Settling(every[at[0]], at[1]), (words,), tuple(quiet),
                   beside=True, wide=True)  # fmt: skip
