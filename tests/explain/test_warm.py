"""The line to the warm worker: its own process, with a desk that needs no network."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil
import pytest
from sqlalchemy.exc import DatabaseError

from core.errors import GapwiseError
from core.explain import stored, warm, warm_process
from core.explain.asking import Answer, Ask
from core.explain.kept import Kept
from core.store import runs
from core.workspace import PROJECT
from tests import tiny
from tests.explain.made import fake_run
from tests.jobs.conftest import wait_until


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(warm_process, "COMMAND", ("-m", "tests.explain.fake_worker"))
    monkeypatch.setattr(warm, "_kept", Kept())
    warm.stop()
    yield
    warm.stop()


@pytest.fixture
def ws(tmp_path):
    made = tiny.workspace(tmp_path / "ws", [0, 1, -1, 0, 1, -1])
    fake_run(made)
    return made


def asking(image_id: int, layer: str | None = None, **more) -> Ask:
    return Ask(image_id, 1, layer=layer, **more)


def test_answers_come_in_the_order_of_the_asks_and_refusals_among_them(ws):
    found = warm.ask(ws, [asking(2), asking(99), asking(1), asking(3, target="true"), asking(4, method="odd")])
    assert [a.image_id for a in (found[0], found[2])] == [2, 1]
    assert found[0].map == b"\x07"
    assert [str(found[i])[:8] for i in (1, 3, 4)] == ["There is", "Nobody k", "There is"]
    assert warm.state()["running"]
    assert not warm.state()["busy"]


def test_what_libraries_print_never_gets_among_the_messages(ws):
    (answer,) = warm.ask(ws, [asking(1, "noise")])
    assert isinstance(answer, Answer)


def test_alike_asks_are_answered_together_and_others_apart(ws):
    first = threading.Thread(target=warm.ask, args=(ws, [asking(1, "slow")]))
    first.start()
    wait_until(lambda: warm.state()["busy"])
    warm.ask(ws, [asking(1), asking(2), asking(2, method="layercam"), asking(3, target="1")])
    first.join()
    assert warm.state()["batches"] == [1, 3, 1]


def test_what_takes_long_comes_after_what_does_not(ws):
    first = threading.Thread(target=warm.ask, args=(ws, [asking(1, "slow")]))
    first.start()
    wait_until(lambda: warm.state()["busy"])
    asks = [asking(1, method="scorecam"), asking(1, trust=True), asking(1), asking(2, method="fem"), asking(2)]
    warm.ask(ws, asks)
    first.join()
    # Slow, then both plain ones together, fem, scorecam, the one with trust.
    assert warm.state()["batches"] == [1, 2, 1, 1, 1]
    assert warm.state()["order"][1:] == [["gradcam", False], ["fem", False], ["scorecam", False], ["gradcam", True]]


def test_a_worker_that_dies_is_told_and_replaced(ws):
    warm.ask(ws, [asking(1)])
    pid = warm.state()["pid"]
    found = warm.ask(ws, [asking(1, "die"), asking(2, "die")])
    assert all(isinstance(why, warm.Later) for why in found)
    assert "ended by SIGKILL, perhaps because memory ran out" in found[0]
    assert isinstance(warm.ask(ws, [asking(1)])[0], Answer)
    assert warm.state()["pid"] != pid


def test_a_worker_that_dies_in_the_middle_of_a_reply_is_told_and_replaced(ws, monkeypatch):
    torn = 'import os, sys; sys.stdin.readline(); os.write(1, b\'{"id": 1, "answer": {\'); os._exit(9)'
    with monkeypatch.context() as patch:
        patch.setattr(warm_process, "COMMAND", ("-c", torn))
        (why,) = warm.ask(ws, [asking(1)], patience=20.0)
    assert why.startswith("The process that makes maps failed")
    assert isinstance(warm.ask(ws, [asking(1)])[0], Answer)


def test_what_is_kept_of_a_model_is_that_of_the_same_picture(ws):
    ask = Ask(1, None, "efficientnet_b0")
    assert [warm.ask(ws, [ask])[0].stored for _ in range(2)] == [False, True]
    with ws.write() as connection:  # as in a workspace made anew at the same place
        connection.exec_driver_sql("UPDATE image SET digest = 'another' WHERE id = 1")
    assert not warm.ask(ws, [ask])[0].stored


def test_a_worker_that_can_not_even_start_says_what_it_said_last(ws, monkeypatch):
    monkeypatch.setattr(warm_process, "COMMAND", ("-c", "raise SystemExit('no torch here')"))
    (why,) = warm.ask(ws, [asking(1)])
    assert "no torch here" in why
    assert isinstance(why, warm.Later)


def test_workers_that_end_without_a_word_are_not_started_for_ever(ws, monkeypatch):
    started: list[int] = []
    start = warm_process.start_aside
    monkeypatch.setattr(warm_process, "start_aside", lambda *a, **k: started.append(1) or start(*a, **k))
    monkeypatch.setattr(warm_process, "COMMAND", ("-c", "input()"))
    (why,) = warm.ask(ws, [asking(1)])
    assert "had ended" in why
    assert len(started) == 2


def test_a_database_that_can_not_be_used_just_now_may_be_asked_again(ws, monkeypatch):
    def locked(*_):
        raise GapwiseError("It is locked.") from DatabaseError("select", {}, Exception("locked"))

    monkeypatch.setattr(stored, "find", locked)
    (why,) = warm.ask(ws, [asking(1)])
    assert isinstance(why, warm.Later)
    assert why == "It is locked."


def test_an_error_is_told_in_words_and_the_worker_lives_on(ws):
    warm.ask(ws, [asking(1)])
    pid = warm.state()["pid"]
    assert warm.ask(ws, [asking(1, "boom")]) == ["in words: it went boom"]
    assert isinstance(warm.ask(ws, [asking(1)])[0], Answer)
    assert warm.state()["pid"] == pid


def test_patience_ends_and_what_nobody_waits_for_is_not_computed(ws):
    warm.ask(ws, [asking(1)])
    began = time.monotonic()
    found = warm.ask(ws, [asking(1, "slow"), asking(2, "slow"), asking(3)], patience=0.2)
    assert time.monotonic() - began < 0.45
    assert all(isinstance(why, warm.Later) for why in found)
    assert "not there yet" in found[2]
    # The two slow ones were begun together; the third was taken out of the line.
    warm.ask(ws, [asking(4)])
    assert warm.state()["batches"] == [1, 2, 1]


def test_a_worker_nobody_asks_ends_and_the_next_ask_does_not_notice(ws, monkeypatch):
    monkeypatch.setenv("FAKE_IDLE", "0.3")
    warm.ask(ws, [asking(1)])
    process = psutil.Process(warm.state()["pid"])
    process.wait(10)
    assert isinstance(warm.ask(ws, [asking(1)])[0], Answer)


def test_an_ask_that_meets_a_worker_which_is_just_ending_is_asked_again(ws, monkeypatch):
    """Between its last look at the line and its end, a worker takes questions that it never answers."""
    code = "import sys; sys.stdin.readline()"
    monkeypatch.setattr(warm_process, "COMMAND", ("-c", code))
    warm.start()
    monkeypatch.setattr(warm_process, "COMMAND", ("-m", "tests.explain.fake_worker"))
    assert isinstance(warm.ask(ws, [asking(1)])[0], Answer)


def test_it_ends_with_the_server_whatever_it_works_on(ws):
    warm.ask(ws, [asking(1)])
    process = psutil.Process(warm.state()["pid"])
    asks = [asking(i, "slow") for i in range(1, 7)]
    thread = threading.Thread(target=warm.ask, args=(ws, asks, 1.0))
    thread.start()
    wait_until(lambda: warm.state()["waiting"] == 6)
    began = time.monotonic()
    warm._worker.end()
    process.wait(5)
    assert time.monotonic() - began < 2.0  # six slow ones take three seconds
    thread.join(5)
    assert not thread.is_alive()


def test_no_worker_is_started_by_a_server_that_is_about_to_end(ws, monkeypatch):
    monkeypatch.setattr(warm, "_over", False)
    thread = threading.Thread(target=warm.ask, args=(ws, [asking(1, "slow")]))
    thread.start()
    wait_until(lambda: warm.state()["busy"])
    warm._leave()
    thread.join(5)
    assert not thread.is_alive()
    assert not warm.state()["running"]
    assert "server ends" in warm.ask(ws, [asking(1)])[0]


def test_a_server_that_is_killed_takes_its_worker_along(ws):
    code = f"""
