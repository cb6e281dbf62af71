"""Golden values: tests/golden/ab/c14_linear_wom_ring. Published: Trencseni (2023). Else: all assignments gone through here."""

from itertools import combinations, pairwise

import golden_kinds
import numpy as np
import pytest

from regulars.analysis import contagion
from regulars.analysis.contagion import LinearContagion, dampening, ties


def ring(n, reach):
    at = np.arange(n)
    return ties(np.tile(at, reach), np.concatenate([(at + step) % n for step in range(1, reach + 1)]), n)


def uneven():
    """Ten customers, some with many friends and some with none."""
    edges = np.array([(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (4, 5), (5, 6), (6, 7)])
    return LinearContagion(ties(edges[:, 0], edges[:, 1], 10), 0.15, 2.0, 0.3)


def gone_through(market, groups):
    """Difference in means of each assignment of whole groups, by solving for its outcomes."""
    n, found = len(market), []
    for chosen in groups:
        treated = np.isin(np.arange(n), chosen)
        outcomes = np.linalg.solve(np.eye(n) - market.nu * market.adjacency.toarray(), market.base * (1 + market.delta * treated))
        found.append(outcomes[treated].mean() - outcomes[~treated].mean())
    return np.mean(found), np.std(found)


def test_golden_linear_word_of_mouth():
    assert golden_kinds.misses("c14_linear_wom_ring") == []


def test_a_randomized_test_measures_a_part_of_the_effect():
    """P09: Watts-Strogatz ties, k = 50, nu = .01, 2 % treated with +.05: 0.5075 of the effect printed, 0.5 in theory."""
    anchor, random = golden_kinds.ANCHORS["P09"], np.random.default_rng(42)
    one, other = np.tile(np.arange(20_000), 25), np.concatenate([(np.arange(20_000) + step) % 20_000 for step in range(1, 26)])
    rewired = random.random(500_000) < 0.1
    other[rewired] = (one[rewired] + random.integers(1, 20_000, rewired.sum())) % 20_000
    market = LinearContagion(ties(one, other, 20_000), 0.01, 1.0, 0.05)
    treated = np.zeros((20_000, 20))
    for column in treated.T:
        column[random.choice(20_000, 400, replace=False)] = 1.0
    outcomes = market.outcomes(treated)
    # The luck of who has many friends is taken off: both worlds have the same people.
    gained = outcomes - market.baseline()[:, None]
    measured = (gained * treated).sum(axis=0) / 400 - (gained * (1 - treated)).sum(axis=0) / 19_600
    assert measured.mean() / market.global_effect() == pytest.approx(anchor["published"], abs=anchor["tolerance_abs"])
    assert market.baseline().mean() == pytest.approx(anchor["base_level_published"], abs=0.01)
    assert dampening(0.01, 50) == anchor["own_computation"]["theory_1_minus_nu_k"]


def test_dampening_is_the_limit_of_many_customers():
    found = [LinearContagion(ring(n, 2), 0.08, 1.0, 0.1) for n in (50, 4000)]
    parts = [market.randomize_individuals(len(market) // 2).relative_bias + 1.0 for market in found]
    # Friends of friends lead back: on a ring the limit is tr(M) (1 - nu k) / n, a little above 1 - nu k.
    limit = found[1].direct_effect() / found[1].lift * dampening(0.08, 4)
    assert parts[1] == pytest.approx(limit, abs=2e-4) and abs(parts[0] - limit) > abs(parts[1] - limit)


@pytest.mark.parametrize("treated", [1, 3, 5, 9])
def test_closed_form_of_individuals_is_the_mean_over_all_assignments(treated):
    market = uneven()
    found = market.randomize_individuals(treated)
    assert (found.expected, found.sd) == pytest.approx(gone_through(market, combinations(range(10), treated)), rel=1e-9)


@pytest.mark.parametrize("treated", [1, 2, 3, 4])
def test_closed_form_of_equal_clusters_is_the_mean_over_all_assignments(treated):
    market, cluster = uneven(), np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    found = market.randomize_clusters(cluster, treated)
    groups = [np.flatnonzero(np.isin(cluster, chosen)) for chosen in combinations(range(5), treated)]
    assert (found.expected, found.sd) == pytest.approx(gone_through(market, groups), rel=1e-9)


def test_unequal_clusters_are_gone_through():
    market, cluster = uneven(), np.array(list("aaaabbbccd"))
    found = market.randomize_clusters(cluster, 2)
    groups = [np.flatnonzero(np.isin(cluster, chosen)) for chosen in combinations("abcd", 2)]
    assert (found.expected, found.sd) == pytest.approx(gone_through(market, groups), rel=1e-9)


def test_without_word_of_mouth_a_test_tells_the_truth():
    market = LinearContagion(ring(12, 2), 0.0, 3.0, 0.2)
    found = market.randomize_individuals(5)
    assert (found.expected, market.global_effect(), market.spillover()) == pytest.approx((0.6, 0.6, 0.0))
    assert found.relative_bias == pytest.approx(0.0) and found.sd == pytest.approx(0.0, abs=1e-9)


def test_larger_clusters_measure_more_of_the_effect():
    market = LinearContagion(ring(48, 2), 0.08, 1.0, 0.1)
    bias = [market.randomize_clusters(np.arange(48) // size, 24 // size).relative_bias for size in (1, 2, 4, 8, 24)]
    assert all(one < other < 0.0 for one, other in pairwise(bias))


def test_an_edge_named_twice_is_one_tie():
    assert ties(np.array([0, 1, 0]), np.array([1, 0, 2]), 3).toarray().tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: LinearContagion(ring(12, 2), 0.25, 1.0, 0.1), "never ends"),
        (lambda: LinearContagion(ring(12, 2), 0.1, 1.0, 0.0), "no effect"),
        (lambda: LinearContagion(ring(12, 2), -0.1, 1.0, 0.1), "0 or more"),
        (lambda: uneven().randomize_individuals(10), "can be treated"),
        (lambda: uneven().randomize_clusters(np.arange(3), 1), "needs a cluster"),
        (lambda: uneven().difference_in_means(np.zeros(10)), "both arms"),
        (lambda: uneven().outcomes(np.zeros(9)), "10 customers"),
        (lambda: ties(np.array([0]), np.array([0]), 2), "itself"),
        (lambda: ties(np.array([0]), np.array([2]), 2), "customers 0 to 1"),
        (lambda: dampening(0.02, 50), "never end"),
        (lambda: LinearContagion(ring(contagion.MOST_EXACT + 1, 1), 0.1, 1.0, 0.1).direct_effect(), "at most"),
        (lambda: LinearContagion(ring(61, 1), 0.1, 1.0, 0.1).randomize_clusters(np.arange(61) // 2, 15), "unequal sizes"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
