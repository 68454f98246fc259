"""The memory that training a network needs, estimated beforehand for those that are compared. Imports no torch.

`benchmarks/count_published.py` wrote training_memory.json with `core.training.memory`, which takes torch and some
seconds for each: AdamW, two classes, float32 on a CPU and bf16 on CUDA.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

from core.errors import GapwiseError
from core.models.families import REFERENCE
from core.models.network import Network
from core.training.need import Need

DEVICES = ("cpu", "cuda")
FILE = "training_memory.json"


def training_need(network: Network, device: str, area: float = 1.0) -> Need | None:
    """Return what training a network needs, for any batch; None where it was not estimated.

    Args:
        device: cpu or cuda.
        area: Of the pictures, as a multiple of the network's own; what each picture adds goes by it.
    """
    need = _known().get(network.spelled(), {}).get(device)
    if need is None or area == 1:
        return need
    courses = {name: getattr(need, name) for name in ("training", "measuring")}
    return replace(need, **{name: replace(c, each=c.each * area) for name, c in courses.items()})


@cache
def _known() -> dict[str, dict[str, Need]]:
    path = REFERENCE / FILE
    try:
        stored = json.loads(path.read_bytes())
        return {name: {d: Need.from_json(value) for d, value in by.items()} for name, by in stored.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GapwiseError(f"The reference table {path} can't be read: {error}. It belongs to the project.") from error
