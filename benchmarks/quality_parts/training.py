"""A trained workspace for one seed, made with the commands that a person would type, within a budget of seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.quality_parts.budget import Budget, TooLittle
from benchmarks.quality_parts.command import Done, command, core
from core.cascade.order import to_train
from core.store import cells, runs
from core.store.labels import label_id as find_label
from core.workspace import Workspace

NOTES = "benchmark.json"


@dataclass
class Trained:
    """What one seed's trainings were.

    Attributes:
        labels: Those that have a model, in the order of training.
        epochs: By label.
        seconds: Of all trainings together, predictions and the first epoch that measured the machine included.
        allowed: What they were to take at most.
        without: Labels with open cells that got no model, and why.
        stopped: Labels whose training was ended by the budget before its last epoch.
    """

    labels: list[str] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    allowed: float | None = None
    heldout: dict[str, dict[str, float]] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)


def prepared(ws: Workspace, recipe: Sequence[str], seed: int, seconds: float) -> Trained:
    """Return a workspace's trainings; what was done before in the same folder is not done again.

    Args:
        recipe: Options of `train`.

    Raises:
        TooLittle: If not even one epoch of every label fits into the seconds.
    """
    notes = ws.root / NOTES
    if notes.is_file():
        stored = json.loads(notes.read_text())
        if isinstance(stored["epochs"], int):  # as it was written before each label had its own
            stored["epochs"] = dict.fromkeys(stored["labels"], stored["epochs"])
        return Trained(**stored)
    found = Trained(allowed=seconds)
    chosen, found.without = to_train(ws)
    Trainings(ws, recipe, seed, Budget(seconds), found).run(chosen)
    notes.write_text(json.dumps(asdict(found)))
    return found


@dataclass
class Trainings:
    """The trainings of one workspace, one after the other."""

    ws: Workspace
    recipe: Sequence[str]
    seed: int
    budget: Budget
    found: Trained

    def run(self, names: Sequence[str]) -> None:
        """Train some labels, as long as each can be within the budget.

        The first epoch measures the machine. Epochs are chosen anew before each label, by what the one before took; a
        training that takes far longer than planned is stopped, keeps its best checkpoint and predicts with that.
        """
        names = list(names)
        while names and self.budget.pace is None:
            if not self._measure(names):
                names.pop(0)
        while names:
            sizes = [self._cells(name) for name in names]
            epochs = self.budget.epochs(sizes)
            if names[0] in self.found.labels:  # its measuring epoch is there
                if epochs < 2:
                    names.pop(0)
                    continue
                self._forget(names[0])
            if not epochs:
                self._give_up(names, sizes)
                break
            self._train(names.pop(0), epochs, self.budget.limit(epochs, sizes[1:]))
        self.found.seconds = round(self.budget.spent, 1)
        self.found.heldout = {name: self._measured(name) for name in self.found.labels}

    def again(self) -> bool:
        """Train all labels once more on what is known by now, if that fits; return whether it was done."""
        sizes = [self._cells(name) for name in self.found.labels]
        if not sizes or not self.budget.epochs(sizes):
            return False
        for k, name in enumerate(list(self.found.labels)):
            epochs = min(self.found.epochs[name], self.budget.epochs(sizes[k:]))
            if not epochs:
                break
            self._train(name, epochs, self.budget.limit(epochs, sizes[k + 1 :]))
        core(self.ws.root, "rank", "--seed", str(self.seed))  # predictions work the orders out with another seed
        return True

    def _measure(self, names: Sequence[str]) -> bool:
        """Train one epoch of the first label; return whether that went."""
        done = self._train(names[0], 1, self.budget.left)
        if done.stopped:
            raise TooLittle(self.budget.allowed, names[:1], None)
        return done.status == 0

    def _train(self, name: str, epochs: int, limit: float) -> Done:
        options = (*self.recipe, "--epochs", str(epochs), "--seed", str(self.seed))
        before = self._newest(name)
        done = command(self.ws.root, "train", "--label", name, *options, limit=limit)
        self.budget.spent += done.seconds
        run = self._newest(name)
        if run is None or (before is not None and run.id == before.id) or not self._usable(run.id):
            if not done.stopped:
                self.found.without[name] = done.why
            elif name not in self.found.labels:
                self.found.without[name] = f"its training did not get through one epoch in {limit:.0f} s"
            return done
        wall = done.seconds
        if done.stopped or done.status:  # what is there is worth predicting with
            again = command(self.ws.root, "predict", "--run", str(run.id))
            self.budget.spent += again.seconds
            wall += again.seconds
        frame = runs.metrics_frame(self.ws, run.id)
        self.budget.learn(float(frame["seconds"].sum()), len(frame), self._cells(name), wall)
        self._note(name, len(frame), epochs)
        return done

    def _note(self, name: str, epochs: int, planned: int) -> None:
        if name not in self.found.labels:
            self.found.labels.append(name)
        self.found.epochs[name] = epochs
        if epochs < planned:
            self.found.stopped.append(name)

    def _give_up(self, names: Sequence[str], sizes: Sequence[int]) -> None:
        """Note that no seconds are left for some labels, or say so where they never were enough."""
        if all(epochs < 2 for epochs in self.found.epochs.values()):
            every = [*self.found.labels, *names]
            raise TooLittle(self.budget.allowed, every, self.budget.spent + self.budget.least(sizes))
        self.found.without |= dict.fromkeys(names, "the trainings before it left no seconds for it")

    def _forget(self, name: str) -> None:
        """Delete the run that measured the machine."""
        run = self._newest(name)
        core(self.ws.root, "jobs", "delete", str(run.job_id), "--with-run")
        self.found.labels.remove(name)
        del self.found.epochs[name]

    def _usable(self, run_id: int) -> bool:
        return (self.ws.run_dir(run_id) / runs.BEST).is_file()

    def _newest(self, name: str):
        with self.ws.read() as connection:
            return next(iter(runs.list_runs(connection, find_label(connection, name))), None)

    def _cells(self, name: str) -> int:
        """Return how many cells of a label a training learns from or is measured on."""
        with self.ws.read() as connection:
            return len(cells.known(connection, find_label(connection, name), cells.TRUSTED))

    def _measured(self, name: str) -> dict[str, float]:
        metrics = self._newest(name).metrics or {}
        return {k: float(metrics[k]) for k in ("accuracy", "f1") if k in metrics}


def retraining(ws: Workspace, trained: Trained, recipe: Sequence[str], seed: int, seconds: float) -> Trainings:
    """Return what trains a workspace's labels again, as long as that fits into some seconds with what they took."""
    budget = Budget(seconds, trained.seconds)
    found = Trainings(ws, recipe, seed, budget, Trained(**json.loads(json.dumps(asdict(trained)))))
    frames = {name: runs.metrics_frame(ws, found._newest(name).id) for name in trained.labels}
    epochs = sum(float(frame["seconds"].sum()) for frame in frames.values())
    cells = sum(len(frame) * found._cells(name) for name, frame in frames.items())
    if cells:
        budget.learn(epochs, 1, cells, epochs)
        budget.around = max(0.0, trained.seconds - epochs) / (len(frames) + 1)  # one more had measured the machine
    return found
