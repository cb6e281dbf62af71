"""Gamma-gamma against Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4)."""

import numpy as np
import pytest

from regulars.analysis.models import gamma_gamma
from regulars.analysis.models.gamma_gamma import GammaGamma


@pytest.fixture(scope="module")
def fitted(cdnow):
    return gamma_gamma.fit(cdnow["orders"], cdnow["mean_value"])


def test_published_parameters_come_out(fitted, golden):
    found = fitted.model
    assert [found.p, found.q, found.v] == pytest.approx([6.25, 3.74, 15.44], abs=0.02)
    assert fitted.log_likelihood == pytest.approx(golden["gammagamma"]["LL"], abs=0.1)
    assert fitted.customers == 946 and fitted.converged


def test_population_mean(fitted):
    assert fitted.model.mean_value == pytest.approx(35.17, abs=0.05)


def test_the_unit_of_money_is_free(fitted, cdnow):
    cents = gamma_gamma.fit(cdnow["orders"], cdnow["mean_value"] * 1e6)
    assert cents.model.v == pytest.approx(fitted.model.v * 1e6, rel=1e-3)
    assert cents.standard_errors["v"] == pytest.approx(fitted.standard_errors["v"] * 1e6, rel=1e-2)
    assert cents.covariance == pytest.approx(fitted.covariance, rel=1e-2, abs=1e-5)


def test_expectation_moves_from_population_to_own_mean():
    model = GammaGamma(6.25, 3.74, 15.44)
    expected = model.expected_value(np.array([0.0, 1.0, 1000.0]), np.array([0.0, 100.0, 100.0]))
    assert expected[0] == pytest.approx(model.mean_value)
    assert model.mean_value < expected[1] < expected[2] == pytest.approx(100.0, rel=0.01)


def test_fit_recovers_the_truth_within_its_standard_errors():
    rng = np.random.default_rng(5)
    orders = rng.integers(1, 9, 8_000).astype(float)
    rate = rng.gamma(4.0, 1 / 16.0, 8_000)
    values = rng.gamma(5.0 * orders) / rate / orders
    found = gamma_gamma.fit(orders, values)
    for name, truth in (("p", 5.0), ("q", 4.0), ("v", 16.0)):
        assert abs(getattr(found.model, name) - truth) < 4 * found.standard_errors[name]


def test_equal_values_are_told_as_no_proper_maximum():
    assert not gamma_gamma.fit(np.array([1.0, 2.0, 3.0]), np.array([10.0, 10.0, 10.0])).converged


@pytest.mark.parametrize(("orders", "value"), [([], []), ([1], [0]), ([0], [5]), ([1, 2], [5]), ([1], [np.nan])])
def test_values_that_cannot_be_are_refused(orders, value):
    with pytest.raises(ValueError, match="orders"):
        gamma_gamma.fit(np.array(orders, float), np.array(value, float))
