"""Golden values: tests/golden/ab/c15_decision. Published: Feit & Berman (2019). Simulations at 4 standard errors."""

import golden_kinds
import numpy as np
import pytest

from regulars.analysis import value
from regulars.analysis.value import Arm, Measurement, NormalPrior, value_of_test

PRIOR, NOISE = NormalPrior(-0.2, 1.5), 0.9486832980505138  # The test of c15_decision: 30 sqrt(2 / 2000).
TESTS = [
    Measurement(NOISE),
    Measurement(NOISE, dampening=0.5),
    Measurement(NOISE, dampening=0.5, known=False),
    Measurement(NOISE, dampening=0.3, bias=0.4, bias_sd=0.5),
    Measurement(NOISE, dampening=-0.3, bias=0.4, bias_sd=0.5, known=False),
]


def test_golden_value_of_a_test():
    assert golden_kinds.misses("c15_decision") == []


def test_published_test_and_roll_of_a_website():
    """P03: Feit & Berman (2019), Table 1, to the unit."""
    published, arm = golden_kinds.ANCHORS["P03"]["published"], Arm(0.68, 0.03, (0.68 * 0.32) ** 0.5)
    size = value.symmetric_size(arm, 100_000)
    assert size == pytest.approx(published["n_star"], abs=1.0)
    assert 2 * 2284 * arm.mean == pytest.approx(published["conversions_test"], abs=1.0)
    totals = {
        "overall_test_and_roll": value.profit_with_test(arm, arm, 100_000, (size, size)),
        "overall_hypothesis_test": value.profit_with_test(arm, arm, 100_000, (18468, 18468)),
        "overall_FPC": value.profit_with_test(arm, arm, 100_000, (13487, 13487)),
        "overall_no_test": value.profit_with_test(arm, arm, 100_000, (0, 0)),
        "overall_perfect_information": value.perfect_information_profit(arm, arm, 100_000),
    }
    assert totals == pytest.approx({name: published[name] for name in totals}, abs=1.0)
    errors = [value.wrong_roll_probability(arm, n) for n in (size, 18468, 13487)]
    assert errors == pytest.approx(list(published["roll_error"].values()), abs=6e-4)
    perfect, none = totals["overall_perfect_information"], totals["overall_no_test"]
    assert 1.0 - totals["overall_test_and_roll"] / perfect == pytest.approx(published["regret_test_and_roll"], abs=6e-5)
    gained = (totals["overall_test_and_roll"] - none) / (perfect - none)
    assert gained == pytest.approx(published["share_of_potential_gain"], abs=6e-4)


def test_equal_priors_are_the_symmetric_case_of_unequal_ones():
    arm = Arm(0.68, 0.03, 0.466)
    assert value.asymmetric_sizes(arm, arm, 100_000) == pytest.approx([value.symmetric_size(arm, 100_000)] * 2, rel=1e-8)


def test_no_other_pair_of_sizes_pays_more():
    first, second = Arm(10.0, 2.0, 30.0), Arm(9.5, 4.0, 30.0)
    best = value.asymmetric_sizes(first, second, 50_000)
    most = value.profit_with_test(first, second, 50_000, best)
    for one in np.linspace(0, 3000, 40):
        for other in np.linspace(0, 3000, 40):
            assert value.profit_with_test(first, second, 50_000, (one, other)) <= most + 1e-6
    # The version that less is known of is tested on more people.
    assert 0 < best[0] < best[1]


def test_a_known_loser_is_not_tested():
    sizes = value.asymmetric_sizes(Arm(10.0, 0.1, 30.0), Arm(1.0, 0.1, 30.0), 1000)
    assert sizes == pytest.approx((0.0, 0.0), abs=1e-6) or sizes[1] == 0.0


def test_simulated_profit_of_test_and_roll():
    random, first, second, sizes = np.random.default_rng(3), Arm(10.0, 2.0, 30.0), Arm(9.5, 4.0, 30.0), (300, 700)
    means = [random.normal(arm.mean, arm.sd, 400_000) for arm in (first, second)]
    expected = []
    for arm, mean, n in zip((first, second), means, sizes, strict=True):
        seen, weight = random.normal(mean, arm.noise_sd / n**0.5), arm.sd**2 / (arm.sd**2 + arm.noise_sd**2 / n)
        expected.append(arm.mean + weight * (seen - arm.mean))
    profit = 300 * means[0] + 700 * means[1] + 49_000 * np.where(expected[0] > expected[1], means[0], means[1])
    ours = value.profit_with_test(first, second, 50_000, sizes)
    assert abs(profit.mean() - ours) < 4.0 * profit.std() / 400_000**0.5


