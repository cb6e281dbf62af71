"""Golden values: tests/golden/ab/c13_network_cycle. Anchor P08. Else: all assignments of clusters gone through here."""

from itertools import product

import golden_kinds
import numpy as np
import pytest

from regulars.analysis import exposure
from regulars.analysis.exposure import clustered_network, estimate_exposed, exposed, exposure_probabilities, randomization_p

EDGES = np.array([(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 2), (2, 6), (3, 7), (4, 5), (5, 6), (6, 7), (7, 8), (2, 7)])
CLUSTER = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])  # Customer 9 has no friends.


def small(probability=0.3):
    return clustered_network(EDGES[:, 0], EDGES[:, 1], CLUSTER, probability=probability)


def assignments(probability=0.3):
    """Every assignment of the five clusters, by customer, and its probability."""
    arms = np.array(list(product([0, 1], repeat=5)))
    return arms[:, CLUSTER], np.prod(np.where(arms == 1, probability, 1 - probability), axis=1)


def cycle(n, size):
    at = np.arange(n)
    return clustered_network(at, (at + 1) % n, at // size)


def two_blocks(random, n=400, size=20):
    """Customers with friends mostly in the own cluster."""
    one = np.repeat(np.arange(n), 4)
    other = (one // size) * size + random.integers(0, size, 4 * n)
    keep = one != other
    return clustered_network(one[keep], other[keep], np.arange(n) // size)


def test_golden_exposure_on_a_cycle():
    assert golden_kinds.misses("c13_network_cycle") == []


def test_published_probabilities_of_full_exposure_on_a_cycle():
    """P08: definitions of Ugander et al. (2013)."""
    expected = golden_kinds.ANCHORS["P08"]["own_computation"]
    assert exposure_probabilities(cycle(12, 1))[0] == pytest.approx([expected["vertex"]] * 12, abs=1e-12)
    assert exposure_probabilities(cycle(12, 2))[0] == pytest.approx([expected["c2"]] * 12, abs=1e-12)
    three = [expected["c3_edge"], expected["c3_centre"], expected["c3_edge"]]
    assert exposure_probabilities(cycle(12, 3))[0] == pytest.approx(three * 4, abs=1e-12)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.6, 0.75, 1.0])
@pytest.mark.parametrize("probability", [0.3, 0.5])
def test_probabilities_are_those_of_all_assignments(share, probability):
    network, (arms, chance) = small(probability), assignments(probability)
    seen = [exposed(network, one, share=share) for one in arms]
    ours = exposure_probabilities(network, share=share)
    for arm in range(2):
        assert ours[arm] == pytest.approx(chance @ np.array([one[arm] for one in seen]), abs=1e-14)


def test_exposure_counts_friends():
    network, arms = small(), np.array([1, 1, 1, 1, 0, 0, 1, 1, 0, 1])
    ties = [[other for pair in EDGES for other in pair if i in pair and other != i] for i in range(10)]
    inside = np.array([np.mean(arms[friends]) if friends else arms[i] for i, friends in enumerate(ties)])
    assert exposure.treated_friends(network, arms) == pytest.approx(inside)
    treated, control = exposed(network, arms, share=0.75)
    assert treated.tolist() == ((arms == 1) & (inside >= 0.75)).tolist()
    assert control.tolist() == ((arms == 0) & (inside <= 0.25)).tolist()


def test_joint_probabilities_are_those_of_all_assignments():
    network, (arms, chance) = small(), assignments()
    seen = np.array([exposed(network, one) for one in arms], float)
    both, neither, mixed = exposure.joint_full_exposure(network, np.arange(10))
    for ours, first, second in ((both, 0, 0), (neither, 1, 1), (mixed, 0, 1)):
        assert ours == pytest.approx(np.einsum("a,ai,aj->ij", chance, seen[:, first], seen[:, second]), abs=1e-14)


def test_a_partial_exposure_of_a_large_network_agrees_with_simulation():
    """A hub with 300 friends in 40 clusters; 20,000 assignments at 4.5 standard errors for 1,000 customers."""
    random = np.random.default_rng(11)
    one, other = np.concatenate([np.zeros(300, int), random.integers(0, 1000, 4000)]), np.arange(1, 301)
    other = np.concatenate([other, random.integers(0, 1000, 4000)])
    network = clustered_network(one[one != other], other[one != other], random.integers(0, 40, 1000))
    ours = exposure_probabilities(network, share=0.6)[0]
    arms = (random.random((20_000, 40)) < 0.5)[:, network.cluster].T.astype(float)
    found = np.mean((arms == 1) & (network.adjacency @ arms >= network.needed(0.6)[:, None]), axis=1)
    assert np.all(np.abs(found - ours) < 4.5 * np.sqrt(ours * (1 - ours) / 20_000) + 1e-9)


def test_horvitz_thompson_is_unbiased_where_exposure_says_all():
    """Expectation over all assignments where the outcome follows the exposure: exactly the true effect."""
    network, (arms, chance) = small(), assignments()
    nobody, everybody = np.arange(10.0), np.arange(10.0) + np.linspace(0.0, 2.0, 10)
    expected = 0.0
    for one, weight in zip(arms, chance, strict=True):
        seen = exposed(network, one)
        values = np.where(seen[0], everybody, np.where(seen[1], nobody, -99.0))
        sums = [float((group / pi) @ values) / 10 for group, pi in zip(seen, exposure_probabilities(network), strict=True)]
        found = estimate_exposed(values, seen, exposure_probabilities(network))
        if found.horvitz_thompson.value is not None:
            assert found.horvitz_thompson.value == pytest.approx(sums[0] - sums[1])
        expected += weight * (sums[0] - sums[1])
    assert expected == pytest.approx(1.0)


def test_hajek_does_not_move_with_the_level_of_outcomes():
    random = np.random.default_rng(1)
    network, values = small(0.5), random.normal(size=10)
    arms = np.array([1, 1, 0, 0, 1, 1, 0, 0, 1, 0])[CLUSTER]
    seen, chance = exposed(network, arms, share=0.4), exposure_probabilities(network, share=0.4)
    low, high = (estimate_exposed(values + level, seen, chance) for level in (0.0, 1000.0))
    assert low.hajek.value == pytest.approx(high.hajek.value)
    assert low.horvitz_thompson.value != pytest.approx(high.horvitz_thompson.value)


def test_effective_sizes_count_equally_weighted_customers():
    seen = (np.array([1, 1, 1, 0, 0, 0]), np.array([0, 0, 0, 1, 1, 0]))
    chance = (np.array([0.5, 0.5, 0.125, 1, 1, 1]), np.full(6, 0.25))
    found = estimate_exposed(np.arange(6.0), seen, chance)
    # Weights 2, 2, 8: 12^2 / 72 = 2.
    assert (found.n_treated, found.n_control, found.effective_treated, found.effective_control) == (3, 2, 2.0, 2.0)
    assert found.hajek.value == pytest.approx((2 * 0 + 2 * 1 + 8 * 2) / 12 - 3.5)
    assert found.hajek.interval is None and found.hajek.reason == "friends' outcomes go together: test by randomization"


def test_an_exposure_that_cannot_happen_is_refused():
    seen, chance = (np.array([1, 0]), np.array([0, 1])), (np.array([0.5, 0.0]), np.array([0.5, 0.5]))
    found = estimate_exposed(np.ones(2), seen, chance)
    assert found.hajek.value is None and found.horvitz_thompson.value is None
    assert found.hajek.reason == "1 of 2 customers could never be exposed to the treatment: choose larger clusters"


def test_nobody_exposed_is_refused():
    found = estimate_exposed(np.ones(2), (np.array([1, 1]), np.zeros(2)), (np.full(2, 0.5), np.full(2, 0.5)))
    assert found.hajek.reason == "nobody was exposed to the control: choose larger clusters or a smaller share of friends"


def test_randomization_agrees_with_all_assignments():
    """Twelve clusters: 4,096 assignments; 20,000 draws at 4 standard errors."""
    random = np.random.default_rng(4)
    network = clustered_network(np.arange(36), (np.arange(36) + 1) % 36, np.arange(36) // 3)
    arms, values = (np.arange(12) % 2)[network.cluster], random.normal(size=36)
    found = randomization_p(network, values, arms, draws=20_000, statistic="difference_in_means")
    every = np.array(list(product([0, 1], repeat=12)))[:, network.cluster]
    every = every[(every.sum(axis=1) > 0) & (every.sum(axis=1) < 36)]
    differences = every @ values / every.sum(axis=1) - (1 - every) @ values / (1 - every).sum(axis=1)
    observed = values[arms == 1].mean() - values[arms == 0].mean()
    exact = np.mean(np.abs(differences) >= abs(observed) - 1e-12)
    assert found.statistic == pytest.approx(observed)
    assert abs(found.p_value - exact) < 4 * (exact * (1 - exact) / 20_000) ** 0.5


@pytest.mark.parametrize("statistic", ["hajek", "difference_in_means"])
def test_a_useless_program_is_found_useful_at_the_stated_rate(statistic):
    """400 networks whose clusters differ, nothing done: 5 % have p <= .05; 4 standard errors are 4.4 points."""
    random, rejected = np.random.default_rng(12), 0
    for _ in range(400):
        network = two_blocks(random, n=100, size=5)
        values = random.normal(size=20)[network.cluster] + random.normal(size=100)
        arms = random.integers(0, 2, 20)[network.cluster]
        rejected += randomization_p(network, values, arms, statistic=statistic, draws=99, seed=1).p_value <= 0.05
    assert rejected / 400 == pytest.approx(0.05, abs=0.044)


def test_a_large_effect_is_found():
    random = np.random.default_rng(13)
    network = two_blocks(random)
    arms = (np.arange(20) % 2)[network.cluster]
    found = randomization_p(network, random.normal(size=400) + arms, arms, draws=999)
    assert found.p_value == pytest.approx(0.001) and found.statistic == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small(0.0), "never happens"),
        (lambda: small(1.0), "never happens"),
        (lambda: clustered_network(np.array([0]), np.array([5]), np.zeros(3)), "customers 0 to 2"),
        (lambda: clustered_network(np.array([1]), np.array([1]), np.zeros(3)), "itself"),
        (lambda: clustered_network(np.array([], int), np.array([], int), np.array([])), "needs customers"),
        (lambda: exposure_probabilities(small(), share=0.0), "share of friends"),
        (lambda: exposed(small(), np.ones(3)), "10 customers"),
        (lambda: exposed(small(), np.full(10, 0.5)), "1 or 0"),
        (lambda: estimate_exposed(np.ones(3), (np.ones(2), np.ones(2)), (np.ones(2), np.ones(2))), "same customers"),
        (lambda: estimate_exposed(np.array([np.nan]), (np.ones(1), np.ones(1)), (np.ones(1), np.ones(1))), "numbers"),
        (lambda: randomization_p(small(), np.ones(10), np.arange(10) % 2), "both arms"),
        (lambda: randomization_p(small(), np.ones(10), np.ones(10)), "nobody was exposed"),
        (lambda: randomization_p(small(), np.ones(10), np.ones(10), draws=5), "19 draws"),
        (lambda: randomization_p(small(), np.ones(9), np.ones(10)), "needs an outcome"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("probability", [0.3, 0.5])
def test_probabilities_of_differing_from_friends_are_those_of_all_assignments(share, probability):
    network, (arms, chance) = small(probability), assignments(probability)
    seen = [exposure.crossed(network, one, share=share) for one in arms]
    ours = exposure.crossed_probabilities(network, share=share)
    for arm in range(2):
        assert ours[arm] == pytest.approx(chance @ np.array([one[arm] for one in seen]), abs=1e-14)


def test_unknown_outcomes_count_as_friends_alone():
    """Zeros in place of outcomes that are not counted change nothing, and all counted is the default."""
    random = np.random.default_rng(5)
    network = two_blocks(random)
    arms, values = (np.arange(20) % 2)[network.cluster], random.normal(size=400)
    known = np.arange(400) % 3 > 0
    with_holes = randomization_p(network, np.where(known, values, np.nan), arms, counted=known, draws=99)
    assert with_holes == randomization_p(network, np.where(known, values, 7.0), arms, counted=known, draws=99)
    seen, chance = exposed(network, arms), exposure_probabilities(network)
    hajek = estimate_exposed(values[known], (seen[0][known], seen[1][known]), (chance[0][known], chance[1][known])).hajek
    assert with_holes.statistic == pytest.approx(hajek.value)
    every = np.ones(400, bool)
    assert randomization_p(network, values, arms, counted=every, draws=99) == randomization_p(network, values, arms, draws=99)
