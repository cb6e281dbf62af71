"""Golden values: tests/golden/ab/c16_churn_survival. Other expected numbers: statsmodels, or by hand."""

import time

import golden_kinds
import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from regulars.analysis.estimators.estimator import Sample
from regulars.analysis.estimators.survival import Survival, cox, influenced, log_rank, retention_curves


def sample(duration, event):
    return Sample({"duration": np.asarray(duration, float), "event": np.asarray(event, float)})


def churn(seed, n, hazard, *, whole=False):
    random = np.random.default_rng(seed)
    left, seen = random.exponential(1.0 / hazard, n), random.uniform(2.0, 14.0, n)
    duration = np.minimum(left, seen)
    return sample(np.ceil(duration) if whole else duration, left <= seen)


def test_golden_churn_with_censoring():
    assert golden_kinds.misses("c16_churn_survival") == []


def test_log_rank_finds_what_retention_at_the_horizon_does_not():
    """Reference text: p = .028 by log-rank and .32 by retention at month 6 on the same customers."""
    frame = np.genfromtxt(golden_kinds.GOLDEN / "ab/c16_churn_survival/data.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    arms = [sample(frame["months"][frame["arm"] == arm], frame["churned"][frame["arm"] == arm]) for arm in ("control", "treatment")]
    by_retention = Survival(horizon=6).contrast(*arms, alpha=0.05)
    by_rank = Survival("log_rank", horizon=6).contrast(*arms, alpha=0.05)
    assert (by_retention.p_value, by_rank.p_value) == pytest.approx((0.32, 0.028), abs=0.005)
    assert by_retention.difference.interval == by_rank.difference.interval


@pytest.mark.parametrize("whole", [True, False])
def test_curve_log_rank_and_cox_agree_with_statsmodels(whole):
    arms = churn(1, 300, 0.1, whole=whole), churn(2, 280, 0.07, whole=whole)
    curves = retention_curves(*arms)
    for one, curve in zip(arms, curves, strict=True):
        theirs = SurvfuncRight(one["duration"], one["event"])
        assert curve.share(theirs.surv_times) == pytest.approx(theirs.surv_prob, rel=1e-12)
        assert curve.standard_error(theirs.surv_times) == pytest.approx(theirs.surv_prob_se, rel=1e-10)
    duration, event = (np.concatenate([one[role] for one in arms]) for role in ("duration", "event"))
    treated = np.repeat([0.0, 1.0], [300, 280])
    statistic, p_value = survdiff(duration, event, treated)
    test = log_rank(*curves)
    assert (test.chi2, test.p_value) == pytest.approx((statistic, p_value), rel=1e-9)
    fit = PHReg(duration, treated[:, None], status=event, ties="efron").fit()
    ours = cox(*curves)
    assert ours.value == pytest.approx(fit.params[0], rel=1e-6)
    assert ours.interval == pytest.approx(tuple(fit.conf_int()[0]), rel=1e-6)


def test_time_kept_is_the_area_under_the_curve():
    """Four customers leave at 1, 2, 3 and 4: the areas to 3.5 are 1, 2, 3 and 3.5, mean 2.375, no censoring."""
    one = sample([1, 2, 3, 4], [1, 1, 1, 1])
    found = Survival("restricted_mean", horizon=3.5).contrast(one, one, alpha=0.05)
    assert found.control.value == pytest.approx(2.375)
    # Without censoring Greenwood's variance is that of a mean, with divisor n.
    assert retention_curves(one, one)[0].restricted_mean(3.5)[1] == pytest.approx(np.std([1, 2, 3, 3.5]) / 2)
    assert found.difference.value == 0.0 and found.p_value == pytest.approx(1.0)


def test_without_censoring_retention_is_a_proportion():
    durations = np.arange(1.0, 101.0)
    found = Survival(horizon=30).contrast(sample(durations, np.ones(100)), sample(durations + 10, np.ones(100)), alpha=0.05)
    assert (found.control.value, found.treatment.value) == pytest.approx((0.7, 0.8))
    half = 1.959963984540054 * (0.7 * 0.3 / 100 + 0.8 * 0.2 / 100) ** 0.5
    assert found.difference.interval == pytest.approx((0.1 - half, 0.1 + half))
    assert found.relative.value == pytest.approx(0.8 / 0.7 - 1.0)
    spread = 1.959963984540054 * (0.3 / 70) ** 0.5 / -np.log(0.7)  # z se(log S) / log S, Kalbfleisch & Prentice (2002).
    assert found.control.interval == pytest.approx((0.7 ** np.exp(spread), 0.7 ** np.exp(-spread)))


def test_a_horizon_beyond_the_data_is_refused():
    found = Survival(horizon=12).contrast(sample([3, 5, 8], [1, 0, 1]), sample([2, 6, 20], [1, 0, 0]), alpha=0.05)
    assert found.difference.value is None and found.p_value is None
    assert found.difference.reason == "the horizon 12 lies beyond the data of control: nobody there was observed past 8"
    details = Survival(horizon=12).details(sample([3, 5, 8], [1, 0, 1]), sample([2, 6, 20], [1, 0, 0]), alpha=0.05)
    assert "rmst12_control" not in details and details["logrank_observed_treatment"] == 1.0


def test_nobody_left_gives_no_interval_and_no_p():
    stay = sample([9, 9, 9], [0, 0, 0])
    for method in Survival.methods:
        found = Survival(method, horizon=6).contrast(stay, stay, alpha=0.05)
        assert found.difference.value == 0.0 and found.difference.interval is None and found.p_value is None
        assert found.difference.reason and found.control.reason
    assert cox(*retention_curves(stay, stay)).reason == "nobody in the control arm left, so that no hazard ratio exists"


def test_everybody_left_is_said():
    gone = sample([1, 2, 3, 3], [1, 1, 1, 1])
    found = Survival(horizon=3).contrast(gone, sample([1, 2, 3, 4], [1, 0, 0, 0]), alpha=0.05)
    assert found.control.value == 0.0 and found.relative.reason == "control is not above 0"
    assert found.warnings == ("The curve of control has no error of its own, so that the interval is too narrow.",)


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ((sample([1, -1], [1, 0]), sample([1, 2], [1, 0])), "durations"),
        ((sample([1, np.nan], [1, 0]), sample([1, 2], [1, 0])), "durations"),
        ((sample([1, 2], [1, 0.5]), sample([1, 2], [1, 0])), "events"),
        ((sample([], []), sample([1, 2], [1, 0])), "no customers"),
    ],
)
def test_columns_that_cannot_be_are_refused(arms, words):
    with pytest.raises(ValueError, match=words):
        Survival(horizon=1).contrast(*arms, alpha=0.05)


