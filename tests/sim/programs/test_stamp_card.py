"""Stamp cards: an order a stamp, a full card a reward, lapses, and books that add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.ledger import ConservationError

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

OFTEN = {
    "purchase": {"r": 4.0, "alpha": 4.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
    "spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.5, "within_sd": 0.5},
}
"""Everyone orders once a week on average and nobody leaves."""
ADDRESS = "programs.card"


def model(
    *,
    customers: int = 500,
    weeks: int = 30,
    step_days: int = 7,
    lasts: int | None = None,
    behaviors: dict[str, Any] | None = None,
    environment: dict[str, Any] | None = None,
    **card: Any,
) -> LoyaltyModel:
    """A market with one card; `weeks` is the horizon, `lasts` the length of the program."""
    program = {"type": "stamp_card", "face_value": 6.0, "unit_cost": 2.5, **({"weeks": lasts} if lasts else {}), **card}
    tree = {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": {"customers": customers, "start": "cohort"},
        "behaviors": {**OFTEN, **(behaviors or {})}, "programs": {"card": program}, "environment": environment or {},
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), collect=False)


def cards(one: LoyaltyModel) -> Any:
    return one.world.owned[ADDRESS]


def total(one: LoyaltyModel, name: str) -> float:
    return float(getattr(one.weekly(), name)[:, -1].sum())


def test_every_order_is_a_stamp_and_every_full_card_a_reward():
    one = model(opening_share=1.0, stamps=7, given=2).run()
    orders, own = one.world.customers.n_orders, cards(one)
    assert (own.cards_filled == (orders + 2) // 7).all()
    assert (own.stamps == (orders + 2) % 7).all()
    rewards = own.cards_filled.sum()
    assert rewards > 1000
    assert total(one, "rewards_redeemed") == rewards
    assert total(one, "reward_cost") == pytest.approx(2.5 * rewards)
    assert total(one, "reward_face_value") == pytest.approx(6.0 * rewards)
    assert total(one, "stamps_issued") == orders.sum() + 2 * 500


def test_the_order_that_takes_a_card_is_its_first_stamp_on_top_of_those_given():
    one = model(take_up=1.0, stamps=10, given=2, weeks=4).run()
    orders, own = one.world.customers.n_orders, cards(one)
    once = orders == 1
    assert (own.member == (orders > 0)).all()
    assert once.sum() > 10
    assert (own.stamps[once] == 3).all()


def test_customers_take_a_card_with_its_probability():
    one = model(customers=20_000, weeks=1, take_up=0.3)
    one.step()
    person, asked = np.unique(one.world.events.person, return_counts=True)
    once = person[asked == 1]
    low, high = stats.binom.interval(1 - ALARM, len(once), 0.3)
    assert low <= cards(one).member[once].sum() <= high


def test_a_single_card_is_done_when_it_is_full():
    one = model(opening_share=1.0, stamps=3, recurring=False).run()
    own = cards(one)
    full = one.world.customers.n_orders >= 3
    assert (own.cards_filled == full).all() and full.sum() > 490
    assert (own.stamps[full] == 0).all()


def test_a_card_not_full_in_time_lapses_with_its_stamps():
    """Against cards kept one by one: the next order after the lapse begins a card without gift."""
    one = model(customers=200, opening_share=1.0, stamps=6, given=2, expiry_weeks=4, weeks=40)
    stamps, until, filled = np.full(200, 2), np.full(200, 4), np.zeros(200, int)
    lost = 0
    for week in range(40):
        gone = until <= week
        lost += stamps[gone].sum()
        stamps[gone], until[gone] = 0, 10_000
        one.step()
        for person in one.world.events.person.tolist():
            if until[person] == 10_000:
                until[person] = week + 4
            stamps[person] += 1
            if stamps[person] == 6:
                stamps[person], until[person], filled[person] = 0, week + 4, filled[person] + 1
        assert (cards(one).stamps == stamps).all()
        assert (cards(one).cards_filled == filled).all()
    assert total(one, "stamps_expired") == lost > 1000
    assert filled.sum() > 100


def test_the_stamp_of_an_order_sent_back_comes_off_its_card_while_that_is_open():
    """Cards kept by hand: an order from before the launch, on a full card or on a lapsed one takes off nothing."""
    sent_back = {"returns": {"share": 0.4, "delay_weeks": 2.0, "window_weeks": 6.0}}
    one = model(customers=200, weeks=25, start_week=4, take_up=0.7, stamps=5, given=1, expiry_weeks=4, environment=sent_back)
    stamps, gift, since = ([0] * 200 for _ in range(3))
    on: list[set[int]] = [set() for _ in range(200)]
    joined, open = [False] * 200, [False] * 200
    taken = spared = 0
    for week in range(1, 26):
        one.step()
        events, refunds = one.world.events, one.world.refunds
        if week < 4:
            continue
        for i in range(200):
            if open[i] and week == since[i] + 4:
                open[i], stamps[i], gift[i], on[i] = False, 0, 0, set()
        for i, number in zip(refunds.person.tolist(), refunds.number.tolist(), strict=True):
            spared += number not in on[i]
            if number in on[i]:
                on[i].remove(number)
                stamps[i] -= 1
                taken += 1
        receipt = events.receipts[ADDRESS]
        for i, number, mine in zip(events.person.tolist(), events.number.tolist(), receipt.tolist(), strict=True):
            assert mine or not joined[i]
            if not mine:
                continue
            if not joined[i]:
                joined[i], gift[i], stamps[i] = True, 1, 1
            if not open[i]:
                open[i], since[i] = True, week
            stamps[i] += 1
            on[i].add(number)
            if stamps[i] == 5:
                stamps[i], gift[i], since[i], on[i] = 0, 0, week, set()
        assert cards(one).stamps.tolist() == stamps
    assert total(one, "stamps_reversed") == taken > 50
    assert spared > 50
    left = total(one, "stamps_issued") - total(one, "stamps_redeemed") - total(one, "stamps_expired")
    assert left == one.weekly().stamps_outstanding[-1, -1] == sum(stamps)


def test_the_program_ends_and_cards_lapse_with_it():
    one = model(opening_share=1.0, stamps=8, start_week=5, weekly_cost=3.0, lasts=8).run()
    weekly = one.weekly()
    assert weekly.stamps_issued[:4, -1].sum() == 0 and weekly.stamps_issued[12:, -1].sum() == 0
    assert weekly.stamps_outstanding[11, -1] == weekly.stamps_expired[12, -1] > 0
    assert weekly.stamps_outstanding[12:, -1].sum() == 0
    assert weekly.program_fixed_cost[:, -1].tolist() == [0.0] * 4 + [3.0] * 8 + [0.0] * 18


def test_daily_steps_stamp_the_same_orders():
    week, day = (model(opening_share=1.0, stamps=7, step_days=days, customers=200).run() for days in (7, 1))
    assert np.array_equal(week.world.customers.n_orders, day.world.customers.n_orders)
    assert np.array_equal(cards(week).cards_filled, cards(day).cards_filled)


def test_members_see_their_card_as_a_goal():
    one = model(opening_share=1.0, stamps=10, given=2, expiry_weeks=20, behaviors={"goal_gradient": {"speed_up": 0.0}}).run(12)
    own, customers = cards(one), one.world.customers
    one.arrive()
    assert customers.progress == pytest.approx(own.stamps / 10)
    first = own.cards_filled == 0
    assert 50 < first.sum() < 450
    assert customers.goal_orders == pytest.approx(np.where(first, 8.0, 10.0))
    assert customers.goal_gift == pytest.approx(np.where(first, 0.2, 0.0))
    assert (customers.goal_weeks == 20.0).all()
    assert (customers.goals_reached == own.cards_filled).all()


def test_stamps_are_owed_until_cards_are_full():
    """100.00 of sales with one stamp worth 6 / 10, 70 % expected: .42 against 100.00; nothing is released before a card is full."""
    one = model(customers=1, opening_share=1.0, stamps=10)
    one.arrive()
    events = one.world.events
    events.person, events.value = np.zeros(1, np.int32), np.array([1_000_000], np.int64)
    events.number, events.time = np.ones(1, np.int32), np.zeros(1, np.float32)
    one.settle()
    assert one.world.notes[ADDRESS].liability.liability / 10_000 == pytest.approx(100 * 0.42 / 100.42, rel=1e-9)


def test_stamps_given_at_launch_are_owed_at_their_fair_value():
    one = model(opening_share=1.0, stamps=10, given=2, weeks=1, behaviors={"purchase": {"r": 0.01, "alpha": 1e5}}).run()
    assert one.weekly().points_liability_at_launch[0, -1] == pytest.approx(500 * 2 * 0.6 * 0.7)
    assert one.weekly().points_liability[0, -1] == pytest.approx(500 * 2 * 0.6 * 0.7)


def test_tampering_with_a_card_is_found():
    one = model(opening_share=1.0).run(5)
    cards(one).stamps[3] += 1
    with pytest.raises(ConservationError, match="the books say"):
        one.step()


def test_a_card_that_is_full_from_the_start_is_refused():
    with pytest.raises(ValueError, match="given must be below stamps"):
        model(stamps=5, given=5)
