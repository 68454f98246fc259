"""The names that timm knows, asked for once and read by a server without torch."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import GapwiseError
from core.models import catalog
from core.models.catalog import Catalog, Listing, read_catalog
from core.training.recipe import Recipe

NAMES = Catalog(("resnet18", "resnet34"), ("resnet18.a1_in1k", "resnet18.a2_in1k"), ("adamw", "sgd"))
FIELDS = {"models": ["m"], "published": ["m.a"], "optimizers": ["sgd"]}


def test_a_known_name_passes_with_and_without_a_tag():
    NAMES.check_model("resnet34")
    NAMES.check_model("resnet18.a1_in1k")
    NAMES.check_optimizer("sgd")


@pytest.mark.parametrize(
    ("check", "name", "part"),
    [
        ("check_model", "resnet81", "no model 'resnet81'. Close ones: resnet18"),
        ("check_model", "resnet18.a3_in1k", "Close ones: resnet18.a"),
        ("check_model", "resnet34.a1_in1k", "Close ones: resnet34"),
        ("check_model", "zzzz", "list them"),
        ("check_model", "", "no model ''"),
        ("check_optimizer", "adamww", "no optimizer 'adamww'. Close ones: adamw"),
    ],
)
def test_an_unknown_name_is_told_with_close_ones(check, name, part):
    with pytest.raises(GapwiseError, match=part):
        getattr(NAMES, check)(name)


def test_a_recipe_that_scales_what_can_not_be_scaled_is_told():
    NAMES.check(Recipe(model="resnet18"))
    with pytest.raises(GapwiseError, match="resnet18 can't be scaled.*mobilenetv2_100, .*resnet50"):
        NAMES.check(Recipe(model="resnet18", width=2))


def test_efficientnets_come_first():
    names = Catalog(("a", "z_efficientnet"), ("a.b",), ())
    assert names.by_use == ("z_efficientnet", "a", "a.b")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"models": 3}', b'{"models": "abc"'])
def test_a_broken_file_counts_as_none(content, tmp_path: Path):
    (tmp_path / "names.json").write_bytes(content)
    assert read_catalog(tmp_path / "names.json") is None


def test_a_list_that_is_there_is_read_without_a_process(tmp_path: Path, monkeypatch):
    (tmp_path / "names.json").write_text(json.dumps(FIELDS))
    monkeypatch.setattr(subprocess, "Popen", None)
    listing = Listing(tmp_path / "names.json")
    assert not listing.waiting
    assert listing.catalog() == Catalog(("m",), ("m.a",), ("sgd",))


def _with(monkeypatch, code: str) -> None:
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: start([sys.executable, "-c", code, *command[3:]]))


def test_a_list_that_is_not_there_is_written_by_another_process_and_nobody_waits(tmp_path: Path, monkeypatch):
    go, path = tmp_path / "go", tmp_path / "names.json"
    code = "import os, sys, time\nwhile not os.path.exists({!r}): time.sleep(0.01)\nopen(sys.argv[1], 'w').write({!r})"
    _with(monkeypatch, code.format(str(go), json.dumps(FIELDS)))
    listing = Listing(path)
    assert listing.waiting
    assert listing.catalog() is None
    go.touch()
    end = time.monotonic() + 30
    while listing.waiting and time.monotonic() < end:
        time.sleep(0.01)
    assert listing.catalog().models == ("m",)


def test_where_no_list_can_be_made_there_is_none_and_nothing_breaks(tmp_path: Path, monkeypatch):
    _with(monkeypatch, "raise SystemExit(1)")
    listing = Listing(tmp_path / "names.json")
    end = time.monotonic() + 30
    while listing.waiting and time.monotonic() < end:
        time.sleep(0.01)
    assert listing.catalog() is None
    assert not listing.waiting


def test_the_list_is_timms():
    made = catalog.make_catalog()
    assert {"resnet18", "tf_efficientnetv2_b0"} <= set(made.models)
    assert "tf_efficientnetv2_b3.in21k_ft_in1k" in made.published
    assert {"sgd", "adamw"} <= set(made.optimizers)


def test_another_timm_has_another_file(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path))
    monkeypatch.setattr(catalog, "version", lambda name: "9.9")
    assert catalog.catalog_file() == tmp_path / ".timm-9.9.json"
