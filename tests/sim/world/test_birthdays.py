"""Birthdays: once a year for everyone, in every year, evenly over the weeks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regulars.sim.world.birthdays import BIRTHDAY, WEEK, YEAR, celebrates, since

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

KEY = (np.uint64(1), BIRTHDAY.key, np.uint64(0))
YEARS = 28
"""After which weeks and years meet again: 28 x 1461 quarters of a day are 1461 weeks."""


@pytest.mark.parametrize("luck", [0.0, 1e-7, 0.25, 0.4999999, 0.9, 1.0 - 2.0**-24])
@pytest.mark.parametrize("period", [YEAR, 730, WEEK, 401])
def test_a_day_comes_back_once_a_period_and_is_counted_in_one_week(luck, period):
    weeks = [week for week in range(1, 1461 * period // np.gcd(period, WEEK) // 1461 + 1)]
    found = sum(since(np.float32(luck), np.int64(period), week) < WEEK for week in weeks)
    assert found * period == len(weeks) * WEEK


def test_a_window_follows_its_birthday():
    for person in range(50):
        days = [week for week in range(1, 157) if celebrates(KEY, np.uint64(person), week, 1)]
        window = [week for week in range(1, 157) if celebrates(KEY, np.uint64(person), week, 3)]
        assert len(days) in (2, 3)
        assert set(window) >= {day + late for day in days for late in range(3) if day + late < 157}
        assert set(window) <= {day + late for day in (days[0] - 52, days[0] - 53, *days) for late in range(3)}


def test_birthdays_are_spread_evenly_over_the_year():
    people = 5200
    by_week = np.array([sum(celebrates(KEY, np.uint64(person), week, 1) for person in range(people)) for week in range(1, 53)])
    # 52 weeks are 364 of 365.25 days.
    expected = people * WEEK / YEAR
    low, high = stats.binom.interval(1 - ALARM / 52, people, WEEK / YEAR)
    assert low <= by_week.min() <= expected <= by_week.max() <= high
