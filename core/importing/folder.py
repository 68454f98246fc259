"""The picture files below a folder, and which of them a table's value means."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from core.errors import GapwiseError
from core.images.decode import IMAGE_SUFFIXES
from core.workspace import DATABASE, MADE

MAX_FILES = 5_000_000
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(frozen=True)
class ImageFolder:
    """The pictures below a folder.

    Attributes:
        root: The folder, absolute, links resolved.
        files: Paths of the files with a picture's extension, relative to root with `/`, in natural order. Hidden
            files and folders are left out, links to folders not followed.
    """

    root: Path
    files: list[str] = field(repr=False)
    _real: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # sub folder -> links resolved

    @classmethod
    def scan(cls, root: Path | str) -> ImageFolder:
        """List a folder once.

        Raises:
            GapwiseError: If there is no such folder, or it holds millions of files.
        """
        try:
            path = Path(root).expanduser().resolve()
            if not path.is_dir():
                raise GapwiseError(f"There is no folder {root}. Give the folder that the images lie in.")
        except (OSError, ValueError, RuntimeError) as error:  # ValueError: NUL byte; RuntimeError: a loop of links
            raise GapwiseError(f"The folder {root!s} can't be opened: {error}.") from error
        found: list[str] = []
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
            if DATABASE in names:  # a workspace among the pictures: its previews are no pictures of the set
                folders[:] = [name for name in folders if name not in MADE]
            inside = os.path.relpath(folder, path).replace(os.sep, "/")
            prefix = "" if inside == "." else f"{inside}/"
            # A name that is no valid text can't be stored; escaped it is reported as a file that is not found.
            found.extend(
                (prefix + name).encode("utf-8", "backslashreplace").decode() for name in names if _is_picture(name)
            )
            if len(found) > MAX_FILES:
                raise GapwiseError(
                    f"{root} holds more than {MAX_FILES:,} images. Give the folder of this table's images."
                )
        return cls(path, sorted(found, key=natural))

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def by_stem(self) -> dict[str, list[str]]:
        """Path without extension -> files."""
        return _index(self.files, lambda name: name.rpartition(".")[0])

    @cached_property
    def by_base(self) -> dict[str, list[str]]:
        """File name without folders -> files."""
        return _index(self.files, lambda name: name.rpartition("/")[2])

    @cached_property
    def by_base_stem(self) -> dict[str, list[str]]:
        return _index(self.files, lambda name: name.rpartition("/")[2].rpartition(".")[0])

    @cached_property
    def by_folded(self) -> dict[str, list[str]]:
        """Folded path -> files, for tables made where upper and lower case, or two ways to write é, are one."""
        return _index(self.files, _folded)

    def find(self, value: str, prefix: str = "") -> Match:
        """Find the file that a table's value means.

        Tried in this order: the path as it is; with an extension added; for a bare name, in sub folders; in other
        upper and lower case or Unicode form; without the apostrophe that our own export puts before `=1.png`.

        Args:
            prefix: Folders that the table writes before every name and that lie above this one, such as `images/`.
        """
        name, problem = clean(value, self.root)
        if problem:
            return Match(None, problem)
        if prefix and name.startswith(prefix):
            name = name[len(prefix) :]
        if name in self.known or os.path.isfile(self.root / name):
            return self._inside(name)
        options = self.by_stem.get(name, [])
        if not options and "/" not in name:
            options = self.by_base.get(name) or self.by_base_stem.get(name, [])
        options = options or self.by_folded.get(_folded(name), [])
        if len(options) > 1:
            return Match(None, "ambiguous", f"it could be {', '.join(options[:3])}")
        if not options and name.startswith("'"):
            return self.find(name[1:], prefix)
        return self._inside(options[0]) if options else Match(None, "not_found")

    def _inside(self, name: str) -> Match:
        """Refuse a file that is, or lies behind, a link out of the folder."""
        above, _, base = name.rpartition("/")
        if above not in self._real:
            self._real[above] = os.path.realpath(self.root / above)
        real = os.path.join(self._real[above], base)
        if os.path.islink(real):
            real = os.path.realpath(real)
        if not real.startswith(str(self.root).rstrip(os.sep) + os.sep):
            return Match(None, "outside", "it is a link that leads out of the image folder")
        return Match(name)


@dataclass(frozen=True)
class Match:
    """A file relative to the root, or why there is none."""

    name: str | None
    problem: str = ""
    detail: str = ""


def clean(value: str, root: Path | None = None) -> tuple[str, str]:
    """Return a value as a relative path with `/`, and the problem that makes it unusable, if any."""
    text = value.strip()
    if not text:
        return "", "no_name"
    if "\0" in text:
        return "", "outside"
    # On Linux a backslash may be part of a name; everywhere else it was meant as a separator.
    if "\\" in text and not (root is not None and "/" not in text and _exists(root, text)):
        text = text.replace("\\", "/")
    if text.startswith("/") or _DRIVE.match(text):
        return "", "outside"
    name = os.path.normpath(text).replace(os.sep, "/")
    if name == ".." or name.startswith("../"):
        return "", "outside"
    return name, ("no_name" if name == "." else "")


def _exists(root: Path, text: str) -> bool:
    return os.path.isfile(root / text)


def _folded(name: str) -> str:
    # Archives made on a Mac spell é in two characters, most tables in one.
    return unicodedata.normalize("NFC", name).casefold()


def natural(text: str) -> list[tuple[int, int | str]]:
    """A sort key with 2 before 10."""
    parts = re.split(r"(\d{1,18})", text)
    return [(1, part) if i % 2 == 0 else (0, int(part)) for i, part in enumerate(parts)]


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def _index(files: list[str], key) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for name in files:
        index[key(name)].append(name)
    return dict(index)
