"""Every cell can say why it is what it is."""

from __future__ import annotations

from core.store import decisions
from core.store.images import image_by_name
from core.store.labels import labels
from core.store.why import premises, why
from tests.conftest import BINARY, FIVE_K

LABELS = {"mask": BINARY, "distancing": BINARY, "5k": BINARY}


def asked(ws, name: str):
    with ws.read() as connection:
        found, broken = why(connection, image_by_name(connection, name).id)
    return {cell.label: cell for cell in found}, broken


def test_free_open_and_given_cells(build):
    ws = build({"mask": ["0", "1"], "distancing": ["", ""], "5k": ["", ""]}, LABELS, [FIVE_K])
    found, broken = asked(ws, "0.png")
    assert (found["mask"].state, found["mask"].value) == ("given", "0")
    assert (found["5k"].state, found["5k"].implied) == ("free", "0")
    assert found["5k"].because == "mask is 0 and `5k = mask and distancing`"
    assert (found["distancing"].state, found["distancing"].leverage) == ("open", 1.0)
    assert broken == []
    found, _ = asked(ws, "1.png")
    assert found["distancing"].settles == {"0": 2, "1": 2}  # itself, and 5k
    assert found["5k"].leverage == 2.0


def test_a_derived_cell_names_its_premises_and_goes_with_them(build):
    ws = build({"mask": ["1"], "distancing": [""], "5k": [""]}, LABELS, [FIVE_K])
    with ws.write() as connection:
        label_ids = {label.name: i for i, label in labels(connection).items()}
        image_id = image_by_name(connection, "0.png").id
        decisions.decide(connection, client_id="c1", reviewer="ann", action="choose", image_id=image_id,
                                label_id=label_ids["distancing"], value=0)  # fmt: skip
    found, _ = asked(ws, "0.png")
    assert (found["5k"].state, found["5k"].value) == ("derived", "0")
    assert found["5k"].because == "distancing is 0 and `5k = mask and distancing`"
    assert found["distancing"].because == "decided by ann"
    with ws.read() as connection:
        assert list(premises(connection).values()) == ["distancing is 0 and `5k = mask and distancing`"]
    with ws.write() as connection:
        decisions.undo(connection, client_id="c2", reviewer="ann")
    found, _ = asked(ws, "0.png")
    assert (found["5k"].state, found["5k"].value) == ("open", None)
    with ws.read() as connection:
        assert premises(connection) == {}


def test_a_conflict_is_a_smallest_set(build):
    ws = build({"mask": ["0"], "distancing": [""], "5k": ["1"]}, LABELS, [FIVE_K])
    found, broken = asked(ws, "0.png")
    assert found["distancing"].state == "conflict"
    assert broken == ["mask is 0 and 5k is 1 and `5k = mask and distancing`"]
