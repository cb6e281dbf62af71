"""Golden values: tests/golden/ab/own_sequential (multivariate normal probabilities by Genz). Published anchors as stated."""

import time

import golden_kinds
import numpy as np
import pytest
from scipy.stats import norm

from regulars.analysis import sequential

EVEN = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_golden_bounds_and_confidence_sequence():
    assert golden_kinds.misses("own_sequential") == []


def test_naive_peeking_finds_what_is_not_there():
    """P01: Armitage, McPherson & Rowe (1969), Table 2."""
    anchor = golden_kinds.ANCHORS["P01"]
    for looks, rate in anchor["published"].items():
        assert sequential.naive_false_positive_rate(int(looks)) == pytest.approx(rate, abs=anchor["tolerance_abs"])
    for looks, rate in anchor["own_computation"].items():
        assert sequential.naive_false_positive_rate(int(looks)) == pytest.approx(rate, abs=6e-6)


def test_pocock_constants():
    """P02: Jennison & Turnbull (2000), Table 2.1."""
    anchor = golden_kinds.ANCHORS["P02"]
    found = [sequential.pocock_constant(k) for k in (2, 3, 4, 5)]
    assert found == pytest.approx(anchor["published"], abs=anchor["tolerance_abs"])
    assert found == pytest.approx(anchor["own_computation"], abs=6e-6)


def test_obrien_fleming_constants():
    """Jennison & Turnbull (2000), Table 2.3: C_B(K, .05) = 1.960, 1.977, 2.004, 2.024, 2.040 (quoted from memory)."""
    found = [sequential.obrien_fleming_constant(k) for k in range(1, 6)]
    assert found == pytest.approx([1.960, 1.977, 2.004, 2.024, 2.040], abs=6e-4)


