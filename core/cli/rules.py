"""`rules`: what holds between labels: listed, added, removed, found, and drawn as truth tables."""

from __future__ import annotations

import argparse

from core.cli.common import add_actions, add_verb, emit, open_workspace, say, text
from core.errors import GapwiseError
from core.labels.bound import Rule
from core.labels.label import Label
from core.labels.redundant import redundant
from core.labels.rules import RuleSet, parse_rules
from core.labels.suggest import LEAST, Suggestion
from core.labels.truth_table import truth_table
from core.store.cells import rule_set
from core.store.labels import rules as read_rules
from core.store.rules import change_rules, suggestions
from core.workspace import Workspace

ACTIONS = {
    "list": "the rules there are",
    "add": "add RULE, which must be able to hold with those there are",
    "remove": "remove the rule of that number or text; what followed from it alone is open again",
    "table": "the truth table of the rule of that number, or of any RULE",
    "suggest": "rules that hold without exception in what is known",
}


def register(verbs: argparse._SubParsersAction) -> None:
    parser = add_verb(verbs, "rules", "list, add, remove and look for rules between labels", _rules, json_output=True)
    add_actions(parser, ACTIONS)
    parser.add_argument("rule", nargs="?", type=text, metavar="RULE", help="as `5k = mask and distancing`, or a number")
    about = f"with suggest: images that have to bear a rule out (default: {LEAST})"
    parser.add_argument("--least", type=int, default=LEAST, metavar="N", help=about)
    parser.set_defaults(usage_error=parser.error)


def _rules(args: argparse.Namespace) -> int:
    if (args.rule is None) != (args.action in ("list", "suggest")):
        takes = "takes no rule" if args.action in ("list", "suggest") else "needs a rule or its number"
        args.usage_error(f"{args.action} {takes}")
    if args.least < 1:
        args.usage_error(f"--least is {args.least}; expected at least 1")
    ws = open_workspace(args)
    {"list": _list, "add": _add, "remove": _remove, "table": _table, "suggest": _suggest}[args.action](args, ws)
    return 0


def _list(args: argparse.Namespace, ws: Workspace) -> None:
    with ws.read() as connection:
        found, rules = read_rules(connection), rule_set(connection)
    emit(args, found, _numbered(found) or "no rules yet")
    _say_redundant(rules)


def _add(args: argparse.Namespace, ws: Workspace) -> None:
    if not args.rule.strip():
        raise GapwiseError("The rule is empty. Write one, for example: 5k = mask and distancing")
    with ws.write() as connection:
        before = read_rules(connection)
        if args.rule.strip() in before:
            raise GapwiseError(f"The rule {args.rule.strip()!r} is there already.")
        change_rules(connection, [*before, args.rule])
        found, rules = read_rules(connection), rule_set(connection)
    emit(args, found, _numbered(found))
    _say_redundant(rules)


def _say_redundant(rules: RuleSet) -> None:
    for one in redundant(rules):
        say(one.sentence())


def _remove(args: argparse.Namespace, ws: Workspace) -> None:
    with ws.write() as connection:
        found = read_rules(connection)
        left = [rule for n, rule in enumerate(found, 1) if args.rule.strip() not in (str(n), rule)]
        if len(left) == len(found):
            raise GapwiseError(f"There is no rule {args.rule!r}. The rules here are:\n{_numbered(found) or 'none'}")
        withdrawn = change_rules(connection, left)
    lost = f"\n{withdrawn} derived cells are open again" if withdrawn else ""
    emit(args, {"rules": left, "withdrawn": withdrawn}, (_numbered(left) or "no rules left") + lost)


def _table(args: argparse.Namespace, ws: Workspace) -> None:
    with ws.read() as connection:
        rules = rule_set(connection)
    labels = list(rules.labels)
    number = args.rule.strip()
    if number.isdecimal() and 1 <= int(number) <= len(rules.rules):
        rule = rules.rules[int(number) - 1]
    elif number.isdecimal():
        raise GapwiseError(
            f"There is no rule {number}. The rules here are:\n{_numbered([r.text for r in rules.rules])}"
        )
    else:
        rule = parse_rules([args.rule], labels).rules[0]
    found = truth_table(rule, labels)
    names = [labels[i].name for i in found.labels]
    rows = [
        {**{n: labels[i].names[c] for n, i, c in zip(names, found.labels, row, strict=True)}, "allowed": holds}
        for row, holds in zip(found.rows, found.holds, strict=True)
    ]
    emit(args, {"rule": rule.text, "rows": rows}, _drawn(rule, found.labels, labels, rows))


def _suggest(args: argparse.Namespace, ws: Workspace) -> None:
    with ws.read() as connection:
        found = suggestions(connection, args.least)
    value = [{**vars(s), "exceptions_at_most": s.exceptions_at_most} for s in found]
    none = f"No rule holds without exception in at least {args.least} images, but for what the rules say already."
    emit(args, value, "\n".join(map(told, found)) or none)


def told(found: Suggestion) -> str:
    """Return a suggestion and what speaks for it, in one line."""
    return (
        f"{found.text}   ({found.support:,} images bear it out, none of {found.known:,} contradicts it: with 95%"
        f" confidence fewer than {found.exceptions_at_most:.1%} exceptions)"
    )


def _numbered(rules: list[str]) -> str:
    return "\n".join(f"{n:>3}  {rule}" for n, rule in enumerate(rules, 1))


def _drawn(rule: Rule, positions: tuple[int, ...], labels: list[Label], rows: list[dict]) -> str:
    widths = [max(len(labels[i].name), *(len(n) for n in labels[i].names)) for i in positions]
    head = "  ".join(f"{labels[i].name:<{w}}" for i, w in zip(positions, widths, strict=True))
    lines = [
        "  ".join(f"{row[labels[i].name]:<{w}}" for i, w in zip(positions, widths, strict=True))
        + ("  allowed" if row["allowed"] else "  -")
        for row in rows
    ]
    return "\n".join([rule.text, "", head, *lines])
