"""Probabilities of waiting against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from regulars.sim.core.chance import gamma_share, normal_share


def test_the_normal_distribution_function_is_that_of_scipy():
    places = np.linspace(-9.0, 9.0, 2001).astype(np.float32)
    assert np.array([normal_share(z) for z in places]) == pytest.approx(stats.norm.cdf(places), abs=4e-7)


@pytest.mark.parametrize(("shape", "error"), [(1.0, 0.013), (1.5, 0.007), (2.0, 0.004), (5.0, 0.002), (10.0, 0.001), (200.0, 5e-4)])
def test_the_gamma_distribution_function_is_that_of_scipy_within_the_documented_error(shape, error):
    places = np.linspace(0.0, 3.0 * shape + 5.0, 1001).astype(np.float32)
    found = np.array([gamma_share(np.float32(shape), x) for x in places])
    assert found == pytest.approx(special.gammainc(shape, places), abs=error)
    assert (np.diff(found) >= -1e-6).all()


def test_so_many_events_in_time_is_the_tail_of_a_poisson():
    """8 orders in 26 weeks at .25 a week: P(Poisson(6.5) >= 8)."""
    assert gamma_share(np.float32(8.0), np.float32(6.5)) == pytest.approx(stats.poisson.sf(7, 6.5), abs=0.002)


def test_nothing_comes_in_no_time_and_everything_in_endless_time():
    assert gamma_share(np.float32(3.0), np.float32(0.0)) == 0.0
    assert gamma_share(np.float32(3.0), np.float32(1e30)) == 1.0
