"""Rules as a circuit of choices: sums and maxima over all assignments that they allow, without writing those down.

A rule is cut down label by label; what is left of the rules after a choice is a circuit of its own, met again on other
ways and made once, and parts that share no label are multiplied. So `a or b or … or z` has 26 nodes where there are 67
million assignments (Darwiche 2003, "A differential approach to inference in Bayesian networks", J. ACM 50). Classes
that no rule names behave alike and are one choice, so 300 of them cost what one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.bound import Rule
from core.labels.label import Label

PRODUCT = -1  # the position of a node whose children all hold
OTHER = -1  # the code of all classes that no rule names
MOST_NODES = 2_000  # of one circuit; a million images take some minutes then
MOST_WORK = 200_000  # tests looked at while one is made: some tenths of a second

Tree = tuple
Constraints = frozenset  # of trees; all hold


class TooWide(Exception):
    """The rules tie labels together in more ways than a circuit may hold."""


@dataclass(frozen=True)
class Node:
    """A choice of one label's class, or a product.

    Attributes:
        position: The label, or PRODUCT.
        children: (place among the label's groups, number of the node that goes on); the place is 0 in a product.
    """

    position: int
    children: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Circuit:
    """Nodes, children before parents; number 0 holds always, the last one is the root. `mentioned` are its labels."""

    nodes: tuple[Node, ...]
    mentioned: frozenset[int]


def groups(labels: Sequence[Label], positions: Collection[int], rules: Sequence[Rule]) -> dict[int, tuple[int, ...]]:
    """Return the codes that rules tell apart, by label, with OTHER last where a label has more classes than those."""
    named: dict[int, set[int]] = {position: set() for position in positions}
    for rule in rules:
        for position, code in _tests(rule.tree):
            named[position].add(code)
    rest = {p: (OTHER,) if len(codes) < len(labels[p].classes) else () for p, codes in named.items()}
    return {p: (*sorted(codes), *rest[p]) for p, codes in named.items()}


def constrain(rules: Sequence[Rule], known: Mapping[int, int]) -> Constraints | None:
    """Return what is left of rules when some labels' codes are known; None when they can't hold."""
    found: Constraints | None = frozenset().union(*(_split(rule.tree) for rule in rules))
    for position, code in known.items():
        found = None if found is None else _choose(found, position, code)
    return found


def compile_circuit(constraints: Constraints, choices: Mapping[int, tuple[int, ...]]) -> Circuit | None:
    """Return the circuit of some constraints; None when nothing fulfils them.

    Args:
        choices: What `groups` returned.

    Raises:
        TooWide: If it has more than MOST_NODES nodes, or takes more than MOST_WORK.
    """
    compiler = _Compiler(choices)
    if compiler.node(constraints) is None:
        return None
    return Circuit(tuple(compiler.nodes), frozenset(p for tree in constraints for p, _ in _tests(tree)))


class _Compiler:
    def __init__(self, choices: Mapping[int, tuple[int, ...]]) -> None:
        self.choices, self.work = choices, 0
        self.nodes = [Node(PRODUCT, ())]
        self.made: dict[Constraints, int | None] = {frozenset(): 0}

    def node(self, pending: Constraints) -> int | None:
        """Return the number of a node that holds where all constraints do; None when nothing fulfils them."""
        if pending not in self.made:
            counts = {tree: Counter(p for p, _ in _tests(tree)) for tree in pending}
            self.work += sum(c.total() for c in counts.values())
            if self.work > MOST_WORK or len(self.nodes) >= MOST_NODES:
                raise TooWide
            parts = _apart(counts)
            self.made[pending] = self._product(parts) if len(parts) > 1 else self._choice(pending, counts)
        return self.made[pending]

    def _product(self, parts: Sequence[Constraints]) -> int | None:
        children = []
        for part in parts:
            child = self.node(part)
            if child is None:
                return None
            children.append((0, child))
        return self._add(PRODUCT, children)

    def _choice(self, pending: Constraints, counts: Mapping[Tree, Counter]) -> int | None:
        mentions = sum(counts.values(), Counter())
        position = min(mentions, key=lambda p: (-mentions[p], p))  # what most hangs on: parts fall apart soon
        children = []
        for place, code in enumerate(self.choices[position]):
            left = _choose(pending, position, code)
            child = None if left is None else self.node(left)
            if child is not None:
                children.append((place, child))
        return self._add(position, children) if children else None

    def _add(self, position: int, children: Sequence[tuple[int, int]]) -> int:
        self.nodes.append(Node(position, tuple(children)))
        return len(self.nodes) - 1


def upward(circuit: Circuit, scores: Mapping[int, np.ndarray], best: bool = False) -> list[np.ndarray]:
    """Return each node's logarithm of the sum over the assignments below it, or with `best` the largest one.

    Args:
        scores: (N, G) by label, one column for each of its groups. Of a label that is not decided below a node, any
            class goes: sums of exp(score) over a row must be 1, with `best` its largest must be 0.
    """
    count = len(next(iter(scores.values()))) if scores else 0
    join = np.maximum if best else np.logaddexp
    found = [np.zeros(count)]
    for node in circuit.nodes[1:]:
        parts = (found[c] if node.position == PRODUCT else scores[node.position][:, g] + found[c]
                 for g, c in node.children)  # fmt: skip
        total = next(parts)
        for part in parts:
            total = total + part if node.position == PRODUCT else join(total, part)
        found.append(total)
    return found


def downward(circuit: Circuit, scores: Mapping[int, np.ndarray], values: Sequence[np.ndarray]) -> dict[int, np.ndarray]:
    """Return (N, G) probabilities of each mentioned label's groups, from what `upward` returned."""
    top = values[-1]
    down = [np.full(len(top), -np.inf) for _ in circuit.nodes]
    down[-1] = -top  # relative to all that is allowed
    decided = {p: np.full(scores[p].shape, -np.inf) for p in circuit.mentioned}
    for number in range(len(circuit.nodes) - 1, 0, -1):
        node = circuit.nodes[number]
        for place, child in node.children:
            if node.position == PRODUCT:
                reach = down[number] + values[number] - values[child]
            else:
                reach = down[number] + scores[node.position][:, place]
                column = decided[node.position][:, place]
                np.logaddexp(column, reach + values[child], out=column)
            down[child] = np.logaddexp(down[child], reach)
    found = {}
    for position, logs in decided.items():
        sure = np.exp(logs)
        # On ways where a label is not decided it stays what was predicted.
        found[position] = sure + np.clip(1 - sure.sum(axis=1, keepdims=True), 0, None) * np.exp(scores[position])
    return found


def decode(circuit: Circuit, scores: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Return (N,) the group of each mentioned label in the allowed assignment with the largest sum of scores.

    Args:
        scores: (N, G) by label, the largest of a row 0.
    """
    values = upward(circuit, scores, best=True)
    chosen = {p: scores[p].argmax(axis=1) for p in circuit.mentioned}
    active = [np.zeros(len(values[-1]), dtype=bool) for _ in circuit.nodes]
    active[-1][:] = True
    for number in range(len(circuit.nodes) - 1, 0, -1):
        node, here = circuit.nodes[number], active[number]
        if node.position == PRODUCT:
            for _, child in node.children:
                active[child] |= here
            continue
        totals = np.stack([scores[node.position][:, g] + values[c] for g, c in node.children], axis=1)
        pick = totals.argmax(axis=1)
        for i, (place, child) in enumerate(node.children):
            taken = here & (pick == i)
            chosen[node.position][taken] = place
            active[child] |= taken
    return chosen


def _choose(constraints: Constraints, position: int, code: int) -> Constraints | None:
    """Return what is left when a label has a code; None when a constraint is false then."""
    left: set[Tree] = set()
    for tree in constraints:
        cut = _cut(tree, position, code)
        if cut is False:
            return None
        if cut is not True:
            left |= _split(cut)
    return frozenset(left)


def _split(tree: Tree) -> frozenset[Tree]:
    """Return the parts of a constraint that hold each by itself."""
    return frozenset().union(*map(_split, tree[1:])) if tree[0] == "and" else frozenset([tree])


def _cut(tree: Tree, position: int, code: int) -> Tree | bool:
    """Return a rule's tree with one label's code put in, simplified; True or False once it is decided."""
    operator = tree[0]
    if operator == "is":
        return code == tree[2] if tree[1] == position else tree
    cut = [_cut(part, position, code) for part in tree[1:]]
    if operator == "not":
        return _negated(cut[0])
    if operator in ("and", "or"):
        end = operator == "or"  # what decides the whole
        if end in cut:
            return end
        cut = [part for part in cut if part is not (not end)]
        return (operator, *cut) if len(cut) > 1 else cut[0] if cut else not end
    left, right = cut
    if operator == "implies":
        if left is False or right is True:
            return True
        return right if left is True else _negated(left) if right is False else (operator, left, right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, bool):
            return other if one else _negated(other)
    return (operator, left, right)


def _negated(tree: Tree | bool) -> Tree | bool:
    return not tree if isinstance(tree, bool) else ("not", tree)


def _tests(tree: Tree) -> list[tuple[int, int]]:
    """Return (label position, class code) of every test in a tree."""
    return [(tree[1], tree[2])] if tree[0] == "is" else [test for part in tree[1:] for test in _tests(part)]


def _apart(counts: Mapping[Tree, Collection[int]]) -> list[Constraints]:
    """Return the constraints in groups that share no label."""
    parts: list[tuple[set[int], set[Tree]]] = []
    for tree, positions in counts.items():
        touching = [part for part in parts if part[0] & positions.keys()]
        parts = [part for part in parts if not part[0] & positions.keys()]
        parts.append((set(positions).union(*(p[0] for p in touching)), {tree}.union(*(p[1] for p in touching))))
    return [frozenset(trees) for _, trees in parts]
