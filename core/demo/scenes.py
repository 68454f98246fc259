"""The demo set: how many scenes, which labels they have, which the table hides, and the files.

Everything follows from (n, seed): each scene has a random generator of its own, so that the number of
processes that share the work changes nothing.
"""

from __future__ import annotations

import csv
import io
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.demo import clutter, figure, light, street
from core.demo.layout import draw_layout
from core.demo.pen import Pen
from core.errors import GapwiseError

COLUMNS = ("image_id", "fname", "mask", "distancing", "5k")
PIXELS_PER_UNIT = 1.2  # 320 x 240 units make pictures of 384 x 288
_OVERSAMPLING = 2  # drawn so much larger, for smooth edges
_JPEG_QUALITY = 90
# The contest's table: so many of so many rows lack mask and 5k, or distancing and 5k.
_ROWS, _NO_MASK, _NO_DISTANCING = 4175, 734, 1273
_MASK_SHARE, _DISTANCING_SHARE = 0.53, 0.56
_MOST = 1_000_000
_WORTH_A_PROCESS = 100  # scenes; starting one takes as long as drawing some twenty

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Row:
    """One scene's true labels, and which of them the table hides."""

    number: int  # from 1
    mask: int
    distancing: int
    hidden: str  # "", "mask" or "distancing"; 5k is hidden with either

    @property
    def fname(self) -> str:
        return f"scene_{self.number:05d}.jpg"

    @property
    def truth(self) -> tuple[int, str, int, int, int]:
        return self.number, self.fname, self.mask, self.distancing, self.mask & self.distancing

    @property
    def given(self) -> tuple[object, ...]:
        """The row as the table shows it; a gap is empty."""
        gaps = {"": (), "mask": ("mask", "5k"), "distancing": ("distancing", "5k")}[self.hidden]
        return tuple("" if column in gaps else value for column, value in zip(COLUMNS, self.truth, strict=True))


def check_size(n: int, seed: int) -> None:
    """See that scenes can be drawn.

    Raises:
        GapwiseError: If n is not between 1 and a million, or the seed is negative.
    """
    if not 1 <= n <= _MOST:
        raise GapwiseError(f"The demo was asked for {n} scenes; ask for 1 to {_MOST}.")
    if seed < 0:
        raise GapwiseError(f"The demo was given the seed {seed}; give 0 or more.")


def draw_rows(n: int, seed: int) -> list[Row]:
    """Return the true labels of n scenes and the gaps, in the reference set's proportions.

    Of n rows, round(n * 734 / 4175) lack mask and 5k, round(n * 1273 / 4175) lack distancing and 5k.

    Raises:
        GapwiseError: As `check_size`.
    """
    check_size(n, seed)
    rng = np.random.default_rng([seed, n])
    mask = rng.permutation(np.arange(n) < round(n * _MASK_SHARE))
    distancing = rng.permutation(np.arange(n) < round(n * _DISTANCING_SHARE))
    no_mask, no_distancing = round(n * _NO_MASK / _ROWS), round(n * _NO_DISTANCING / _ROWS)
    hidden = ["mask"] * no_mask + ["distancing"] * no_distancing + [""] * (n - no_mask - no_distancing)
    order = rng.permutation(n)
    return [Row(i + 1, int(mask[i]), int(distancing[i]), hidden[order[i]]) for i in range(n)]


