"""Pareto/NBD against the published fit, the hypergeometric form, and its limits."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1

from regulars.analysis.models import pareto_nbd
from regulars.analysis.models.pareto_nbd import ParetoNbd


@pytest.fixture(scope="module")
def fitted(history):
    return pareto_nbd.fit(*history)


def test_published_parameters_come_out(fitted):
    found = fitted.model
    assert [found.r, found.alpha, found.s, found.beta] == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=0.01)
    assert fitted.log_likelihood == pytest.approx(-9594.98, abs=0.1)
    assert fitted.converged


def test_expected_cumulative_repeats_follow_the_published_curve(fitted, cdnow, golden):
    weeks = np.array([13, 26, 39, 52, 65, 78])
    expected = [golden["expected_cum_repeat"][str(week)]["paretonbd"] for week in weeks]
    assert fitted.model.cohort_repeats(cdnow["entry"], weeks) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(10.0, 10.0), (10.0, 3.0), (3.0, 10.0), (0.05, 40.0), (40.0, 0.05)])
@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0.0, 38.9), (1, 0.1, 40.0), (7, 30.0, 38.9), (25, 38.0, 38.9)])
def test_both_branches_equal_the_hypergeometric_form(alpha, beta, x, recency, age):
    r, s = 0.55, 0.61
    total = r + s + x
    top = s + 1 if alpha >= beta else r + x
    edge = max(alpha, beta)

    def part(time):
        return hyp2f1(total, top, total + 1, abs(alpha - beta) / (edge + time)) * (edge + time) ** -total

    ratio = s / total * (part(recency) - part(age)) * (alpha + age) ** (r + x) * (beta + age) ** s
    alive = ParetoNbd(r, alpha, s, beta).probability_alive(np.array([x]), np.array([recency]), np.array([age]))
    assert alive[0] == pytest.approx(1 / (1 + ratio), rel=1e-8)


@pytest.mark.parametrize("x", [300, 3_000, 1_000_000])
def test_long_histories_stay_finite(x):
    one = (np.array([float(x)]), np.array([50.0]), np.array([52.0]))
    for alpha, beta in ((10.0, 3.0), (3.0, 10.0), (1e-4, 1e4), (1e4, 1e-4)):
        model = ParetoNbd(0.55, alpha, 0.61, beta)
        assert np.isfinite(model.log_likelihood(*one)).all()
        assert 0.0 <= model.probability_alive(*one)[0] <= 1.0
        assert np.isfinite(model.expected_future(*one, 10.0)).all()


def test_a_customer_of_today_is_alive():
    alive = ParetoNbd(0.55, 10.6, 0.61, 11.7).probability_alive(np.array([0.0, 3.0]), np.array([0.0, 9.0]), np.array([0.0, 9.0]))
    assert alive.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("s", [0.3, 1.0, 1.0 + 1e-12, 2.5])
def test_expected_repeats_equal_rate_times_weeks_alive(s):
    model = ParetoNbd(0.5, 10.0, s, 8.0)
    alive = quad(lambda week: (8.0 / (8.0 + week)) ** s, 0.0, 52.0)[0]
    assert model.expected_repeats(np.array([52.0]))[0] == pytest.approx(0.05 * alive, rel=1e-10)


def test_expectation_given_history_agrees_with_simulation():
    model = ParetoNbd(0.8, 6.0, 0.9, 12.0)
    rng = np.random.default_rng(8)
    n, age = 400_000, 30.0
    rate, end = rng.gamma(0.8, 1 / 6.0, n), rng.exponential(1.0, n) / rng.gamma(0.9, 1 / 12.0, n)
    seen = rng.poisson(rate * np.minimum(end, age))
    ahead = rng.poisson(rate * np.clip(end - age, 0.0, 26.0))
    # Given x orders in the observed life, the last of them is the largest of x uniforms on it.
    recency = np.where(seen > 0, np.minimum(end, age) * rng.uniform(size=n) ** (1 / np.maximum(seen, 1)), 0.0)
    expected = model.expected_future(seen.astype(float), recency, np.full(n, age), 26.0)
    assert expected.mean() == pytest.approx(ahead.mean(), rel=0.015)
    assert expected[seen >= 5].mean() == pytest.approx(ahead[seen >= 5].mean(), rel=0.02)
    alive = model.probability_alive(seen.astype(float), recency, np.full(n, age))
    assert alive.mean() == pytest.approx((end > age).mean(), abs=0.003)
