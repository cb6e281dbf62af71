from typing import Any

import numpy as np
import pytest
from estimates import ends
from scipy import stats

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.quantile import Quantile, bootstrap_quantiles

ALARM = 1e-3


@pytest.mark.parametrize(("n", "q"), [(41, 0.5), (30, 0.9), (2, 0.25), (7, 0.99)])
def test_drawn_order_statistics_are_those_of_the_full_bootstrap(n, q):
    """20,000 draws of each; Kolmogorov-Smirnov at false-alarm rate 1e-3 (conservative with ties)."""
    rng = np.random.default_rng(4)
    values = rng.gamma(2.0, 3.0, n)
    full = np.quantile(rng.choice(values, (20_000, n)), q, axis=1)
    drawn = bootstrap_quantiles(values, q, resamples=20_000, rng=rng)
    oracle: Any = stats.ks_2samp(np.round(drawn, 9), np.round(full, 9), method="asymp")
    assert oracle.pvalue > ALARM


@pytest.mark.parametrize("q", [0.5, 0.75])
def test_intervals_cover(q):
    """1,000 worlds of 150 and 200 gamma values: 95 % hold the true difference, at false-alarm rate 1e-3 and one and a half points."""
    rng, worlds, held = np.random.default_rng(24), 1000, 0
    truth = stats.gamma.ppf(q, 2, scale=3.5) - stats.gamma.ppf(q, 2, scale=3)
    for _ in range(worlds):
        arms = Sample({"value": rng.gamma(2.0, 3.0, 150)}), Sample({"value": rng.gamma(2.0, 3.5, 200)})
        low, high = ends(Quantile(q=q, resamples=1000).contrast(*arms, alpha=0.05).difference)
        held += low <= truth <= high
    assert stats.binom.isf(1 - ALARM, worlds, 0.935) <= held <= stats.binom.isf(ALARM, worlds, 0.965)


def test_the_same_data_give_the_same_interval_and_another_seed_another():
    rng = np.random.default_rng(5)
    arms = Sample({"value": rng.random(60)}), Sample({"value": rng.random(70)})
    one, again, other = (Quantile(seed=seed).contrast(*arms, alpha=0.05).difference for seed in (1, 1, 99))
    assert one == again and one.interval != other.interval
    assert one.estimand == "median, treatment less control"


def test_mann_whitney_can_give_the_p_value():
    rng = np.random.default_rng(6)
    control, treatment = rng.gamma(2.0, 3.0, 60), rng.gamma(2.0, 4.0, 70)
    found = Quantile("mann_whitney").contrast(Sample({"value": control}), Sample({"value": treatment}), alpha=0.05)
    assert found.p_value == pytest.approx(stats.mannwhitneyu(treatment, control).pvalue, rel=1e-10)
    assert set(found.beside) == {"bootstrap"}


def test_units_in_clusters_are_refused_with_the_reason():
    arms = [Sample({"value": np.arange(20.0)}, cluster=np.arange(20) % 5 + 10 * k) for k in (0, 1)]
    found = Quantile().contrast(*arms, alpha=0.05)
    assert found.difference.interval is None and found.p_value is None
    assert found.difference.reason and "take kind mean" in found.difference.reason


def test_a_quantile_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="q = 75: must be above 0 and below 1"):
        Quantile(q=75)