def draw_scene(mask: int, distancing: int, rng: np.random.Generator) -> Image.Image:
    """Return one picture, RGB, 384 x 288 or upright 288 x 384, that has these labels."""
    layout = draw_layout(mask, distancing, rng)
    mood = light.draw_mood(rng)
    size = (round(layout.width * PIXELS_PER_UNIT), round(layout.height * PIXELS_PER_UNIT))
    unit = PIXELS_PER_UNIT * _OVERSAMPLING
    image = light.sky((round(layout.width * unit), round(layout.height * unit)), mood, layout.horizon * unit)
    pen = Pen(image, unit=unit)
    edge = street.draw_street(pen, layout, mood, rng)
    clutter.draw_behind(pen, layout, mood, edge, rng)
    for person in layout.people:
        figure.draw_person(pen, person, rng)
    clutter.draw_front(pen, layout, rng)
    # A lamp right behind a head would shine through the face: light is added to the finished picture.
    mood.lamps = [
        lamp for lamp in mood.lamps if all(math.dist(lamp[:2], (p.x, p.face)) > 1.3 * p.head for p in layout.people)
    ]
    return light.finish(image, mood, size, PIXELS_PER_UNIT, rng)


def generate(out: Path, n: int = 600, seed: int = 0, progress: Progress | None = None) -> None:
    """Write n scenes and their tables: images/scene_00001.jpg ..., train_meta.csv with gaps, truth.csv without.

    The tables come last, so that where `train_meta.csv` is, everything is. Files that are there are
    replaced.

    Args:
        out: The folder; it is made.
        n: How many scenes.
        seed: The same n and seed give the same bytes.
        progress: Called with scenes done and n, now and then.

    Raises:
        GapwiseError: If n or seed make no sense, the folder can't be written, or a process that
            shared the work failed.
    """
    rows, out = draw_rows(n, seed), Path(out).resolve()
    try:
        (out / "images").mkdir(parents=True, exist_ok=True)
        _draw_all(out, rows, seed, progress or (lambda done, total: None))
        write_tables(out, n, seed)
    except OSError as error:
        raise GapwiseError(
            f"Can't write the demo's scenes to {out}: {error.strerror}."
            " Choose a folder with space that you may write to."
        ) from error


def write_tables(out: Path, n: int, seed: int) -> None:
    """Write truth.csv and train_meta.csv, without any picture.

    Raises:
        GapwiseError: As `check_size`.
        OSError: If they can't be written.
    """
    rows = draw_rows(n, seed)
    _write_table(out / "truth.csv", [row.truth for row in rows])
    _write_table(out / "train_meta.csv", [row.given for row in rows])


def draw_part(out: Path, n: int, seed: int, part: int, parts: int) -> Iterable[int]:
    """Draw every parts-th scene from `part` on; yields how many of them are done, after each."""
    for done, row in enumerate(draw_rows(n, seed)[part::parts], start=1):
        _draw_file(out, row, seed)
        yield done


def _draw_all(out: Path, rows: list[Row], seed: int, progress: Progress) -> None:
    n = len(rows)
    parts = max(1, min(_processors(), n // _WORTH_A_PROCESS))
    helpers = [_start_part(out, n, seed, part, parts) for part in range(1, parts)]
    try:
        for done in draw_part(out, n, seed, 0, parts):
            progress(min(n - 1, done * parts), n)
        for helper in helpers:
            _, complaint = helper.communicate()
            if helper.returncode:
                last = complaint.strip().splitlines()[-1:] or [f"exit status {helper.returncode}"]
                raise GapwiseError(f"A process that drew scenes for the demo failed: {last[0]}. Start the demo again.")
    finally:
        for helper in helpers:
            if helper.poll() is None:
                helper.kill()
                helper.communicate()
    progress(n, n)


def _start_part(out: Path, n: int, seed: int, part: int, parts: int) -> subprocess.Popen[str]:
    # A command rather than multiprocessing: that would start the caller's main module again, which here
    # may be the web server.
    command = [sys.executable, "-m", "core.demo.part", str(out), str(n), str(seed), str(part), str(parts)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _draw_file(out: Path, row: Row, seed: int) -> None:
    picture = draw_scene(row.mask, row.distancing, np.random.default_rng([seed, 7, row.number]))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    _replace(out / "images" / row.fname, buffer.getvalue())


def _write_table(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    _replace(path, text.getvalue().encode())


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step: it is the old one or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
