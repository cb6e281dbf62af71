"""One world of a rehearsal: the same people with nobody treated, everybody treated, and arms as assigned, on the same luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.scenarios.scenario import Scenario
from regulars.sim.core.units import MONEY
from regulars.sim.kpis.retention import IS_OBSERVED
from regulars.sim.world.customers import NOBODY

from .assignment.assignment import Assigned, Assignment, Units

MEASURES = {
    "orders": "Orders of the test's weeks.",
    "spend": "Value of these orders, before discounts.",
    "margin": "What they leave after the cost of goods, before discounts and program costs.",
    "bought": "1 with an order in the test's weeks, else 0.",
    "retained": "1 if active at the end by the observed rule, else 0.",
}
"""Columns that a test can be read from, one row a customer on record as it begins."""
BEFORE = {
    "orders_before": "Orders before the test.",
    "spend_before": "Their value, as far as they lie within the run.",
}
"""Columns that are known before a test."""


@dataclass(frozen=True)
class Plan:
    """What a world is run for.

    Attributes:
        nobody, everybody: The scenario with the control's and with the treatment's settings for all.
        mixed: Both in one market, by arm; None for an A/A rehearsal, in which it is `nobody`.
        assignments: Way of assigning by name of the design.
        shares: Share of each arm by name, the control first.
        start_week, weeks: When the test begins and how long it lasts.
        seed: Key of all luck.
    """

    nobody: Scenario
    everybody: Scenario
    mixed: Scenario
    assignments: Mapping[str, Assignment]
    shares: Mapping[str, float]
    start_week: int
    weeks: int
    seed: int


@dataclass(frozen=True)
class Market:
    """What a market looked like after the test's weeks.

    Attributes:
        columns: `MEASURES` by name, float64 of shape (units,).
        gain: Discounted margin less program costs of the test's weeks, in the currency.
        cost: Discounted program costs of these weeks.
        weekly: ``orders``, ``spend`` and ``margin`` of all units together by week of the test, shape (weeks,).
    """

    columns: dict[str, np.ndarray]
    gain: float
    cost: float
    weekly: dict[str, np.ndarray]


@dataclass(frozen=True)
class World:
    """One world.

    Attributes:
        before: `BEFORE` by name, shape (units,).
        segment: Code of each unit's segment.
        nobody, everybody: The market with nobody and with everybody treated.
        assigned: By design: who got what, and the market as it then was.
    """

    before: dict[str, np.ndarray]
    segment: np.ndarray
    nobody: Market
    everybody: Market
    assigned: dict[str, tuple[Assigned, Market]] = field(default_factory=dict)


def live_through(plan: Plan, replication: int) -> World:
    """Run one world. Equal arguments give equal worlds, bit for bit."""
    from regulars.sim.model import LoyaltyModel

    model = LoyaltyModel(plan.nobody, seed=plan.seed, replication=replication, collect=False)
    model.run(plan.start_week - 1)
    customers, world = model.world.customers, model.world
    now = world.calendar.now
    units = np.flatnonzero((customers.joined > NOBODY) & (customers.joined <= now)).astype(np.int32)
    start = _Start(units, customers.n_orders[units].copy(), customers.spent[units].copy(), plan.start_week, plan.weeks)
    before = {
        "orders_before": (start.orders + customers.orders_before[units].astype(np.int64)).astype(np.float64),
        "spend_before": start.spent / MONEY,
    }
    who = Units(np.arange(world.people), plan.shares, customers.segment.astype(np.int64), world.network)
    treated = model.branch(plan.everybody)
    tests = {}
    for name, assignment in plan.assignments.items():
        assigned = assignment.assign(who, salt=f"{plan.seed}/{name}/{replication}", weeks=plan.weeks)
        tests[name] = assigned, model.branch(plan.mixed)
    found = World(before, customers.segment[units].copy(), start.after(model), start.after(treated))
    for name, (assigned, market) in tests.items():
        own = Assigned(assigned.arms[:, units], assigned.first_weeks, *(_of(one, units) for one in (assigned.cluster, assigned.saturation)))
        found.assigned[name] = own, start.after(market, assigned)
    return found


def _of(column: np.ndarray | None, units: np.ndarray) -> np.ndarray | None:
    return None if column is None else column[units]


@dataclass(frozen=True)
class _Start:
    """Where the customers on record stood as the test began."""

    units: np.ndarray
    orders: np.ndarray
    spent: np.ndarray
    start_week: int
    weeks: int

    def after(self, model: Any, assigned: Assigned | None = None) -> Market:
        """Run the test's weeks and measure them."""
        customers = model.world.customers
        so_far = np.empty((self.weeks + 1, 2))
        so_far[0] = self.orders.sum(), self.spent.sum()
        for week in range(1, self.weeks + 1):
            if assigned is not None and (week == 1 or week in assigned.first_weeks):
                customers.arm[:] = assigned.in_week(week)
            model.step()
            so_far[week] = customers.n_orders[self.units].sum(), customers.spent[self.units].sum()
        by_week = np.diff(so_far, axis=0) / (1.0, MONEY)
        margin_of_spend = model.world.economics.gross_margin
        orders, spent = customers.n_orders[self.units] - self.orders, customers.spent[self.units] - self.spent
        marks = model.world.owned["kpi.active_customers"].marks[self.units]
        spend = spent / MONEY
        columns = {
            "orders": orders.astype(np.float64),
            "spend": spend,
            "margin": spend * margin_of_spend,
            "bought": (orders > 0).astype(np.float64),
            "retained": ((marks & IS_OBSERVED) != 0).astype(np.float64),
        }
        totals = model.world.totals
        rows = totals.recorded()[self.start_week - 1 :].sum(axis=(0, 2))
        margin, cost = (float(rows[totals.place[name]]) / MONEY for name in ("discounted_margin", "discounted_program_cost"))
        weekly = {"orders": by_week[:, 0], "spend": by_week[:, 1], "margin": by_week[:, 1] * margin_of_spend}
        return Market(columns, margin - cost, cost, weekly)
