from __future__ import annotations

import pytest

from core.labels.agreement import kappa


def test_kappa_of_a_known_table():
    """Two readers of 50 grants, 20 both yes, 15 both no, 5 and 10 apart: observed 0.7, by chance 0.5."""
    assert kappa({(1, 1): 20, (0, 0): 15, (1, 0): 5, (0, 1): 10}) == pytest.approx(0.4)


def test_full_agreement_is_one_and_the_opposite_is_below_zero():
    assert kappa({(0, 0): 3, (1, 1): 5}) == 1
    assert kappa({(0, 1): 4, (1, 0): 4}) == -1


def test_without_pairs_or_with_one_answer_only_it_says_nothing():
    assert kappa({}) is None
    assert kappa({(1, 1): 9}) is None
