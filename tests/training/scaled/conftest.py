"""Trainings of scaled networks queue behind each other, never behind a person's; a small recipe as a file."""

from __future__ import annotations

import pytest

from tests import tiny

# 16 px: what costs least of the sizes at which the five come near each other.
RECIPE = tiny.recipe(width=0.25, depth=0.35, size=16, epochs=1, batch_size=16)


@pytest.fixture
def recipe_file(tmp_path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.to_toml())
    return str(path)
