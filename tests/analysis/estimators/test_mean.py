from typing import Any

import numpy as np
import pytest
from estimates import ends
from scipy import stats

from regulars.analysis.estimators import Sample, estimators
from regulars.analysis.estimators.mean import Mean, pooled, welch, winsorized

ALARM = 1e-3


def samples(seed=1, sizes=(80, 120), lift=1.0, **extra):
    rng = np.random.default_rng(seed)
    return [Sample({"value": rng.gamma(2.0, 5.0, n) + lift * arm}, **{k: v[arm] for k, v in extra.items()}) for arm, n in enumerate(sizes)]


def test_kinds_are_found_by_walking_the_folder():
    found = estimators()
    assert {"mean", "proportion", "ratio", "quantile"} <= set(found)
    assert found["mean"] is Mean


def test_welch_and_pooled_are_those_of_scipy():
    control, treatment = samples()
    for own, equal in ((welch, False), (pooled, True)):
        oracle: Any = stats.ttest_ind(treatment["value"], control["value"], equal_var=equal)
        gap = own(control["value"], treatment["value"])
        assert (gap.statistic, gap.p_value, gap.df) == pytest.approx((oracle.statistic, oracle.pvalue, oracle.df), rel=1e-11)


@pytest.mark.parametrize("method", ["welch", "pooled", "normal"])
def test_the_p_value_and_the_interval_tell_the_same(method):
    """p < alpha exactly where the interval leaves 0 out: at alpha = p one end is 0."""
    control, treatment = samples()
    p = Mean(method).contrast(control, treatment, alpha=0.05).p_value
    assert p is not None
    assert min(map(abs, ends(Mean(method).contrast(control, treatment, alpha=p).difference))) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("relative", ["log", "delta", "fieller"])
def test_relative_difference_and_its_interval_cover(relative):
    """True lift .2 with gamma spending, 2,000 worlds: 95 % hold it, at false-alarm rate 1e-3 each side and half a point of skew."""
    rng, worlds, held = np.random.default_rng(14), 2000, 0
    estimator = Mean(relative=relative)
    for _ in range(worlds):
        control, treatment = Sample({"value": rng.gamma(2.0, 5.0, 150)}), Sample({"value": rng.gamma(2.0, 6.0, 200)})
        low, high = ends(estimator.contrast(control, treatment, alpha=0.05).relative)
        held += low <= 0.2 <= high
    assert stats.binom.isf(1 - ALARM, worlds, 0.945) <= held <= stats.binom.isf(ALARM, worlds, 0.955)


def test_one_cap_for_both_arms():
    """Capped at the 75 % quantile of all units together, by hand: 1 2 3 4 | 5 6 7 80 gives 6.25."""
    control, treatment, cap = winsorized(np.array([1.0, 2, 3, 4]), np.array([5.0, 6, 7, 80]), 0.75)
    assert cap == 6.25
    assert control.tolist() == [1, 2, 3, 4] and treatment.tolist() == [5, 6, 6.25, 6.25]
    told = Mean(winsorize=0.99).contrast(*samples(), alpha=0.05)
    assert told.difference.estimand == "mean capped at the 0.99 quantile, treatment less control"


def test_a_permutation_p_stands_beside_on_request():
    control, treatment = samples(sizes=(60, 60), lift=0.5)
    found = Mean(permutations=4000).contrast(control, treatment, alpha=0.05)
    assert found.beside["permutation"] == pytest.approx(found.p_value, abs=0.05)
    assert not Mean().contrast(control, treatment, alpha=0.05).beside


def test_control_not_above_zero_refuses_the_relative_difference():
    control, treatment = Sample({"value": np.array([-3.0, -1, 1, 2])}), Sample({"value": np.array([1.0, 2, 3, 5])})
    found = Mean().contrast(control, treatment, alpha=0.05)
    assert (found.relative.value, found.relative.interval) == (None, None)
    assert found.relative.reason == "control is not above 0: there is nothing to be relative to"
    assert found.difference.interval is not None and found.p_value is not None


