"""Which device the page announces."""

from __future__ import annotations

from core.training import device
from tests.jobs.conftest import wait_until


def test_the_answer_comes_from_another_process_and_agrees_with_torch():
    probe = device.Probe()
    wait_until(lambda: probe.name() is not None, seconds=60)
    assert probe.name().startswith({"cuda": "CUDA: ", "mps": "MPS: ", "cpu": "CPU: "}[device.describe()["device"]])
