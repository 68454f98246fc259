"""Checkpoints: the best weights, and everything that is needed to go on. Imports torch: for worker processes only."""

from __future__ import annotations

import json
import logging
import os
import pickle
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from core.errors import GapwiseError, first_line
from core.files import write_atomic
from core.store.runs import BEST, METRICS
from core.training.optim import Schedule

log = logging.getLogger("gapwise")

POINTER = "latest.json"  # names the folder that is whole; replaced in one step once it is
FOLDER = "checkpoints"
EMA = "ema.safetensors"
STATE = "state.pt"
_OLD_STATE = "custom_checkpoint_0.pkl"  # what Accelerate called it, in checkpoints of older versions
_BROKEN = (
    OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError, pickle.UnpicklingError,
    SafetensorError,
)  # fmt: skip


@dataclass
class Position:
    """Where a run is.

    Attributes:
        epoch: Epochs completed.
        step: Steps done in the next one.
        steps: Steps in all.
        loss_sum, seen: Training loss summed over the images of the next epoch so far, and their number.
        seconds: Time spent in all epochs, broken ones too.
        best: Metrics of the best epoch so far; empty before the first.
        waited: Epochs since one that the patience counted as better.
        mark: Stage and score of that one; empty before the first.
        parts: In how many parts each process computes its share of a batch.
        over: Whether the run ended, by its epochs or by patience.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    loss_sum: float = 0.0
    seen: int = 0
    seconds: float = 0.0
    best: dict = field(default_factory=dict)
    waited: int = 0
    mark: list = field(default_factory=list)
    parts: int = 1
    over: bool = False

    def counts(self, score: tuple[int, float], better: bool, min_delta: float) -> bool:
        """Whether an epoch is better by enough for the patience: by `min_delta`, or the first of its stage."""
        if not self.mark or score[0] > self.mark[0]:
            return True
        return score[1] > self.mark[1] + min_delta if min_delta else better


class Checkpoints:
    """Best and latest checkpoint of a run. A killed process leaves the last whole ones."""

    def __init__(
        self,
        root: Path,
        accelerator: Accelerator,
        position: Position,
        schedule: Schedule,
        ema: nn.Module | None = None,
    ) -> None:
        """
        Args:
            ema: The running mean of the weights, where there is one.
        """
        self.root, self.accelerator, self.position, self.ema = root, accelerator, position, ema
        self.schedule = schedule

    def save(self) -> None:
        """Store the present state as the latest one; all processes call it together.

        Raises:
            OSError: If it can't be written; the one before stays.
        """
        name = f"{self.position.epoch}-{self.position.step}-{int(self.position.over)}"
        folder = self.root / FOLDER / name
        if name == _pointed(self.root):
            return
        main = self.accelerator.is_main_process
        if main:
            shutil.rmtree(folder, ignore_errors=True)  # a part that a killed process left
        self.accelerator.wait_for_everyone()
        try:
            self._write(folder, main)
        except (OSError, RuntimeError, SafetensorError) as error:
            reason = error if isinstance(error, OSError) else _refusal(folder)
            if main:
                shutil.rmtree(folder, ignore_errors=True)  # on a full disk, room for the words that say so
            raise reason or error from error
        self.accelerator.wait_for_everyone()
        if main:
            write_atomic(self.root / POINTER, json.dumps({"folder": name}).encode())
            for other in (self.root / FOLDER).iterdir():
                if other.name != name:
                    shutil.rmtree(other, ignore_errors=True)
        self.accelerator.wait_for_everyone()

    def _write(self, folder: Path, main: bool) -> None:
        self.accelerator.save_state(str(folder))
        if not main:
            return
        # Not registered with Accelerate, which would load it as a pickle that may run code.
        state = {"position": asdict(self.position), "schedule": self.schedule.state_dict()}
        torch.save(state, folder / STATE)
        if self.ema is not None:
            (folder / EMA).write_bytes(_safe(self.ema))
        _sync(folder)

    def load(self) -> bool:
        """Go to the latest state; return False when none was stored yet.

        Raises:
            GapwiseError: If it is there but broken.
        """
        name = _pointed(self.root)
        if name is None and not (self.root / BEST).exists():
            return False
        if name is None:  # a best epoch without a latest checkpoint: somebody lost it
            raise _lost(self.root / POINTER, "it is not there")
        folder = self.root / FOLDER / name
        try:
            if (folder / _OLD_STATE).exists():
                os.replace(folder / _OLD_STATE, folder / STATE)
            self.accelerator.load_state(str(folder))
            state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
            position = Position(**state["position"])
            self.schedule.load_state_dict(state["schedule"])
            if self.ema is not None:
                self.ema.load_state_dict(load_file(folder / EMA))
        except _BROKEN as error:
            raise _lost(folder, first_line(error)[:200]) from error
        if position.best and not (self.root / BEST).is_file():
            log.warning("%s is not there any more: the best epoch is looked for anew", self.root / BEST)
            position.best, position.waited, position.mark = {}, 0, []
        self.position.__dict__.update(asdict(position))
        return True


def _lost(what: Path, why: str) -> GapwiseError:
    return GapwiseError(
        f"The latest checkpoint in {what} is missing or broken, so the run can't go on from it: {why}. Its best weights"
        " in best.safetensors are kept; start a new training with them as local weights."
    )


def save_best(path: Path, model: nn.Module, size: tuple[int, int]) -> None:
    """Replace the best weights in one step; with them, the picture size (height, width) that they were measured at."""
    write_atomic(path, _safe(model, {"size": "x".join(map(str, size))}))


def best_size(path: Path) -> tuple[int, int] | None:
    """Return the picture size that the best weights were measured at, None when the file does not say.

    Raises:
        GapwiseError: If there is no such file, or it is broken.
    """
    _check_there(path)
    try:
        with safe_open(path, "pt") as file:
            size = (file.metadata() or {}).get("size", "")
        height, width = (int(part) for part in size.split("x"))
    except ValueError:
        return None  # an older run's
    except (SafetensorError, OSError) as error:
        raise _broken(path, error) from error
    return height, width


def load_best(path: Path, model: nn.Module) -> None:
    """Fill a model with a run's best weights.

    Raises:
        GapwiseError: If there are none, or the file is broken.
    """
    _check_there(path)
    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise _broken(path, error) from error


def _check_there(path: Path) -> None:
    if path.is_file():
        return
    if (path.parent / METRICS).is_file() and (path.parent / METRICS).stat().st_size:
        raise GapwiseError(f"There is no checkpoint {path} any more: somebody removed it. Train anew.")
    raise GapwiseError(
        f"There is no checkpoint {path}: the run ended before its first epoch was measured. Resume it, or train anew."
    )


def _broken(path: Path, error: Exception) -> GapwiseError:
    return GapwiseError(f"The checkpoint {path} is broken: {first_line(error)[:200]}. Train anew.")


def _safe(model: nn.Module, about: dict[str, str] | None = None) -> bytes:
    return save({k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}, about)


def _pointed(root: Path) -> str | None:
    try:
        name = json.loads((root / POINTER).read_text())["folder"]
        return os.path.basename(name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GapwiseError(f"{root / POINTER} is broken, so the run can't go on. Start a new training.") from error


def _refusal(folder: Path) -> OSError | None:
    """Return why nothing can be written into a folder, None when it can: the writers of torch don't say it."""
    probe = folder / "probe"
    try:
        with open(probe, "wb") as file:
            file.write(bytes(1 << 20))
    except OSError as error:
        return error
    probe.unlink()
    return None


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
