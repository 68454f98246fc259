from __future__ import annotations

import numpy as np
from PIL import Image

from core.demo import clutter
from core.demo.layout import HEADS, draw_layout
from core.demo.pen import Pen


def test_what_stands_in_front_never_reaches_a_face():
    touched = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        layout = draw_layout(seed % 2, seed // 2 % 2, rng)
        image = Image.new("RGB", (layout.width, layout.height), "white")
        clutter.draw_front(Pen(image), layout, rng)
        rows = np.flatnonzero((np.asarray(image) != 255).any(axis=(1, 2)))
        chin = max(p.foot - (HEADS - 1) * p.head for p in layout.people)
        assert not len(rows) or rows[0] > chin
        touched += len(rows) > 0
    assert touched > 20
