"""A Streamlit server that notes how long its script runs take: `python serve.py LOG run app.py …`.

Streamlit's own function that runs a script is wrapped, in this process only, so the apps stay as they are and all of
them are measured alike. A line of LOG for each run: seconds on the clock, seconds of processor of the script's thread.
"""

from __future__ import annotations

import json
import sys
import time

from streamlit.runtime.scriptrunner import script_runner
from streamlit.web import cli


def noted(run, log):
    """Return Streamlit's `_run_script`, timed."""

    def timed(self, rerun_data):
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return run(self, rerun_data)
        finally:
            line = {"seconds": time.perf_counter() - wall, "cpu": time.thread_time() - cpu}
            log.write(json.dumps(line) + "\n")
            log.flush()

    return timed


if __name__ == "__main__":
    script_runner.ScriptRunner._run_script = noted(
        script_runner.ScriptRunner._run_script,
        open(sys.argv.pop(1), "a"),  # noqa: SIM115 as long as the server
    )
    sys.exit(cli.main())
