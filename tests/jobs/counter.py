"""A worker that counts, a tick at a time, and goes on where it was: `counter.py COUNT --workspace W --job ID`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs.worker import run_job
from core.workspace import Workspace

count = sys.argv[1]
ws = Workspace.open(sys.argv[sys.argv.index("--workspace") + 1])
job_id = int(sys.argv[sys.argv.index("--job") + 1])
file = ws.job_dir(job_id) / "count"


def work(reporter) -> str:
    if count == "bug":
        raise ZeroDivisionError("the sky fell")
    if count == "sorry":
        raise GapwiseError("That can't be done. Do this instead.")
    n = int(file.read_text()) if file.exists() else 0
    while n < int(count) and not reporter.should_stop():
        n += 1
        # A kill between emptying a file and filling it would leave a count that nobody can read.
        write_atomic(file, str(n).encode(), sync=False)
        reporter.progress(n, int(count), f"at {n}", figure=n / 2)
        time.sleep(0.02)
    return f"counted to {n}"


sys.exit(run_job(ws, job_id, work))
