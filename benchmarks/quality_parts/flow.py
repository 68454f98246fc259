"""The way that Gapwise offers: accept in bulk what keeps a promise, check it, and review what is left.

All of it is the product's: `core.pseudo.offer` says what can be accepted or how many cells to review before, chosen by
chance; `core.store.acceptances` fills them and draws what people check; one in six cards is such a check, until an
audit has told; an acceptance that falls below its promise is withdrawn. Only the answers are simulated, and one
judgement: a sample that is larger than what it leaves to accept is not reviewed, since the queue's own order is worth
more then. Samples are drawn by the database's own chance, so this part differs a little from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from benchmarks.quality_parts.simulate import HELD, WHO, Reviewer, cells_of
from benchmarks.quality_parts.table import Table
from core.pseudo import audit
from core.pseudo.accept import LEVEL, lower_bound
from core.pseudo.offer import Offer, offer
from core.pseudo.words import class_text, headline, kind_text, shift_texts
from core.store import acceptances, audits, cells, queue, schema
from core.store.labels import label_id as find_label
from core.workspace import Workspace

RIGHT, CANT, BELOW, IDLE = "right at the promise", "says it can't", "below the promise", "nothing waits"


class Flow:
    """One simulation of it.

    Attributes:
        bulk: Label name to what was accepted of it, see `_told`.
    """

    def __init__(self, ws: Workspace, table: Table, precision: float) -> None:
        self.ws, self.table, self.precision = ws, table, precision
        self.reviewer = Reviewer(ws, table)
        self.bulk: dict[str, dict[str, object]] = {}

    def run(self, names: Sequence[str], target: float) -> dict[str, object]:
        """Return what came of it, as JSON holds it.

        Args:
            names: The labels with predictions, in the order in which they are accepted.
            target: The share of gap cells at which the review ends; checks go on until they have told.
        """
        for name in names:
            self.bulk[name] = self._accept(name)
        with self.ws.write() as connection:
            cells.derive_all(connection)
        self.reviewer.look_again()
        by_chance = self.reviewer.answers
        with self.ws.read() as connection:
            accepted = self.table.by_source(connection)
        self._review(lambda: self.reviewer.course.right >= target)
        course = self.reviewer.finish()
        told = course.told()
        reviewed = self.reviewer.answers
        self._review(lambda: False, checks_only=True)
        for name in names:
            self._audited(self.bulk[name])
        more = {"by_chance": by_chance, "checks_after": self.reviewer.answers - reviewed}
        return {"bulk": self.bulk, "accepted": accepted, **told, **more}

    def _accept(self, name: str) -> dict[str, object]:
        """Accept what can be of a label; where it can't, review as many as it asks for, and see again."""
        asked, looks = 0, 0
        while True:
            with self.ws.write() as connection:
                label = find_label(connection, name)
                found = offer(connection, label, self.precision)
                if found.cells:
                    done = acceptances.accept(
                        connection, client_id=f"{WHO}:bulk:{label}", reviewer=WHO, promise=found.promise
                    )
                    told = self._told(connection, found, done.decision_id)
                    break
                wanted = _wanted(found)
                if not wanted:
                    told = self._told(connection, found, None)
                    break
                acceptances.ask_open(connection, label, found.run_id, wanted)
                looks += 1
            asked += self._answer_all(name)
        self.reviewer.look_again()
        return {**told, "by_chance": asked, "looks": looks}

    def _answer_all(self, name: str) -> int:
        """Answer what waits of a label's sample; return how many answers that took."""
        before = self.reviewer.answers
        while True:
            with self.ws.read() as connection:
                due = audits.due(connection, find_label(connection, name), HELD)
                items = cells_of(queue.rows_of(connection, due))
            if not items:
                return self.reviewer.answers - before
            self.reviewer.go_through(items, lambda: False)

    def _review(self, until: Callable[[], bool], checks_only: bool = False) -> None:
        """Go through the default order with checks among the cards, until it is enough or none is left."""
        turn = 0
        while not until():
            with self.ws.read() as connection:
                rows = [] if checks_only else queue.pending_all(connection, queue.DEFAULT, HELD)
                for label in self._with_checks(connection, turn):
                    told = audit.telling(connection, label)
                    rows = audits.mixed(connection, label, rows, HELD, (), told)
            if not rows:
                return
            self.reviewer.go_through(cells_of(rows), until)
            self._withdraw_broken()
            turn += 1

    def _with_checks(self, connection: Connection, turn: int) -> list[int]:
        """Return one label whose checks come among the next cards: they take turns, as people take labels in turn."""
        found = []
        for label in self.table.label_ids:
            if audits.due(connection, label, 1, (), audit.telling(connection, label)):
                found.append(label)
        return [found[turn % len(found)]] if found else []

    def _withdraw_broken(self) -> None:
        """Take back what falls below its promise, as the page offers."""
        with self.ws.write() as connection:
            standing = [row for row in acceptances.listed(connection) if row.withdrawn is None]
            tallies = audits.tallies(connection, standing) if standing else {}
            broken = [
                row.id
                for row in standing
                if audit.measured(tallies[row.id], row.population, row.precision).verdict == audit.BROKEN
            ]
            for one in broken:
                acceptances.withdraw(connection, client_id=f"{WHO}:back:{one}", reviewer=WHO, acceptance_id=one)
        if broken:
            self.reviewer.look_again()

    def _told(self, connection: Connection, found: Offer, decision_id: int | None) -> dict[str, object]:
        """Return what was offered and accepted, held against the truth."""
        told: dict[str, object] = {
            "waiting": found.waiting, "left_out": found.ruled, "heldout": found.heldout, "sampled": found.sampled,
            "says": [headline(found), *_why_not(found), *shift_texts(found)], "accepted": 0, "wrong": 0,
            "precision": None, "verdict": CANT if found.waiting else IDLE,
        }  # fmt: skip
        if decision_id is None:
            return told
        c = schema.cell.c
        query = select(c.image_id, c.value).where(
            c.label_id == found.label_id, c.decision_id == decision_id, c.source == "pseudo"
        )
        filled = connection.execute(query).all()
        wrong = sum(self.table.answer(image_id, found.label_id) != value for image_id, value in filled)
        right = len(filled) - wrong
        row = next(row for row in acceptances.listed(connection) if row.decision_id == decision_id)
        return {
            **told, "accepted": len(filled), "derived": row.derived, "wrong": wrong,
            "precision": [right / len(filled), *exact(right, len(filled))],
            "expected_wrong": round(found.expected, 2), "most_wrong": round(found.most, 2), "acceptance": row.id,
            "verdict": RIGHT if right >= self.precision * len(filled) else BELOW,
        }  # fmt: skip

    def _audited(self, told: dict[str, object]) -> None:
        """Add what the checks found to what was accepted of a label."""
        if not told["accepted"]:
            return
        with self.ws.read() as connection:
            row = acceptances.acceptance(connection, told["acceptance"])
            found = audit.measured(audits.tallies(connection, [row])[row.id], row.population, row.precision)
        told["audit"] = {
            "checked": found.tally.seen - found.tally.passed, "right": found.tally.right, "share": found.share,
            "low": found.low, "high": found.high, "verdict": found.verdict, "withdrawn": row.withdrawn is not None,
            "holds": found.low <= told["precision"][0] <= found.high,
        }  # fmt: skip


def exact(right: int, cells: int, level: float = LEVEL) -> tuple[float, float]:
    """Return both exact bounds of a share (Clopper and Pearson 1934)."""
    risk = (1 - level) / 2
    return lower_bound(right, cells, risk), 1 - lower_bound(cells - right, cells, risk)


def _wanted(found: Offer) -> int:
    """Return how many to review by chance until something can be accepted: the least of what is said; 0 for no use."""
    asked = [
        one.review
        for kind in found.kinds
        for one in kind.classes
        if 0 < one.review <= sum(each.waiting for each in kind.classes) / 2
    ]
    return min(asked, default=0)


def _why_not(found: Offer) -> list[str]:
    """Return why classes of which some wait can't be accepted."""
    return [
        f"{found.label.names[one.threshold.value]}{f', where {kind_text(kind)}' if kind.known else ''}:"
        f" {class_text(one, found.precision)}"
        for kind in found.kinds
        for one in kind.classes
        if one.waiting and one.threshold.confidence is None
    ]


def follow(ws: Workspace, table: Table, names: Sequence[str], precision: float, target: float) -> dict[str, object]:
    """Return what comes of that way, from a workspace with predictions."""
    return Flow(ws, table, precision).run(names, target)