import time
from core.explain import stored, warm, warm_process
from core.explain.asking import Ask
from core.workspace import Workspace
warm_process.COMMAND = ("-m", "tests.explain.fake_worker")
warm.ask(Workspace.open({str(ws.root)!r}), [Ask(1, 1)])
print(warm.state()["pid"], flush=True)
time.sleep(60)
"""
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=PROJECT)
    worker = psutil.Process(int(server.stdout.readline()))
    server.kill()
    server.wait()
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_it_can_be_warmed_before_anybody_asks(ws):
    assert not warm.state()["running"]
    warm.start(ws, 1)
    wait_until(lambda: warm.state()["models"] == ["run 1"])
    assert warm.state()["memory"] == 1
    warm.start(ws, 1)  # each run of a page's script says so
    warm.ask(ws, [asking(1)])
    assert warm.state()["batches"] == [1, 1]


def test_layers_are_asked_for_once_for_each_checkpoint(ws):
    assert warm.layers(ws, 1) == [{"name": "blocks.0", "asked": 1}]
    warm.layers(ws, 1)
    assert warm.layers(ws, "resnet18")[0]["asked"] == "resnet18"
    assert warm.state()["batches"] == [1, 1]
    (ws.run_dir(1) / runs.BEST).write_bytes(b"other weights")
    warm.layers(ws, 1)
    assert warm.state()["batches"] == [1, 1, 1]
    with pytest.raises(GapwiseError, match="is no model"):
        warm.layers(ws, "local-dir:/etc")


def test_answers_of_models_that_no_run_has_are_kept_by_the_server(ws):
    ask = Ask(1, None, "resnet18")
    assert not warm.ask(ws, [ask])[0].stored
    assert warm.ask(ws, [ask])[0].stored
    assert not warm.ask(ws, [Ask(1, None, "resnet18", weights="random")])[0].stored
    local = Ask(1, None, "resnet18", weights="/some/file.pth")  # may hold something else by now
    assert [warm.ask(ws, [local])[0].stored for _ in range(2)] == [False, False]


def test_many_threads_share_one_worker(ws):
    found: list[Answer] = []
    threads = [threading.Thread(target=lambda i=i: found.extend(warm.ask(ws, [asking(i)]))) for i in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.image_id for a in found) == [1, 2, 3, 4, 5, 6]
    assert sum(_is_worker(child) for child in psutil.Process().children(recursive=True)) == 1


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "fake_worker" in " ".join(process.cmdline())
    except psutil.Error:  # another test's, which has ended meanwhile
        return False
