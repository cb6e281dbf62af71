"""Files that a scenario names: a calibrated population, and ties between people."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.sim import catalog
from regulars.sim.world.population import HISTORY_COLUMNS

from .faults import Fault, validated
from .library import POPULATION, Source
from .problem import Problem, ScenarioError, problem, suggestion
from .reader import Limits, Node, read_bytes, read_data

CALIBRATED = ("purchase", "attrition", "spend")
"""Behaviors whose base parameters a population file stands in for."""

JOINT = {"purchase_attrition": ("purchase", "attrition"), "spend": ("spend",)}
"""Behaviors whose parameters are fitted together, by the name of their covariance."""

EDGES = Limits(256_000_000, 0)
_PART = ("names", "matrix")
_TOLD = ("standard_errors", "fitted", "currency", "name", "description", "source", "about")
_KEYS = ("kind", *CALIBRATED, "covariance", "histories", *_TOLD)
_NEEDED = ("frequency", "recency_weeks", "age_weeks")


@dataclass
class PopulationFile:
    """What a population file says.

    Attributes:
        source: The file.
        values: Base parameters by behavior; ``type`` among them where the behavior has variants.
        histories: Recorded histories, columns as `HISTORY_COLUMNS`, or None.
        covariance: Of the calibrated parameters, or None.
        currency: Three-letter code of its order values, or None if nobody has said.
    """

    source: Source
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    histories: np.ndarray | None = None
    covariance: dict[str, Any] | None = None
    currency: str | None = None


def read_population(source: Source) -> PopulationFile:
    """A population file, as `regulars calibrate` writes it.

    Raises:
        ScenarioError: Not such a file; places are in it.
    """
    data, tree = read_data(source.path, source.label)
    faults: list[Fault] = []
    found = PopulationFile(source)
    if not isinstance(data, dict):
        faults.append(Fault((), "must be a map with `kind: population`."))
        data = {}
    elif data.get("kind") != POPULATION:
        rule = "must be population: the file is not one that `regulars calibrate` writes."
        faults.append(Fault(("kind",), rule, value=data.get("kind", ...)))
    for name in data:
        if name not in _KEYS:
            faults.append(Fault((name,), f"no such name here. {suggestion(name, _KEYS)}", of_key=True))
    for name in CALIBRATED:
        if name in data:
            found.values[name] = _base_parameters(name, data[name], faults)
    if data.get("currency") is not None:
        found.currency = data["currency"]
        if not (isinstance(found.currency, str) and re.fullmatch("[A-Z]{3}", found.currency)):
            faults.append(Fault(("currency",), "must be a three-letter code such as EUR, or null.", value=found.currency))
    if data.get("covariance") is not None:
        found.covariance = data["covariance"]
        _check_covariance(found.covariance, found.values, faults)
    if data.get("histories") is not None:
        found.histories = _histories(data["histories"], faults)
    if faults:
        raise ScenarioError(placed(faults, tree()))
    return found


def placed(faults: list[Fault], root: Node) -> list[Problem]:
    """Faults with their places in a tree."""
    return [place(fault, root) for fault in faults]


def place(fault: Fault, root: Node) -> Problem:
    """A fault with its place in a tree; what is missing is told at the map that lacks it."""
    node, depth = root, 0
    for name in fault.path:
        inner = _entry(node, name)
        if inner is None:
            break
        node, depth = inner, depth + 1
    whole = depth == len(fault.path)
    at = node.at if whole and not fault.of_key else node.key or node.at
    if whole and isinstance(node.value, dict) and node.key is not None:
        at = node.key
    return problem(at, fault.dotted, fault.text)


def _entry(node: Node, name: str) -> Node | None:
    if isinstance(node.value, list):
        return node.value[int(name)] if name.isdigit() and int(name) < len(node.value) else None
    return node.map.get(name)


def _base_parameters(name: str, given: Any, faults: list[Fault]) -> dict[str, Any]:
    if not isinstance(given, dict):
        faults.append(Fault((name,), "must be a map of parameters.", value=given))
        return {}
    classes = catalog.variants("behavior", name)
    chosen, values = classes[0], given
    if chosen.variant is not None:
        variant, names = given.get("type", chosen.variant), [str(one.variant) for one in classes]
        if variant not in names:
            faults.append(Fault((name, "type"), f"no such type. {suggestion(variant, names)}", value=variant))
            return {}
        chosen = next(one for one in classes if one.variant == variant)
        values = {key: value for key, value in given.items() if key != "type"}
    params = validated(chosen.Params, values, (name,), faults)
    if params is None:
        return {}
    exact = params.model_dump(mode="json", include=set(values))
    return exact if chosen.variant is None else {"type": chosen.variant, **exact}


def _check_covariance(given: Any, values: dict[str, dict[str, Any]], faults: list[Fault]) -> None:
    if not isinstance(given, dict):
        faults.append(Fault(("covariance",), "must be a map.", value=given))
        return
    odd = [key for key in given if key not in ("of", *JOINT)]
    faults.extend(Fault(("covariance", key), f"no such name here. {suggestion(key, ('of', *JOINT))}", of_key=True) for key in odd)
    for key, behaviors in JOINT.items():
        part, path = given.get(key), ("covariance", key)
        if part is None:
            continue
        if not isinstance(part, dict) or not isinstance(part.get("names"), list):
            faults.append(Fault(path, "must be {names: [...], matrix: [[...], ...]}."))
            continue
        odd = [name for name in part if name not in _PART]
        faults.extend(Fault((*path, name), f"no such name here. {suggestion(name, _PART)}", of_key=True) for name in odd)
        known = [name for behavior in behaviors for name in values.get(behavior, {}) if name != "type"]
        # What a behavior that is itself wrong would have held is not known.
        unread = any(fault.path[:1] == (behavior,) for fault in faults for behavior in behaviors)
        for at, name in enumerate([] if unread else part["names"]):
            if name not in known or name in part["names"][:at]:
                rule = f"no such parameter in this file, or twice. {suggestion(name, known)}"
                faults.append(Fault((*path, "names", str(at)), rule, value=name))
        if part.get("matrix") is not None and not _is_covariance(part["matrix"], len(part["names"])):
            rule = f"must be a covariance: {len(part['names'])} rows of as many numbers, symmetric, no variance below 0."
            faults.append(Fault((*path, "matrix"), rule))


def _is_covariance(rows: Any, size: int) -> bool:
    if not isinstance(rows, list) or len(rows) != size or not all(_is_row(row, size) for row in rows):
        return False
    matrix = np.array(rows, np.float64).reshape(size, size)
    largest = np.abs(matrix).max(initial=0.0)
    # Rounding in the file may leave an eigenvalue of 0 a little below it.
    return bool(np.allclose(matrix, matrix.T, atol=1e-9 * largest) and (np.linalg.eigvalsh(matrix) >= -1e-6 * largest).all())


def _histories(given: Any, faults: list[Fault]) -> np.ndarray | None:
    path = ("histories",)
    if not isinstance(given, dict) or not isinstance(given.get("columns"), list) or not isinstance(given.get("rows"), list):
        faults.append(Fault(path, "must be {columns: [...], rows: [[...], ...]}."))
        return None
    columns, rows = given["columns"], given["rows"]
    for at, name in enumerate(columns):
        if name not in HISTORY_COLUMNS or name in columns[:at]:
            rule = f"no such column, or twice. {suggestion(name, HISTORY_COLUMNS)}"
            faults.append(Fault((*path, "columns", str(at)), rule, value=name))
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        faults.append(Fault((*path, "columns"), f"missing: {', '.join(missing)}."))
    if faults:
        return None
    if not rows:
        faults.append(Fault((*path, "rows"), "needs at least one row."))
        return None
    for at, row in enumerate(rows):
        if not _is_row(row, len(columns)):
            faults.append(Fault((*path, "rows", str(at)), f"must be a list of {len(columns)} numbers, one a column."))
            return None
    table = np.zeros((len(rows), len(HISTORY_COLUMNS)))
    table[:, [HISTORY_COLUMNS.index(name) for name in columns]] = np.array(rows, np.float64)
    _check_histories(table, columns, faults)
    return table


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(type(one) in (int, float) and math.isfinite(one) for one in row)


def _check_histories(table: np.ndarray, columns: list[str], faults: list[Fault]) -> None:
    """Rules of recency and frequency data; the first row that breaks one is told."""
    entry, frequency, recency, age, value = table.T
    counted = (frequency >= 0) & (frequency <= 65_000) & (frequency == np.floor(frequency))
    rules = (
        ("entry_week", (entry >= 0) & (entry <= 10_000), "must be 0 to 10000 (unit week)."),
        ("frequency", counted, "must be a whole number 0 to 65000."),
        ("age_weeks", (age >= 0) & (age <= 10_000), "must be 0 to 10000 (unit weeks)."),
        ("recency_weeks", (recency >= 0) & (recency <= age * (1 + 1e-9)), "must be 0 to age_weeks."),
        ("recency_weeks", (frequency > 0) | (recency == 0), "must be 0 for a customer without a repeat order."),
        ("mean_value", (value >= 0) & (value <= 1e12), "must be 0 or more."),
    )
    for name, holds, rule in rules:
        if name in columns and not holds.all():
            row = int(np.argmin(holds))
            at, column = str(columns.index(name)), HISTORY_COLUMNS.index(name)
            faults.append(Fault(("histories", "rows", str(row), at), f"{name} {rule}", value=float(table[row, column])))


def read_edges(source: Source, network: Any, people: int) -> tuple[np.ndarray, ...]:
    """Ties from a CSV file with a header.

    Args:
        source: The file.
        network: Settings with the names of the columns.
        people: Rows in the market; the list may hold no more people.

    Returns:
        Ids of senders, ids of receivers, and, if its column is named, whether each tie is strong.

    Raises:
        ValueError: Not such a table; the text begins with the line.
    """
    try:
        data = read_bytes(source.path, source.label, EDGES)
        text = data.decode("utf-8-sig")
    except ScenarioError as error:
        raise ValueError(str(error)) from None
    except UnicodeDecodeError:
        raise ValueError(f"{source.label}: not UTF-8") from None
    wanted = [name for name in (network.sender_column, network.receiver_column, network.strong_column) if name is not None]
    columns: list[list[str]] = [[] for _ in wanted]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        for name in wanted:
            if name not in header:
                raise ValueError(f"{source.label}:1:1: no column {name!r}. {suggestion(name, header)}")
        places = [header.index(name) for name in wanted]
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(f"{source.label}:{reader.line_num}:1: {len(row)} cells where the header has {len(header)}")
            for column, at in zip(columns, places, strict=True):
                column.append(row[at].strip())
    except csv.Error as error:
        rule = f"a cell must have at most {csv.field_size_limit():,} characters. Close a quote that was left open."
        raise ValueError(f"{source.label}:{reader.line_num}:1: {rule if 'field limit' in str(error) else error}") from None
    if not columns[0]:
        raise ValueError(f"{source.label}:1:1: no ties")
    ids = _ids(columns[0] + columns[1], source)
    n_ids = len(np.unique(ids))
    if n_ids > people:
        raise ValueError(f"{n_ids} people in the list, {people} in the market. Raise market.customers or market.prospects.")
    ends = len(columns[0])
    if len(columns) == 2:
        return ids[:ends], ids[ends:]
    return ids[:ends], ids[ends:], _flags(columns[2], source)


def _ids(texts: list[str], source: Source) -> np.ndarray:
    try:
        return np.array(texts, np.int64)
    except (ValueError, OverflowError):
        if not all(texts) or max(map(len, texts)) > 64:
            raise ValueError(f"{source.label}: an id must have 1 to 64 characters") from None
        return np.array(texts)


_TRUE, _FALSE = {"1", "true", "yes", "strong", "1.0"}, {"0", "false", "no", "weak", "0.0"}


def _flags(texts: list[str], source: Source) -> np.ndarray:
    odd = {text.lower() for text in texts} - _TRUE - _FALSE
    if odd:
        raise ValueError(f"{source.label}: {sorted(odd)[0]!r} is neither true nor false")
    return np.array([text.lower() in _TRUE for text in texts])
