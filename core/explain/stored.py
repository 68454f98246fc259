"""Maps that are there already, in their table or with the proposal that they explain. No torch: for the server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from core.errors import GapwiseError
from core.explain.asking import Answer, Ask
from core.explain.odds import softmax
from core.explain.sentences import said
from core.explain.targets import Target, parse
from core.store import maps
from core.store.images import image
from core.store.labels import labels
from core.store.map_schema import VERDICT
from core.store.runs import BEST, METRICS, NOTES
from core.store.runs import run as run_row
from core.workspace import Workspace

_OWN = ("gradcam", "none")  # method and smoothing of the map that comes with a prediction


def find(ws: Workspace, ask: Ask) -> Answer | None:
    """Return the answer to an ask where it is stored, else None.

    Raises:
        GapwiseError: If there is no such run, image or checkpoint, or the target is none of the label's classes, or the
            true class is asked for and nobody knows it.
    """
    with ws.read() as connection:
        image(connection, ask.image_id)
        if ask.run_id is None:
            return None
        label_id = run_row(connection, ask.run_id).label_id
        digest = checkpoint(ws.run_dir(ask.run_id))
        layer, whole = own_layer(ws.run_dir(ask.run_id), digest)
        own = maps.own_map(connection, ask.run_id, ask.image_id) if whole else None
        predicted = own.predicted if own else maps.predicted(connection, ask.run_id, digest, ask.image_id)
        truth = maps.truths(connection, label_id, [ask.image_id]).get(ask.image_id)
        target = parse(ask.target, len(labels(connection)[label_id].classes))
        if predicted is None:
            _check_truth(target, truth)
            return None
        resolved = target.resolve(predicted, truth)
        if own and not ask.trust and is_own(ask.method, ask.smooth, ask.layer, layer) and resolved == str(predicted):
            about = (own.map_height, own.map_width, own.map, resolved, own.probs, layer, None)
            return Answer(ask.image_id, *about, stored=True, predicted=predicted)
        wanted = maps.Wanted(ask.run_id, digest, ask.method, ask.layer, ask.smooth, ask.trust)
        row = maps.find(connection, wanted, ask.image_id, resolved)
    if row is None:
        return None
    temperature = float(prediction_notes(ws.run_dir(ask.run_id), digest).get("temperature", 1.0))
    trust = _verdict(row.trust, row.target, temperature)
    # A map that was made before the run predicted has probabilities that were not calibrated yet.
    probs = own.probs if own else _calibrated(trust, temperature) or row.probs
    about = (row.height, row.width, row.map, row.target, probs, row.layer, trust)
    return Answer(ask.image_id, *about, stored=True, predicted=row.predicted)


def own_verdicts(ws: Workspace, run_id: int, values: Mapping[int, int]) -> dict[int, str] | None:
    """Return what is stored of whether the maps that come with a run's predictions can be trusted, in words.

    Args:
        values: Image id to the class that the run says, which the map is of.

    Returns:
        Image id to a sentence for each map that was tested; None where the maps are not, or not all, of the run's
        present checkpoint, so that no verdict is known to be about them.
    """
    folder = ws.run_dir(run_id)
    try:
        digest = checkpoint(folder)
    except GapwiseError:
        return None
    layer, whole = own_layer(folder, digest)
    if layer is None or not whole:
        return None
    temperature = float(prediction_notes(folder, digest).get("temperature", 1.0))
    method, smooth = _OWN
    wanted = maps.Wanted(run_id, digest, method, layer, smooth, trust=True)
    with ws.read() as connection:
        rows = maps.judged(connection, wanted, list(values))
    return {i: said(trust, target, temperature) for i, target, trust in rows if target == str(values[i])}


def is_own(method: str, smooth: str, layer: str | None, own: str | None) -> bool:
    """Whether maps of the predicted class made so are those that come with the predictions, of the layer `own`."""
    return own is not None and (method, smooth) == _OWN and layer in (None, own)


def _verdict(trust: dict | None, target: str, temperature: float) -> dict | None:
    """Return a stored verdict told with today's calibration; None where it comes from another test."""
    if trust is None or trust.get("test") != VERDICT:
        return None
    return {**trust, "sentence": said(trust, target, temperature)}


def _calibrated(trust: dict | None, temperature: float) -> list[float] | None:
    """Return class probabilities as the verdict beside them tells them; None where it has no scores."""
    if trust is None or not trust["logits"]:
        return None
    return [round(float(p), 6) for p in softmax(trust["logits"][0], temperature)]


def _check_truth(target: Target, truth: int | None) -> None:
    """Raise a GapwiseError now, where no network has to be asked to know that there is no answer."""
    if target.needs_truth and truth is None:
        target.resolve(-1, truth)


def checkpoint(folder: Path) -> str:
    """Return the SHA-256 of a run's best weights, read again only when the file has changed.

    Raises:
        GapwiseError: If it is not there.
    """
    path = folder / BEST
    try:
        stat = path.stat()
        return _digest(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except OSError as error:
        why = "somebody removed it" if (folder / METRICS).is_file() else "no epoch of the run has been measured yet"
        raise GapwiseError(f"There is no checkpoint {path}: {why}. Resume the training, or train anew.") from error


@lru_cache(maxsize=256)
def _digest(path: Path, changed: int, size: int, inode: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_layer(folder: Path, digest: str) -> tuple[str | None, bool]:
    """Return the layer that the maps of a run's predictions are made of, and whether all of them are this checkpoint's.

    (None, False) where the run has not predicted with it.
    """
    notes = prediction_notes(folder, digest)
    return (notes.get("layer"), not notes.get("mixed", True)) if notes else (None, False)


def prediction_notes(folder: Path, digest: str) -> dict:
    """Return what a run's prediction noted about this checkpoint (temperature, layer, mixed); {} where it has not."""
    try:
        notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
        return notes if notes["checkpoint"] == digest else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def row_of(answer: Answer, way: Mapping[str, str], about: Mapping[str, object]) -> dict[str, object]:
    """Return an answer as a row of the table.

    Args:
        way: method and smooth.
        about: run_id, label_id, checkpoint, and chosen: whether its layer is the one that is taken by itself.
    """
    return {
        **about,
        **way,
        "image_id": answer.image_id,
        "layer": answer.layer,
        "target": answer.resolved,
        "map": answer.map,
        "height": answer.height,
        "width": answer.width,
        "probs": answer.probs,
        "predicted": answer.predicted,
        "trust": answer.trust,
        "holds": None if answer.trust is None else int(answer.trust["holds"]),
    }
