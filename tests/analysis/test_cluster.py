import math
import time
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import linalg, stats

from regulars.analysis.cluster import (
    by_cluster,
    check_nested,
    cluster_arm,
    cluster_means,
    cluster_permutation_p,
    cluster_test,
    cluster_warning,
    design_effect,
    intracluster_correlation,
    mean_cluster_size,
    why_no_cluster_interval,
)

ALARM = 1e-3
SIZES = [3, 9, 1, 14, 6, 6, 2, 11, 5]
TREATED = [0, 1, 0, 1, 0, 1, 1, 0, 0]


def unequal(seed=6):
    """Outcome, cluster and arm of units in nine clusters of 1 to 14."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(len(SIZES)), SIZES)
    values = rng.gamma(2.0, 3.0, len(cluster)) + rng.normal(0.0, 2.0, len(SIZES))[cluster]
    return values, cluster, np.array(TREATED)[cluster]


def summed(values, cluster, arm):
    control, treatment = (by_cluster(values[arm == k], cluster[arm == k]) for k in (0, 1))
    return control, treatment


def test_closed_forms_equal_the_matrices_of_bell_and_mccaffrey():
    """CR2 and its degrees of freedom by dense (I - H)^(-1/2) and tr(B)^2 / tr(B^2), with unequal clusters, to 1e-10."""
    values, cluster, arm = unequal()
    design = np.column_stack([np.ones(len(values)), arm])
    inverse = np.linalg.inv(design.T @ design)
    residual_maker = np.eye(len(values)) - design @ inverse @ design.T
    residual = residual_maker @ values
    slopes = []
    for g in range(len(SIZES)):
        own = cluster == g
        adjust = np.real(linalg.sqrtm(np.linalg.inv(residual_maker[np.ix_(own, own)])))
        slopes.append(residual_maker[:, own] @ adjust @ design[own] @ inverse[:, 1])
    variance = sum(float(one @ values) ** 2 for one in slopes)
    gram = np.array([[one @ other for other in slopes] for one in slopes])
    test = cluster_test(*summed(values, cluster, arm))
    assert residual == pytest.approx(values - design @ inverse @ design.T @ values)
    assert test.se_cr2 == pytest.approx(math.sqrt(variance), rel=1e-10)
    assert test.df_cr2 == pytest.approx(np.trace(gram) ** 2 / np.square(gram).sum(), rel=1e-10)


def test_naive_and_cr1_agree_with_statsmodels():
    values, cluster, arm = unequal()
    fitted = sm.OLS(values, sm.add_constant(arm))
    test, robust = cluster_test(*summed(values, cluster, arm)), fitted.fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
    assert test.se_naive == pytest.approx(fitted.fit().bse[1], rel=1e-10)
    assert (test.se_cr1, test.cr1.p_value) == pytest.approx((robust.bse[1], robust.pvalues[1]), rel=1e-10)


def test_clusters_of_one_unit_are_welchs_test_with_hc2():
    """CR2 with one unit a cluster is HC2, whose variance is s_c^2 / n_c + s_t^2 / n_t."""
    rng = np.random.default_rng(9)
    control, treatment = rng.normal(0.0, 1.0, 12), rng.normal(0.0, 2.0, 20)
    test = cluster_test(by_cluster(control, np.arange(12)), by_cluster(treatment, np.arange(12, 32)))
    assert test.se_cr2 == pytest.approx(math.sqrt(control.var(ddof=1) / 12 + treatment.var(ddof=1) / 20), rel=1e-12)


def test_equal_clusters_have_the_degrees_of_freedom_of_a_t_test_on_their_means():
    """m clusters of one size in each arm: CR2 is the variance of the difference of cluster means, with 2 (m - 1) degrees of freedom."""
    rng = np.random.default_rng(10)
    control, treatment = (by_cluster(rng.normal(size=60), np.repeat(np.arange(6), 10)) for _ in range(2))
    test = cluster_test(control, treatment)
    oracle: Any = stats.ttest_ind(treatment.totals, control.totals)
    assert test.df_cr2 == pytest.approx(10.0, rel=1e-12)
    assert test.cr2.p_value == pytest.approx(oracle.pvalue, rel=1e-10)


def test_codes_need_not_be_dense_or_positive():
    values, cluster, arm = unequal()
    far = (cluster - 4) * 10**12
    assert cluster_test(*summed(values, far, arm)) == cluster_test(*summed(values, cluster, arm))


def coverage(clusters, correlation, worlds, seed):
    """Share of worlds whose 95 % interval holds the true difference 0; clusters of 5 to 60 in two arms."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(worlds):
        arms = []
        for _ in range(2):
            code = np.repeat(np.arange(clusters // 2), rng.integers(5, 61, clusters // 2))
            shared = rng.normal(0.0, math.sqrt(correlation), clusters // 2)
            arms.append(by_cluster(shared[code] + rng.normal(0.0, math.sqrt(1 - correlation), len(code)), code))
        low, high = cluster_test(*arms).cr2.interval(0.05)
        held += low <= 0 <= high
    return held / worlds


@pytest.mark.parametrize(("clusters", "below"), [(60, 0.0), (12, 0.02)])
def test_intervals_cover_with_unequal_correlated_clusters(clusters, below):
    """2,000 worlds with a correlation of .1. At 60 clusters 95 %; at 12 at most two points less, for the degrees of freedom take
    units for independent (Imbens & Kolesar 2016). False-alarm rate 1e-3 on either side."""
    worlds = 2000
    inside = coverage(clusters, 0.1, worlds, seed=21) * worlds
    assert stats.binom.isf(1 - ALARM, worlds, 0.95 - below) <= inside <= stats.binom.isf(ALARM, worlds, 0.95 + below)


def test_correlation_of_units_in_a_cluster_is_recovered():
    """True .2, 1,000 clusters of 4 to 29 an arm: within 4 standard errors, about .009 each (Donner & Klar 2000)."""
    rng = np.random.default_rng(12)
    arms = []
    for _ in range(2):
        code = np.repeat(np.arange(1000), rng.integers(4, 30, 1000))
        arms.append(by_cluster(rng.normal(0.0, math.sqrt(0.2), 1000)[code] + rng.normal(0.0, math.sqrt(0.8), len(code)), code))
    assert intracluster_correlation(*arms) == pytest.approx(0.2, abs=0.036)


def test_design_effect_of_equal_clusters():
    control, treatment = (by_cluster(np.arange(20.0), np.repeat(np.arange(4), 5)) for _ in range(2))
    assert mean_cluster_size(control, treatment) == pytest.approx(5.0)
    assert design_effect(0.1, 5.0) == pytest.approx(1.4)


def test_four_clusters_an_arm_are_permuted_exactly():
    """Cluster means 1 to 4 against 11 to 14 of equal size: only the assignment seen and its mirror part them as far, 2 of 70."""
    control, treatment = (by_cluster(np.repeat(np.arange(1.0, 5.0) + shift, 3), np.repeat(np.arange(4), 3)) for shift in (0, 10))
    assert cluster_permutation_p(control, treatment) == pytest.approx(2 / 70, rel=1e-12)


def test_one_cluster_in_an_arm_says_nothing():
    one, more = by_cluster(np.arange(5.0), np.zeros(5, int)), by_cluster(np.arange(6.0), np.array([1, 1, 2, 2, 3, 3]))
    assert why_no_cluster_interval(one, more) == "an arm has only one cluster, which says nothing about how clusters differ"
    assert cluster_arm(one).variance is None
    with pytest.raises(ValueError, match="only one cluster"):
        cluster_test(one, more)


def test_clusters_with_one_mean_have_no_interval():
    alike = [by_cluster(np.tile([0.1, 0.2, 0.3], 4), np.repeat(np.arange(4) + 10 * k, 3)) for k in (0, 1)]
    with pytest.raises(ValueError, match="same mean"):
        cluster_test(alike[0], alike[1])


def test_a_cluster_in_both_arms_is_refused():
    with pytest.raises(ValueError, match="2 clusters have units in both arms"):
        check_nested(by_cluster(np.ones(3), np.array([1, 2, 3])), by_cluster(np.ones(3), np.array([2, 3, 4])))


def test_few_clusters_are_told():
    told = "24 clusters; cluster-robust intervals want 40 or more: the permutation p is beside it"
    assert cluster_warning(24) == (told,)
    assert cluster_warning(40) == ()


def test_cluster_means_count_each_cluster_once():
    control, treatment = cluster_means(*summed(*unequal()))
    assert (control.n, treatment.n) == (5, 4)


def test_a_million_units_take_well_under_a_second():
    """0.02 s here on one core; the bound leaves room for a slow machine."""
    rng = np.random.default_rng(1)
    values, cluster = rng.normal(size=1_000_000), rng.integers(0, 2500, 1_000_000)
    begun = time.perf_counter()
    cluster_test(by_cluster(values, cluster), by_cluster(values, cluster + 2500))
    assert time.perf_counter() - begun < 0.5
