"""A run folder explains itself: recipe, seed, versions, data, metrics. One writer per file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from core.errors import GapwiseError
from core.files import write_atomic
from core.store.runs import BEST, DATA, METRICS
from core.training.recipe import Recipe, parse_recipe

RECIPE, FACTS = "recipe.toml", "run.json"
T = TypeVar("T")
_LIBRARIES = ("torch", "torchvision", "timm", "accelerate", "safetensors", "numpy", "pillow")


@dataclass(frozen=True)
class Known:
    """A known cell as a run used it: what it needs to go on, whatever people decide meanwhile."""

    image_id: int
    value: int
    digest: str
    path: str


class RunDir:
    """The files of one run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.best = root / BEST
        self.metrics = root / METRICS

    def create(self, recipe: Recipe, facts: dict, train: Sequence[Known], heldout: Sequence[Known]) -> None:
        """Write recipe, facts and data.

        Raises:
            OSError: If that can't be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        write_atomic(self.root / RECIPE, recipe.to_toml().encode())
        write_atomic(self.root / DATA, _table(train, heldout).encode())
        self.write_facts(facts)

    @classmethod
    @contextmanager
    def draft(cls, parent: Path) -> Iterator[RunDir]:
        """A run folder that nobody knows yet; what was not moved to its place is removed in the end."""
        folder = cls(parent / f".new-{os.getpid()}")
        try:
            yield folder
        finally:
            shutil.rmtree(folder.root, ignore_errors=True)

    def move(self, root: Path) -> None:
        """Give the folder its place; what a process left there that was killed before anybody knew of it goes."""
        shutil.rmtree(root, ignore_errors=True)
        os.replace(self.root, root)

    def write_facts(self, facts: dict) -> None:
        write_atomic(self.root / FACTS, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())

    def facts(self) -> dict:
        """Return label, classes, normalization, fingerprint and the like."""
        return self._parsed(FACTS, json.loads)

    @property
    def whole(self) -> bool:
        """Whether a run can go on: somebody may have deleted its folder."""
        try:
            self.facts()
        except (GapwiseError, ValueError):
            return False
        return True

    def recipe(self) -> Recipe:
        import tomllib

        return self._parsed(RECIPE, lambda text: parse_recipe(tomllib.loads(text), "It"))

    def data(self) -> tuple[list[Known], list[Known]]:
        """Return training and held-out cells."""
        return self._parsed(DATA, _cells)

    def append_metrics(self, row: dict) -> None:
        """Add an epoch's metrics."""
        with open(self.metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def drop_metrics_after(self, epoch: int) -> None:
        """Forget epochs that were measured but never checkpointed: they come again."""
        if self.metrics.exists():
            lines = self.metrics.read_text(encoding="utf-8").split("\n")[:-1]
            kept = [line for line in lines if 0 < _epoch(line) <= epoch]
            write_atomic(self.metrics, "".join(f"{line}\n" for line in kept).encode())

    def _parsed(self, name: str, parse: Callable[[str], T]) -> T:
        try:
            return parse((self.root / name).read_text(encoding="utf-8"))
        except OSError as error:
            problem = f"is missing ({error.strerror})"
        except (ValueError, KeyError, TypeError, GapwiseError) as error:
            problem = f"is broken ({str(error)[:100]})"
        raise GapwiseError(f"{self.root / name} {problem}, so this run can't go on. Start a new training.")


def _cells(text: str) -> tuple[list[Known], list[Known]]:
    parts: dict[str, list[Known]] = {"train": [], "heldout": []}
    for row in csv.DictReader(io.StringIO(text)):
        parts[row["part"]].append(Known(int(row["image_id"]), int(row["value"]), row["digest"], row["path"]))
    if not parts["train"] or not parts["heldout"]:
        raise ValueError("no images to train on or to measure on")
    return parts["train"], parts["heldout"]


def _epoch(line: str) -> int:
    """Return the epoch that a line of metrics is about; 0 for one that can't be read, as a power failure leaves it."""
    try:
        return int(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return 0


def fingerprint(train: Sequence[Known], heldout: Sequence[Known]) -> str:
    """Return a SHA-256 of what was learned and measured: image digests and values, in any order of rows."""
    lines = sorted(f"{part} {k.digest} {k.value}" for part, rows in _parts(train, heldout) for k in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions that a result hangs on."""
    found = {name: version(name) for name in _LIBRARIES}
    return {"python": sys.version.split()[0], "platform": platform.platform(), **found}


def _parts(train: Sequence[Known], heldout: Sequence[Known]) -> tuple[tuple[str, Sequence[Known]], ...]:
    return ("train", train), ("heldout", heldout)


def _table(train: Sequence[Known], heldout: Sequence[Known]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("part", "image_id", "value", "digest", "path"))
    for part, rows in _parts(train, heldout):
        writer.writerows((part, k.image_id, k.value, k.digest, k.path) for k in rows)
    return text.getvalue()
