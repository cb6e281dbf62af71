import math
from typing import Any

import numpy as np
import pytest
from estimates import ends
from scipy import stats

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.estimators.poststrat import stratified_arms
from regulars.analysis.two_arms import difference

ALARM = 1e-3


def world(rng, n=240):
    """Strata of unequal level, effect and share; the true average effect is .6 * 1 + .3 * 2 + .1 * 5 = 1.7."""
    tier = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    treated = rng.random(n) < 0.5
    values = np.array([10.0, 20, 50])[tier] + np.array([1.0, 2, 5])[tier] * treated + rng.gamma(2.0, 2.0, n)
    return [Sample({"value": values[arm]}, stratum=tier[arm]) for arm in (~treated, treated)]


def test_weights_and_variance_by_hand():
    """Strata of 4 and 6 units in all: weights .4 and .6; control means 2 and 10, treatment 5 and 12."""
    control, treatment = np.array([1.0, 3, 9, 10, 11]), np.array([4.0, 6, 10, 12, 14])
    strata = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1])
    gap = difference(*stratified_arms((control, treatment), strata))
    assert gap.value == pytest.approx(0.4 * 3 + 0.6 * 2)
    assert gap.se == pytest.approx(math.sqrt(0.16 * (2 / 2 + 2 / 2) + 0.36 * (1 / 3 + 4 / 3)))


def test_one_stratum_is_welchs_test():
    rng = np.random.default_rng(1)
    values = rng.gamma(2.0, 1.0, 30), rng.gamma(2.0, 2.0, 40)
    gap = difference(*stratified_arms(values, (np.full(30, 7), np.full(40, 7))))
    oracle: Any = stats.ttest_ind(*values[::-1], equal_var=False)
    assert (gap.value / gap.se, gap.df) == pytest.approx((oracle.statistic, oracle.df), rel=1e-10)


def test_strata_cover_and_narrow():
    """1,500 worlds: 95 % hold the average effect over the strata met, at false-alarm rate 1e-3, and intervals are under half as wide."""
    rng, worlds, held, widths = np.random.default_rng(17), 1500, 0, []
    for _ in range(worlds):
        arms = world(rng)
        strata = np.concatenate([one.stratum for one in arms if one.stratum is not None])
        truth = np.array([1.0, 2, 5])[strata].mean()
        found, plain = (ends(Mean(method).contrast(*arms, alpha=0.05).difference) for method in (None, "welch"))
        held += found[0] <= truth <= found[1]
        widths.append((found[1] - found[0]) / (plain[1] - plain[0]))
    assert stats.binom.isf(1 - ALARM, worlds, 0.945) <= held <= stats.binom.isf(ALARM, worlds, 0.955)
    assert np.mean(widths) < 0.5


def test_a_stratum_with_one_unit_in_an_arm_leaves_strata_out_with_a_warning():
    arms = [Sample({"value": np.array([1.0, 2, 3, 4, 6])}, stratum=np.array([0, 0, 0, 0, k])) for k in (0, 1)]
    found = Mean().contrast(*arms, alpha=0.05)
    assert found.warnings == ("some strata have fewer than two units in an arm, so nothing is adjusted by strata",)
    assert found.difference.method == "Welch t" and found.difference.interval is not None


def test_a_covariate_and_strata_are_used_together():
    arms = world(np.random.default_rng(3))
    both = [Sample({"value": one["value"], "covariate": one["value"] ** 0.5}, stratum=one.stratum) for one in arms]
    assert Mean().contrast(*both, alpha=0.05).difference.method == "CUPED, post-stratified"


def test_strata_are_left_out_with_a_warning_where_there_are_clusters():
    rng = np.random.default_rng(4)
    arms = [Sample({"value": rng.random(90)}, cluster=np.arange(90) % 30 + 50 * k, stratum=np.arange(90) % 2) for k in (0, 1)]
    assert Mean().contrast(*arms, alpha=0.05).warnings == ("strata are left out: they are not used together with clusters",)
