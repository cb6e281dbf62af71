import math

import numpy as np
import pytest
from estimates import ends
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.proportion import (
    Proportion,
    fisher_p,
    log_risk_ratio,
    newcombe,
    pooled_z,
    probability_better,
    wilson,
)

ALARM = 1e-3


def sample(hits, n, **extra):
    return Sample({"value": np.repeat([1.0, 0.0], [hits, n - hits])}, **extra)


def test_newcombe_published_example():
    """Newcombe (1998), table II: 56/70 less 48/80 by method 10: 0.0524 to 0.3339 (printed to 4 digits)."""
    assert newcombe((48, 80), (56, 70), alpha=0.05) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_newcombe_stays_within_bounds_where_wald_has_no_width():
    """Newcombe (1998), table II: 10/10 less 0/10 by method 10: 0.6075 to 1.0000."""
    assert newcombe((0, 10), (10, 10), alpha=0.05) == pytest.approx((0.6075, 1.0), abs=5e-5)


@pytest.mark.parametrize(("control", "treatment"), [((3, 40), (9, 35)), ((120, 400), (150, 390)), ((1, 5), (4, 5))])
def test_intervals_and_tests_agree_with_statsmodels(control, treatment):
    assert wilson(control, alpha=0.1) == pytest.approx(proportion_confint(*control, alpha=0.1, method="wilson"), rel=1e-10)
    assert newcombe(control, treatment, alpha=0.1) == pytest.approx(
        confint_proportions_2indep(*treatment, *control, method="newcomb", alpha=0.1), rel=1e-9
    )
    counts, sizes = zip(treatment, control, strict=True)
    assert pooled_z(control, treatment) == pytest.approx(proportions_ztest(counts, sizes)[0], rel=1e-10)
    ratio = confint_proportions_2indep(*treatment, *control, method="log", compare="ratio", alpha=0.1)
    assert tuple(map(math.exp, log_risk_ratio(control, treatment).interval(0.1))) == pytest.approx(ratio, rel=1e-10)


def test_fishers_tea_lady():
    """Fisher (1935): three of four right on either side: p = 34/70."""
    assert fisher_p((1, 4), (3, 4)) == pytest.approx(34 / 70, rel=1e-10)


def test_probability_better_has_a_closed_form_for_few():
    """Beta(2, 1) above Beta(1, 2): 5/6; alike arms: 1/2; and the two ways round add up to 1."""
    assert probability_better((0, 1), (1, 1)) == pytest.approx(5 / 6, rel=1e-10)
    assert probability_better((30, 70), (30, 70)) == pytest.approx(0.5, rel=1e-9)
    assert probability_better((3, 9), (50, 900)) + probability_better((50, 900), (3, 9)) == pytest.approx(1.0, rel=1e-9)
    assert probability_better((0, 10**6), (10**6, 10**6)) == pytest.approx(1.0)


def test_intervals_cover():
    """2,000 worlds of 15 % in 80 against 30 % in 100: 95 %, at false-alarm rate 1e-3 and one point for the lattice."""
    rng, worlds = np.random.default_rng(22), 2000
    drawn = zip(rng.binomial(80, 0.15, worlds), rng.binomial(100, 0.3, worlds), strict=True)
    held = sum(low <= 0.15 <= high for low, high in (newcombe((int(c), 80), (int(t), 100), alpha=0.05) for c, t in drawn))
    assert stats.binom.isf(1 - ALARM, worlds, 0.94) <= held <= stats.binom.isf(ALARM, worlds, 0.96)


def test_all_or_none_in_both_arms_differ_by_nothing():
    for hits in (0, 30):
        found = Proportion().contrast(sample(hits, 30), sample(hits, 30), alpha=0.05)
        assert (found.difference.value, found.p_value) == (0.0, 1.0)
        low, high = ends(found.difference)
        assert low < 0 < high
    assert found.relative.reason == "the values do not vary within the arms"


def test_nobody_in_control_refuses_the_relative_difference():
    found = Proportion().contrast(sample(0, 30), sample(12, 30), alpha=0.05)
    assert (found.relative.value, found.relative.reason) == (None, "control is not above 0: there is nothing to be relative to")
    assert found.warnings == ("fewer than 5 units in an arm have it, or lack it; the p-value is rough: take method fisher",)


def test_clusters_make_the_interval_cluster_robust():
    rng = np.random.default_rng(2)
    arms = [Sample({"value": (rng.random(200) < 0.4).astype(float)}, cluster=np.arange(200) % 10 + 20 * arm) for arm in (0, 1)]
    found = Proportion().contrast(*arms, alpha=0.05)
    assert found.difference.method == "CR2, Satterthwaite t"
    assert found.warnings[0].startswith("20 clusters;") and set(found.beside) == {"permutation"}


def test_other_values_than_0_and_1_are_refused():
    with pytest.raises(ValueError, match="values of 0 and 1 only: take kind mean"):
        Proportion().contrast(sample(3, 9), Sample({"value": np.array([0.0, 1, 2])}), alpha=0.05)
