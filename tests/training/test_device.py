"""Which device the page announces."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from core.training import device
from tests.jobs.conftest import wait_until


def test_the_answer_comes_from_another_process_and_agrees_with_torch():
    probe = device.Probe()
    wait_until(lambda: probe.name() is not None, seconds=60)
    assert probe.name().startswith({"cuda": "CUDA: ", "mps": "MPS: ", "cpu": "CPU: "}[device.describe()["device"]])


class Ended:
    """A process whose output can be read once, as a pipe's can."""

    returncode = 0
    read = 0

    def poll(self) -> int:
        return 0

    def communicate(self) -> tuple[bytes, None]:
        self.read += 1
        time.sleep(0.05)
        return b'{"name": "CPU: 2 threads"}', None


def test_tabs_that_look_at_once_read_the_answer_once(monkeypatch):
    process = Ended()
    monkeypatch.setattr(device, "start_aside", lambda *_, **__: process)
    probe = device.Probe()
    with ThreadPoolExecutor(8) as tabs:
        names = list(tabs.map(lambda _: probe.name(), range(8)))
    assert set(names) == {"CPU: 2 threads"}
    assert process.read == 1
