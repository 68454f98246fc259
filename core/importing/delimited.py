"""CSV and TSV: encoding and delimiter found out, rows of the wrong length kept and named."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import numpy as np

from core.errors import GapwiseError
from core.images.decode import IMAGE_SUFFIXES

_CANDIDATES = (",", ";", "\t", "|")
_SAMPLE_LINES = 50
_MAX_COLUMNS = 10_000

Parsed = tuple[list[str], list[np.ndarray], list[int], list[tuple[int, str, bool]]]


def read(path: Path, max_cells: int) -> Parsed:
    """Return header, columns of text, line numbers, and rows with too many or too few values.

    Raises:
        GapwiseError: If a quote is never closed, the table is too large, or its first line is no header.
    """
    text = decode(path.read_bytes(), path.name)
    delimiter, text = _delimiter(text, path.suffix.lower())
    rows, lines = _parse(text, delimiter, path.name)
    if not rows:
        raise GapwiseError(f"{path.name} has no lines with text. Expected a header line and one row for each image.")
    header = [cell.strip() for cell in rows[0]]
    if len(header) > _MAX_COLUMNS or len(header) * len(rows) > max_cells:
        raise GapwiseError(f"{path.name} has {len(header):,} columns and {len(rows):,} rows: too many to read.")
    _refuse_data_as_header(path.name, header)
    problems = _square(rows, len(header), delimiter)
    columns = [np.array([row[i] for row in rows[1:]], dtype=object) for i in range(len(header))]
    return header, columns, lines[1:], problems


def decode(content: bytes, name: str) -> str:
    """Bytes to text: by byte order mark, as UTF-8, else as Windows-1252 or Latin-1."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, encoding, name)
    sample = content[:2000]
    if sample.count(0) * 4 > len(sample):  # UTF-16 without a mark: every other byte of Western text is 0
        return _decoded(content, "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be", name)
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _decoded(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise GapwiseError(
            f"{name} is marked as {encoding} but byte {error.start} breaks it. Save it as UTF-8."
        ) from error


def _delimiter(text: str, suffix: str) -> tuple[str, str]:
    """Return the delimiter and the text without Excel's own `sep=;` line."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[4], rest
    sample = "\n".join(text.splitlines()[:_SAMPLE_LINES])
    order = ("\t", *(c for c in _CANDIDATES if c != "\t")) if suffix in (".tsv", ".tab") else _CANDIDATES
    return max(order, key=lambda c: (_fit(sample, c), -order.index(c))), text


def _fit(sample: str, delimiter: str) -> float:
    """Score a delimiter: the share of lines as wide as the header, and more columns are better."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return 0.0
    if not widths or widths[0] < 2:
        return 0.0
    return sum(w == widths[0] for w in widths) / len(widths) + widths[0] / (widths[0] + 1) / 10


def _parse(text: str, delimiter: str, name: str) -> tuple[list[list[str]], list[int]]:
    try:
        return _rows(text, delimiter, strict=True)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise GapwiseError(f"{name} has a quotation mark that is never closed. Close or remove it.") from error
    try:
        # Text after a closing quote is sloppy but has one reading only.
        return _rows(text, delimiter, strict=False)
    except csv.Error as error:
        raise GapwiseError(f"{name} can't be read as a table: {error}. Is a quotation mark never closed?") from error


def _rows(text: str, delimiter: str, strict: bool) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    rows, lines, start = [], [], 1
    for row in reader:
        if any(cell.strip() for cell in row):  # blank lines are no rows
            rows.append(row)
            lines.append(start)
        start = reader.line_num + 1
    return rows, lines


def _square(rows: list[list[str]], width: int, delimiter: str) -> list[tuple[int, str, bool]]:
    """Bring all rows to the header's width, in place; nothing is lost: what is too much stays in the last cell."""
    problems = []
    for index, row in enumerate(rows[1:]):
        if len(row) == width:
            continue
        had = len(row)
        if had < width:
            row.extend([""] * (width - had))
            problems.append((index, f"{had} values in a table of {width} columns: the others count as missing", True))
        elif any(cell.strip() for cell in row[width:]):
            row[width - 1 :] = [delimiter.join(row[width - 1 :])]
            problems.append(
                (index, f"{had} values in a table of {width} columns: nobody knows which belongs where", False)
            )
        else:
            del row[width:]
    return problems


def _refuse_data_as_header(name: str, header: list[str]) -> None:
    data = next((cell for cell in header if Path(cell).suffix.lower() in IMAGE_SUFFIXES), None)
    if data is not None:
        raise GapwiseError(
            f"The first line of {name} looks like data ({data!r}), not like a header."
            " Add a first line with the columns' names, for example fname,label."
        )
