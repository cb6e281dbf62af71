import numpy as np
import pytest
from estimates import ends
from scipy import stats

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.estimators.ratio import Ratio, ratio_arm

ALARM = 1e-3


def world(rng, n, rate):
    """Heavier visitors order more often per visit, so visits are not independent; the true ratio is 1.5 times the rate."""
    keen = rng.gamma(2.0, 0.5, n)
    visits = 1.0 + rng.poisson(4 * keen)
    return Sample({"numerator": rng.poisson(visits * rate * keen).astype(float), "denominator": visits})


def test_variance_is_that_of_the_delta_method():
    """(var a - 2 R cov + R^2 var b) / (n mean(b)^2) by numpy.cov with ddof 1."""
    arm = world(np.random.default_rng(1), 300, 0.2)
    found, matrix = ratio_arm(arm["numerator"], arm["denominator"]), np.cov(arm["numerator"], arm["denominator"])
    variance = (matrix[0, 0] - 2 * found.value * matrix[0, 1] + found.value**2 * matrix[1, 1]) / (300 * arm["denominator"].mean() ** 2)
    assert found.value == pytest.approx(arm["numerator"].sum() / arm["denominator"].sum(), rel=1e-12)
    assert found.variance == pytest.approx(variance, rel=1e-10)


def test_denominators_of_one_make_it_a_mean():
    rng = np.random.default_rng(2)
    values = rng.gamma(2.0, 1.0, 50), rng.gamma(2.0, 1.2, 60)
    ratio = Ratio().contrast(*(Sample({"numerator": one, "denominator": np.ones(len(one))}) for one in values), alpha=0.05)
    mean = Mean().contrast(*(Sample({"value": one}) for one in values), alpha=0.05)
    assert ratio.difference.interval == pytest.approx(mean.difference.interval, rel=1e-10)
    assert ratio.relative.interval == pytest.approx(mean.relative.interval, rel=1e-10)


def test_intervals_cover_where_visits_taken_for_independent_would_not():
    """Arms of 300 and 400 with one rate, 2,000 worlds: 95 % hold 0, at false-alarm rate 1e-3 and half a point; the naive error is
    under three quarters of the true one."""
    rng, worlds, held, naive = np.random.default_rng(23), 2000, 0, []
    for _ in range(worlds):
        arms = world(rng, 300, 0.2), world(rng, 400, 0.2)
        low, high = ends(Ratio().contrast(*arms, alpha=0.05).difference)
        held += low <= 0 <= high
        if len(naive) < 20:
            found = Ratio().details(*arms, alpha=0.05)
            naive.append(found["naive_se_as_proportion"] / found["se"])
    assert stats.binom.isf(1 - ALARM, worlds, 0.945) <= held <= stats.binom.isf(ALARM, worlds, 0.955)
    assert np.mean(naive) < 0.75


def test_clusters_permute_numerators_and_denominators():
    rng = np.random.default_rng(3)
    arms = [world(rng, 90, 0.2) for _ in range(2)]
    clustered = [Sample(arm.columns, cluster=np.arange(90) % 4 + 10 * k) for k, arm in enumerate(arms)]
    found = Ratio().contrast(*clustered, alpha=0.05)
    assert found.difference.method == "delta method, CR2, Satterthwaite t"
    assert (found.beside["permutation"] * 70) == pytest.approx(round(found.beside["permutation"] * 70))


def test_no_denominator_is_refused_with_its_reason():
    none = Sample({"numerator": np.zeros(3), "denominator": np.zeros(3)})
    found = Ratio().contrast(none, none, alpha=0.05)
    assert found.difference.reason == "the denominators of an arm do not add up to more than 0"
    assert found.p_value is None
