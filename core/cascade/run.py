"""A cascade's stages, one after another in this process, as far as the next stop. Imports torch: for workers only."""

from __future__ import annotations

import logging
from contextlib import suppress

from core.cascade.accept import count_open, look, taken_back
from core.cascade.order import lost, needed, state
from core.cascade.plan import FINISHED, NEVER, REVIEW, SKIPPED, TRAINING, Plan, Stage, read_plan, write_plan
from core.cascade.words import done, stopped
from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.jobs.stops import Waiting, released
from core.store import missing, runs
from core.store.cells import TRUSTED, derive_all
from core.store.labels import labels as read_labels
from core.training.between import Part, forget, light_collections
from core.training.rundir import RunDir
from core.training.split import split
from core.training.train import Order, full_disk_told, train
from core.workspace import Workspace

log = logging.getLogger("gapwise")


def run_cascade(ws: Workspace, job_id: int, reporter: Reporter) -> str:
    """Do what is left of a job's plan as far as the next stop; return one line that says what came out.

    A `Waiting` comes back where people are to review first. After that, after a stop and after a kill a later call goes
    on: no stage is trained again, and nothing is accepted twice.

    Raises:
        GapwiseError: If there is no plan, the disk is full, or a label can't be trained: what is wrong can be mended
            and the job resumed.
    """
    plan = read_plan(ws.job_dir(job_id))
    if plan is None:
        raise GapwiseError(f"Job {job_id} has no plan, so there is nothing to go on with. Start the cascade again.")
    work = _Cascade(ws, job_id, plan, reporter)
    with light_collections(), full_disk_told():
        return work.go()


class _Cascade:
    def __init__(self, ws: Workspace, job_id: int, plan: Plan, reporter: Reporter) -> None:
        self.ws, self.job_id, self.plan, self.reporter = ws, job_id, plan, reporter
        self.folder = ws.job_dir(job_id)

    def go(self) -> str:
        if self.plan.derived is None:
            self._begin()
        for number, stage in enumerate(self.plan.stages, 1):
            if self.reporter.should_stop():
                return f"Stopped before stage {number} of {len(self.plan.stages)}; what is done is kept."
            if stage.over:
                continue
            if stage.state != REVIEW and (ended := self._stage(number, stage)):
                return ended
            if stage.state == REVIEW:
                if released(self.folder) < number:
                    self.reporter.progress(number, len(self.plan.stages), "")
                    return Waiting(stopped(stage, number, len(self.plan.stages)))
                self._reviewed(stage)
        with self.ws.read() as connection:
            back = {stage.label_id: taken_back(connection, stage) for stage in self.plan.stages}
        return done(self.plan, self._open_elsewhere(), back)

    def _begin(self) -> None:
        """Write what is free, and choose what is measured on while no model had a hand in it."""
        with self.ws.write() as connection:
            derived, labels = derive_all(connection), read_labels(connection)
        for stage in (one for one in self.plan.stages if one.label_id in labels):
            # One that has too little to hold out is told so when its turn comes: people may know more by then.
            with suppress(GapwiseError), self.ws.write() as connection:
                split(connection, stage.label_id, labels[stage.label_id], TRUSTED)
        self.plan.derived = derived
        self._note()

    def _stage(self, number: int, stage: Stage) -> str:
        """Train a label and accept what keeps its promise; return why that ended early, "" when it didn't."""
        name, reason = self._needless(stage)
        if reason:
            log.info("stage %d, %s, skipped: %s", number, stage.label, reason)
            stage.state, stage.reason, stage.left = SKIPPED, reason, 0
            self._note()
            return ""
        if stage.state != TRAINING:
            with self.ws.read() as connection:
                stage.before = count_open(connection, stage.label_id)
            stage.state = TRAINING
            self._note()
        total = len(self.plan.stages)
        if not self._train(stage, name, Part(self.reporter, number - 1, total, f"Stage {number} of {total}, {name}: ")):
            return f"Stopped in stage {number} of {total}, {name}; Resume goes on there."
        self._look(stage, 1)
        stage.state = REVIEW if stage.left and stage.stop != NEVER and self._more(number) else FINISHED
        self._note()
        return ""

    def _needless(self, stage: Stage) -> tuple[str, str]:
        """Return the label's name now, and why it needs no training; "" where it does."""
        with self.ws.read() as connection:
            label = read_labels(connection).get(stage.label_id)
            if label is None:
                return stage.label, "the label is not in the workspace any more"
            if stage.run is not None or self._begun(stage) is not None:
                return label.name, ""  # it was begun when it was needed
            if not count_open(connection, stage.label_id):
                return label.name, "nothing is open: no model is needed"
            if not self.plan.chosen and label.name not in needed(now := state(connection)):
                poor = lost(now).get(label.name)
                why = f"{poor}: no model can learn it" if poor else "it follows by rules from other labels now"
                return label.name, why
        return label.name, ""

    def _train(self, stage: Stage, name: str, told: Part) -> bool:
        """Train a stage's run to its end and predict with it; return False when stopped before."""
        order = Order(name, stage.recipe_name, stage.full_recipe())
        try:
            train(self.ws, order, told, self.job_id, self._begun(stage))
        finally:
            forget()
        if told.should_stop():
            return False
        stage.run = self._begun(stage)
        with self.ws.read() as connection:
            row = runs.run(connection, stage.run)
        seconds = float(runs.metrics_frame(self.ws, stage.run)["seconds"].sum())
        kept = {k: row.metrics[k] for k in ("accuracy", "f1")}
        stage.figures = {**kept, "images": sum(row.config["heldout"].values()), "seconds": round(seconds, 1)}
        return True

    def _begun(self, stage: Stage) -> int | None:
        """Return the run of a stage, also one that a killed worker did not live to note; None before there is one."""
        with self.ws.read() as connection:
            found = runs.list_runs(connection, stage.label_id)
        mine = (r.id for r in found if r.job_id == self.job_id)  # a label has one stage
        return next((run_id for run_id in mine if RunDir(self.ws.run_dir(run_id)).whole), None)

    def _look(self, stage: Stage, number: int) -> None:
        with self.ws.write() as connection:
            stage.looks.append(look(connection, stage, number, self.job_id, self.plan.reviewer))
            stage.left = count_open(connection, stage.label_id)

    def _reviewed(self, stage: Stage) -> None:
        """Look once more: what people answered may make a promise possible, and rules may have come."""
        with self.ws.read() as connection:
            there = stage.label_id in read_labels(connection)
        if there:
            self._look(stage, 2)
        stage.state = FINISHED
        self._note()

    def _more(self, number: int) -> bool:
        """Whether a later stage has something to do: else nothing waits for people."""
        return any(not stage.over and not self._needless(stage)[1] for stage in self.plan.stages[number:])

    def _open_elsewhere(self) -> dict[str, int]:
        """Return open cells of labels that have no stage."""
        mine = {stage.label_id for stage in self.plan.stages}
        with self.ws.read() as connection:
            report, labels = missing.report(connection), read_labels(connection)
        counts = {label.name: report.by_label[label.name]["open"] for i, label in labels.items() if i not in mine}
        return {name: count for name, count in counts.items() if count}

    def _note(self) -> None:
        write_plan(self.folder, self.plan)
