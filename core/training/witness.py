"""Evidence that several processes train one model: what each saw, and what its weights were after each step.

Imports torch: for worker processes only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from core.errors import GapwiseError
from core.training.loop import Trainer
from core.training.rundir import Known

VARIABLE = "GAPWISE_WITNESS"  # set, each process writes a file about every step: for tests, and for doubts


def check_world(accelerator: Accelerator, expected: int) -> None:
    """Make sure that all processes train one model together.

    Accelerate sees one process where it was told nothing of the others (in Ray's CPU workers, for example), and each
    would then train a model of its own without a word.

    Raises:
        GapwiseError: If torch, Accelerate and the job don't agree on how many processes there are.
    """
    joined = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    if not accelerator.num_processes == joined == expected:
        raise GapwiseError(
            f"{expected} processes were to train one model, but Accelerate sees {accelerator.num_processes} and torch"
            f" {joined}: they would train separate models. Nothing was trained."
            " Start several processes with `python -m core train --processes N` or --cluster."
        )


def digest(model: nn.Module) -> str:
    """Return a SHA-256 of what is learned, the parameters; statistics of batches are each process's own for a step."""
    found = hashlib.sha256()
    for parameter in model.parameters():
        found.update(parameter.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def check_after_first_step(work: Trainer) -> None:
    """Compare the weights of all processes once, after their first step; the second check on `check_world`."""
    optimizer = work.stepper.optimizer.optimizer  # torch's, inside Accelerate's

    compared = False

    def compare(*_: object) -> None:
        nonlocal compared
        if compared:  # a hook can't take itself away while hooks are run
            return
        compared = True
        digests = gather_object([digest(work.stepper.plain)])
        if len(set(digests)) > 1:
            raise GapwiseError(
                f"After the first step {len(digests)} processes have {len(set(digests))} different models. Nothing of"
                " this training can be used; please report it with the job's log."
            )

    optimizer.register_step_post_hook(compare)


def bear(work: Trainer, path: Path) -> None:
    """Write a line of JSON for every picture seen ({"seen": image id}) and every step ({"weights": digest})."""
    path.unlink(missing_ok=True)
    work.loader.dataset.cells = _Seen(work.loader.dataset.cells, path)
    optimizer = work.stepper.optimizer.optimizer
    optimizer.register_step_post_hook(lambda *_: _write(path, weights=digest(work.stepper.plain)))


class _Seen(Sequence):
    def __init__(self, cells: Sequence[Known], path: Path) -> None:
        self._cells, self._path = cells, path

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, place: int) -> Known:
        cell = self._cells[place]
        _write(self._path, seen=cell.image_id)
        return cell


def _write(path: Path, **what: object) -> None:
    with open(path, "a", encoding="utf-8") as file:  # loaders of their own append to the same file
        file.write(json.dumps(what) + "\n")
