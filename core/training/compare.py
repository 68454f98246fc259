"""Runs side by side: what was set differently, what came out."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.training.summary import Summary

RESULTS = ("accuracy", "f1", "f1_macro", "loss", "best_epoch", "epochs", "seconds", "images_per_second", "state")
DATA = ("label", "data", "train", "heldout", "sources")
_WORDS = {
    "f1": "F1",
    "f1_macro": "macro F1",
    "best_epoch": "best epoch",
    "epochs": "epochs measured",
    "seconds": "time",
    "images_per_second": "images/s",
    "data": "data fingerprint",
    "train": "images learned from",
    "heldout": "images held out",
    "sources": "values from",
}


def compare(found: Sequence[Summary]) -> pd.DataFrame:
    """Return one row per setting and result, one column of text per run, rows that differ first.

    Returns:
        Columns part (result, setting, data, library), what, differs (bool), then the runs' ids as text. A value that a
        run does not have is "–". Within rows that differ, and within those that don't, the order is that of the parts.
    """
    rows = [*_of("result", ("recipe", *RESULTS, "device"), found), *_of("data", DATA, found)]
    for part, name in (("setting", "settings"), ("library", "versions")):
        tables = [getattr(run, name) for run in found]
        keys = dict.fromkeys(key for table in tables for key in table)
        rows += [_row(part, key, [table.get(key) for table in tables]) for key in keys]
    columns = ["part", "what", "differs", *(str(run.id) for run in found)]
    rows = [r for r in rows if any(value != "–" for value in r[3:])]
    order = {"result": 0, "setting": 1, "data": 2, "library": 3}
    rows.sort(key=lambda r: (not r[2], order[r[0]]))
    return pd.DataFrame(rows, columns=columns)


def settings_frame(found: Sequence[Summary], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return one row per run that has results: its differing settings, then accuracy and F1.

    Args:
        names: The settings to show; those that differ between the runs when None.

    Returns:
        Index: run ids. Columns: settings, as they are in the recipes, None where a run lacks one; accuracy, f1.
    """
    measured = [run for run in found if run.accuracy is not None]
    if names is None:
        keys = dict.fromkeys(key for run in measured for key in run.settings)
        names = [k for k in keys if len({str(run.settings.get(k)) for run in measured}) > 1]
        if len({run.data for run in measured}) > 1:  # other cells make a difference that no setting shows
            names = [*names, "train"]
    rows = [
        {n: run.train if n == "train" else run.settings.get(n) for n in names}
        | {"accuracy": run.accuracy, "f1": run.f1}
        for run in measured
    ]
    index = pd.Index([run.id for run in measured], name="run")
    return pd.DataFrame(rows, index=index, columns=[*names, "accuracy", "f1"])


def spelled(value: object) -> str:
    """Return what people read for a value: four significant digits are enough for a figure."""
    if value is None or value == "" or value == ():
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _of(part: str, names: Sequence[str], found: Sequence[Summary]) -> list[list]:
    return [_row(part, _WORDS.get(name, name), [_value(run, name) for run in found]) for name in names]


def _value(run: Summary, name: str) -> object:
    value = getattr(run, name)
    if name == "seconds":
        return duration(value) if run.epochs else None
    if name in ("accuracy", "f1", "f1_macro"):
        return None if value is None else f"{value:.1%}"
    return value[:12] if name == "data" else value


def _row(part: str, what: str, values: list[object]) -> list:
    texts = [spelled(v) for v in values]
    # What is written decides: a mark at two texts that read alike would only puzzle.
    return [part, what, len(set(texts)) > 1, *texts]


def duration(seconds: float) -> str:
    """Return a time as people say it: 48 s, 12 min 5 s, 3 h 20 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
