"""Writing files so that a reader, or a power failure, never sees half of one."""

from __future__ import annotations

import contextlib
import errno
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


def write_out(path: Path | str, content: bytes, sync: bool = True) -> None:
    """Write a file that a person named: a file in one step, a pipe or a device straight through.

    A link goes on leading where it led; what lies there is replaced.

    Raises:
        OSError: If it can't be written; the old file stays.
    """
    path, real = Path(path), Path(os.path.realpath(path))
    if real.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # /dev/stdout may lead to a plain file that the shell opened: replaced, the shell's would stay empty; opened once
    # more, what the shell writes next would land on its beginning.
    stream = {"/dev/stdout": 1, "/dev/fd/1": 1, "/proc/self/fd/1": 1, "/dev/stderr": 2}.get(str(path))
    if stream is not None:
        with open(os.dup(stream), "wb") as file:
            file.write(content)
    elif path.parts[:2] in (("/", "dev"), ("/", "proc")) or (path.exists() and not path.is_file()):
        path.write_bytes(content)
    else:
        write_atomic(real, content, sync)
