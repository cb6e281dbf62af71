"""A reward that can only help harms nobody: no customer has fewer orders in any week than without the program.

Holds with word of mouth off (others' first orders are not one's own) and `attrition.exposure: base`, at the shipped noise.
It is no theorem on the weekly grid: a bad experience is felt from the next week on, so an arm that orders just before the
week's end feels it a week before its baseline does. Where noise is far above its default a few are hurt by that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree, load
from regulars.sim.model import LoyaltyModel

ALONE = {"behaviors.word_of_mouth": "off"}
STRONG = {
    "programs.stars.catalog.voucher.points": 20,
    "programs.stars.enrollment.intercept": 4.0,
    "programs.stars.redemption.rate": 0.5,
    "programs.stars.redemption.friction": 0.0,
    "programs.stars.redemption.stockpilers": 0.0,
}
FEELING = {
    "behaviors.satisfaction.effect": 0.1,
    "behaviors.satisfaction.attrition_effect": 0.35,
    "behaviors.satisfaction.reward_gain": 15.0,
    "behaviors.loyalty.effect": 2.0,
    "behaviors.loyalty.attrition_effect": 4.0,
    "behaviors.loyalty.reward_gain": 0.4,
}
"""The largest effects that may be set."""


def harmed(base: Any, arm: Any, replications: int) -> tuple[int, int]:
    """Customer-weeks with fewer cumulative orders than in the baseline, and orders gained in all."""
    fewer = gained = 0
    for replication in range(replications):
        one, two = (LoyaltyModel(each, replication=replication, collect=False) for each in (base, arm))
        for _ in range(base.horizon_weeks):
            one.step()
            two.step()
            fewer += int((two.world.customers.n_orders < one.world.customers.n_orders).sum())
        gained += int((two.world.customers.n_orders - one.world.customers.n_orders).sum())
    return fewer, gained


@pytest.mark.parametrize("noise", [{"behaviors.satisfaction.spread": 0.0}, {}, {"behaviors.satisfaction.failure_rate": 0.05}], ids=str)
@pytest.mark.parametrize("strength", [{}, STRONG, {**STRONG, **FEELING}], ids=["shipped", "strong", "strongest"])
def test_the_shops_rewards_leave_no_customer_with_fewer_orders_in_any_week(noise, strength):
    around = {**ALONE, **noise, **{path: value for path, value in strength.items() if path.startswith("behaviors")}}
    base = load("library:online_shop/baseline").with_values(around)
    arm = load("library:online_shop/points").with_values({**ALONE, **noise, **strength})
    fewer, gained = harmed(base, arm, 3)
    assert fewer == 0
    assert gained > 0


def busy(program: bool, **satisfaction: float) -> Any:
    """People who order every other week and are rewarded for almost every order."""
    stars = {
        "type": "points", "start_week": 3, "catalog": {"gift": {"points": 20, "face_value": 10.0, "unit_cost": 3.0}},
        "enrollment": {"intercept": 4.0}, "redemption": {"rate": 0.5, "friction": 0.0, "stockpilers": 0.0},
    }  # fmt: skip
    return from_tree({
        "name": "busy", "horizon_weeks": 52, "market": {"customers": 5000},
        "behaviors": {
            "purchase": {"r": 1.0, "alpha": 2.0}, "attrition": {"type": "beta_geometric", "a": 0.8, "b": 8.0},
            "satisfaction": satisfaction, "loyalty": {},
        },
        **({"programs": {"stars": stars}} if program else {}),
    })  # fmt: skip


@pytest.mark.parametrize("satisfaction", [{"spread": 0.0}, {}], ids=["no noise", "shipped noise"])
def test_busy_customers_lose_no_order_to_rewards(satisfaction):
    fewer, gained = harmed(busy(False, **satisfaction), busy(True, **satisfaction), 3)
    assert fewer == 0
    assert gained > 10_000


def test_far_more_noise_than_shipped_hurts_fewer_than_5_in_10_000_customer_weeks():
    """The price of the weekly grid, measured at the largest noise allowed: 2 in 10,000 (20 replications)."""
    fewer, gained = harmed(busy(False, spread=40.0), busy(True, spread=40.0), 4)
    assert fewer < 5e-4 * 4 * 5000 * 52
    assert gained > 10_000


def test_the_same_orders_end_lives_sooner_where_each_order_carries_the_full_hazard():
    """Why `exposure: order` is the other reading: speed alone gains about half as many orders."""
    gains = []
    for exposure in ("base", "order"):
        tree = {
            "name": "m", "horizon_weeks": 52, "market": {"customers": 20_000, "start": "cohort"},
            "behaviors": {"attrition": {"type": "beta_geometric", "exposure": exposure}},
        }  # fmt: skip
        pushed = {**tree, "campaigns": {"mail": {"type": "push", "click_through": 0.5, "effect": 0.2, "carryover": 0.5}}}
        orders = [LoyaltyModel(from_tree(each), collect=False).run().weekly().orders[:, -1].sum() for each in (tree, pushed)]
        gains.append(orders[1] / orders[0] - 1)
    assert gains[0] > 1.2 * gains[1] > 0.0
    assert np.isfinite(gains).all()
