"""What memory a device has, for a training. Torch is imported for GPUs only."""

from __future__ import annotations

from pathlib import Path

import psutil

from core.training.need import Room

_CONTEXT = 600 * 2**20  # what CUDA itself takes for a process, kernels included
_CGROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# Folder below _CGROUPS, limit, use, what of it is only kept for later reading: control groups of version 2 and 1.
_VERSIONS = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def room(device: str) -> Room:
    """Return the memory of the device that this process would use.

    CUDA: of the current GPU, with this process's own context already taken; what the process itself holds counts as
    free. MPS: of what Apple recommends at most. CPU: what the system calls available, or what a container's limit
    leaves where that is less.

    Args:
        device: cuda, mps or cpu.
    """
    if device == "cuda":
        import torch

        free, total = torch.cuda.mem_get_info()
        return Room(device, free + torch.cuda.memory_reserved(), max(free, total - _CONTEXT))
    if device == "mps":
        import torch

        total = torch.mps.recommended_max_memory()
        others = torch.mps.driver_allocated_memory() - torch.mps.current_allocated_memory()
        return Room(device, max(0, total - others), total)
    memory = psutil.virtual_memory()
    limits = [(memory.available, memory.total), *container_limits()]
    return Room(device, *(min(values) for values in zip(*limits, strict=True)))


def container_limits(groups: Path = _CGROUPS, own: Path = _OWN) -> list[tuple[int, int]]:
    """Return (free, limit) in bytes of every control group above this process that limits its memory."""
    found = []
    for line in _text(own).splitlines():
        _, controllers, path = line.split(":", 2)
        name = next((n for n in _VERSIONS if n in controllers.split(",")), None)
        if name is None:
            continue
        folder, limit, used, cached = _VERSIONS[name]
        root = groups / folder
        # In a container the path may be the host's, which does not lie here: the root is the container's own then.
        for place in {root / path.lstrip("/"), *(root / path.lstrip("/")).parents, root}:
            if place.is_relative_to(root):
                found += _limit(place, limit, used, cached)
    return found


def _limit(place: Path, limit: str, used: str, cached: str) -> list[tuple[int, int]]:
    most, now = _text(place / limit).strip(), _text(place / used).strip()
    if not most.isdecimal() or not now.isdecimal():  # `max`, or a group without the controller
        return []
    lines = (line.split() for line in _text(place / "memory.stat").splitlines())
    kept = sum(int(line[1]) for line in lines if line[:1] == [cached])
    return [(max(0, int(most) - max(0, int(now) - kept)), int(most))]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
