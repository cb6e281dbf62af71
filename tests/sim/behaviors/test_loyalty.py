"""Loyalty: three parts, each with its own memory, in balance at the person's own start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel

OFTEN = {
    "purchase": {"r": 4.0, "alpha": 8.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
}
"""Everyone orders every other week on average and nobody leaves."""
IDLE = {"purchase": {"r": 0.01, "alpha": 1e5}, "attrition": {"type": "pareto", "s": 0.001, "beta": 1e6}}
"""Nobody orders and nobody leaves."""


def model(behaviors: dict[str, Any] | None = None, customers: int = 2000, weeks: int = 60, **loyalty: Any) -> LoyaltyModel:
    around = {**(behaviors or OFTEN), "satisfaction": {"spread": 0.0}, "loyalty": loyalty}
    tree = {"name": "m", "horizon_weeks": weeks, "market": {"customers": customers, "start": "cohort"}, "behaviors": around}
    return LoyaltyModel(from_tree(tree), collect=False)


def parts(one: LoyaltyModel) -> Any:
    return one.world.owned["behaviors.loyalty"]


def a_week(one: LoyaltyModel, **shared: Any) -> None:
    """A week in which people get what `shared` says after phase 1."""
    one.arrive()
    for name, value in shared.items():
        getattr(one.world.customers, name)[:] = value
    one.weigh()
    one.live()
    one.settle()
    one.respond()


def test_at_the_start_everyone_has_the_own_loyalty_and_no_term():
    one = model()
    customers = one.world.customers
    assert customers.loyalty == pytest.approx((0.5 + 0.5 + customers.usual_satisfaction / 100) / 3, rel=1e-5)
    one.arrive()
    one.weigh()
    assert np.abs(one.world.rates.log_purchase).max() < 1e-6
    assert np.abs(one.world.rates.log_attrition).max() < 1e-6


def test_weights_are_scaled_to_sum_to_one():
    one = model(affective_weight=1.0, behavioral_weight=0.5, cognitive_weight=0.5)
    customers = one.world.customers
    assert customers.loyalty == pytest.approx(0.5 * 0.5 + 0.25 * 0.5 + 0.25 * customers.usual_satisfaction / 100, rel=1e-5)


def test_habit_counts_own_orders_and_is_in_balance_at_the_own_rate():
    """The exponentially weighted order rate of someone who buys as usual is the base rate on average."""
    one = model(customers=20_000, weeks=60, effect=0.0, attrition_effect=0.0).run()
    rate = one.world.customers.purchase_rate
    # Standard deviation of a person's mean over its time constant of 24.5 weeks is about sqrt(rate / 49): error .1 %.
    assert parts(one).recent_rate.sum() / rate.sum() == pytest.approx(1.0, abs=0.006)


def test_habit_fades_with_its_half_life():
    one = model(IDLE, weeks=34, behavioral_half_life=17.0)
    before = parts(one).recent_rate.copy()
    one.run()
    assert parts(one).recent_rate == pytest.approx(before / 4, rel=1e-3)


def test_attachment_and_evaluation_return_with_their_half_lives():
    one = model(IDLE, weeks=52, affective_half_life=52.0, cognitive_half_life=26.0)
    usual = one.world.customers.usual_satisfaction / 100
    parts(one).affective[:] = 0.9
    parts(one).cognitive[:] = usual - 0.2
    one.run()
    assert parts(one).affective == pytest.approx(0.7, rel=1e-4)
    assert parts(one).cognitive == pytest.approx(usual - 0.05, abs=1e-4)


def test_a_reward_acts_on_habit_in_full_on_evaluation_by_half_on_attachment_by_a_quarter():
    """Wiring: the order of the three parts is that of Belli et al. 2022, the sizes are assumed."""
    plain, rewarded = model(IDLE), model(IDLE)
    a_week(plain)
    a_week(rewarded, rewarded=1)
    a, b, c = (getattr(parts(plain), name) for name in ("affective", "recent_rate", "cognitive"))
    # Satisfaction gains too, but without an order evaluation has not seen it.
    assert parts(rewarded).recent_rate - b == pytest.approx(0.10 * plain.world.customers.purchase_rate, rel=1e-4)
    assert parts(rewarded).cognitive == pytest.approx(c + (1 - c) * 0.05, abs=1e-6)
    assert parts(rewarded).affective == pytest.approx(a + (1 - a) * 0.025, abs=1e-6)


def test_evaluation_learns_from_an_order_by_one_over_orders_and_prior():
    one = model(weeks=2, learning=5.0, effect=0.0, attrition_effect=0.0)
    customers, own = one.world.customers, parts(one)
    customers.satisfaction[:] = 20.0
    before = own.cognitive.copy()
    a_week(one)
    once = customers.n_orders == 1
    forgetting = 1 - 2 ** (-1 / 34)
    level = customers.satisfaction / 100
    # orders: one before the start and one now.
    learned = before + (level - before) / 7
    expected = learned + forgetting * (customers.usual_satisfaction / 100 - learned)
    assert once.sum() > 300
    assert own.cognitive[once] == pytest.approx(expected[once], abs=1e-5)


def test_what_others_say_moves_evaluation_towards_full_or_no_esteem():
    plain, good, ill = model(IDLE), model(IDLE), model(IDLE)
    a_week(plain)
    a_week(good, heard_strong=1, heard_weak=1)
    a_week(ill, heard_negative=2)
    c = parts(plain).cognitive
    assert parts(good).cognitive == pytest.approx(c + (1 - c) * 0.04, abs=1e-6)
    assert parts(ill).cognitive == pytest.approx(c * 0.96, abs=1e-6)


def test_terms_are_the_declared_share_of_the_deviation():
    one = model(effect=0.5, attrition_effect=1.2)
    one.arrive()
    one.world.customers.loyalty += 0.1
    one.weigh()
    assert one.world.rates.log_purchase == pytest.approx(0.05, abs=1e-5)
    assert one.world.rates.log_attrition == pytest.approx(-0.12, abs=1e-5)


def test_loyalty_never_leaves_0_to_1():
    one = model(reward_gain=0.4)
    for _ in range(20):
        a_week(one, rewarded=3, heard_strong=50)
        one.world.calendar.step += 1
    assert one.world.customers.loyalty.min() >= 0.0
    assert one.world.customers.loyalty.max() <= 1.0
