"""Curves for other tools: TensorBoard, Weights & Biases and MLflow, through Accelerate's own trackers.

What goes wrong with a tracker is noted in the log and never stops a training. Accelerate is imported inside functions.
"""

from __future__ import annotations

import json
import logging
import netrc
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from core.errors import GapwiseError
from core.files import write_atomic

if TYPE_CHECKING:
    from accelerate import Accelerator
    from accelerate.tracking import GeneralTracker

    from core.training.recipe import Recipe
    from core.training.rundir import RunDir

log = logging.getLogger("gapwise")

TRACKERS = {
    "tensorboard": "TensorBoard",
    "wandb": "Weights & Biases",
    "mlflow": "MLflow",
}  # package -> what people read
NOTES = "trackers.json"  # in the run folder: which run it is there, and which epochs it has
_PROJECT = "gapwise"
_WANDB_HOST = "api.wandb.ai"


def check_trackers(names: Sequence[str]) -> None:
    """Make sure that trackers are known and installed. Imports none of them.

    Raises:
        GapwiseError: Naming what to install.
    """
    for name in names:
        if name not in TRACKERS:
            raise GapwiseError(f"There is no tracker {name!r}. The trackers are: {', '.join(TRACKERS)}.")
        if find_spec(name) is None:
            raise GapwiseError(
                f"{TRACKERS[name]} is not installed, so it can't follow the training. Install it with"
                f" `pip install {name}`, or train without `--tracker {name}`."
            )


def tracker_arguments(names: Sequence[str]) -> list[str]:
    """Return the options of `python -m core train` that choose trackers."""
    return [f"--tracker={name}" for name in names]


def read_trackers(arguments: Sequence[str]) -> list[str]:
    """Return the trackers that a command names, by `tracker_arguments`; other words are left alone."""
    named = (word.removeprefix("--tracker=") for word in arguments if word.startswith("--tracker="))
    return [name for name in dict.fromkeys(named) if name in TRACKERS]


class Trackers:
    """The trackers of one run. A run that goes on goes on there, and no epoch comes twice."""

    def __init__(self, accelerator: Accelerator, names: Sequence[str], run: RunDir) -> None:
        """
        Args:
            names: Of TRACKERS; those that are installed are started, by the main process alone.
            run: Its metrics hold the epochs up to the checkpoint that the training goes on from.
        """
        self._run, self._live = run, {}
        self._notes: dict[str, dict] = {}
        if not names or not accelerator.is_main_process:
            return
        self._notes = self._read()
        for name in dict.fromkeys(names):
            try:
                check_trackers([name])
                self._live[name] = self._start(accelerator, name)
            except Exception:  # whatever it trips over is no reason not to train
                log.warning(
                    "%s does not start: this training goes on without it", TRACKERS.get(name, name), exc_info=True
                )
        accelerator.trackers = list(self._live.values())
        for row in _measured(run):  # before a tracker was chosen, while it was away, or as a process was killed
            self.log(row)

    def log(self, row: Mapping[str, object]) -> None:
        """Hand over an epoch's metrics, `epoch` among them; an epoch that a tracker has already is left out there."""
        epoch = int(row["epoch"])
        values = {k: v for k, v in row.items() if isinstance(v, int | float) and k != "epoch"}
        for name in list(self._live):
            if epoch <= self._notes[name]["epoch"]:
                continue
            if self._try(name, "has lost its connection", lambda t: t.log(values, step=epoch)):
                self._notes[name]["epoch"] = epoch
        if self._live:
            self._write()

    def close(self) -> None:
        """Let the trackers finish what they have to send. Nothing is logged after that."""
        for name in list(self._live):
            self._try(name, "could not finish", lambda t: t.finish())
        self._live = {}

    def _try(self, name: str, trouble: str, work: Callable[[GeneralTracker], object]) -> bool:
        try:
            work(self._live[name])
        except Exception:  # no network, a full disk over there: the training is worth more
            log.warning("%s %s: this training goes on without it", TRACKERS[name], trouble, exc_info=True)
            del self._live[name]
            return False
        return True

    def _start(self, accelerator: Accelerator, name: str) -> GeneralTracker:
        from accelerate.tracking import filter_trackers

        note = self._notes.setdefault(name, {"epoch": 0, "started": False})
        project, options = _options(name, note, self._run)
        self._write()  # before it starts: an id that was given away must not be forgotten
        accelerator.project_configuration.logging_dir = str(self._run.root)
        accelerator.trackers, accelerator.log_with = [], filter_trackers([name], str(self._run.root))
        settings = None if note["started"] else _settings(self._run.recipe())
        accelerator.init_trackers(project, settings, {name: options})
        tracker = accelerator.trackers[0]
        if name == "mlflow":
            note["run_id"] = tracker.tracker.info.run_id
        note["started"] = True
        self._write()
        return tracker

    def _read(self) -> dict[str, dict]:
        path = self._run.root / NOTES
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except (OSError, ValueError) as error:
            log.warning("%s can't be read (%s): trackers begin anew", path, error)
            return {}

    def _write(self) -> None:
        try:
            write_atomic(self._run.root / NOTES, json.dumps(self._notes).encode())
        except OSError as error:
            log.warning("what trackers have can't be noted (%s): after a resume epochs may come twice there", error)


def _measured(run: RunDir) -> list[dict]:
    """Return the run's epochs so far, without lines that a full disk broke off."""
    try:
        lines = run.metrics.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return [row for row in found if isinstance(row, dict) and "epoch" in row]


def _options(name: str, note: dict, run: RunDir) -> tuple[str, dict[str, object]]:
    """Return a tracker's project and what it is started with, so that it goes on where it was."""
    facts = run.facts()
    title = f"run {facts['run']}: {facts['label']}, {facts['recipe']}"
    if name == "tensorboard":
        # What a killed process had handed over without noting it is dropped by TensorBoard.
        return name, {"purge_step": note["epoch"] + 1}
    if name == "mlflow":
        import mlflow

        if "MLFLOW_TRACKING_URI" not in os.environ:
            mlflow.set_tracking_uri(f"sqlite:///{run.root / 'mlflow.db'}")
        return _PROJECT, {
            "run_name": title,
            "run_id": note.get("run_id"),
            "logging_dir": (run.root / "mlflow").as_uri(),
        }
    note.setdefault("id", uuid.uuid4().hex[:12])
    options = {"id": note["id"], "resume": "allow", "name": title, "dir": str(run.root), "settings": {"console": "off"}}
    if "WANDB_MODE" not in os.environ and not _has_wandb_key():
        log.info(
            "Weights & Biases has no API key here: what it notes stays in %s until `wandb sync`", run.root / "wandb"
        )
        options["mode"] = "offline"
    return _PROJECT, options


def _has_wandb_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc().authenticators(_WANDB_HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _settings(recipe: Recipe) -> dict[str, object]:
    """Return a recipe's settings as trackers take them: numbers and texts."""
    values = recipe.model_dump(mode="json")
    return {k: v if isinstance(v, bool | int | float | str) else json.dumps(v) for k, v in values.items()}
