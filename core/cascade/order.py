"""Which labels need a model, and in what order a cascade trains them: argued from counts, measured, or one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from sqlalchemy import Connection

from core.errors import GapwiseError
from core.labels.deduce import OPEN, deduce
from core.labels.label import MISSING
from core.labels.missing import MissingReport
from core.labels.rules import RuleSet
from core.store import missing, profiles, runs
from core.store.cells import TRUSTED, rule_set
from core.store.labels import label_id
from core.store.runs import QUALITY
from core.workspace import Workspace

COUNTS, MEASURED, OWN = "counts", "quality", "own"
ORDERS = {COUNTS: "Fewest gaps first", MEASURED: "Best held-out quality first", OWN: "My own order"}
MOST_COMBINATIONS = 4096  # of other labels' classes, to see whether they say what a label is


@dataclass(frozen=True)
class Place:
    """A label in the order.

    Attributes:
        gaps: Of the imported table. open: cells without a value that no rule settles.
        why: Why it stands where it does, for people.
    """

    label_id: int
    label: str
    gaps: int
    open: int
    why: str


@dataclass(frozen=True)
class Score:
    """What a label's newest measured run is worth on held-out images; `brier` 0..1, 0 is perfect."""

    run: int
    images: int
    accuracy: float
    f1: float
    brier: float


@dataclass(frozen=True)
class State:
    """What an order is made from.

    Attributes:
        poor: Names of the labels that no model can learn now, and why.
    """

    rules: RuleSet
    report: MissingReport
    poor: Mapping[str, str]


def state(connection: Connection) -> State:
    """Return what an order is made from.

    Raises:
        GapwiseError: If nothing was imported yet.
    """
    return State(rule_set(connection), missing.report(connection), _poor(connection))


def to_train(ws: Workspace) -> tuple[list[str], dict[str, str]]:
    """Return the labels that need a model, fewest gaps first, and those that would and can't have one, with the reason.

    Those need one that have open cells and that others don't define. A label like `5k = mask and distancing` follows as
    soon as the others are there. Of labels that define each other the one with the most gaps goes without.

    Raises:
        GapwiseError: If nothing was imported yet.
    """
    with ws.read() as connection:
        now = state(connection)
    return needed(now), lost(now)


def needed(now: State) -> list[str]:
    """Return the labels that need a model and can have one, fewest gaps first."""
    rules, report = now.rules, now.report
    wanted, settled = _wanted(now)
    for j in sorted(wanted, key=lambda j: -report.missing[rules.labels[j].name]):
        if _defined(j, [k for k in wanted if k != j] + settled, rules):
            wanted.remove(j)
    return [rules.labels[j].name for j in sorted(wanted, key=lambda j: report.missing[rules.labels[j].name])]


def lost(now: State) -> dict[str, str]:
    """Return the labels with open cells that neither a model nor the others can say, and why."""
    wanted, settled = _wanted(now)
    return {
        label.name: now.poor[label.name]
        for j, label in enumerate(now.rules.labels)
        if label.name in now.poor and _open(now, label.name) and not _defined(j, [*wanted, *settled], now.rules)
    }


def _wanted(now: State) -> tuple[list[int], list[int]]:
    """Return the positions of the labels that a model could fill, and of those that have nothing open."""
    can = [j for j, label in enumerate(now.rules.labels) if label.name not in now.poor]
    gaps = {j: _open(now, now.rules.labels[j].name) for j in can}
    return [j for j in can if gaps[j]], [j for j in can if not gaps[j]]


def _open(now: State, name: str) -> int:
    return now.report.by_label[name]["open"]


def _poor(connection: Connection) -> dict[str, str]:
    """Return the labels that no model can learn, and why; images that are alike are looked at once."""
    found, told = profiles.read(connection), {}
    trusted = np.isin(found.sources, [profiles.SOURCES.index(name) for name in TRUSTED])
    for j, label in enumerate(found.labels):
        classes = np.unique(found.values[trusted[:, j] & (found.values[:, j] != MISSING), j])
        if not len(classes):
            told[label.name] = "nothing is known of it"
        elif len(classes) == 1:
            told[label.name] = f"only {label.names[int(classes[0])]!r} is known of it"
    return told


