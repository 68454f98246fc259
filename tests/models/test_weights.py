"""Weights from the hub and from files; input is hostile."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save_file

from core.errors import GapwiseError
from core.models import weights
from core.models.hub import UNREACHABLE
from core.models.zoo import build

NAME = "mobilenetv3_small_050"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return timm.create_model(NAME, num_classes=5).state_dict()


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}}])
def test_a_pth_file_is_loaded_but_for_a_head_of_other_classes(tmp_path: Path, state, wrap):
    torch.save(wrap(state), tmp_path / "w.pth")
    model = build(NAME, 2, str(tmp_path / "w.pth"))
    assert torch.equal(model.conv_stem.weight, state["conv_stem.weight"])
    assert model.classifier.weight.shape[0] == 2


def test_a_safetensors_file_with_the_same_classes_keeps_its_head(tmp_path: Path, state):
    save_file(state, tmp_path / "w.safetensors")
    assert torch.equal(build(NAME, 5, str(tmp_path / "w.safetensors")).classifier.weight, state["classifier.weight"])


def test_weights_of_a_network_for_grey_pictures_say_how_they_can_be_used(tmp_path: Path):
    torch.save(timm.create_model(NAME, in_chans=1).state_dict(), tmp_path / "w.pth")
    with pytest.raises(GapwiseError, match=r"conv_stem.weight. It takes pictures of 1 channel, .*divide it by three"):
        build(NAME, 2, str(tmp_path / "w.pth"))


def test_weights_of_another_model_are_refused_not_half_loaded(tmp_path: Path, state):
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(GapwiseError, match="for another model"):
        build("resnet18", 2, str(tmp_path / "w.pth"))


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "hacked"),)

    torch.save({"state_dict": Evil()}, tmp_path / "w.pth")
    with pytest.raises(GapwiseError, match="Python objects are not loaded"):
        build(NAME, 2, str(tmp_path / "w.pth"))
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
@pytest.mark.parametrize("content", [b"", b"nothing of use", bytes(500), b"root:x:0:0:root:/root:/bin/bash\n"])
def test_a_broken_file_is_told(tmp_path: Path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GapwiseError, match="weights file"):
        build(NAME, 2, str(tmp_path / name))


def test_a_table_without_tensors_is_told(tmp_path: Path):
    torch.save({"a": 1}, tmp_path / "w.pth")
    with pytest.raises(GapwiseError, match="no table of tensors"):
        build(NAME, 2, str(tmp_path / "w.pth"))


def test_a_missing_file_is_told():
    with pytest.raises(GapwiseError, match="no weights file /nowhere/w.pth"):
        build(NAME, 2, "/nowhere/w.pth")


def test_an_unreachable_hub_is_told_at_once_and_the_other_ways_are_named(monkeypatch):
    def refused(*_args, **_kwargs):
        raise OSError("[Errno -2] Name or service not known")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refused)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a: None)
    began = time.monotonic()
    with pytest.raises(GapwiseError, match=f"{UNREACHABLE}.*local file.*random"):
        build("efficientnet_b0", 2, "hub")
    assert time.monotonic() - began < 5


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(weights, "HUB_SECONDS", 0.2)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *a, **k: time.sleep(3))
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *a: None)
    with pytest.raises(GapwiseError, match=f"{UNREACHABLE}.*no answer"):
        build("efficientnet_b0", 2, "hub")


def test_a_model_without_published_weights_is_told_without_asking_the_hub(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(GapwiseError, match="No weights are published"):
        build("efficientnet_b0_gn", 2, "hub")


def test_there_are_no_hub_weights_for_a_scaled_network():
    with pytest.raises(GapwiseError, match="no published weights for efficientnet_b0 at width 0.5"):
        build("efficientnet_b0", 2, "hub", width=0.5)
