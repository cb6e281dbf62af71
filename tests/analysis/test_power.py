"""Golden values: tests/golden/ab/own_power (statsmodels, scipy). Published anchors and tables as stated."""

import math

import golden_kinds
import numpy as np
import pytest
from scipy.stats import ttest_ind

from regulars.analysis import power

PILOTS = {
    (0.02, -0.1): [73144, 36924, 24853, 12792, 8781, 6784],
    (0.04, -0.1): [35862, 18283, 12429, 6595, 4671, 3727],
    (0.04, -0.2): [8509, 4331, 2940, 1553, 1095, 870],
    (0.08, -0.2): [4094, 2124, 1470, 825, 621, 528],
}
"""Customers per arm by months of the pilot (1, 2, 3, 6, 9, 12), rounded up; table of the project's reference on A/B tests."""


def test_golden_sizes():
    assert golden_kinds.misses("own_power") == []


def test_sixteen_rule():
    """P05: 5 % conversion and a change by 5 % of it need 121,600 per version."""
    anchor = golden_kinds.ANCHORS["P05"]
    assert power.rule_of_16(math.sqrt(0.05 * 0.95), 0.05 * 0.05) == pytest.approx(anchor["published"], abs=anchor["tolerance_abs"])


def test_size_of_the_hypothesis_test_beside_test_and_roll():
    """P03: 18,468 per arm to see 0.0136 at a conversion of 0.68, both arms with its variance."""
    found = power.mean_size(0.0136, math.sqrt(0.68 * 0.32))
    assert found == pytest.approx(golden_kinds.ANCHORS["P03"]["published"]["n_hypothesis_test_d_0.0136"], abs=1.0)


def test_risk_that_a_winner_does_nothing():
    """P04: Kohavi, Deng & Vermeer (2022), Table 2."""
    anchor = golden_kinds.ANCHORS["P04"]
    for share, risk in anchor["published"].items():
        assert power.false_positive_risk(float(share)) == pytest.approx(risk, abs=anchor["tolerance_abs"])
    assert power.false_positive_risk(0.0) == 1.0 and power.false_positive_risk(1.0) == 0.0


@pytest.mark.parametrize(("churn", "change"), PILOTS)
def test_length_of_a_pilot(churn, change):
    found = [math.ceil(power.retention_size(churn, change, months)) for months in (1, 2, 3, 6, 9, 12)]
    assert found == PILOTS[churn, change]


@pytest.mark.parametrize("method", ["unpooled", "pooled_null", "arcsine"])
def test_size_power_and_effect_of_proportions_are_inverse(method):
    size = power.proportion_size(0.3, 0.34, power=0.9, method=method)
    assert power.proportion_power(0.3, 0.34, size, method=method) == pytest.approx(0.9)
    assert power.proportion_effect(0.3, size, power=0.9, method=method) == pytest.approx(0.04)


@pytest.mark.parametrize("method", ["normal", "t"])
@pytest.mark.parametrize("effect", [0.02, 0.5, 2.0])
def test_size_power_and_effect_of_means_are_inverse(method, effect):
    size = power.mean_size(effect, 1.0, method=method)
    assert power.mean_power(effect, 1.0, size, method=method) == pytest.approx(0.8)
    assert power.mean_effect(1.0, size, method=method) == pytest.approx(effect)


def test_both_sides_count_where_power_is_low():
    size = power.mean_size(0.1, 1.0, alpha=0.3, power=0.31, method="t")
    assert power.mean_power(0.1, 1.0, size, alpha=0.3, method="t") == pytest.approx(0.31)
    assert power.mean_effect(1.0, size, alpha=0.3, power=0.31, method="t") == pytest.approx(0.1)


def test_a_tiny_effect_needs_as_many_as_by_the_normal_distribution():
    # The far side, counted by one of the two only, is 2.4e-6 of it.
    assert power.mean_size(1e-4, 1.0, method="t") == pytest.approx(power.mean_size(1e-4, 1.0), rel=4e-6)


def test_a_huge_effect_needs_two_units():
    assert power.mean_size(1000.0, 1.0, method="t") == 2.0
    assert power.mean_power(1000.0, 1.0, 2.0, method="t") == 1.0


def test_simulated_power_of_students_test():
    """20 per arm, effect 0.9: 4 standard errors of 20,000 tests are 1.2 points."""
    random = np.random.default_rng(8)
    found = ttest_ind(random.normal(0.9, 1.0, (20000, 20)), random.normal(0.0, 1.0, (20000, 20)), axis=1)
    assert np.mean(np.asarray(found[1]) < 0.05) == pytest.approx(power.mean_power(0.9, 1.0, 20, method="t"), abs=0.012)


def test_clusters_of_one_are_no_clusters():
    assert power.design_effect(1, 0.3) == 1.0 and power.design_effect(21, 0.05) == pytest.approx(2.0)
    units, clusters = power.cluster_size(1.0, 10.0, units_per_cluster=21, intracluster_correlation=0.05)
    assert units == pytest.approx(2.0 * power.mean_size(1.0, 10.0)) and clusters == pytest.approx(units / 21)


def test_events_of_the_log_rank_test():
    """Schoenfeld: hazard ratio 0.5 and power 0.8 need 4 (1.96 + 0.8416)^2 / log(2)^2 = 65.3 events."""
    assert power.log_rank_events(0.5) == pytest.approx(65.35, abs=0.01)
    assert power.log_rank_events(0.5) == power.log_rank_events(2.0)
    assert power.log_rank_size(0.5, 0.4, 0.2) == pytest.approx(65.35 / 0.3, abs=0.04)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: power.proportion_size(0.3, 0.3), "effect of 0"),
        (lambda: power.proportion_size(0.0, 0.3), "between 0 and 1"),
        (lambda: power.proportion_size(0.2, 0.3, power=0.05), "power"),
        (lambda: power.proportion_size(0.2, 0.3, alpha=0.0), "alpha"),
        (lambda: power.proportion_effect(0.99, 5), "find no rise"),
        (lambda: power.mean_size(0.0, 1.0), "effect must be above 0"),
        (lambda: power.mean_size(1.0, 0.0), "sd must be above 0"),
        (lambda: power.mean_power(1.0, 1.0, 1.0, method="t"), "two units"),
        (lambda: power.design_effect(0.5, 0.1), "one unit"),
        (lambda: power.design_effect(5, 1.1), "within 0-1"),
        (lambda: power.retention_size(0.04, 0.0, 6), "effect of 0"),
        (lambda: power.retention_size(0.6, 1.0, 6), "monthly churn"),
        (lambda: power.false_positive_risk(1.2), "programs that work"),
        (lambda: power.log_rank_events(1.0), "effect of 0"),
        (lambda: power.log_rank_size(0.5, 0.0, 0.0), "somebody must leave"),
    ],
)
def test_what_has_no_answer_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
