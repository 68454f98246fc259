"""A rule bound to its labels: names looked up, classes turned into codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import GapwiseError
from core.labels.label import Label
from core.labels.syntax import Operation, RuleError, Test, Token, parse


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        text: As it was typed, without blanks around it.
        tree: Nested tuples: ("is", label position, class code), ("not", t), ("and", t, ...),
            ("or", t, ...), ("implies", t, t), ("=", t, t).
        labels: Positions of the labels it mentions.
    """

    text: str
    tree: tuple
    labels: frozenset[int]


def bind(text: str, labels: Sequence[Label]) -> Rule:
    """Parse one rule and look its names up.

    Raises:
        RuleError: If the text is no rule, or names an unknown label or class.
    """
    positions = {label.name: i for i, label in enumerate(labels)}
    classes = {label.name: {*label.classes, *label.names} for label in labels}
    tree = _bind(parse(text, classes), text, labels, positions)
    return Rule(text.strip(), tree, frozenset(_mentioned(tree)))


def _bind(node: Test | Operation, text: str, labels: Sequence[Label], positions: dict[str, int]) -> tuple:
    if isinstance(node, Operation):
        return (node.operator, *(_bind(n, text, labels, positions) for n in node.operands))
    position = _find(node.name, text, positions)
    label = labels[position]
    if node.class_text is None:
        if not label.binary:
            raise RuleError(
                text,
                node.name.position,
                f'{label.name!r} has {_many(label)}; compare it with one: {label.name} = "{label.classes[0]}".',
            )
        return ("is", position, 1)
    code = _code(label, node.class_text, text)
    return ("is", position, code) if node.equal else ("not", ("is", position, code))


def _code(label: Label, wanted: Token, text: str) -> int:
    try:
        return label.code(wanted.text)
    except GapwiseError:
        listed = _listed(label.classes)
        message = f"{label.name!r} has no class {wanted.text!r}; it has {listed}."
        if wanted.text in label.names:
            message = f"Several classes of {label.name!r} are shown as {wanted.text!r}; write one of {listed}."
        raise RuleError(text, wanted.position, message) from None


def _find(name: Token, text: str, positions: dict[str, int]) -> int:
    if name.text in positions:
        return positions[name.text]
    folded = [n for n in positions if n.casefold() == name.text.casefold()]
    if len(folded) == 1:
        return positions[folded[0]]
    raise RuleError(text, name.position, f"There is no label {name.text!r}; the labels are {_listed(positions)}.")


def _many(label: Label) -> str:
    return "one class" if len(label.classes) == 1 else f"{len(label.classes)} classes"


def _listed(names: Sequence[str] | dict[str, int], most: int = 12) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _mentioned(tree: tuple) -> set[int]:
    return {tree[1]} if tree[0] == "is" else set().union(*(_mentioned(t) for t in tree[1:]))
