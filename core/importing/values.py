"""One column's text to class codes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from core.importing.folder import natural
from core.labels.label import MISSING

UNKNOWN = -2  # a value that is neither a class nor a missing token
_TOO_MANY = 20_000  # far more than a label may have; normalizing a million ids would take seconds
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?")
# Negative first. A label whose two values are one of these pairs is binary beyond doubt.
PAIRS = (
    ("0", "1"), ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("absent", "present"), ("off", "on"),
    ("negative", "positive"), ("neg", "pos"), ("-", "+"), ("bad", "good"), ("fail", "pass"), ("failed", "passed"),
    ("incorrect", "correct"), ("wrong", "right"), ("invalid", "valid"), ("abnormal", "normal"), ("nok", "ok"),
    ("reject", "accept"), ("rejected", "accepted"), ("closed", "open"), ("inactive", "active"), ("low", "high"),
)  # fmt: skip
_NEGATIVE_WORDS = {"no", "not", "non", "without", "never", *(pair[0] for pair in PAIRS[1:])} - {"-", "n", "f"}
_TRUTH = {word for pair in PAIRS[1:5] for word in pair}


def normalize(text: str) -> str:
    """Return what a value means, whatever way it is written: `1.0`, ` 1 ` and `+1` are `1`, `TRUE` is `true`."""
    text = text.strip("\ufeff\u200b \t\r\n\f\v\xa0")
    if _INTEGER.fullmatch(text):
        digits = text.partition(".")[0].lstrip("+")
        return "0" if digits in ("-0", "0") else digits
    return text.lower() if text.lower() in _TRUTH else text


def is_missing(value: str, missing: Iterable[str]) -> bool:
    """Whether a normalized value is one of the tokens (or is empty), without regard to case."""
    return not value or value.casefold() in {normalize(token).casefold() for token in missing}


def distinct(values: Sequence[str], missing: Iterable[str]) -> Counter[str]:
    """Count a column's normalized values that are not missing; ids by the ten thousands are counted as they are."""
    codes, uniques = pd.factorize(np.asarray(values, dtype=object))
    counts = np.bincount(codes, minlength=len(uniques))
    if len(uniques) > _TOO_MANY:
        return Counter(dict(zip(uniques, counts.tolist(), strict=True)))
    tokens = {normalize(token).casefold() for token in missing} | {""}
    found: Counter[str] = Counter()
    for raw, count in zip(uniques, counts.tolist(), strict=True):
        value = normalize(raw)
        if value.casefold() not in tokens:
            found[value] += count
    return found


def without_strays(counts: Counter[str]) -> Counter[str]:
    """Leave out rare values beside a pair such as 0 and 1, so that `maybe` or 7 is reported and no third class.

    A stray occurs once, or all strays together in at most 5% of the rows; numbers that go on after 0 and 1 are taken
    for classes unless they are fewer than 1%.
    """
    pair = next((p for p in PAIRS if all(value in counts for value in p)), None)
    others = {value: n for value, n in counts.items() if pair is None or value not in pair}
    if pair is None or not others:
        return counts
    total, rare = sum(counts.values()), sum(others.values())
    follows = pair == ("0", "1") and set(others) == {str(i) for i in range(2, 2 + len(others))}
    single = max(others.values()) == 1 and min(counts[value] for value in pair) > 1
    stray = rare < 0.01 * total if follows else single or rare <= 0.05 * total
    return Counter({value: counts[value] for value in pair}) if stray else counts


def encode(values: Sequence[str], classes: Sequence[str], missing: Iterable[str]) -> tuple[np.ndarray, dict[str, str]]:
    """Turn a column into class codes.

    Args:
        values: The column as text, shape (N,).
        classes: Normalized or raw; a value that is one of them is never missing.
        missing: Tokens.

    Returns:
        Codes, (N,) int16: a class, -1 missing, -2 neither. And for each class that occurs its commonest spelling.
    """
    codes, uniques = pd.factorize(np.asarray(values, dtype=object))
    counts = np.bincount(codes, minlength=len(uniques)).tolist()
    by_value = {normalize(c): i for i, c in enumerate(classes)}
    tokens = {normalize(token).casefold() for token in missing} | {""}
    table = np.empty(len(uniques), dtype=np.int16)
    spellings: dict[str, Counter[str]] = {}
    for i, raw in enumerate(uniques):
        value = normalize(raw)
        code = by_value.get(value)
        table[i] = code if code is not None else MISSING if value.casefold() in tokens else UNKNOWN
        if code is not None:
            spellings.setdefault(classes[code], Counter())[raw.strip()] += counts[i]
    return table[codes], {name: found.most_common(1)[0][0] for name, found in spellings.items()}


def order(classes: Iterable[str]) -> list[str]:
    """Sort classes: of two the negative one first, numbers by size, text in natural order."""
    found = sorted(set(classes), key=_sort_key)
    if len(found) == 2 and _negative(found[1], found[0]):
        found.reverse()
    return found


def complete(classes: list[str]) -> list[str]:
    """Add the other class of a pair when only one occurs, as with `yes` and gaps."""
    if len(classes) != 1:
        return classes
    pair = next((p for p in PAIRS if classes[0].lower() in p), None)
    return list(pair) if pair is not None and classes[0] in pair else classes


def display_names(classes: Sequence[str]) -> list[str]:
    """Return what people read: no and yes for 0 and 1, else the classes themselves."""
    return ["no", "yes"] if tuple(classes) in (("0", "1"), ("false", "true"), ("f", "t"), ("n", "y")) else list(classes)


def _sort_key(text: str) -> tuple:
    try:
        return (0, float(text), [])
    except ValueError:
        return (1, 0.0, natural(text.casefold()))


def _negative(text: str, other: str) -> bool:
    """Whether of two classes `text` is the one that says no."""
    if (text.lower(), other.lower()) in PAIRS:
        return True
    if text.lower() in {prefix + other.lower() for prefix in ("un", "in", "im", "non", "dis")}:
        return True
    words, others = (set(re.split(r"[\s_\-]+", t.lower())) for t in (text, other))
    return bool((words - others) & _NEGATIVE_WORDS) and not (others - words) & _NEGATIVE_WORDS
