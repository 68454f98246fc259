"""Text that a spreadsheet would run as a formula, made harmless."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

# What Excel, LibreOffice and Google Sheets take for the start of a formula (OWASP, "CSV injection").
# Full-width forms count too: some of them fold these signs while they import.
_RISKY = re.compile(r"^[\s'\"]*[=+\-@\t\r\n|%＝＋－＠]")
_NUMBER = re.compile(r"^\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?$")


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it when a spreadsheet would run it; numbers stay numbers."""
    if _RISKY.match(text) and not _NUMBER.match(text):
        return "'" + text
    return text


def harmless_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with every text value and column name made harmless."""
    columns = {}
    for position in range(frame.shape[1]):
        values = frame.iloc[:, position].to_numpy(dtype=object)
        distinct, where = np.unique(values.astype(str), return_inverse=True)
        columns[position] = np.array([harmless(v) for v in distinct], dtype=object)[where.reshape(-1)]
    safe = pd.DataFrame(columns, index=frame.index, dtype=object)
    safe.columns = [harmless(str(c)) for c in frame.columns]
    return safe
