"""Rules between labels that can all hold together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.labels.bound import Rule, bind
from core.labels.label import MISSING, Label
from core.labels.solver import Budget, TooTangled, possible
from core.labels.syntax import RuleError

MAX_RULES = 200
MAX_TIED = 200  # labels that rules tie together: the search goes as deep as there are, Python 1000 calls


@dataclass(frozen=True)
class RuleSet:
    """Rules that can all hold, over labels in table order.

    Attributes:
        components: Groups of labels that rules tie together, each a tuple of positions with the
            rules that bind it. Labels that no rule mentions are in none.
        memo: What `deduce` found out about rows.
    """

    labels: tuple[Label, ...]
    rules: tuple[Rule, ...]
    components: tuple[tuple[tuple[int, ...], tuple[Rule, ...]], ...]
    memo: dict = field(default_factory=dict, compare=False, repr=False)

    def around(self, position: int) -> tuple[tuple[int, ...], tuple[Rule, ...]]:
        """Return the labels that rules tie to one, itself included, and those rules; both empty where none does."""
        return next((group for group in self.components if position in group[0]), ((), ()))


def parse_rules(texts: Sequence[str], labels: Sequence[Label]) -> RuleSet:
    """Parse rules and check that they can hold together.

    Args:
        texts: One rule each; blank ones are passed over.
        labels: In table order.

    Raises:
        RuleError: If a text is no rule, names an unknown label or class, contradicts the rules
            before it, or leaves a class of some label without any possibility.
    """
    return _parse_rules(tuple(t for t in texts if t.strip()), tuple(labels))


# Every decision asks for the same rules again.
@lru_cache(maxsize=32)
def _parse_rules(texts: tuple[str, ...], labels: tuple[Label, ...]) -> RuleSet:
    if len(texts) > MAX_RULES:
        raise RuleError(texts[MAX_RULES], 0, f"There are {len(texts)} rules; {MAX_RULES} are allowed.")
    rules = [bind(text, labels) for text in texts]
    budget = Budget()
    try:
        if _trouble(rules, labels, budget) is not None:
            raise _blame(texts, rules, labels, budget)
    except TooTangled as error:
        raise RuleError(texts[-1], 0, str(error)) from error
    return RuleSet(labels, tuple(rules), _components(rules))


def _blame(texts: Sequence[str], rules: list[Rule], labels: Sequence[Label], budget: Budget) -> RuleError:
    """Find the first rule that can't stand with those before it. More rules never mend it, so halving finds it."""
    good, bad = 0, len(rules)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _trouble(rules[:middle], labels, budget) is None:
            good = middle
        else:
            bad = middle
    return RuleError(texts[bad - 1], 0, _trouble(rules[:bad], labels, budget))


def _trouble(rules: Sequence[Rule], labels: Sequence[Label], budget: Budget) -> str | None:
    """Say what is wrong with rules that can't be used together; None when nothing is."""
    for positions, bound in _components(rules):
        if len(positions) > MAX_TIED:
            return f"With this rule {len(positions)} labels are tied together; {MAX_TIED} are allowed."
        found = possible(bound, labels, [MISSING] * len(labels), positions, budget=budget)
        if found is None:
            return "This rule can't hold: no assignment of classes fits it and the rules before it."
        for position in positions:
            label = labels[position]
            lost = set(range(len(label.classes))) - found[position]
            if lost:
                return f"With this rule {label.name!r} could never be {label.classes[min(lost)]!r}."
    return None


def _components(rules: Sequence[Rule]) -> tuple[tuple[tuple[int, ...], tuple[Rule, ...]], ...]:
    groups: list[tuple[set[int], list[Rule]]] = []
    for rule in rules:
        touching = [g for g in groups if g[0] & rule.labels]
        groups = [g for g in groups if not g[0] & rule.labels]
        members = set(rule.labels).union(*(g[0] for g in touching))
        groups.append((members, [r for g in touching for r in g[1]] + [rule]))
    return tuple((tuple(sorted(members)), tuple(bound)) for members, bound in groups)
