"""Writing files so that a reader, or a power failure, never sees half of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_atomic(path: Path, content: bytes, sync: bool = True) -> None:
    """Replace a file in one step.

    Args:
        sync: Whether the content must survive a power failure.

    Raises:
        OSError: If it can't be written; the old file stays.
    """
    # One writer per file is the rule here, so the process id is enough to keep two writers' halves apart.
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(half, "wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(half, path)
    except BaseException:
        with contextlib.suppress(OSError):
            half.unlink()
        raise
