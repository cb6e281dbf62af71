"""Who is still there: by the rule a firm can apply, and in truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim import catalog
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE, CHURNED
from regulars.sim.world.ledger import ConservationError

KPIS = {one.type: one() for one in catalog.kpis()}
BG = {"purchase": {"r": 1.0, "alpha": 4.0}, "attrition": {"type": "beta_geometric", "a": 0.8, "b": 2.5}}


def model(behaviors: dict[str, Any] | None = None, *, weeks: int = 40, **market: Any) -> LoyaltyModel:
    people = {"customers": 3000, "prospects": 500, **market}
    around = {**(behaviors or BG), "organic_acquisition": {"probability": 0.02}}
    return LoyaltyModel(from_tree({"name": "m", "horizon_weeks": weeks, "market": people, "behaviors": around}), collect=False)


def observed(one: LoyaltyModel) -> np.ndarray:
    """The rule, written again: an order within 3 own mean gaps, one gap of the average customer mixed in."""
    customers, now = one.world.customers, one.world.calendar.now
    known = np.isin(customers.status, (ACTIVE, CHURNED))
    orders = customers.n_orders + customers.orders_before.astype(int)
    gap = (customers.last_order.astype(float) - customers.joined + 4.0) / np.maximum(orders, 1)
    return known & (now - customers.last_order <= 3.0 * gap)


def test_observed_customers_are_those_of_the_rule():
    one = model()
    start = observed(one)
    for _ in range(40):
        one.step()
        there, weekly = observed(one), one.weekly()
        # Float32 in the model: a person on the very edge may fall on either side.
        assert abs(weekly.observed_active[-1, -1] - there.sum()) <= 2
        assert abs(weekly.kept_observed[-1, -1] - (there & start).sum()) <= 2
        assert weekly.start_observed[-1, -1] == start.sum()


def test_observed_customers_change_by_the_lapsed_the_returned_and_the_new():
    weekly = model().run().weekly()
    change = np.diff(weekly.observed_active[:, -1])
    flows = weekly.new_customers[1:, -1] + weekly.returned[1:, -1] - weekly.lapsed[1:, -1]
    assert change.tolist() == flows.tolist()


def test_the_truth_is_counted_person_by_person():
    one = model()
    active = one.world.customers.status == ACTIVE
    one.run()
    status, weekly = one.world.customers.status, one.weekly()
    assert weekly.kept_active[-1, -1] == (active & (status == ACTIVE)).sum()
    assert weekly.active[-1, -1] == (status == ACTIVE).sum()
    assert weekly.exits[:, -1].sum() == (status == CHURNED).sum() - (3000 - active.sum())


def test_rates_are_shares_of_the_starts_customers():
    totals = model().run().world.totals.horizon()
    for prefix, kept, start in (("", "kept_observed", "start_observed"), ("latent_", "kept_active", "start_active")):
        share = getattr(totals, kept)[0, -1] / getattr(totals, start)[0, -1]
        assert KPIS[f"{prefix}retention_rate"].value(totals)[0, -1] == share
        assert KPIS[f"{prefix}churn_rate"].value(totals)[0, -1] == 1 - share


def test_where_life_is_latent_a_firm_sees_something_else():
    totals = model().run().world.totals.horizon()
    seen, true = (KPIS[name].value(totals)[0, -1] for name in ("retention_rate", "latent_retention_rate"))
    assert abs(seen - true) > 0.05


def test_under_contract_the_firm_sees_the_truth():
    behaviors = {**BG, "attrition": {"type": "renewal", "period_weeks": 13}}
    totals = model(behaviors).run().weekly()
    assert (totals.observed_active == totals.active).all()
    assert (totals.kept_observed == totals.kept_active).all()


def test_buyers_and_repeat_buyers_are_counted_since_the_start():
    one = model().run()
    n_orders, totals = one.world.customers.n_orders, one.world.totals.horizon()
    assert (totals.buyers[0, -1], totals.repeat_buyers[0, -1]) == ((n_orders >= 1).sum(), (n_orders >= 2).sum())
    assert KPIS["repurchase_rate"].value(totals)[0, -1] == (n_orders >= 2).sum() / (n_orders >= 1).sum()


def test_segments_add_up_to_the_market():
    one = model(segments={"a": {"share": 0.7}, "b": {"share": 0.3}}).run()
    for name in ("orders", "active", "observed_active", "exits", "new_customers", "lapsed"):
        values = getattr(one.weekly(), name)
        assert values.shape[1] == 3
        assert (values[:, :2].sum(axis=1) == values[:, 2]).all()


@pytest.mark.parametrize(("field", "says"), [("status", "are active"), ("spent", "customers spent")])
def test_people_and_money_that_appear_from_nowhere_are_found(field, says):
    one = model().run(3)
    array = getattr(one.world.customers, field)
    gone = int(np.flatnonzero(one.world.customers.status == CHURNED)[0])
    array[gone] = ACTIVE if field == "status" else array[gone] + 1
    # Back without an order: a clock that never rings keeps the resurrected from ordering or leaving again.
    one.world.customers.order_clock[gone] = one.world.customers.status_clock[gone] = 1e9
    with pytest.raises(ConservationError, match=says):
        one.step()
