"""Parquet and Excel to text."""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path

import numpy as np

from core.errors import GapwiseError, first_line
from core.importing.delimited import Parsed, _refuse_data_as_header

_MAX_UNPACKED = 1 << 30  # bytes of XML in an Excel file; a zip bomb has more


def read_parquet(path: Path, max_cells: int) -> Parsed:
    """Return header, columns of text, row numbers and no problems.

    Raises:
        GapwiseError: If it is no Parquet, too large, or a column holds lists, structs or bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        count = file.metadata.num_rows
        if count * max(1, len(file.schema_arrow)) > max_cells:
            raise GapwiseError(
                f"{path.name} has {count:,} rows and {len(file.schema_arrow)} columns: too many to read."
            )
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise GapwiseError(f"{path.name} can't be read as Parquet: {first_line(error)[:200]}.") from error
    odd = next((f for f in table.schema if pa.types.is_nested(f.type) or "binary" in str(f.type)), None)
    if odd is not None:
        raise GapwiseError(
            f"Column {odd.name!r} of {path.name} holds {odd.type}; only text, numbers, booleans and dates are read."
            " Leave it out."
        )
    columns = [_text(table.column(i).to_pylist()) for i in range(table.num_columns)]
    return list(table.column_names), columns, list(range(1, count + 1)), []


def read_excel(path: Path, max_cells: int) -> Parsed:
    """Return header, columns of text, sheet rows and no problems, from the first sheet that has any text.

    Raises:
        GapwiseError: If it is no Excel workbook, empty, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise GapwiseError(f"{path.name} is no Excel workbook. Save it as .xlsx or .csv.") from error
    if unpacked > _MAX_UNPACKED:
        raise GapwiseError(f"{path.name} unpacks to {unpacked:,} bytes; at most {_MAX_UNPACKED:,} are read.")
    rows, numbers = _first_sheet(path, max_cells)
    if not rows:
        raise GapwiseError(f"{path.name} has no sheet with text. Expected a header row and one row for each image.")
    width = max(max((i + 1 for i, cell in enumerate(row) if cell), default=0) for row in rows)
    square = [row[:width] + [""] * (width - len(row)) for row in rows]
    header = [cell.strip() for cell in square[0]]
    _refuse_data_as_header(path.name, header)
    return header, [np.array([row[i] for row in square[1:]], dtype=object) for i in range(width)], numbers[1:], []


def _first_sheet(path: Path, max_cells: int) -> tuple[list[list[str]], list[int]]:
    import openpyxl

    # A hostile workbook can break openpyxl anywhere: bad XML, missing parts, wrong types.
    broken = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError, zipfile.BadZipFile)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that openpyxl does not know
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                for sheet in book.worksheets:
                    rows, numbers = _sheet_rows(path, sheet, max_cells)
                    if rows:
                        return rows, numbers
            finally:
                book.close()
    except broken as error:
        raise GapwiseError(
            f"{path.name} can't be read as an Excel workbook: {first_line(error)[:200]}. Save it as .csv."
        ) from error
    return [], []


def _sheet_rows(path: Path, sheet, max_cells: int) -> tuple[list[list[str]], list[int]]:
    rows, numbers, cells = [], [], 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells += len(row) + 1
        if cells > max_cells:
            raise GapwiseError(f"{path.name} has more than {max_cells:,} cells: too many to read.")
        texts = [as_text(value) for value in row]
        if any(text.strip() for text in texts):
            rows.append(texts)
            numbers.append(number)
    return rows, numbers


def as_text(value: object) -> str:
    """Return a value the way a person would type it: 1.0 is 1, nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return value if isinstance(value, str) else str(value)


def _text(values: list) -> np.ndarray:
    result = np.empty(len(values), dtype=object)
    result[:] = [as_text(value) for value in values]
    return result
