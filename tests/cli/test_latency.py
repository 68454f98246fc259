"""`latency` as a person types it; the measuring itself is another test's."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.__main__ import main
from core.errors import GapwiseError
from core.models.measured import measurements
from core.models.network import Network
from core.training.latency_limits import Way
from tests.models.measured_by_hand import measurement


@pytest.fixture
def asked(tmp_path, monkeypatch) -> list[tuple[Network, Way]]:
    """What was measured, each with 100 ms; a network that is called too_large can't be."""
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GAPWISE_LOCKS", str(tmp_path / "locks"))
    found: list[tuple[Network, Way]] = []

    def measure(network: Network, way: Way, reporter: object) -> object:
        if network.model == "too_large":
            raise GapwiseError("too_large needs about 900 GB.")
        found.append((network, way))
        return measurement(network.model, px=network.px or 224, batch=way.batch, task=way.task)

    monkeypatch.setattr("core.training.latency.measure", measure)
    return found


def told(capsys, *words: str) -> tuple[int, str, str]:
    status = main(["latency", *words])
    return status, *capsys.readouterr()


def test_it_needs_no_workspace_and_keeps_what_it_measured(asked, capsys):
    status, out, _ = told(capsys, "resnet18,size=64", "resnet34", "--batch", "4", "--threads", "1", "--json")
    assert status == 0
    assert asked == [(Network("resnet18", px=64), Way(4, threads=1)), (Network("resnet34"), Way(4, threads=1))]
    first = json.loads(out)[0]
    assert (first["network"]["px"], first["median"], first["throughput"]) == (64, 0.1, 40.0)
    assert {m.network.model for m in measurements()} == {"resnet18", "resnet34"}
    assert "100.00 ms a step of 4 (inference; quartiles 90.00 and 110.00, 40 steps), 40.0 pictures/s" in told(capsys)[1]


def test_without_a_network_it_says_that_nothing_was_measured(asked, capsys):
    assert told(capsys)[:2] == (0, "Nothing was measured on this machine yet.\n")


def test_options_hold_for_every_network_that_does_not_say_it_itself(asked, capsys):
    told(capsys, "efficientnet_b0", "--width", "1.1", "--depth", "1.2", "--size", "240", "--training")
    assert asked == [(Network("efficientnet_b0", 1.1, 1.2, 240), Way(task="training"))]
    status, _, err = told(capsys, "efficientnet_b0,size=32", "--size", "64")
    assert status == 1
    assert "efficientnet_b0,size=32 says px itself" in err


def test_one_that_cant_be_measured_does_not_keep_the_others_from_it(asked, capsys):
    status, out, err = told(capsys, "too_large", "resnet18")
    assert status == 1
    assert "not measured: too_large needs about 900 GB." in err
    assert "resnet18,size=224" in out
    assert told(capsys, "too_large")[::2] == (1, "  0% Measuring too_large\nerror: too_large needs about 900 GB.\n")


def test_as_a_job_it_tells_what_came_out(asked, five_k, capsys):
    job = jobs.register(five_k, "latency", ["latency", "resnet18", "too_large"])
    assert main(["latency", "resnet18", "too_large", "--workspace", str(five_k.root), "--job", str(job)]) == 0
    done = jobs.get_job(five_k, job)
    assert done.state == "finished"
    assert done.message == (
        "1 of 2 networks measured, the slowest: resnet18,size=224, 100.0 ms a step of 1."
        " Not measured: too_large needs about 900 GB."
    )


def test_detached_it_is_started_with_the_same_words(asked, five_k, monkeypatch, capsys):
    started = []
    monkeypatch.setattr("core.jobs.process.spawn", lambda words, log: started.append(words) or 2**22 + 1)
    where = ["--workspace", str(five_k.root)]
    told(capsys, "b0,width=0.5,size=32", "--batch", "8", "--training", "--threads", "2", "--detach", *where)
    words = ["latency", "b0,width=0.5,size=32", "--batch", "8", "--training", "--threads", "2"]
    assert started[0][: len(words)] == words
    assert asked == []
