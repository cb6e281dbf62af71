"""Renewals against Fader & Hardie (2007), Journal of Interactive Marketing 21(1), and the constant-retention form."""

import numpy as np
import pytest

from regulars.analysis.models import shifted_beta_geometric
from regulars.analysis.models.shifted_beta_geometric import ShiftedBetaGeometric, constant_retention_value

# Survival in percent after 0 to 12 renewals, as published.
HIGH_END = np.array([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4])
REGULAR = np.array([100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3])


@pytest.mark.parametrize(("survival", "alpha", "beta", "year_12"), [(HIGH_END, 0.668, 3.806, 37.8), (REGULAR, 0.704, 1.182, 17.0)])
def test_seven_years_give_the_published_fit_and_forecast(survival, alpha, beta, year_12):
    found = shifted_beta_geometric.fit(survival[:8] * 10)
    assert [found.model.alpha, found.model.beta] == pytest.approx([alpha, beta], abs=0.002)
    assert 100 * found.model.survival(np.array(12)) == pytest.approx(year_12, abs=0.05)


def test_constant_churn_visibly_fails_where_the_model_does_not():
    found = shifted_beta_geometric.fit(REGULAR[:8] * 10).model
    left = -np.diff(REGULAR[:8])
    churn = left.sum() / REGULAR[:7].sum()
    constant, ours = 100 * (1 - churn) ** 12, 100 * found.survival(np.array(12))
    assert abs(constant - REGULAR[12]) > 10 > 1 > abs(ours - REGULAR[12])


def test_survival_is_what_leaving_leaves_and_retention_rises():
    model = ShiftedBetaGeometric(0.668, 3.806)
    n = np.arange(1, 13)
    assert model.survival(n) == pytest.approx(1 - np.cumsum(model.leaving(n)))
    assert model.survival(n) == pytest.approx(np.cumprod(model.retention(n)))
    assert np.all(np.diff(model.retention(n)) > 0)


def test_simulated_survival_at_year_12():
    leave = np.random.default_rng(2).beta(0.668, 3.806, 100_000)
    simulated = np.mean((1 - leave) ** 12)
    assert ShiftedBetaGeometric(0.668, 3.806).survival(np.array(12)) == pytest.approx(simulated, abs=0.005)


@pytest.mark.parametrize(("survivors", "rule"), [([10, 9], "3 or more"), ([10, 9, 11], "never rise"), ([9, 9, 9], "nobody left")])
def test_survivors_that_cannot_be_are_refused(survivors, rule):
    with pytest.raises(ValueError, match=rule):
        shifted_beta_geometric.fit(np.array(survivors))


@pytest.mark.parametrize(
    ("discount", "multiples"),
    [(0.10, (1.20, 1.75, 2.667, 4.50)), (0.12, (1.154, 1.667, 2.50, 4.091)), (0.16, (1.071, 1.522, 2.222, 3.462))],
)
def test_margin_multiples_of_constant_retention(discount, multiples):
    # Gupta & Lehmann (2003).
    found = [constant_retention_value(retention, discount=discount) for retention in (0.6, 0.7, 0.8, 0.9)]
    assert found == pytest.approx(multiples, abs=0.001)


def test_endless_value_is_refused():
    with pytest.raises(ValueError, match="below 1 \\+ discount"):
        constant_retention_value(1.1, discount=0.1)
