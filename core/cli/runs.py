"""`runs` and `onnx`: what was trained, and a run's network for other programs."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from core.cli.common import add_verb, emit, id_number, job_options, open_workspace, text, work_as_job
from core.errors import GapwiseError
from core.jobs.deletion import delete_run
from core.jobs.reporter import Reporter
from core.store import runs as store
from core.training.compare import duration, spelled
from core.training.summary import Summary, summaries, summary


def register(verbs: argparse._SubParsersAction) -> None:
    listing = add_verb(verbs, "runs", "list what was trained, show or delete one run", _runs, json_output=True)
    about = "delete takes a run whose job is gone, and on which nothing stands"
    listing.add_argument("action", nargs="?", choices=("list", "show", "delete"), default="list", help=about)
    listing.add_argument("id", nargs="?", type=id_number, metavar="ID")
    listing.set_defaults(usage_error=listing.error)
    onnx = add_verb(verbs, "onnx", "write a run's network as an ONNX file and check it", _onnx, json_output=True)
    onnx.add_argument("--run", type=id_number, required=True, metavar="ID")
    onnx.add_argument("--out", type=text, metavar="FILE", help="default: model.onnx in the run's folder")
    job_options(onnx)


def _runs(args: argparse.Namespace) -> int:
    if (args.id is None) != (args.action == "list"):
        args.usage_error("list takes no run id" if args.action == "list" else f"{args.action} needs a run id")
    ws = open_workspace(args)
    if args.action == "list":
        found = summaries(ws)
        emit(args, [run.as_dict() for run in found], "\n".join(map(_line, found)) or "no runs yet")
        return 0
    if args.action == "delete":
        proposals = delete_run(ws, args.id)
        emit(args, {"id": args.id, "proposals": proposals}, f"run {args.id} is deleted, with {proposals} predictions")
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
    if out is not None:
        _check_folder(out)
    arguments = ["onnx", "--run", str(run_id), *([] if out is None else [f"--out={out}"])]

    def work(reporter: Reporter, _job_id: int) -> str:
        from core.exporting.onnx import export_onnx

        return export_onnx(ws, run_id, reporter, out)

    # It computes on the CPU, some seconds long: nobody has to wait for it, nor it for a training.
    return work_as_job(args, ws, "onnx", arguments, work, run_id, device=False)


def _check_folder(path: Path) -> None:
    """Find out by trying whether a file can be written there, before the work that it needs."""
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise GapwiseError(f"{path} can't be written: {error.strerror}. Name a file in another folder.") from error


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