@pytest.mark.parametrize("horizon", [None, 0, -3, True, "six", float("inf")])
def test_a_missing_or_impossible_horizon_is_refused(horizon):
    with pytest.raises(ValueError, match="horizon above 0"):
        Survival(horizon=horizon).contrast(sample([1], [1]), sample([1], [1]), alpha=0.05)


def test_unknown_methods_and_those_that_know_no_clusters_are_refused():
    one = Sample({"duration": np.ones(2), "event": np.ones(2)}, cluster=np.arange(2))
    with pytest.raises(ValueError, match="log_rank cannot be applied to clusters"):
        Survival("log_rank", horizon=1).contrast(one, one, alpha=0.05)
    with pytest.raises(ValueError, match="no method 'weibull'"):
        Survival("weibull", horizon=1).contrast(one, one, alpha=0.05)


@pytest.mark.parametrize("whole", [True, False])
def test_a_million_customers_are_analyzed_fast(whole):
    arms = churn(3, 500_000, 0.1, whole=whole), churn(4, 500_000, 0.1, whole=whole)
    start = time.process_time()
    found = Survival(horizon=6).contrast(*arms, alpha=0.05)
    took = time.process_time() - start
    # True retention exp(-.6); 4 standard errors.
    assert found.control.value == pytest.approx(np.exp(-0.6), abs=0.004) or whole
    assert took < 1.5  # Alone on two cores .25 s; the rest is for busy machines.


def test_influences_average_to_the_curve_and_spread_as_greenwood_says():
    arms = churn(5, 3_000, 0.1, whole=True), churn(6, 3_000, 0.1, whole=True)
    for curve, one in zip(retention_curves(*arms), arms, strict=True):
        values = influenced(curve, one, 6.0)
        assert values.mean() == pytest.approx(float(curve.share(6.0)), abs=1e-12)
        # Equal up to 1 / n (ddof).
        assert values.std(ddof=1) / np.sqrt(len(one)) == pytest.approx(float(curve.standard_error(6.0)), rel=1e-3)


def test_clusters_with_a_shock_of_their_own_keep_their_level_where_rows_do_not():
    worlds, groups, each = 300, 25, 40
    rejected, naive = 0, 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        arms = []
        for arm in range(2):
            store = np.repeat(np.arange(groups), each)
            pace = 0.1 * np.exp(rng.normal(0.0, 0.4, groups))[store]
            time_left, seen = rng.exponential(1 / pace), rng.uniform(4.0, 12.0, len(store))
            columns = {"duration": np.minimum(time_left, seen), "event": (time_left <= seen).astype(float)}
            arms.append(Sample(columns, cluster=store + groups * arm))
        p_value = Survival(horizon=6).contrast(*arms, alpha=0.05).p_value
        plain = Survival(horizon=6).contrast(*(Sample(one.columns) for one in arms), alpha=0.05).p_value
        rejected += p_value is not None and p_value < 0.05
        naive += plain is not None and plain < 0.05
    # False alarm of this check: 0.1 %.
    low, high = binom.interval(0.999, worlds, 0.05)
    assert low <= rejected <= high
    assert naive > high
