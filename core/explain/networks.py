"""Networks that maps are made of: a run's best one, or a model of timm as it was published.

Imports torch: for worker processes only.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.errors import GapwiseError
from core.explain.asking import RANDOM
from core.explain.layers import choose, tree
from core.explain.stored import checkpoint, own_layer, prediction_notes
from core.models.zoo import normalization, published
from core.pseudo.network import Network, load_network
from core.store.runs import run as run_row
from core.training.batches import Normalize
from core.training.rundir import RunDir
from core.workspace import Workspace

_GREY_MEAN, _GREY_STD = [0.5] * 3, [0.5] * 3  # of a model that says nothing of its own


@dataclass
class Explained:
    """A network, and what has to be known to say what it answered.

    Attributes:
        network: Ready to predict; its `layer` is the one that is taken when nobody names one, None where there is none.
        name: What people call it.
        classes: How many it tells apart.
        temperature: What its scores are divided by for calibrated probabilities; 1 where it has not been calibrated.
        weights: run, hub, random, or a file, as in `core.explain.asking.Answer`.
        label_id, digest: Of a run: its label, and the SHA-256 of its weights; None of a model of timm.
    """

    network: Network
    name: str
    classes: int
    temperature: float
    weights: str
    label_id: int | None = None
    digest: str | None = None

    def layer(self, asked: str | None) -> str:
        """Return the layer that a map is made of.

        Raises:
            GapwiseError: If nobody named one and the network has none that can be chosen.
        """
        chosen = asked or self.network.layer
        if chosen is None:
            raise GapwiseError(
                f"{self.name} has no convolutional stages, so there is no layer to take by itself. Choose one from the"
                " list of its layers, or another model."
            )
        return chosen

    def layers(self) -> list[dict[str, object]]:
        """Return its modules in order, see `core.explain.layers.tree`; `chosen` says which is taken by itself."""
        found = [layer.as_dict() for layer in tree(self.network.model, self.network.size)]
        return [{**layer, "chosen": layer["name"] == self.network.layer} for layer in found]


def of_run(ws: Workspace, run_id: int, device: torch.device | None = None) -> Explained:
    """Load a run's best network.

    Where the run has predicted with these weights, the layer is the one that its maps are made of, so that what is made
    later fits them.

    Raises:
        GapwiseError: If there is no such run, or its checkpoint is missing or broken.
    """
    with ws.read() as connection:
        row = run_row(connection, run_id)
    folder = RunDir(ws.run_dir(run_id))
    digest, network = loaded(folder, device)
    network.layer = own_layer(folder.root, digest)[0] or network.layer
    temperature = float(prediction_notes(folder.root, digest).get("temperature", 1.0))
    classes = len(folder.facts()["classes"])
    return Explained(network, f"run {run_id}", classes, temperature, "run", row.label_id, digest)


def loaded(folder: RunDir, device: torch.device | None = None) -> tuple[str, Network]:
    """Return a run's network with the digest of the very weights that are in it: a training may replace them.

    Raises:
        GapwiseError: If the checkpoint is missing or broken.
    """
    while True:
        digest = checkpoint(folder.root)
        network = load_network(folder, device)
        if checkpoint(folder.root) == digest:
            return digest, network


def of_zoo(name: str, weights: str, device: torch.device | None = None) -> Explained:
    """Load a model of timm with its own classes, at its own size.

    Args:
        weights: hub, random, or the path of a local file.

    Raises:
        GapwiseError: If there is no such model, or its weights don't come.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)  # random weights are the same ones each time
        model, size = published(name, weights)
    mean, std = normalization(model) or (_GREY_MEAN, _GREY_STD)
    device = device or _device()
    model = model.eval().to(device, memory_format=torch.channels_last)
    network = Network(model, Normalize(mean, std, device), size, choose(model, size))
    called = f"{name} with random weights" if weights == RANDOM else name
    return Explained(network, called, int(model.num_classes), 1.0, weights)


def _device() -> torch.device:
    from accelerate import Accelerator

    return Accelerator().device