def test_no_variance_and_one_unit_keep_the_value_and_say_why_there_is_no_interval():
    some = Sample({"value": np.array([1.0, 2, 4])})
    for arm, reason in ((np.full(3, 0.1), None), (np.array([7.0]), "an arm has only one unit, which says nothing about spread")):
        found = Mean().contrast(some, Sample({"value": arm}), alpha=0.05)
        assert found.difference.value == pytest.approx(arm[0] - 7 / 3)
        assert found.difference.reason == reason
    alike = Mean().contrast(Sample({"value": np.full(3, 0.1)}), Sample({"value": np.full(4, 0.3)}), alpha=0.05)
    assert (alike.difference.reason, alike.p_value) == ("the values do not vary within the arms", None)


def clustered(clusters=10, seed=3):
    rng = np.random.default_rng(seed)
    codes = [np.repeat(np.arange(clusters // 2) + 100 * arm, rng.integers(3, 20, clusters // 2)) for arm in (0, 1)]
    columns = [{"value": rng.gamma(2.0, 5.0, len(code)) + code % 3, "covariate": rng.random(len(code))} for code in codes]
    return [Sample(column, cluster=code) for column, code in zip(columns, codes, strict=True)]


def test_clusters_widen_the_interval_and_bring_a_permutation_p_where_they_are_few():
    few, many = Mean().contrast(*clustered(10), alpha=0.05), Mean().contrast(*clustered(40), alpha=0.05)
    assert few.warnings == ("10 clusters; cluster-robust intervals want 40 or more: the permutation p is beside it",)
    assert set(few.beside) == {"permutation"}
    assert (many.warnings, dict(many.beside)) == ((), {})
    assert few.difference.method == "CUPED, CR2, Satterthwaite t"


def test_one_cluster_in_an_arm_is_refused_with_its_reason():
    control, treatment = clustered(10)
    alone = Sample(treatment.columns, cluster=np.full(len(treatment), 100))
    found = Mean().contrast(control, alone, alpha=0.05)
    assert found.difference.interval is None and found.p_value is None
    assert found.difference.reason == "an arm has only one cluster, which says nothing about how clusters differ"
    assert found.difference.value is not None


def test_what_does_not_fit_the_columns_is_refused_in_one_line():
    control, treatment = clustered(10)
    with pytest.raises(ValueError, match="mean: method lin cannot be applied to clusters: take cuped or welch"):
        Mean("lin").contrast(control, treatment, alpha=0.05)
    with pytest.raises(ValueError, match="mean: method cuped needs a covariate"):
        Mean("cuped").contrast(*samples(), alpha=0.05)
    with pytest.raises(ValueError, match="mean: method poststratified needs strata"):
        Mean("poststratified").contrast(*samples(), alpha=0.05)
    with pytest.raises(ValueError, match="mean: no method 'median'"):
        Mean("median")
    with pytest.raises(ValueError, match="mean: no option 'winsorise'"):
        Mean(winsorise=0.9)
    with pytest.raises(ValueError, match="relative = 'ratio': must be one of log, delta, fieller"):
        Mean(relative="ratio")
    with pytest.raises(ValueError, match="winsorize = 99"):
        Mean(winsorize=99).contrast(*samples(), alpha=0.05)


def test_agrees_with_tea_tasting():
    """Mean with a covariate, every number of its result, to 1e-9; runs where tea-tasting is installed."""
    tea = pytest.importorskip("tea_tasting", exc_type=ImportError)
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(5)
    arm = np.repeat([0, 1], [200, 240])
    pre = rng.gamma(2.0, 5.0, 440)
    post = 0.8 * pre + rng.gamma(2.0, 3.0, 440) + 0.7 * arm
    frame = pandas.DataFrame({"variant": arm, "post": post, "pre": pre})
    oracle = tea.Experiment(x=tea.Mean("post", "pre")).analyze(frame)["x"]
    found = Mean().contrast(*(Sample({"value": post[arm == k], "covariate": pre[arm == k]}) for k in (0, 1)), alpha=0.05)
    assert found.difference.interval and found.relative.interval
    own = [found.control.value, found.treatment.value, found.difference.value, *found.difference.interval]
    own += [found.relative.value, *found.relative.interval, found.p_value]
    names = ["control", "treatment", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "rel_effect_size"]
    names += ["rel_effect_size_ci_lower", "rel_effect_size_ci_upper", "pvalue"]
    assert own == pytest.approx([getattr(oracle, name) for name in names], rel=1e-9)
