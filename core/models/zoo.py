"""Any timm classifier by name, at its own size or compound-scaled. Imports torch: for worker processes only."""

from __future__ import annotations

import difflib
from functools import partial

import timm
from huggingface_hub.errors import HfHubHTTPError
from timm.models import _efficientnet_builder as builder
from timm.models.efficientnet import EfficientNet
from timm.models.resnet import Bottleneck, ResNet
from torch import nn

from core.errors import GapwiseError
from core.models.baselines import Block
from core.models.scaling import round_layers
from core.models.stages import SE_RATIO
from core.models.starts import start_of_recipe
from core.models.weights import check_hub, classes_in, hub_failure, load_local

_ACTIVATIONS = {"silu": nn.SiLU, "relu": nn.ReLU, "relu6": nn.ReLU6}


def build(
    name: str,
    classes: int,
    weights: str = "random",
    width: float = 1.0,
    depth: float = 1.0,
    dropout: float = 0.0,
    drop_path: float = 0.0,
    size: tuple[int, int] = (224, 224),
) -> nn.Module:
    """Return a classifier that takes (B, 3, height, width) floats and gives (B, classes) logits.

    Args:
        name: A timm model name, with or without a pretrained tag.
        classes: At least 1.
        weights: hub, random, or the path of a local file; a head for other classes is made anew.
        width, depth: Multiples of the model's own channels and layers, for the names in `core.models.starts.SCALABLE`.
        size: Height and width in pixels; only models with fixed positions care.

    Raises:
        GapwiseError: If the name is unknown, the model can't be scaled or take the settings, or the weights don't come.
    """
    check_name(name)
    if (width, depth) != (1.0, 1.0):
        if weights == "hub":
            raise GapwiseError(
                f"There are no published weights for {name} at width {width:g} and depth {depth:g}."
                " Use weights random or a local file, or set width and depth to 1."
            )
        model = scaled(name, classes, width, depth, dropout, drop_path)
        _quiet_head(model)
    else:
        if weights == "hub":
            check_hub(name)
        model = _plain(name, classes, dropout, drop_path, size, pretrained=weights == "hub")
        _quiet_head(model)
    if weights not in ("hub", "random"):
        load_local(model, weights)
    return model


def published(name: str, weights: str = "hub") -> tuple[nn.Module, tuple[int, int]]:
    """Return a model with the classes that it was published with, and the height and width that it was made for.

    Args:
        weights: hub, random, or the path of a local file, whose own number of classes is taken.

    Raises:
        GapwiseError: If the name is unknown, the weights don't come, or there is no classifier in them.
    """
    check_name(name)
    if weights == "hub":
        check_hub(name)
    cfg = timm.get_pretrained_cfg(name)
    classes = cfg.num_classes if cfg is not None else 1000
    if weights not in ("hub", "random"):
        classes = classes_in(weights, cfg.classifier if cfg is not None else None) or classes
    if not classes:
        raise GapwiseError(f"{name} was published without a classifier: it gives no classes that a map could explain.")
    size = tuple(cfg.input_size[1:]) if cfg is not None else (224, 224)
    model = _plain(name, classes, 0.0, 0.0, size, pretrained=weights == "hub")
    if weights not in ("hub", "random"):
        load_local(model, weights)
    return model, size


def check_name(name: str) -> None:
    """Raise a GapwiseError with close names unless timm knows the model."""
    if timm.is_model(name.split(".")[0]) and (
        ("." not in name) or name in timm.list_models(f"{name}*", pretrained=True)
    ):
        return
    known = timm.list_models() if "." not in name else timm.list_models(f"{name.split('.')[0]}.*", pretrained=True)
    close = difflib.get_close_matches(name, known or timm.list_models(), n=4, cutoff=0.5)
    hint = f" Close ones: {', '.join(close)}." if close else " `timm.list_models()` lists them."
    raise GapwiseError(f"timm has no model {name!r}.{hint}")


