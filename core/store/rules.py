"""Rules of a workspace: changing them, and finding new ones in what is known."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from core.labels.rules import parse_rules
from core.labels.suggest import LEAST, Suggestion, suggest
from core.store import beliefs, profiles
from core.store.cells import rule_set, withdraw_stale
from core.store.labels import labels, set_rules


def change_rules(connection: Connection, texts: Sequence[str]) -> int:
    """Replace all rules, each once; return how many derived cells followed from the old ones only and are open again.

    Raises:
        RuleError: If one can't be used; nothing is changed then.
    """
    parse_rules(texts, list(labels(connection).values()))
    set_rules(connection, list(dict.fromkeys(text.strip() for text in texts if text.strip())))
    withdrawn = withdraw_stale(connection)
    beliefs.refresh_all(connection)
    return withdrawn


def suggestions(connection: Connection, least: int = LEAST) -> list[Suggestion]:
    """Return rules that hold without exception in what is known, but for what models said.

    Args:
        least: Images that have to bear a rule out.
    """
    found = profiles.read(connection)
    # A model's mistakes are no facts, and derived cells only repeat the rules there are.
    return suggest(found.stated, found.images, rule_set(connection), least)
