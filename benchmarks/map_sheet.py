"""A sheet of pictures with their maps and whether each can be trusted: `docs/maps.md` is made of four.

    python benchmarks/map_sheet.py RUN --list wrong --count 12 --out docs/maps/mask-wrong.jpg [--workspace DIR]

Maps that are not stored are made first, by the warm worker. The images are the list's first, so nobody chose them:
those that the run is surest of. Prints one line for each, and how many maps tell more than chance.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.explain import warm
from core.explain.asking import Ask
from core.explain.overlay import overlay
from core.hard.lists import hard_list
from core.images.previews import preview
from core.store import runs
from core.store.labels import labels
from core.workspace import Workspace

SIDE, LINE, GAP = 240, 16, 8  # px
ACROSS = 3  # pairs beside each other
YES, NO = (0, 114, 98), (176, 42, 48)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=int)
    parser.add_argument("--list", choices=["wrong", "right"], default="wrong")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workspace", default=os.environ.get("GAPWISE_WORKSPACE"))
    args = parser.parse_args()
    ws = Workspace.open(Path(args.workspace))
    with ws.read() as connection:
        label_id = runs.run(connection, args.run).label_id
        names = labels(connection)[label_id].names
    rows = _surest(ws, label_id, args.run, args.list, args.count)
    answers = warm.ask(ws, [Ask(r["image_id"], args.run, trust=True) for r in rows], patience=600)
    cards = [_card(ws, row, answer, names) for row, answer in zip(rows, answers, strict=True)]
    _sheet(cards).save(args.out, quality=82, optimize=True)
    held = sum(not isinstance(a, str) and a.trust["holds"] for a in answers)
    print(f"{args.out}: {len(cards)} images, {held} maps tell more than chance")


def _surest(ws: Workspace, label_id: int, run_id: int, which: str, count: int) -> list[dict]:
    """Return the images that the run is surest of; the list of right ones begins with the least sure."""
    total = hard_list(ws, label_id, run_id, which, 0, 1).total
    if which == "wrong":
        return hard_list(ws, label_id, run_id, which, 0, count).rows
    return hard_list(ws, label_id, run_id, which, max(0, total - count), count).rows[::-1]


def _card(ws: Workspace, row: dict, answer, names) -> Image.Image:
    with Image.open(preview(ws, row["image_id"])) as file:
        plain = file.convert("RGB")
    plain.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    card = Image.new("RGB", (2 * SIDE + GAP, SIDE * 3 // 4 + 2 * LINE + GAP), "white")
    card.paste(plain, (0, 0))
    draw, font = ImageDraw.Draw(card), ImageFont.load_default(13)
    said = f"{row['fname']}: {names[row['value']]} {row['confidence']:.2f}, is {names[row['truth']]}"
    if isinstance(answer, str):
        verdict, color = answer, NO
    else:
        card.paste(overlay(plain, answer.map, answer.height, answer.width, 0.6), (SIDE, 0))
        holds = answer.trust["holds"]
        verdict, color = ("tells more than chance" if holds else "don't trust this map"), (YES if holds else NO)
    print(f"{said} | {answer if isinstance(answer, str) else answer.trust['sentence']}")
    top = SIDE * 3 // 4
    draw.text((2, top + 1), said, "black", font)
    draw.text((2, top + 1 + LINE), verdict, color, font)
    return card


def _sheet(cards: list[Image.Image]) -> Image.Image:
    width, height = cards[0].size
    rows = -(-len(cards) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * width, rows * height), "white")
    for i, card in enumerate(cards):
        sheet.paste(card, (i % ACROSS * width, i // ACROSS * height))
    return sheet


if __name__ == "__main__":
    main()
