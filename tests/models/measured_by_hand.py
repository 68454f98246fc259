"""Measurements as a test wants them."""

from __future__ import annotations

from core.models.measured import INFERENCE, Machine, Measurement, cpu_name, torch_version
from core.models.network import Network

HERE = Machine(cpu_name(), "cpu", cpu_name(), 2, torch_version())


def measurement(
    model: str = "resnet18", median: float = 0.1, multiply_adds: int = 10**9, px: int = 224, **more: object
) -> Measurement:
    """Return one with quartiles a tenth off the median."""
    own = {"network": Network(model, px=px), "machine": HERE, "task": INFERENCE, "batch": 1, "precision": "float32"}
    own |= {"layout": "channels_last", "parameters": 10**7, "multiply_adds": multiply_adds, "median": median}
    own |= {"lower": 0.9 * median, "upper": 1.1 * median, "steps": 40, "warm_up": 10, "busy": 0.0, "time": 1.0}
    return Measurement(**{**own, **more})
