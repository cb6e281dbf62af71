"""Profit: what comes in, what it costs, and what it is worth today."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Kpi
from ..core.declare import flow, stock
from ..core.draws import exp32
from ..core.kernel import kernel
from ..core.units import MONEY, discount_factor
from ..world.customers import ACTIVE
from ..world.ledger import PROGRAM_COSTS
from ..world.life import PER_ORDER, PER_RENEWAL, PER_WEEK
from ..world.population import GAMMA_GAMMA
from ..world.totals import Series, ratio
from ..world.world import World

f32, f64, i64 = np.float32, np.float64, np.int64


class Revenue(Kpi):
    """Order values less those sent back."""

    type = "revenue"
    unit = "money"
    bounds = (0.0, None)
    definition = "Sum of order values, before discounts, less those of orders sent back."

    def value(self, totals: Series) -> Any:
        return totals.revenue - totals.refunds


class GrossMargin(Kpi):
    """Revenue less goods and discounts."""

    type = "gross_margin"
    unit = "money"
    definition = "Revenue less the cost of goods sold, without those taken back, and discounts given."

    def value(self, totals: Series) -> Any:
        return _margin(totals) - totals.discounts


class RewardCost(Kpi):
    """Rewards at the firm's cost."""

    type = "reward_cost"
    unit = "money"
    bounds = (0.0, None)
    definition = "Firm's cost of rewards when redeemed, not their face value."

    def value(self, totals: Series) -> Any:
        return totals.reward_cost


class CampaignCost(Kpi):
    """Campaign spending."""

    type = "campaign_cost"
    unit = "money"
    bounds = (0.0, None)
    definition = "Contacts to customers, content and other campaign spending."

    def value(self, totals: Series) -> Any:
        return totals.campaign_cost


class ServiceCost(Kpi):
    """Service spending."""

    type = "service_cost"
    unit = "money"
    bounds = (0.0, None)
    definition = "Service staff and cost per ticket."

    def value(self, totals: Series) -> Any:
        return totals.service_cost


class AcquisitionCost(Kpi):
    """Spending on prospects."""

    type = "acquisition_cost"
    unit = "money"
    bounds = (0.0, None)
    definition = "Contacts to prospects and rewards for bringing them."

    def value(self, totals: Series) -> Any:
        return totals.acquisition_cost


class ProgramFixedCost(Kpi):
    """Programs' fixed cost."""

    type = "program_fixed_cost"
    unit = "money"
    bounds = (0.0, None)
    definition = "Set-up, platform and staff of programs."

    def value(self, totals: Series) -> Any:
        return totals.program_fixed_cost


class Profit(Kpi):
    """What is left, as cash."""

    type = "profit"
    unit = "money"
    definition = "Gross margin less rewards, campaigns, service, acquisition and fixed program cost; cash view."

    def value(self, totals: Series) -> Any:
        costs = (
            totals.reward_cost + totals.campaign_cost + totals.service_cost + totals.acquisition_cost + totals.program_fixed_cost
        )
        return _margin(totals) - totals.discounts - costs


class DiscountedProfit(Kpi):
    """Profit at its value at the start."""

    type = "discounted_profit"
    unit = "money"
    definition = "Weekly profit discounted to the start at economics.discount_rate_per_year."
    totals = (
        flow("discounted_margin", unit="money", scale=MONEY, doc="Margin before program costs, discounted to the start."),
        flow("discounted_program_cost", unit="money", scale=MONEY, doc="Program costs, discounted to the start."),
    )

    def record(self, world: World) -> None:
        totals = world.totals
        row, place = totals.data[totals.weeks], totals.place
        cost = totals.of_week(PROGRAM_COSTS).sum(axis=0)
        row[place["discounted_margin"]] = _discounted_margin(world)
        row[place["discounted_program_cost"]] = np.rint(cost * _factor(world))

    def value(self, totals: Series) -> Any:
        return totals.discounted_margin - totals.discounted_program_cost


class Orders(Kpi):
    """Orders placed."""

    type = "orders"
    unit = "orders"
    definition = "Orders placed; a cohort's first orders in week 0 are not counted."

    def value(self, totals: Series) -> Any:
        return totals.orders


class OrdersPerCustomer(Kpi):
    """Orders of a customer."""

    type = "orders_per_customer"
    unit = "orders"
    definition = "Orders per customer truly active at the end or lost since the start."

    def value(self, totals: Series) -> Any:
        return ratio(totals.orders, totals.active + totals.exits)


class Basket(Kpi):
    """Mean order value."""

    type = "basket"
    unit = "money"
    bounds = (0.0, None)
    definition = "Order value, before discounts and refunds, per order."

    def value(self, totals: Series) -> Any:
        return ratio(totals.revenue, totals.orders)


