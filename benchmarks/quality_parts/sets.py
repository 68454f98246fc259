"""Which labels of a set need a model, and how its table is brought in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality_parts.command import core
from benchmarks.quality_parts.truth import more_classes
from core.errors import GapwiseError
from core.importing.guess import Tokens, classes_of
from core.importing.read import read_table
from core.importing.values import complete, order
from core.store.labels import labels as read_labels
from core.store.labels import rules as read_rules
from core.workspace import DATABASE, Workspace

MOST_COMBINATIONS = 4096  # of other labels' classes, to see whether they say what a label is
TABLE, IMAGES = "train_meta.csv", "images"


def imported(source: Path, root: Path, names: Sequence[str], rules: Sequence[str]) -> Workspace:
    """Return a workspace with the table in it and its free cells derived; one that is there stays as it is.

    Raises:
        GapwiseError: If the table can't be brought in, or what is there has other labels or rules.
    """
    if (root / DATABASE).is_file():
        ws = Workspace.open(root)
        _check_same(ws, names, rules)
        return ws
    options = [word for name in _with_classes(source, names) for word in ("--label", name)]
    options += [word for rule in rules for word in ("--rule", rule)]
    core(root, "import", "--table", str(source / TABLE), "--images", str(source / IMAGES), *options, "--yes")
    core(root, "derive")
    return Workspace.open(root)


def _check_same(ws: Workspace, names: Sequence[str], rules: Sequence[str]) -> None:
    """Refuse a kept workspace that is about another question: the report would bear names that it is not about."""
    with ws.read() as connection:
        labels, texts = [label.name for label in read_labels(connection).values()], read_rules(connection)
    if set(labels) != set(names) or set(map(_plain, texts)) != {_plain(rule) for rule in rules}:
        told = f"labels {', '.join(labels)}; {'rules ' + ', '.join(texts) if texts else 'no rules'}"
        raise GapwiseError(f"{ws.root} was kept of another measurement ({told}). Name another folder with --keep.")


def _plain(rule: str) -> str:
    return " ".join(rule.split())  # what import takes for the same rule


def _with_classes(source: Path, names: Sequence[str]) -> list[str]:
    """Return the labels as `import` takes them, with their classes where the table does not show all of them."""
    table = read_table(source / TABLE)
    counts = {name: classes_of(table, name, Tokens()) for name in names if name in table.frame.columns}
    more = more_classes(source, counts, {name: order(complete(list(found))) for name, found in counts.items()})
    for name, classes in more.items():
        print(f"{name}: not all of its classes are known; there are {', '.join(classes)}", file=sys.stderr)
    return [f"{name}={','.join(order(more[name]))}" if name in more else name for name in names]
