"""Organic acquisition: a small constant chance a week, for prospects alone."""

from __future__ import annotations

from scipy import stats

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""


def model(probability: float, *, weeks: int = 10, step_days: int = 7, **market: int) -> LoyaltyModel:
    behaviors = {"organic_acquisition": {"probability": probability}}
    tree = {"name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors}
    return LoyaltyModel(from_tree(tree), collect=False).run()


def test_prospects_come_at_the_weekly_probability_in_weeks_and_in_days():
    """Wiring: 1 - (1 - p)^t, Bass 1969 without imitation; exact binomial bounds."""
    for step_days in (7, 1):
        won = model(0.03, prospects=30_000, customers=0, step_days=step_days).weekly().new_customers[:, -1].cumsum()
        for week in (1, 10):
            low, high = stats.binom.interval(1 - ALARM, 30_000, 1 - 0.97**week)
            assert low <= won[week - 1] <= high


def test_the_won_are_counted_by_their_cause_and_order_at_once():
    series = model(0.05, prospects=2000, customers=0).weekly()
    assert series.acquired_by_organic.sum() == series.new_customers.sum() > 0
    # The cohort is empty, so everyone's first order is that of being won.
    assert series.orders[0, -1] >= series.new_customers[0, -1]


def test_newcomers_are_exposed_only_from_their_entry():
    """People who enter evenly over 10 weeks: each is exposed for the rest of the horizon."""
    people = 30_000
    won = model(0.03, newcomers=people, customers=0, prospects=0).weekly().new_customers[:, -1].sum()
    entries = (10 - 10 * (k + 0.5) / 1000 for k in range(1000))
    expected = sum(1 - 0.97**left for left in entries) / 1000
    low, high = stats.binom.interval(1 - ALARM, people, expected)
    assert low <= won <= high


def test_nobody_comes_at_probability_0():
    assert model(0.0, prospects=1000, customers=0).weekly().new_customers.sum() == 0
