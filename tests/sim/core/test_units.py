"""Conversions between rates and probabilities, and money in whole units."""

from __future__ import annotations

import math

import pytest

from regulars.sim.core import units


def test_probability_and_rate_undo_each_other():
    for rate in (0.0, 1e-9, 0.1, 3.0):
        assert units.rate(units.probability(rate, 2.5), 2.5) == pytest.approx(rate, rel=1e-9)


def test_seven_days_at_a_daily_hazard_make_the_week():
    day = units.probability(0.7, 1 / 7)
    assert 1.0 - (1.0 - day) ** 7 == pytest.approx(units.probability(0.7), rel=1e-12)


def test_money_rounds_half_to_even_and_comes_back():
    assert units.money(1.0) == 10_000
    # 1/32 and 3/32 are exact in binary: 312.5 and 937.5 units.
    assert [units.money(1 / 32), units.money(3 / 32)] == [312, 938]
    assert units.currency(units.money(12.3456)) == 12.3456


def test_half_is_left_after_a_half_life():
    assert units.decay(26.0, 26.0) == 0.5
    assert units.decay(26.0, 13.0) ** 2 == pytest.approx(0.5)


@pytest.mark.parametrize("retained", [0.1, 0.5, 0.95])
def test_mean_decay_is_the_average_over_the_step(retained):
    # Integral of c**t from 0 to 1 is (c - 1) / log c.
    assert units.mean_decay(retained, 1.0) == pytest.approx((retained - 1.0) / math.log(retained))
    assert units.mean_decay(retained, 1e-6) == pytest.approx(1.0, abs=1e-5)


def test_mean_decay_of_days_adds_up_to_that_of_the_week():
    days = sum(0.5 ** (day / 7) * units.mean_decay(0.5, 1 / 7) / 7 for day in range(7))
    assert days == pytest.approx(units.mean_decay(0.5, 1.0), rel=1e-12)


def test_money_in_a_year_is_discounted_by_a_years_rate():
    assert units.discount_factor(0.1, units.WEEKS_PER_YEAR) == pytest.approx(1 / 1.1)
