"""Random rules and the truth about them by trying everything: the oracle of the deduction's tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from core.labels.label import Label

LABELS = (
    Label("mask", ("0", "1")),
    Label("5k", ("0", "1")),
    Label("far apart", ("no", "yes")),
    Label("species", ("bird", "cat", "dog")),
)

_atoms = st.sampled_from(
    [("is", p, c) for p, label in enumerate(LABELS) for c in range(len(label.classes))]
    + [("bare", p) for p, label in enumerate(LABELS) if label.binary]
    + [("isnt", p, 0) for p in range(len(LABELS))]
)
trees = st.recursive(
    _atoms,
    lambda t: st.one_of(
        st.tuples(st.just("not"), t),
        st.tuples(st.sampled_from(["and", "or", "implies", "="]), t, t),
    ),
    max_leaves=5,
)


def render(tree: tuple) -> str:
    """Return a tree as the text that a person would type."""
    kind = tree[0]
    if kind in ("is", "isnt", "bare"):
        label = LABELS[tree[1]]
        return f"`{label.name}`" + (
            "" if kind == "bare" else f' {"=" if kind == "is" else "!="} "{label.classes[tree[2]]}"'
        )
    if kind == "not":
        return f"not ({render(tree[1])})"
    return f"({render(tree[1])}) {kind} ({render(tree[2])})"


def holds(tree: tuple, row: Sequence[int]) -> bool:
    """Evaluate a tree on a row without gaps."""
    kind = tree[0]
    if kind == "bare":
        return row[tree[1]] == 1
    if kind in ("is", "isnt"):
        return (row[tree[1]] == tree[2]) == (kind == "is")
    if kind == "not":
        return not holds(tree[1], row)
    a, b = holds(tree[1], row), holds(tree[2], row)
    return {"and": a and b, "or": a or b, "implies": not a or b, "=": a == b}[kind]


def completions(row: Sequence[int], rules: Sequence[tuple]) -> Iterator[tuple[int, ...]]:
    """Yield every filling of a row's gaps (-1) that fits all rules."""
    spans = [range(len(label.classes)) if c == -1 else (c,) for c, label in zip(row, LABELS, strict=True)]
    return (full for full in itertools.product(*spans) if all(holds(t, full) for t in rules))


def rows() -> st.SearchStrategy[list[int]]:
    return st.tuples(*(st.integers(-1, len(label.classes) - 1) for label in LABELS)).map(list)
