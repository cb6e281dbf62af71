import math
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from regulars.analysis.two_arms import (
    LOG_UNBOUNDED,
    Arm,
    Gap,
    difference,
    mean_arm,
    relative_delta,
    relative_details,
    relative_estimate,
    relative_fieller,
    relative_log,
    satterthwaite,
)

CONTROL, TREATMENT = Arm(10.0, 0.8, 29, 30), Arm(12.0, 1.3, 44, 45)


def test_difference_is_the_students_t_of_scipy():
    rng = np.random.default_rng(1)
    control, treatment = rng.gamma(2.0, 3.0, 50), rng.gamma(2.0, 4.0, 70)
    gap = difference(mean_arm(control), mean_arm(treatment))
    oracle: Any = stats.ttest_ind(treatment, control, equal_var=False)
    assert (gap.statistic, gap.p_value, gap.df) == pytest.approx((oracle.statistic, oracle.pvalue, oracle.df), rel=1e-11)
    assert gap.interval(0.1) == pytest.approx(tuple(oracle.confidence_interval(0.9)), rel=1e-11)


def test_infinite_degrees_of_freedom_are_the_normal_distribution():
    gap = Gap(1.96, 1.0, math.inf)
    assert gap.p_value == pytest.approx(2 * stats.norm.sf(1.96), rel=1e-12)
    assert gap.interval(0.05)[1] == pytest.approx(1.96 + stats.norm.isf(0.025), rel=1e-12)


def test_an_arm_without_spread_adds_no_degrees_of_freedom():
    assert satterthwaite(0.0, 4, 2.0, 9) == pytest.approx(9)


def test_fieller_ends_are_where_the_test_of_that_ratio_just_rejects():
    """Found by root search on the t statistic of treatment - (1 + r) control."""
    low, high = relative_fieller(CONTROL, TREATMENT, alpha=0.05, covariance=0.2)
    assert CONTROL.variance and TREATMENT.variance
    df = difference(CONTROL, TREATMENT).df

    def excess(r):
        spread = TREATMENT.variance + (1 + r) ** 2 * CONTROL.variance - 2 * (1 + r) * 0.2
        return abs(TREATMENT.value - (1 + r) * CONTROL.value) / math.sqrt(spread) - stats.t.isf(0.025, df)

    middle = TREATMENT.value / CONTROL.value - 1
    roots = optimize.brentq(excess, -0.9, middle), optimize.brentq(excess, middle, 3.0)
    assert (low, high) == pytest.approx(roots, rel=1e-9)


def test_log_interval_of_the_swapped_arms_is_the_reciprocal():
    one, other = relative_log(CONTROL, TREATMENT).interval(0.05), relative_log(TREATMENT, CONTROL).interval(0.05)
    assert one == pytest.approx((-other[1], -other[0]), rel=1e-12)


def test_small_noise_makes_all_relative_intervals_alike():
    """To first order in the standard errors they are one."""
    control, treatment = Arm(10.0, 1e-8, 999, 1000), Arm(12.0, 2e-8, 999, 1000)
    delta = relative_delta(control, treatment).interval(0.05)
    assert tuple(map(math.expm1, relative_log(control, treatment).interval(0.05))) == pytest.approx(delta, rel=1e-5)
    assert relative_fieller(control, treatment, alpha=0.05) == pytest.approx(delta, rel=1e-5)


def test_what_has_no_interval_is_refused_with_its_reason():
    with pytest.raises(ValueError, match="only one unit"):
        difference(Arm(1.0, None, math.inf, 1), TREATMENT)
    with pytest.raises(ValueError, match="do not vary"):
        difference(mean_arm(np.full(5, 0.1)), mean_arm(np.full(7, 0.3)))
    with pytest.raises(ValueError, match="control is not above 0"):
        relative_delta(Arm(-1.0, 0.1, 9, 10), TREATMENT)
    with pytest.raises(ValueError, match="take relative: delta"):
        relative_log(CONTROL, Arm(-1.0, 0.1, 9, 10))
    with pytest.raises(ValueError, match="too close to 0"):
        relative_fieller(Arm(1.0, 0.8, 29, 30), TREATMENT, alpha=0.05)
    with pytest.raises(ValueError, match="no units"):
        mean_arm(np.zeros(0))


def test_a_control_that_is_all_noise_has_no_log_interval_and_says_so():
    found = relative_estimate(
        Arm(0.001, 4.0, 20.0, 21), Arm(1.0, 4.0, 20.0, 21),
        alpha=0.05, how="log", df=None, covariance=0.0, estimand="mean", assumptions=(),
    )  # fmt: skip
    assert found.interval is None
    assert found.reason == LOG_UNBOUNDED
    assert "rel_ci_log_t" not in relative_details(Arm(0.001, 4.0, 20.0, 21), Arm(1.0, 4.0, 20.0, 21), alpha=0.05)
