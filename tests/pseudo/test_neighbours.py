from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.jobs.reporter import Silent
from core.pseudo.neighbours import descriptor, find_neighbours, nearest
from core.store import near
from core.store.labels import label_id
from tests.conftest import BINARY


def test_the_nearest_are_found_by_angle_nearest_first_and_ties_by_row():
    known = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0]], np.float32)
    order, similarity = nearest(np.array([[1, 0], [0, -1]], np.float32), known, 3)
    assert order.tolist() == [[0, 3, 2], [0, 3, 2]]
    assert similarity.tolist() == [pytest.approx([1, 1, 0.6]), pytest.approx([0, 0, -0.8])]
    assert nearest(known[:1], known[:2], 5)[0].shape == (1, 2)


@pytest.mark.parametrize(("queries", "known", "k"), [((1, 2), (3, 3), 1), ((1, 2), (0, 2), 1), ((1, 2), (3, 2), 0)])
def test_what_does_not_fit_is_refused(queries, known, k):
    with pytest.raises(ValueError, match="one D"):
        nearest(np.zeros(queries), np.zeros(known), k)


def test_a_descriptor_has_length_one_and_one_colour_has_none():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (40, 60, 3), np.uint8)
    assert np.linalg.norm(descriptor(picture)) == pytest.approx(1, abs=1e-5)
    assert not descriptor(np.full((40, 60, 3), 200, np.uint8)).any()
    brighter = np.clip(picture.astype(int) // 2 + 20, 0, 255).astype(np.uint8)  # the same scene in other light
    assert descriptor(picture) @ descriptor(brighter) > 0.99


def test_an_open_image_gets_the_known_ones_that_look_alike(build):
    """Four scenes, left bright or right bright; what is known about the same side comes first."""
    ws = build({"mask": ["1", "0", "", "1"]}, {"mask": BINARY})
    for i, side in enumerate(("left", "right", "left", "left")):
        pixels = np.zeros((60, 80, 3), np.uint8)
        pixels[:, :40] = (255 if side == "left" else 0, 20 * i, 0)
        pixels[:, 40:] = (0 if side == "left" else 255, 0, 20 * i)
        Image.fromarray(pixels).save(ws.root / "images" / f"{i}.png")
    with ws.read() as connection:
        mask = label_id(connection, "mask")
    assert find_neighbours(ws, mask, (64, 64), Silent()) == 1
    with ws.read() as connection:
        found = near.nearest(connection, mask, [3])
    assert [n.fname for n in found[3]] == ["3.png", "0.png", "1.png"]
    assert [(n.value, n.source) for n in found[3]] == [(1, "given"), (1, "given"), (0, "given")]
    assert found[3][0].similarity > 0.9 > 0 > found[3][2].similarity
