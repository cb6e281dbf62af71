import numpy as np
import pytest
import statsmodels.api as sm
from estimates import ends, value
from scipy import stats

from regulars.analysis.estimators import Sample
from regulars.analysis.estimators.cuped import adjusted, ancova_arms, lin_arms, theta_pooled, theta_within
from regulars.analysis.estimators.mean import Mean
from regulars.analysis.two_arms import difference

ALARM = 1e-3


def columns(seed: int | list[int] = 2, sizes=(90, 140), rho=0.8, effect=0.5):
    rng = np.random.default_rng(seed)
    pre = [rng.gamma(2.0, 1.0, n) for n in sizes]
    post = [2 * rho * x + rng.normal(0.0, 1.0 + 0.5 * arm, len(x)) + effect * arm for arm, x in enumerate(pre)]
    return (post[0], post[1]), (pre[0], pre[1])


def stacked(values, covariate):
    y, x = np.concatenate(values), np.concatenate(covariate)
    return y, x - x.mean(), np.repeat([0.0, 1.0], [len(values[0]), len(values[1])])


def test_lin_is_the_interacted_regression_with_hc2():
    values, covariate = columns()
    y, x, arm = stacked(values, covariate)
    oracle = sm.OLS(y, np.column_stack([np.ones_like(y), arm, x, arm * x])).fit(cov_type="HC2")
    gap = difference(*lin_arms(values, covariate))
    assert (gap.value, gap.se) == pytest.approx((oracle.params[1], oracle.bse[1]), rel=1e-10)


def test_analysis_of_covariance_and_its_arms_have_hc2():
    """Arms and their covariance from the full covariance matrix of statsmodels at the common mean of the covariate."""
    values, covariate = columns()
    y, x, arm = stacked(values, covariate)
    oracle = sm.OLS(y, np.column_stack([1 - arm, arm, x])).fit(cov_type="HC2")
    control, treatment, covariance = ancova_arms(values, covariate)
    matrix = oracle.cov_params()
    assert (control.value, treatment.value) == pytest.approx(tuple(oracle.params[:2]), rel=1e-10)
    assert (control.variance, treatment.variance, covariance) == pytest.approx((matrix[0, 0], matrix[1, 1], matrix[0, 1]), rel=1e-9)


def test_pooled_slope_is_that_of_one_regression_over_both_arms():
    values, covariate = columns()
    y, x, arm = stacked(values, covariate)
    assert theta_pooled(values, covariate) == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-11)
    assert theta_within(values, covariate) == pytest.approx(sm.OLS(y, np.column_stack([1 - arm, arm, x])).fit().params[2], rel=1e-11)


def test_variance_falls_by_the_square_of_the_correlation():
    """Deng et al. (2013): 1 - rho^2; rho = .8 and 200,000 units, so within 2 %."""
    rng = np.random.default_rng(7)
    pre = rng.normal(size=(2, 100_000))
    post = 0.8 * pre + 0.6 * rng.normal(size=(2, 100_000))
    values, covariate = (post[0], post[1]), (pre[0], pre[1])
    cut = adjusted(values, covariate, theta_pooled(values, covariate))
    assert np.var(cut[0]) / np.var(post[0]) == pytest.approx(0.36, rel=0.02)


@pytest.mark.parametrize("method", ["cuped", "lin", "ancova"])
def test_intervals_cover_with_unequal_arms_and_slopes(method):
    """2,000 worlds of 60 against 120 units, true effect .5: 95 %, at false-alarm rate 1e-3 and one point for small arms."""
    worlds, held = 2000, 0
    for seed in range(worlds):
        values, covariate = columns(seed=[31, seed], sizes=(60, 120))
        arms = [Sample({"value": y, "covariate": x}) for y, x in zip(values, covariate, strict=True)]
        low, high = ends(Mean(method).contrast(*arms, alpha=0.05).difference)
        held += low <= 0.5 <= high
    assert stats.binom.isf(1 - ALARM, worlds, 0.94) <= held <= stats.binom.isf(ALARM, worlds, 0.96)


@pytest.mark.parametrize("method", [None, "cuped", "lin", "ancova"])
def test_a_constant_covariate_leaves_the_plain_mean_with_a_warning(method):
    values, _ = columns()
    arms = [Sample({"value": y, "covariate": np.full(len(y), 0.1)}) for y in values]
    plain = Mean("welch").contrast(*arms, alpha=0.05)
    found = Mean(method).contrast(*arms, alpha=0.05)
    assert found.difference == plain.difference
    assert len(found.warnings) == 1 and "so nothing is adjusted by it" in found.warnings[0]


def test_a_covariate_is_used_without_being_asked_and_can_be_declined():
    values, covariate = columns()
    arms = [Sample({"value": y, "covariate": x}) for y, x in zip(values, covariate, strict=True)]
    assert Mean().contrast(*arms, alpha=0.05).difference.method == "CUPED, Welch t"
    assert Mean("welch").contrast(*arms, alpha=0.05).difference.method == "Welch t"


def test_difference_is_that_of_the_arms_shown():
    values, covariate = columns()
    arms = [Sample({"value": y, "covariate": x}) for y, x in zip(values, covariate, strict=True)]
    for method in ("cuped", "lin", "ancova"):
        found = Mean(method).contrast(*arms, alpha=0.05)
        assert value(found.difference) == pytest.approx(value(found.treatment) - value(found.control), rel=1e-12)
        assert value(found.relative) == pytest.approx(value(found.difference) / value(found.control), rel=1e-12)
