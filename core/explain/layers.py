"""Which layer of a network maps are made of. Imports torch: for worker processes only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import torch
from torch import nn

# Below 7 x 7 one cell of the map covers more than a fiftieth of the picture: a face and the street beside it
# share a cell. 7 x 7 is what EfficientNet-B0's last stage has at its own 224 px.
FEWEST_CELLS = 7
FOLDED = 12  # channels of 2 x 2 pixels of three colours


@dataclass(frozen=True)
class Layer:
    """A module of a network, as a map would find it.

    Attributes:
        name: As `model.named_modules()` has it.
        kind: Its class.
        channels, height, width: Of its output; 0 where that is no feature map.
        usable: Whether a map can be made of it.
        why: Why not; "" where it can.
    """

    name: str
    kind: str
    channels: int
    height: int
    width: int
    usable: bool
    why: str

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain data."""
        return asdict(self)


def choose(model: nn.Module, size: tuple[int, int]) -> str | None:
    """Return the layer that maps are made of: the deepest stage with at least 7 x 7 cells.

    Where no stage has that many cells (tiny pictures), the deepest of the finest ones.

    Args:
        model: A timm model; its stages are those that timm calls features.
        size: Height and width of its input in pixels.

    Returns:
        The module's name; None when the model has no convolutional stages, as transformers haven't.
    """
    shapes = _stage_shapes(model, size)
    if not shapes:
        return None
    enough = [name for name, cells in shapes if cells >= FEWEST_CELLS]
    finest = max(cells for _, cells in shapes)
    return enough[-1] if enough else [n for n, cells in shapes if cells == finest][-1]


def tree(model: nn.Module, size: tuple[int, int]) -> list[Layer]:
    """Return all modules of a network, in order, with what they give for a picture.

    Args:
        size: Height and width of the picture in pixels.
    """
    seen: dict[str, list[object]] = {}

    def note(name: str):
        def hook(_module: nn.Module, _inputs: tuple, output: object) -> None:
            seen.setdefault(name, []).append(_facts(output))

        return hook

    modules = [(name, m) for name, m in model.named_modules() if name]
    with _hooks([(m, note(name)) for name, m in modules]):
        _look(model, size)
    return [_layer(name, m, seen.get(name, []), size) for name, m in modules]


def no_layer(model: nn.Module) -> str:
    """Return why a network can't be mapped, in words."""
    return (
        f"{type(model).__name__} has no layer that maps can be made of: no stage of it gives a grid of cells for the"
        " picture, as convolutions do. Maps need a convolutional network, for example an EfficientNet or a ResNet."
    )


def channels_in(model: nn.Module) -> int:
    """Return how many channels a network's pictures have: those of its first convolution, 3 where it has none.

    3 as well where that one takes many: some stems lay the pixels of a block upon each other first (TResNet's take 48).
    """
    first = next((m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)), 3)
    return first if first < FOLDED else 3


def _layer(name: str, module: nn.Module, seen: list, size: tuple[int, int]) -> Layer:
    kind = type(module).__name__
    shape = seen[0] if seen and isinstance(seen[0], tuple) else None
    c, h, w = shape[1:] if shape and len(shape) == 4 else (0, 0, 0)
    why = _why_not(seen, shape, size)
    return Layer(name, kind, *((c, h, w) if not why or "one cell" in why or "runs" in why else (0, 0, 0)), not why, why)


def _why_not(seen: list, shape: tuple[int, ...] | None, size: tuple[int, int]) -> str:
    if not seen:
        return "it does not run"
    if shape is None:
        return f"its output is a {seen[0]}, no picture-like map"
    if len(shape) != 4:
        return f"its output ({' x '.join(map(str, shape))}) has no height and width"
    h, w = shape[2:]
    # A transformer's (B, h, w, C) would be read as C columns, and its attention as a picture.
    if h > size[0] or w > size[1] or abs(h * size[1] / size[0] - w) > 1 + w / 8:
        return f"its output ({' x '.join(map(str, shape))}) is not laid out as the picture is"
    if len(seen) > 1:
        return f"it runs {len(seen)} times for one picture"
    if h * w == 1:
        return "it has one cell only: places are gone by then"
    return ""


def _facts(output: object) -> object:
    return tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__


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

    with _hooks([(m, note(name, channels)) for name, m, channels in _stages(model)]):
        _look(model, size)
    return found


def _stages(model: nn.Module) -> list[tuple[str, nn.Module, int | None]]:
    blocks = getattr(model, "blocks", None)
    if isinstance(blocks, nn.Sequential) and hasattr(model, "conv_stem"):  # EfficientNets and their kin
        return [(f"blocks.{i}", stage, None) for i, stage in enumerate(blocks)]
    known = dict(model.named_modules())
    features = getattr(model, "feature_info", None) or []
    return [(f["module"], known[f["module"]], f.get("num_chs")) for f in features if f.get("module") in known]


def _look(model: nn.Module, size: tuple[int, int]) -> None:
    """Run the model, in evaluation mode, on a picture of nothing; its modes stay as they were."""
    parameter = next(model.parameters(), torch.zeros(0))
    modes = [(m, m.training) for m in model.modules()]
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, channels_in(model), *size, device=parameter.device, dtype=parameter.dtype))
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _hooks(hooks: list) -> Iterator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in hooks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
