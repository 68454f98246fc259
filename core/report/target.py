"""Where a report may be written: found out before the work, since a report takes a while."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.errors import GapwiseError
from core.exporting.table import refuse_own
from core.files import write_out
from core.workspace import Workspace

SUFFIXES = (".html", ".htm")


def check_target(ws: Workspace, path: Path | str) -> Path:
    """Return a path that a report can be written to; `~` is the person's home.

    An older HTML file is replaced, as `export` and `onnx` replace theirs. A file of another kind is somebody's.

    Raises:
        GapwiseError: If it can't be written there, or what lies there is not to be replaced.
    """
    if not str(path).strip():
        raise GapwiseError("The report's file has no name. Name one, such as report.html.")
    try:
        path = Path(path).expanduser()
        refuse_own(ws, path)
        if path.is_dir():
            raise GapwiseError(f"{path} is a folder. Name a file, such as {path / 'report.html'}.")
        if path.is_file() and path.suffix.lower() not in SUFFIXES:
            raise GapwiseError(f"{path} is there already and is no HTML file. Name one that ends with .html.")
        if not path.exists() or path.is_file():
            _try(path)
    except RuntimeError as error:  # of expanduser
        raise GapwiseError(f"{path} can't be written: there is no such home. Name another file.") from error
    except OSError as error:
        raise _refused(path, error) from error
    return path


def write_report(path: Path, text: str) -> None:
    """Write it in one step.

    Raises:
        GapwiseError: If it can't be written after all; what lies there stays.
    """
    try:
        write_out(path, text.encode("utf-8"))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(path, error) from error


def _try(path: Path) -> None:
    real = path.resolve()
    if not real.parent.is_dir():
        raise GapwiseError(f"There is no folder {real.parent} for the report. Make it, or choose another place.")
    # As long a name as the file has while it is being written.
    with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", suffix=".part"):
        pass


def _refused(path: Path | str, error: OSError) -> GapwiseError:
    return GapwiseError(f"{path} can't be written: {error.strerror or error}. Name another file.")
