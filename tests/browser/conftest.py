"""A server that the test starts, and Chromium on it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import app

PROJECT = Path(__file__).resolve().parents[2]
# Two cores may be busy with a training and three processes that load torch; these tests ask whether, not how fast.
expect.set_options(timeout=30_000)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# `streamlit run` that writes what each of its threads does to its log when it gets SIGUSR1.
STREAMLIT = (
    "import faulthandler, signal, sys; faulthandler.register(signal.SIGUSR1); sys.argv[0] = 'streamlit'\n"
    "from streamlit.web.cli import main; main()"
)
_servers: set[Server] = set()  # that are up


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Add to a failure what the tabs and the servers were doing: a page that hangs shows nothing of it."""
    report = yield
    if report.failed and report.when == "call":
        report.sections += [("open tabs", app.state_of_tabs()), *((server.url, server.doing()) for server in _servers)]
    return report


def chromium_path() -> str:
    """Return the browser's path; a machine without one fails the run, it does not skip it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("GAPWISE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.fail("There is no Chromium. Install Debian's package `chromium`, or set GAPWISE_CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield started
        started.close()


class Server:
    """`streamlit run app.py` on a free port, its workspaces in a folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home, self.log = home, home / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.process: subprocess.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GAPWISE_")}
        # Locks of its own: another training on this machine must not make the test wait for its turn.
        return {**kept, "GAPWISE_HOME": str(self.home), "GAPWISE_LOCKS": str(self.home)}

    def core(self, *arguments: str, timeout: float = 600) -> str:
        """Run `python -m core …` beside the server, at most `timeout` seconds; return what it printed."""
        command = [sys.executable, "-m", "core", *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        command = [sys.executable, "-c", STREAMLIT, "run", "app.py", "--server.port", str(self.port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log)
        for _ in range(240):
            try:
                with urllib.request.urlopen(self.url + "/_stcore/health", timeout=2):
                    _servers.add(self)
                    return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.25)
        raise AssertionError("the server did not answer within a minute:\n" + self.log.read_text())

    def loaded(self, library: str) -> bool:
        """Whether the server's process has a shared library in its memory (Linux only)."""
        maps = Path(f"/proc/{self.process.pid}/maps")
        return maps.exists() and library in maps.read_text()

    def doing(self) -> str:
        """Return the end of the log, with where the threads are now that run the page's script, and the main one."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.5)  # it is written between two steps of Python
        parts = self.log.read_text(errors="replace")[-30_000:].split("\n\n")
        idle = [part for part in parts if part.startswith("Thread ") and "script_runner" not in part]
        return "\n\n".join(part for part in parts if part not in idle)

    def stop(self) -> None:
        _servers.discard(self)
        if self.process is not None:
            self.process.terminate()
            # It answers what was asked before it ends, and a map that nobody looks at any more may take a minute.
            self.process.wait(timeout=120)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("home"))
    made.core("demo", "--workspace", str(made.home / "demo"), "--images", "160")
    made.start()
    yield made
    made.stop()
