"""Golden values: tests/golden/ab/own_noninferiority (statsmodels). Other expected numbers: statsmodels, or by hand."""

import dataclasses

import golden_kinds
import numpy as np
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from regulars.analysis.noninferiority import (
    equivalence,
    noninferiority,
    noninferiority_of_arms,
    noninferiority_of_means,
    noninferiority_of_proportions,
)
from regulars.analysis.two_arms import Arm

RANDOM = np.random.default_rng(5)
CONTROL, TREATMENT = RANDOM.gamma(2.0, 10.0, 300), RANDOM.gamma(2.0, 9.8, 240)
ARMS = (
    (float(CONTROL.mean()), float(TREATMENT.mean())),
    (float(CONTROL.var(ddof=1)), float(TREATMENT.var(ddof=1))),
    (300, 240),
)


def test_golden_retention_may_fall_a_little():
    assert golden_kinds.misses("own_noninferiority") == []


def test_means_agree_with_the_shifted_welch_test_of_statsmodels():
    test = noninferiority_of_means(*ARMS, -3.0)
    compare = CompareMeans(DescrStatsW(TREATMENT), DescrStatsW(CONTROL))
    statistic, p_value, _ = compare.ttest_ind(alternative="larger", usevar="unequal", value=-3)
    low, _ = compare.tconfint_diff(alpha=0.1, usevar="unequal")
    assert (test.z, test.p_value, test.bound) == pytest.approx((statistic, p_value, low))


def test_a_relative_margin_counts_the_error_of_the_control():
    """Welch test of treatment against the control times 0.9, by statsmodels."""
    test = noninferiority_of_means(*ARMS, -0.1, relative=True)
    compare = CompareMeans(DescrStatsW(TREATMENT), DescrStatsW(0.9 * CONTROL))
    statistic, p_value, _ = compare.ttest_ind(alternative="larger", usevar="unequal")
    assert (test.z, test.p_value) == pytest.approx((statistic, p_value))
    assert test.margin == pytest.approx(-0.1 * CONTROL.mean())


def test_the_relative_bound_is_where_the_answer_turns():
    bound = noninferiority_of_proportions((812, 797), (1000, 1005), -0.05, relative=True).bound
    inside, outside = (noninferiority_of_proportions((812, 797), (1000, 1005), bound + step, relative=True) for step in (-1e-6, 1e-6))
    assert inside.holds and not outside.holds


def test_the_sign_of_the_margin_says_which_way_is_harm():
    """Complaints rise by 1 with error 0.4: they may rise by 2, not by 1.2; a fall is not limited by either."""
    assert noninferiority(1.0, 0.4, 2.0).holds and not noninferiority(1.0, 0.4, 1.2).holds
    assert noninferiority(-9.0, 0.4, 2.0).holds and not noninferiority(-9.0, 0.4, -2.0).holds
    up, down = noninferiority(1.0, 0.4, 2.0), noninferiority(-1.0, 0.4, -2.0)
    assert (up.p_value, up.bound) == pytest.approx((down.p_value, -down.bound))
    assert up.bound == pytest.approx(1.0 + 1.6448536269514722 * 0.4)


def test_equivalence_holds_where_the_interval_lies_within_the_margin():
    inside, outside = equivalence(0.5, 0.5, 1.5), equivalence(0.5, 0.7, 1.5)
    assert inside.holds and inside.interval[1] < 1.5
    assert not outside.holds and outside.interval[1] > 1.5


def test_at_the_margin_one_in_twenty_is_let_pass():
    """A program that does exactly as much harm as the margin: 5 % pass; 4 standard errors of 4,000 tests are 1.4 points."""
    random = np.random.default_rng(20)
    passed = [
        noninferiority_of_proportions((a, b), (2000, 2000), -0.04).holds
        for a, b in zip(random.binomial(2000, 0.6, 4000).tolist(), random.binomial(2000, 0.56, 4000).tolist(), strict=True)
    ]
    assert np.mean(passed) == pytest.approx(0.05, abs=0.014)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: noninferiority(0.1, 0.0, -1.0), "no spread"),
        (lambda: noninferiority(0.1, 0.1, 0.0), "margin"),
        (lambda: noninferiority(0.1, 0.1, -1.0, alpha=0.5), "alpha"),
        (lambda: equivalence(0.1, 0.1, -1.0), "above 0"),
        (lambda: noninferiority_of_means((1.0, 1.0), (1.0, 1.0), (1, 5), -1.0), "two units"),
        (lambda: noninferiority_of_means((-1.0, 1.0), (1.0, 1.0), (5, 5), -0.1, relative=True), "control above 0"),
        (lambda: noninferiority_of_means((1.0, 1.0), (1.0, 1.0), (5, 5), -1.0, relative=True), "above -1"),
        (lambda: noninferiority_of_means((1.0, 1.0), (90.0, 1.0), (5, 5), -0.1, relative=True), "too uncertain"),
        (lambda: noninferiority_of_proportions((5, 9), (8, 8), -0.1), "no more successes"),
        (lambda: noninferiority_of_proportions((0, 8), (8, 8), -0.1), "no spread"),
    ],
)
def test_what_cannot_be_tested_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_arms_of_means_give_the_test_of_means():
    of_means = noninferiority_of_means((10.0, 9.9), (4.0, 5.0), (200, 220), -0.05, relative=True)
    arms = Arm(10.0, 4.0 / 200, 199, 200), Arm(9.9, 5.0 / 220, 219, 220)
    assert dataclasses.astuple(noninferiority_of_arms(*arms, -0.05, relative=True)) == pytest.approx(dataclasses.astuple(of_means))


def test_a_common_slope_makes_arms_that_move_together_easier_to_tell_apart():
    arms = Arm(10.0, 0.02, 199, 200), Arm(9.9, 0.02, 199, 200)
    alone, together = (noninferiority_of_arms(*arms, -0.3, df=398, covariance=one) for one in (0.0, 0.01))
    assert together.standard_error < alone.standard_error
    assert together.p_value < alone.p_value


@pytest.mark.parametrize(("margin", "control"), [(-1.0, 10.0), (-0.02, 0.0)])
def test_relative_margins_that_cannot_be_are_refused_for_arms(margin, control):
    with pytest.raises(ValueError, match="relative margin"):
        noninferiority_of_arms(Arm(control, 0.02, 99, 100), Arm(9.0, 0.02, 99, 100), margin, relative=True)
