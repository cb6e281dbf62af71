"""One world of a rehearsal: the same people with nobody treated, everybody treated, and arms as assigned, on the same luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        ties: Whether readings need to know who knows whom.
        looks: Weeks of the test at whose end somebody looks, before its own end.
    """

    nobody: Scenario
    everybody: Scenario
    mixed: Scenario
    assignments: Mapping[str, Assignment]
    shares: Mapping[str, float]
    start_week: int
    weeks: int
    seed: int
    ties: bool = False
    looks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Market:
    """What a market looked like after the test's weeks.

    Attributes:
        columns: `MEASURES` by name, float64 of shape (units,).
        gain: Discounted margin less program costs of the test's weeks, in the currency.
        cost: Discounted program costs of these weeks.
        weekly: ``orders``, ``spend`` and ``margin`` by week of the test and group of units, shape (weeks, groups).
        given: What programs and discounts gave each unit: ``rewards`` (by worth, one of full worth is 1) and ``discounts``
            (in the currency), shape (units,); empty in markets of daily steps.
        so_far: ``orders``, ``spend`` and ``margin`` by unit from the start of the test to each look, by its week.
    """

    columns: dict[str, np.ndarray]
    gain: float
    cost: float
    weekly: dict[str, np.ndarray]
    given: dict[str, np.ndarray]
    so_far: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """One world.

    Attributes:
        before: `BEFORE` by name, shape (units,).
        segment: Code of each unit's segment.
        segments: Names of the segments.
        nobody, everybody: The market with nobody and with everybody treated.
        assigned: By design: who got what, and the market as it then was.
        groups: By design: which group of units, treated alike in every week and assigned together, each unit belongs to.
        untreated: By design: `Market.weekly` of these groups with nobody treated.
        ties: Units at both ends of each tie among them; None where no reading asks, or nobody knows anybody.
    """

    before: dict[str, np.ndarray]
    segment: np.ndarray
    segments: tuple[str, ...]
    nobody: Market
    everybody: Market
    assigned: dict[str, tuple[Assigned, Market]] = field(default_factory=dict)
    groups: dict[str, np.ndarray] = field(default_factory=dict)
    untreated: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    ties: tuple[np.ndarray, np.ndarray] | None = None


def live_through(plan: Plan, replication: int) -> World:
    """Run one world. Equal arguments give equal worlds, bit for bit."""
    from regulars.sim.model import LoyaltyModel

    model = LoyaltyModel(plan.nobody, seed=plan.seed, replication=replication, collect=False)
    model.run(plan.start_week - 1)
    customers, world = model.world.customers, model.world
    now = world.calendar.now
    units = np.flatnonzero((customers.joined > NOBODY) & (customers.joined <= now)).astype(np.int32)
    start = _Start(units, customers.n_orders[units].copy(), customers.spent[units].copy(), plan.start_week, plan.weeks, plan.looks)
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
    own = {name: _among(assigned, units) for name, (assigned, _) in tests.items()}
    groups = {name: groups_of(one) for name, one in own.items()}
    ties = ties_among(world.network, units, world.people) if plan.ties and world.network is not None else None
    # Without treatment a test would read the same groups: their weeks are kept for each design.
    bare = list(groups.values()) or [np.zeros(len(units), np.int64)]
    nobody, everybody = start.after(model, bare), start.after(treated, [np.zeros(len(units), np.int64)])
    found = World(before, customers.segment[units].copy(), world.segments, nobody[0], everybody[0], groups=groups, ties=ties)
    for at, (name, (assigned, market)) in enumerate(tests.items()):
        found.assigned[name] = own[name], start.after(market, [groups[name]], assigned)[0]
        found.untreated[name] = nobody[at].weekly
    return found


def _among(assigned: Assigned, units: np.ndarray) -> Assigned:
    """The assignment of some of those who were assigned."""
    return Assigned(assigned.arms[:, units], assigned.first_weeks, *(_of(one, units) for one in (assigned.cluster, assigned.saturation)))


def groups_of(assigned: Assigned) -> np.ndarray:
    """Code of each unit's group, int64: units that were assigned together and had the same arms throughout.

    Where units of a stepped roll-out were assigned one by one each is a group of its own.
    """
    arms, cluster = assigned.arms, assigned.cluster
    if cluster is None and len(arms) > 1 and (arms != arms[:, :1]).any():
        return np.arange(arms.shape[1])
    parts = arms[-1].astype(np.int64) if cluster is None else cluster * 256 + arms[-1]
    return np.unique(parts, return_inverse=True)[1].reshape(-1).astype(np.int64)


def ties_among(network: Any, units: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Places among `units` of both ends of every tie between two of them, each once."""
    place = np.full(people, -1, np.int64)
    place[units] = np.arange(len(units))
    one, other = place[network.senders], place[network.receivers]
    kept = (one >= 0) & (other >= 0) & (one != other)
    pairs = np.unique(np.minimum(one, other)[kept] * len(units) + np.maximum(one, other)[kept])
    return pairs // len(units), pairs % len(units)


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
    looks: tuple[int, ...]

    def after(self, model: Any, groups: Sequence[np.ndarray], assigned: Assigned | None = None) -> list[Market]:
        """Run the test's weeks and measure them, week by week in each way of grouping the units."""
        world = model.world
        customers, totals = world.customers, world.totals
        weekly = [np.empty((2, self.weeks, int(group.max(initial=0)) + 1)) for group in groups]
        orders, spent = self.orders, self.spent
        # In a week of several steps only the last one's rewards and discounts are still to be seen.
        seen = world.calendar.steps_per_week == 1
        rewards, discounts = np.zeros(len(self.units)), np.zeros(world.people, np.int64)
        so_far: dict[int, dict[str, np.ndarray]] = {}
        share = world.economics.gross_margin
        for week in range(1, self.weeks + 1):
            if assigned is not None and (week == 1 or week in assigned.first_weeks):
                customers.arm[:] = assigned.in_week(week)
            model.step()
            was_orders, was_spent = orders, spent
            orders, spent = customers.n_orders[self.units], customers.spent[self.units]
            for group, sums in zip(groups, weekly, strict=True):
                sums[0, week - 1] = np.bincount(group, orders - was_orders)
                sums[1, week - 1] = np.bincount(group, (spent - was_spent) / MONEY)
            if week in self.looks:
                paid = (spent - self.spent) / MONEY
                so_far[week] = {"orders": (orders - self.orders).astype(np.float64), "spend": paid, "margin": paid * share}
            if seen and customers.rewarded.size:
                rewards += customers.rewarded[self.units]
            if seen and world.events.reductions:
                np.add.at(discounts, world.events.person, world.events.discount)
        marks = world.owned["kpi.active_customers"].marks[self.units]
        placed, spend = (orders - self.orders).astype(np.float64), (spent - self.spent) / MONEY
        columns = {
            "orders": placed,
            "spend": spend,
            "margin": spend * share,
            "bought": (placed > 0).astype(np.float64),
            "retained": ((marks & IS_OBSERVED) != 0).astype(np.float64),
        }
        rows = totals.recorded()[self.start_week - 1 :].sum(axis=(0, 2))
        margin, cost = (float(rows[totals.place[name]]) / MONEY for name in ("discounted_margin", "discounted_program_cost"))
        given = {"rewards": rewards, "discounts": discounts[self.units] / MONEY} if seen else {}
        return [
            Market(columns, margin - cost, cost, {"orders": one[0], "spend": one[1], "margin": one[1] * share}, given, so_far)
            for one in weekly
        ]
