"""The plain Mesa version and the simulator live by the same rules: their yearly totals agree within Monte Carlo error."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, stdev
from typing import Any

import pytest
import small_market
from mesa_customers import MesaMarket

from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.world.market import Market

WEEKS = 52
MESA_RUNS, OUR_RUNS = 30, 90
TOLERANCE = 4.5
"""Standard errors of the difference of two means; about one false alarm in several thousand runs of the suite, and the
random numbers are fixed."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "purchase": {"r": 4.0, "alpha": 8.0},
    "organic_acquisition": {"probability": 0.01},
    "word_of_mouth": {"base": 0.05},
    "satisfaction": {"failure_rate": 0.03},
    "contact_fatigue": {"cap": 0.5, "opt_out": 0.02},
    "points": {
        "start_week": 5,
        "welcome_points": 40,
        "catalog": {
            "voucher": {"points": 150, "face_value": 5.0, "unit_cost": 3.5},
            "hamper": {"points": 400, "face_value": 18.0, "unit_cost": 11.0},
        },
        "expiry_weeks": 13,
    },
    "push": {"start_week": 3, "every_weeks": 2},
}
TOTALS = {
    "orders": 1, "revenue": 10_000, "exits": 1, "new_customers": 1, "messages_sent": 1, "contacts_sent": 1, "clicks": 1,
    "opted_out": 1, "enrolled": 1, "points_issued": 1, "points_redeemed": 1, "points_expired": 1, "rewards_redeemed": 1,
    "reward_cost": 10_000,
}  # fmt: skip
"""Totals that both count, and units of ours in one of theirs."""
STOCKS = {"active": 1, "members": 1, "satisfaction_sum": 1000, "loyalty_sum": 1_000_000}


def components() -> Iterable[Component]:
    types = ("purchase", "spend", "attrition", "satisfaction", "loyalty", "word_of_mouth", "organic_acquisition", "contact_fatigue")
    found = [(catalog.find("behavior", one)) for one in types]
    found += [catalog.find("program", "points"), catalog.find("campaign", "push")]
    return small_market.in_order(one(one.Params.model_validate(PARAMETERS.get(one.type, {})), one.type) for one in found)


def market(components: Iterable[Component]) -> small_market.Setting:
    people = Market.model_validate(
        {"customers": 350, "prospects": 350, "network": {"type": "small_world", "strong_ties": 8, "weak_ties": 12}}
    )
    return small_market.Setting(tuple(components), people, WEEKS)


def mesa_year(seed: int) -> dict[str, float]:
    found = MesaMarket(market(components()), seed=seed)
    for _ in range(WEEKS):
        found.step()
    return found.summary()


def our_year(seed: int) -> dict[str, float]:
    totals = small_market.model(market(components()), seed=seed).run().world.totals
    flows = {name: totals.so_far(name) / scale for name, scale in TOTALS.items()}
    flows["wom_acquired"] = totals.so_far("acquired_by_word_of_mouth")
    return flows | {name: int(totals.recorded()[-1, totals.place[name]].sum()) / scale for name, scale in STOCKS.items()}


@pytest.fixture(scope="module")
def years() -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    return [mesa_year(seed) for seed in range(MESA_RUNS)], [our_year(1000 + seed) for seed in range(OUR_RUNS)]


@pytest.mark.parametrize("name", [*TOTALS, "wom_acquired", *STOCKS])
def test_yearly_totals_agree_within_monte_carlo_error(years, name):
    mesas, ours = ([one[name] for one in side] for side in years)
    error = (stdev(mesas) ** 2 / MESA_RUNS + stdev(ours) ** 2 / OUR_RUNS) ** 0.5
    difference = fmean(mesas) - fmean(ours)
    assert abs(difference) <= TOLERANCE * error, f"Mesa {fmean(mesas):.1f}, ours {fmean(ours):.1f}, {difference / error:.1f} errors"


def test_the_comparison_would_notice_a_difference_of_some_percent(years):
    mesas, _ = years
    for name, share in (("orders", 0.02), ("active", 0.03), ("points_issued", 0.05), ("satisfaction_sum", 0.03), ("messages_sent", 0.05)):
        found = [one[name] for one in mesas]
        assert stdev(found) / MESA_RUNS**0.5 < share * fmean(found), name


def test_mesa_draws_are_fixed_by_the_seed():
    small = market(components())
    first, second = MesaMarket(small, seed=5), MesaMarket(small, seed=5)
    for _ in range(4):
        first.step()
        second.step()
    assert first.summary() == second.summary()
