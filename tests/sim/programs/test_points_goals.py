"""What members of a points program see of their next reward, and how many points they never use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.ledger import TooLarge

OFTEN = {
    "purchase": {"r": 4.0, "alpha": 4.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
    "spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.5, "within_sd": 0.5},
}
"""Everyone orders once a week on average and nobody leaves."""
TWO = {"small": {"points": 100, "face_value": 5.0, "unit_cost": 3.0}, "large": {"points": 300, "face_value": 20.0, "unit_cost": 9.0}}


def model(weeks: int = 12, *, customers: int = 1000, behaviors: dict[str, Any] | None = None, **program: Any) -> LoyaltyModel:
    stars = {"type": "points", "catalog": TWO, "enrollment": {"opening_share": 0.4, "intercept": 4.0}, **program}
    tree = {
        "name": "m", "horizon_weeks": weeks, "market": {"customers": customers, "start": "cohort"},
        "behaviors": {**OFTEN, "goal_gradient": {}, **(behaviors or {})}, "programs": {"stars": stars},
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), collect=False).run()


def test_progress_is_the_way_to_the_wanted_reward_beyond_those_already_saved_for():
    one = model(welcome_points=20, redemption={"rate": 0.3})
    own, customers = one.world.owned["programs.stars"], one.world.customers
    one.arrive()
    price = np.where(own.wanted == 0, 100, 300)
    balance = own.earned - own.used
    member = own.member == 1
    assert 300 < (own.wanted == 1).sum() < 700 and member.sum() > 900
    assert (balance > price).sum() > 50
    assert customers.progress == pytest.approx(np.where(member, balance % price / price, 0.0))
    assert (customers.goals_reached == np.where(member, own.redemptions + balance // price, 0)).all()


def test_the_reward_shown_is_the_reward_redeemed():
    one = model(30, redemption={"rate": 0.5, "friction": 0.0, "stockpilers": 0.0})
    own = one.world.owned["programs.stars"]
    assert own.redemptions.sum() > 1000
    assert (own.used == own.redemptions * np.where(own.wanted == 0, 100, 300)).all()


def test_a_goal_takes_own_mean_orders_from_what_was_given():
    """Lognormal orders of mean exp(own scale + .5^2 / 2), 1.5 points a unit of money."""
    one = model(4, welcome_points=20, per_money=1.5)
    own, customers = one.world.owned["programs.stars"], one.world.customers
    one.arrive()
    price = np.where(own.wanted == 0, 100, 300)
    given = np.where((customers.goals_reached == 0) & (own.from_launch == 0), 20, 0)
    member = own.member == 1
    expected = (price - given) / (1.5 * np.exp(customers.log_basket + 0.125))
    assert customers.goal_orders[member] == pytest.approx(expected[member], rel=1e-5)
    assert (customers.goal_orders[~member] == 0.0).all()
    assert customers.goal_gift[member] == pytest.approx((given / price)[member])
    assert (customers.goal_gift > 0).sum() > 100


def test_a_goal_must_be_reached_before_points_expire():
    weeks = [model(4, expiry_weeks=expiry) for expiry in (30, None)]
    for one, expected in zip(weeks, (30.0, 0.0), strict=True):
        one.arrive()
        shown = one.world.customers.goal_orders > 0
        assert shown.sum() > 500
        assert (one.world.customers.goal_weeks[shown] == expected).all()


def test_goals_are_worked_out_only_where_somebody_looks_at_them():
    one = model(behaviors={"goal_gradient": "off"})
    one.arrive()
    assert one.world.owned["programs.stars"].member.sum() > 900
    assert one.world.customers.goal_orders.size == 0


def breakage(every_weeks: float, price: int, **redemption: str) -> float:
    """Points unredeemed per point issued after 36 months, all else by default; people who order every so many weeks."""
    catalog = {"voucher": {"points": price, "face_value": 0.05 * price, "unit_cost": 0.03 * price}}
    tree = {
        "name": "m", "horizon_weeks": 156, "market": {"customers": 3000, "start": "cohort"},
        "behaviors": {**OFTEN, "purchase": {"r": 1.0, "alpha": every_weeks}},
        "programs": {"stars": {"type": "points", "catalog": catalog, "redemption": redemption}},
    }  # fmt: skip
    totals = LoyaltyModel(from_tree(tree), collect=False).run().world.totals.horizon()
    return 1.0 - totals.points_redeemed[0, -1] / totals.points_issued[0, -1]


@pytest.mark.parametrize("every_weeks", [1.0, 4.0, 13.0])
@pytest.mark.parametrize("price", [100, 200])
def test_after_three_years_15_to_40_percent_of_points_are_unredeemed(every_weeks, price):
    """L13, wiring: a third unredeemed in the United States (Colloquy 2011); tolerance 15-40 %. Measured 15-38 %.

    No evidence: `redemption.takes: all` is the default because with it this range is met, over buyers and prices, and with
    `one` it is not. One reward at a time leaves heavy buyers with balances that they earn faster than they redeem and gives
    40-78 %, as the next test shows.
    """
    assert 0.15 <= breakage(every_weeks, price) <= 0.40


def test_one_reward_at_a_time_leaves_more_than_40_percent_unredeemed():
    """Why `takes: all` is the default: measured 40-78 % over the buyers and prices above."""
    assert breakage(1.0, 100, takes="one") > 0.6
    assert breakage(4.0, 100, takes="one") > 0.45


def test_all_that_the_balance_pays_is_redeemed_at_once():
    catalog = {"voucher": {"points": 100, "face_value": 5.0, "unit_cost": 3.0}}
    redemption = {"rate": 0.5, "friction": 0.0, "stockpilers": 0.0}
    one = model(1, catalog=catalog, enrollment={"opening_share": 1.0, "opening_points": 500.0}, redemption=redemption)
    own = one.world.owned["programs.stars"]
    redeeming = own.redemptions > 0
    assert redeeming.sum() > 200 and own.redemptions.max() > 5
    assert (own.used == 100 * own.redemptions).all()
    left = one.world.totals.horizon()
    assert left.rewards_redeemed[0, -1] == own.redemptions.sum() and left.reward_cost[0, -1] == pytest.approx(3.0 * own.redemptions.sum())


def test_trifles_redeemed_at_once_please_as_what_they_are_worth_together():
    """Face value 1 where 5 please in full (a quarter of a mean order of 20): three at once count 0.6, ten count 1."""
    catalog = {"trifle": {"points": 10, "face_value": 1.0, "unit_cost": 0.5}}
    one = model(1, catalog=catalog, enrollment={"opening_share": 1.0, "opening_points": 40.0}, redemption={"rate": 0.5})
    own, full = one.world.owned["programs.stars"], 0.25 * one.world.population.mean_basket
    redeemed = own.redemptions > 0
    assert len(np.unique(own.redemptions[redeemed])) > 5 and own.redemptions.max() > full
    assert own.redeemed_now == pytest.approx(np.minimum(own.redemptions / full, 1.0), rel=1e-5)


def test_rewards_worth_more_than_the_books_can_hold_are_refused():
    catalog = {"palace": {"points": 1, "face_value": 1e9, "unit_cost": 1e9}}
    with pytest.raises(TooLarge, match=r"programs\.stars: rewards add up to more money than the books can hold"):
        model(1, catalog=catalog, enrollment={"opening_share": 1.0, "opening_points": 1e6})
