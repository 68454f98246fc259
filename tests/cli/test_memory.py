"""`memory` as a person types it."""

from __future__ import annotations

import json

import pytest

from core.__main__ import main

TINY = ["memory", "--recipe", "quick-cpu", "--set", "width=0.1", "--set", "depth=0.1", "--size", "32"]
PARTS = {"weights", "gradients", "optimizer", "ema", "activations", "temporary", "batch", "libraries"}


def told(capsys, *words: str) -> tuple[int, str, str]:
    status = main([*TINY, *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_report_has_the_parts_the_room_and_the_largest_batch(capsys):
    status, out, _ = told(capsys, "--json")
    found = json.loads(out)
    assert status == 0
    assert set(found["parts"]) == PARTS
    assert found["needed"] == pytest.approx(1.1 * sum(found["parts"].values()), abs=2)
    assert (found["recipe"], found["model"], found["batch_size"]) == ("quick-cpu", "tf_efficientnetv2_b0", 16)
    assert found["fits"] is True
    assert found["accumulate_that_fits"] == 1
    assert found["largest_batch"] > 1000
    assert found["needed"] < found["free"] <= found["total"]


def test_what_does_not_fit_says_what_would(capsys):
    words = ["--batch-size", "4096", "--free", "0.3", "--device", "cuda"]
    found = json.loads(told(capsys, *words, "--json")[1])
    assert found["fits"] is False
    assert 0 < found["largest_batch"] < 4096
    parts = found["accumulate_that_fits"]
    assert 1 < parts <= -(-4096 // (found["largest_batch"] // 2))
    text = told(capsys, *words)[1]
    assert f"Batches of 4,096 fit with accumulate {parts}" in text
    split = json.loads(told(capsys, *words, "--set", f"accumulate={parts}", "--json")[1])
    assert split["fits"] is True
    whole = json.loads(told(capsys, *words[2:], "--batch-size", str(found["largest_batch"]), "--json")[1])
    assert whole["fits"] is True


def test_text_names_every_part_in_plain_words(capsys):
    status, out, _ = told(capsys)
    assert status == 0
    assert "16 pictures at once (batches of 16)" in out
    assert "activations  kept from the way forward for the way back" in out
    assert "It fits. The largest batch that fits: " in out


def test_a_device_that_is_not_here_is_estimated_without_a_verdict(capsys):
    found = json.loads(told(capsys, "--device", "mps", "--json")[1])
    assert found["needed"] > 0
    assert (found["free"], found["fits"], found["largest_batch"]) == (None, None, None)
    assert "say with --free how much memory it has" in told(capsys, "--device", "mps")[1]


@pytest.mark.parametrize("words", [["--classes", "0"], ["--free", "-1"], ["--free", "much"], ["--device", "tpu"]])
def test_wrong_usage_exits_with_2(words):
    with pytest.raises(SystemExit) as stopped:
        main([*TINY, *words])
    assert stopped.value.code == 2


@pytest.mark.parametrize("words", [["--recipe", "none-such"], ["--model", "efficientnet_b99"], ["--set", "lr=x"]])
def test_wrong_settings_exit_with_1_and_one_plain_line(capsys, words):
    status, out, err = told(capsys, *words)
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err
