"""Pictures of a list as the browser takes them: what is known, what is predicted, and the map that came with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.hard.lists import hard_list
from core.store import cells, hard

if TYPE_CHECKING:
    from core.workspace import Workspace
    from pages.ui.explain.choice import Choice

# Rows that the browser holds: pages before and after the one that it shows, so that turning a page asks nobody.
WINDOW = 300
SAY_IT_ALL = ("wrong", "right", "open", "all")  # lists of pictures whose badge says why they are there


def window(workspace: Workspace, choice: Choice, start: int) -> dict:
    """Return a list's rows from a place on: total, from, rows, note."""
    page = hard_list(workspace, choice.label_id, choice.run_id, choice.which, max(0, start), WINDOW)
    if start and not page.rows:  # the list got shorter
        page, start = hard_list(workspace, choice.label_id, choice.run_id, choice.which, 0, WINDOW), 0
    rows = for_browser(workspace, page.rows, choice.which not in SAY_IT_ALL)
    return {"total": page.total, "from": max(0, start), "rows": rows, "note": page.note}


def one(workspace: Workspace, choice: Choice, image_id: int) -> dict | None:
    """Return one image's row, whatever list it is in; None when there is no such image."""
    with workspace.read() as connection:
        found = hard.rows_of(connection, choice.label_id, choice.run_id, [image_id])
    return for_browser(workspace, [row._mapping for row in found], False)[0] if found else None


def for_browser(workspace: Workspace, rows: Sequence[Mapping[str, object]], reasons: bool) -> list[dict]:
    """Return rows of `core.hard.lists.hard_list` as scripts read them."""
    if not rows:
        return []
    with workspace.read() as connection:
        table = cells.load(connection, sorted({int(row["image_id"]) for row in rows}))
    at = {int(image_id): i for i, image_id in enumerate(table.image_ids)}
    known = {i: dict(zip(table.label_ids, map(int, table.values[n]), strict=True)) for i, n in at.items()}
    return [_row(row, known.get(row["image_id"], {}), row["reason"] if reasons else "") for row in rows]


def _row(row: Mapping[str, object], known: Mapping[int, int], reason: str) -> dict:
    cam = row["map"]
    return {
        "image": row["image_id"],
        "fname": row["fname"],
        "digest": row["digest"][:16],
        "width": row["width"],
        "height": row["height"],
        "truth": row["truth"],
        "value": row["value"],
        "confidence": row["confidence"],
        "probs": row["probs"],
        "map": None if cam is None else base64.b64encode(cam).decode(),
        "mapSize": None if cam is None else [row["map_height"], row["map_width"]],
        "reason": reason,
        "cells": known,  # label id to class code, -1 for none
    }
