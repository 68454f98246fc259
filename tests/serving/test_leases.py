from __future__ import annotations

from core.serving.leases import SECONDS, Leases


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_image_is_one_persons_until_the_lease_ends():
    clock = Clock()
    leases = Leases(clock)
    leases.hold("w", 1, "ann", [1, 2])
    assert leases.of_others("w", 1, "ben") == {1, 2}
    assert leases.of_others("w", 1, "ann") == set()
    assert leases.of_others("w", 2, "ben") == leases.of_others("v", 1, "ben") == set()
    clock.now += SECONDS - 1
    assert leases.of_others("w", 1, "ben") == {1, 2}
    clock.now += 1
    assert leases.of_others("w", 1, "ben") == set()


def test_naming_an_image_again_lengthens_the_lease_and_takes_none_from_others():
    clock = Clock()
    leases = Leases(clock)
    leases.hold("w", 1, "ann", [1])
    clock.now += SECONDS - 1
    leases.hold("w", 1, "ann", [1])
    clock.now += SECONDS - 1
    leases.hold("w", 1, "ben", [1])
    assert leases.of_others("w", 1, "ben") == {1}
    assert leases.of_others("w", 1, "cem") == {1}
    leases.release("w", 1, "ben", [1])  # it is not hers to give away
    assert leases.of_others("w", 1, "cem") == {1}
    leases.release("w", 1, "ann", [1])
    assert leases.of_others("w", 1, "cem") == set()


def test_what_one_tab_gives_back_stays_leased_while_another_of_that_name_has_it():
    """Ben opened the page under the name that the field starts with, which was Ann's, and then typed his own: the
    cards that she was looking at were his next ones."""
    leases = Leases(Clock())
    for tab in ("ann's", "ben's"):
        leases.hold("w", 1, "reviewer", [1, 2], tab)
    leases.hold("w", 1, "reviewer", [3], "ben's")
    leases.release("w", 1, "reviewer", [1, 2, 3], "ben's")
    assert leases.of_others("w", 1, "ben") == {1, 2}
    leases.release("w", 1, "reviewer", [1])  # decided, wherever
    assert leases.of_others("w", 1, "ben") == {2}
    leases.release("w", 1, "reviewer", [2], "ann's")
    assert leases.of_others("w", 1, "ben") == set()
