"""Given labels that are likely wrong, by confident learning (Northcutt et al. 2021, arXiv 1911.00068)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import GapwiseError


def suspects(given: Sequence[int], probs: np.ndarray) -> list[int]:
    """Return rows whose label is likely wrong, the likeliest first.

    Args:
        given: (N,) class codes.
        probs: (N, C) by a model that did not learn from these rows.

    Raises:
        GapwiseError: If cleanlab is not installed.
    """
    given = np.asarray(given)
    present = np.unique(given)
    if len(present) < 2:  # with one class there is nothing to be mistaken for
        return []
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise GapwiseError(
            "Likely errors among given labels are found with cleanlab, which is not installed: pip install cleanlab"
        ) from error
    # Classes that nobody was given can't be estimated: their probability goes to the others.
    table = np.asarray(probs, dtype=np.float64)[:, present]
    table = table / table.sum(axis=1, keepdims=True)
    codes = np.searchsorted(present, given)
    found = find_label_issues(codes, table, return_indices_ranked_by="normalized_margin", n_jobs=1)
    return [int(i) for i in found]
