"""Rules that say nothing new: the other rules imply them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.labels.bound import Rule
from core.labels.label import MISSING, Label
from core.labels.rules import RuleSet
from core.labels.solver import Budget, TooTangled, satisfiable


@dataclass(frozen=True)
class Redundant:
    """A rule that could be left out.

    Attributes:
        by: Rules that imply it, none of which could be spared for that; empty when it is true of any image.
    """

    rule: Rule
    by: tuple[Rule, ...]

    def sentence(self, quotes: str = "`{}`") -> str:
        """Return what a person reads.

        Args:
            quotes: What a rule stands in; a rule may have backquotes of its own, which Markdown would stumble over.
        """
        rule, *others = (quotes.format(one.text) for one in (self.rule, *self.by))
        if not others:
            return f"{rule} is true of any image: it says nothing."
        return f"{rule} follows from {' and '.join(others)} already: it adds nothing, and does no harm."


@lru_cache(maxsize=32)  # a page asks with every run of its script
def redundant(rules: RuleSet) -> tuple[Redundant, ...]:
    """Return the rules that the others imply, in their order; without all of them together nothing changes.

    Of rules that imply each other, the first is kept. Where rules were made to be hard, those that could not be decided
    in about a second are left out.
    """
    budget, found = Budget(), []
    kept = list(rules.rules)
    for place in reversed(range(len(kept))):
        rule = kept[place]
        tied = next(bound for _, bound in rules.components if rule in bound)
        others = [other for n, other in enumerate(kept) if n != place and other in tied]
        try:
            if implied(rule, others, rules.labels, budget):
                del kept[place]
                found.append(Redundant(rule, tuple(_least(rule, others, rules.labels, budget))))
        except TooTangled:
            break
    return tuple(reversed(found))


def implied(rule: Rule, others: Sequence[Rule], labels: Sequence[Label], budget: Budget | None = None) -> bool:
    """Whether no row can keep the other rules and break this one.

    Raises:
        TooTangled: When the budget is spent.
    """
    broken = Rule(f"not ({rule.text})", ("not", rule.tree), rule.labels)
    return not satisfiable([*others, broken], labels, [MISSING] * len(labels), budget)


def _least(rule: Rule, others: Sequence[Rule], labels: Sequence[Label], budget: Budget) -> list[Rule]:
    """Return rules that imply one, without any that could be spared."""
    kept = list(others)
    for other in others:
        fewer = [one for one in kept if one is not other]
        if implied(rule, fewer, labels, budget):
            kept = fewer
    return kept
