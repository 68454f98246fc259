"""All trainings of a comparison, one after another in this process. Imports torch: for worker processes only."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sqlalchemy import Row, select

from core.approaches.filling import (
    CASCADE,
    DROP,
    OURS,
    Filling,
    Heldout,
    Promise,
    contradictions,
    derive,
    filled,
    start,
    take_all,
    take_promised,
)
from core.approaches.layout import Layout
from core.approaches.plan import Outcome, Plan, read_plan, read_snapshot, write_plan
from core.approaches.score import summary
from core.approaches.stage import Answers, Table, answers
from core.errors import GapwiseError
from core.files import write_atomic
from core.jobs.reporter import Reporter
from core.labels.label import MISSING
from core.labels.rules import RuleSet
from core.store import profiles, schema
from core.training.between import Part, forget, light_collections
from core.training.train import full_disk_told
from core.workspace import Workspace

log = logging.getLogger("gapwise")

STAGES = "stages"


def run_comparison(ws: Workspace, job_id: int, reporter: Reporter) -> str:
    """Do what is left of a job's plan; return one line that says what came out.

    An approach that fails with a seed is noted with its reason, and the next one begins. A stop keeps all trainings
    that are done; a later call goes on in the middle of the one that was broken off.

    Raises:
        GapwiseError: If there is no plan, the disk is full, or everything failed.
    """
    folder = ws.job_dir(job_id)
    plan = read_plan(folder)
    if plan is None:
        raise GapwiseError(f"Job {job_id} has no plan, so there is nothing to go on with. Start the comparison again.")
    work = _Comparison(ws, folder, plan, reporter)
    with light_collections(), full_disk_told():
        for number, outcome in enumerate(plan.outcomes):
            if outcome.state == "finished":
                continue
            work.do(number, outcome)
            if reporter.should_stop():
                done = sum(o.state != "waiting" for o in plan.outcomes)
                return f"Stopped after {done} of {len(plan.outcomes)} tables; what is done is kept."
    failed = [o for o in plan.outcomes if o.state == "failed"]
    if len(failed) == len(plan.outcomes):
        raise GapwiseError(f"Every approach failed. The first one: {failed[0].reason}")
    return plan.summary["line"]


class _Comparison:
    def __init__(self, ws: Workspace, folder: Path, plan: Plan, reporter: Reporter) -> None:
        self.ws, self.folder, self.plan, self.reporter = ws, folder, plan, reporter
        self.snapshot = read_snapshot(folder)
        self.layout: Layout = self.snapshot.layout(plan)
        self.rules: RuleSet = plan.rule_set
        self.labels = plan.all_labels
        self.images = _images(ws, self.snapshot.image_ids)
        (folder / STAGES).mkdir(exist_ok=True)

    def do(self, number: int, outcome: Outcome) -> None:
        """Go through an approach's stages with one seed, and note what came out."""
        outcome.state, outcome.reason, outcome.stages = "waiting", "", []
        try:
            self._fill(number, outcome)
        except GapwiseError as error:
            if isinstance(error.__cause__, OSError):
                raise  # a full disk: the next one would end the same way
            log.exception("%s, seed %d failed", outcome.approach, outcome.seed)
            outcome.state, outcome.reason = "failed", str(error)
        if outcome.state == "waiting":
            return
        self.plan.summary = summary(self.plan, self.layout, self.folder)
        write_plan(self.folder, self.plan)

    def _fill(self, number: int, outcome: Outcome) -> None:
        filling = start(outcome.approach, self.layout, self.rules)
        predicted = np.full((int(self.layout.heldout.sum()), len(self.layout.order)), MISSING, dtype=np.int16)
        for place, label in enumerate(self.layout.order):
            told = Part(self.reporter, number * len(self.layout.order) + place, self.plan.total,
                        f"Seed {outcome.seed}, {outcome.approach}, {self.labels[label].name}: ")  # fmt: skip
            found, again = self._train(outcome, filling, label, told)
            if found is None:
                return
            rows = np.searchsorted(self.snapshot.image_ids, found.image_ids)
            measured = self.layout.heldout[rows]
            at = np.searchsorted(np.flatnonzero(self.layout.heldout), rows[measured])
            predicted[at, place] = found.probs[measured].argmax(axis=1)
            facts = self._take(outcome.approach, filling, label, rows[~measured], found, measured)
            outcome.stages.append({"label": self.labels[label].name, **found.metrics, "again": again, **facts})
        self._note(outcome, filling, predicted)

    def _train(self, outcome: Outcome, filling: Filling, label: int, told: Part) -> tuple[Answers | None, bool]:
        part = ~self.layout.copies
        if outcome.approach == DROP:
            part = part & (self.layout.complete | self.layout.heldout)
        rows = np.flatnonzero(part)
        table = Table(
            self.labels[label], [self.images[i] for i in rows], filling.values[rows, label],
            filling.trusted[rows, label],
        )  # fmt: skip
        recipe = self.plan.recipe_of(outcome.seed)
        stages = self.folder / STAGES
        again = (stages / f"{table.key(recipe)}.npz").is_file()
        try:
            return answers(self.ws, stages, table, self.plan.recipe_name, recipe, told), again
        finally:
            forget()

    def _take(
        self, approach: str, filling: Filling, label: int, rows: np.ndarray, found: Answers, measured: np.ndarray
    ) -> dict[str, object]:
        """Fill the label's gaps as the approach does; return what is worth telling about it."""
        before = int((filling.values != MISSING).sum())
        probs, facts = found.probs[~measured], {}
        if approach == CASCADE:
            take_all(filling, label, rows, probs)
        elif approach == OURS:
            at = np.searchsorted(self.snapshot.image_ids, found.heldout_ids)
            heldout = Heldout(self.layout.seen[at], found.heldout_probs, found.heldout_truth)
            promises = take_promised(filling, label, rows, probs, heldout, self.plan.precision, self.rules)
            facts["promises"] = [self._told(promise) for promise in promises]
        facts["taken"] = int((filling.values != MISSING).sum()) - before
        if approach != DROP:
            derive(filling, self.rules)
        return facts

    def _told(self, promise: Promise) -> dict[str, object]:
        known = {self.labels[j].name: self.labels[j].classes[code] for j, code in promise.known.items()}
        return {**asdict(promise), "known": known}

    def _note(self, outcome: Outcome, filling: Filling, predicted: np.ndarray) -> None:
        content = io.BytesIO()
        np.savez(content, predicted=predicted, values=filling.values, origins=filling.origins)
        write_atomic(self.folder / outcome.file, content.getvalue())
        outcome.filled = filled(filling, self.layout.gaps)
        outcome.contradictions = contradictions(filling, self.rules)
        outcome.state = "finished"


def _images(ws: Workspace, image_ids: np.ndarray) -> Sequence[Row]:
    i = schema.image
    with ws.read() as connection:
        rows = {r.id: r for part in profiles.parts(image_ids.tolist())
                for r in connection.execute(select(i).where(i.c.id.in_(part)))}  # fmt: skip
    try:
        return [rows[image_id] for image_id in image_ids.tolist()]
    except KeyError as error:
        raise GapwiseError("Images were removed since the comparison began. Start it again.") from error
