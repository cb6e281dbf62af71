"""BG/NBD against Fader, Hardie & Lee (2005), and against its own integrals and simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta as beta_distribution

from regulars.analysis.models import bg_nbd, nbd, pareto_nbd
from regulars.analysis.models.bg_nbd import BgNbd

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def fitted(history):
    return bg_nbd.fit(*history)


def test_published_parameters_come_out(fitted):
    found = fitted.model
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.001)
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.1)
    assert fitted.converged and fitted.customers == 2357


def test_nothing_near_the_maximum_is_more_likely(fitted, history):
    found = fitted.model
    for name in fitted.names:
        for factor in (0.99, 1.01):
            moved = BgNbd(**{**vars(found), name: getattr(found, name) * factor})
            assert moved.log_likelihood(*history).sum() < fitted.log_likelihood


def test_expected_cumulative_repeats_follow_the_published_curve(cdnow, golden):
    weeks = np.array([13, 26, 39, 52, 65, 78])
    expected = [golden["expected_cum_repeat"][str(week)]["bgnbd"] for week in weeks]
    assert PUBLISHED.cohort_repeats(cdnow["entry"], weeks) == pytest.approx(expected, rel=5e-4)


def test_expected_histogram_of_39_weeks(cdnow, golden):
    histogram = PUBLISHED.histogram(cdnow["age"], 7).sum(axis=0)
    assert histogram == pytest.approx(golden["bgnbd_expected_hist_0_6_7plus"], abs=0.01)


def test_histogram_has_the_expected_number_of_orders():
    weeks = np.array([0.0, 5.0, 40.0])
    histogram = PUBLISHED.histogram(weeks, 2000)
    assert histogram.sum(axis=1) == pytest.approx(1.0)
    assert histogram @ np.arange(2001) == pytest.approx(PUBLISHED.expected_repeats(weeks), rel=1e-6)


def test_conditional_expectation_of_the_papers_customer():
    one = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    # 1.226 in the paper's spreadsheet.
    assert PUBLISHED.expected_future(*one, 39.0)[0] == pytest.approx(1.226, abs=0.001)


def test_mean_probability_of_being_alive(history, golden):
    alive = PUBLISHED.probability_alive(*history)
    assert alive.mean() == pytest.approx(golden["bgnbd_mean_p_alive"]["all"], abs=1e-4)
    assert alive[history[0] > 0].mean() == pytest.approx(golden["bgnbd_mean_p_alive"]["repeaters"], abs=1e-4)


def test_heterogeneous_drop_out_is_what_the_data_ask_for(fitted, history):
    # Published ordering of the log-likelihoods on CDNOW.
    pareto, immortal = pareto_nbd.fit(*history), nbd.fit(*history)
    assert fitted.log_likelihood > pareto.log_likelihood > immortal.log_likelihood


@pytest.mark.parametrize("a", [0.05, 0.5, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 3.0])
@pytest.mark.parametrize(("r", "alpha", "b", "weeks"), [(0.243, 4.414, 2.426, 39.0), (3.0, 0.5, 0.3, 200.0), (80.0, 40.0, 90.0, 5.0)])
def test_expected_repeats_equal_the_integral_over_drop_out(r, alpha, a, b, weeks):
    def below(u):  # On the quantiles of the beta, where the integrand is bounded.
        p = max(beta_distribution.ppf(u, a, b), 1e-300)
        return -np.expm1(-r * np.log1p(p * weeks / alpha)) / p if p > 1e-12 else r * weeks / alpha

    expected, error = quad(below, 0.0, 1.0, limit=200)
    assert BgNbd(r, alpha, a, b).expected_repeats(np.array([weeks]))[0] == pytest.approx(expected, rel=1e-5, abs=2 * error)


def test_expected_repeats_equal_the_published_hypergeometric_form():
    weeks = np.array([0.5, 13.0, 78.0])
    r, alpha, a, b = vars(PUBLISHED).values()
    share = weeks / (alpha + weeks)
    closed = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + weeks)) ** r * hyp2f1(r, b, a + b - 1, share))
    assert PUBLISHED.expected_repeats(weeks) == pytest.approx(closed, rel=1e-9)


def test_simulated_customers_have_the_expected_mean_and_variance():
    orders = simulate(PUBLISHED, np.full(200_000, 52.0), np.random.default_rng(4))[0]
    mean, variance = PUBLISHED.expected_repeats(np.array(52.0)), PUBLISHED.repeats_variance(np.array(52.0))
    # Four standard errors of 200,000 customers.
    assert orders.mean() == pytest.approx(mean, abs=4 * float(np.sqrt(variance / 200_000)))
    assert orders.var() == pytest.approx(variance, rel=0.06)


def test_one_simulated_cohort_is_as_uncertain_as_replications_show(cdnow):
    # 400 replications of the cohort, done elsewhere: sd 106 at week 39 and 188 at week 78 (each +- 4 %).
    for week, sd in ((39, 106.08), (78, 188.30)):
        variance = PUBLISHED.repeats_variance(np.maximum(week - cdnow["entry"], 0.0)).sum()
        assert np.sqrt(variance) == pytest.approx(sd, rel=0.08)


def test_customers_who_are_nearly_alike_have_a_poisson_variance():
    model = BgNbd(1e5, 4.4e4, 1e-3, 1e4)
    assert model.repeats_variance(np.array([17.0])) == pytest.approx(model.expected_repeats(np.array([17.0])), rel=1e-3)


def test_fit_recovers_the_truth_within_its_standard_errors():
    truth = BgNbd(0.8, 6.0, 1.2, 4.0)
    rng = np.random.default_rng(11)
    found = bg_nbd.fit(*simulate(truth, rng.uniform(20, 60, 20_000), rng))
    for name in found.names:
        assert abs(getattr(found.model, name) - getattr(truth, name)) < 4 * found.standard_errors[name]


def test_equal_customers_who_never_leave_are_told_as_no_proper_maximum():
    rng = np.random.default_rng(3)
    frequency = rng.poisson(5.0, 400).astype(float)
    recency = np.where(frequency > 0, 50.0 * rng.uniform(0.8, 1.0, 400), 0.0)
    found = bg_nbd.fit(frequency, recency, np.full(400, 50.0))
    assert not found.converged
    assert found.covariance is None and all(np.isnan(one) for one in found.standard_errors.values())


@pytest.mark.parametrize(
    ("frequency", "recency", "age", "rule"),
    [
        ([0, 0], [0, 0], [5, 6], "no customer has a repeat order"),
        ([1, 0], [7, 0], [5, 6], "recency must be 0 to age"),
        ([1, 0], [0, 0], [5, 6], "above 0 exactly with a repeat order"),
        ([1.5, 0], [1, 0], [5, 6], "whole number"),
        ([1, 0], [1, 0], [5, np.nan], "finite"),
        ([1], [1, 0], [5, 6], "one length"),
        ([], [], [], "one length"),
    ],
)
def test_histories_that_cannot_be_are_refused(frequency, recency, age, rule):
    with pytest.raises(ValueError, match=rule):
        bg_nbd.fit(np.array(frequency), np.array(recency), np.array(age))


def simulate(model, age, rng):
    """Histories of customers who live by the model, one gap at a time."""
    n = len(age)
    rate, leave = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    frequency, recency, clock = np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while len(here):
        clock[here] += rng.exponential(1.0, len(here)) / np.maximum(rate[here], 1e-300)
        here = here[clock[here] <= age[here]]
        frequency[here] += 1
        recency[here] = clock[here]
        here = here[rng.uniform(size=len(here)) > leave[here]]
    return frequency, recency, age
