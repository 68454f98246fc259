"""The whole benchmark on sets of every kind, without training: predictions are made up, all else is the product's."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks import label_quality
from benchmarks.quality_parts import sets, training
from benchmarks.quality_parts.report import how_many, interval, reached
from tests.benchmarks.fake_model import FakeModel

ROWS = 40
KINDS = ("cat", "dog", "old frog")


def write(folder: Path, truth: dict[str, list[str]], gaps: dict[str, list[int]], column: str = "fname") -> FakeModel:
    """Write a set with the rows of truth.csv backwards and one too many; return a model of it."""
    (folder / "images").mkdir(parents=True)
    names = [f"{i:02d}.png" for i in range(ROWS)]
    for i, name in enumerate(names):
        Image.new("RGB", (8, 6), (i, 2 * i, 40)).save(folder / "images" / name)
    true = pd.DataFrame({column: names, **truth})
    table = true.copy()
    for name, rows in gaps.items():
        table.loc[rows, name] = ""
    table.to_csv(folder / "train_meta.csv", index=False)
    more = true.iloc[[0]].assign(**{column: "elsewhere.png"})
    pd.concat([true.iloc[::-1], more]).to_csv(folder / "truth.csv", index=False)
    return FakeModel({name: dict(zip(names, values, strict=True)) for name, values in truth.items()})


@pytest.fixture
def measure(monkeypatch, tmp_path, capsys):
    """Return a function that runs the benchmark on a folder with a fake model and returns its JSON."""

    def run(folder: Path, model: FakeModel, *options: str, status: int = 0):
        for module in (label_quality, training, sets):
            monkeypatch.setattr(module, "core", model.core)
        monkeypatch.setattr(training, "command", model.command)
        line = ["label_quality.py", str(folder), *options, "--keep", str(tmp_path / "keep"), "--json"]
        monkeypatch.setattr(sys, "argv", line)
        assert label_quality.main() == status
        out, err = capsys.readouterr()
        return json.loads(out) if status == 0 else err

    return run


def kinds() -> list[str]:
    return [KINDS[i % 3] for i in range(ROWS)]


def every(n: int, offset: int = 0) -> list[int]:
    return list(range(offset, ROWS, n))


def test_one_label_and_no_rule(measure, tmp_path):
    model = write(
        tmp_path / "set", {"bright": [str(i // 4 % 2) for i in range(ROWS)]}, {"bright": every(2) + every(4, 1)}
    )
    found = measure(tmp_path / "set", model, "--label", "bright", "--seeds", "2", "--orders", "leverage", "random")
    assert found["gaps"] == 30
    # Each fifth image is proposed wrong: six of the thirty gaps.
    assert found["start"] == [0.8, 0.8, 0.8]
    # The wrong ones are the least sure, so six answers mend them all.
    assert found["decisions"]["leverage"]["0.99"] == [6, 6, 6]
    assert found["decisions"]["leverage"]["0.95"] == [5, 5, 5]
    assert found["decisions"]["random"]["0.99"][0] > 6
    assert found["reference"]["right"] == [0.8, 0.8, 0.8]
    assert found["reference"]["sources"]["pseudo"] == {"share": [1, 1, 1], "precision": [0.8, 0.8, 0.8], "seeds": 2}
    at = found["orders"]["leverage"]["at"]["0.99"]
    assert at["wrong"] == [0, 0, 0]
    assert at["sources"]["human"] == {"share": [0.2, 0.2, 0.2], "precision": [1, 1, 1], "seeds": 2}
    assert at["sources"]["proposed"]["precision"] == [1, 1, 1]
    assert found["flow"]["bulk"]["bright"]["verdicts"] == {"says it can't": 2}
    assert found["failed"] == []


def test_classes_in_words_implications_exclusions_blanks_and_another_file_column(measure, tmp_path):
    """`can fly` is a label without any gap; class `old frog` and the label's name have blanks."""
    truth = {"kind": kinds(), "has fur": [str(int(k != "old frog")) for k in kinds()], "can fly": ["0", "1"] * 20}
    model = write(tmp_path / "set", truth, {"kind": every(2), "has fur": every(3)}, "Photo name")
    rules = ('kind = "cat" implies `has fur`', 'not (`has fur` and kind = "old frog")')
    found = measure(tmp_path / "set", model, "--label", *truth, "--rule", *rules, "--seeds", "1",
                    "--orders", "leverage", "uncertain", "--precision", "0.5")  # fmt: skip
    assert found["seeds"][0]["training"]["labels"] == ["has fur", "kind"]  # fewest gaps first
    assert found["gaps"] == 20 + 14
    for order in ("leverage", "uncertain"):
        assert found["orders"][order]["at"]["end"]["wrong"] == [0, 0, 0]
        assert sum(one["share"][0] for one in found["orders"][order]["at"]["end"]["sources"].values()) == pytest.approx(
            1, abs=1e-3
        )
    # has fur of the cats and old frogs follows where the kind is known: every(3) are cats, rows 3, 9, … of them known.
    assert found["orders"]["leverage"]["at"]["end"]["sources"]["derived"]["share"][0] > 0


def test_a_label_of_which_nothing_is_known_is_told_and_the_rest_is_measured(measure, tmp_path):
    truth = {"kind": kinds(), "lost": [str(i % 2) for i in range(ROWS)]}
    model = write(tmp_path / "set", truth, {"kind": every(2), "lost": every(1)})
    found = measure(tmp_path / "set", model, "--label", *truth, "--seeds", "1", "--orders", "leverage")
    assert found["seeds"][0]["training"]["without"] == {"lost": "nothing is known of it"}
    assert found["decisions"]["leverage"]["0.99"] is None
    end = found["orders"]["leverage"]["at"]["end"]
    assert end["wrong"] == [ROWS, ROWS, ROWS]
    assert end["sources"]["nothing"] == {"share": [0.6667] * 3, "precision": [0, 0, 0], "seeds": 1}