def scaled(
    name: str, classes: int, width: float, depth: float, dropout: float = 0.0, drop_path: float = 0.0
) -> nn.Module:
    """Return a network with more or fewer channels and layers: compound scaling, Tan and Le 2019.

    Built by timm's own builders: layers are rounded up per stage, channels to multiples of 8.

    Raises:
        GapwiseError: If the name is none of SCALABLE.
    """
    at = start_of_recipe(name, None, width, depth)
    network, layers = at.network, [round_layers(b.layers, at.depth) for b in at.network.blocks]
    settings = {"num_classes": classes, "drop_rate": dropout, "drop_path_rate": drop_path}
    if network.blocks[0].kind == "bottleneck":
        planes = [network.channels(b.channels, at.width) for b in network.blocks]
        model = ResNet(Bottleneck, tuple(layers), channels=tuple(planes), **settings)
        model.pretrained_cfg = {"classifier": "fc", "first_conv": "conv1"}
        return model
    tensorflow = name.startswith("tf_")
    model = EfficientNet(
        block_args=builder.decode_arch_def([[_definition(b, n)] for b, n in zip(network.blocks, layers, strict=True)]),
        num_features=network.head_channels(at.width),
        stem_size=network.stem.channels,
        round_chs_fn=partial(network.channels, width=at.width),
        pad_type="same" if tensorflow else "",
        act_layer=_ACTIVATIONS[network.activation],
        norm_layer=partial(nn.BatchNorm2d, eps=1e-3 if tensorflow else 1e-5),
        **settings,
    )
    model.pretrained_cfg = {"classifier": "classifier", "first_conv": "conv_stem"}
    return model


def _definition(block: Block, layers: int) -> str:
    """Return a stage in timm's words: block, repeats, kernel, stride, expansion, channels, squeeze-excite."""
    plain = block.expansion == 1
    kind = {"ds": "dsa", "mbconv": "ds" if plain else "ir", "fused": "cn" if plain else "er"}[block.kind]
    end = "_skip" if kind == "cn" else ""
    squeeze = f"_se{SE_RATIO}" if block.squeeze else ""
    return f"{kind}_r{layers}_k{block.kernel}_s{block.stride}_e{block.expansion}_c{block.channels}{squeeze}{end}"


def _quiet_head(model: nn.Module) -> None:
    """Start from even odds.

    timm draws an EfficientNet's head for a thousand classes: with two it starts far off, and the first epochs go into
    undoing that (held-out loss 2.7 instead of 0.7 after four epochs of the demo).
    """
    head = model.get_classifier()
    if isinstance(head, nn.Linear):
        nn.init.trunc_normal_(head.weight, std=0.01)
        if head.bias is not None:
            nn.init.zeros_(head.bias)


def normalization(model: nn.Module) -> tuple[list[float], list[float]] | None:
    """Return mean and standard deviation per channel that the model's published weights want, None if unknown."""
    cfg = getattr(model, "pretrained_cfg", None) or {}
    return (list(cfg["mean"]), list(cfg["std"])) if cfg.get("mean") and cfg.get("std") else None


def _plain(
    name: str, classes: int, dropout: float, drop_path: float, size: tuple[int, int], pretrained: bool
) -> nn.Module:
    extra: dict = {"drop_rate": dropout}
    if drop_path:
        extra["drop_path_rate"] = drop_path
    cfg = timm.get_pretrained_cfg(name)
    if cfg is not None and cfg.fixed_input_size:
        extra["img_size"] = size
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=classes, **extra)
    except TypeError as error:
        raise GapwiseError(
            f"{name} does not take one of the settings {', '.join(extra)}: set them to 0. ({error})"
        ) from error
    except (RuntimeError, OSError, HfHubHTTPError, AssertionError) as error:
        if pretrained:
            raise hub_failure(name, error) from error
        raise GapwiseError(f"timm could not build {name}: {error}") from error
