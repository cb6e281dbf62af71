"""Reads the data of a test from CSV or Parquet, and analyzes them by a plan: every error with its file, line and column."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.analysis.plan import Plan
from regulars.scenarios.faults import Fault
from regulars.scenarios.problem import Place, Problem, ScenarioError, problem

from .abtest_plan import PlanFile, plan_of
from .edges import edges_of
from .outputs import check_kind, write_bytes

if TYPE_CHECKING:
    import pandas as pd

    from regulars.analysis.abtest import Analysis

MOST_BYTES = 4 * 2**30
SHOWN = 3
SEPARATORS = (",", ";", "\t", "|")
NOTES = "regulars.notes"
"""Where a frame says what was done to read it."""
CHUNK = 2**24
UTF_8 = "utf-8-sig"


def analyze(
    frame: pd.DataFrame | str | os.PathLike[str],
    plan: str | os.PathLike[str] | Mapping[str, Any] | Plan,
    *,
    details: bool = False,
    edges: pd.DataFrame | str | os.PathLike[str] | None = None,
) -> Analysis:
    """Analyze the data of a test by its plan.

    Args:
        frame: One row a unit of assignment; or a CSV or Parquet file with such rows.
        plan: A YAML file, the same as plain data, or a `Plan`.
        details: Whether to give every quantity that the methods can compute.
        edges: Who knows whom among the units: a file as `read_edges` takes it, or a frame with such columns; None where nobody knows.

    Raises:
        ScenarioError: A plan, data or edges that cannot be used, with all that is wrong.
    """
    from regulars.analysis.abtest import analyze as by_plan
    from regulars.analysis.data_faults import DataError

    label, header = "data", 0
    problems: list[Problem] = []
    ties = None
    try:
        ties = None if edges is None else edges_of(edges)
    except ScenarioError as error:
        problems += error.errors
    if isinstance(frame, str | os.PathLike):
        file: PlanFile | None = None
        try:
            file = plan_of(plan)
        except ScenarioError as error:
            problems += error.errors
        label, header = str(frame), 1
        try:
            frame = read_data(frame)
        except ScenarioError as error:
            problems += error.errors
        if problems or file is None or isinstance(frame, str | os.PathLike):
            raise ScenarioError(problems)
    else:
        file = plan_of(plan)
        _check_frame(frame)
        if problems:
            raise ScenarioError(problems)
    try:
        answer = by_plan(frame, file.plan, details=details, edges=None if ties is None else (ties.source, ties.target))
        told = [*frame.attrs.get(NOTES, ()), *(() if ties is None else (f"edges: {one}." for one in ties.notes))]
        return replace(answer, warnings=(*answer.warnings, *told)) if told else answer
    except DataError as error:
        names = [str(one) for one in frame.columns]
        found: list[Problem] = []
        for one in error.faults:
            if one.row is not None or (not one.path):
                line = 1 if one.row is None else one.row + 1 + header
                column = names.index(one.column) + 1 if one.column in names else 1
                found.append(problem(Place(label, line, column), one.column or one.message, one.message))
            else:
                found += file.place([Fault(one.path, one.message)])
        raise ScenarioError(found) from None


def _check_frame(frame: Any) -> None:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ScenarioError([problem(Place("data"), "", f"must be a pandas DataFrame or the path of a file, not {type(frame).__name__}")])


def read_data(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The rows of a CSV file (UTF-8 or GB 18030, names in the first line, comma, semicolon, tab or bar) or of a Parquet file.

    Texts stay as they are, so that an arm may be called NA; numbers that are not there (empty, NA, null, ...) are missing.

    Raises:
        ScenarioError: A file that cannot be read as such.
        OSError: There is no such file, or it may not be read.
    """
    file, label = Path(path), str(path)
    if file.exists() and not file.is_file():
        raise ScenarioError([problem(Place(label), "", "must be a file: CSV or Parquet")])
    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        begin = stream.read(4)
    if not size:
        raise ScenarioError([problem(Place(label), "", "the file is empty: it needs a line of column names and rows")])
    if size > MOST_BYTES:
        raise ScenarioError([problem(Place(label), "", f"{size / 2**30:.1f} GiB: at most {MOST_BYTES / 2**30:g}; leave out columns")])
    if begin == b"PAR1" or file.suffix.lower() in (".parquet", ".pq"):
        return _parquet(file, label)
    return _csv(file, label)


