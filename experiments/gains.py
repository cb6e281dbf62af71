"""What a scenario gains over its baseline, in each view of the money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .job import Outcome

VIEWS = ("cash", "accrual", "clv")


@dataclass(frozen=True)
class Gains:
    """What a scenario gains over its baseline, by replication or draw; money discounted to the start.

    Attributes:
        margin: Incremental margin before program costs, shape (n,).
        cost: Incremental program cost, shape (n,).
    """

    margin: np.ndarray
    cost: np.ndarray

    @property
    def profit(self) -> np.ndarray:
        return self.margin - self.cost


def gains_of(baseline: Sequence[Outcome], other: Sequence[Outcome], view: str) -> Gains:
    """Incremental discounted margin and program cost, replication by replication.

    Views: cash as it flows; accrual less the change of the points liability (IFRS 15), balances handed over at launch
    aside; clv plus what customers are still worth at the end, redeeming their points counted as program cost. What
    stands at the end is discounted to the start, as the flows are.
    """

    def end(one: Outcome, name: str) -> float:
        series = one.series.summed()
        return float(getattr(series, name)[0, -1]) if name in series else 0.0

    def gain(name: str) -> np.ndarray:
        return np.array([end(b, name) - end(a, name) for a, b in zip(baseline, other, strict=True)])

    margin, cost = gain("discounted_margin"), gain("discounted_program_cost")
    factor = np.array([one.end_factor for one in other])
    if view == "accrual":
        margin = margin - factor * (gain("points_liability") - gain("points_liability_at_launch"))
    if view == "clv":
        margin, cost = margin + gain("residual_value"), cost + factor * gain("points_cost_owed")
    return Gains(margin, cost)
