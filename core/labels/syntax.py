"""The rule language's grammar: text in, a tree of names and operators out. Never evaluates anything.

    rule    := implies [ '=' implies ]                  both sides true, or both false
    implies := or [ 'implies' implies ]
    or      := and { 'or' and }
    and     := not { 'and' not }
    not     := 'not' not | '(' rule ')' | name [ ('=' | '!=') class ]
    name    := word | `any text`                        class := "any text" | 'any text' | word

A bare word after `=` is a class when it is no label's name: `mask = 1`, but `5k = mask and distancing`. A label's
name in other case counts as that label too, unless the word is a class of the label before the `=`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.errors import GapwiseError

MAX_LENGTH = 2000  # characters; a longer rule is a pasted file, not a rule
MAX_DEPTH = 50  # nested parentheses and nots; keeps the recursive parser far from Python's own limit
KEYWORDS = ("and", "or", "not", "implies")

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<op>!=|==|=|\(|\))|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|`(?P<back>[^`]*)`|(?P<word>[^\s"'`()=!]+)"""
)


class RuleError(GapwiseError):
    """A rule that can't be used; points at the place."""

    def __init__(self, text: str, position: int, message: str) -> None:
        self.text, self.position, self.message = text, position, message
        # Long rules are shown around the place only; line breaks would put the caret elsewhere.
        start = max(0, position - 50)
        shown = re.sub(r"\s", " ", text[start : start + 100])
        super().__init__(f"{message}\n  {shown}\n  {' ' * (position - start)}^")


@dataclass(frozen=True)
class Token:
    kind: str  # "op", "word", "class" (quoted), "name" (backquoted), "end"
    text: str
    position: int

    @property
    def keyword(self) -> str | None:
        """The keyword or operator that this token is, if any."""
        if self.kind == "op":
            return "=" if self.text == "==" else self.text
        return self.text.lower() if self.kind == "word" and self.text.lower() in KEYWORDS else None


@dataclass(frozen=True)
class Test:
    """`name` alone (class_text None), or compared with a class."""

    name: Token
    class_text: Token | None = None
    equal: bool = True


@dataclass(frozen=True)
class Operation:
    operator: str  # "not", "and", "or", "implies", "="
    operands: tuple[Test | Operation, ...]


def tokens(text: str) -> list[Token]:
    """Split a rule; the last token is an "end".

    Raises:
        RuleError: At a quote that is not closed, or a sign that the language does not have.
    """
    if len(text) > MAX_LENGTH:
        raise RuleError(text, MAX_LENGTH, f"The rule is {len(text)} characters long; {MAX_LENGTH} are allowed.")
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            sign = text[position]
            hint = f"A quote {sign} is not closed." if sign in "\"'`" else f"The sign {sign!r} has no meaning here."
            raise RuleError(text, position, hint)
        kind, value = match.lastgroup, match.group(match.lastgroup)
        kind = {"double": "class", "single": "class", "back": "name"}.get(kind, kind)
        if kind != "space":
            found.append(Token(kind, value, position))
        position = match.end()
    return [*found, Token("end", "", len(text))]


def parse(text: str, classes: Mapping[str, Collection[str]]) -> Test | Operation:
    """Parse one rule.

    Args:
        classes: The labels' names with what each one's classes are called, to tell `a = b` of two labels from a
            label and its class.

    Raises:
        RuleError: With the position at which the text stops making sense.
    """
    parser = _Parser(text, classes)
    tree = parser.rule()
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, text: str, classes: Mapping[str, Collection[str]]) -> None:
        self.text, self.classes = text, classes
        self.folded = {name.casefold(): name for name in classes}
        self.tokens, self.at, self.depth = tokens(text), 0, 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def fail(self, message: str, token: Token | None = None) -> RuleError:
        return RuleError(self.text, (token or self.now).position, message)

    def take(self, keyword: str) -> bool:
        if self.now.keyword != keyword:
            return False
        self.at += 1
        return True

    def expect_end(self) -> None:
        if self.now.kind == "end":
            return
        if self.now.keyword == ")":
            raise self.fail("This parenthesis was never opened.")
        if self.now.keyword == "=":
            raise self.fail("One `=` between two sides is enough; use parentheses or a second rule.")
        raise self.fail(f"Expected `and`, `or`, `implies`, `=` or the end, not {self.now.text!r}.")

    def rule(self) -> Test | Operation:
        left = self.implies()
        return Operation("=", (left, self.implies())) if self.take("=") else left

    def implies(self) -> Test | Operation:
        parts = [self.disjunction()]
        while self.take("implies"):
            parts.append(self.disjunction())
        tree = parts.pop()
        while parts:  # a implies b implies c is a implies (b implies c)
            tree = Operation("implies", (parts.pop(), tree))
        return tree

    def disjunction(self) -> Test | Operation:
        parts = [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Operation("or", tuple(parts))

    def conjunction(self) -> Test | Operation:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Operation("and", tuple(parts))

    def negation(self) -> Test | Operation:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"More than {MAX_DEPTH} nested parentheses or nots.")
        try:
            if self.take("not"):
                return Operation("not", (self.negation(),))
            opening = self.now
            if self.take("("):
                inner = self.rule()
                if not self.take(")"):
                    raise self.fail("This parenthesis is not closed.", opening if self.now.kind == "end" else None)
                return inner
            return self.test()
        finally:
            self.depth -= 1

    def test(self) -> Test:
        name = self.now
        if name.kind not in ("word", "name") or name.keyword:
            what = {"end": "the rule ends", "class": f'the class "{name.text}" stands'}.get(name.kind, repr(name.text))
            raise self.fail(f"Expected a label, but {what} here.")
        self.at += 1
        if self.now.keyword not in ("=", "!="):
            return Test(name)
        value = self.tokens[self.at + 1]
        is_class = value.kind == "class" or (
            value.kind == "word" and not value.keyword and self.class_word(name, value)
        )
        if self.now.keyword == "!=" and not is_class:
            raise self.fail("After `!=` comes a class of the label.", value)
        if not is_class:
            return Test(name)  # the `=` belongs to the rule: `5k = mask and distancing`
        equal = self.now.keyword == "="
        self.at += 2
        return Test(name, value, equal)

    def class_word(self, name: Token, value: Token) -> bool:
        """Whether a bare word after `=` is a class, not a label."""
        if value.text in self.classes or value.text.casefold() not in self.folded:
            return value.text not in self.classes
        label = name.text if name.text in self.classes else self.folded.get(name.text.casefold())
        return value.text in self.classes.get(label, ())
