"""Text that a spreadsheet would run as a formula, made harmless."""

from __future__ import annotations

import re

import pandas as pd

# What Excel, LibreOffice and Google Sheets take for the start of a formula (OWASP, "CSV injection").
# Full-width forms count too: some of them fold these signs while they import.
_RISKY = re.compile(r"^[\s'\"]*[=+\-@\t\r\n|%＝＋－＠]")
# Numbers, and signs alone: `-` and `+` are classes in some tables.
_PLAIN = re.compile(r"\s*([+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?|[+-]+)[ ]*")


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it when a spreadsheet would run it; numbers stay numbers."""
    if _RISKY.match(text) and not _PLAIN.fullmatch(text):
        return "'" + text
    return text


def harmless_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with every text value and column name made harmless."""
    columns = {}
    for position in range(frame.shape[1]):
        values = [str(v) for v in frame.iloc[:, position]]
        # Few distinct values, many rows.
        safe = {v: harmless(v) for v in set(values)}
        columns[position] = [safe[v] for v in values]
    result = pd.DataFrame(columns, index=frame.index, dtype=object)
    result.columns = [harmless(str(c)) for c in frame.columns]
    return result
