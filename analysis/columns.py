"""Columns of a test's data: whether the planned ones are there, and what they hold as numbers and as names."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from .data_faults import DataFault, nearest, rows_fault
from .plan import Plan, key_of

MOST = 1e100
"""Larger numbers have squares that no computer holds."""
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--"}
"""Texts that stand for a number nobody has."""


def check_columns(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> None:
    """Each planned column is there, and each name stands once."""
    names = [str(one) for one in frame.columns]
    for name in dict.fromkeys(one for one in names if names.count(one) > 1):
        faults.append(DataFault(f"column '{name}' stands {names.count(name)} times: give each column a name of its own.", column=name))
    wanted = [*plan.named()]
    for path, metric in plan.measured():
        wanted += [((*path, key_of(role)), column) for role, column in metric.columns.items()]
    for path, column in wanted:
        if column not in names:
            faults.append(DataFault(f"the data have no column '{column}'. {nearest(column, names)}", path))


def coded(series: Any) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the different values, -1 where missing, and the values."""
    try:
        codes, values = pd.factorize(series)
    except TypeError:
        # Lists and the like, which have no hash.
        codes, values = pd.factorize(series.map(str, na_action="ignore"))
    labels = texts(values)
    if "" in labels:
        # An empty text is a missing name.
        codes = np.where(codes == list(labels).index(""), -1, codes)
    return codes.astype(np.int64), labels


def texts(values: Any) -> np.ndarray:
    """Names as texts; a whole number that was read as a float is the whole number."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and len(array) and np.all((array == np.floor(array)) & (np.abs(array) < 2.0**53)):
        array = array.astype(np.int64)
    return np.array([str(one) for one in array.tolist()], dtype=object)


def numbers_of(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> dict[str, np.ndarray]:
    """Measured columns as numbers, after telling what is wrong with them."""
    rules: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for path, metric in plan.measured():
        for role, column in metric.columns.items():
            rule = "flag" if role == "event" or (metric.kind == "proportion" and role == "value") else role
            rules.setdefault(column, []).append((rule, (*path, key_of(role))))
    for column in plan.covariates:
        rules.setdefault(column, []).append(("covariate", ("covariates",)))
    if plan.week is not None:
        rules.setdefault(plan.week, []).append(("week", ("week",)))
    found: dict[str, np.ndarray] = {}
    for column, uses in rules.items():
        series = cast("pd.Series", frame[column])
        values, wrong = as_numbers(series)
        found[column] = values
        if wrong is not None:
            faults.append(rows_fault(series, wrong, column, "must hold numbers"))
            continue
        if np.isinf(values).any():
            faults.append(rows_fault(series, np.isinf(values), column, "must hold finite numbers"))
            continue
        if (large := np.abs(values) > MOST).any():
            faults.append(rows_fault(series, large, column, f"must hold numbers within -{MOST:g} to {MOST:g}"))
            continue
        known = ~np.isnan(values)
        kinds = {rule for rule, _ in uses}
        if not known.any():
            faults.append(DataFault(f"column '{column}' is empty: it must hold numbers.", uses[0][1], column))
        if "flag" in kinds and (odd := known & (values != 0.0) & (values != 1.0)).any():
            what = next(path for rule, path in uses if rule == "flag")
            meaning = "1 where the customer left and 0 where not" if what[-1] == "event" else "1 where it holds and 0 where not"
            faults.append(rows_fault(series, odd, column, f"must be {meaning} ({'.'.join(what)})"))
        if "duration" in kinds and (odd := known & (values < 0.0)).any():
            faults.append(rows_fault(series, odd, column, "must hold times of 0 or more"))
    return found


def as_numbers(series: pd.Series) -> tuple[np.ndarray, np.ndarray | None]:
    """A column as float64, not a number where missing, and the rows that hold something else; None where there are none."""
    if pd.api.types.is_bool_dtype(series) or pd.api.types.is_numeric_dtype(series):
        if pd.api.types.is_complex_dtype(series):
            return np.full(len(series), np.nan), np.ones(len(series), bool)
        return series.to_numpy(np.float64, na_value=np.nan), None
    if not (pd.api.types.is_object_dtype(series) or pd.api.types.is_string_dtype(series)):
        return np.full(len(series), np.nan), series.notna().to_numpy(bool)
    read = cast("pd.Series", pd.to_numeric(series, errors="coerce"))
    if pd.api.types.is_complex_dtype(read):
        return np.full(len(series), np.nan), np.array([isinstance(one, complex) for one in series])
    values = read.to_numpy(np.float64, na_value=np.nan)
    unread = np.flatnonzero(np.isnan(values) & series.notna().to_numpy(bool))
    wrong = np.zeros(len(series), bool)
    wrong[unread] = [str(one).strip().lower() not in MISSING for one in series.iloc[unread]]
    return values, wrong if wrong.any() else None
