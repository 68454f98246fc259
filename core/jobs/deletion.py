"""Deleting a job, with or without the runs it made. What people decided is never touched."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import GapwiseError
from core.jobs.control import end_silent, unchanged
from core.jobs.job import Job, active_jobs, get_job
from core.store import jobs as store
from core.store import removal, runs
from core.workspace import Workspace


@dataclass(frozen=True)
class Belongings:
    """What belongs to a job.

    Attributes:
        runs: The runs that it made, oldest first; a run that it only worked on is not its own.
        run_bytes: What their folders hold.
        proposals: Predictions that they stored.
        decisions, cells: How many of them stand on those predictions, taken back or not.
        users: Active jobs that work on one of the runs.
    """

    job: Job
    runs: tuple[int, ...]
    run_bytes: int
    proposals: int
    decisions: int
    cells: int
    users: tuple[int, ...]

    @property
    def obstacle(self) -> str:
        """Why its runs can't be deleted; empty when they can."""
        named = f"run{'s' if len(self.runs) > 1 else ''} {', '.join(map(str, self.runs))}"
        if self.users:
            return f"Job {self.users[0]} works on {named}. Stop it first."
        if self.decisions or self.cells:
            return f"{_needed(named, self.decisions, self.cells)} Delete the job without its runs."
        return ""


def belongings(ws: Workspace, job_id: int) -> Belongings:
    """Return what belongs to a job, to show before it is deleted.

    Raises:
        GapwiseError: If there is no such job.
    """
    job = get_job(ws, job_id)
    with ws.read() as connection:
        runs = tuple(store.own_runs(connection, job_id))
        proposals = removal.count_proposals(connection, runs)
        decisions, cells = removal.count_standing(connection, runs)
    users = tuple(j.id for j in active_jobs(ws) if j.run_id in runs and j.id != job_id)
    size = sum(_size(ws.run_dir(run)) for run in runs)
    return Belongings(job, runs, size, proposals, decisions, cells, users)


def delete(ws: Workspace, job_id: int, with_run: bool = False) -> Belongings:
    """Delete a job that is not active: its row, its folder, and its runs when asked for.

    A run on whose predictions decisions or cells stand is refused as a whole, and the job stays too: a run without its
    weights would be in every list and fail at everything that people do with runs.

    Returns:
        What belonged to the job.

    Raises:
        GapwiseError: If it is active, or its runs are needed; nothing is deleted then. Or if files can't be removed.
    """
    found = belongings(ws, job_id)
    if found.job.active:
        raise GapwiseError(f"Job {job_id} is {found.job.state}. Stop it first, then delete it.")
    if with_run and found.obstacle:
        raise GapwiseError(found.obstacle)
    row = end_silent(ws, job_id)
    with ws.write() as connection:
        if not unchanged(row, store.job_row(connection, job_id)):
            raise GapwiseError(f"Job {job_id} has just been resumed by somebody else; it stays.")
        if with_run:
            # Looked at again with the write lock: somebody may have decided something meanwhile.
            if any(removal.count_standing(connection, found.runs)):
                raise GapwiseError(
                    f"Somebody has just decided something that stands on job {job_id}'s runs. All stays."
                )
            removal.remove_runs(connection, found.runs)
        store.remove_job(connection, job_id)
    for folder in [ws.job_dir(job_id), *(ws.run_dir(run) for run in found.runs if with_run)]:
        _remove(folder)
    return found


def delete_run(ws: Workspace, run_id: int) -> int:
    """Delete a run whose job is gone; return how many predictions went with it.

    Raises:
        GapwiseError: If there is no such run, its job is still there, an active job works on it, or decisions or cells
            stand on its predictions; nothing is deleted then. Or if files can't be removed.
    """
    users = [job.id for job in active_jobs(ws) if job.run_id == run_id]
    with ws.write() as connection:
        owner = runs.run(connection, run_id).job_id
        if owner is not None and store.find_job(connection, owner) is not None:
            raise GapwiseError(f"Run {run_id} belongs to job {owner}. Delete both: `jobs delete {owner} --with-run`.")
        if users:
            raise GapwiseError(f"Job {users[0]} works on run {run_id}. Stop it first.")
        decisions, cells = removal.count_standing(connection, (run_id,))
        if decisions or cells:
            raise GapwiseError(_needed(f"run {run_id}", decisions, cells))
        proposals = removal.count_proposals(connection, (run_id,))
        removal.remove_runs(connection, (run_id,))
    _remove(ws.run_dir(run_id))
    return proposals


def _needed(named: str, decisions: int, cells: int) -> str:
    return (
        f"Predictions of {named} are needed ({decisions:,} × in decisions, {cells:,} × in cells):"
        " they say what people saw when they decided."
    )


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise GapwiseError(f"{folder} is not needed any more, but can't be removed: {error.strerror}.") from error


def _size(folder: Path) -> int:
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # a run that trains replaces its checkpoints
                total += os.path.getsize(os.path.join(at, name))
    return total
