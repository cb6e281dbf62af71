"""Conversions between rates and probabilities, and money in whole units."""

from __future__ import annotations

import math

import numpy as np
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


def test_a_charge_is_rounded_once_and_not_by_the_piece():
    counts = np.array([1_000_000, 12, 13, 0], np.int64)
    assert units.charge(counts, 0.00004).tolist() == [400_000, 5, 5, 0]
    assert units.charge(1_000_000, 0.00004) == 400_000
    # 12.5, 37.5, 1.5 and 2.5 units: half to even.
    assert units.charge(np.array([125, 375, 15, 25], np.int64), 0.00001).tolist() == [12, 38, 2, 2]
    assert units.charge(counts, 0.00004).dtype == np.int64


@pytest.mark.parametrize("cost", [0.0, 0.0001, 0.05, 0.1, 0.3, 1.1, 2.0, 19.99, 1234.5678, 1e9])
def test_a_charge_of_whole_units_is_count_times_unit(cost):
    counts = np.array([0, 1, 7, 123_457], np.int64)
    assert units.charge(counts, cost).tolist() == (counts * units.money(cost)).tolist()


def test_what_is_paid_piece_by_piece_must_be_a_whole_unit_at_least():
    assert [units.payable(one) for one in (None, 0.0, 0.0001, 5.0)] == [None, 0.0, 0.0001, 5.0]
    with pytest.raises(ValueError, match=r"0 or at least 0\.0001"):
        units.payable(0.00009)
