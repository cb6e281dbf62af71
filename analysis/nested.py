"""Which columns look as if their values had been assigned as a whole, so that rows are not what was assigned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .plan import Plan

if TYPE_CHECKING:
    from .rows import Rows


def split_between(codes: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Codes that stand in more than one arm."""
    size = int(codes.max()) + 1
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(low, codes, arm)
    np.maximum.at(high, codes, arm)
    return np.flatnonzero((high >= 0) & (low < high))


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
