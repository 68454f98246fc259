"""What memory a device has."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from core.training.room import container_limits, room


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def own(tmp_path: Path, text: str) -> Path:
    (tmp_path / "own").write_text(text)
    return tmp_path / "own"


def test_a_container_leaves_its_limit_less_what_is_used_but_not_what_is_kept_for_reading(groups, tmp_path):
    stat = "anon 100\ninactive_file 300\nactive_file 5"
    group(groups, memory__max=1000, memory__current=700, memory__stat=stat)
    assert container_limits(groups, own(tmp_path, "0::/\n")) == [(600, 1000)]


def test_every_group_above_counts(groups, tmp_path):
    group(groups, memory__max="max", memory__current=9)
    group(groups / "user", memory__max=5000, memory__current=1000, memory__stat="")
    group(groups / "user" / "job", memory__max=2000, memory__current=500, memory__stat="")
    assert sorted(container_limits(groups, own(tmp_path, "0::/user/job\n"))) == [(1500, 2000), (4000, 5000)]


def test_older_groups_have_other_names(groups, tmp_path):
    files = {"memory__limit_in_bytes": 800, "memory__usage_in_bytes": 900, "memory__stat": "total_inactive_file 400"}
    group(groups / "memory" / "docker", **files)
    text = "5:cpu,cpuacct:/docker\n4:memory:/docker\n0::/\n"
    assert container_limits(groups, own(tmp_path, text)) == [(300, 800)]


def test_the_path_of_the_host_is_not_there_in_a_container(groups, tmp_path):
    group(groups, memory__max=1000, memory__current=0, memory__stat="")
    assert container_limits(groups, own(tmp_path, "0::/../../outside\n")) == [(1000, 1000)]


def test_without_groups_there_are_no_limits(groups, tmp_path):
    assert container_limits(groups, tmp_path / "none") == []


def test_the_cpu_has_what_is_available_and_no_more_than_a_container_allows(monkeypatch):
    monkeypatch.setattr("core.training.room.container_limits", lambda: [(5, 7)])
    assert (room("cpu").free, room("cpu").total) == (5, 7)
    monkeypatch.setattr("core.training.room.container_limits", list)
    found = room("cpu")
    assert found.total == psutil.virtual_memory().total
    assert 0 < found.free <= found.total
