"""Pictures at the network's input size, decoded once and kept, so that training never waits for a decoder."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import GapwiseError
from core.images.decode import open_rgb
from core.images.previews import LONG_SIDE
from core.jobs.reporter import Reporter
from core.workspace import Workspace

log = logging.getLogger("gapwise")

_CHUNK = 64  # pictures decoded between two looks at the stop request
_SPARE = 1 << 30  # bytes of the disk that the cache leaves alone


class Pictures:
    """Uint8 pictures (height, width, 3) by image id, in one file per size that all runs share.

    The file is sparse: picture `i` lies at `i` times its size, whether or not others are there. Where the disk
    has no room for it, pictures are decoded each time instead.
    """

    def __init__(self, ws: Workspace, paths: Mapping[int, str], size: tuple[int, int]) -> None:
        """
        Args:
            paths: Image id to the original's path.
            size: Height and width in pixels. The whole picture is scaled to it, so that a map
                computed on the input fits the whole picture, and nobody is cut away.
        """
        self.ws, self.paths, self.size = ws, paths, size
        self.failed: dict[int, str] = {}
        self._bytes = size[0] * size[1] * 3
        self._data: np.ndarray | None = None
        self._absent: set[int] = set()  # pictures that `_data` does not have
        self._folder = ws.root / "cache"

    def prepare(self, reporter: Reporter) -> None:
        """Decode what is not there yet; `failed` then names what can't be decoded, with the reason.

        Raises:
            GapwiseError: If the disk is full.
        """
        missing = self._missing()
        if len(missing) * self._bytes > self._room():
            log.info("no room for decoded pictures: they are decoded each time")
            return self._check_all(reporter)
        try:
            self._fill(missing, reporter)
        except OSError as error:
            raise GapwiseError(
                f"Can't keep decoded pictures in {self._folder}: {error.strerror}. Free some space."
            ) from error
        if self.paths and self._file.exists():
            self._data = np.memmap(self._file, np.uint8, "r").reshape(-1, *self.size, 3)
        return None

    def glance(self) -> Pictures:
        """Take what is decoded already, and decode the rest when it is asked for: for a few pictures out of many.

        Nothing is written, and nothing is looked at that nobody asks for.
        """
        missing = set(self._missing())
        if self.paths and len(missing) < len(self.paths) and self._file.exists():
            self._data, self._absent = np.memmap(self._file, np.uint8, "r").reshape(-1, *self.size, 3), missing
        return self

    def __getitem__(self, image_id: int) -> np.ndarray:
        """Return one picture, (height, width, 3) uint8.

        Raises:
            GapwiseError: If it can't be decoded.
        """
        kept = self._data is not None and image_id not in self._absent
        return self._data[image_id] if kept else self._decode(image_id)

    @property
    def _file(self) -> Path:
        return self._folder / f"{self.size[0]}x{self.size[1]}.u8"

    @property
    def _flags(self) -> Path:
        return self._folder / f"{self.size[0]}x{self.size[1]}.done"

    def _room(self) -> int:
        return shutil.disk_usage(self.ws.root).free - _SPARE

    def _missing(self) -> list[int]:
        try:
            done = np.frombuffer(self._flags.read_bytes(), np.uint8)
        except FileNotFoundError:
            done = np.zeros(0, np.uint8)
        return [i for i in sorted(self.paths) if i >= len(done) or not done[i]]

    def _check_all(self, reporter: Reporter) -> None:
        for n, image_id in enumerate(self.paths):
            if reporter.should_stop():
                return
            reporter.progress(n, len(self.paths), "Checking the pictures")
            self._try(image_id)

    def _fill(self, missing: list[int], reporter: Reporter) -> None:
        if not missing:
            return
        self._folder.mkdir(exist_ok=True)
        with open(self._file, "ab") as file:
            os.truncate(file.fileno(), max(file.tell(), (max(self.paths) + 1) * self._bytes))
        # Not through the map: a write into a mapped hole on a full disk kills the process instead of raising.
        data, flags = os.open(self._file, os.O_WRONLY), os.open(self._flags, os.O_WRONLY | os.O_CREAT)
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for n, chunk in enumerate(batched_list(missing, _CHUNK)):
                    if reporter.should_stop():
                        return
                    reporter.progress(n * _CHUNK, len(missing), "Decoding the pictures")
                    self._write(data, flags, chunk, list(pool.map(self._try, chunk)))
        finally:
            os.close(data)
            os.close(flags)

    def _write(self, data: int, flags: int, ids: list[int], pictures: list[np.ndarray | None]) -> None:
        found = [(i, p) for i, p in zip(ids, pictures, strict=True) if p is not None]
        for image_id, picture in found:
            _write_all(data, picture.tobytes(), image_id * self._bytes)
        os.fsync(data)  # a flag must never be on disk before its picture is
        for image_id, _ in found:
            _write_all(flags, b"\x01", image_id)

    def _try(self, image_id: int) -> np.ndarray | None:
        try:
            return self._decode(image_id)
        except GapwiseError as error:
            self.failed[image_id] = str(error)
            return None

    def _decode(self, image_id: int) -> np.ndarray:
        preview = self.ws.preview_path(image_id)
        height, width = self.size
        if max(self.size) <= LONG_SIDE and preview.is_file():
            picture = open_rgb(preview, min_side=max(self.size))
        else:
            picture = open_rgb(self.paths[image_id], min_side=max(self.size))
        return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))


def batched_list(items: list, size: int) -> list[list]:
    """Return the items in lists of at most `size`."""
    return [list(items[i : i + size]) for i in range(0, len(items), size)]


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