class Clv(Kpi):
    """Customer lifetime value."""

    type = "clv"
    unit = "money"
    definition = (
        "Margin before program costs discounted over the horizon plus the residual value of active customers at their base "
        "rates and returns so far (interest at least .01 % a week), per customer of the start or won since; in the last week only."
    )
    reads = ("status", "segment", "purchase_rate", "attrition_hazard", "log_basket")
    totals = (
        stock(
            "residual_value",
            unit="money",
            scale=MONEY,
            doc="Discounted margin still to come from active customers, last week only.",
        ),
        stock("margin_so_far", unit="money", scale=MONEY, doc="Discounted margin since the start, last week only."),
        stock("customers_so_far", unit="people", doc="Customers of the start or won since, last week only."),
    )

    def record(self, world: World) -> None:
        if world.calendar.week <= world.calendar.horizon_weeks:
            return
        values = np.zeros(len(world.segments), np.int64)
        for stretch in world.stretches():
            with world.within(*stretch):
                values += self._to_come(world)
        totals = world.totals
        totals.set("residual_value", values)
        segments = len(world.segments)
        row = totals.data[: totals.weeks, totals.place["discounted_margin"]].sum(axis=0) + _discounted_margin(world)
        totals.set("margin_so_far", row[:segments])
        totals.set("margin_so_far", int(row[segments]))
        totals.set("customers_so_far", world.market.customers + totals.so_far("new_customers"))

    def _to_come(self, world: World) -> np.ndarray:
        """Discounted margin still to come from those the world is narrowed to, by segment."""
        population, customers, economics, totals = world.population, world.customers, world.economics, world.totals
        if population.spend == GAMMA_GAMMA:
            mean_factor = population.spend_first
        else:
            mean_factor = float(exp32(f32(0.5 * population.spend_third**2)))
        now = discount_factor(economics.discount_rate_per_year, world.calendar.now)
        per_week = 1.0 - discount_factor(economics.discount_rate_per_year, 1.0)
        # Later orders are sent back as often as those so far.
        sent_back = (totals.so_far("refunds") - totals.so_far("goods_returned")) / max(totals.so_far("revenue"), 1)
        return world.tally(
            value_residual,
            1,
            customers.status,
            customers.segment,
            customers.purchase_rate,
            customers.attrition_hazard,
            customers.log_basket,
            world.life.attrition,
            f64(world.life.period_weeks),
            f64(max(per_week, 1e-4)),
            f64(mean_factor * (economics.gross_margin - sent_back) * now * MONEY),
        )[:, 0]

    def value(self, totals: Series) -> Any:
        return ratio(totals.margin_so_far + totals.residual_value, totals.customers_so_far)


class Cac(Kpi):
    """Cost of a new customer."""

    type = "cac"
    unit = "money"
    bounds = (0.0, None)
    definition = "Acquisition cost per new customer."

    def value(self, totals: Series) -> Any:
        return ratio(totals.acquisition_cost, totals.new_customers)


def _margin(totals: Series) -> Any:
    """Margin before discounts and program costs: what orders and goods sent back leave."""
    return totals.revenue - totals.refunds - totals.cost_of_goods + totals.goods_returned


def _factor(world: World) -> float:
    """Present value of this week's money: it is worth what it is worth at the week's middle."""
    return discount_factor(world.economics.discount_rate_per_year, world.calendar.now - 0.5)


def _discounted_margin(world: World) -> np.ndarray:
    """This week's margin before program costs, discounted to the start, by segment and for none."""
    row, place = world.totals.data[world.totals.weeks], world.totals.place
    sold, goods = row[place["revenue"]] - row[place["refunds"]], row[place["cost_of_goods"]] - row[place["goods_returned"]]
    return np.rint((sold - goods) * _factor(world)).astype(np.int64)


@kernel
def value_residual(
    sums, status, segment, purchase_rate, attrition_hazard, log_basket, attrition, period, interest, worth, start, stop
):
    """Expected discounted margin of each active customer's future orders at base rates.

    With purchase rate l, drop-out p per order and interest d a week: l / (l p + d) orders; with a leaving rate m a week:
    l / (m + d).
    """
    for i in range(start, stop):
        if status[i] != ACTIVE:
            continue
        rate, hazard = f64(purchase_rate[i]), f64(attrition_hazard[i])
        if attrition == PER_ORDER:
            leaving = rate * (1.0 - f64(exp32(-attrition_hazard[i])))
        elif attrition == PER_WEEK:
            leaving = hazard
        elif attrition == PER_RENEWAL:
            leaving = hazard / period
        else:
            leaving = 0.0
        value = rate / (leaving + interest) * f64(exp32(min(log_basket[i], f32(25.0)))) * worth
        sums[segment[i], 0] += i64(np.rint(value))
