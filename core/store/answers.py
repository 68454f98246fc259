"""What an answer is about, its cell and the proposal that was on screen, and which class it stores."""

from __future__ import annotations

from sqlalchemy import Connection, Row, bindparam, select

from core.errors import GapwiseError
from core.labels.label import Label
from core.store import images, schema
from core.store.labels import labels as read_labels
from core.store.log import ACTIONS

_C, _P = schema.cell.c, schema.proposal.c
_CELL = select(schema.cell).where(_C.image_id == bindparam("image"), _C.label_id == bindparam("label"))
_PROPOSAL = select(_P.image_id, _P.label_id, _P.value).where(_P.id == bindparam("proposal"))


def label_of(connection: Connection, label_id: int) -> Label:
    """Return a label.

    Raises:
        GapwiseError: If there is none with that number.
    """
    found = read_labels(connection).get(label_id)
    if found is None:
        raise GapwiseError(f"There is no label with the number {label_id}.")
    return found


def cell_of(connection: Connection, image_id: int, label_id: int) -> Row:
    """Return a cell, columns as in `schema.cell`.

    Raises:
        GapwiseError: If there is none.
    """
    found = connection.execute(_CELL, {"image": image_id, "label": label_id}).first()
    if found is None:
        images.image(connection, image_id)  # says so where there is none
        raise GapwiseError(f"Image {image_id} has no cell for label {label_id}. Import its table again.")
    return found


def proposal_of(connection: Connection, image_id: int, label_id: int, proposal_id: int | None) -> Row | None:
    """Return the proposal that was on screen (image_id, label_id, value), None for None.

    Raises:
        GapwiseError: If there is none with that number, or it is about another cell.
    """
    if proposal_id is None:
        return None
    proposal = connection.execute(_PROPOSAL, {"proposal": proposal_id}).first()
    if proposal is None:
        raise GapwiseError(f"There is no proposal with the number {proposal_id}.")
    if (proposal.image_id, proposal.label_id) != (image_id, label_id):
        raise GapwiseError("That proposal is about another cell; nothing was stored.")
    return proposal


def stored_value(action: str, label: Label, value: int | None, proposal: Row | None) -> int | None:
    """Return the class that an answer stores, None where it stores none.

    Raises:
        GapwiseError: If the class is not what the action needs, or there is nothing to accept or reject.
    """
    if action not in ACTIONS:
        raise GapwiseError(f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
    if (value is None and action == "choose") or (value is not None and action in ("skip", "flag")):
        raise GapwiseError("A class goes with `choose`, and not with `skip` or `flag`.")
    if value is not None and (not isinstance(value, int) or not 0 <= value < len(label.classes)):
        raise GapwiseError(f"{label.name!r} has classes 0 to {len(label.classes) - 1}, not {value!r}.")
    if action == "choose":
        return value
    if action in ("skip", "flag"):
        return None
    if proposal is None:
        raise GapwiseError(
            f"There is no proposal for {label.name!r} of this image to {action}."
            " Choose a class instead, or train and predict first."
        )
    shown = proposal.value if value is None else value
    if action == "accept":
        return shown
    # Rejecting one of two classes says which it is; rejecting one of many does not.
    return 1 - shown if label.binary else None