def _parquet(file: Path, label: str) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(file).to_pandas()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise ScenarioError([problem(Place(label), "", f"not a Parquet file that can be read: {_one_line(error)}")]) from None


def _csv(file: Path, label: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    encoding = _encoding(file, label)
    names, separator, alone = _header(file, label, encoding)
    if alone:
        return pd.DataFrame({at: np.empty(0) for at in range(len(names))}).set_axis(names, axis=1)
    odd: list[tuple[int | None, int, int]] = []

    def wrong_width(row: Any) -> str:
        if len(odd) < SHOWN:
            odd.append((row.number, row.expected_columns, row.actual_columns))
        return "error" if len(odd) >= SHOWN else "skip"

    def read(types: dict[str, Any] | None) -> Any:
        odd.clear()
        return csv.read_csv(
            file if encoding == UTF_8 else pa.BufferReader(file.read_bytes().decode(encoding).encode()),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
            parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=wrong_width),
            convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )

    unique = len(set(names)) == len(names)
    try:
        table = read(None)
    except (pa.ArrowException, ValueError, UnicodeDecodeError) as error:
        if not odd and unique:
            # Numbers first and text later: all as text, so that the rows can be named.
            try:
                table = read({name: pa.string() for name in names})
            except (pa.ArrowException, ValueError) as other:
                raise ScenarioError(_unread(label, odd, other)) from None
        else:
            raise ScenarioError(_unread(label, odd, error)) from None
    if odd:
        raise ScenarioError(_unread(label, odd, None))
    frame = table.to_pandas()
    frame.columns = names
    if encoding != UTF_8:
        frame.attrs[NOTES] = (f"the file is not UTF-8: read as {encoding}.",)
    return frame


def _encoding(file: Path, label: str) -> str:
    """UTF-8, what the byte-order mark says, or GB 18030; a file that is none of these is refused."""
    with file.open("rb") as stream:
        mark = stream.read(2)
    for encoding in ("utf-16",) if mark in (b"\xff\xfe", b"\xfe\xff") else (UTF_8, "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ScenarioError([problem(Place(label), "", "is no text in UTF-8 or GB 18030: save it as CSV UTF-8")])


def _unread(label: str, odd: list[tuple[int | None, int, int]], error: Exception | None) -> list[Problem]:
    if odd:
        return [
            problem(Place(label, at or 1), f"row {at}", f"the row has {got} fields where the line of names has {wanted}")
            for at, wanted, got in odd
        ]
    return [problem(Place(label), "", f"not a CSV file that can be read: {_one_line(error)}")]


def _header(file: Path, label: str, encoding: str) -> tuple[list[str], str, bool]:
    """Column names, the character between them, and whether nothing follows; a byte-order mark is no part of a name."""
    import csv

    with file.open(encoding=encoding, newline="") as stream:
        line, alone = stream.readline(1_000_000), not stream.read(1)
    if "\0" in line:
        raise ScenarioError([problem(Place(label), "", "is neither CSV nor Parquet: it holds bytes that are no text")])
    separator = max(SEPARATORS, key=lambda one: (line.count(one), one == ","))
    names = [one.strip() for one in next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])]
    if not any(names):
        raise ScenarioError([problem(Place(label), "", "the first line must name the columns")])
    return names, separator, alone


def _one_line(error: Exception | None) -> str:
    return " ".join(str(error).split())[:200]


def write_report(analysis: Analysis, path: str | os.PathLike[str], *, command: str = "") -> Path:
    """Write the answer as one HTML page that stands alone.

    Args:
        analysis: What `analyze` gave.
        path: Must end in .html or .htm.
        command: How to get the same again, for the page's end.

    Raises:
        OutputError: It must not be written there.
        OSError: It could not be written; nothing is half-written.
    """
    from importlib import metadata

    from regulars.analysis.report import render_test

    page = Path(path)
    check_kind("report", page, ".html", ".htm")
    write_bytes(page, render_test(analysis, command=command, version=metadata.version("regulars")).encode())
    return page
