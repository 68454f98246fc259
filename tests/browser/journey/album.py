"""Numbered pictures of a journey, and the page that shows them in order."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.journey.captions import CAPTIONS

COLORS = 256  # of a picture: drawn scenes look the same, and a file has a third of the bytes
SETTLED = 900  # milliseconds until pictures, charts and what a message pushes aside have come to rest


@dataclass(frozen=True)
class Shot:
    """One picture: its file, its title, what it shows, and what the database held at that moment."""

    file: str
    title: str
    sentence: str
    checked: str

    def lines(self, folder: str) -> list[str]:
        """Return it as lines of Markdown."""
        picture, checked = f"![{self.title}]({folder}/{self.file})", f"*Held against the database: {self.checked}*"
        return [f"## {int(self.file[:2])}. {self.title}", "", self.sentence, "", picture, "", checked, ""]


class Album:
    """Takes pictures into a folder of its own; `publish` puts them in the place of earlier ones, all or none."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gapwise-album-"))
        self.shots: list[Shot] = []

    def add(self, page: Page, name: str, checked: str, **about: object) -> None:
        """Take the next picture.

        Args:
            name: A key of CAPTIONS.
            checked: What the database held; the caller has asserted it.
            about: What the caption's sentence leaves open.
        """
        page.wait_for_timeout(SETTLED)
        file = f"{len(self.shots) + 1:02d}-{name}.png"
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        # Without dithering: it would put noise into plain surfaces, which PNG can't compress.
        few = picture.quantize(COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(self.folder / file, optimize=True)
        title, sentence = CAPTIONS[name]
        self.shots.append(Shot(file, title, sentence.format(**about), checked))
        print(f"{file}: {checked}", flush=True)

    def publish(self, folder: Path, page: Path, head: str, without: Collection[str] = ()) -> None:
        """Put the pictures into a folder, in the place of what was there, and write the page that shows them.

        Args:
            without: Captions of pictures that may be missing.

        Raises:
            ValueError: If another one was not taken: the journey has left something out.
        """
        left_out = CAPTIONS.keys() - {shot.file[3:-4] for shot in self.shots} - {*without}
        if left_out:
            raise ValueError(f"no picture of {', '.join(sorted(left_out))}")
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(self.folder, folder)
        folder.chmod(0o755)  # a temporary one is its maker's alone
        lines = [head, "", *(line for shot in self.shots for line in shot.lines(folder.name))]
        page.write_text("\n".join(lines), encoding="utf-8")
