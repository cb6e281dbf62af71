from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from regulars.analysis.permutation import permutation_p

ALARM = 1e-3


def test_fishers_tea_lady():
    """Fisher (1935): eight cups, four right of four: 1 of 70 ways, and as many the other way round."""
    right = np.array([1.0] * 4 + [0.0] * 4)
    assert permutation_p(right, np.ones(8), right == 1.0) == pytest.approx(2 / 70, rel=1e-12)


def test_all_assignments_of_unequal_clusters_are_listed():
    """Against a plain loop over all 20 assignments of three of six clusters."""
    totals, sizes = np.array([3.0, 8.0, 4.0, 20.0, 9.0, 1.0]), np.array([2.0, 3.0, 4.0, 5.0, 6.0, 1.0])
    treated = np.array([True, True, False, True, False, False])

    def apart(chosen):
        rest = [one for one in range(6) if one not in chosen]
        return abs(totals[list(chosen)].sum() / sizes[list(chosen)].sum() - totals[rest].sum() / sizes[rest].sum())

    far = [apart(chosen) >= apart((0, 1, 3)) - 1e-12 for chosen in combinations(range(6), 3)]
    assert permutation_p(totals, sizes, treated) == pytest.approx(np.mean(far), rel=1e-12)


def test_drawn_shuffles_agree_with_the_list():
    """Binomial standard error of 20,000 draws at p: 4 of them."""
    rng = np.random.default_rng(3)
    values, treated = rng.gamma(2.0, 1.0, 14), np.arange(14) < 6
    exact = permutation_p(values, np.ones(14), treated)
    drawn = permutation_p(values, np.ones(14), treated, permutations=20_000, exact_below=0)
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)


def test_which_arm_is_called_treated_does_not_matter():
    rng = np.random.default_rng(5)
    values, treated = rng.normal(size=12), np.arange(12) < 4
    one, other = (permutation_p(values, np.ones(12), flag) for flag in (treated, ~treated))
    assert one == pytest.approx(other, rel=1e-12)


def test_p_is_never_zero_when_drawn_and_one_when_nothing_differs():
    far = np.repeat([0.0, 100.0], 30)
    assert permutation_p(far, np.ones(60), far > 0, permutations=500) == pytest.approx(1 / 501)
    assert permutation_p(np.zeros(60), np.ones(60), far > 0, permutations=500) == 1.0


def test_level_holds_where_the_t_test_would_fail():
    """Four units an arm with wild outliers, no effect, 2,000 worlds: rejections at .05 are not above it, at false-alarm rate 1e-3."""
    rng = np.random.default_rng(8)
    treated = np.arange(8) < 4
    rejected = sum(permutation_p(np.exp(3 * rng.normal(size=8)), np.ones(8), treated) <= 0.05 for _ in range(2000))
    assert rejected <= stats.binom.isf(ALARM, 2000, 0.05)


def test_shuffles_that_leave_an_arm_without_size_count_as_far_apart():
    totals, sizes = np.array([3.0, 0.0, 0.0, 2.0]), np.array([4.0, 0.0, 0.0, 5.0])
    treated = np.array([True, False, True, False])
    # Of the six assignments two put both units with a size into one arm; the other four are as far as the one seen.
    assert permutation_p(totals, sizes, treated) == 1.0
