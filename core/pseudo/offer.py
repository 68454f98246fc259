"""What can be accepted in bulk at a promised precision, and what the promise rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from core.errors import GapwiseError
from core.labels.label import Label
from core.pseudo import kinds
from core.pseudo.accept import LEVEL
from core.pseudo.evidence import MOST_REVIEWED, Evidence
from core.pseudo.kinds import Kind
from core.store import bulk, profiles
from core.store.acceptances import Promise
from core.store.cells import rule_set
from core.store.labels import labels as read_labels
from core.store.proposals import latest_run


@dataclass(frozen=True)
class Offer:
    """What would be accepted.

    Attributes:
        run_id: Whose predictions.
        level: How surely each threshold keeps the promise, over all looks at the same run.
        waiting: Predictions of the run whose cells have no value.
        ruled: Those of them that rules settle, contradict or exclude, or where the rules with other predictions speak
            for another class: never accepted.
        heldout, sampled: Cells with a known answer that thresholds rest on: held out, and reviewed by chance.
        asked: How many of the present sample wait for an answer.
    """

    label: Label
    label_id: int
    run_id: int
    precision: float
    level: float
    waiting: int
    ruled: int
    heldout: int
    sampled: int
    asked: int
    kinds: tuple[Kind, ...]
    rules: tuple[bulk.Rule, ...]

    @property
    def cells(self) -> int:
        return sum(c.taken for kind in self.kinds for c in kind.classes)

    @property
    def expected(self) -> float:
        return sum(c.expected for kind in self.kinds for c in kind.classes)

    @property
    def most(self) -> float:
        return sum(c.most for kind in self.kinds for c in kind.classes)

    @property
    def reviewable(self) -> int:
        """How many more waiting cells may be reviewed by chance, see `core.pseudo.evidence.MOST_REVIEWED`."""
        return max(0, int(self.waiting * MOST_REVIEWED) - self.asked)

    @property
    def promise(self) -> Promise:
        """What `core.store.acceptances.accept` takes."""
        grounds = [{**asdict(kind), "shifts": [list(s) for s in kind.shifts]} for kind in self.kinds]
        share = self.expected / self.cells if self.cells else 0.0
        return Promise(self.label_id, self.run_id, self.precision, self.level, self.rules, grounds, share)


def offer(connection: Connection, label_id: int, precision: float, run_id: int | None = None) -> Offer:
    """Return what can be accepted of a run's predictions for a label.

    Thresholds are found for each class, and for images that are alike in what makes the cell open: on known cells of
    that kind only, see `core.pseudo.accept.thresholds`. Held-out predictions are the run's own, so thresholds are
    held against its own confidence, not against the one that the rules leave. A class that the rules exclude for an
    image is not accepted, nor one that isn't proposed because with the rules and other predictions another is likelier.
    Known cells are the run's held-out ones and, where people reviewed cells that were chosen by chance, those: a part
    at a time, once all of it is answered or passed over. Each part is another look at the same question, so each look
    has a share of the risk: 3%, 1.2%, 0.48%, … of the 5%.

    Args:
        precision: Promised share of right ones, above 0 and below 1.
        run_id: The label's newest run with predictions when None.

    Raises:
        GapwiseError: If there is no run with predictions for the label, or the precision can't be promised.
    """
    if not 0 < precision < 1:
        raise GapwiseError(f"A precision lies above 0 and below 1; {precision:g} arrived. Ask for 0.99, say.")
    run_id = latest_run(connection, label_id) if run_id is None else run_id
    label = read_labels(connection)[label_id]
    if run_id is None:
        raise GapwiseError(f"There are no predictions for {label.name!r} yet. Train on it first.")
    found, rules = profiles.read(connection), rule_set(connection)
    own = found.label_ids.index(label_id)
    counts = kinds.count(connection, label_id, run_id)
    evidence = Evidence(connection, label_id, run_id, found, rules, own, len(label.classes))
    alike, chosen = kinds.kinds(evidence, counts, precision)
    taken = kinds.taken(connection, label_id, run_id, chosen, alike)
    usable = sum(c.waiting for kind in taken for c in kind.classes)
    return Offer(
        label, label_id, run_id, precision, LEVEL, counts.waiting, counts.waiting - usable, evidence.heldout,
        evidence.sampled, evidence.asked, tuple(taken), tuple(chosen),
    )  # fmt: skip
