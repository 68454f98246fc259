"""Whether an ONNX file says the same as the network that it was made of. Imports torch: for worker processes only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import nn

from core.errors import GapwiseError, first_line

INPUT, OUTPUTS = "images", ("logits", "probabilities")


def largest_difference(model: nn.Module, file: Path, batches: Iterable[torch.Tensor]) -> float:
    """Return the largest absolute difference between a model's probabilities and its ONNX file's.

    Of probabilities before calibration: a temperature makes them alike, and would hide what differs.

    Args:
        model: Gives (logits, probabilities).
        batches: Normalized pictures (B, 3, H, W) float32; B may change from one to the next.

    Raises:
        GapwiseError: If onnxruntime can't run the file.
    """
    run = _runner(file)
    largest = 0.0
    for batch in batches:
        with torch.inference_mode():
            expected = torch.softmax(model(batch)[0], 1).numpy()
        found = torch.softmax(torch.from_numpy(run(batch.contiguous().numpy())), 1).numpy()
        difference = float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")
        # NaN is greater than nothing: it must not pass for agreement.
        largest = max(largest, difference if np.isfinite(difference) else float("inf"))
    return largest


def _runner(file: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return what computes the file's logits (B, C) of pictures (B, 3, H, W)."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as problems

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    told = tuple(getattr(problems, name) for name in names)  # they share no base but Exception

    def refuse(error: Exception) -> NoReturn:
        raise GapwiseError(f"The ONNX file can't be used: onnxruntime can't run it: {first_line(error)}") from error

    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except told as error:
        refuse(error)

    def run(batch: np.ndarray) -> np.ndarray:
        try:
            return session.run([OUTPUTS[0]], {INPUT: batch})[0]
        except told as error:
            refuse(error)

    return run
