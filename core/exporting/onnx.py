"""A run's network as an ONNX file, kept only when it says the same as the network itself.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.errors import GapwiseError, first_line
from core.exporting.onnx_check import INPUT, OUTPUTS, largest_difference
from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.pseudo.network import Network, load_network
from core.store import runs
from core.training.batches import plain_batches
from core.training.pictures import Pictures
from core.training.rundir import RunDir
from core.workspace import Workspace

log = logging.getLogger("gapwise")

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
ALLOWED = 1e-3  # of a probability; what float32 sums in another order differ by is a thousand times less
PICTURES, RANDOM = 64, 8  # that the file is checked on


class _Exported(nn.Module):
    """The network with calibrated probabilities beside its logits."""

    def __init__(self, model: nn.Module, temperature: float) -> None:
        super().__init__()
        self.model, self.temperature = model, temperature

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.model(images)  # (B, C)
        return logits, torch.softmax(logits / self.temperature, dim=1)


def export_onnx(ws: Workspace, run_id: int, reporter: Reporter, out: Path | None = None) -> str:
    """Write a run's best network as ONNX, check it with onnxruntime, and keep it when it agrees.

    The file takes normalized pictures (B, 3, height, width) for any B and gives logits and calibrated probabilities,
    (B, C) each. Its metadata say size, mean, std, classes and how a picture is brought to them; FILE.json beside it
    says the same and what the check found.

    Args:
        out: The file, its name ending with .onnx; `model.onnx` in the run's folder when None.

    Returns:
        One line that says what came out.

    Raises:
        GapwiseError: If a package is missing, there is no checkpoint, the network can't be written as ONNX, or the
            file's probabilities differ by more than 0.001: then what was there before stays.
    """
    check_packages()
    with ws.read() as connection:
        row = runs.run(connection, run_id)
    folder = RunDir(ws.run_dir(run_id))
    out = folder.root / runs.ONNX if out is None else _checked(ws, out)
    reporter.progress(0, 4, "Loading the network")
    network = load_network(folder, torch.device("cpu"))
    about = _about(folder, network, run_id, row.label, (row.metrics or {}).get("epoch"))
    model = _Exported(network.model.to(memory_format=torch.contiguous_format), about["temperature"]).eval()
    reporter.progress(1, 4, "Writing the ONNX file")
    with _half(out) as half:
        _write(model, half, about)
        reporter.progress(2, 4, "Decoding pictures to check it on")
        if (found := _compare(ws, folder, network, model, half, reporter)) is None:
            return "Stopped before the ONNX file was checked; it was not kept."
        report = {**about, **found, "versions": {name: version(name) for name in ("torch", *PACKAGES)}}
        _refuse_difference(report)
        os.replace(half, out)
        write_atomic(out.with_name(f"{out.name}.json"), json.dumps(report, ensure_ascii=False, indent=2).encode())
    return (
        f"{out}: {out.stat().st_size / 1e6:.1f} MB. On {report['pictures']} held-out and {report['random']} random"
        f" pictures its probabilities differ from PyTorch's by at most {report['largest_difference']:.2g}"
        f" (allowed: {ALLOWED:g})."
    )


def check_packages() -> None:
    """Raise a GapwiseError that says what to install when a package is missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise GapwiseError(
            f"Writing ONNX files needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
            " here. Install what is optional with `pip install -r requirements-extras.txt -c constraints.txt`."
        )


def _checked(ws: Workspace, out: Path) -> Path:
    if ws.owns(out):
        raise GapwiseError(f"{out} lies among the workspace's own files. Choose another place, or leave --out away.")
    if not out.parent.is_dir():
        raise GapwiseError(f"There is no folder {out.parent} for the ONNX file. Make it, or choose another place.")
    if out.suffix != ".onnx" or (out.exists() and not out.is_file()):
        # A file of another kind at that place is somebody's: only an older model is replaced.
        raise GapwiseError(f"{out} is no place for an ONNX file: expected a file whose name ends with .onnx.")
    return out


def _about(folder: RunDir, network: Network, run_id: int, label: str, epoch: int | None) -> dict[str, object]:
    """What somebody needs who has nothing but the file."""
    facts, recipe = folder.facts(), folder.recipe()
    checkpoint = hashlib.sha256(folder.best.read_bytes()).hexdigest()
    return {
        "run": run_id,
        "label": label,
        "model": recipe.model,
        "classes": facts["classes"],
        "names": facts["names"],
        "height": network.size[0],
        "width": network.size[1],
        "mean": facts["mean"],
        "std": facts["std"],
        "color": "grey, as three equal channels: 0.299 R + 0.587 G + 0.114 B" if recipe.grey else "RGB",
        "preprocessing": "Scale the whole picture to height x width (bicubic), divide by 255, subtract mean, divide by"
        " std, channels first.",
        "temperature": _temperature(folder, checkpoint),
        "epoch": epoch,
        "checkpoint": checkpoint,
    }


def _temperature(folder: RunDir, checkpoint: str) -> float:
    """Return what the run's confidence was calibrated with, 1 when that was for another checkpoint or never done."""
    try:
        notes = json.loads((folder.root / runs.NOTES).read_text())
    except (OSError, ValueError):
        return 1.0
    return float(notes["temperature"]) if notes["checkpoint"] == checkpoint else 1.0


@contextmanager
def _half(out: Path) -> Iterator[Path]:
    half = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        yield half
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _write(model: nn.Module, path: Path, about: Mapping[str, object]) -> None:
    example = torch.zeros(2, 3, int(about["height"]), int(about["width"]))
    try:
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch", min=1)}},
        )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, NotImplementedError) as error:
        raise GapwiseError(f"{about['model']} can't be written as ONNX: {first_line(error)}") from error
    texts = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in about.items()}
    program.model.metadata_props.update(texts)
    program.save(str(path), external_data=False)  # one file, which can't be torn from its weights


def _compare(
    ws: Workspace, folder: RunDir, network: Network, model: nn.Module, file: Path, reporter: Reporter
) -> dict[str, object] | None:
    """Return how far file and network differ, None when stopped."""
    _, heldout = folder.data()
    some = heldout[:: max(1, len(heldout) // PICTURES)][:PICTURES]
    pictures = Pictures(ws, {k.image_id: k.path for k in some}, network.size)
    pictures.prepare(reporter)
    if reporter.should_stop():
        return None
    reporter.progress(3, 4, "Checking the file against the network")
    ids = [k.image_id for k in some if k.image_id not in pictures.failed]
    random = np.random.default_rng(0).integers(0, 256, (RANDOM, 3, *network.size), dtype=np.uint8)
    # One alone, then many at once: the file must take any number.
    real = [batch for part in (ids[:1], ids[1:]) for _, batch in plain_batches(pictures, part, 16)]
    batches = [network.normalize(batch) for batch in (*real, torch.from_numpy(random))]
    largest = largest_difference(model, file, batches)
    log.info("the ONNX file's probabilities differ by at most %.3g", largest)
    return {"pictures": len(ids), "random": RANDOM, "largest_difference": largest, "allowed": ALLOWED}


def _refuse_difference(report: Mapping[str, object]) -> None:
    largest = float(report["largest_difference"])
    if largest > ALLOWED:
        raise GapwiseError(
            f"The ONNX file's probabilities differ from PyTorch's by {largest:.2g} on {report['pictures']} held-out and"
            f" {report['random']} random pictures; at most {ALLOWED:g} is allowed. The file was not kept."
            " Another version of the packages in requirements-extras.txt may write it right."
        )
