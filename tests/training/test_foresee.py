"""Asking another process for a training's memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from core.training import foresee
from core.training.foresee import Answer, Forecast
from core.training.memory import estimate
from core.training.need import Room
from core.workspace import PROJECT
from tests import tiny
from tests.jobs.conftest import wait_until


class Worker:
    """A process that ends when the test says so."""

    made: list[Worker]
    pid = 2**22 + 1  # no process has it

    def __init__(self, command: list[str], **_: object) -> None:
        self.command, self.status, self.killed = command, None, False
        self.said, self.stdin = "", self
        Worker.made.append(self)

    def write(self, text: str) -> None:
        self.said = text

    def close(self) -> None:
        pass

    def end(self, out: object, errors: str = "", status: int = 0) -> None:
        self.out, self.errors, self.status = json.dumps(out), errors, status

    def poll(self) -> int | None:
        return self.status

    def kill(self) -> None:
        self.killed, self.out, self.errors, self.status = True, "", "", -9

    def communicate(self) -> tuple[str, str]:
        return self.out, self.errors

    @property
    def returncode(self) -> int | None:
        return self.status


@pytest.fixture
def workers(monkeypatch) -> list[Worker]:
    Worker.made = []
    monkeypatch.setattr(foresee, "start_aside", Worker)
    return Worker.made


@pytest.fixture(scope="module")
def found() -> dict:
    need = estimate(tiny.recipe(), 2, "cpu")
    return {"need": need.as_json(), "room": {"device": "cpu", "free": 10**9, "total": 2 * 10**9}, "name": "CPU"}


def test_a_real_worker_answers_as_the_estimate_here_does():
    recipe, forecast = tiny.recipe(), Forecast()
    assert forecast.ask(recipe, 2) is None
    wait_until(lambda: forecast.ask(recipe, 2) is not None, seconds=300)  # other work may have the cores
    answer = forecast.ask(recipe, 2)
    here = estimate(recipe, 2)
    assert answer.verdict(recipe).parts == here.parts()
    assert answer.room.total > 0
    assert not forecast.busy


def test_another_batch_needs_no_other_question(workers, found):
    forecast = Forecast()
    forecast.ask(tiny.recipe(batch_size=8), 2)
    workers[0].end(found)
    for batch in (8, 64, 8192):
        recipe = tiny.recipe(batch_size=batch, lr=0.1, epochs=9, seed=4)
        assert forecast.ask(recipe, 2).verdict(recipe).at_once == batch
    assert len(workers) == 1


def test_another_size_ends_the_question_before(workers, found):
    forecast = Forecast()
    for size in (32, 40, 48, 56):
        assert forecast.ask(tiny.recipe(size=size), 2) is None
    assert [w.killed for w in workers] == [True, True, True, False]
    assert json.loads(workers[-1].said)["recipe"]["size"] == 56
    workers[-1].end(found)
    assert forecast.ask(tiny.recipe(size=56), 2) is not None
    # What was broken off is asked again when it is wanted again.
    assert forecast.ask(tiny.recipe(size=40), 2) is None
    assert len(workers) == 5


def test_the_same_question_is_asked_once(workers):
    forecast = Forecast()
    for _ in range(5):
        assert forecast.ask(tiny.recipe(), 2) is None
    assert len(workers) == 1


def test_somebody_elses_question_waits_for_its_turn(workers, found):
    forecast = Forecast()
    forecast.ask(tiny.recipe(size=32), 2, "ann")
    assert forecast.ask(tiny.recipe(size=40), 2, "ben") is None
    assert [w.killed for w in workers] == [False]
    workers[0].end(found)
    assert forecast.ask(tiny.recipe(size=40), 2, "ben") is None
    assert [json.loads(w.said)["recipe"]["size"] for w in workers] == [32, 40]
    workers[1].end(found)
    assert forecast.ask(tiny.recipe(size=32), 2, "ann") is not None
    assert forecast.ask(tiny.recipe(size=40), 2, "ben") is not None


def test_free_memory_is_asked_about_again_after_a_while(workers, found, monkeypatch):
    forecast = Forecast()
    forecast.ask(tiny.recipe(), 2)
    workers[0].end(found)
    assert forecast.ask(tiny.recipe(), 2).room.free == 10**9
    later = time.monotonic() + foresee.FRESH_SECONDS + 1
    monkeypatch.setattr(foresee.time, "monotonic", lambda: later)
    assert forecast.ask(tiny.recipe(), 2).room.free == 10**9, "the old answer is shown meanwhile"
    assert len(workers) == 2
    workers[1].end({**found, "room": {"device": "cpu", "free": 5, "total": 9}})
    assert forecast.ask(tiny.recipe(), 2).room == Room("cpu", 5, 9)


def test_a_worker_that_fails_is_an_answer_too(workers):
    forecast = Forecast()
    forecast.ask(tiny.recipe(), 2)
    workers[0].end({}, errors="Traceback\nImportError: no torch", status=1)
    answer = forecast.ask(tiny.recipe(), 2)
    assert answer.problem == "The memory could not be estimated: ImportError: no torch"
    assert answer.verdict(tiny.recipe()) is None
    forecast.ask(tiny.recipe(size=40), 2)
    workers[1].end({"problem": "timm has no model"})
    assert forecast.ask(tiny.recipe(size=40), 2).problem == "timm has no model"


def test_answers_are_not_kept_without_end(workers, found, monkeypatch):
    monkeypatch.setattr(foresee, "_KEPT", 2)
    forecast = Forecast()
    for size in (32, 40, 48):
        forecast.ask(tiny.recipe(size=size), 2)
        workers[-1].end(found)
        assert isinstance(forecast.ask(tiny.recipe(size=size), 2), Answer)
    assert forecast.ask(tiny.recipe(size=48), 2) is not None
    assert forecast.ask(tiny.recipe(size=32), 2) is None


def test_asking_imports_no_torch():
    code = "import sys, core.training.foresee; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
