"""Satisfaction: experiences against expectation, losses weighing more, in balance on average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE

OFTEN = {
    "purchase": {"r": 4.0, "alpha": 8.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
}
"""Everyone orders every other week on average and nobody leaves."""


def model(customers: int = 2000, weeks: int = 60, **satisfaction: Any) -> LoyaltyModel:
    market = {"customers": customers, "start": "cohort"}
    behaviors = {**OFTEN, "satisfaction": satisfaction}
    return LoyaltyModel(from_tree({"name": "m", "horizon_weeks": weeks, "market": market, "behaviors": behaviors}), collect=False)


def fields(one: LoyaltyModel) -> tuple[Any, Any]:
    return one.world.customers, one.world.owned["behaviors.satisfaction"]


def test_everyone_starts_at_the_own_usual_level():
    customers, own = fields(model(20_000))
    assert (customers.satisfaction == customers.usual_satisfaction).all()
    assert (own.expectation == customers.usual_satisfaction).all()
    # Standard errors .085 and .06 points at 20,000 people; the limits at 5 and 95 take off .3 of the spread.
    assert customers.satisfaction.mean() == pytest.approx(70.0, abs=0.5)
    assert customers.satisfaction.std() == pytest.approx(12.0, abs=0.5)


def test_disappointment_weighs_as_much_more_as_the_scenario_says():
    """L9, wiring: regression of satisfaction on split disconfirmation recovers the ratio; Anderson & Sullivan 1993, 5 % asked."""
    ratio = 2.5
    one = model(4000, loss_ratio=ratio, spread=10.0)
    customers, _ = fields(one)
    rows = []
    for _ in range(6):
        before = customers.satisfaction.copy()
        one.step()
        events = one.world.events
        who, first, counts = np.unique(events.person, return_index=True, return_counts=True)
        once = counts == 1
        i, d = who[once], events.disconfirmation[first[once]]
        inside = (customers.satisfaction[i] > 0) & (customers.satisfaction[i] < 100)
        table = [np.maximum(d, 0), np.minimum(d, 0), customers.usual_satisfaction[i] - before[i], np.ones(len(i))]
        rows.append(np.column_stack([*table, customers.satisfaction[i] - before[i]])[inside])
    data = np.concatenate(rows).astype(float)
    gain, loss, *_ = np.linalg.lstsq(data[:, :4], data[:, 4], rcond=None)[0]
    assert loss / gain == pytest.approx(ratio, rel=0.05)
    assert gain == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.0])
def test_satisfaction_stays_in_balance_on_average(ratio):
    """Without the centre the mean would fall by learning (ratio - 1) .4 sd an order: about 19 points at a ratio of 2."""
    one = model(5000, loss_ratio=ratio, spread=10.0).run()
    customers, _ = fields(one)
    assert (customers.satisfaction - customers.usual_satisfaction).mean() == pytest.approx(0.0, abs=1.0)


def test_without_spread_nothing_ever_moves():
    one = model(500, spread=0.0).run(20)
    customers, _ = fields(one)
    assert customers.satisfaction == pytest.approx(customers.usual_satisfaction, abs=1e-4)


def test_better_quality_lifts_satisfaction_and_orders():
    same, better = model().run(30), model(quality_shift=10.0).run(30)
    assert better.world.customers.satisfaction.mean() > same.world.customers.satisfaction.mean() + 1.0
    assert better.weekly().orders.sum() > same.weekly().orders.sum()


def test_failures_happen_at_their_rate_and_cost_their_depth():
    fine, failing = model(4000, spread=0.0), model(4000, spread=0.0, failure_rate=0.2, failure_depth=40.0)
    for one in (fine, failing):
        one.step()
    events = failing.world.events
    first = np.unique(events.person, return_index=True)[1]
    failed = events.disconfirmation[first] < -1.0
    assert events.disconfirmation[first][failed] == pytest.approx(-40.0, abs=1e-3)
    # About 1,500 first orders: the standard error of the share is .010.
    assert failed.mean() == pytest.approx(0.2, abs=0.045)
    assert (failing.world.customers.satisfaction <= fine.world.customers.satisfaction).all()


def between(one: LoyaltyModel, **shared: Any) -> LoyaltyModel:
    """A week in which people get what `shared` says after phase 1."""
    one.arrive()
    for name, value in shared.items():
        getattr(one.world.customers, name)[:] = value
    one.weigh()
    one.live()
    one.settle()
    return one


def test_a_reward_adds_its_gain():
    plain, rewarded = between(model(spread=0.0)), between(model(spread=0.0), rewarded=1)
    gain = rewarded.world.customers.satisfaction - plain.world.customers.satisfaction
    inside = rewarded.world.customers.satisfaction < 99.0
    idle = plain.world.customers.n_orders == 0
    assert gain[inside & idle] == pytest.approx(4.0, abs=1e-4)


def test_half_of_a_deviation_is_forgotten_after_the_half_life():
    behaviors = {"satisfaction": {"half_life": 26.0, "effect": 0.0}, "purchase": {"r": 0.01, "alpha": 1e5}}
    tree = {"name": "m", "horizon_weeks": 26, "market": {"customers": 200, "start": "cohort"}, "behaviors": behaviors}
    one = LoyaltyModel(from_tree(tree), collect=False)
    one.world.customers.satisfaction -= 16.0
    gap = one.world.customers.usual_satisfaction - one.world.customers.satisfaction
    one.run()
    left = one.world.customers.usual_satisfaction - one.world.customers.satisfaction
    assert left == pytest.approx(gap / 2, rel=1e-4)


def test_terms_are_the_declared_share_of_the_deviation_and_0_at_the_start():
    one = model(effect=0.05, attrition_effect=0.2)
    customers = one.world.customers
    one.arrive()
    one.weigh()
    assert not one.world.rates.log_purchase.any() and not one.world.rates.log_attrition.any()
    customers.satisfaction += 7.0
    customers.status[:100] = 3
    one.weigh()
    there = customers.status == ACTIVE
    assert one.world.rates.log_purchase[there] == pytest.approx(0.05 * 0.7, rel=1e-4)
    assert one.world.rates.log_attrition[there] == pytest.approx(-0.2 * 0.7, rel=1e-4)
    assert not one.world.rates.log_purchase[~there].any()


def test_what_others_say_moves_expectation():
    one = between(model(spread=0.0), heard_strong=2, heard_weak=1, heard_negative=4)
    customers, own = fields(one)
    idle = customers.n_orders == 0
    assert own.expectation[idle] == pytest.approx(np.maximum(customers.usual_satisfaction[idle] - 1.0, 0.0), abs=1e-4)


def test_satisfaction_never_leaves_0_to_100():
    one = model(spread=40.0).run(40)
    customers, own = fields(one)
    assert customers.satisfaction.min() >= 0.0 and customers.satisfaction.max() <= 100.0
    assert own.expectation.min() >= 0.0 and own.expectation.max() <= 100.0
