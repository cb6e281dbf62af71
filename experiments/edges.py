"""Reads an edge list, who knows whom among the units of a test: CSV or Parquet, one row a tie, two columns that name its ends.

The columns are `src` and `dst`, `source` and `target`, or `from` and `to`, wherever they stand; else the first two. The first line of a
CSV holds the names of the columns, unless its first two fields are numbers. Further columns are not used. A tie goes both ways, so it
does not matter which end is named first, and a tie may be named twice.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from regulars.scenarios.problem import Place, Problem, ScenarioError, problem

if TYPE_CHECKING:
    import pandas as pd

PAIRS = (("src", "dst"), ("source", "target"), ("from", "to"))
"""Names of the ends' columns, compared without case and spaces."""
MOST_BYTES = 2 * 2**30
MOST_ROWS = 50_000_000
SHOWN = 3
"""Offending lines that a message shows."""


@dataclass(frozen=True, eq=False)
class Edges:
    """An edge list as it was read.

    Attributes:
        path: The file as it was named.
        source, target: Names of the ends of each edge, empty or missing where the file has none, shape (edges,).
        columns: Columns that the ends were read from.
        notes: What a reader should know of how the file was taken, one sentence each.
    """

    path: str
    source: np.ndarray
    target: np.ndarray
    columns: tuple[str, str]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.source)


def read_edges(path: str | os.PathLike[str]) -> Edges:
    """Read an edge list.

    Raises:
        ScenarioError: Everything that is wrong with the file, each with its line.
    """
    file, shown = Path(path), str(path)
    try:
        size = file.stat().st_size
        if file.is_dir():
            raise ScenarioError([_told(shown, "a folder: name the CSV or Parquet file in it.")])
        if size > MOST_BYTES:
            rule = f"must have at most {MOST_BYTES // 2**30} GB. Keep the ties of the units alone"
            raise ScenarioError([_told(shown, f"{size / 2**30:.1f} GB: {rule}.")])
        with file.open("rb") as stream:
            is_parquet = stream.read(4) == b"PAR1"
        return _parquet(file, shown) if is_parquet or file.suffix.lower() == ".parquet" else _csv(file.read_bytes(), shown)
    except FileNotFoundError:
        raise ScenarioError([_told(shown, "no such file.")]) from None
    except OSError as error:
        raise ScenarioError([_told(shown, f"cannot be read: {error.strerror or error}.")]) from error


def edges_of(edges: pd.DataFrame | str | os.PathLike[str]) -> Edges:
    """An edge list from a file, or from a frame with such columns.

    Raises:
        ScenarioError: It cannot be used, with all that is wrong.
    """
    import pandas as pd

    if isinstance(edges, str | os.PathLike):
        return read_edges(edges)
    if not isinstance(edges, pd.DataFrame):
        what = f"must be a pandas DataFrame or the path of a file, not {type(edges).__name__}"
        raise ScenarioError([_told("edges", what)])
    header = [str(one) for one in edges.columns]
    if len(header) < 2 or len(set(header)) < len(header):
        raise ScenarioError([_told("edges", f"{_counted(len(header), 'column')}: an edge has two ends, each in a column of its own name")])
    at = _ends(header)
    source, target = (edges.iloc[:, one].to_numpy() for one in at)
    return Edges("edges", source, target, (header[at[0]], header[at[1]]), _notes(header, at, len(header)))


