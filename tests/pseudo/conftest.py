"""Predictions need a training first: the same small workspace, alone on its locks."""

from tests.training.conftest import _alone, ws  # noqa: F401
