"""The files through which a job and its training processes talk."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.cluster.folder import Attempt, RankFolder, Told, check_seen, end_here, lives, me
from core.cluster.local import end_all_here
from core.errors import GapwiseError
from core.jobs import process


@pytest.fixture
def folder(tmp_path: Path) -> RankFolder:
    folder = RankFolder(tmp_path)
    folder.begin(Attempt("1-a", supervisor=me()))
    return folder


@pytest.fixture
def sleeper():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield child
    child.kill()
    child.wait()


def who(child: subprocess.Popen) -> dict:
    return {"host": socket.gethostname(), "pid": child.pid, "started": process.started_at(child.pid)}


def test_what_the_attempt_before_said_is_not_heard(folder):
    folder.tell(Told(attempt="1-a", done=3))
    assert folder.told("1-a").done == 3
    assert folder.told("1-b") is None
    folder.join(0)
    folder.note_failure(0, "broken", clear=True)
    folder.say_waits("for a machine")
    folder.begin(Attempt("1-b"))
    assert (folder.told("1-a"), folder.members(), folder.failure(), folder.waits()) == (None, [], None, "")


def test_a_stop_that_came_before_the_processes_is_kept(folder):
    """The job withdraws it when it is resumed; the processes of the new attempt must see one that came since."""
    folder.ask_stop()
    folder.begin(Attempt("1-b"))
    assert folder.stop_asked


def test_the_clear_failure_is_told_whoever_failed_first(folder):
    folder.note_failure(0, "Connection closed by peer", clear=False)
    folder.note_failure(1, "The loss is no number any more.", clear=True)
    assert folder.failure()["message"] == "The loss is no number any more."


def test_of_unclear_failures_the_first_one_is_told(folder):
    folder.note_failure(1, "index out of range", clear=False)
    folder.note_failure(0, "Connection closed by peer", clear=False)
    assert folder.failure()["message"] == "index out of range"


def test_a_machine_that_does_not_see_the_workspace_is_told_by_name(tmp_path, folder):
    check_seen(folder, "1-a", tmp_path)
    with pytest.raises(GapwiseError, match=f"{socket.gethostname()} does not see the workspace /far/away.*same path"):
        check_seen(RankFolder(tmp_path / "elsewhere"), "1-a", Path("/far/away"))


def test_an_attempt_that_another_one_took_over_from_does_not_begin(tmp_path, folder):
    with pytest.raises(GapwiseError, match="Another attempt .1-a. has taken over from this one .1-0."):
        check_seen(folder, "1-0", tmp_path)


def test_a_broken_file_is_none(folder):
    (folder.root / "rank.json").write_text('{"attempt": "1-a", "done"')
    (folder.root / "attempt.json").write_text("[]")
    assert folder.told("1-a") is None
    assert folder.attempt() is None


def test_what_an_attempt_left_running_here_is_ended_and_nothing_else(folder, sleeper):
    stranger = {**who(sleeper), "started": who(sleeper)["started"] - 100}  # another process that had this pid
    assert lives(who(sleeper))
    assert not lives(stranger)
    end_here(stranger)
    end_here({**who(sleeper), "host": "elsewhere"})
    assert sleeper.poll() is None
    there = who(sleeper)
    folder.set_attempt(Attempt("1-a", launcher=there))
    end_all_here(folder)
    assert not lives(there)
