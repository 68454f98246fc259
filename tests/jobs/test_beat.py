"""The heartbeat file, also where there is no room for it."""

from __future__ import annotations

import errno
import os
import time

import pytest

from core.jobs import beat as beats
from core.jobs.beat import FILE, FRESH_SECONDS, Beat, read_beat, write_beat


def test_what_was_written_is_read_back(tmp_path):
    beat = Beat(ready=True, pid=5, done=2.0, total=3.0, message="Epoch 2 of 3", figures={"loss": 0.5})
    write_beat(tmp_path, beat)
    assert read_beat(tmp_path) == beat


def test_an_old_beat_is_not_fresh(tmp_path):
    write_beat(tmp_path, Beat(time=time.time() - FRESH_SECONDS - 1))
    assert not read_beat(tmp_path).fresh


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"time": "soon"}', b"\xff\xfe"])
def test_a_beat_that_makes_no_sense_is_none(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    assert read_beat(tmp_path) is None
    assert read_beat(tmp_path / "nowhere") is None


def test_a_worker_on_a_full_disk_is_still_seen_to_live(tmp_path, monkeypatch):
    """It was shown as lost while it ran: no beat could be written any more."""
    write_beat(tmp_path, Beat(time=time.time() - 60, message="Epoch 2 of 3"))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(beats, "write_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        write_beat(tmp_path, Beat(message="Epoch 3 of 3"))
    found = read_beat(tmp_path)
    assert found.fresh
    assert found.message == "Epoch 2 of 3"