def test_where_nothing_at_all_is_known_it_says_so(measure, tmp_path):
    model = write(tmp_path / "set", {"lost": [str(i % 2) for i in range(ROWS)]}, {"lost": every(1)})
    found = measure(tmp_path / "set", model, "--label", "lost", "--seeds", "2", "--orders", "leverage")
    assert model.done == []
    assert found["start"] == [0, 0, 0]
    assert found["flow"]["bulk"] == {}
    assert found["seeds"][0]["training"]["without"] == {"lost": "nothing is known of it"}


def test_a_class_that_the_table_does_not_show_can_be_answered(measure, tmp_path):
    truth = {"kind": kinds()}
    model = write(tmp_path / "set", truth, {"kind": [i for i in range(ROWS) if kinds()[i] == "old frog"]})
    found = measure(tmp_path / "set", model, "--label", "kind", "--seeds", "1", "--orders", "leverage")
    assert found["orders"]["leverage"]["at"]["end"]["wrong"] == [0, 0, 0]


def test_a_hole_in_the_truth_is_told_before_anything_is_trained(measure, tmp_path):
    model = write(tmp_path / "set", {"kind": kinds()}, {"kind": every(2)})
    path = tmp_path / "set" / "truth.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[frame["fname"] == "04.png", "kind"] = np.nan
    frame.to_csv(path, index=False)
    told = measure(tmp_path / "set", model, "--label", "kind", "--seeds", "1", status=1)
    assert "'kind': no value for 04.png, where the imported table has a gap" in told
    assert "Traceback" not in told
    assert model.done == []


def test_it_trains_again_after_so_many_decisions_as_long_as_the_seconds_allow(measure, tmp_path):
    model = write(tmp_path / "set", {"kind": kinds()}, {"kind": every(2)})
    options = ("--label", "kind", "--seeds", "1", "--orders", "surest", "random")
    found = measure(tmp_path / "set", model, *options, "--retrain", "5", "--seconds", "60")
    again = {one["order"]: one for one in found["seeds"][0]["again"]}
    assert all(one["times"] >= 1 for one in again.values())
    assert all(one["seconds"] <= 60 for one in again.values())
    assert found["orders"]["surest"]["at"]["end"]["wrong"] == [0, 0, 0]
    trained = [epochs for verb, _, epochs in model.done if verb == "train"]
    assert len(trained) == 2 + sum(one["times"] for one in again.values())  # one measured the machine


def test_the_report_for_people_says_all_of_it(measure, tmp_path, monkeypatch, capsys):
    model = write(tmp_path / "set", {"kind": kinds(), "lost": ["0", "1"] * 20}, {"kind": every(2), "lost": every(1)})
    found = measure(tmp_path / "set", model, "--label", "kind", "lost", "--seeds", "2", "--orders", "leverage")
    told = "\n".join(label_quality.lines(found))
    for words in ("lost has no model: nothing is known of it", "every argmax", "accept, then review", "not reached",
                  "kind: says it can't 2x", "of the gap cells", "wrong cells left"):  # fmt: skip
        assert words in told


def test_a_kept_workspace_of_other_labels_or_rules_is_refused(measure, tmp_path):
    truth = {"kind": kinds(), "has fur": [str(int(k != "old frog")) for k in kinds()]}
    model = write(tmp_path / "set", truth, {"kind": every(2), "has fur": every(3)})
    options = ("--rule", 'kind  = "cat" implies `has fur`', "--seeds", "1", "--orders", "leverage")
    measure(tmp_path / "set", model, "--label", *truth, *options)
    trained = len(model.done)
    again = measure(
        tmp_path / "set", model, "--label", *truth, "--rule", 'kind = "cat" implies `has fur` ', *options[2:]
    )
    assert again["gaps"] == 20 + 14
    told = measure(tmp_path / "set", model, "--label", "kind", "--seeds", "1", status=1)
    assert "was kept of another measurement (labels kind, has fur; rules kind" in told
    assert "Traceback" not in told
    measure(tmp_path / "set", model, "--label", *truth, *options[2:], status=1)
    assert len(model.done) == trained


def test_nothing_is_left_behind_where_nothing_is_to_be_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(label_quality.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["label_quality.py", str(tmp_path / "nowhere"), "--label", "a"])
    assert label_quality.main() == 1
    assert "error: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_only_some_seeds_reach_has_no_mean():
    courses = [{"decisions": {"0.95": 0, "0.98": 3, "0.99": n, "0.995": None}} for n in (5, None)]
    assert reached(courses) == {"0.95": [0, 0, 0], "0.98": [3, 3, 3], "0.99": None, "0.995": None}
    assert how_many(courses) == {"0.95": 2, "0.98": 2, "0.99": 1, "0.995": 0}


def test_intervals_are_students():
    assert interval([1.0, 2.0, 3.0]) == [2.0, 0.0, 4.4841]  # 2 +- 4.3027 / sqrt(3), and no count lies below 0
    assert interval([0.9, 1.0], 1.0) == [0.95, 0.3147, 1.0]  # 0.95 +- 12.7062 * 0.0707 / sqrt(2)
    assert interval([7]) == [7, 7, 7]
    assert interval([7, None]) is None
