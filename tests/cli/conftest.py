"""The command line in this process: its verbs on the test's workspace `ws`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.__main__ import main


@pytest.fixture
def run(ws, capsys) -> Callable[..., tuple[int, str, str]]:
    """Return what runs a command on `ws`: exit status, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--workspace", str(ws.root)])
        return status, *capsys.readouterr()

    return call
