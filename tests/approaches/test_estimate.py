"""The time that a comparison may take, reckoned by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core import jobs
from core.__main__ import main
from core.approaches import estimate as module
from core.approaches.estimate import Estimate, _amount, estimate
from core.approaches.plan import files, make_plan, read_plan, write_plan
from core.labels.label import MISSING, Label
from core.labels.rules import parse_rules
from tests import tiny
from tests.training.sweep.test_estimate import run

LABELS = [Label(name, ("0", "1")) for name in ("a", "b")]
# 100 complete images, 40 without b of which a says nothing, 20 without b where a is 0.
ROWS = np.array([[1, 1], [1, MISSING], [0, MISSING]])
IMAGES = np.array([100, 40, 20])


def test_without_rules_the_two_cascades_ask_for_the_same_trainings():
    trainings, fewest, most = _amount(ROWS, IMAGES, parse_rules([], LABELS), [0, 1])
    # Dropping: 60 complete rows for each label. Then a: those, 60 others and 20 hidden ones that keep a; b: 60 only.
    assert trainings == 4
    assert fewest == pytest.approx(0.8 * (2 * 60 + 140 + 60))
    assert most == fewest


def test_rules_let_ours_begin_with_more_and_settle_up_to_all_once_labels_are_filled():
    trainings, fewest, most = _amount(ROWS, IMAGES, parse_rules(["b implies a"], LABELS), [0, 1])
    # a is known of 140 in both. b: the cascade begins with 60, ours with 60 + 20 + a third of the 20 hidden ones.
    assert trainings == 5
    begin = 60, 80 + 20 / 3
    assert fewest == pytest.approx(0.8 * (2 * 60 + 140 + sum(begin)))
    assert most == pytest.approx(fewest + sum(140 - known for known in begin))  # 160 images less 20 held out


def test_runs_with_the_same_network_tell_the_time(ws, monkeypatch):
    recipe = tiny.recipe(epochs=3)
    past = [run(7, model="other"), run(6, model=recipe.model, size=recipe.size)]
    past = [tiny_network(one, recipe) if one.id == 6 else one for one in past]
    monkeypatch.setattr(module, "summaries", lambda _: past)
    found = estimate(ws, recipe, [], 2)
    per_image = 40 / (10 * 20) * 3  # 0.2 s for an image in an epoch
    assert found.source == "run 6"
    # bright and lit say the same: with rules, ours begins with more.
    assert found.seconds == pytest.approx([count / 3 * per_image for count in found.pictures], rel=0.01)
    assert "That may take" in found.sentence
    assert estimate(ws, recipe, [], 4).seconds[0] == pytest.approx(2 * found.seconds[0])


def tiny_network(one, recipe):
    one.settings.update(width=recipe.width, depth=recipe.depth)
    return one


def test_an_earlier_comparison_tells_it_where_no_run_does(ws):
    recipe = tiny.recipe(epochs=3)
    assert estimate(ws, recipe, [], 1).seconds is None
    assert "is not known" in estimate(ws, recipe, [], 1).sentence
    plan, snapshot = make_plan(ws, "tiny", recipe, seeds=(0,))
    job_id = jobs.register(ws, "compare", ["compare"])
    for name, content in files(plan, snapshot).items():
        (ws.job_dir(job_id) / name).write_bytes(content)
    plan = read_plan(ws.job_dir(job_id))
    plan.outcomes[0].stages = [{"label": "bright", "seconds": 6.0, "images": 20}, {"label": "lit", "seconds": 1.0}]
    write_plan(ws.job_dir(job_id), plan)
    found = estimate(ws, tiny.recipe(epochs=6), [], 1)
    assert found.source == f"comparison {job_id}"
    assert found.seconds[0] == pytest.approx(found.pictures[0] / 6 * 6.0 / 20 * 2, rel=0.01)
    assert estimate(ws, tiny.recipe(epochs=6, width=0.75), [], 1).seconds is None


def test_a_range_of_one_is_no_range():
    assert "may take 1 min 0 s on" in Estimate(2, (5, 5), (60.0, 60.2), "run 1").sentence
    assert "may take 1 min 0 s to 2 h 0 min on" in Estimate(2, (5, 9), (60.0, 7200.0), "run 1").sentence


def test_the_shell_says_it_before_anything_is_started(ws, tmp_path, capsys):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(tiny.recipe(epochs=2).to_toml())
    asked = ["compare", "--workspace", str(ws.root), "--recipe", str(recipe), "--dry-run"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "120 images, 70 without a gap" in out
    assert "How long that takes is not known" in out
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["estimate"]["seconds"] is None
    assert found["estimate"]["trainings"] > 6
    assert jobs.list_jobs(ws) == []
