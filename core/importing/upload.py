"""Files that come through the browser, single or in zip files, put into a folder safely."""

from __future__ import annotations

import errno
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from core.errors import GapwiseError
from core.images.decode import IMAGE_SUFFIXES
from core.importing.folder import clean
from core.importing.read import TABLE_SUFFIXES

MAX_UNPACKED = 4 << 30  # bytes; larger sets are brought in by path
MAX_ENTRIES = 200_000
_CHUNK = 1 << 20


@dataclass
class Upload:
    """What was stored.

    Attributes:
        root: The upload's own folder; removing it takes everything back.
        images: The folder of the images, below root.
        table: The table, if there was one.
        skipped: (name, reason) of files that were not stored.
    """

    root: Path
    images: Path
    table: Path | None = None
    skipped: list[tuple[str, str]] = field(default_factory=list)


def store_uploads(folder: Path, files: Iterable[tuple[str, BinaryIO]]) -> Upload:
    """Store pictures and a table, unpacking zip files, in a new folder below `folder`.

    Nothing is written outside of it: names that leave it, links and what is neither picture nor table are skipped
    and named. What a zip file says about sizes is not trusted; bytes are counted while they are unpacked.

    Raises:
        GapwiseError: If a zip file is broken or encrypted, or unpacks to more than 4 GiB or 200,000 files. Nothing
            stays behind then.
    """
    root = folder / f"upload-{secrets.token_hex(6)}"
    upload = Upload(root, root / "files")
    try:
        upload.images.mkdir(parents=True)
        budget = _Budget()
        for name, stream in files:
            if name.lower().endswith(".zip"):
                _unzip(upload, name, stream, budget)
            else:
                _store(upload, name, stream, budget)
    except OSError as error:
        discard(upload)
        raise GapwiseError(f"The upload can't be stored in {folder}: {error.strerror or error}.") from error
    except GapwiseError:
        discard(upload)
        raise
    return upload


def discard(upload: Upload) -> None:
    """Remove what an upload stored."""
    shutil.rmtree(upload.root, ignore_errors=True)


class _Budget:
    """Counts what is unpacked over all files of one upload."""

    def __init__(self) -> None:
        self.bytes, self.files = MAX_UNPACKED, MAX_ENTRIES

    def take(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise GapwiseError(f"It unpacks to more than {MAX_UNPACKED >> 30} GiB. Import the images by path.")

    def file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise GapwiseError(f"The upload holds more than {MAX_ENTRIES:,} files. Import them by path instead.")


def _unzip(upload: Upload, name: str, stream: BinaryIO, budget: _Budget) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                budget.file()
                if entry.is_dir():
                    continue
                if stat.S_ISLNK(entry.external_attr >> 16):
                    upload.skipped.append((entry.filename, "a link"))
                    continue
                with archive.open(entry) as content:
                    _store(upload, entry.filename, content, budget)
    except RuntimeError as error:  # zipfile's word for a missing password, and NotImplementedError for odd methods
        raise GapwiseError(f"{name} can't be unpacked: {error}. Make a plain zip file without a password.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise GapwiseError(f"{name} is no whole zip file: {error}. Make it again.") from error


def _store(upload: Upload, name: str, content: BinaryIO, budget: _Budget) -> None:
    path, problem = clean(name)
    if problem or any(part.startswith(".") or part == "__MACOSX" for part in path.split("/")):
        reason = "its name leaves the folder" if problem == "outside" else "a hidden file"
        upload.skipped.append((name, reason))
        return
    suffix = Path(path).suffix.lower()
    if suffix in TABLE_SUFFIXES:
        target = upload.root / "table" / Path(path).name
        if upload.table is not None:
            upload.skipped.append((name, f"a second table; {upload.table.name} is used"))
            return
        upload.table = target
    elif suffix in IMAGE_SUFFIXES:
        target = upload.images / path
    else:
        upload.skipped.append((name, "neither a picture nor a table"))
        return
    _copy(upload, name, content, target, budget)


def _copy(upload: Upload, name: str, content: BinaryIO, target: Path, budget: _Budget) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            while chunk := content.read(_CHUNK):
                budget.take(len(chunk))
                file.write(chunk)
    except (FileExistsError, NotADirectoryError):
        upload.skipped.append((name, "another file has this name"))
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        upload.skipped.append((name, "its name is too long"))
