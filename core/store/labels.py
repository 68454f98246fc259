"""Labels and rules in the database."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Transaction, delete, func, insert, select

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import schema

_T = schema.label.c
# Every decision runs them: making a statement takes longer than running it.
_LABELS = select(_T.id, _T.name, _T.classes, _T.names).order_by(_T.position)
_RULES = select(schema.rule.c.text).order_by(schema.rule.c.position)
# Read once in a transaction: a decision asks for labels eight times, and for rules twice.
_known: WeakKeyDictionary[Transaction, dict[int, Label]] = WeakKeyDictionary()
_ruled: WeakKeyDictionary[Transaction, list[str]] = WeakKeyDictionary()


def labels(connection: Connection) -> dict[int, Label]:
    """Return the labels by id, in the order of the imported table."""
    transaction = connection.get_transaction()
    if transaction in _known:
        return dict(_known[transaction])
    rows = connection.execute(_LABELS)
    found = {r.id: Label(r.name, tuple(r.classes), tuple(r.names)) for r in rows}
    _known[connection.get_transaction()] = found
    return dict(found)


def label_id(connection: Connection, name: str) -> int:
    """Return the id of a label.

    Raises:
        GapwiseError: If there is no label of that name.
    """
    found = connection.execute(select(schema.label.c.id).where(schema.label.c.name == name)).scalar()
    if found is None:
        names = ", ".join(label.name for label in labels(connection).values()) or "none yet: import a table first"
        raise GapwiseError(f"There is no label {name!r}. The labels here are: {names}.")
    return found


def add_labels(connection: Connection, new: Sequence[Label]) -> list[int]:
    """Append labels after those that are there; return their ids.

    Raises:
        GapwiseError: If a label of that name exists.
    """
    taken = {label.name for label in labels(connection).values()}
    _known.pop(connection.get_transaction(), None)
    start = connection.execute(select(func.count()).select_from(schema.label)).scalar_one()
    ids = []
    for position, label in enumerate(new, start):
        if label.name in taken:
            raise GapwiseError(f"There is a label {label.name!r} already.")
        taken.add(label.name)
        row = {"position": position, "name": label.name, "classes": list(label.classes), "names": list(label.names)}
        ids.append(connection.execute(insert(schema.label), row).inserted_primary_key[0])
    return ids


def rules(connection: Connection) -> list[str]:
    """Return the rules' texts in the order they were typed."""
    transaction = connection.get_transaction()
    if transaction in _ruled:
        return list(_ruled[transaction])
    found = list(connection.execute(_RULES).scalars())
    _ruled[connection.get_transaction()] = found
    return list(found)


def set_rules(connection: Connection, texts: Sequence[str]) -> None:
    """Replace all rules. The caller has parsed them and settles what hung on the old ones."""
    _ruled.pop(connection.get_transaction(), None)
    connection.execute(delete(schema.rule))
    if texts:
        connection.execute(insert(schema.rule), [{"position": i, "text": t} for i, t in enumerate(texts)])
