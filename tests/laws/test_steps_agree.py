"""Daily and weekly steps tell the same story within a documented error.

Measured on library:online_shop/points with 100,000 people and 20 replications (daily over weekly, less 1; standard error):
orders +.04 % (.00), revenue +.06 % (.01), points issued +.08 % (.01), members +.02 % (.01), new customers +.07 % (.01),
exits +.01 % (.03), messages +.4 % (.04), points redeemed +2.7 % (.1). A weekly step lets a balance that has come to pay be redeemed half a
week late on average; over a year in which redemptions grow that is the 2.7 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import load
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability of a failure although the true error is at its bound; below it, less. Seeds were not chosen."""

BOUNDS = {
    "orders": 0.002,
    "revenue": 0.002,
    "exits": 0.005,
    "points_issued": 0.002,
    "members": 0.002,
    "new_customers": 0.003,
    "messages_sent": 0.01,
    "points_redeemed": 0.04,
}
"""Documented relative error of weekly steps against daily ones."""

REPLICATIONS = 16


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """Totals over the year by name, shape (2, replications): weekly, daily."""
    weekly = load("library:online_shop/points")
    both = (weekly, weekly.with_values({"step_days": 1}))
    found: dict[str, Any] = {name: np.empty((2, REPLICATIONS)) for name in BOUNDS}
    for at, scenario in enumerate(both):
        for replication in range(REPLICATIONS):
            totals = LoyaltyModel(scenario, replication=replication, collect=False).run().world.totals.horizon()
            for name in BOUNDS:
                found[name][at, replication] = getattr(totals, name)[0, -1]
    return found


@pytest.mark.parametrize("name", BOUNDS)
def test_daily_and_weekly_steps_agree_within_the_documented_error(runs, name):
    """Paired by replication; fails where the mean error is above its bound for certain (Student t)."""
    weekly, daily = runs[name]
    error = (daily - weekly) / weekly.mean()
    surely = abs(error.mean()) - stats.t.isf(ALARM, REPLICATIONS - 1) * error.std(ddof=1) / np.sqrt(REPLICATIONS)
    assert surely <= BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_that_agreement_is_measured_closely_enough_to_mean_something(runs, name):
    """The uncertainty of each measured error is below its bound: an error of twice the bound would be found."""
    weekly, daily = runs[name]
    error = (daily - weekly) / weekly.mean()
    assert stats.t.isf(ALARM, REPLICATIONS - 1) * error.std(ddof=1) / np.sqrt(REPLICATIONS) < BOUNDS[name]
