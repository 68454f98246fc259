"""Runs as people compare them: what was set, what came out, what state they are in. Reads no weights and no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Row

from core import jobs
from core.store import runs

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workspace import Workspace

POINTER = "latest.json"  # names the latest checkpoint's folder, EPOCH-STEP-OVER
_NAMES = ("title", "source")  # of a recipe; they say nothing about how a training goes


@dataclass(frozen=True)
class Summary:
    """One run.

    Attributes:
        data: Fingerprint of the cells that it learned from and was measured on, 64 hexadecimal digits.
        state: Of its job, one of `core.jobs.job.STATES`. Where the job went on to other runs (a sweep, a
            cascade) or was deleted: finished when the training came to its end, else stopped.
        accuracy, f1, f1_macro, loss: Of the best epoch, on held-out images; None before the first.
        epochs: How many were measured; `planned` how many were asked for.
        seconds: Spent in them. images_per_second: the median over them.
        train, heldout: Images learned from and measured on.
        settings: The recipe by name, tables as `stages.1.size`.
        sweep: {"id", "trial", "values"} for a trial of a sweep.
        versions: Libraries by name.
    """

    id: int
    label: str
    recipe: str
    data: str
    state: str
    accuracy: float | None
    f1: float | None
    f1_macro: float | None
    loss: float | None
    best_epoch: int | None
    epochs: int
    planned: int | None
    seconds: float
    images_per_second: float | None
    device: str
    train: int
    heldout: int
    created: float
    job_id: int | None
    settings: dict[str, object] = field(default_factory=dict)
    sweep: dict | None = None
    sources: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running", "stopping")

    @property
    def name(self) -> str:
        """What tells a run from others in a legend."""
        return f"{self.id} · {self.label} · {self.recipe}"

    def as_dict(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return asdict(self)


def summaries(ws: Workspace, label_id: int | None = None) -> list[Summary]:
    """Return the runs of one label or of all, newest first."""
    with ws.read() as connection:
        rows = runs.list_runs(connection, label_id)
    known = {job.id: job for job in jobs.list_jobs(ws)} if rows else {}
    return [_summary(ws, row, known.get(row.job_id)) for row in rows]


def summary(ws: Workspace, run_id: int) -> Summary:
    """Return one run.

    Raises:
        GapwiseError: If there is none with that id.
    """
    with ws.read() as connection:
        row = runs.run(connection, run_id)
    return _summary(ws, row, {job.id: job for job in jobs.list_jobs(ws)}.get(row.job_id))


def flat(settings: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return nested settings as one level: tables as `name.part`, lists of tables as `name.1.part`, sizes as text."""
    found: dict[str, object] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{key}.")
        elif isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
            for i, part in enumerate(value, 1):
                found |= flat(part, f"{key}.{i}.")
        elif isinstance(value, list | tuple):
            found[key] = " x ".join(map(str, value)) if name == "size" else ", ".join(map(str, value))
        else:
            found[key] = value
    return found


def curve_stamp(ws: Workspace, run_id: int) -> tuple[int, int]:
    """Return what changes when a run's metrics do: time and size of their file, zeros when there is none."""
    try:
        stat = (ws.run_dir(run_id) / runs.METRICS).stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def _summary(ws: Workspace, row: Row, job: Job | None) -> Summary:
    config, best = row.config, row.metrics or {}
    epochs, seconds, pace = _pace(ws, row.id, curve_stamp(ws, row.id))
    settings = {k: v for k, v in config.get("settings", {}).items() if k not in _NAMES}
    return Summary(
        id=row.id,
        label=row.label,
        recipe=row.recipe,
        data=config.get("data", ""),
        state=_state(ws.run_dir(row.id), row.id, job),
        **{name: best.get(name) for name in ("accuracy", "f1", "f1_macro", "loss")},
        best_epoch=best.get("epoch"),
        epochs=epochs,
        planned=settings.get("epochs"),
        seconds=seconds,
        images_per_second=pace,
        device=best.get("device") or config.get("device", {}).get("name", ""),
        train=sum(config.get("train", {}).values()),
        heldout=sum(config.get("heldout", {}).values()),
        created=row.created,
        job_id=row.job_id,
        settings=flat(settings),
        sweep=config.get("sweep"),
        sources=tuple(config.get("sources", ())),
        versions=dict(config.get("versions", {})),
    )


def _pace(ws: Workspace, run_id: int, stamp: tuple[int, int]) -> tuple[int, float, float | None]:
    """Return epochs measured, seconds they took and the median of images a second."""
    return _read_pace(ws, run_id, stamp) if stamp[1] else (0, 0.0, None)


@lru_cache(maxsize=2000)
def _read_pace(ws: Workspace, run_id: int, stamp: tuple[int, int]) -> tuple[int, float, float | None]:
    frame = runs.metrics_frame(ws, run_id)
    seconds = float(frame["seconds"].sum()) if "seconds" in frame else 0.0
    pace = float(frame["images_per_second"].median()) if "images_per_second" in frame else None
    return len(frame), seconds, pace


def _state(folder: Path, run_id: int, job: Job | None) -> str:
    if job is not None and job.run_id == run_id and not (job.kind == "cascade" and _over(folder)):
        return job.state
    return "finished" if _over(folder) else "stopped"


def _over(folder: Path) -> bool:
    """Whether a training came to its end, by its latest checkpoint."""
    try:
        return json.loads((folder / POINTER).read_text())["folder"].endswith("-1")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
