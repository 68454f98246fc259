"""Makes the demo workspace, picks up a build that was interrupted, and keeps the scenes' truth apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from core.demo import scenes
from core.errors import GapwiseError
from core.images.prepare import prepare
from core.importing.check import check
from core.importing.commit import commit
from core.importing.plan import ImportPlan, LabelPlan
from core.jobs.reporter import Reporter, Silent
from core.store.images import image_count
from core.workspace import Workspace

NAME = "Demo: street scenes"
RULE = "5k = mask and distancing"
_NAMES = {"mask": ["no mask", "mask"], "distancing": ["too close", "apart"], "5k": ["not 5K", "5K"]}
_FOLDER = "demo"
# Settings of the workspace: what was begun (images, seed), and, once all is done, where the truth lies.
_BEGUN, _TRUTH = "demo", "demo_truth"


def build(workspace_root: Path | str, n: int = 600, seed: int = 0, reporter: Reporter | None = None) -> Workspace:
    """Make the demo workspace, or open the one that is there.

    A finished demo is left as it is, whatever n and seed say. One that was interrupted is finished: with the n
    and seed that it was begun with once its images are in the database, else with these.

    Args:
        workspace_root: The workspace's folder; it is made.
        n: How many scenes.
        seed: The same n and seed give the same demo.
        reporter: Hears how far it is, out of 100. When it asks for a stop the build ends; calling again goes on.

    Raises:
        GapwiseError: If n or seed make no sense, the workspace holds something else, the folder can't be written,
            or the reporter asked for a stop.
    """
    scenes.check_size(n, seed)
    reporter = reporter or Silent()
    ws = Workspace.create(workspace_root, NAME)
    if finished(ws):
        return ws
    n, seed, imported = _begin(ws, n, seed)
    folder = ws.root / _FOLDER
    if imported:
        scenes.write_tables(folder, n, seed)  # quick, and the truth may be what got lost
    else:
        scenes.generate(folder, n, seed, progress=_Stage(reporter, 0, 60, "drawing street scenes").progress)
        _import(ws, folder, _Stage(reporter, 60, 75, "reading the scenes"))
    prepare(ws, _Stage(reporter, 75, 100, "making previews and measuring pictures"))
    ws.set_setting(_TRUTH, f"{_FOLDER}/truth.csv")
    reporter.progress(100, 100, "the demo is ready")
    return ws


def finished(ws: Workspace) -> bool:
    """Whether a workspace is a demo that was built to the end."""
    return _truth_file(ws) is not None and _truth_file(ws).is_file()


def truth(ws: Workspace) -> pd.DataFrame | None:
    """Return the demo's true labels, which no model and no reviewer gets to see; None in any other workspace.

    Returns:
        Columns `image_id` (int), `fname` (str), `mask`, `distancing` and `5k` (int, 0 or 1: the class codes),
        one row for each scene in the table's order.

    Raises:
        GapwiseError: If the file is gone.
    """
    file = _truth_file(ws)
    if file is None:
        return None
    try:
        return pd.read_csv(file, dtype={"fname": str})
    except OSError as error:
        raise GapwiseError(
            f"The demo's truth can't be read from {file}: {error.strerror}."
            f" Draw it again with `python -m core demo --workspace {ws.root}`."
        ) from error


def _truth_file(ws: Workspace) -> Path | None:
    relative = ws.setting(_TRUTH)
    return None if relative is None else ws.root / str(relative)


def _begin(ws: Workspace, n: int, seed: int) -> tuple[int, int, bool]:
    """Note what is built and clear away what another try left.

    Returns:
        The n and seed that hold, and whether the images are in the database: an import is one transaction.
    """
    begun = ws.setting(_BEGUN)
    with ws.read() as connection:
        imported = image_count(connection)
    if imported and begun is None:
        raise GapwiseError(
            f"The workspace in {ws.root} holds {imported} images that are not the demo's."
            " Give the demo a folder of its own: `python -m core demo --workspace DIR`."
        )
    if imported:
        return begun["images"], begun["seed"], True
    wanted = {"images": n, "seed": seed}
    if begun != wanted:
        shutil.rmtree(ws.root / _FOLDER, ignore_errors=True)
        ws.set_setting(_BEGUN, wanted)
    return n, seed, False


def _import(ws: Workspace, folder: Path, reporter: Reporter) -> None:
    plan = _plan(folder)
    found = check(plan, reporter=reporter, ws=ws)
    if found.set_aside:
        raise GapwiseError(
            f"{found.set_aside} of the demo's own scenes in {folder} can't be read:"
            f" {', '.join(found.counts())}. Delete {ws.root} and start the demo again."
        )
    commit(ws, found.plan, found)


def _plan(folder: Path) -> ImportPlan:
    labels = [LabelPlan(name=name, column=name, classes=["0", "1"], names=names) for name, names in _NAMES.items()]
    return ImportPlan(
        table=str(folder / "train_meta.csv"),
        images=str(folder / "images"),
        filename="fname",
        id_column="image_id",
        labels=labels,
        rules=[RULE],
    )


class _Stage:
    """A part of the build as a reporter of its own: its progress is a share of the whole."""

    def __init__(self, reporter: Reporter, start: float, end: float, message: str) -> None:
        self._reporter, self._start, self._end, self._message = reporter, start, end, message

    def progress(self, done: float, total: float, message: str = "", **figures: object) -> None:
        """Pass progress on; end the build when somebody asked for a stop: what is done is found again later."""
        if self._reporter.should_stop():
            raise GapwiseError("The demo was stopped before it was ready. Start it again: it goes on from there.")
        share = done / total if total else 1.0
        self._reporter.progress(self._start + share * (self._end - self._start), 100, self._message)

    def should_stop(self) -> bool:
        return False  # `progress` ends the build instead
