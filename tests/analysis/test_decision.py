"""Roll out, extend or stop: closed forms against brute force, and what each action costs."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.analysis.decision import Extension, Stakes, decide, decide_on_draws, horizon_factor, in_words
from regulars.analysis.value import Measurement, NormalPrior, value_of_test

CASE = Stakes(
    customers=200_000,
    value=2.0,
    cost_per_customer=0.3,
    fixed_cost=20_000,
    horizon_factor=3.0,
    horizon_weeks=104,
    prior=NormalPrior(0.0, 0.4),
    dampening=0.3,
    dampening_sd=0.2,
    extension=Extension(units=3_000, weeks=13, cost=10_000),
)


def test_closed_form_is_what_many_worlds_would_show():
    """Worlds drawn from prior, shared error and noise, kept where they show the estimate; four Monte-Carlo standard errors."""
    rng, estimate, error, units = np.random.default_rng(1), 0.06, 0.1, 4_000
    found = decide(estimate, error, CASE, units=units)
    n = 8_000_000
    theta = rng.normal(0.0, 0.4, n)
    shared = rng.normal(0.0, abs(estimate / 0.7) * 0.2, n)
    near = np.abs(0.7 * theta + shared + rng.normal(0.0, error, n) - estimate) < 0.004
    theta, shared = theta[near], shared[near]
    profit = 200_000 * (6.0 * theta - 0.3) - 20_000
    further = 0.7 * theta + shared + rng.normal(0.0, error * np.sqrt(units / 3_000), len(theta))
    # Among joint normal variables the expected profit after the extension is a straight line in what it shows.
    slope, level = np.polyfit(further, profit, 1)
    after = np.maximum(level + slope * further, 0.0)
    for mine, values in (
        (found.expected_profit, profit),
        (found.probability_of_loss, (profit < 0).astype(float)),
        (found.choices["stop"].expected_regret, np.maximum(profit, 0.0)),
        (found.choices["extend"].expected_profit, (1.0 - 13 / 104) * after - 10_000),
    ):
        assert abs(values.mean() - mine) < 4.0 * values.std() / np.sqrt(len(values))
    assert np.quantile(profit, [0.05, 0.95]) == pytest.approx(found.interval, rel=0.03)


def test_without_a_prior_the_effect_is_the_difference_over_the_part_that_a_test_sees():
    found = decide(1.0, 0.5, Stakes(customers=1000, dampening=0.5, cost_per_customer=1.0))
    assert (found.effect, found.effect_sd, found.expected_profit, found.threshold) == pytest.approx((2.0, 1.0, 1000.0, 0.5))


def test_a_wide_prior_is_none():
    bare = Stakes(customers=1000, dampening=0.2, dampening_sd=0.1, extension=Extension(500, 4))
    wide = Stakes(customers=1000, dampening=0.2, dampening_sd=0.1, extension=Extension(500, 4), prior=NormalPrior(3.0, 1e5))
    one, other = decide(0.4, 0.3, bare, units=1000), decide(0.4, 0.3, wide, units=1000)
    assert (one.effect, one.effect_sd, one.threshold, one.evsi) == pytest.approx(
        (other.effect, other.effect_sd, other.threshold, other.evsi), rel=1e-6, abs=1e-6
    )


@pytest.mark.parametrize("prior", [None, NormalPrior(0.1, 0.3)])
def test_at_the_threshold_a_roll_out_is_expected_to_earn_nothing(prior):
    stakes = Stakes(customers=5000, value=3.0, cost_per_customer=0.4, fixed_cost=700, prior=prior, dampening=0.25)
    edge = decide(0.1, 0.05, stakes).threshold
    assert edge is not None
    assert decide(edge, 0.05, stakes).expected_profit == pytest.approx(0.0, abs=1e-6)
    assert decide(edge + 0.01, 0.05, stakes).action == "roll out"
    assert decide(edge - 0.01, 0.05, stakes).action == "stop"


def test_draws_of_the_posterior_tell_what_the_closed_form_tells():
    """200,000 draws of the normal posterior: within 2 % of its closed form."""
    stakes = Stakes(customers=1000, cost_per_customer=0.1, extension=Extension(800, 6, 5.0), horizon_weeks=52)
    closed = decide(0.15, 0.2, stakes, units=800)
    draws = np.random.default_rng(2).normal(0.15, 0.2, 200_000)
    found = decide_on_draws(draws, stakes, standard_error=0.2, units=800)
    assert found.action == closed.action
    assert found.evsi == pytest.approx(closed.evsi, rel=0.02)
    assert found.expected_profit == pytest.approx(closed.expected_profit, abs=4.0 * 200 / np.sqrt(200_000))
    assert found.probability_of_loss == pytest.approx(closed.probability_of_loss, abs=0.005)


def test_an_extension_is_worth_what_a_new_test_on_the_posterior_is():
    """No shared error: EVSI of `value_of_test` with the posterior as its prior, to ten digits."""
    stakes = Stakes(customers=1000, extension=Extension(500, 0.0))
    found = decide(0.05, 0.2, stakes, units=1000)
    again = value_of_test(NormalPrior(0.05, 0.2), Measurement(0.2 * np.sqrt(2.0)), customers=1000)
    assert found.evsi == pytest.approx(again.evsi, rel=1e-10)


def test_no_extension_tells_more_than_the_truth_and_more_units_tell_more():
    gains = []
    for units in (100, 1000, 10_000, 1e9):
        found = decide(0.02, 0.1, Stakes(customers=1000, dampening_sd=0.5, extension=Extension(units, 0.0)), units=1000)
        assert found.evsi is not None
        gains.append(found.evsi)
        assert found.choices["extend"].expected_regret > 0.0
    assert gains == sorted(gains)


def test_waiting_for_a_share_of_the_horizon_costs_that_share():
    free = decide(0.5, 0.2, Stakes(customers=1000, extension=Extension(1000, 10)), units=1000)
    dear = decide(0.5, 0.2, Stakes(customers=1000, extension=Extension(1000, 10), horizon_weeks=40), units=1000)
    assert dear.choices["extend"].expected_profit == pytest.approx(0.75 * free.choices["extend"].expected_profit)


def test_an_extension_that_changes_nothing_is_not_recommended():
    found = decide(1.1, 0.28, Stakes(customers=200_000, extension=Extension(500, 4)), units=800)
    assert found.choices["extend"].expected_profit > found.choices["roll out"].expected_profit
    assert found.action == "roll out"


def test_where_less_is_better_a_fall_pays():
    found = decide(-0.2, 0.05, Stakes(customers=1000, value=-10.0))
    assert found.action == "roll out"
    assert found.expected_profit == pytest.approx(2000.0)


def test_the_answer_is_said_in_money():
    assert decide(9.5, 4.85, Stakes(customers=200_000, horizon_weeks=104, currency="CNY")).sentence == (
        "Roll out: expected +1.9 M CNY (90% interval +304 k to +3.5 M) over 104 weeks; 3% risk of losing money."
    )
    assert decide(-9.5, 1.0, Stakes(customers=200_000)).sentence.startswith("Stop: a roll-out is expected to bring -1.9 M (90% interval")
    unsure = decide(0.0, 4.85, Stakes(customers=200_000, extension=Extension(4000, 13, 1000.0)), units=4000)
    assert unsure.sentence.startswith("Extend by 13 weeks: expected +")
    assert in_words(-340_000) == "-340 k"


def test_two_years_at_a_tenth_a_year_are_worth_less_than_twice_one():
    """Continuous discounting: (1 - 1.1^-2) / ln 1.1 = 1.8209 years."""
    year = 365.25 / 7.0
    assert horizon_factor(year, 2.0 * year, discount_rate_per_year=0.1) == pytest.approx(1.8209, abs=1e-4)
    assert horizon_factor(26, 104) == 4.0


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: decide(float("nan"), 1.0, Stakes(customers=1)), "a standard error above 0"),
        (lambda: decide(1.0, 0.0, Stakes(customers=1)), "a standard error above 0"),
        (lambda: Stakes(customers=0), "affects customers"),
        (lambda: Stakes(customers=1, value=0.0), "worth something"),
        (lambda: Stakes(customers=1, dampening=1.0), "dampening must be below 1"),
        (lambda: Stakes(customers=1, horizon_weeks=10, extension=Extension(1, 10)), "leaves nothing to decide"),
        (lambda: Extension(0, 1), "units above 0"),
        (lambda: decide(1.0, 1.0, Stakes(customers=1, extension=Extension(1, 1))), "units that the test had"),
        (lambda: decide_on_draws(np.array([1.0]), Stakes(customers=1)), "two draws or more"),
        (lambda: decide_on_draws(np.zeros(3), Stakes(customers=1, extension=Extension(1, 1)), units=5), "standard error of the test"),
        (lambda: horizon_factor(0, 1), "weeks above 0"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_reason(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
