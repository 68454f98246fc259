"""A report of a run's hard examples: one HTML file with pictures, maps and figures, to send to somebody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import Row

from core.errors import GapwiseError
from core.hard.confusion import confusion
from core.hard.lists import HardPage, hard_list
from core.hard.where import Look, where_errors_look
from core.report import page
from core.report.pictures import heat, pair
from core.report.tables import confusion_table, hardest_classes
from core.report.target import check_target, write_report
from core.report.verdicts import Verdicts
from core.store.hard import LISTS
from core.store.labels import labels as read_labels
from core.store.runs import QUALITY
from core.store.runs import run as run_row
from core.workspace import Workspace

LEARNED_FROM = ("all", "near_other", "duplicates")  # lists that are not read off predictions
MOST = 500  # pictures: a file of some 20 MB, which most mail still takes
Progress = Callable[[int, int], bool | None]


def report(
    ws: Workspace,
    label_id: int,
    run_id: int,
    which: str,
    limit: int,
    path: Path | str,
    progress: Progress | None = None,
) -> Path:
    """Write a report of the first images of a list, with the run's figures; return where it lies.

    Some 35 kB for each image. Nothing in it is fetched from elsewhere, and nothing runs.

    Args:
        which: One of `core.store.hard.LISTS`.
        limit: Images at most, 0 to MOST.
        progress: Called with how many images are done, and of how many; what it returns stops the work if true.

    Raises:
        GapwiseError: If there is no such run or list, the run is another label's, the limit is out of bounds,
            `progress` stopped it, or the file can't be written, which is found out first; what lies there stays.
    """
    path = check_target(ws, path)
    write_report(path, content(ws, label_id, run_id, which, limit, progress))
    return path


def content(ws: Workspace, label_id: int, run_id: int, which: str, limit: int, progress: Progress | None = None) -> str:
    """Return the report's HTML; arguments and errors as of `report`."""
    if not 0 <= limit <= MOST:
        raise GapwiseError(f"A report takes 0 to {MOST} images, not {limit}.")
    with ws.read() as connection:
        row = run_row(connection, run_id)
        if row.label_id != label_id:
            raise GapwiseError(f"Run {run_id} is one of {row.label}, not of the label that was asked for.")
        label = read_labels(connection)[label_id]
        table, look = confusion(connection, run_id), where_errors_look(connection, run_id)
    found = hard_list(ws, label_id, run_id, which, 0, limit)
    parts = [
        *_head(ws, row),
        *_figures(ws, row, table),
        *confusion_table(label, table),
        *hardest_classes(label, table),
        *_look(look),
        *_examples(ws, run_id, which, found, progress),
        f"<footer>Made with Gapwise, {_time(time.time())}. Maps: Grad-CAM (Selvaraju et al. 2017), of the class"
        f" that the run says, unless it is told otherwise. {_learned_from(which)}</footer>",
    ]
    return page.document(f"Hard examples of {label.name}, run {run_id}", parts)


def _learned_from(which: str) -> str:
    if which in LEARNED_FROM:
        return "Figures are of known images that were held out of training; the list has others, too."
    return "The run did not learn from any of these images."


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _head(ws: Workspace, row: Row) -> list[str]:
    model = (row.config or {}).get("settings", {}).get("model")
    told = [
        f"run {row.id}",
        f"recipe {row.recipe}",
        *([f"network {model}"] if model else []),
        _time(row.created),
    ]
    return [
        f"<h1>Hard examples of {page.name(row.label)}</h1>",
        f'<p class="soft">{page.name(ws.name)} · {" · ".join(page.name(one) for one in told)}</p>',
    ]


def _figures(ws: Workspace, row: Row, table: np.ndarray) -> list[str]:
    measured = int(table.sum())
    if not measured:
        return [page.paragraph("The run has no known held-out images, so there are no figures.")]
    right = int(table.trace())
    pairs = [("held-out images", f"{measured:,}"), ("right", f"{right / measured:.1%}"),
             ("wrong", f"{measured - right:,}")]  # fmt: skip
    told = _quality(ws, row.id) or row.metrics or {}
    trust = told.get("calibrated") or {}
    named = (("F1", told.get("f1")), ("macro F1", told.get("f1_macro")), ("calibration error", trust.get("ece")),
             ("Brier score", trust.get("brier")))  # fmt: skip
    pairs += [(what, f"{value:.3f}") for what, value in named if isinstance(value, int | float)]
    note = "Right and wrong are counted by what the cells are now; the other figures are as the run was measured."
    return [page.figures(pairs), *([page.paragraph(note, True)] if len(pairs) > 3 else [])]


def _quality(ws: Workspace, run_id: int) -> dict:
    try:
        told = json.loads((ws.run_dir(run_id) / QUALITY).read_text())
    except (OSError, ValueError):
        return {}  # runs of older versions have none
    return told if isinstance(told, dict) else {}


def _look(look: Look) -> list[str]:
    parts = [page.heading("Where errors look"), *(page.paragraph(one) for one in look.sentences)]
    maps = [(f"wrong, {look.wrong_count:,} images", look.wrong), (f"right, {look.right_count:,} images", look.right)]
    maps += [
        (f"{c.share:.0%} of the wrong ones; {c.right_share:.0%} of the right ones look there", c.map)
        for c in (look.clusters if len(look.clusters) > 1 else ())
    ]
    drawn = "".join(
        f'<figure><img alt="mean map" src="{heat(cells)}"><figcaption>{page.escaped(what)}</figcaption></figure>'
        for what, cells in maps
        if cells is not None
    )
    if look.left_out_told:
        parts.append(page.paragraph(look.left_out_told, True))
    return [*parts, f'<div class="maps">{drawn}</div>'] if drawn else parts


def _examples(ws: Workspace, run_id: int, which: str, found: HardPage, progress: Progress | None) -> list[str]:
    shown = f"The first {len(found.rows):,} of {found.total:,}" if found.total > len(found.rows) else f"{found.total:,}"
    parts = [page.heading(LISTS[which]), page.paragraph(f"{shown} images.", True)]
    if found.note:
        parts.append(page.paragraph(found.note, True))
    verdicts = Verdicts(ws, run_id, which, found.rows, found.total)
    if verdicts.note:
        parts.append(page.paragraph(verdicts.note, True))
    cards = []
    for n, row in enumerate(found.rows, start=1):
        cards.append(_card(ws, row, verdicts.of(row)))
        if progress is not None and progress(n, len(found.rows)):
            raise GapwiseError("Stopped before the report was written.")
    return [*parts, f'<div class="pictures">{"".join(cards)}</div>']


def _card(ws: Workspace, row: dict, verdict: str) -> str:
    try:
        pictures = pair(ws, row)
        drawn = "".join(f'<img alt="" src="{address}">' for address in pictures)
        told = " · no map" if len(pictures) == 1 else f"<br>{page.escaped(verdict)}"
    except GapwiseError as error:
        drawn, told = page.paragraph(str(error), True), ""
    return (
        f'<figure><div class="pair">{drawn}</div><figcaption><b>{page.name(row["fname"])}</b>'
        f"{page.escaped(row['reason'])}<small>{told}</small></figcaption></figure>"
    )