def ordered(ws: Workspace, order: str = COUNTS, names: Sequence[str] = ()) -> tuple[list[Place], dict[str, str]]:
    """Return the labels that are trained, in order, and the others with the reason why they need no model.

    Args:
        order: One of ORDERS. With OWN, `names` stand in the order that is meant.
        names: Only these, whether or not they need a model; all that need one when empty.

    Raises:
        GapwiseError: If a name is wrong or given twice, nothing is open, or a label that is to be ordered by quality
            has no run that was measured.
    """
    if order not in ORDERS:
        raise GapwiseError(f"There is no order {order!r}; there are {', '.join(ORDERS)}.")
    if len(set(names)) != len(names):
        raise GapwiseError("A label is named twice. Name each once.")
    with ws.read() as connection:
        for name in names:
            label_id(connection, name)
        now = state(connection)
    report, need = now.report, needed(now)
    chosen = list(names) or need
    if not chosen:
        raise GapwiseError(_nothing(lost(now)))
    if order == MEASURED:
        scores = {name: _score(ws, name) for name in chosen}
        chosen.sort(key=lambda name: scores[name].brier)  # stable: equally good ones keep the order that they had
        why = {name: _measured(scores[name]) for name in chosen}
    else:
        chosen = chosen if order == OWN else sorted(chosen, key=lambda name: report.missing[name])
        why = {name: "your order" if order == OWN else _gaps(report.missing[name]) for name in chosen}
    # Named all the same: by its turn people may know more.
    why |= {name: f"{why[name]}; {now.poor[name]} so far" for name in chosen if name in now.poor}
    with ws.read() as connection:
        ids = {name: label_id(connection, name) for name in chosen}
    places = [Place(ids[n], n, report.missing[n], report.by_label[n]["open"], why[n]) for n in chosen]
    return places, _left_out(now, need, chosen)


def _nothing(poor: Mapping[str, str]) -> str:
    if not poor:
        return "No label has open cells, so there is nothing to train for."
    why = "; ".join(f"{name}: {reason}" for name, reason in poor.items())
    return f"No label with open cells can be learnt ({why}). Decide some images of two classes in Review first."


def argument(order: str) -> str:
    """Return why one would take that order, for people."""
    if order == COUNTS:
        return "A label with more known cells makes the better model, and every later stage leans on earlier ones."
    if order == MEASURED:
        return (
            "By the Brier score of each label's newest run on its held-out images: it asks for right answers and for"
            " confidence that can be believed."
        )
    return "As you put them."


def _defined(label: int, by: Sequence[int], rules: RuleSet) -> bool:
    """Whether some labels' classes always settle another's."""
    tied = [j for j in rules.around(label)[0] if j in by]
    sizes = [len(rules.labels[j].classes) for j in tied]
    if not tied or prod(sizes) > MOST_COMBINATIONS:
        return False
    rows = np.full((prod(sizes), len(rules.labels)), MISSING)
    rows[:, tied] = list(product(*map(range, sizes)))
    return not (deduce(rows, rules).state[:, label] == OPEN).any()


def _left_out(now: State, need: Sequence[str], chosen: Sequence[str]) -> dict[str, str]:
    found, rules, poor = {}, now.rules, lost(now)
    for j, label in enumerate(rules.labels):
        if label.name in chosen:
            continue
        if not _open(now, label.name):
            found[label.name] = "nothing is open"
        elif label.name in poor:
            found[label.name] = f"{poor[label.name]}: no model can learn it"
        elif label.name in need:
            found[label.name] = "not chosen"
        else:
            others = [rules.labels[k].name for k in rules.around(j)[0] if k != j]
            found[label.name] = f"follows by rules from {' and '.join(others)}"
    return found


def _score(ws: Workspace, name: str) -> Score:
    with ws.read() as connection:
        found = runs.list_runs(connection, label_id(connection, name))
    for run in found:
        try:
            told = json.loads((ws.run_dir(run.id) / QUALITY).read_bytes())
            return Score(run.id, told["images"], told["accuracy"], told["f1"], told["calibrated"]["brier"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # one that was not predicted with yet
    raise GapwiseError(
        f"Label {name!r} has no run that was measured on held-out images, so it has no place in an order by quality."
        " Train it first, or take the order by counts."
    )


def _measured(score: Score) -> str:
    return (
        f"Brier {score.brier:.3f}, accuracy {score.accuracy:.1%}, F1 {score.f1:.3f} of run {score.run} on"
        f" {score.images:,} held-out images"
    )


def _gaps(count: int) -> str:
    return f"{count:,} gap{'' if count == 1 else 's'}"
