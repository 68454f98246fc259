"""What a run's network makes of every image, kept in two files while a map of the set is made. Imports torch.

Rows are only ever appended, in an order that the facts beside them name, so that work that was stopped or killed goes
on where the shorter file ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.pseudo.neighbours import SIDE, descriptor
from core.pseudo.network import Network
from core.training.batches import plain_batches
from core.training.pictures import Pictures

BATCH = 32
FACTS, FEATURES, TINY = "facts.json", "features.f16", "tiny.f16"
TINY_SIZE = SIDE * SIDE * 3


class Features:
    """Penultimate features and tiny pictures of some images, in their order."""

    def __init__(self, folder: Path, image_ids: Sequence[int], digest: str) -> None:
        """
        Args:
            folder: Theirs alone.
            digest: Of the checkpoint.
        """
        self.folder, self.image_ids = folder, list(image_ids)
        ids = hashlib.sha256(np.array(self.image_ids, np.int64).tobytes()).hexdigest()
        self._facts = {"checkpoint": digest, "images": ids}

    def fill(self, network: Network, pictures: Pictures, reporter: Reporter) -> bool:
        """Compute what is not there yet; return whether all is.

        Raises:
            GapwiseError: If the network has no features before its classifier.
            OSError: If there is no room for them.
        """
        facts = self._begun()
        done = self._done(facts["width"]) if facts else 0
        for part, batch in plain_batches(pictures, self.image_ids[done:], BATCH):
            if reporter.should_stop():
                return False
            rows = looked_at(network, batch)  # (B, D)
            if not facts:
                facts = self._begin(rows.shape[1])
            tiny = np.stack([descriptor(pictures[i]) for i in part])  # (B, TINY_SIZE)
            self._append(FEATURES, rows)
            self._append(TINY, tiny)
            done += len(part)
            reporter.progress(
                done, len(self.image_ids), f"Looking at the pictures: {done:,} of {len(self.image_ids):,}"
            )
        return True

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (N, D) and (N, TINY_SIZE) float16, mapped from the disk."""
        width = self._begun()["width"]
        rows = len(self.image_ids)
        return tuple(
            np.memmap(self.folder / name, np.float16, "r", shape=(rows, columns))
            for name, columns in ((FEATURES, width), (TINY, TINY_SIZE))
        )

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begun(self) -> dict | None:
        """Return the facts of what is there; None where nothing is, or of other images or another checkpoint."""
        try:
            facts = json.loads((self.folder / FACTS).read_text())
        except (OSError, ValueError):
            return None
        return facts if {k: facts.get(k) for k in self._facts} == self._facts and facts.get("width") else None

    def _begin(self, width: int) -> dict:
        self.remove()
        self.folder.mkdir(parents=True)
        facts = {**self._facts, "width": width}
        write_atomic(self.folder / FACTS, json.dumps(facts).encode())
        return facts

    def _done(self, width: int) -> int:
        """Return how many whole rows both files have, and cut off what is more."""
        sizes = {FEATURES: 2 * width, TINY: 2 * TINY_SIZE}
        paths = {name: self.folder / name for name in sizes}
        done = min(paths[name].stat().st_size // size if paths[name].exists() else 0 for name, size in sizes.items())
        for name, size in sizes.items():
            if paths[name].exists():
                os.truncate(paths[name], done * size)
        return done

    def _append(self, name: str, rows: np.ndarray) -> None:
        with open(self.folder / name, "ab") as file:
            file.write(np.ascontiguousarray(rows, np.float16).tobytes())


def looked_at(network: Network, pictures: torch.Tensor) -> np.ndarray:
    """Return (B, D) float32, what goes into the classifier, of uint8 pictures (B, 3, H, W).

    Raises:
        GapwiseError: If the network has no such features, or they are no numbers.
    """
    model = network.model
    with torch.inference_mode():
        try:
            found = model.forward_head(model.forward_features(network.normalize(pictures)), pre_logits=True)
        except (AttributeError, TypeError) as error:
            raise GapwiseError(
                f"{type(model).__name__} does not give what goes into its classifier, so its pictures can't be placed."
            ) from error
    if torch.isnan(found).any():
        raise GapwiseError(
            "What the network makes of these pictures is no number: its weights are broken, or were trained until they"
            " overflowed."
        )
    # A few networks have very large features: as float16 they would be infinite.
    return found.flatten(1).float().cpu().numpy().clip(-6e4, 6e4)


def blocks(rows: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` rows."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
