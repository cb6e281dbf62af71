"""Components may be called in any order within a phase: same integers, same floats but for rounding.

A rate is a sum of float32 terms, and such sums depend on their order in the last bits. So order is asked for twice: with sums in
float64, where next to nothing may differ, and as the model has them, within what rounding explains.
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
from regulars.sim.world.rates import LOG_RATES

FOUNDING = ("found", "begin")
WEEK = tuple(hook for hook in HOOKS if hook not in FOUNDING)
FLOATS = {"loyalty_sum", "satisfaction_sum"}
"""Totals that add up a float of each person in fine units: rounding may move the last of these."""

EPSILON = 2.0**-24
"""Half the distance from 1 to the next float32: what one rounding may lose of a number, relatively."""

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


def in_double(model: LoyaltyModel) -> LoyaltyModel:
    """The same model with float64 sums of the terms on each rate."""
    rates = model.world.rates
    for name in (*LOG_RATES, "acquisition"):
        setattr(rates, name, getattr(rates, name).astype(np.float64))
    return model


def rounding(traced: LoyaltyModel, weeks: int) -> float:
    """Most that the order of float32 additions can do to a clock.

    n terms are added in n - 1 steps, each of which rounds a partial sum, which is at most the sum of the terms' sizes: two orders
    differ by at most 2 (n - 1) EPSILON times that sum. It stands in an exponent, so it is relative to the rate; a clock that passes
    its gap at that rate is off by as much of the gap, however many weeks the gap takes.
    """
    most, gap = 0.0, 1.0
    for _ in range(weeks):
        gap = max(gap, float(traced.world.customers.order_clock.max()), float(traced.world.customers.status_clock.max()))
        traced.step()
        terms = traced.world.rates.terms
        assert terms is not None
        for name in LOG_RATES:
            sizes = [np.abs(one[name]) for one in terms.values() if one[name].any()]
            if sizes:
                most = max(most, 2 * (len(sizes) - 1) * EPSILON * float(np.sum(sizes, axis=0).max()))
    return most * gap


def disagreements(left: LoyaltyModel, right: LoyaltyModel, tolerance: float = 1e-6) -> list[str]:
    """Fields and totals that differ: integers at all, floats and sums of floats by more than `tolerance` of their size."""
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
    expected = in_double(small_market.model(scenario)).run()
    for seed in range(2):
        assert disagreements(expected, in_double(reordered(scenario, order, seed)).run()) == []


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("variants", small_market.alternatives(), ids=str)
def test_order_is_free_but_for_the_rounding_of_sums(variants, order):
    scenario = small_market.setting(small_market.every_component(**variants), weeks=10)
    expected = small_market.model(scenario, trace=True)
    tolerance = rounding(expected, 10)
    assert tolerance < 1e-4
    assert disagreements(expected, reordered(scenario, order, 1).run(), tolerance) == []


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
