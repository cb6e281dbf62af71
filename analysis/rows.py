"""The rows of a test: checked against its plan, all errors at once, and laid out arm by arm."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from .estimators import Sample
from .plan import Metric, Plan, key_of

MOST_ARMS = 50
"""More different values are no arms: the plan names another column."""
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--"}
"""Texts that stand for a number nobody has."""
MOST_SHOWN = 3
"""Offending rows, or names, that a message shows."""


@dataclass(frozen=True)
class DataFault:
    """Something wrong with data, or with a plan in the light of data.

    Attributes:
        message: What, the rule, and the nearest right answer.
        path: Keys of the plan that it is about; empty where the data are wrong whatever the plan.
        column: Column of the data; None where there is no such.
        row: First row that is wrong, from 0.
    """

    message: str
    path: tuple[str, ...] = ()
    column: str | None = None
    row: int | None = None


class DataError(ValueError):
    """Data that cannot be analyzed by their plan.

    Attributes:
        faults: All that is wrong.
    """

    def __init__(self, faults: Iterable[DataFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(one.message for one in self.faults))

    def __reduce__(self) -> Any:
        return type(self), (self.faults,)


@dataclass(frozen=True, eq=False)
class Rows:
    """Data of a test, sorted by arm.

    Attributes:
        arms: Names, the control first.
        starts: First row of each arm, and the number of rows.
        numbers: Measured columns, float64, not a number where missing.
        unit: Code of each row's unit.
        cluster: Code of each row's cluster; None without.
        stratum: Code of each row's stratum; None without.
        week: Week of each row; None without.
        order: Row of the data that each row was.
        labels: Names of the units, by code.
        dropped: Rows that take no part, by why.
        filled: Rows whose stratum is missing and makes a stratum of its own.
        repeated: Rows that repeat a unit of an earlier row although the plan names no cluster; their unit is then the cluster.
        identical: Of these, rows that repeat an earlier row in every column of the plan.
    """

    arms: tuple[str, ...]
    starts: np.ndarray
    numbers: Mapping[str, np.ndarray]
    unit: np.ndarray
    cluster: np.ndarray | None
    stratum: np.ndarray | None
    week: np.ndarray | None
    order: np.ndarray
    labels: np.ndarray
    dropped: Mapping[str, int]
    filled: int = 0
    repeated: int = 0
    identical: int = 0

    def __len__(self) -> int:
        return int(self.starts[-1])

    def part(self, arm: int) -> slice:
        """Rows of an arm."""
        return slice(int(self.starts[arm]), int(self.starts[arm + 1]))

    @cached_property
    def assigned(self) -> tuple[int, ...]:
        """How many of what was assigned, clusters or units, are in each arm."""
        codes = self.unit if self.cluster is None else self.cluster
        return tuple(len(np.unique(codes[self.part(at)])) for at in range(len(self.arms)))

    def present(self, metric: Metric, arm: int) -> np.ndarray | None:
        """Rows of an arm in which nothing of a metric is missing but for a covariate; None where that is all of them."""
        part, missing = self.part(arm), None
        for role in metric.estimator().roles:
            lacks = np.isnan(self.numbers[metric.columns[role]][part])
            if lacks.any():
                missing = lacks if missing is None else missing | lacks
        return None if missing is None else ~missing

    def sample(self, metric: Metric, arm: int, *, only: np.ndarray | None = None) -> Sample:
        """What the estimator of a metric gets of an arm; a missing covariate is filled with its mean over all arms.

        Args:
            metric: The metric.
            arm: Which arm.
            only: Rows of the arm that count; all where None.
        """
        part, keep = self.part(arm), self.present(metric, arm)
        if only is not None:
            keep = only if keep is None else keep & only

        def taken(column: np.ndarray) -> np.ndarray:
            return column[part] if keep is None else column[part][keep]

        columns = {role: self._filled(taken(self.numbers[name]), role, name) for role, name in metric.columns.items()}
        return Sample(
            columns,
            None if self.cluster is None else taken(self.cluster),
            None if self.stratum is None else taken(self.stratum),
        )

    def _filled(self, values: np.ndarray, role: str, column: str) -> np.ndarray:
        if role != "covariate" or not np.isnan(values).any():
            return values
        return np.where(np.isnan(values), self.middle(column), values)

    def middle(self, column: str) -> float:
        """Mean of a column over all arms."""
        known = self.numbers[column]
        known = known[~np.isnan(known)]
        return float(known.mean()) if len(known) else 0.0


def rows_of(frame: pd.DataFrame, plan: Plan) -> Rows:
    """The rows of a test.

    Args:
        frame: One row a unit. Where units have several rows and the plan names no cluster, each unit is a cluster of its rows.
        plan: What the columns mean.

    Raises:
        DataError: With all that is wrong.
    """
    if not all(isinstance(one, str) for one in frame.columns):
        frame = frame.set_axis([str(one) for one in frame.columns], axis=1)
    faults: list[DataFault] = []
    _columns(frame, plan, faults)
    if not len(frame):
        faults.append(DataFault("the data have no rows."))
    if faults:
        raise DataError(faults)
    arm, names = _arms(frame, plan, faults)
    numbers = _numbers(frame, plan, faults)
    unit, labels = _coded(frame[plan.unit])
    cluster = None if plan.cluster is None else unit if plan.cluster == plan.unit else _coded(frame[plan.cluster])[0]
    keep, dropped = np.ones(len(frame), bool), dict[str, int]()
    for what, missing in (
        (f"rows without {plan.arm}, the arm", arm < 0),
        (f"rows without {plan.unit}, the unit", unit < 0),
        *(() if cluster is None or plan.cluster == plan.unit else ((f"rows without {plan.cluster}, the cluster", cluster < 0),)),
    ):
        count = int((missing & keep).sum())
        keep &= ~missing
        if count:
            dropped[what] = count
    again = _assignment(frame, plan, arm, unit, cluster, keep, faults)
    if faults:
        raise DataError(faults)
    repeated = identical = 0
    if again is not None:
        cluster, repeated, identical = unit, len(again), _identical(frame, plan, again)
    order = np.argsort(np.where(keep, arm, len(names)).astype(np.int16), kind="stable")[: int(keep.sum())]
    stratum, filled = _strata(frame, plan, keep)
    week = None if plan.week is None else numbers.pop(plan.week) if _only_week(plan) else numbers[plan.week]
    return Rows(
        arms=names,
        starts=np.searchsorted(arm[order], np.arange(len(names) + 1)),
        numbers={name: column[order] for name, column in numbers.items()},
        unit=unit[order],
        cluster=None if cluster is None else cluster[order],
        stratum=None if stratum is None else stratum[order],
        week=None if week is None else week[order],
        order=order,
        labels=labels,
        dropped=dropped,
        filled=filled,
        repeated=repeated,
        identical=identical,
    )


def _only_week(plan: Plan) -> bool:
    measured = {column for _, one in plan.measured() for column in one.columns.values()}
    return plan.week not in measured | set(plan.covariates)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like a word as a sentence, or the names there are."""
    names = [str(one) for one in known]
    plain = {name.lower().replace("-", "_").replace(" ", "_"): name for name in reversed(names)}
    found = difflib.get_close_matches(word.lower().replace("-", "_").replace(" ", "_"), plain, 1, 0.6)
    if found:
        return f"Did you mean '{plain[found[0]]}'?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"There: {', '.join(names[:8]) or 'none'}{more}."