def test_spending_per_side_is_that_of_gsdesign():
    """gsDesign(k = 5, test.type = 2, alpha = .025, sfu = sfLDOF): 4.877, 3.357, 2.680, 2.290, 2.031 (quoted from memory)."""
    assert sequential.bounds(EVEN) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=6e-4)
    total = sequential.bounds(EVEN, convention="total")
    assert sequential.bounds(EVEN)[0] - total[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock", "power"])
def test_simulated_tests_reject_as_often_as_was_spent(spending):
    """200,000 walks without an effect; 4 standard errors at each look."""
    share = np.array([0.15, 0.35, 0.6, 1.0])
    steps = np.random.default_rng(6).normal(size=(200_000, 4)) * np.sqrt(np.diff(share, prepend=0.0))
    crossed = np.abs(steps.cumsum(axis=1) / np.sqrt(share)) > sequential.bounds(share, spending=spending, rho=2.0)
    expected = sequential.spent(share, spending=spending, rho=2.0)
    found = np.logical_or.accumulate(crossed, axis=1).mean(axis=0)
    assert np.all(np.abs(found - expected) < 4.0 * np.sqrt(expected / 200_000) + 1e-9)
    assert expected[-1] == pytest.approx(0.05)


def test_a_bound_rests_on_the_looks_so_far_only():
    assert sequential.bounds([0.3, 0.5]) == pytest.approx(sequential.bounds([0.3, 0.5, 0.9])[:2], abs=1e-12)


def test_one_look_is_the_ordinary_test():
    for bound in (sequential.bounds([1.0])[0], sequential.pocock_constant(1), sequential.obrien_fleming_constant(1)):
        assert bound == pytest.approx(norm.isf(0.025))
    assert sequential.inflation([1.0], [float(norm.isf(0.025))]) == pytest.approx(1.0, abs=1e-9)


def test_a_drift_gives_the_power_that_was_simulated():
    """200,000 walks whose Z is 3 in the mean at the end; 4 standard errors of each look's probability."""
    share, limits = np.array([0.25, 0.6, 1.0]), np.array([2.4, 2.3, 2.2])
    step = np.diff(share, prepend=0.0)
    z = (np.random.default_rng(7).normal(size=(200_000, 3)) * np.sqrt(step) + 3.0 * step).cumsum(axis=1) / np.sqrt(share)
    crossed = np.logical_or.accumulate(np.abs(z) > limits, axis=1)
    found = np.diff(crossed.mean(axis=0), prepend=0.0)
    # Information in any unit: 400 customers at the end.
    ours = sequential.crossing_probabilities(share * 400, limits, drift=3.0 / 20.0)
    assert np.all(np.abs(ours - found) < 4.0 * np.sqrt(ours * (1 - ours) / 200_000))


def test_largest_samples_of_sas():
    """SAS/STAT SEQDESIGN documentation: power .9, information 77.6984 by Pocock's four looks where the effect is .4; by
    O'Brien & Fleming 169.32, 172.57 and 174.42 for 2, 5 and 10 looks where one look needs 168.12.
    """
    once = (norm.isf(0.025) + norm.isf(0.1)) ** 2
    looks = np.arange(1, 5)
    pocock = sequential.inflation(looks, np.full(4, sequential.pocock_constant(4)), power=0.9)
    # To the digits that SAS integrates to; with the far side as power it would be 77.694.
    assert pocock * once / 0.4**2 == pytest.approx(77.6984, abs=5e-4)
    for k, largest in ((2, 169.32), (5, 172.57), (10, 174.42)):
        limits = sequential.obrien_fleming_constant(k) * np.sqrt(k / np.arange(1, k + 1))
        assert 168.12 * sequential.inflation(np.arange(1, k + 1), limits, power=0.9) == pytest.approx(largest, abs=0.0105)


def test_one_side_of_two():
    both, above = (sequential.crossing_probabilities([1, 2], [2.0, 2.0], side=side) for side in ("both", "above"))
    assert above == pytest.approx(both / 2)


def test_extreme_plans_stay_numbers():
    found = sequential.bounds([1e-6, 0.01, 0.02, 0.99, 1.0])
    assert np.all(np.isfinite(found)) and found[0] == sequential.FARTHEST
    assert found[-1] > found[-2] > 1.9
    assert np.all(np.isfinite(sequential.bounds(np.arange(1, 201) / 200)))


def test_a_look_says_what_may_be_concluded():
    look = sequential.decide(2.4, 0.8, information=[0.2, 0.4, 0.6], n=1200)
    assert (look.look, look.z, look.crossed) == (3, pytest.approx(3.0), True)
    assert look.bound == pytest.approx(2.680, abs=6e-4) and look.nominal_p == pytest.approx(2 * norm.sf(look.bound))
    assert look.spent == pytest.approx(4 * norm.sf(norm.isf(0.0125) / 0.6**0.5))
    assert look.repeated.interval == pytest.approx((2.4 - look.bound * 0.8, 2.4 + look.bound * 0.8))
    assert not sequential.decide(2.4, 0.8, information=[0.2]).crossed


def test_a_confidence_sequence_holds_at_every_moment():
    """20,000 tests without an effect, looked at after every 20th of 2,000 units: at most 5 % ever exclude it."""
    random, n = np.random.default_rng(9), np.arange(20, 2001, 20)
    z = random.normal(size=(20_000, 100)).cumsum(axis=1) / np.sqrt(np.arange(1, 101))
    half = [sequential.confidence_sequence(0.0, 1.0, int(k), tuned_at=500).estimate.interval for k in n]
    ever = np.mean(np.any(np.abs(z) > np.array([pair[1] for pair in half if pair]), axis=1))
    assert 0.01 < ever < 0.05


def test_interval_and_p_of_a_confidence_sequence_agree():
    at = sequential.confidence_sequence(0.0, 2.0, 700, tuned_at=500).estimate.interval
    assert at is not None
    assert sequential.confidence_sequence(at[1], 2.0, 700, tuned_at=500).p_value == pytest.approx(0.05)
    assert sequential.confidence_sequence(0.0, 2.0, 700, tuned_at=500).p_value == 1.0


def test_five_looks_take_a_moment():
    start = time.process_time()
    sequential.bounds(EVEN)
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sequential.bounds([0.5, 0.5]), "grow from look to look"),
        (lambda: sequential.bounds([0.0, 0.5]), "above 0"),
        (lambda: sequential.bounds([]), "information"),
        (lambda: sequential.bounds([0.5, 1.2]), "exceeds that planned"),
        (lambda: sequential.bounds([0.5], spending="linear"), "no spending function 'linear'"),  # type: ignore[arg-type]
        (lambda: sequential.bounds([0.5], convention="both"), "no convention"),  # type: ignore[arg-type]
        (lambda: sequential.bounds([0.5], spending="power", rho=0.0), "rho"),
        (lambda: sequential.bounds([0.5], alpha=1.0), "alpha"),
        (lambda: sequential.pocock_constant(0), "one look"),
        (lambda: sequential.naive_false_positive_rate(0), "one look"),
        (lambda: sequential.crossing_probabilities([1, 2], [2.0]), "one bound"),
        (lambda: sequential.inflation([1.0], [1.96], power=0.01), "power"),
        (lambda: sequential.decide(1.0, 0.0, information=[0.5]), "standard error"),
        (lambda: sequential.confidence_sequence(1.0, 1.0, 0, tuned_at=500), "units"),
        (lambda: sequential.mixing_sd(0.0), "tuned"),
    ],
)
def test_what_cannot_be_planned_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
