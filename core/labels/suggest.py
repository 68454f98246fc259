"""Rules that hold without exception in what is known: for a person to accept or not.

What is looked for is what people write: `a = b and c`, `a = b or c`, `a = b` and `a implies b`, of labels with their
classes. Whatever follows from the rules there are, or from a suggestion before it, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from core.labels.bound import bind
from core.labels.deduce import deduce
from core.labels.label import MISSING, Label
from core.labels.redundant import implied
from core.labels.rules import RuleSet, parse_rules
from core.labels.solver import TooTangled
from core.labels.syntax import KEYWORDS, RuleError

LEAST = 20  # images that have to bear a rule out: with so few, up to one in seven others may still break it
MOST_LITERALS = 60  # classes in all that are combined: pairs and triples of them are counted
MOST = 20  # suggestions


@dataclass(frozen=True)
class Suggestion:
    """A rule that nothing contradicts.

    Attributes:
        text: As a person would type it.
        support: Images that could have broken it and don't: for `a implies b` those with a, for `a = b` those with or
            without a, whichever are fewer.
        known: Images whose labels it mentions are all known.
    """

    text: str
    support: int
    known: int

    @property
    def exceptions_at_most(self) -> float:
        """The share of exceptions among images like the supporting ones, 0..1, that 95% confidence can't exclude.

        The exact upper bound of a binomial proportion with none seen, 1 - 0.05^(1/n); Hanley and Lippman-Hand 1983.
        """
        return 1.0 - 0.05 ** (1.0 / self.support)


@dataclass(frozen=True)
class _Literal:
    label: int
    code: int
    text: str


def suggest(values: np.ndarray, images: np.ndarray, rules: RuleSet, least: int = LEAST) -> list[Suggestion]:
    """Return rules that hold without exception, the most telling first.

    Args:
        values: Known class codes, shape (N, L), -1 missing. Leave out what rules have derived.
        images: (N,) how many images each row stands for.
        rules: The rules there are.
        least: Support that a suggestion needs, at least 1.
    """
    labels = rules.labels
    literals = _literals(labels)
    if len(literals) > MOST_LITERALS:
        literals = [one for one in literals if labels[one.label].binary][:MOST_LITERALS]
    holds = {one: values[:, one.label] == one.code for one in literals}
    knows = {j: values[:, j] != MISSING for j in range(len(labels))}
    found: list[Suggestion] = []
    texts = [rule.text for rule in rules.rules]
    try:
        broken = deduce(values, rules).conflict  # by the rules there are: no suggestion's fault
    except TooTangled:
        return []
    for text, support, known in _candidates(labels, literals, holds, knows, images):
        if support < least or len(found) == MOST or _follows(text, texts, labels):
            continue
        try:
            together = parse_rules([*texts, text], labels)
            if (deduce(values, together).conflict & ~broken).any():
                continue  # what it says of an image and what another rule says of it can't both be
        except (RuleError, TooTangled):
            continue
        texts.append(text)
        found.append(Suggestion(text, support, known))
    return found


def spell(label: Label, code: int) -> str | None:
    """Return a class of a label as a rule says it; None for names that no rule can say."""
    if "`" in label.name:
        return None
    plain = label.name.isidentifier() or (label.name.isalnum() and label.name.isascii())
    name = label.name if plain and label.name.lower() not in KEYWORDS else f"`{label.name}`"
    if label.binary:
        return name if code == 1 else f"not {name}"
    quote = '"' if '"' not in label.classes[code] else "'"
    return None if quote in label.classes[code] else f"{name} = {quote}{label.classes[code]}{quote}"


def _literals(labels: Sequence[Label]) -> list[_Literal]:
    said = ((j, c, spell(label, c)) for j, label in enumerate(labels) for c in range(len(label.classes))
            if len(label.classes) > 1)  # fmt: skip
    return [_Literal(j, c, text) for j, c, text in said if text is not None]


def _candidates(labels, literals, holds, knows, images) -> Iterator[tuple[str, int, int]]:
    """Yield (text, support, known): equalities first, since implications follow from them."""
    positive = [one for one in literals if not labels[one.label].binary or one.code == 1]
    equal = [*_pairs(positive, literals, holds, knows, images), *_triples(positive, literals, holds, knows, images)]
    yield from sorted(equal, key=lambda c: -c[1])
    implied = []
    for a, b in permutations(literals, 2):
        if a.label == b.label:
            continue
        both = knows[a.label] & knows[b.label]
        if not (holds[a] & both & ~holds[b]).any() and (both & ~holds[b]).any():
            implied.append((f"{_in(a)} implies {_in(b)}", int(images @ (holds[a] & both)), int(images @ both)))
    # `a implies b` says what `not b implies not a` says: the one with fewer nots is read more easily.
    yield from sorted(implied, key=lambda c: (c[0].count("not "), -c[1]))


def _pairs(positive, literals, holds, knows, images) -> Iterator[tuple[str, int, int]]:
    for a in positive:
        for b in literals:
            if b.label > a.label:
                both = knows[a.label] & knows[b.label]
                if not ((holds[a] != holds[b]) & both).any():
                    yield _equality(a, _in(b), holds[a], both, images)


def _triples(positive, literals, holds, knows, images) -> Iterator[tuple[str, int, int]]:
    for b, c in combinations(literals, 2):
        if b.label == c.label:
            continue
        for a in positive:
            if a.label in (b.label, c.label):
                continue
            all_three = knows[a.label] & knows[b.label] & knows[c.label]
            fails = {one: knows[one.label] & ~holds[one] for one in (a, b, c)}
            for word, true, false in (
                ("and", holds[b] & holds[c], fails[b] | fails[c]),
                ("or", holds[b] | holds[c], fails[b] & fails[c]),
            ):  # one side of it can be known where the other is missing
                if not ((holds[a] & false) | (fails[a] & true)).any():
                    yield _equality(a, f"{_in(b)} {word} {_in(c)}", holds[a], all_three, images)


def _equality(a: _Literal, right: str, holds: np.ndarray, known: np.ndarray, images: np.ndarray):
    support = min(int(images @ (holds & known)), int(images @ (~holds & known)))
    left = f"({a.text})" if " = " in a.text else a.text
    return f"{left} = {right}", support, int(images @ known)


def _in(one: _Literal) -> str:
    return f"({one.text})" if " = " in one.text else one.text


def _follows(text: str, texts: list[str], labels: Sequence[Label]) -> bool:
    """Whether no row can keep the other rules and break this one."""
    try:
        return implied(bind(text, labels), [bind(one, labels) for one in texts], labels)
    except TooTangled:
        return False
