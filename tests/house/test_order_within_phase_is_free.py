"""Components may be called in any order within a phase: same integers, same floats but for rounding.

A rate is the sum of some thirty float32 terms, rounded anew at each (6e-8 of a sum that may pass 10) in each of the weeks that a
clock runs: what is left of that is a few millionths.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import small_market
from small_market import LAUNCH

from regulars.sim.core.component import HOOKS, Behavior, Component
from regulars.sim.core.declare import Fields, field
from regulars.sim.model import LoyaltyModel

FOUNDING = ("found", "begin")
WEEK = tuple(hook for hook in HOOKS if hook not in FOUNDING)
ORDERS = {"backwards": lambda found, luck: found[::-1], "shuffled": lambda found, luck: [found[at] for at in luck.permutation(len(found))]}


class Reordered(LoyaltyModel):
    """Calls the components of some phases in another order; what is laid out in memory stays canonical."""

    order: Any = None
    hooks: tuple[str, ...] = ()

    def _call(self, hook: str) -> None:
        kept = self._hooks[hook]
        if hook in self.hooks:
            self._hooks[hook] = self.order(kept)
        try:
            super()._call(hook)
        finally:
            self._hooks[hook] = kept


def reordered(scenario: small_market.Setting, order: str, seed: int, hooks: tuple[str, ...] = WEEK) -> LoyaltyModel:
    luck = np.random.default_rng(seed)
    cls = type("Reordered", (Reordered,), {"hooks": hooks, "order": staticmethod(lambda found: ORDERS[order](found, luck))})
    return cls(scenario, collect=False)


FLOATS = {"loyalty_sum", "satisfaction_sum"}
"""Totals that add up a float of each person, in fine units: rounding may move the last of these."""


def disagreements(left: LoyaltyModel, right: LoyaltyModel, tolerance: float = 5e-6) -> list[str]:
    """Fields and totals that differ: integers at all, floats by more than `tolerance` of their size."""
    found = []
    for (name, one), (_, other) in zip(left.world.arrays(), right.world.arrays(), strict=True):
        if one.dtype.kind == "f":
            if not np.allclose(one, other, rtol=tolerance, atol=tolerance):
                found.append(f"{name}: {np.max(np.abs(one.astype(float) - other)):.3g}")
        elif not np.array_equal(one, other):
            found.append(name)
    mine, others = left.world.totals, right.world.totals
    for name, at in mine.place.items():
        one, other = mine.data[:, at], others.data[:, others.place[name]]
        if not np.allclose(one, other, rtol=tolerance if name in FLOATS else 0.0, atol=0.0):
            found.append(f"totals.{name}")
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("variants", small_market.alternatives(), ids=str)
def test_order_within_a_phase_is_free(variants, order):
    scenario = small_market.setting(small_market.every_component(**variants), weeks=10)
    expected = small_market.model(scenario).run()
    for seed in range(2):
        assert disagreements(expected, reordered(scenario, order, seed).run()) == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("hook", FOUNDING)
def test_order_is_free_where_the_market_is_founded(hook, order):
    scenario = small_market.setting()
    expected = small_market.model(scenario)
    assert disagreements(expected, reordered(scenario, order, 1, (hook,))) == []


def test_order_is_free_in_daily_steps():
    scenario = small_market.setting(weeks=LAUNCH + 2, step_days=1)
    assert disagreements(small_market.model(scenario).run(), reordered(scenario, "backwards", 1).run()) == []


def test_a_component_that_reads_a_sibling_of_its_phase_is_found():
    with small_market.unregistered():

        class Eager(Behavior):
            """Copies what satisfaction makes of this week, within the same phase."""

            type = "eager"

            class State(Fields):
                seen: Any = field(np.float32, default=0.0, unit="points", doc="Satisfaction as it stood.")

            def settle(self, world: Any) -> None:
                world.own(self).seen[:] = world.customers.satisfaction
    components: tuple[Component, ...] = (*small_market.every_component(), Eager())
    scenario = small_market.setting(small_market.in_order(components), weeks=4)
    found = disagreements(small_market.model(scenario).run(), reordered(scenario, "backwards", 1).run())
    assert any("eager.seen" in one for one in found)


def test_every_hook_can_be_reordered():
    model = small_market.model()
    assert set(HOOKS) <= set(model._hooks)
