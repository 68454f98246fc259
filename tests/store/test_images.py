from __future__ import annotations

import pytest

from core.errors import GapwiseError
from core.store import images
from tests.conftest import BINARY


def test_images_are_found_by_number_and_by_name(five_k):
    with five_k.read() as connection:
        found = images.image_by_name(connection, "3.png")
        assert images.image(connection, found.id) == found
        assert (found.row, found.width, found.height) == (3, 8, 6)
        assert images.image_count(connection) == 6


def test_ids_come_back_in_the_order_of_the_rows(five_k):
    with five_k.write() as connection:
        known = images.image_by_name(connection, "0.png")._asdict()
        rows = [{**known, "fname": name, "row": i} for i, name in enumerate(["z", "a", "m"], 10)]
        ids = images.add_images(connection, [{k: v for k, v in r.items() if k != "id"} for r in rows])
        assert [images.image(connection, i).fname for i in ids] == ["z", "a", "m"]
        assert images.add_images(connection, []) == []


def test_unknown_images_are_refused_and_those_set_aside_say_why(build):
    ws = build({"mask": ["1", "0"]}, {"mask": BINARY}, aside={1: "the file is empty"})
    with ws.read() as connection:
        with pytest.raises(GapwiseError, match="set aside at import: the file is empty"):
            images.image_by_name(connection, "1.png")
        with pytest.raises(GapwiseError, match=r"no image 'x\.png'"):
            images.image_by_name(connection, "x.png")
        with pytest.raises(GapwiseError, match="number 77"):
            images.image(connection, 77)
