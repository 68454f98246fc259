"""Maps are stored for the weights that a run has now, never for those that it had when they were loaded."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.explain import keeping
from core.explain.asking import Answer
from core.explain.stored import checkpoint, row_of
from core.store import runs
from core.store.map_schema import activation_map
from tests import tiny
from tests.explain.made import fake_run


@pytest.fixture
def ws(tmp_path):
    made = tiny.workspace(tmp_path / "ws", [0, 1, -1])
    fake_run(made)
    return made


def row(ws, image_id: int, cells: bytes, digest: str | None = None, method: str = "gradcam") -> dict:
    answer = Answer(image_id, 1, 1, cells, "1", [0.2, 0.8], "blocks.4", None, False, 1)
    about = {"run_id": 1, "label_id": 1, "checkpoint": digest or checkpoint(ws.run_dir(1)), "chosen": 1}
    return row_of(answer, {"method": method, "smooth": "none"}, about)


def there(ws) -> dict[tuple[int, str], bytes]:
    with ws.read() as connection:
        return {(r.image_id, r.method): r.map for r in connection.execute(select(activation_map))}


def test_maps_of_weights_that_were_replaced_meanwhile_are_not_stored_and_take_newer_ones_not_away(ws):
    """A job that had loaded the old weights replaced the maps that the new ones had made since, until it ended."""
    old = [row(ws, 1, b"o"), row(ws, 2, b"o", method="fem")]
    (ws.run_dir(1) / runs.BEST).write_bytes(b"newer weights")
    assert keeping.keep(ws, [row(ws, 1, b"n")]) == 1
    assert keeping.keep(ws, old) == 0
    assert there(ws) == {(1, "gradcam"): b"n"}
    keeper = keeping.Keeper()
    keeper.put(ws, old)
    keeper.put(ws, [row(ws, 3, b"n")])
    keeper.close()
    assert there(ws) == {(1, "gradcam"): b"n", (3, "gradcam"): b"n"}


def test_newer_maps_take_the_place_of_older_ones_of_the_same_images(ws):
    assert keeping.keep(ws, [row(ws, 1, b"o"), row(ws, 2, b"o")]) == 2
    (ws.run_dir(1) / runs.BEST).write_bytes(b"newer weights")
    assert keeping.keep(ws, [row(ws, 1, b"n")]) == 1
    assert there(ws) == {(1, "gradcam"): b"n", (2, "gradcam"): b"o"}


def test_maps_of_a_run_whose_weights_are_gone_are_not_stored(ws):
    rows = [row(ws, 1, b"o")]
    (ws.run_dir(1) / runs.BEST).unlink()
    assert keeping.keep(ws, rows) == 0
    assert there(ws) == {}
