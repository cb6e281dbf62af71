"""Operating characteristics: by hand on a few worlds, and their Monte-Carlo errors against repetition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from regulars.analysis.operating import Figure, operating_characteristics, share

NAN = float("nan")


def test_by_hand():
    """Four worlds with the truths 1, 1, 2, 2; the last estimate is refused."""
    found = operating_characteristics(
        estimate=np.array([1.0, -3.0, 4.0, NAN]),
        low=np.array([0.0, -4.0, 3.0, NAN]),
        high=np.array([2.0, -2.0, 5.0, NAN]),
        p_value=np.array([0.2, 0.01, 0.01, NAN]),
        truth=np.array([1.0, 1.0, 2.0, 2.0]),
        null_p=np.array([0.04, 0.5, 0.6, NAN]),
        alpha=0.05,
    )
    values = {name: one.value for name, one in found.items()}
    assert values["bias"] == pytest.approx((0.0 - 4.0 + 2.0) / 3)
    assert values["relative_bias"] == pytest.approx(-2.0 / 3 / 1.5)
    assert values["sd"] == pytest.approx(np.std([1.0, -3.0, 4.0], ddof=1))
    assert values["rmse"] == pytest.approx(np.sqrt(20.0 / 3))
    assert values["coverage"] == pytest.approx(1 / 3)
    assert values["false_positive_rate"] == pytest.approx(1 / 3)
    assert values["power"] == pytest.approx(2 / 3)
    assert values["wrong_sign"] == 0.5
    assert values["exaggeration"] == pytest.approx(3.5 / 1.5)
    assert values["refused"] == 0.25


def test_what_the_worlds_cannot_say_is_none():
    nothing = np.full(3, NAN)
    found = operating_characteristics(nothing, nothing, nothing, nothing, np.ones(3), nothing, alpha=0.05)
    assert {name for name, one in found.items() if one.value is not None} == {"refused"}
    flat = np.zeros(3)
    still = operating_characteristics(flat, flat, flat, np.full(3, 0.01), flat, flat, alpha=0.05)
    assert still["relative_bias"] == still["wrong_sign"] == still["exaggeration"] == Figure(None, None)


def test_monte_carlo_errors_are_those_of_repetition():
    """2,000 rehearsals of 200 worlds: the mean error stated is within 10 % of the spread seen (its own error is about 2 %)."""
    stated: dict[str, list[float]] = {}
    seen: dict[str, list[float]] = {}
    for at in range(2000):
        luck = np.random.default_rng(at)
        truth = luck.normal(1.0, 0.1, 200)
        estimate = 0.8 * truth + luck.normal(0.0, 0.4, 200)
        low, high = estimate - 1.96 * 0.4, estimate + 1.96 * 0.4
        p_value = 2 * stats.norm.sf(np.abs(estimate) / 0.4)
        found = operating_characteristics(estimate, low, high, p_value, truth, luck.uniform(size=200), alpha=0.05)
        for name in ("bias", "sd", "rmse", "coverage", "false_positive_rate", "power"):
            stated.setdefault(name, []).append(found[name].mc_se or 0.0)
            seen.setdefault(name, []).append(found[name].value or 0.0)
    for name, values in seen.items():
        assert np.mean(stated[name]) == pytest.approx(np.std(values), rel=0.1), name


def test_a_share_of_nothing_or_all_is_not_certain():
    assert share(np.zeros(40)).value == 0.0 and (share(np.zeros(40)).mc_se or 0.0) > 0.02
    assert share(np.ones(40)).value == 1.0 and share(np.zeros(0)) == Figure(None, None)
