"""Push: who is written to and when, who clicks, and what a click does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import Scenario, ScenarioError, from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import PROSPECT

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

STAY = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
"""Everyone orders once in four weeks on average and nobody leaves."""


def scenario(*, customers: int = 5000, prospects: int = 0, weeks: int = 12, step_days: int = 7, **push: Any) -> Scenario:
    """One campaign; `behaviors` may be given to replace the plain ones."""
    behaviors = push.pop("behaviors", STAY)
    tree = {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "behaviors": behaviors,
        "market": {"customers": customers, "prospects": prospects, "start": "cohort"},
        "campaigns": {"mail": {"type": "push", **push}},
    }  # fmt: skip
    return from_tree(tree)


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario(**options), collect=False)


def weekly(one: LoyaltyModel, name: str) -> list[float]:
    return getattr(one.weekly(), name)[:, -1].tolist()


def test_the_calendar_says_when_messages_go_out():
    one = model(start_week=3, every_weeks=4, weeks=12).run()
    assert np.flatnonzero(weekly(one, "contacts_sent")).tolist() == [2, 6, 10]
    assert weekly(one, "contacts_sent")[2] == 5000


def test_a_campaign_ends_after_its_weeks():
    one = scenario(start_week=2).with_values({"campaigns.mail.weeks": 3})
    assert np.flatnonzero(weekly(LoyaltyModel(one, collect=False).run(), "contacts_sent")).tolist() == [1, 2, 3]


def test_messages_go_out_once_a_week_in_daily_steps_too():
    one = model(customers=300, weeks=3, step_days=1).run()
    assert weekly(one, "contacts_sent") == [300, 300, 300]


@pytest.mark.parametrize(("to", "reached"), [("customers", 2000), ("prospects", 700), ("everyone", 2700)])
def test_a_message_reaches_whom_it_is_for(to, reached):
    one = model(customers=2000, prospects=700, weeks=1, to=to).run()
    assert weekly(one, "contacts_sent") == [reached]


def test_the_firm_writes_to_departed_customers_since_it_cannot_tell():
    leaving = {**STAY, "attrition": {"type": "pareto", "s": 100.0, "beta": 20.0}}
    one = model(behaviors=leaving, weeks=8).run()
    assert weekly(one, "contacts_sent")[-1] == 5000
    assert weekly(one, "active")[-1] < 10


@pytest.mark.parametrize(("mode", "factor"), [("broadcast", 1.0), ("tagged", 2.0)])
def test_clicks_come_at_their_probability_and_tagged_ones_more_often(mode, factor):
    """Exact binomial bounds on 20,000 messages; tagged content is clicked `relevance` times as often."""
    one = model(customers=20_000, weeks=1, mode=mode, click_through=0.08, relevance=2.0).run()
    low, high = stats.binom.interval(1 - ALARM, 20_000, 0.08 * factor)
    assert low <= weekly(one, "clicks")[0] <= high


def test_who_clicks_a_broadcast_also_clicks_the_tagged_message():
    plain, tagged = (model(weeks=1, mode=mode).run() for mode in ("broadcast", "tagged"))
    goodwill = [one.world.owned["campaigns.mail"].goodwill > 0 for one in (plain, tagged)]
    assert (goodwill[1] >= goodwill[0]).all()


def test_a_triggered_message_follows_an_order_after_the_delay():
    one = model(trigger="after_order", delay_weeks=2, weeks=12)
    for _ in range(12):
        last = one.world.customers.last_order.copy()
        now = one.world.calendar.now
        one.step()
        due = np.floor(now - last) == 2
        assert (one.world.customers.contacts == due).all()


def test_an_inactive_customer_is_written_to_again_and_again():
    one = model(trigger="inactive", delay_weeks=3, every_weeks=2, weeks=14)
    for _ in range(14):
        waited = np.floor(one.world.calendar.now - one.world.customers.last_order)
        one.step()
        assert (one.world.customers.contacts == ((waited >= 3) & ((waited - 3) % 2 == 0))).all()
    assert sum(weekly(one, "contacts_sent")) > 1000


def test_a_click_raises_the_purchase_rate_and_half_of_it_is_left_a_week_later():
    """Over its week a click works with the average of its decay: (1 - c) / -log c = .7213 at c = .5."""
    one = model(weeks=3, every_weeks=104, click_through=0.3, effect=0.8, carryover=0.5)
    one.step()
    clicked = one.world.owned["campaigns.mail"].goodwill > 0
    assert one.world.rates.log_purchase[clicked] == pytest.approx(0.8 * 0.72135, rel=1e-4)
    assert not one.world.rates.log_purchase[~clicked].any()
    one.step()
    assert one.world.rates.log_purchase[clicked] == pytest.approx(0.4 * 0.72135, rel=1e-4)


def test_goodwill_of_many_clicks_adds_up_to_the_ceiling():
    one = model(weeks=12, click_through=0.5, relevance=2.0, mode="tagged", effect=1.0, carryover=0.9, ceiling=1.5).run()
    assert one.world.owned["campaigns.mail"].goodwill == pytest.approx(1.5 * 0.9, rel=1e-5)


def test_the_whole_effect_of_a_click_is_that_of_adstock():
    """Wiring. Summed over weeks a click of effect e and carryover c is worth e / -log c: long run over first week 1 / (1 - c)."""
    one = model(weeks=30, every_weeks=104, click_through=0.5, effect=0.8, carryover=0.5)
    total = np.zeros(5000)
    for _ in range(30):
        one.step()
        total += one.world.rates.log_purchase
    assert total[total > 0] == pytest.approx(0.8 / np.log(2), rel=1e-3)


def test_clicking_prospects_are_won_at_their_probability():
    people = 20_000
    one = model(customers=10, prospects=people, to="prospects", weeks=1, click_through=0.5, acquisition=0.2).run()
    clicks = int(weekly(one, "clicks")[0])
    low, high = stats.binom.interval(1 - ALARM, clicks, 0.2)
    assert low <= weekly(one, "acquired_by_push")[0] <= high
    assert weekly(one, "prospects")[0] == (one.world.customers.status == PROSPECT).sum() == people - weekly(one, "new_customers")[0]


def test_messages_cost_their_price_by_whom_they_reach():
    one = model(customers=2000, prospects=700, weeks=3, to="everyone", contact_cost=0.02, weekly_cost=5.0, setup_cost=40.0,
                acquisition=0.0, start_week=2).run()  # fmt: skip
    assert weekly(one, "campaign_cost") == pytest.approx([0.0, 40 + 5 + 2000 * 0.02, 5 + 2000 * 0.02])
    assert weekly(one, "acquisition_cost") == pytest.approx([0.0, 700 * 0.02, 700 * 0.02])


def test_a_message_of_less_than_the_least_amount_of_money_still_costs():
    one = model(customers=5000, weeks=1, contact_cost=0.00004).run()
    assert weekly(one, "campaign_cost") == pytest.approx([0.2])


def test_fatigue_lowers_clicks_and_opted_out_people_are_left_alone():
    tired = {**STAY, "contact_fatigue": {"cap": 0.0, "tiring": 0.5, "opt_out": 0.1}}
    rested, worn = model(weeks=20).run(), model(behaviors=tired, weeks=20).run()
    assert sum(weekly(worn, "clicks")) < 0.7 * sum(weekly(rested, "clicks"))
    gone = np.cumsum(weekly(worn, "opted_out"))
    assert weekly(worn, "contacts_sent")[1:] == (5000 - gone[:-1]).tolist()
    assert gone[-1] > 500


def test_response_to_a_message_is_scaled_by_receptiveness():
    one = model(customers=20_000, weeks=1, click_through=0.4)
    one.world.customers.receptiveness[:] = 0.25
    one.run()
    low, high = stats.binom.interval(1 - ALARM, 20_000, 0.1)
    assert low <= weekly(one, "clicks")[0] <= high


@pytest.mark.parametrize("trigger", ["after_order", "inactive"])
def test_prospects_have_no_last_order_to_go_by(trigger):
    with pytest.raises(ScenarioError, match="goes by the last order, which the prospects it is sent `to` have not placed"):
        scenario(to="prospects", trigger=trigger)
