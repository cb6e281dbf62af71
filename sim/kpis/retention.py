"""Retention: who is still there, as the firm can see it and as it truly is.

Where true life is latent, retention, churn and active customers are *observed* ones: a customer counts as lapsed once no
order has come for more than `market.lapse_gaps` times the own mean gap, with one gap of the average customer mixed into
that mean. The names with ``latent_`` give the truth that only a simulation knows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Kpi
from ..core.declare import Fields, field, flow, stock
from ..core.kernel import kernel
from ..world.customers import ACTIVE, CHURNED, PROSPECT
from ..world.ledger import ConservationError
from ..world.life import NEVER, PER_RENEWAL
from ..world.totals import Series, ratio
from ..world.world import World

f32, i64, u8 = np.float32, np.int64, np.uint8
WAS_ACTIVE, WAS_OBSERVED, IS_OBSERVED, IS_ACTIVE, LAPSED, RETURNED, BOUGHT, BOUGHT_AGAIN = (1 << bit for bit in range(8))
IS_PROSPECT = 256
CODES = 257


def _meaning() -> np.ndarray:
    """What each code counts for: prospects, active, observed, kept active, kept observed, lapsed, returned, bought, again."""
    codes = np.arange(CODES)
    people = codes != IS_PROSPECT

    def has(*bits: int) -> np.ndarray:
        return people & np.logical_and.reduce([(codes & bit) != 0 for bit in bits])

    columns = (
        ~people,
        has(IS_ACTIVE),
        has(IS_OBSERVED),
        has(IS_ACTIVE, WAS_ACTIVE),
        has(IS_OBSERVED, WAS_OBSERVED),
        has(LAPSED),
        has(RETURNED),
        has(BOUGHT),
        has(BOUGHT_AGAIN),
    )
    return np.stack(columns, axis=1).astype(np.int64)


MEANING = _meaning()
"""One increment a person is several times faster than one for each thing counted."""

COUNTED = (
    "prospects", "active", "observed_active", "kept_active", "kept_observed", "lapsed", "returned", "buyers", "repeat_buyers",
)  # fmt: skip
"""Totals of the columns of `MEANING`."""

RULE = "observed: an order within 3 (market.lapse_gaps) own mean gaps"


class Census:
    """Sizes of the start's cohorts, and how many people must be there."""

    def __init__(self) -> None:
        self.active: np.ndarray | None = None
        self.observed: np.ndarray | None = None

    def copy(self) -> Census:
        twin = Census()
        twin.active, twin.observed = self.active, self.observed
        return twin


class ActiveCustomers(Kpi):
    """Customers the firm can count on, by the rule it can apply."""

    type = "active_customers"
    unit = "people"
    definition = f"Customers active at the end ({RULE})."
    reads = (
        "status", "segment", "joined", "last_order", "n_orders", "orders_before", "spent",
    )  # fmt: skip
    totals = (
        stock("observed_active", unit="people", doc="Customers active by the observed rule."),
        stock("start_active", unit="people", doc="Customers truly active at the start."),
        stock("start_observed", unit="people", doc="Customers active at the start by the observed rule."),
        stock("kept_active", unit="people", doc="Of those truly active at the start, truly active now."),
        stock("kept_observed", unit="people", doc="Of those observed active at the start, observed active now."),
        flow("lapsed", unit="people", doc="Customers who turned inactive by the observed rule."),
        flow("returned", unit="people", doc="Customers who turned active again by the observed rule."),
        stock("buyers", unit="people", doc="People with an order since the start."),
        stock("repeat_buyers", unit="people", doc="People with a second order since the start."),
    )

    class State(Fields):
        marks: Any = field(np.uint8, default=0, unit="", doc="What the customer is and was, bit by bit; see `MEANING`.")

    def begin(self, world: World) -> None:
        note = world.note(self, Census)
        counts = self._count(world, first=True)
        note.active, note.observed = counts[:, 3], counts[:, 4]

    def _count(self, world: World, *, first: bool) -> np.ndarray:
        """Counts by segment, columns as `MEANING` has them."""
        customers, marks = world.customers, world.own(self).marks
        for stretch in world.stretches():
            with world.within(*stretch):
                world.each(
                    mark_people,
                    marks,
                    customers.status,
                    customers.joined,
                    customers.last_order,
                    customers.n_orders,
                    customers.orders_before,
                    f32(world.calendar.now),
                    f32(world.market.lapse_gaps),
                    f32(1.0 / max(world.population.mean_rate, 1e-9)),
                    world.life.attrition in (NEVER, PER_RENEWAL),
                    first,
                )
        codes = world.tally(count_codes, CODES, marks, customers.status, customers.segment)
        return codes @ MEANING

    def record(self, world: World) -> None:
        counts, totals, note = self._count(world, first=False), world.totals, world.note(self, Census)
        totals.set_each(COUNTED, counts)
        totals.set("start_active", note.active if note.active is not None else 0)
        totals.set("start_observed", note.observed if note.observed is not None else 0)
        world.ledger.check(int(world.customers.spent.sum()), totals.so_far("revenue"))
        self._check_people(world, counts)

    def _check_people(self, world: World, counts: np.ndarray) -> None:
        """People conservation: the truly active are those of the start plus who came less who left."""
        totals, note = world.totals, world.note(self, Census)
        began = int(note.active.sum()) if note.active is not None else 0
        expected = began + totals.so_far("new_customers", "entered", "won_back") - totals.so_far("exits")
        there = sum(counts[:, 1].tolist())
        if there != expected:
            raise ConservationError(f"{there} customers are active, {expected} should be")

    def value(self, totals: Series) -> Any:
        return totals.observed_active


