"""Small networks that have learned where to look, once for all tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from torch import nn

from tests.explain.patches import Drawn, draw, learned
from tests.tiny import one_thread

SIZE = 64
FAMILIES = {"efficientnet_b0": {"steps": 120, "width": 0.4}, "tf_efficientnetv2_b0": {"steps": 150}}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def trained() -> dict[str, nn.Module]:
    """Return a small V1 and a small V2 that tell the patches apart."""
    with one_thread():
        return {name: learned(name, SIZE, **kwargs) for name, kwargs in FAMILIES.items()}


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Return pictures that the networks have not seen."""
    return draw(32, SIZE, seed=5)
