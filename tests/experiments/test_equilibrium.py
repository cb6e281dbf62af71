"""Balance: offsets that keep the calibrated orders with all behaviors on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.experiments import equilibrium
from regulars.experiments.equilibrium import BEHAVIORS, balance, cohort, cumulative_orders
from regulars.scenarios import load


@pytest.fixture(scope="module")
def population() -> dict[str, Any]:
    shop = load("library:online_shop/baseline")
    assert shop.population is not None and shop.histories is not None
    plain = {name: {key: value for key, value in one.items() if key != "offset"} for name, one in shop.population.items()}
    return {**plain, "histories": {"rows": shop.histories.tolist()}}


def test_a_cohort_is_the_population_with_or_without_behaviors(population):
    off, on = (cohort(population, 10, people=300, behaviors=behaviors, offsets=(0.1, -0.2)) for behaviors in (False, True))
    assert {one.type for one in off.components} == {"purchase", "attrition", "spend"}
    assert {one.type for one in on.components} == {"purchase", "attrition", "spend", *BEHAVIORS}
    for one in (off, on):
        assert (one.market.start, one.market.customers, one.market.prospects) == ("cohort", 300, 0)
        assert one.value("behaviors.purchase.r") == population["purchase"]["r"]
        assert (one.value("behaviors.purchase.offset"), one.value("behaviors.attrition.offset")) == (0.1, -0.2)


def test_cumulative_orders_never_fall_and_do_not_depend_on_threads(population):
    scenario = cohort(population, 20, people=300, behaviors=True)
    orders = cumulative_orders(scenario, 3, threads=1)
    assert orders.shape == (3, 20)
    assert (np.diff(orders, axis=1) >= 0).all()
    assert (cumulative_orders(scenario, 3, threads=2) == orders).all()


def test_balance_recovers_orders_that_behaviors_would_have_changed(population, monkeypatch):
    """Fitted on few people, judged on the people it was fitted on: within the fit's own tolerance."""
    monkeypatch.setattr(equilibrium, "PEOPLE", 5000)
    monkeypatch.setattr(equilibrium, "REPLICATIONS", 4)
    offsets = balance(population, weeks=52)
    people = 2 * len(population["histories"]["rows"])
    off, drifting, balanced = (
        cumulative_orders(cohort(population, 52, people=people, behaviors=behaviors, offsets=at), 4)[:, -1].mean()
        for behaviors, at in ((False, (0.0, 0.0)), (True, (0.0, 0.0)), (True, (offsets["purchase"], offsets["attrition"])))
    )
    assert abs(balanced / off - 1.0) < 0.005
    assert abs(balanced / off - 1.0) < 0.5 * abs(drifting / off - 1.0)


def test_shipped_offsets_are_those_that_balance_finds(population):
    shop = load("library:online_shop/baseline")
    found = balance(population, weeks=78)
    for name in ("purchase", "attrition"):
        assert found[name] == pytest.approx(shop.value(f"behaviors.{name}.offset"), abs=2e-4)
