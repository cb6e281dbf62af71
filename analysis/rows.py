"""The rows of a test: checked against its plan, all errors at once, and laid out arm by arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .columns import check_columns, coded, numbers_of
from .data_faults import DataError, DataFault, nearest, shown
from .estimators import Sample
from .nested import split_between
from .plan import Metric, Plan

MOST_ARMS = 50
"""More different values are no arms: the plan names another column."""


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
    check_columns(frame, plan, faults)
    if not len(frame):
        faults.append(DataFault("the data have no rows."))
    if faults:
        raise DataError(faults)
    arm, names = _arms(frame, plan, faults)
    numbers = numbers_of(frame, plan, faults)
    unit, labels = coded(frame[plan.unit])
    cluster = None if plan.cluster is None else unit if plan.cluster == plan.unit else coded(frame[plan.cluster])[0]
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


def _arms(frame: pd.DataFrame, plan: Plan, faults: list[DataFault]) -> tuple[np.ndarray, tuple[str, ...]]:
    codes, labels = coded(frame[plan.arm])
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


def _split_fault(
    frame: pd.DataFrame, column: str, arm: str, rows: np.ndarray, codes: np.ndarray, moved: np.ndarray, what: str
) -> DataFault:
    at = int(rows[np.argmax(codes[rows] == moved[0])])
    name = shown(frame[column].iloc[at])
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
        codes, _ = coded(frame[column])
        missing |= codes < 0
        found = found * (int(codes.max()) + 2) + codes + 1
    return found, int((missing & keep).sum())
