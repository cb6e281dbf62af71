"""Money KPIs by hand, and customer lifetime value against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim import catalog
from regulars.sim.core.units import WEEKS_PER_YEAR, discount_factor
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE
from regulars.sim.world.totals import Series, Totals
from regulars.sim.world.world import declared

KPIS = {one.type: one() for one in catalog.kpis()}


def series(**amounts: float) -> Series:
    """One week of one segment with these totals, in their units."""
    totals = Totals(declared(KPIS.values()), 1, 1)
    for name, amount in amounts.items():
        totals.data[0, totals.place[name], 0] = round(amount * totals.declared[name].scale)
    totals.close_week()
    return totals.weekly()


WEEK = {
    "revenue": 1060.0, "refunds": 60.0, "cost_of_goods": 680.0, "goods_returned": 30.0, "discounts": 20.0, "reward_cost": 30.0,
    "campaign_cost": 15.0, "service_cost": 5.0, "acquisition_cost": 40.0, "program_fixed_cost": 10.0, "orders": 25, "active": 90,
    "exits": 10, "new_customers": 8, "discounted_margin": 349.0, "discounted_program_cost": 119.0, "residual_value": 5000.0,
    "margin_so_far": 349.0, "customers_so_far": 100,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        ("revenue", 1000.0), ("gross_margin", 330.0), ("reward_cost", 30.0), ("campaign_cost", 15.0), ("service_cost", 5.0),
        ("acquisition_cost", 40.0), ("program_fixed_cost", 10.0), ("profit", 230.0), ("discounted_profit", 230.0), ("orders", 25.0),
        ("orders_per_customer", 0.25), ("basket", 42.4), ("cac", 5.0), ("clv", 53.49),
    ],
)  # fmt: skip
def test_a_money_kpi_follows_its_definition(kpi, value):
    assert KPIS[kpi].value(series(**WEEK))[0, -1] == pytest.approx(value)


def test_nothing_sold_or_won_has_no_basket_and_no_cost_a_customer():
    for kpi in ("basket", "cac", "orders_per_customer"):
        assert np.isnan(KPIS[kpi].value(series(revenue=0.0))[0, -1])


def cohort(attrition: dict[str, Any], *, people: int, weeks: int, discount: float, margin: float = 0.5, rate: float = 0.5) -> Any:
    """People who all order at nearly the same rate, with lognormal baskets of mean about 20."""
    return from_tree({
        "name": "m", "horizon_weeks": weeks, "market": {"customers": people, "start": "cohort"},
        "economics": {"gross_margin": margin, "discount_rate_per_year": discount},
        "behaviors": {
            "purchase": {"r": 100.0, "alpha": 100.0 / rate},
            "attrition": attrition,
            "spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.1, "within_sd": 0.3},
        },
    })  # fmt: skip


MEAN_BASKET = float(np.exp(3.0 + 0.5 * (0.01 + 0.09)))


def clv(scenario: Any) -> float:
    return float(KPIS["clv"].value(LoyaltyModel(scenario, collect=False).run().world.totals.horizon())[0, -1])


# Gupta & Lehmann: margin multiple m r / (1 + i - r), cash at the year's end: 1.20, 1.75, 2.67, 4.50 at i = 10 %.
@pytest.mark.parametrize(("retention", "multiple"), [(0.60, 1.20), (0.70, 1.75), (0.80, 2.667)])
def test_lifetime_value_with_constant_churn_is_the_closed_form(retention, multiple):
    """1 % asked. A customer here pays through the year and before the first renewal: (1 + i) / (1 + i - r) years' worth."""
    attrition = {"type": "renewal", "alpha": 1000 * (1 - retention), "beta": 1000 * retention, "period_weeks": 52}
    found = clv(cohort(attrition, people=20_000, weeks=780, discount=0.1))
    year = 0.5 * MEAN_BASKET * 0.5 * sum(discount_factor(0.1, week + 0.5) for week in range(52))
    assert found / year * retention / 1.1 == pytest.approx(multiple, rel=0.01)


def test_what_customers_are_worth_at_the_end_is_what_they_bring_after_it():
    """Residual value l / (l p + d) of a cohort stopped at week 8, against the same people lived to week 1,000."""
    attrition = {"type": "beta_geometric", "a": 2.0, "b": 30.0}
    early, late = (
        LoyaltyModel(cohort(attrition, people=20_000, weeks=weeks, discount=0.5), collect=False).run().world.totals.horizon()
        for weeks in (8, 1000)
    )
    foretold = early.discounted_margin[0, -1] + early.residual_value[0, -1]
    assert foretold == pytest.approx(late.discounted_margin[0, -1] + late.residual_value[0, -1], rel=0.01)
    assert early.residual_value[0, -1] > 2 * early.discounted_margin[0, -1]


@pytest.mark.parametrize(
    ("attrition", "leaving"),
    [
        ({"type": "beta_geometric", "a": 2.0, "b": 8.0}, lambda rate, hazard: rate * -np.expm1(-hazard)),
        ({"type": "pareto", "s": 2.0, "beta": 40.0}, lambda _, hazard: hazard),
        ({"type": "renewal", "period_weeks": 26}, lambda _, hazard: hazard / 26),
    ],
)
def test_residual_value_is_rate_over_leaving_and_interest(attrition, leaving):
    model = LoyaltyModel(cohort(attrition, people=500, weeks=3, discount=0.1), collect=False).run()
    customers = model.world.customers
    there = customers.status == ACTIVE
    rate, hazard, basket = (getattr(customers, name)[there].astype(float) for name in ("purchase_rate", "attrition_hazard", "log_basket"))
    worth = np.exp(basket + 0.045) * 0.5 * discount_factor(0.1, 3.0)
    expected = (rate / (leaving(rate, hazard) + 1 - discount_factor(0.1, 1.0)) * worth).sum()
    assert model.weekly().residual_value[-1, -1] == pytest.approx(expected, rel=1e-4)
    assert not model.weekly().residual_value[:-1].any()


def test_money_is_discounted_from_the_middle_of_its_week():
    model = LoyaltyModel(cohort({"type": "pareto"}, people=300, weeks=60, discount=0.2), collect=False).run()
    weekly = model.weekly()
    middle = (np.arange(60) + 0.5) / WEEKS_PER_YEAR
    expected = ((weekly.revenue - weekly.cost_of_goods)[:, -1] * 1.2**-middle).sum()
    assert weekly.discounted_margin[:, -1].sum() == pytest.approx(expected, abs=0.01)


def test_goods_cost_the_rest_of_the_margin_week_by_week():
    weekly = LoyaltyModel(cohort({"type": "pareto"}, people=300, weeks=10, discount=0.1, margin=0.35), collect=False).run().weekly()
    assert weekly.cost_of_goods[:, -1] == pytest.approx(0.65 * weekly.revenue[:, -1], abs=1e-4)
