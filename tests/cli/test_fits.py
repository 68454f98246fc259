"""`fits` as a person types it."""

from __future__ import annotations

import json

import pytest

from core.__main__ import main
from core.models.measured import note
from core.models.published import published
from tests.models.measured_by_hand import measurement


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))


def told(capsys, *words: str) -> tuple[int, str, str]:
    status = main(["fits", *words])
    return status, *capsys.readouterr()


def test_it_proposes_a_published_network_and_a_compound_one(capsys):
    status, out, _ = told(capsys, "--memory", "8", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["best"]["memory"] <= 8e9
    assert found["best"]["top1"] > 77
    assert found["compound"]["network"]["model"] == "efficientnet_b0"
    assert found["best"]["title"] in found["fitting"]
    assert found["machine"] is None


def test_what_was_not_measured_is_said(capsys):
    out = told(capsys, "--memory", "8", "--latency", "50")[1]
    assert "not judged, since nothing was measured: latency" in out
    assert out.startswith("Nothing is known about latency on this machine until something was measured")
    assert "that fits" not in out
    assert "to train, with a tenth kept free" in out
    assert "inference: nothing was measured here" in out


def test_what_was_measured_decides(capsys):
    b0 = next(p for p in published() if p.name == "B0")
    note([measurement(b0.network.model, 0.02, b0.counted.multiply_adds)])
    out = told(capsys, "--latency", "20", "--memory", "8")[1]
    assert "Highest reported accuracy that fits: B0 (tf_efficientnet_b0,size=224), 77.1% top-1 reported" in out
    assert "latency 20 ms (measured)" in out
    assert "a line through 1 measured network" in out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--memory", "0.001"), "Nothing fits. memory: the least is"),
        (("--memory", "nan"), "The budget for memory is nan"),
        (("--memory", "-3"), "The budget for memory is -3 GB; it must be above 0 and at most 1,000,000,000 GB"),
        (("--memory", "1e300"), "The budget for memory is 1e+300 GB"),
        (("--latency", "-2"), "The budget for latency is -2 ms"),
        (("--minutes", "inf", "--pictures", "5"), "The budget for training time is inf minutes"),
        (("--epochs", "0"), "The number of epochs is 0"),
        (("--pictures", "-1"), "The number of pictures is -1"),
        (("--batch", "0"), "The batch is 0 pictures"),
        (("--minutes", "5"), "say with --pictures N how many"),
        (("--minutes", "5", "--pictures", "0"), "The number of pictures is 0"),
    ],
)
def test_a_budget_that_is_none_or_that_nothing_fits_is_told(capsys, words, problem):
    status, out, err = told(capsys, *words)
    assert (status, out) == (1, "")
    assert problem in err
