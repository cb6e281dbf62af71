"""The test that friends' arms matter to nobody: level under direct effects of any kind, power, refusals."""

from itertools import product

import numpy as np
import pytest

from regulars.analysis.exposure import clustered_network, treated_friends
from regulars.analysis.spillover import spillover_test


def network(random, n=200, size=1):
    one, other = np.repeat(np.arange(n), 3), random.integers(0, n, 3 * n)
    return clustered_network(one[one != other], other[one != other], np.arange(n) // size)


def test_direct_effects_alone_are_found_spillovers_at_the_stated_rate():
    """1,000 tests with a direct effect that differs by unit and outcomes alike among friends: 5 % rejected; 4 standard errors are 2.8."""
    random, rejected = np.random.default_rng(21), 0
    for at in range(1000):
        ties = network(random, size=1 + at % 4)
        arms = (random.random(ties.clusters) < 0.5)[ties.cluster].astype(float)
        base = random.normal(size=200)
        values = base + ties.adjacency @ base / np.maximum(ties.friends, 1) + 3 * arms * random.random(200)
        rejected += spillover_test(ties, values, arms, draws=99, seed=at).p_value <= 0.05
    assert rejected / 1000 == pytest.approx(0.05, abs=0.028)


def test_spillovers_are_found():
    random = np.random.default_rng(22)
    ties = network(random, n=2000)
    arms = (random.random(2000) < 0.5).astype(float)
    found = spillover_test(ties, random.normal(size=2000) + arms + treated_friends(ties, arms), arms)
    assert found.p_value == 0.001 and found.statistic > 0
    assert spillover_test(ties, random.normal(size=2000) - treated_friends(ties, arms), arms).statistic < 0


def test_draws_agree_with_all_assignments_of_the_other_half():
    """Twelve clusters of three on a ring: 64 assignments of the half that is not focal; 20,000 draws at 4 standard errors."""
    random = np.random.default_rng(23)
    ties = clustered_network(np.arange(36), (np.arange(36) + 1) % 36, np.arange(36) // 3)
    arms, values = (np.arange(12) % 2)[ties.cluster].astype(float), random.normal(size=36)
    found = spillover_test(ties, values, arms, draws=20_000, seed=5)
    focal = np.zeros(12, bool)
    focal[np.random.default_rng(5).permutation(12)[:6]] = True
    inside = focal[ties.cluster]
    off = np.where(inside, values, 0.0)
    for arm in (0, 1):
        off[inside & (arms == arm)] -= values[inside & (arms == arm)].mean()
    every = []
    for drawn in product([0.0, 1.0], repeat=6):
        groups = (np.arange(12) % 2).astype(float)
        groups[~focal] = drawn
        every.append(off @ treated_friends(ties, groups[ties.cluster]))
    observed = off @ treated_friends(ties, arms)
    exact = np.mean(np.abs(np.array(every) - np.mean(every)) >= abs(observed - np.mean(every)) - 1e-12)
    assert abs(found.p_value - exact) < 4 * (exact * (1 - exact) / 20_000) ** 0.5


def test_unknown_outcomes_take_no_part():
    random = np.random.default_rng(24)
    ties = network(random)
    arms, values, known = (random.random(200) < 0.5).astype(float), random.normal(size=200), np.arange(200) % 5 > 0
    found = spillover_test(ties, np.where(known, values, np.nan), arms, counted=known)
    assert found == spillover_test(ties, np.where(known, values, 99.0), arms, counted=known)


@pytest.mark.parametrize(
    ("cluster", "arms", "words"),
    [
        ([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, 0], "3 clusters"),
        ([0, 0, 1, 1, 2, 3], [0, 1, 1, 1, 0, 0], "both arms"),
        ([0, 0, 1, 1, 2, 3], [0, 0, 1, 1, 0, 1], "whose arm could matter"),
    ],
)
def test_what_cannot_be_tested_is_refused(cluster, arms, words):
    ties = clustered_network(np.array([0, 2]), np.array([1, 3]), np.array(cluster))
    with pytest.raises(ValueError, match=words):
        spillover_test(ties, np.arange(6.0), np.array(arms, float))
