"""Seasonality: the factors as given, the year's orders as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

STAY = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
"""Everyone orders once in four weeks on average and nobody leaves."""

WAVES = [1.0 + 0.5 * float(np.sin(2 * np.pi * week / 52)) for week in range(52)]
"""Mean 1 over the year."""


def model(*, customers: int = 5000, weeks: int = 52, step_days: int = 7, **season: Any) -> LoyaltyModel:
    tree = {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "behaviors": STAY,
        "market": {"customers": customers, "start": "cohort"}, "environment": {"seasonality": season} if season else {},
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), collect=False)


def factors(one: LoyaltyModel, weeks: int = 52) -> np.ndarray:
    """Factor on the purchase rate in each week, the same for everyone."""
    found = []
    for _ in range(weeks):
        one.step()
        terms = one.world.rates.log_purchase
        assert (terms == terms[0]).all()
        found.append(np.exp(float(terms[0])))
    return np.array(found)


def test_weekly_factors_act_as_given_and_repeat_every_year():
    assert factors(model(customers=50, weeks=104, weekly=WAVES), 104) == pytest.approx(WAVES * 2, rel=1e-5)


def test_a_run_may_begin_in_any_week_of_the_year():
    found = factors(model(customers=50, weekly=WAVES, first_week_of_year=40))
    assert found == pytest.approx(np.roll(WAVES, -39), rel=1e-5)


def test_ratios_between_weeks_are_kept_when_the_mean_is_scaled_to_one():
    given = [2.0] * 26 + [6.0] * 26
    found = factors(model(customers=50, weekly=given))
    assert found == pytest.approx([0.5] * 26 + [1.5] * 26, rel=1e-5)
    assert factors(model(customers=50, weekly=given, normalize=False)) == pytest.approx(given, rel=1e-5)


def test_months_are_spread_over_their_weeks():
    """Weeks within a month have its factor, a week across two the mean of both by days; the mean of the year is that of the months."""
    given = [0.7, 0.8, 1.0, 1.0, 1.1, 1.0, 0.9, 0.8, 1.0, 1.1, 1.2, 1.4]
    found = factors(model(customers=50, monthly=given))
    assert found.mean() == pytest.approx(1.0, abs=1e-6)
    assert found[[0, 3, 51]] == pytest.approx([0.7, 0.7, 1.4], rel=1e-5)
    assert found[4] == pytest.approx(0.7 / 3 + 0.8 * 2 / 3, rel=1e-5)


def test_a_peak_has_its_height_and_width_and_reaches_over_the_turn_of_the_year():
    found = factors(model(customers=50, peaks={"christmas": {"week": 51, "height": 1.5, "width": 2.0}}, normalize=False))
    distance = np.abs(np.arange(1, 53) - 51)
    expected = 1 + 1.5 * np.exp(-0.5 * (np.minimum(distance, 52 - distance) / 2.0) ** 2)
    assert found == pytest.approx(expected, rel=1e-5)
    assert found[50] == pytest.approx(2.5)
    assert found[0] == found[48]


def test_peaks_multiply_each_other_and_the_factors():
    peaks = {"a": {"week": 10, "height": 1.0, "width": 0.3}, "b": {"week": 10, "height": -0.5, "width": 0.3}}
    found = factors(model(customers=50, weekly=[3.0] * 52, peaks=peaks, normalize=False))
    assert found[[9, 30]] == pytest.approx([3.0, 3.0], rel=1e-5)
    assert found[10] == pytest.approx(3.0 * (1 + np.exp(-0.5 / 0.09)) * (1 - 0.5 * np.exp(-0.5 / 0.09)), rel=1e-5)


def test_strength_raises_the_factors_to_a_power():
    found = factors(model(customers=50, weekly=WAVES, strength=0.5))
    expected = np.sqrt(WAVES)
    assert found == pytest.approx(expected / expected.mean(), rel=1e-5)


@pytest.mark.parametrize("step_days", [7, 1])
def test_a_year_has_the_orders_it_would_have_without_seasons(step_days):
    """With a mean of 1 all clocks have passed the same at the year's end: the same orders, but for rounding of floats."""
    one, plain = model(weekly=WAVES, step_days=step_days).run(), model(step_days=step_days).run()
    mine, other = one.world.customers.n_orders, plain.world.customers.n_orders
    assert (mine != other).mean() <= 1e-3
    assert abs(int(mine.sum()) - int(other.sum())) <= 5


def test_orders_follow_the_factors():
    """Poisson: each week's orders within its bounds around the base rate times the factor."""
    one = model(weekly=WAVES).run()
    expected = float(one.world.customers.purchase_rate.sum()) * np.array(WAVES)
    low, high = stats.poisson.interval(1 - ALARM / 52, expected)
    orders = one.weekly().orders[:, -1]
    assert ((low <= orders) & (orders <= high)).all()
    assert orders[5:21].sum() > 1.8 * orders[31:47].sum()


@pytest.mark.parametrize("given", [{"weekly": [2.0] * 52}, {"weekly": WAVES, "strength": 0.0}])
def test_even_factors_change_nothing(given):
    one, plain = model(customers=500, weeks=20, **given).run(), model(customers=500, weeks=20).run()
    assert one.digests() == plain.digests()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"normalize": True}, "needs weekly or monthly factors, or peaks"),
        ({"weekly": [1.0] * 51}, "weekly needs 52 factors, not 51"),
        ({"monthly": [1.0] * 13}, "monthly needs 12 factors, not 13"),
        ({"weekly": [1.0] * 52, "monthly": [1.0] * 12}, "Keep one of the two"),
        ({"weekly": [0.0] * 52}, "must be 0.01 or more"),
        ({"peaks": {"easter": {"week": 60, "height": 1.0}}}, "peaks.easter.week"),
        ({"peaks": {"easter": {"week": 15, "height": -1.0}}}, "peaks.easter.height"),
    ],
)
def test_seasons_that_make_no_year_are_refused(given, says):
    with pytest.raises(ScenarioError) as refused:
        model(**given)
    assert says in str(refused.value)