def _columns(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> None:
    names = [str(one) for one in frame.columns]
    for name in dict.fromkeys(one for one in names if names.count(one) > 1):
        faults.append(DataFault(f"column '{name}' stands {names.count(name)} times: give each column a name of its own.", column=name))
    wanted = [*plan.named()]
    for path, metric in plan.measured():
        wanted += [((*path, key_of(role)), column) for role, column in metric.columns.items()]
    for path, column in wanted:
        if column not in names:
            faults.append(DataFault(f"the data have no column '{column}'. {nearest(column, names)}", path))


def _coded(series: Any) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the different values, -1 where missing, and the values."""
    codes, values = pd.factorize(series)
    labels = texts(values)
    if "" in labels:
        # An empty text is a missing name.
        codes = np.where(codes == list(labels).index(""), -1, codes)
    return codes.astype(np.int64), labels


def texts(values: Any) -> np.ndarray:
    """Names as texts; a whole number that was read as a float is the whole number."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and len(array) and np.all(array == np.floor(array)):
        array = array.astype(np.int64)
    return np.array([str(one) for one in array.tolist()], dtype=object)


def _arms(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> tuple[np.ndarray, tuple[str, ...]]:
    codes, labels = _coded(frame[plan.arm])
    there = [str(labels[code]) for code in np.unique(codes[codes >= 0])]
    if len(there) > MOST_ARMS:
        faults.append(
            DataFault(f"column '{plan.arm}' has {len(there):,} different values: that is no arm.", ("arm",), plan.arm)
        )
        return codes, (plan.control,)
    shares = plan.expected_shares
    if plan.control not in there:
        faults.append(DataFault(f"no row has '{plan.control}' in column '{plan.arm}'. {nearest(plan.control, there)}", ("control",)))
    elif len(there) < 2:
        faults.append(
            DataFault(f"column '{plan.arm}' has only one arm, '{there[0]}': there is nothing to compare it with.", ("arm",), plan.arm)
        )
    if shares is not None:
        for name in there:
            if name not in shares:
                count, at = int((labels[codes] == name)[codes >= 0].sum()), int(np.argmax(codes == list(labels).index(name)))
                message = f"arm '{name}' ({count:,} rows) is not in the plan's expected_shares. {nearest(name, shares)}"
                faults.append(DataFault(message, column=plan.arm, row=at))
        for name in shares:
            if name not in there and name != plan.control:
                message = f"no row has the planned arm '{name}' in column '{plan.arm}'. {nearest(name, there)}"
                faults.append(DataFault(message, ("expected_shares", name)))
    planned = [one for one in (shares or ()) if one in there]
    names = (plan.control, *dict.fromkeys(one for one in (*planned, *there) if one != plan.control))
    place = {name: at for at, name in enumerate(names)}
    moved = np.array([place.get(str(label), -1) for label in labels] or [0])
    return np.where(codes < 0, -1, moved[np.maximum(codes, 0)]), names


def _numbers(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> dict[str, np.ndarray]:
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
            faults.append(_rows_fault(series, wrong, column, "must hold numbers"))
            continue
        if np.isinf(values).any():
            faults.append(_rows_fault(series, np.isinf(values), column, "must hold finite numbers"))
            continue
        known = ~np.isnan(values)
        kinds = {rule for rule, _ in uses}
        if not known.any():
            faults.append(DataFault(f"column '{column}' is empty: it must hold numbers.", uses[0][1], column))
        if "flag" in kinds and (odd := known & (values != 0.0) & (values != 1.0)).any():
            what = next(path for rule, path in uses if rule == "flag")
            meaning = "1 where the customer left and 0 where not" if what[-1] == "event" else "1 where it holds and 0 where not"
            faults.append(_rows_fault(series, odd, column, f"must be {meaning} ({'.'.join(what)})"))
        if "duration" in kinds and (odd := known & (values < 0.0)).any():
            faults.append(_rows_fault(series, odd, column, "must hold times of 0 or more"))
    return found


def as_numbers(series: pd.Series) -> tuple[np.ndarray, np.ndarray | None]:
    """A column as float64, not a number where missing, and the rows that hold something else; None where there are none."""
    if pd.api.types.is_bool_dtype(series) or pd.api.types.is_numeric_dtype(series):
        if pd.api.types.is_complex_dtype(series):
            return np.full(len(series), np.nan), np.ones(len(series), bool)
        return series.to_numpy(np.float64, na_value=np.nan), None
    if not (pd.api.types.is_object_dtype(series) or pd.api.types.is_string_dtype(series)):
        return np.full(len(series), np.nan), series.notna().to_numpy(bool)
    values = cast("pd.Series", pd.to_numeric(series, errors="coerce")).to_numpy(np.float64, na_value=np.nan)
    unread = np.flatnonzero(np.isnan(values) & series.notna().to_numpy(bool))
    wrong = np.zeros(len(series), bool)
    wrong[unread] = [str(one).strip().lower() not in MISSING for one in series.iloc[unread]]
    return values, wrong if wrong.any() else None


def _rows_fault(series: pd.Series, wrong: np.ndarray, column: str, rule: str) -> DataFault:
    at = np.flatnonzero(wrong)
    shown = [f"{_shown(series.iloc[int(row)])} in row {int(row) + 1:,}" for row in at[:MOST_SHOWN]]
    more = f" and in {len(at) - MOST_SHOWN:,} more" if len(at) > MOST_SHOWN else ""
    return DataFault(f"column '{column}' {rule}, not {', '.join(shown)}{more}.", column=column, row=int(at[0]))


def _shown(value: Any) -> str:
    text = "".join(one if one.isprintable() else " " for one in str(value))
    text = text if len(text) <= 30 else f"{text[:27]}..."
    return f"'{text}'" if isinstance(value, str) else text


def _assignment(
    frame: pd.DataFrame,
    plan: Plan,
    arm: np.ndarray,
    unit: np.ndarray,
    cluster: np.ndarray | None,
    keep: np.ndarray,
    faults: list[DataFault],
) -> np.ndarray | None:
    """Whatever was assigned is in one arm; rows that repeat a unit, or None where there are none or a cluster holds them."""
    if not keep.any():
        faults.append(DataFault("no row has an arm and a unit.", ("arm",), plan.arm))
        return None
    rows = np.flatnonzero(keep)
    codes, what, column = (unit, "unit", plan.unit) if cluster is None else (cluster, "cluster", plan.cluster or plan.unit)
    if cluster is None:
        again = rows[pd.Series(unit[rows]).duplicated().to_numpy()]
        if not len(again):
            return None
    else:
        again = None
    moved = split_between(codes[rows], arm[rows])
    if len(moved):
        faults.append(_split_fault(frame, column, plan.arm, rows, codes, moved, what))
    return again


def _identical(frame: pd.DataFrame, plan: Plan, again: np.ndarray) -> int:
    """How many of the rows that repeat a unit repeat an earlier row in every column that the plan names."""
    named = {column for _, column in plan.named()} | {column for _, one in plan.measured() for column in one.columns.values()}
    return int(frame[sorted(named)].duplicated().to_numpy()[again].sum())


def split_between(codes: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Codes that stand in more than one arm."""
    size = int(codes.max()) + 1
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(low, codes, arm)
    np.maximum.at(high, codes, arm)
    return np.flatnonzero((high >= 0) & (low < high))


def _split_fault(
    frame: pd.DataFrame, column: str, arm: str, rows: np.ndarray, codes: np.ndarray, moved: np.ndarray, what: str
) -> DataFault:
    at = int(rows[np.argmax(codes[rows] == moved[0])])
    name = _shown(frame[column].iloc[at])
    message = (
        f"column '{arm}' must give each {what} one arm: {len(moved):,} of the values of '{column}' stand in several, {name} the first."
        " Leave out whoever was in several arms, or name what was assigned."
    )
    return DataFault(message, (what,), column, at)


def _strata(frame: pd.DataFrame, plan: Plan, keep: np.ndarray) -> tuple[np.ndarray | None, int]:
    if not plan.strata:
        return None, 0
    found, missing = np.zeros(len(frame), np.int64), np.zeros(len(frame), bool)
    for column in plan.strata:
        codes, _ = _coded(frame[column])
        missing |= codes < 0
        found = found * (int(codes.max()) + 2) + codes + 1
    return found, int((missing & keep).sum())


def constant_within(frame: pd.DataFrame, rows: Rows, plan: Plan) -> Iterator[tuple[str, int]]:
    """Columns that look like clusters which were assigned as a whole, with the number of their values.

    Each value stands in one arm only, there are two or more of them in each arm, and five units or more on each: among
    units that were assigned one by one that does not happen.
    """
    used = {plan.unit, plan.arm, plan.cluster, *rows.numbers}
    arm = np.repeat(np.arange(len(rows.arms)), np.diff(rows.starts))
    for name in frame.columns:
        if str(name) in used or pd.api.types.is_float_dtype(frame[name]) or pd.api.types.is_datetime64_any_dtype(frame[name]):
            continue
        series = frame[name]
        try:
            # Most columns are told by a few rows.
            few = pd.factorize(series.iloc[rows.order[:: max(1, len(rows) // 10_000)]])[0]
            if few.max() < 3 or len(split_between(few[few >= 0], arm[:: max(1, len(rows) // 10_000)][few >= 0])):
                continue
            codes = pd.factorize(series)[0][rows.order]
        except TypeError:
            continue
        there = codes >= 0
        values = np.unique(codes[there])
        if 5 * len(values) > sum(rows.assigned) or len(split_between(codes[there], arm[there])):
            continue
        if all(len(np.unique(codes[there & (arm == at)])) >= 2 for at in range(len(rows.arms))):
            yield str(name), len(values)
