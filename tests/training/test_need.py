"""Need against room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.models.course import PARTS, Course
from core.training.need import MARGIN, Need, Room, judge, question, size
from core.training.recipe import LARGEST_BATCH
from tests import tiny

WEIGHTS, ACTIVATIONS = PARTS.index("weights"), PARTS.index("activations")


def course(weights: float, each: float) -> Course:
    """So many bytes of weights, and so many for every picture."""
    fixed, grows = np.zeros((1, len(PARTS))), np.zeros((1, len(PARTS)))
    fixed[0, WEIGHTS], grows[0, ACTIVATIONS] = weights, each
    return Course(fixed, grows)


def need(batch_size: int = 32, accumulate: int = 1, processes: int = 1, looked: float = 1.0) -> Need:
    return Need(batch_size, accumulate, processes, course(1000, 100), course(1000, looked))


def room(free: float, total: float | None = None) -> Room:
    """Room for a need of so many bytes before the margin."""
    return Room("cuda", round(free * (1 + MARGIN)), round((total or free) * (1 + MARGIN)))


@pytest.mark.parametrize(
    ("batch", "accumulate", "processes", "at_once"),
    [(32, 1, 1, 32), (33, 2, 1, 17), (33, 1, 2, 17), (33, 2, 2, 9), (1, 4, 2, 1)],
)
def test_a_process_computes_its_share_in_parts_rounded_up(batch, accumulate, processes, at_once):
    assert need(batch, accumulate, processes).at_once == at_once


def test_what_has_to_be_free_is_the_sum_and_a_tenth():
    assert need(32).parts() == dict.fromkeys(PARTS, 0) | {"weights": 1000, "activations": 3200}
    assert need(32).needed() == 4620


def test_the_largest_batch_fills_the_room():
    assert judge(need(), room(4200)).largest_batch == 32
    assert judge(need(), room(4199)).largest_batch == 31
    assert judge(need(accumulate=3), room(4200)).largest_batch == 96
    assert judge(need(accumulate=3, processes=2), room(4200)).largest_batch == 192
    assert judge(need(), room(10**9)).largest_batch == LARGEST_BATCH


def test_looking_at_held_out_pictures_can_need_more_than_training():
    # 150 bytes for each of twice as many: 300 against 100.
    assert need(10, looked=150).parts()["activations"] == 3000
    assert need(10, looked=150).largest_at_once(room(4000).free) == 10
    # No more than 64 are ever looked at.
    assert need(200, looked=150).parts()["activations"] == 20_000


def test_a_batch_that_fits_is_said_to_fit():
    verdict = judge(need(32), room(4200))
    assert (verdict.fits, verdict.accumulate) == (True, 1)
    assert verdict.advice() == "It fits. The largest batch that fits: 32."


def test_a_batch_that_does_not_fit_is_cut_into_the_fewest_parts_that_do():
    # 1000 for weights, 1000 for the gradients that parts leave, 1000 for ten pictures.
    verdict = judge(need(32), room(3000))
    assert (verdict.fits, verdict.fits_alone, verdict.accumulate) == (False, False, 4)
    assert "Batches of 32 fit with accumulate 4; the largest batch that fits as it is: 20." in verdict.advice()
    assert need(32, accumulate=4).needed() <= room(3000).free


def test_what_others_hold_is_told_apart_from_what_there_is():
    verdict = judge(need(32), room(3000, total=5000))
    assert (verdict.fits, verdict.fits_alone) == (False, True)
    assert verdict.advice().startswith("It fits once other programs free what they hold: 3 kB are free now.")


def test_what_never_fits_wants_another_network():
    verdict = judge(need(32), room(900))
    assert (verdict.largest_batch, verdict.accumulate) == (0, None)
    assert verdict.advice().endswith("choose smaller pictures or a smaller model.")


def test_other_batches_need_no_other_estimate():
    assert need(32).with_batch(64, 2).at_once == 32
    again = Need.from_json(need(32, 2, 2).as_json())
    assert (again.needed(), again.at_once, again.processes) == (need(32, 2, 2).needed(), 8, 2)


def test_processes_on_a_cpu_share_its_memory_and_gpus_have_one_each():
    on_cpu = replace(room(4200), device="cpu")
    assert judge(need(32, processes=2), room(4200)).largest_batch == 64
    assert judge(need(32, processes=2), on_cpu).largest_batch == 22  # half of 4200, less 1000, for each


def test_an_estimate_hangs_on_what_changes_memory_and_on_nothing_else():
    same = {"batch_size": 8, "lr": 0.1, "epochs": 7, "seed": 3, "dropout": 0.3, "accumulate": 4, "hflip": 0.0}
    recipe = tiny.recipe(batch_size=64, dropout=0.1, accumulate=2)
    assert question(recipe.changed(**same), 2) == question(recipe, 2)
    for other in ({"size": 40}, {"accumulate": 1}, {"dropout": 0.0}, {"optimizer": "sgd"}, {"ema_decay": 0.9}):
        assert question(recipe.changed(**other), 2) != question(recipe, 2)
    assert question(recipe, 3) != question(recipe, 2)


@pytest.mark.parametrize(("count", "text"), [(950, "1 kB"), (20_400, "20 kB"), (3_600_000, "4 MB"),
                                             (999_000_000, "999 MB"), (24_000_000_000, "24.0 GB")])  # fmt: skip
def test_sizes_are_told_in_units_of_a_thousand(count, text):
    assert size(count) == text