class LatentActiveCustomers(Kpi):
    """Customers who truly are still there."""

    type = "latent_active_customers"
    unit = "people"
    definition = "Customers truly active at the end, which no firm can see where life is latent."

    def value(self, totals: Series) -> Any:
        return totals.active


class NewCustomers(Kpi):
    """Prospects won."""

    type = "new_customers"
    unit = "people"
    definition = "Prospects who placed their first order."

    def value(self, totals: Series) -> Any:
        return totals.new_customers


class ChurnedCustomers(Kpi):
    """Customers lost, as observed."""

    type = "churned_customers"
    unit = "people"
    definition = f"Customers who turned inactive, less those who turned active again ({RULE})."

    def value(self, totals: Series) -> Any:
        return totals.lapsed - totals.returned


class LatentChurnedCustomers(Kpi):
    """Customers who truly left."""

    type = "latent_churned_customers"
    unit = "people"
    definition = "Customers who truly left, whether or not they were won back later."

    def value(self, totals: Series) -> Any:
        return totals.exits


class WonBackCustomers(Kpi):
    """Customers brought back by a win-back action."""

    type = "won_back_customers"
    unit = "people"
    definition = "Departed customers brought back by a win-back action."

    def value(self, totals: Series) -> Any:
        return totals.won_back


class RetentionRate(Kpi):
    """Share of the starting customers still active, as observed."""

    type = "retention_rate"
    unit = "share"
    definition = f"Of the customers active at the start, the share active at the end ({RULE})."

    def value(self, totals: Series) -> Any:
        return ratio(totals.kept_observed, totals.start_observed)


class LatentRetentionRate(Kpi):
    """Share of the starting customers truly still active."""

    type = "latent_retention_rate"
    unit = "share"
    definition = "Of the customers truly active at the start, the share truly active at the end."

    def value(self, totals: Series) -> Any:
        return ratio(totals.kept_active, totals.start_active)


class ChurnRate(Kpi):
    """Share of the starting customers lost, as observed."""

    type = "churn_rate"
    unit = "share"
    definition = f"1 - retention_rate over the same time ({RULE})."

    def value(self, totals: Series) -> Any:
        return 1.0 - ratio(totals.kept_observed, totals.start_observed)


class LatentChurnRate(Kpi):
    """Share of the starting customers truly lost."""

    type = "latent_churn_rate"
    unit = "share"
    definition = "1 - latent_retention_rate over the same time."

    def value(self, totals: Series) -> Any:
        return 1.0 - ratio(totals.kept_active, totals.start_active)


class RepurchaseRate(Kpi):
    """Share of buyers who bought again."""

    type = "repurchase_rate"
    unit = "share"
    definition = "Of the people with an order since the start, the share with a second one."

    def value(self, totals: Series) -> Any:
        return ratio(totals.repeat_buyers, totals.buyers)


@kernel
def mark_people(
    marks, status, joined, last_order, n_orders, orders_before, now, lapse_gaps, mean_gap, seen, first, start, stop
):
    """Mark what each person is and was, by the truth and by the observed rule; 0 for who is no customer."""
    for i in range(start, stop):
        active = status[i] == ACTIVE
        customer = active or status[i] == CHURNED
        orders = n_orders[i]
        told = max(f32(orders) + f32(orders_before[i]), f32(1.0))
        recent = (now - last_order[i]) * told <= lapse_gaps * (last_order[i] - joined[i] + mean_gap)
        observed = customer and (active if seen else recent)
        old = i64(marks[i])
        before = (old & IS_OBSERVED) != 0
        kept = old & (WAS_ACTIVE | WAS_OBSERVED)
        if first:
            before = observed
            kept = (WAS_ACTIVE if active else 0) | (WAS_OBSERVED if observed else 0)
        # Who was won in this very week has not returned, however often they ordered.
        returned = observed and not before and joined[i] <= now - f32(1.0)
        mark = kept | (IS_OBSERVED if observed else 0) | (IS_ACTIVE if active else 0)
        mark |= (LAPSED if before and not observed else 0) | (RETURNED if returned else 0)
        mark |= (BOUGHT if orders >= 1 else 0) | (BOUGHT_AGAIN if orders >= 2 else 0)
        marks[i] = u8(mark if customer else 0)


@kernel
def count_codes(counts, marks, status, segment, start, stop):
    """People by segment and mark (see `MEANING`), prospects apart."""
    for i in range(start, stop):
        counts[segment[i], i64(marks[i]) if status[i] != PROSPECT else IS_PROSPECT] += 1
