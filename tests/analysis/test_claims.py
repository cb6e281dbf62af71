"""Claims beside results, with numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.analysis.claims import Simulated, over_draws, simulated, verdict

BASE = np.array([0.5, 0.6, 0.7])
ARM = np.array([0.6, 0.7, 0.86])
T2 = 4.302653
"""97.5 % quantile of Student t with 2 degrees of freedom."""


@pytest.mark.parametrize(
    ("reading", "value"),
    # Means .6 and .72: .12 points, 20 % or 1.2 times.
    [("level", 0.72), ("points", 0.12), ("relative", 0.2), ("by_multiple", 0.2), ("to_multiple", 1.2)],
)
def test_each_reading_is_of_the_means(reading, value):
    assert simulated(reading, BASE, ARM).value == pytest.approx(value)


def test_intervals_by_hand():
    # Differences .1, .1, .16: sd .034641, half width t sd / sqrt 3.
    half = T2 * 0.03464102 / np.sqrt(3)
    assert simulated("points", BASE, ARM).ci95 == pytest.approx((0.12 - half, 0.12 + half), rel=1e-6)
    # ARM less 1.2 BASE: 0, -.02, .02 with sd .02, over .6.
    half = T2 * 0.02 / 0.6 / np.sqrt(3)
    for reading, value in (("relative", 0.2), ("by_multiple", 0.2), ("to_multiple", 1.2)):
        assert simulated(reading, BASE, ARM).ci95 == pytest.approx((value - half, value + half), rel=1e-6)


def test_by_two_times_ends_at_three_times():
    assert simulated("by_multiple", [1.0, 1.0], [3.0, 3.0]).value == pytest.approx(2.0)
    assert simulated("to_multiple", [1.0, 1.0], [3.0, 3.0]).value == pytest.approx(3.0)


def test_a_loss_that_halves_is_a_rise_of_half():
    assert simulated("relative", [-100.0, -100.0], [-50.0, -50.0]).value == pytest.approx(0.5)


def test_a_multiple_of_nothing_has_no_value():
    for reading in ("relative", "to_multiple", "by_multiple"):
        assert simulated(reading, [0.0, 0.0], [1.0, 2.0]).value is None
    assert simulated("to_multiple", [-1.0, -1.0], [1.0, 2.0]).value is None
    assert simulated("points", [0.0, 0.0], [1.0, 2.0]).value == pytest.approx(1.5)


def test_a_level_needs_no_baseline_and_a_change_does():
    nothing = [np.nan, np.nan]
    assert simulated("level", nothing, [0.3, 0.5]).value == pytest.approx(0.4)
    assert simulated("points", nothing, [0.3, 0.5]).value is None


def test_one_replication_has_no_interval():
    assert simulated("points", [1.0], [3.0]) == Simulated(2.0)


def test_rows_must_pair_and_readings_exist():
    with pytest.raises(ValueError, match="paired"):
        simulated("points", [1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="one of relative, points"):
        simulated("twice", [1.0], [1.0])


def test_over_draws_each_draw_is_a_market_of_its_own():
    base, arm = np.arange(1.0, 102.0), np.arange(1.0, 102.0) * np.linspace(1.0, 2.0, 101)
    assert over_draws("relative", base, arm) == pytest.approx((0.025, 0.975))
    assert over_draws("relative", np.where(base <= 40, 0.0, base), arm) is not None
    assert over_draws("relative", np.where(base <= 60, 0.0, base), arm) is None


@pytest.mark.parametrize(
    ("claimed", "bound", "says"),
    [
        (0.25, "exact", "within"), (0.31, "exact", "above"), (0.09, "exact", "below"),
        (0.1, "at_least", "kept"), (0.2, "at_least", "open"), (0.31, "at_least", "broken"),
        (0.3, "at_most", "kept"), (0.2, "at_most", "open"), (0.09, "at_most", "broken"),
    ],
)  # fmt: skip
def test_a_verdict_is_of_the_interval(claimed, bound, says):
    assert verdict(claimed, Simulated(0.2, (0.1, 0.3)), bound) == says


def test_the_interval_over_draws_goes_before_that_by_luck():
    assert verdict(0.25, Simulated(0.2, (0.19, 0.21), (0.1, 0.3))) == "within"
    assert verdict(0.25, Simulated(0.2, (0.19, 0.21))) == "above"
    assert verdict(0.2, Simulated(0.2)) == "unknown"
    assert verdict(0.1 + 0.2, Simulated(0.3, (0.3, 0.3))) == "within"
