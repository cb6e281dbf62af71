"""A calibrated population with all behaviors on and no program keeps its calibrated orders, within 1 %."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.experiments.equilibrium import BEHAVIORS, cohort, cumulative_orders
from regulars.scenarios import load
from regulars.sim.model import LoyaltyModel

OFF = {f"behaviors.{name}": "off" for name in (*BEHAVIORS, "organic_acquisition", "contact_fatigue")}
FITTED = {"behaviors.purchase.offset": 0.0, "behaviors.attrition.offset": 0.0}


@pytest.fixture(scope="module")
def shop() -> Any:
    """The shop's customers alone."""
    return load("library:online_shop/baseline").with_values({"market.customers": 20_000, "market.prospects": 0})


def test_a_cohort_entering_as_in_the_log_keeps_its_cumulative_orders(shop):
    """20,000 people, 8 replications on the same luck, weeks 13 to 78: the standard error is below .1 % in every week."""
    offsets = tuple(shop.population[name]["offset"] for name in ("purchase", "attrition"))
    plain = {name: {key: value for key, value in one.items() if key != "offset"} for name, one in shop.population.items()}
    population = {**plain, "histories": {"rows": shop.histories.tolist()}}
    off, on = (
        cumulative_orders(cohort(population, 78, people=20_000, behaviors=behaviors, offsets=at), 8).mean(axis=0)
        for behaviors, at in ((False, (0.0, 0.0)), (True, offsets))
    )
    assert np.abs(on[12:] / off[12:] - 1.0).max() < 0.01


def test_a_base_with_a_past_keeps_its_orders_for_a_year(shop):
    plain = shop.with_values({**OFF, **FITTED})
    orders = [
        np.mean([LoyaltyModel(one, replication=at, collect=False).run().weekly().orders[:, -1].cumsum() for at in range(8)], axis=0)
        for one in (shop, plain)
    ]
    assert np.abs(orders[0][3:] / orders[1][3:] - 1.0).max() < 0.01


def test_without_its_offsets_the_shop_would_drift(shop):
    """What the fitted offsets are for: fluctuating terms are not neutral on average."""
    orders = [
        sum(LoyaltyModel(one, replication=at, collect=False).run().weekly().orders[:, -1].sum() for at in range(4))
        for one in (shop.with_values(FITTED), shop.with_values({**OFF, **FITTED}))
    ]
    assert abs(orders[0] / orders[1] - 1.0) > 0.01
