"""Trainings that take no time, for tests of what surrounds them: a clock that is told, and predictions made up."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from sqlalchemy import update

from benchmarks.quality_parts.command import Done
from core.__main__ import main
from core.store import cells, proposals, removal, runs, schema
from core.store.labels import label_id as find_label
from core.store.labels import labels as read_labels
from core.workspace import Workspace


class FakeModel:
    """Stands in for Gapwise's commands: `train` and `predict` are made up, all others are done in this process.

    A prediction is right but for each `odd`-th image, and then says the next class.

    Attributes:
        truth: Label name to file name to class.
        pace: Seconds of an epoch for each known cell; may be changed at any time, as a machine changes.
        start, predicting: Seconds of a training besides.
        done: (verb, label, epochs that were done) of each call.
    """

    def __init__(self, truth: Mapping[str, Mapping[str, str]], pace: float = 0.01, odd: int = 5) -> None:
        self.truth, self.pace, self.odd = truth, pace, odd
        self.start, self.predicting = 2.0, 3.0
        self.done: list[tuple[str, str, int]] = []
        self.before: Callable[[str], None] = lambda label: None

    def core(self, root: Path, verb: str, *arguments: str) -> str:
        if verb == "jobs":  # delete ID --with-run, of the newest
            with Workspace.open(root).write() as connection:
                removal.remove_runs(connection, [runs.list_runs(connection)[0].id])
            self.done.append(("delete", "", 0))
            return ""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            assert main([verb, *arguments, "--workspace", str(root)]) == 0
        return said.getvalue()

    def command(self, root: Path, verb: str, *arguments: str, limit: float | None = None) -> Done:
        options = dict(zip(arguments[::2], arguments[1::2], strict=True))
        ws = Workspace.open(root)
        if verb == "predict":
            self.done.append((verb, "", 0))
            self._predict(ws, int(options["--run"]))
            return Done(0, self.start + self.predicting, "", "", False)
        label, wanted = options["--label"], int(options["--epochs"])
        self.before(label)
        with ws.read() as connection:
            known = len(cells.known(connection, find_label(connection, label), cells.TRUSTED))
        one = self.pace * known
        epochs = wanted
        if limit is not None and self.start + wanted * one > limit:
            epochs = max(0, int((limit - self.start) // one))
        stopped = epochs < wanted
        self.done.append((verb, label, epochs))
        run_id = self._run(ws, label, epochs, one)
        if not stopped:
            self._predict(ws, run_id)
        seconds = self.start + epochs * one + (0 if stopped else self.predicting)
        return Done(130 if stopped else 0, seconds, "", "stopped" if stopped else "", stopped)

    def _run(self, ws: Workspace, label: str, epochs: int, one: float) -> int:
        with ws.write() as connection:
            run_id = runs.add_run(connection, find_label(connection, label), "fake", {})
            runs.set_metrics(connection, run_id, {"accuracy": 0.8, "f1": 0.8})
        folder = ws.run_dir(run_id)
        folder.mkdir(parents=True)
        lines = [json.dumps({"epoch": k + 1, "seconds": one}) for k in range(epochs)]
        (folder / runs.METRICS).write_text("".join(f"{line}\n" for line in lines))
        if epochs:
            (folder / runs.BEST).touch()
        return run_id

    def _predict(self, ws: Workspace, run_id: int) -> None:
        with ws.write() as connection:
            label_id = runs.run(connection, run_id).label_id
            label = read_labels(connection)[label_id]
            wanted = [(row.image_id, row.fname, 0) for row in cells.open_cells(connection, label_id)]
            known = cells.known(connection, label_id, cells.TRUSTED)
            wanted += [(row.image_id, row.fname, 1) for row in known[::5]]
            rows = [self._row(run_id, label_id, label, *one) for one in wanted]
            proposals.put_proposals(connection, rows)
            held = update(schema.proposal).where(schema.proposal.c.run_id == run_id, schema.proposal.c.heldout == 1)
            connection.execute(held.values(settled=1))

    def _row(self, run_id: int, label_id: int, label, image_id: int, fname: str, heldout: int) -> dict[str, object]:
        classes = len(label.classes)
        right = label.code(self.truth[label.name][fname])
        value = (right + 1) % classes if image_id % self.odd == 0 else right
        sure = 0.6 if image_id % self.odd == 0 else 0.9
        probs = np.full(classes, (1 - sure) / max(1, classes - 1))
        probs[value] = sure
        return {"run_id": run_id, "image_id": image_id, "label_id": label_id, "probs": probs.tolist(), "value": value,
                "confidence": sure, "heldout": heldout}  # fmt: skip