@pytest.mark.parametrize("test", TESTS)
def test_closed_form_and_draws_of_the_prior_agree(test):
    """Within 2 %, and within 4 Monte-Carlo errors."""
    exact = value_of_test(PRIOR, test, customers=200_000, cost=15_000)
    drawn = value_of_test(np.random.default_rng(1).normal(-0.2, 1.5, 400_000), test, customers=200_000, cost=15_000)
    assert drawn.evsi == pytest.approx(exact.evsi, rel=0.02) and drawn.net == drawn.evsi - 15_000
    assert abs(drawn.evsi - exact.evsi) < 4.0 * drawn.mc_se
    assert (drawn.error_probability, drawn.rollout_probability) == pytest.approx(
        (exact.error_probability, exact.rollout_probability), abs=0.004
    )


@pytest.mark.parametrize("test", TESTS)
def test_tests_played_out_one_by_one_gain_what_is_promised(test):
    """1,000,000 tests with their noise; 4 standard errors."""
    random, exact = np.random.default_rng(2), value_of_test(PRIOR, test, customers=1.0)
    effect = random.normal(PRIOR.mean, PRIOR.sd, 1_000_000)
    bias = random.normal(test.bias, test.bias_sd, 1_000_000)
    seen = (1 - test.dampening) * effect + bias + random.normal(0.0, test.noise_sd, 1_000_000)
    rolled = seen > exact.threshold
    gain = effect * rolled
    assert abs(gain.mean() - exact.evsi - exact.without_test) < 4.0 * gain.std() / 1000
    assert rolled.mean() == pytest.approx(exact.rollout_probability, abs=0.002)
    assert np.mean(rolled != (effect > 0)) == pytest.approx(exact.error_probability, abs=0.002)


def test_a_bias_that_is_not_allowed_for_costs_money():
    fair, allowed, ignored = (
        value_of_test(NormalPrior(1.0, 1.0), one, customers=100.0).evsi
        for one in (Measurement(0.3), Measurement(0.3, 0.5, -1.0), Measurement(0.3, 0.5, -1.0, known=False))
    )
    assert fair > allowed > 0.0 > ignored


def test_a_perfect_test_is_worth_perfect_information_and_a_blind_one_nothing():
    sharp, blind = (value_of_test(PRIOR, Measurement(noise), customers=1.0) for noise in (1e-6, 1e4))
    assert sharp.evsi == pytest.approx(sharp.evpi) and sharp.error_probability == pytest.approx(0.0, abs=1e-5)
    assert blind.evsi == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("effects", "rolled"), [([0.5, 1.0, 2.0], 1.0), ([-0.5, -1.0, 0.0], 0.0)])
def test_where_the_prior_has_one_sign_no_test_changes_the_decision(effects, rolled):
    found = value_of_test(np.array(effects), Measurement(1.0), customers=10.0, cost=5.0)
    assert (found.evsi, found.evpi, found.threshold, found.rollout_probability, found.net) == (0.0, 0.0, None, rolled, -5.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: NormalPrior(0.0, 0.0), "standard deviation above 0"),
        (lambda: Measurement(0.0), "standard error"),
        (lambda: Measurement(1.0, dampening=1.0), "dampening"),
        (lambda: value_of_test(np.ones(1), TESTS[0], customers=1.0), "two draws"),
        (lambda: value_of_test(np.array([1.0, np.nan]), TESTS[0], customers=1.0), "numbers"),
        (lambda: value_of_test(PRIOR, TESTS[0], customers=0.0), "customers"),
        (lambda: value.noise_of_test(1.0, 0, 5), "both arms"),
        (lambda: Arm(0.0, 1.0, 0.0), "above 0"),
        (lambda: value.profit_with_test(Arm(1, 1, 1), Arm(1, 1, 1), 10, (6, 6)), "all of the customers"),
        (lambda: value.symmetric_size(Arm(1, 1, 1), 0), "customers"),
    ],
)
def test_what_cannot_be_valued_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
