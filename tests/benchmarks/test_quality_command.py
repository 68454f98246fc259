"""Commands with a limit of seconds, tried on a script that stands in for Python."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from benchmarks.quality_parts import command as commands
from benchmarks.quality_parts.command import command, core
from core.errors import GapwiseError

SCRIPT = f"""#!{sys.executable}
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
{{body}}
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    def make(body: str) -> None:
        path = tmp_path / "python"
        path.write_text(SCRIPT.format(body=body))
        path.chmod(0o755)
        monkeypatch.setattr(commands.sys, "executable", str(path))

    return make


def test_what_takes_too_long_is_asked_to_stop(script, tmp_path):
    script("print('Epoch 1 of 9', file=sys.stderr, flush=True); time.sleep(60)")
    done = command(tmp_path, "train", limit=1.0)
    assert (done.stopped, done.status, done.why) == (True, 130, "Epoch 1 of 9")
    assert 1.0 <= done.seconds < 30


def test_what_predicts_already_is_left_to_its_end(script, tmp_path):
    script("print('Predicting: 1 of 2 cells', file=sys.stderr, flush=True); time.sleep(3); print('done')")
    done = command(tmp_path, "train", limit=2.0)
    assert (done.stopped, done.status, done.said) == (False, 0, "done\n")


def test_ctrl_c_ends_what_was_started(script, tmp_path):
    script("print('Epoch 1 of 9', file=sys.stderr, flush=True); time.sleep(60)")
    press = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    press.start()
    with pytest.raises(KeyboardInterrupt):
        command(tmp_path, "train", limit=50.0)
    assert time.monotonic() - began < 30


def test_a_command_that_fails_says_why(script, tmp_path):
    script("print('error: no such rule\\n  a = b\\n    ^', file=sys.stderr); sys.exit(1)")
    with pytest.raises(GapwiseError, match="`rules` failed: no such rule"):
        core(tmp_path, "rules")
