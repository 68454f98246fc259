"""Tables of a report: which classes are taken for which, and which are hardest."""

from __future__ import annotations

import numpy as np

from core.labels.label import Label
from core.report import page

WHOLE = 12  # classes: a larger matrix fits on no page, so its most frequent confusions are listed
LISTED = 20


def confusion_table(label: Label, table: np.ndarray) -> list[str]:
    """Return which classes are taken for which.

    Args:
        table: (C, C) counts, rows the known class, columns the predicted one.
    """
    if not table.sum():
        return []
    head = page.heading("What is taken for what")
    if len(table) <= WHOLE:
        return [head, _matrix(label, table)]
    pairs = [(int(table[t, p]), t, p) for t, p in zip(*table.nonzero(), strict=True) if t != p]
    pairs.sort(key=lambda one: (-one[0], one[1], one[2]))
    rows = [(label.names[t], label.names[p], f"{n:,}", f"{n / table[t].sum():.0%}") for n, t, p in pairs[:LISTED]]
    more = len(pairs) - len(rows)
    return [
        head,
        page.table(("known as", "taken for", "images", "of the class"), rows) if rows else "<p>None is wrong.</p>",
        *([page.paragraph(f"{more:,} rarer confusions are left out.", True)] if more > 0 else []),
    ]


def hardest_classes(label: Label, table: np.ndarray) -> list[str]:
    """Return the classes of which the largest share is wrong; nothing for two classes, whose matrix says it all."""
    images = table.sum(axis=1)
    if len(table) <= 2 or not images.sum():
        return []
    wrong = images - table.diagonal()
    order = [c for c in np.lexsort((-images, -wrong / np.maximum(images, 1))).tolist() if wrong[c]][:LISTED]
    rows = [(label.names[c], f"{wrong[c] / images[c]:.0%}", f"{wrong[c]:,}", f"{images[c]:,}") for c in order]
    if not rows:
        return []
    return [page.heading("Hardest classes"), page.table(("class", "wrong", "images wrong", "images"), rows)]


def _matrix(label: Label, table: np.ndarray) -> str:
    names = [page.name(one) for one in label.names]
    top = "".join(f"<th>{one}</th>" for one in names)
    body = []
    for t, row in enumerate(table):
        total = int(row.sum())
        cells = "".join(_cell(int(n), total, t == p) for p, n in enumerate(row))
        body.append(f'<tr><th class="name">{names[t]}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table><thead><tr><th class="name">known as ↓ taken for →</th>{top}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(count: int, total: int, right: bool) -> str:
    share = count / total if total else 0.0
    # At most half covered: the number stays readable in both schemes.
    color = f"rgba(var(--{'right' if right else 'wrong'}),{0.5 * share:.3f})"
    return f'<td style="background:{color}">{count:,}<br>{share:.0%}</td>'
