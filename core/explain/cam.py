"""Grad-CAM at feature resolution, many images at once. Imports torch: for worker processes only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from torch import nn

# Below 7 x 7 one cell of the map covers more than a fiftieth of the picture: a face and the street beside it
# share a cell. 7 x 7 is what EfficientNet-B0's last stage has at its own 224 px.
FEWEST_CELLS = 7


class FeatureCAM(GradCAM):
    """Grad-CAM (Selvaraju et al. 2017) whose maps keep the target layer's own height and width."""

    def get_target_width_height(self, input_tensor: torch.Tensor) -> None:
        """Tell the library not to scale up: some hundred bytes a map can be stored, and browsers scale well."""
        return


class Mapper:
    """Logits and maps in one forward and one backward pass."""

    def __init__(self, cam: FeatureCAM) -> None:
        self._cam = cam

    def __call__(self, pictures: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return logits (B, C) and maps (B, h, w) uint8 for the predicted class of each picture.

        A map's strongest cell is 255; a map without positive evidence is 0 everywhere.

        Args:
            pictures: (B, 3, H, W) normalized, on the model's device.
        """
        # Without targets the library takes the predicted class of every image: never fewer targets than images.
        maps = self._cam(pictures, targets=None)  # (B, h, w), 0..1
        logits = self._cam.outputs.detach().float().cpu().numpy()
        self._cam.outputs = None  # it holds the whole graph
        self._cam.activations_and_grads.clear()
        return logits, np.rint(np.nan_to_num(maps) * 255).astype(np.uint8)


@contextmanager
def mapper(model: nn.Module, layer: nn.Module) -> Iterator[Mapper]:
    """Hook a model, in evaluation mode, for the time of a `with` block. One block at a time per model.

    Parameters before the layer are frozen: nothing in front of it needs a graph, which halves time and memory.
    """
    wanted = {id(p) for p in layer.parameters()}
    before = [(p, p.requires_grad) for p in model.parameters()]
    for parameter, _ in before:
        parameter.requires_grad_(id(parameter) in wanted)
    cam = FeatureCAM(model=model, target_layers=[layer])
    try:
        # Not the library's own `with`: its exit swallows IndexError.
        yield Mapper(cam)
    finally:
        cam.activations_and_grads.release()
        for parameter, flag in before:
            parameter.requires_grad_(flag)
            parameter.grad = None


def target_layer(model: nn.Module, size: tuple[int, int]) -> tuple[str, nn.Module] | None:
    """Choose the layer that maps are made of: the deepest stage with at least 7 x 7 cells.

    Deep stages know the class, shallow ones the place: Grad-CAM weighs channels by their average gradient, which is
    exact only where the rest of the network is close to linear, so the deepest layer whose cells are still small enough
    to point at something is taken. Where no stage has that many cells (tiny pictures), the deepest of the finest ones.

    Args:
        model: A timm model; its stages are those that timm calls features.
        size: Height and width of its input in pixels.

    Returns:
        Name and module; None when the model has no convolutional stages, as transformers haven't.
    """
    shapes = _stage_shapes(model, size)
    if not shapes:
        return None
    enough = [name for name, cells in shapes if cells >= FEWEST_CELLS]
    finest = max(cells for _, cells in shapes)
    name = enough[-1] if enough else [n for n, cells in shapes if cells == finest][-1]
    return name, model.get_submodule(name)


def _stage_shapes(model: nn.Module, size: tuple[int, int]) -> list[tuple[str, int]]:
    """Return the stages in order with the shorter side of their maps, in cells."""
    found: list[tuple[str, int]] = []

    def note(name: str, channels: int | None):
        def hook(_module: nn.Module, _inputs: tuple, output: object) -> None:
            # (B, C, h, w); some transformers have (B, h, w, C) and would give nonsense.
            if (
                isinstance(output, torch.Tensor)
                and output.ndim == 4
                and output.shape[1] == (channels or output.shape[1])
            ):
                found.append((name, min(output.shape[-2:])))

        return hook

    device = next(model.parameters()).device
    handles = [m.register_forward_hook(note(name, channels)) for name, m, channels in _stages(model)]
    training = model.training
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 3, *size, device=device))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return found


def _stages(model: nn.Module) -> list[tuple[str, nn.Module, int | None]]:
    blocks = getattr(model, "blocks", None)
    if isinstance(blocks, nn.Sequential) and hasattr(model, "conv_stem"):  # EfficientNets and their kin
        return [(f"blocks.{i}", stage, None) for i, stage in enumerate(blocks)]
    known = dict(model.named_modules())
    features = getattr(model, "feature_info", None) or []
    return [(f["module"], known[f["module"]], f.get("num_chs")) for f in features if f.get("module") in known]
