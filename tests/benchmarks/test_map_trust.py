"""What maps are held against in the benchmark, and how it counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.map_trust import DRAWN, moved, phased, shuffled, table


@pytest.mark.parametrize("way", [shuffled, moved, phased])
def test_what_a_map_is_held_against_has_its_cells(way):
    cells = np.random.default_rng(0).random((7, 7)).astype(np.float32)
    found = way(cells, np.random.default_rng(1))
    assert found.shape == (7, 7)
    assert (found != cells).any()
    assert np.sort(found, axis=None).tolist() == np.sort(cells, axis=None).tolist()


def test_a_blob_stays_smooth_with_other_phases_and_not_when_shuffled():
    rows, columns = np.mgrid[:8, :8]
    blob = np.exp(-((rows - 2) ** 2 + (columns - 5) ** 2) / 8)

    def rough(cells: np.ndarray) -> float:
        return float(np.abs(np.diff(cells, axis=0)).mean())

    drawn = [np.random.default_rng(seed) for seed in range(10)]
    smooth, scattered = (np.mean([rough(way(blob, r)) for r in drawn]) for way in (phased, shuffled))
    assert smooth < 1.5 * rough(blob)
    assert scattered > 1.8 * rough(blob)


def test_the_table_counts_what_holds_with_exact_intervals():
    task = next(iter(DRAWN))
    rows = table([(task, "own", "halves", False)] * 10 + [(task, "away", "halves", n == 0) for n in range(4)])
    assert [(r["map"], r["held"], r["maps"]) for r in rows] == [("away", 1, 4), ("own", 0, 10)]
    assert (rows[1]["low"], rows[1]["high"]) == (0.0, pytest.approx(1 - 0.025**0.1, abs=1e-3))  # none of n: closed form
