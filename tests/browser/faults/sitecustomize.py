"""For servers that a test starts with this folder on PYTHONPATH: a clock that can be set, a disk that can be full.

What holds is read from files in GAPWISE_TEST_FAULTS, so that it changes while the server runs: `clock`, by how many
seconds the wall clock is wrong; `full`, whose being there lets SQLite files grow no further: the same error, at the
same places as without space on the disk; and `shut`, with which nothing can be written at all. (What the browser's
test tool keeps from the server is not all: a request that outlives its page goes past it.)
"""

import os
import sqlite3
import sqlite3.dbapi2
import time
from pathlib import Path

_FOLDER = Path(os.environ["GAPWISE_TEST_FAULTS"])
_MOST = 2**32 - 2  # pages, SQLite's own limit
_clock, _connect = time.time, sqlite3.connect


def _shifted() -> float:
    try:
        return _clock() + float((_FOLDER / "clock").read_text() or 0)
    except FileNotFoundError:
        return _clock()


class _Connection(sqlite3.Connection):
    full = shut = False

    def cursor(self, *arguments, **named):
        full = (_FOLDER / "full").exists()
        if full != self.full:
            self.full = full
            pages = super().cursor().execute("PRAGMA page_count").fetchone()[0] if full else _MOST
            super().cursor().execute(f"PRAGMA max_page_count = {pages}")
        shut = (_FOLDER / "shut").exists()
        if shut != self.shut:
            self.shut = shut
            super().cursor().execute(f"PRAGMA query_only = {int(shut)}")
        return super().cursor(*arguments, **named)


time.time = _shifted
sqlite3.connect = sqlite3.dbapi2.connect = lambda *a, **named: _connect(*a, **{"factory": _Connection, **named})
