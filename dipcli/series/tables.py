"""CSV files with a header: columns of numbers, gaps, and all else as it was."""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.failures import reader
from dipcli.io.limits import refuse_oversized

DELIMITERS = ",;\t|"
GAPS = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "?"})
TIMES = re.compile(r"(date|time|zeit|datum|year|jahr|stamp|index|^t$|^id$|^#$|^n$)", re.IGNORECASE)
LEAST_ROWS = 8
MOST_DECIMALS = 12
MOST_FACTOR = 40  # bytes of memory for each of the file

Values = NDArray[np.float64]  # (columns, rows), NaN for a gap


@dataclass(frozen=True)
class Table:
    """A table, its numbers, and which of its columns these are."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...]  # columns that are restored
    values: Values
    delimiter: str
    comma: bool  # whether that is the decimal sign
    newline: str
    encoding: str
    warnings: tuple[str, ...] = ()
    stored_dtype: str = "text"

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return (len(self.rows), len(self.header))


@reader
def load_table(path: Path) -> Table:
    """The table of a file. Raises InputError for text among numbers, and for what is no table."""
    refuse_oversized(path, MOST_FACTOR * path.stat().st_size)
    text, encoding = _text(path)
    lines = text.splitlines()
    if not lines:
        raise InputError(f"{path}: is empty; give a table with a header.")
    delimiter = max(DELIMITERS, key=lines[0].count)
    found = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    header, rows = found[0], tuple(found[1:])
    odd = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if odd is not None:
        raise InputError(
            f"{path}: row {odd} has another number of columns than the header, {len(header)}; mend it."
        )
    if len(rows) < LEAST_ROWS:
        raise InputError(
            f"{path}: {len(rows)} rows are too few; at least {LEAST_ROWS} are needed below the header."
        )
    comma = (
        delimiter != ","
        and any("," in cell for cell in rows[0])
        and not any("." in c for c in rows[0] if "," in c)
    )
    if all(_number(cell, comma=comma) is not None for cell in header):
        raise InputError(f"{path}: has no header; put the names of the columns into the first row.")
    columns = {index: _column(path, header, rows, index, comma=comma) for index in range(len(header))}
    numeric = tuple(index for index, column in columns.items() if column is not None)
    if not numeric:
        raise InputError(
            f"{path}: has no column of numbers beside the time; check the decimal sign and delimiter."
        )
    values = np.stack([column for column in columns.values() if column is not None])
    kept = [header[index] for index in columns if index not in numeric]
    said = (f"{path}: {', '.join(kept)} stay as they were.",) if len(kept) > 1 else ()
    newline = "\r\n" if "\r\n" in text else "\n"
    return Table(header, rows, numeric, values, delimiter, comma, newline, encoding, said)


def encode_table(table: Table, columns: Sequence[Values], names: Sequence[str] = (), *, finer: int = 1) -> bytes:
    """The file with other numbers, in `finer` more decimals; with names, new columns and those without numbers."""
    cells = [list(row) for row in table.rows]
    header = list(table.header)
    for index, column in zip(table.numeric, columns, strict=False):
        if not names:
            decimals = _decimals(table, index) + finer
            for row, value in zip(cells, column, strict=True):
                row[index] = _written(float(value), decimals, comma=table.comma)
    if names:
        kept = [index for index in range(len(header)) if index not in table.numeric]
        header = [*(header[index] for index in kept), *names]
        text = [[_written(float(value), None, comma=table.comma) for value in column] for column in columns]
        cells = [
            [*(row[index] for index in kept), *new]
            for row, new in zip(cells, zip(*text, strict=True), strict=True)
        ]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=table.delimiter, lineterminator=table.newline).writerows([header, *cells])
    return stream.getvalue().encode(table.encoding)


def _text(path: Path) -> tuple[str, str]:
    content = path.read_bytes()
    if b"\0" in content[:4096]:
        raise InputError(f"{path}: is no text; export the table as CSV in UTF-8.")
    for encoding in ("utf-8", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.removeprefix("\ufeff"), "utf-8-sig" if text.startswith("\ufeff") else encoding
    raise InputError(f"{path}: is no text; export the table as CSV in UTF-8.")


def _column(
    path: Path, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...], index: int, *, comma: bool
) -> Values | None:
    """The numbers of a column, NaN for gaps; None of a time, or of text. Raises InputError for a mixture."""
    cells = [row[index].strip() for row in rows]
    known = [cell for cell in cells if cell.lower() not in GAPS]
    numbers = [_number(cell, comma=comma) for cell in known]
    count = sum(number is not None for number in numbers)
    if count == 0:
        return None
    if count < len(known):
        if count < len(known) / 2:
            return None
        row = next(n for n, c in enumerate(cells, 2) if c.lower() not in GAPS and _number(c, comma=comma) is None)
        raise InputError(
            f"{path}: column {header[index]}, row {row}: {cells[row - 2][:30]!r} is no number; leave gaps empty."
        )
    values = np.array([np.nan if c.lower() in GAPS else _number(c, comma=comma) for c in cells], np.float64)
    is_first_time = index == 0 and len(known) == len(cells) and bool((np.diff(values) > 0).all())
    return (
        None if is_first_time or (TIMES.search(header[index]) and bool((np.diff(values) >= 0).all())) else values
    )


def _number(cell: str, *, comma: bool) -> float | None:
    try:
        number = float(cell.strip().replace(",", ".") if comma else cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def _decimals(table: Table, index: int) -> int:
    """Of the numbers of a column; `MOST_DECIMALS` where there are exponents."""
    sign = "," if table.comma else "."
    cells = [row[index].strip() for row in table.rows]
    exponents = any("e" in cell.lower() for cell in cells if cell.lower() not in GAPS)
    return MOST_DECIMALS if exponents else max(len(cell.partition(sign)[2]) for cell in cells)


def _written(value: float, decimals: int | None, *, comma: bool) -> str:
    if decimals is None:
        text = f"{value:.4g}"
    else:
        text = f"{value:.{decimals}f}" if decimals < MOST_DECIMALS else f"{value:.9g}"
    return text.replace(".", ",") if comma else text
