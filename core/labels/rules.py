"""Rules between labels that can all hold together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.labels.bound import Rule, bind
from core.labels.label import MISSING, Label
from core.labels.solver import possible
from core.labels.syntax import RuleError

MAX_RULES = 200


@dataclass(frozen=True)
class RuleSet:
    """Rules that can all hold, over labels in table order.

    Attributes:
        components: Groups of labels that rules tie together, each a tuple of positions with the
            rules that bind it. Labels that no rule mentions are in none.
    """

    labels: tuple[Label, ...]
    rules: tuple[Rule, ...]
    components: tuple[tuple[tuple[int, ...], tuple[Rule, ...]], ...]


def parse_rules(texts: Sequence[str], labels: Sequence[Label]) -> RuleSet:
    """Parse rules and check that they can hold together.

    Args:
        texts: One rule each; blank ones are passed over.
        labels: In table order.

    Raises:
        RuleError: If a text is no rule, names an unknown label or class, contradicts the rules
            before it, or leaves a class of some label without any possibility.
    """
    texts = [t for t in texts if t.strip()]
    if len(texts) > MAX_RULES:
        raise RuleError(texts[MAX_RULES], 0, f"There are {len(texts)} rules; {MAX_RULES} are allowed.")
    rules: list[Rule] = []
    ruled_out: set[tuple[int, int]] = set()
    for text in texts:
        rules.append(bind(text, labels))
        component = next(c for c in _components(rules) if rules[-1] in c[1])
        empty = [MISSING] * len(labels)
        for label in component[0]:
            classes = possible(component[1], labels, empty, label)
            if not classes:
                raise RuleError(text, 0, "This rule can't hold: no assignment of classes fits it and the rules before it.")
            lost = {(label, c) for c in range(len(labels[label].classes)) if c not in classes} - ruled_out
            for position, code in sorted(lost):
                name = labels[position]
                raise RuleError(text, 0, f"With this rule {name.name!r} could never be {name.classes[code]!r}.")
    return RuleSet(tuple(labels), tuple(rules), _components(rules))


def _components(rules: Sequence[Rule]) -> tuple[tuple[tuple[int, ...], tuple[Rule, ...]], ...]:
    groups: list[tuple[set[int], list[Rule]]] = []
    for rule in rules:
        touching = [g for g in groups if g[0] & rule.labels]
        groups = [g for g in groups if not g[0] & rule.labels]
        members = set(rule.labels).union(*(g[0] for g in touching))
        groups.append((members, [r for g in touching for r in g[1]] + [rule]))
    return tuple((tuple(sorted(members)), tuple(bound)) for members, bound in groups)
