"""The servers that are compared: started, asked for their memory and their script runs, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]


class Server:
    """One app on a free port. All take Gapwise's `.streamlit/config.toml`, so none has better settings than another."""

    def __init__(self, name: str, app: Path, folder: Path, environment: dict[str, str]) -> None:
        self.name, self.app, self.environment = name, app, environment
        self.log, self.runs = folder / f"{name}.log", folder / f"{name}.runs"
        self.process: subprocess.Popen | None = None
        self._read = 0

    def start(self) -> None:
        self.runs.write_text("")
        self._read = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        command = [sys.executable, str(HERE / "serve.py"), str(self.runs), "run", str(self.app)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--server.port", str(port)],
                cwd=PROJECT, env={**os.environ, **self.environment}, stdout=log, stderr=log,
            )  # fmt: skip
        for _ in range(600):
            try:
                with urllib.request.urlopen(self.url + "/_stcore/health", timeout=2):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"{self.name} does not start:\n{self.log.read_text()}")

    def new_runs(self) -> list[dict]:
        """Return the script runs, {seconds, cpu}, that ended since this was asked last."""
        lines = self.runs.read_text().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [json.loads(line) for line in new]

    def peak_mib(self) -> float:
        """Return the most memory that the process has had resident, in MiB (Linux)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
