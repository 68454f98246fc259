"""`runs` and `onnx`: what was trained, and a run's network for other programs."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from core import jobs
from core.cli.common import add_verb, emit, open_workspace, text
from core.store import runs as store
from core.training.compare import duration, spelled
from core.training.summary import Summary, summaries, summary


def register(verbs: argparse._SubParsersAction) -> None:
    listing = add_verb(verbs, "runs", "list what was trained, or show one run", _runs, json_output=True)
    listing.add_argument("action", nargs="?", choices=("list", "show"), default="list")
    listing.add_argument("id", nargs="?", type=int, metavar="ID")
    listing.set_defaults(usage_error=listing.error)
    onnx = add_verb(verbs, "onnx", "write a run's network as an ONNX file and check it", _onnx, json_output=True)
    onnx.add_argument("--run", type=int, required=True, metavar="ID")
    onnx.add_argument("--out", type=text, metavar="FILE", help="default: model.onnx in the run's folder")
    onnx.add_argument("--detach", action="store_true", help="start it in another process and print the job's id")
    onnx.add_argument("--job", type=int, help=argparse.SUPPRESS)


def _runs(args: argparse.Namespace) -> int:
    if (args.id is None) != (args.action == "list"):
        args.usage_error("list takes no run id" if args.action == "list" else "show needs a run id")
    ws = open_workspace(args)
    if args.action == "list":
        found = summaries(ws)
        emit(args, [run.as_dict() for run in found], "\n".join(map(_line, found)) or "no runs yet")
        return 0
    run = summary(ws, args.id)
    with ws.read() as connection:
        new = store.new_labels(connection, ws, run.id)
    since = None if new is None else {"trusted": new.trusted, "pseudo": new.pseudo, "changed": new.changed}
    emit(args, {**run.as_dict(), "new_labels": since}, _shown(run, new))
    return 0


def _onnx(args: argparse.Namespace) -> int:
    ws = open_workspace(args)
    with ws.read() as connection:
        run_id = store.run(connection, args.run).id  # a wrong number is told before anything starts
    out = None if args.out is None else Path(args.out).expanduser().resolve()
    arguments = ["onnx", "--run", str(run_id), *([] if out is None else [f"--out={out}"])]
    if args.detach:
        job_id = jobs.start(ws, "onnx", arguments, run_id)
        emit(args, {"id": job_id}, str(job_id))
        return 0
    from core.jobs.worker import run_job

    def work(reporter) -> str:
        from core.exporting.onnx import export_onnx

        return export_onnx(ws, run_id, reporter, out)

    foreground = args.job is None
    job_id = jobs.register(ws, "onnx", arguments, run_id) if foreground else args.job
    # It computes on the CPU, some seconds long: nobody has to wait for it, nor it for a training.
    status = run_job(ws, job_id, work, device=False, foreground=foreground)
    if status == 0:
        job = jobs.get_job(ws, job_id)
        emit(args, job.as_dict(), job.message)
    return status


def _line(run: Summary) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    result = f"accuracy {_percent(run.accuracy)}  F1 {_percent(run.f1)}"
    spent = duration(run.seconds) if run.epochs else "–"
    return (
        f"{run.id:>4}  {run.state:<8}  {result}  {spent:>12}  data {run.data[:8] or '–':<8}  {when}"
        f"  {run.label}, {run.recipe}"
    )


def _shown(run: Summary, new: store.NewLabels | None) -> str:
    lines = [
        _line(run),
        f"best epoch {spelled(run.best_epoch)} of {run.epochs} measured, {spelled(run.planned)} planned;"
        f" {spelled(run.images_per_second)} images/s on {run.device or 'an unknown device'}",
        f"learned from {run.train} images, measured on {run.heldout}; values from {', '.join(run.sources) or '–'}",
        *(f"  {name} = {spelled(value)}" for name, value in run.settings.items()),
    ]
    if new is not None:
        lines.append(f"since then: {new.trusted} new labels, {new.pseudo} accepted in bulk, {new.changed} changed")
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return f"{'–':>6}" if value is None else f"{100 * value:5.1f}%"
