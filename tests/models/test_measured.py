"""What was measured on this machine, kept in one file."""

from dataclasses import replace
from threading import Thread

import pytest

from core.errors import GapwiseError
from core.models.measured import FILE, machines, measurements, note, stamp
from core.models.network import Network
from tests.models.measured_by_hand import HERE, measurement


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_nothing_was_measured_at_first():
    assert measurements() == []
    assert stamp() == (0, 0)


def test_what_is_noted_comes_back_newest_first():
    old, new = measurement(time=1.0), measurement("resnet34", time=2.0)
    note([new])
    before = stamp()
    note([old])
    assert measurements() == [new, old]
    assert stamp() != before


def test_a_newer_measurement_replaces_the_older_one_of_the_same_thing_only():
    note([measurement(median=0.1), measurement(median=0.3, batch=8), measurement(median=0.4, px=64)])
    note([measurement(median=0.2)])
    assert sorted(m.median for m in measurements()) == [0.2, 0.3, 0.4]


def test_other_machines_and_other_versions_of_torch_are_kept_and_left_out():
    there = measurement(machine=replace(HERE, host="another CPU"))
    older = measurement(machine=replace(HERE, torch="1.0"))
    slower = measurement(machine=replace(HERE, threads=1))
    note([there, older, slower, measurement()])
    assert {m.machine for m in measurements()} == {HERE, replace(HERE, threads=1)}
    assert len(measurements(here=False)) == 4
    assert machines([slower, measurement(), slower]) == [slower.machine, HERE]


def test_two_jobs_that_end_together_lose_nothing():
    jobs = [Thread(target=note, args=([measurement(f"resnet{n}")],)) for n in range(12)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert {m.network for m in measurements()} == {Network(f"resnet{n}", px=224) for n in range(12)}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"network": {}}]', b"\xff"])
def test_a_file_that_is_no_such_file_is_told(home, content):
    home.mkdir()
    (home / FILE).write_bytes(content)
    for look in (measurements, lambda: note([measurement()])):
        with pytest.raises(GapwiseError, match="Delete the file and measure again"):
            look()


def test_throughput_and_spread_are_those_of_the_step():
    found = measurement(median=0.5, batch=8)
    assert found.throughput == 16
    assert found.each == 0.0625
    assert found.spread == pytest.approx(0.2)
    assert HERE.told.endswith(", 2 threads, torch " + HERE.torch)
