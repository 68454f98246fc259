"""Label Studio on the same pictures: installed from PyPI into an environment of its own, on its own SQLite."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil

VERSION = "1.23.2"
START = 600  # seconds: the first start makes its database, some two minutes on two cores
MAIL, PASSWORD = "bench@example.org", "benchmark-only"  # of a server that this run starts, on this machine alone
TOKEN = "0123456789012345678901234567890123456789"
CONFIG = """<View><Header value="$name"/><Image name="image" value="$image"/>
<Choices name="mask" toName="image" required="true">
<Choice value="1" hotkey="a"/><Choice value="0" hotkey="x"/></Choices></View>"""


def install(home: Path) -> Path:
    """Return the program; put it there first where it is not (some three minutes, 1 GB)."""
    program = home / "venv" / "bin" / "label-studio"
    if not program.exists():
        print(f"Installing Label Studio {VERSION} into {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        subprocess.run([home / "venv" / "bin" / "pip", "install", "-q", f"label-studio=={VERSION}"], check=True)
    return program


class LabelStudio:
    """A server with a user; `cpu` is what it and its children have used, in seconds."""

    def __init__(self, home: Path, pictures: Path, log: Path) -> None:
        program = install(home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.base = f"http://localhost:{self.port}", home / "data"
        self.pictures = pictures
        self.base.mkdir(parents=True, exist_ok=True)
        about = {
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.base),
            "LABEL_STUDIO_USERNAME": MAIL,
            "LABEL_STUDIO_PASSWORD": PASSWORD,
            "LABEL_STUDIO_USER_TOKEN": TOKEN,
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(pictures.parent),
            "LATEST_VERSION_CHECK": "false",
            "COLLECT_ANALYTICS": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
        }
        command = [program, "start", "--no-browser", "--port", str(self.port)]
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, env={**os.environ, **about}, stdout=out, stderr=out)
        self._wait(log)

    def project(self, count: int) -> int:
        """Make a project with the first `count` images of the benchmark's table; return its number."""
        config = {"title": "Benchmark", "label_config": CONFIG, "sampling": "Sequential sampling"}
        number = self._call("/api/projects", config)["id"]
        self._call("/api/storages/localfiles", {"project": number, "path": str(self.pictures), "use_blob_urls": True})
        files = sorted(path.name for path in self.pictures.glob("*.jpg"))
        tasks = [{"data": {
            "name": f"{n:07d}.jpg · Label Studio",
            "image": f"/data/local-files/?d={self.pictures.name}/{files[n % len(files)]}",
        }} for n in range(count)]  # fmt: skip
        self._call(f"/api/projects/{number}/import", tasks)
        return number

    def stored(self, project: int) -> list[tuple[str, str]]:
        """Return (file name, value) of each annotation, in the order in which they were made."""
        query = """SELECT t.data, c.result FROM task_completion c JOIN task t ON t.id = c.task_id
                   WHERE t.project_id = ? ORDER BY c.id"""
        with closing(sqlite3.connect(self.base / "label_studio.sqlite3")) as connection:
            rows = connection.execute(query, (project,)).fetchall()
        told = []
        for data, result in rows:
            choices = [choice for one in json.loads(result or "[]") for choice in one["value"]["choices"]]
            told.append((json.loads(data)["name"].split(" ")[0], "".join(choices)))
        return told

    def cpu(self) -> float:
        server = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (server, *server.children(recursive=True))]
        return sum(t.user + t.system for t in times)

    def stop(self) -> None:
        for child in psutil.Process(self.process.pid).children(recursive=True):
            child.terminate()
        self.process.terminate()
        self.process.wait(timeout=20)

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=2):
                    return
            except OSError:
                time.sleep(1)
        raise RuntimeError(f"Label Studio did not start; see {log}")

    def _call(self, path: str, body: object) -> dict:
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)