def _csv(content: bytes, shown: str) -> Edges:
    text = _decoded(content, shown)
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    if not first:
        raise ScenarioError([_told(shown, "empty: must hold one row a tie, with a line of column names such as src,dst.")])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t| ", key=lambda one: _fields(first, one)))
    rows, wrong, header, width, at = ([], []), [], list[str](), 0, (0, 1)
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            cells = [cell.strip() for cell in row]
            if not header:
                width, header = len(cells), cells
                if width < 2:
                    message = f"one column, {cells[0][:40]!r}: an edge has two ends, such as src,dst."
                    raise ScenarioError([_told(shown, message, reader.line_num)])
                nameless = all(_is_number(one) for one in cells[:2])
                if not nameless:
                    at = _ends(cells)
                    continue
            if len(cells) > width and not any(cells[width:]):
                cells = cells[:width]
            if len(cells) != width:
                wrong.append((reader.line_num, len(cells)))
                continue
            rows[0].append(cells[at[0]])
            rows[1].append(cells[at[1]])
            if len(rows[0]) > MOST_ROWS:
                raise ScenarioError([_told(shown, f"more than {MOST_ROWS:,} edges. Keep the ties of the units alone.", reader.line_num)])
    except csv.Error as error:
        raise ScenarioError([_told(shown, f"not CSV: {error}.", reader.line_num)]) from error
    if wrong:
        rule = f"must be {width}, as in the first line"
        told = [_told(shown, f"{_counted(fields)}: {rule}", line) for line, fields in wrong[:SHOWN]]
        if len(wrong) > SHOWN:
            told.append(_told(shown, f"and {len(wrong) - SHOWN:,} more lines of another length", wrong[SHOWN][0]))
        raise ScenarioError(told)
    nameless = all(_is_number(one) for one in header[:2])
    names = ("first", "second") if nameless else (header[at[0]], header[at[1]])
    notes = _notes([] if nameless else header, at, width)
    if nameless:
        notes = (f"{shown} has no line of column names: its first line is taken for an edge", *notes)
    return Edges(shown, np.array(rows[0], object), np.array(rows[1], object), names, notes)


def _parquet(file: Path, shown: str) -> Edges:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
        header = list(schema.names)
        if len(header) < 2:
            raise ScenarioError([_told(shown, f"{_counted(len(header), 'column')}: an edge has two ends, such as src and dst.")])
        if len(set(header)) < len(header):
            raise ScenarioError([_told(shown, "several columns have one name: must differ.")])
        at = _ends(header)
        if nested := [header[one] for one in at if pa.types.is_nested(schema.types[one])]:
            rule = "must hold names of units, not lists or records"
            raise ScenarioError([_told(shown, f"column '{one}': {rule}", column=one) for one in nested])
        if pq.read_metadata(file).num_rows > MOST_ROWS:
            raise ScenarioError([_told(shown, f"more than {MOST_ROWS:,} edges. Keep the ties of the units alone.")])
        names = header[at[0]], header[at[1]]
        table = pq.read_table(file, columns=list(names)).to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, OSError) as error:
        raise ScenarioError([_told(shown, f"not a Parquet file that can be read: {str(error).splitlines()[0][:120]}.")]) from error
    return Edges(shown, table[names[0]].to_numpy(), table[names[1]].to_numpy(), names, _notes(header, at, len(header)))


def _ends(header: Sequence[str]) -> tuple[int, int]:
    """Places of the two ends among the columns."""
    bare = [one.strip().lower() for one in header]
    for one, other in PAIRS:
        if one in bare and other in bare:
            return bare.index(one), bare.index(other)
    return 0, 1


def _notes(header: Sequence[str], at: tuple[int, int], width: int) -> tuple[str, ...]:
    found = []
    if header and (header[at[0]].strip().lower(), header[at[1]].strip().lower()) not in PAIRS:
        found.append(
            f"ties are read from the columns '{header[at[0]]}' and '{header[at[1]]}', the first two: name them src and dst, or, if the "
            "file has no line of column names, add one, since its first line was taken for it"
        )
    if width > 2:
        others = [one for place, one in enumerate(header) if place not in at]
        found.append(f"columns that are not used: {', '.join(others) if others else width - 2}")
    return tuple(found)


def _decoded(content: bytes, shown: str) -> str:
    """Text of the file: UTF-8, what its byte-order mark says, or GB 18030."""
    tries = ["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in tries:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise ScenarioError([_told(shown, "not a text file: must be CSV (UTF-8) or Parquet.")])


def _fields(line: str, delimiter: str) -> int:
    try:
        return len([one for one in next(csv.reader([line], delimiter=delimiter), []) if one.strip()])
    except csv.Error:
        return 0


def _told(shown: str, message: str, line: int = 1, *, column: str = "") -> Problem:
    return problem(Place(shown, line), column, message if message.endswith(".") else f"{message}.")


def _counted(number: int, what: str = "field") -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
