"""Pretrained weights, from timm's hub or a local file. Imports torch: for worker processes only."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Sequence
from pathlib import Path

# Before the first import of huggingface_hub, which reads them once.
os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "10")

import huggingface_hub as hub
import timm
import torch
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import clean_state_dict
from torch import nn

from core.errors import GapwiseError, first_line
from core.models.hub import UNREACHABLE

HUB_SECONDS = 8.0  # a person waits for the answer; the library's own retries take 90 seconds
OTHERS = "Choose the path of a local file, or `random`, instead."
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")


def check_hub(name: str) -> None:
    """Make sure that a model's published weights can be had, before timm tries for minutes.

    Raises:
        GapwiseError: Within seconds, if the hub can't be reached or has no weights for the model.
    """
    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.has_weights:
        tagged = ", ".join(timm.list_models(f"{name.split('.')[0]}.*", pretrained=True)[:4])
        raise GapwiseError(f"No weights are published for {name}. {f'Try one of {tagged}. ' if tagged else ''}{OTHERS}")
    if cfg.hf_hub_id:
        _check_reachable(cfg.hf_hub_id)


def load_local(model: nn.Module, path: str) -> None:
    """Fill a model with weights from a .safetensors, .pth, .pt or .bin file; only tensors are read, no code is run.

    Raises:
        GapwiseError: If the file is missing, unreadable, or made for another model.
    """
    file = _local(path)
    _fill(model, read_weights(file), str(file))


def _local(path: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise GapwiseError(f"There is no weights file {path}. Weights are hub, random, or the path of a file.")
    return file


def classes_in(path: str, classifier: str | Sequence[str] | None) -> int | None:
    """Return how many classes the weights in a local file tell apart, None where they don't say.

    Args:
        classifier: What timm calls the model's last layer.

    Raises:
        GapwiseError: As `load_local`.
    """
    head = classifier if isinstance(classifier, str) or not classifier else classifier[0]
    weight = read_weights(_local(path)).get(f"{head}.weight")
    return None if weight is None or weight.ndim < 2 else len(weight)


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a weights file by name.

    Raises:
        GapwiseError: If it is broken, or holds anything but tensors.
    """
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise GapwiseError(
            f"The weights file {file} holds more than tensors, or is broken. Python objects are not loaded, since they"
            " could run code. Save the model's `state_dict()`, best as .safetensors."
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, LookupError) as error:
        # LookupError: torch's unpickler on a text file.
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GapwiseError(f"The weights file {file} can't be read: {first} Expected tensors only.") from error
    for key in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = clean_state_dict(content) if isinstance(content, dict) else {}
    if not tensors or not all(isinstance(v, torch.Tensor) for v in tensors.values()):
        raise GapwiseError(f"The weights file {file} holds no table of tensors by name, as `state_dict()` gives it.")
    return tensors


def _fill(model: nn.Module, tensors: dict[str, torch.Tensor], origin: str) -> None:
    own = model.state_dict()
    head = model.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{h}." for h in ((head,) if isinstance(head, str) else head))
    fitting = {k: v for k, v in tensors.items() if k in own and v.shape == own[k].shape}
    broken = [k for k, v in fitting.items() if v.is_floating_point() and not v.isfinite().all()]
    if broken:
        raise GapwiseError(
            f"The weights in {origin} hold values that are no numbers (NaN or infinite), for example in {broken[0]}:"
            " what saved them had failed. Choose another file."
        )
    wanting = [k for k in own if k not in fitting and not (heads and k.startswith(heads))]
    if wanting:
        raise GapwiseError(
            f"The weights in {origin} are for another model: {len(wanting)} of {len(own)} tensors are missing or have"
            f" another shape, for example {wanting[0]}. {_hint(own, tensors, wanting)}"
        )
    if heads and any(k.startswith(heads) and k not in fitting for k in own):
        fitting = {k: v for k, v in fitting.items() if not k.startswith(heads)}  # a new head, whole
    model.load_state_dict(fitting, strict=False)


def _hint(own: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor], wanting: list[str]) -> str:
    """Return what to do about weights that don't fit; those of a network for grey pictures fit but for one tensor."""
    if len(wanting) == 1 and wanting[0] in tensors:
        here, there = own[wanting[0]].shape, tensors[wanting[0]].shape
        if len(here) == len(there) == 4 and here[1] != there[1] and here[1] == 3:
            return (
                f"It takes pictures of {there[1]} channel{'s' if there[1] > 1 else ''}, and here they have three, grey"
                " ones as well. Train it with three, or repeat that tensor three times and divide it by three."
            )
    return "Choose the model that the file was saved from."


def _check_reachable(repository: str) -> None:
    if isinstance(hub.try_to_load_from_cache(repository, "model.safetensors"), str):
        return
    answer: list[Exception | None] = []

    def ask() -> None:
        try:
            hub.get_hf_file_metadata(hub.hf_hub_url(repository, "model.safetensors"), timeout=HUB_SECONDS / 2)
            answer.append(None)
        except Exception as error:  # noqa: BLE001  handed to the caller's thread
            answer.append(error)

    # A resolver may hang for longer than any timeout that a request knows.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    error = answer[0] if answer else TimeoutError("no answer")
    if error is None or (isinstance(error, EntryNotFoundError) and not isinstance(error, RepositoryNotFoundError)):
        return  # reachable; another file name is timm's business
    raise hub_failure(repository, error) from error


def hub_failure(what: str, error: Exception) -> GapwiseError:
    """Return what to tell a person when the hub gives no weights."""
    return GapwiseError(f"{UNREACHABLE} for {what} ({first_line(error)[:160]}). {OTHERS}")
