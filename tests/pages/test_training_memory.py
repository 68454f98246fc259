"""The line about memory on the Fine-tune page."""

from __future__ import annotations

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from core.training.foresee import Answer
from core.training.memory import estimate
from core.training.need import Need, Room, judge
from pages.ui import training_memory
from pages.ui.training_memory import PARTS, bar, summary
from tests import tiny

RECIPE = tiny.recipe(batch_size=64)


@pytest.fixture(scope="module")
def need() -> Need:
    return estimate(RECIPE, 2, "cuda")


class Known:
    """A forecast whose answers are given."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers, self.asked = list(answers), []

    def ask(self, recipe, classes, by):
        self.asked.append((recipe, classes, by))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def page() -> None:
    from pages.ui import training_memory
    from tests import tiny

    training_memory.line(tiny.recipe(batch_size=64), 2)


def opened(monkeypatch, *answers: Answer | None) -> tuple[AppTest, Known]:
    known = Known(*answers)
    monkeypatch.setattr(training_memory, "_forecast", lambda: known)
    app = AppTest.from_function(page).run()
    assert not app.exception
    return app, known


def answer(need: Need, free: int) -> Answer:
    return Answer("CUDA: Test", time.monotonic(), need, Room("cuda", free, 24 * 10**9))


def test_a_training_that_fits_says_the_largest_batch_that_does(monkeypatch, need):
    app, known = opened(monkeypatch, answer(need, 20 * 10**9))
    largest = judge(need, Room("cuda", 20 * 10**9, 24 * 10**9)).largest_batch
    assert app.caption[0].value.endswith(f"**largest batch that fits: {largest:,}**")
    assert "for 64 pictures at once; 20.0 GB of 24.0 GB are free" in app.caption[0].value
    assert len(app.warning) == 0
    assert known.asked[0][:2] == (RECIPE, 2)
    assert known.asked[0][2], "every session asks in its own name"


def test_a_training_that_does_not_fit_warns_with_what_would(monkeypatch, need):
    free = need.with_batch(24, 1).needed() + 100  # bytes of rounding
    app, _ = opened(monkeypatch, answer(need, free))
    parts = judge(need, Room("cuda", free, 24 * 10**9)).accumulate
    assert parts >= 3
    assert f"Batches of 64 fit with “Parts of a batch” (under Running) at {parts}" in app.warning[0].value
    assert "largest batch that fits: 24**" in app.caption[0].value


def test_what_happens_without_enough_memory_hangs_on_the_device(monkeypatch, need):
    free = need.needed() // 2
    app, _ = opened(monkeypatch, answer(need, free))
    assert "computes each batch in more parts by itself" in app.warning[0].value
    on_cpu = Answer("CPU: 2 threads", time.monotonic(), need, Room("cpu", free, free))
    app, _ = opened(monkeypatch, on_cpu)
    assert "the system may end it" in app.warning[0].value


def test_while_the_answer_is_on_its_way_the_page_goes_on(monkeypatch, need):
    app, known = opened(monkeypatch, None)
    assert app.caption[0].value == "Memory: working out what this training needs …"
    known.answers = [answer(need, 10**9)]
    app.run()
    assert "largest batch that fits" in app.caption[0].value


def test_trouble_is_said_as_it_is(monkeypatch):
    app, _ = opened(monkeypatch, Answer("", 0.0, problem="timm has no model 'a*b*'."))
    assert app.caption[0].value == r"Memory: timm has no model 'a\*b\*'."


def widths(html: str) -> dict[str, float]:
    return {name: float(width) for name, width in re.findall(r'title="([^:]+): [^"]+" style="width:([\d.]+)%', html)}


def test_the_bar_is_as_long_as_the_memory_there_is(need):
    verdict = judge(need, Room("cuda", 600 * 10**6, 10**9))
    found = widths(bar(verdict))
    assert found["in use by others"] == pytest.approx(40.0)
    assert found["weights"] == pytest.approx(100 * verdict.parts["weights"] / 1e9, abs=1e-3)
    assert sum(found.values()) == pytest.approx(40 + 100 * verdict.needed / 1e9, abs=0.01)
    assert "left:" not in bar(verdict)


def test_a_need_beyond_the_memory_shows_where_that_ends(need):
    verdict = judge(need, Room("cuda", need.needed() // 2, need.needed() // 2))
    assert sum(widths(bar(verdict)).values()) == pytest.approx(100.0, abs=0.01)
    assert "left:50.0" in bar(verdict)


def test_every_part_has_a_name_and_a_colour(need):
    assert set(PARTS) == set(judge(need, Room("cuda", 10**9, 10**9)).parts)
    assert len({color for _, color in PARTS.values()}) == len(PARTS)


def test_where_no_batch_fits_that_is_said(need):
    verdict = judge(need, Room("cuda", 1000, 1000))
    assert summary(verdict).endswith("**no batch fits**")
