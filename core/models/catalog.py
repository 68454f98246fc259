"""What timm has, by name: models, optimizers, published weights. Imports no torch at the top.

`python -m core.models.catalog FILE` writes the list. The page has another process do that, once for each version of
timm: so a wrong name is told before anything starts, and the server never imports torch.
"""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from core.aside import start_aside
from core.errors import GapwiseError
from core.files import write_atomic
from core.models.starts import start_of_recipe
from core.workspace import home

if TYPE_CHECKING:
    from core.training.recipe import Recipe


@dataclass(frozen=True)
class Catalog:
    """Names that timm knows.

    Attributes:
        models: Architectures, by name.
        published: Models with a tag, `resnet18.a1_in1k`: those have weights on the hub.
        optimizers: By name.
    """

    models: tuple[str, ...]
    published: tuple[str, ...]
    optimizers: tuple[str, ...]

    @cached_property
    def by_use(self) -> tuple[str, ...]:
        """Every name of a model, EfficientNets first, published weights behind their model."""
        names = sorted({*self.models, *self.published})
        return tuple(sorted(names, key=lambda n: "efficientnet" not in n))

    def check(self, recipe: Recipe) -> None:
        """Raise a GapwiseError unless timm knows what a recipe names and can build it."""
        self.check_model(recipe.model)
        self.check_optimizer(recipe.optimizer)
        if (recipe.width, recipe.depth) != (1.0, 1.0):
            start_of_recipe(recipe.model, None)

    def check_model(self, name: str) -> None:
        """Raise a GapwiseError with close names unless timm knows the model."""
        if name in self.models or name in self.published:
            return
        base = name.partition(".")[0]
        tagged = [n for n in self.published if n.startswith(f"{base}.")]
        _raise(f"timm has no model {name!r}.", name, tagged if base in self.models and tagged else self.models)

    def check_optimizer(self, name: str) -> None:
        """Raise a GapwiseError with close names unless timm knows the optimizer."""
        if name not in self.optimizers:
            _raise(f"timm has no optimizer {name!r}.", name, self.optimizers)


def read_catalog(path: Path) -> Catalog | None:
    """Return the list in a file, None when there is none that can be read."""
    try:
        values = json.loads(path.read_bytes())
        return Catalog(**{name: tuple(map(str, values[name])) for name in Catalog.__dataclass_fields__})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def catalog_file() -> Path:
    """Return where the list of this version of timm is kept."""
    return home() / f".timm-{version('timm')}.json"


def known_catalog() -> Catalog:
    """Return the list, made in this process where it is not kept yet; that takes seconds."""
    found = read_catalog(catalog_file())
    if found is None:
        found = make_catalog()
        with suppress(OSError):  # a full disk: it is made again next time
            _keep(found, catalog_file())
    return found


class Listing:
    """Looks the list up, or has it written by another process; never blocks. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen | None = None
        self._catalog = read_catalog(path)
        if self._catalog is None:
            quiet = subprocess.DEVNULL
            self._process = start_aside(
                ["-m", "core.models.catalog", str(path)], stdout=quiet, stderr=quiet, stdin=quiet
            )

    @property
    def waiting(self) -> bool:
        """Whether the list is on its way."""
        process = self._process  # another thread may forget it in this moment
        return process is not None and process.poll() is None

    def catalog(self) -> Catalog | None:
        """Return the list; None while it is on its way, and for good where it can't be made or kept."""
        if self._process is not None and not self.waiting:
            self._process, self._catalog = None, read_catalog(self._path)
        return self._catalog


def make_catalog() -> Catalog:
    """Ask timm. Imports torch."""
    import timm
    import timm.optim

    return Catalog(
        tuple(timm.list_models()),
        tuple(timm.list_models(pretrained=True)),
        tuple(timm.optim.list_optimizers()),
    )


def _keep(catalog: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(asdict(catalog)).encode(), sync=False)


def _raise(problem: str, name: str, known: Iterable[str]) -> None:
    close = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
    hint = f" Close ones: {', '.join(close)}." if close else " `timm.list_models()` and `list_optimizers()` list them."
    raise GapwiseError(problem + hint)


if __name__ == "__main__":
    _keep(make_catalog(), Path(sys.argv[1]))
