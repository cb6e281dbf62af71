"""People are drawn from the declared distributions; customers with a history from what it says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.analysis.models.bg_nbd import BgNbd
from regulars.analysis.models.pareto_nbd import ParetoNbd
from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ABSENT, ACTIVE, CHURNED, PROSPECT
from regulars.sim.world.life import PER_WEEK
from regulars.sim.world.population import Population

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

BG = {"purchase": {"r": 0.243, "alpha": 4.414}, "attrition": {"type": "beta_geometric", "a": 0.793, "b": 2.426}}
PARETO = {"purchase": {"r": 0.553, "alpha": 10.578}, "attrition": {"type": "pareto", "s": 0.606, "beta": 11.669}}


def base(behaviors: dict[str, Any], histories: list[list[float]] | None, *, people: int = 100_000, weeks: int = 39, **market: Any) -> Any:
    """A base of customers, each with one of the histories (frequency, recency, age, mean value)."""
    tree = {"name": "base", "horizon_weeks": weeks, "market": {"customers": people, **market}, "behaviors": behaviors}
    rows = None if histories is None else np.array([[0.0, *one] for one in histories])
    return replace(from_tree(tree), histories=rows)


def built(scenario: Any, **options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario, collect=False, **options)


def test_one_customer_of_the_bg_nbd_paper_orders_1_226_times_more():
    """x = 2, tx = 30.43, T = 38.86, 39 weeks ahead: 1.226, Fader, Hardie & Lee 2005; 2 % asked, standard error .6 %."""
    orders = built(base(BG, [[2, 30.43, 38.86, 0.0]])).run().world.customers.n_orders
    assert orders.mean() == pytest.approx(1.226, rel=0.02)


# Frequency, recency and age of histories that lie far apart.
HISTORIES = [(0, 0.0, 30.0), (1, 2.0, 38.0), (5, 35.0, 38.0), (12, 20.0, 38.0), (26, 37.5, 38.0)]


# Alarm: 4.5 standard errors of the mean over people, two-sided 7e-6 a history.
@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_bg_nbd_base_orders_as_its_histories_make_expect(x, recency, age):
    orders = built(base(BG, [[x, recency, age, 0.0]], people=40_000, weeks=26)).run().world.customers.n_orders
    expected = BgNbd(0.243, 4.414, 0.793, 2.426).expected_future(np.array([x]), np.array([recency]), np.array([age]), 26.0)[0]
    assert abs(orders.mean() - expected) < 4.5 * orders.std() / 200


@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_bg_nbd_base_is_alive_as_its_histories_make_expect(x, recency, age):
    people = 40_000
    alive = (built(base(BG, [[x, recency, age, 0.0]], people=people)).world.customers.status == ACTIVE).sum()
    expected = BgNbd(0.243, 4.414, 0.793, 2.426).probability_alive(np.array([x]), np.array([recency]), np.array([age]))[0]
    low, high = stats.binom.interval(1 - ALARM, people, expected)
    assert low <= alive <= high


@pytest.mark.parametrize(("x", "recency", "age"), HISTORIES)
def test_pareto_base_lives_and_orders_as_its_histories_make_expect(x, recency, age):
    people = 40_000
    model = built(base(PARETO, [[x, recency, age, 0.0]], people=people, weeks=26))
    history = np.array([x]), np.array([recency]), np.array([age])
    published = ParetoNbd(0.553, 10.578, 0.606, 11.669)
    low, high = stats.binom.interval(1 - ALARM, people, published.probability_alive(*history)[0])
    assert low <= (model.world.customers.status == ACTIVE).sum() <= high
    orders = model.run().world.customers.n_orders
    assert abs(orders.mean() - published.expected_future(*history, 26.0)[0]) < 4.5 * orders.std() / 200


@pytest.mark.parametrize(("alpha", "beta"), [(10.0, 11.0), (12.0, 0.5), (100.0, 1e6)])
def test_heavy_buyers_are_alive_as_pareto_says_not_lost_to_overflow(alpha, beta):
    x, recency, age = np.array([1000.0, 400.0, 0.0]), np.array([499.0, 250.0, 0.0]), np.array([500.0, 260.0, 260.0])
    population = Population(rate_shape=2.0, rate_scale=alpha, attrition=PER_WEEK, attrition_first=0.6, attrition_second=beta)
    found = population.alive_probability(np.column_stack([np.zeros(3), x, recency, age, np.zeros(3)]))
    assert found == pytest.approx(ParetoNbd(2.0, alpha, 0.6, beta).probability_alive(x, recency, age), abs=1e-9)


def test_base_rates_given_a_history_follow_the_posterior():
    """Alive: rate ~ Gamma(r + x, alpha + age), drop-out ~ Beta(a, b + x); Kolmogorov-Smirnov."""
    world = built(base(BG, [[3, 30.0, 38.0, 0.0]], people=20_000)).world
    there = world.customers.status == ACTIVE
    rate = world.customers.purchase_rate[there].astype(float)
    leaving = -np.expm1(-world.customers.attrition_hazard[there].astype(float))
    assert stats.kstest(rate, stats.gamma(3.243, scale=1 / 42.414).cdf).pvalue > ALARM
    assert stats.kstest(leaving, stats.beta(0.793, 5.426).cdf).pvalue > ALARM


def test_base_rates_of_the_departed_end_with_their_last_order():
    """Left after it: rate ~ Gamma(r + x, alpha + recency), drop-out ~ Beta(a + 1, b + x - 1)."""
    world = built(base(BG, [[3, 12.0, 38.0, 0.0]], people=20_000)).world
    gone = world.customers.status == CHURNED
    leaving = -np.expm1(-world.customers.attrition_hazard[gone].astype(float))
    assert gone.sum() > 5000
    assert stats.kstest(world.customers.purchase_rate[gone].astype(float), stats.gamma(3.243, scale=1 / 16.414).cdf).pvalue > ALARM
    assert stats.kstest(leaving, stats.beta(1.793, 4.426).cdf).pvalue > ALARM


def test_mean_order_values_shrink_to_the_population_as_gamma_gamma_says():
    """E(own mean | x, mean) = p (v + x mean) / (p x + q - 1), Fader, Hardie & Lee 2005, JMR 42(4)."""
    p, q, v, x, mean = 6.25, 3.74, 15.44, 4, 60.0
    spend = {"spend": {"type": "gamma_gamma", "p": p, "q": q, "v": v}}
    world = built(base({**BG, **spend}, [[x, 30.0, 38.0, mean]], people=40_000)).world
    own = p * np.exp(world.customers.log_basket.astype(float))
    assert own.mean() == pytest.approx(p * (v + x * mean) / (p * x + q - 1), rel=0.01)


def test_lognormal_values_shrink_to_the_population_as_the_normal_says():
    """Weight of x observations: tau^2 x / (tau^2 x + sigma^2); the recorded mean is of values, not of logs."""
    spend = {"spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.5, "within_sd": 0.6}}
    world = built(base({**BG, **spend}, [[4, 30.0, 38.0, 60.0]], people=40_000)).world
    weight = 0.25 * 4 / (0.25 * 4 + 0.36)
    logs = world.customers.log_basket
    assert logs.mean() == pytest.approx(3.0 + weight * (np.log(60.0) - 0.18 - 3.0), abs=0.01)
    assert logs.std() == pytest.approx(0.5 * np.sqrt(1 - weight), rel=0.02)


def test_every_history_is_given_equally_often():
    world = built(base(BG, [[0, 0.0, 10.0, 0.0], [1, 5.0, 20.0, 0.0], [2, 5.0, 30.0, 0.0]], people=1000)).world
    _, counts = np.unique(world.customers.joined, return_counts=True)
    assert sorted(counts) == [333, 333, 334]


def test_regular_buyers_go_on_where_their_last_gap_was_cut():
    """Erlang-5 buyers at 1 order a week who ordered .8 gaps ago: the rest of the gap given that it is above .8."""
    steady = {"purchase": {"r": 100.0, "alpha": 100.0, "timing_shape": 5.0}, "attrition": {"type": "pareto", "s": 0.001, "beta": 1e6}}
    world = built(base(steady, [[1000, 999.2, 1000.0, 0.0]], people=20_000)).world
    gap = stats.gamma(5.0, scale=0.2)
    rest = world.customers.order_clock.astype(float)
    # The person's own rate spreads by 3 %: the mean of the rest moves by far less than the tolerance.
    expected = gap.expect(lambda one: one - 0.8, lb=0.8) / gap.sf(0.8)
    assert rest.mean() == pytest.approx(expected, rel=0.03)


def test_a_base_without_records_has_lived_at_its_own_rates():
    """Ages lie evenly over history_weeks, and who never left has ordered 1 + NBD times: mean 1 + (r / alpha) 26."""
    lively = {"purchase": {"r": 2.0, "alpha": 4.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
    customers = built(base(lively, None, people=40_000, history_weeks=52.0)).world.customers
    assert stats.kstest(-customers.joined.astype(float), stats.uniform(0, 52).cdf).pvalue > ALARM
    assert customers.orders_before.mean() == pytest.approx(1 + 0.5 * 26, rel=0.03)
    assert (customers.last_order >= customers.joined).all()
    assert (customers.last_order <= 0.0).all()


def test_a_base_without_records_has_lost_whom_pareto_would_have_taken():
    customers = built(base(PARETO, None, people=50_000, history_weeks=52.0)).world.customers
    # Share alive at an even age up to T: mean of (beta / (beta + age))^s over (0, T).
    s, beta, span = 0.606, 11.669, 52.0
    alive = beta**s * ((beta + span) ** (1 - s) - beta ** (1 - s)) / ((1 - s) * span)
    low, high = stats.binom.interval(1 - ALARM, 50_000, alive)
    assert low <= (customers.status == ACTIVE).sum() <= high
    assert set(np.unique(customers.status)) == {ACTIVE, CHURNED}


def test_a_cohort_enters_at_its_own_weeks():
    entry = np.repeat([0.5, 2.0, 6.3], 40)
    tree = {"name": "cohort", "horizon_weeks": 10, "market": {"customers": 120, "start": "cohort"}}
    histories = np.column_stack([entry, *np.zeros((4, 120))])
    model = built(replace(from_tree(tree), histories=histories)).run()
    entered = model.weekly().entered[:, -1]
    assert entered.tolist() == [40, 0, 40, 0, 0, 0, 40, 0, 0, 0]
    assert sorted(model.world.customers.joined) == pytest.approx(entry.astype(np.float32))


def test_a_market_holds_exactly_whom_it_asks_for():
    market = {"customers": 300, "prospects": 200, "newcomers": 50}
    model = built(from_tree({"name": "all", "horizon_weeks": 10, "market": market}))
    status = model.world.customers.status
    assert [(status == one).sum() for one in (ABSENT, PROSPECT)] == [50, 200]
    assert np.isin(status, (ACTIVE, CHURNED)).sum() == 300
    model.run()
    assert (status == ABSENT).sum() == 0


def test_segments_have_their_shares_and_no_say_in_luck():
    segments: dict[str, Any] = {"segments": {"a": {"share": 3.0e-1}, "b": {"share": 7.0e-1}}}
    people = 40_000
    with_them = built(base(BG, None, people=people, **segments)).world.customers
    low, high = stats.binom.interval(1 - ALARM, people, 0.3)
    assert low <= (with_them.segment == 0).sum() <= high
    without = built(base(BG, None, people=people)).world.customers
    assert (with_them.purchase_rate == without.purchase_rate).all()


def test_offsets_scale_the_base_and_leave_the_past_alone():
    scenario = base(BG, [[2, 30.0, 38.0, 0.0]], people=500)
    plain = built(scenario).world.customers
    moved = built(scenario.with_values({"behaviors.purchase.offset": 0.5, "behaviors.attrition.offset": -0.3})).world.customers
    assert moved.purchase_rate / plain.purchase_rate == pytest.approx(np.exp(0.5), rel=1e-5)
    assert moved.attrition_hazard / plain.attrition_hazard == pytest.approx(np.exp(-0.3), rel=1e-5)
    assert (moved.status == plain.status).all()
