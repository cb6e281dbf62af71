"""Intervention: who is contacted, what it does and what it costs, false alarms and sleeping dogs included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.core.units import money
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

BUYERS = {"purchase": {"r": 3.0, "alpha": 9.0}, "attrition": {"type": "pareto", "s": 2.0, "beta": 60.0}}
WATCH = {"type": "churn_warning", "survey": {"response": 0.0}}


def tree(*, customers: int = 3000, weeks: int = 20, step_days: int = 7, **call: Any) -> dict[str, Any]:
    market, behaviors = {"customers": customers, **call.pop("market", {})}, {**BUYERS, **call.pop("behaviors", {})}
    return {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors,
        "feedback": {"watch": {**WATCH, **call.pop("watch", {})}, "call": {"type": "intervention", **call}},
    }  # fmt: skip


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(from_tree(tree(**options)), collect=False)


def weekly(one: LoyaltyModel, name: str) -> list[float]:
    return getattr(one.weekly(), name)[:, -1].tolist()


def own(one: LoyaltyModel) -> Any:
    return one.world.owned["feedback.call"]


def test_who_is_warned_of_is_contacted_in_the_next_week_unless_it_was_lately():
    one = model(rest_weeks=4.0)
    one.step()
    for _ in range(19):
        warned, contacted, now = one.world.customers.warned.copy(), own(one).contacted.copy(), one.world.calendar.now
        one.step()
        due = (warned > 0) & (now - contacted >= 4.0)
        assert (one.world.customers.contacts == due).all()
        assert weekly(one, "intervention_contacts")[-1] == due.sum()
    assert sum(weekly(one, "intervention_contacts")) > 500


def test_capacity_takes_the_biggest_spenders():
    one = model(capacity=10, rest_weeks=8.0).run(12)
    spent, due = one.world.customers.spent.copy(), one.world.customers.warned > 0
    due &= one.world.calendar.now - own(one).contacted >= 8.0
    one.step()
    taken = one.world.customers.contacts > 0
    assert taken.sum() == 10 < due.sum()
    assert spent[taken].min() >= spent[due & ~taken].max()


def test_offers_are_taken_at_their_probability_by_those_who_are_still_there():
    """Exact binomial bounds; who has left is contacted in vain, and neither takes an offer nor is woken."""
    one = model(customers=20_000, success=0.4, sleeping_dogs=0.0).run()
    contacts, wasted, offers = (int(sum(weekly(one, f"intervention_{name}"))) for name in ("contacts", "wasted", "offers"))
    low, high = stats.binom.interval(1 - ALARM, contacts - wasted, 0.4)
    assert low <= offers <= high
    assert wasted > 0.2 * contacts


def test_sleeping_dogs_are_the_same_people_in_every_arm_and_at_their_share():
    few, many = (model(customers=20_000, sleeping_dogs=share).run() for share in (0.05, 0.1))
    contacts, wasted, woken = (int(sum(weekly(many, f"intervention_{name}"))) for name in ("contacts", "wasted", "woken"))
    low, high = stats.binom.interval(1 - ALARM, contacts - wasted, 0.1)
    assert low <= woken <= high
    both = (own(few).contacted > -1e8) & (own(few).woken > 0)
    assert both.any() and (own(many).contacted[both] > -1e8).all()


def test_a_contact_that_works_lowers_the_hazard_and_fades_by_its_half_life():
    """Over a week an effect works with the average of its decay, (1 - c) / -log c with c = 2^(-1/6)."""
    one = model(success=1.0, sleeping_dogs=0.0, retention=0.8, uplift=0.2, half_life=6.0, rest_weeks=52.0)
    one.run(6)
    new = (own(one).contacted == one.world.calendar.now - 1) & (own(one).kept > 0)
    keep = 2 ** (-1 / 6)
    mean = (1 - keep) / -np.log(keep)
    assert new.any()
    assert one.world.rates.log_attrition[new] == pytest.approx(-0.8 * mean, rel=1e-5)
    assert one.world.rates.log_purchase[new] == pytest.approx(0.2 * mean, rel=1e-5)
    one.run(6)
    assert one.world.rates.log_attrition[new] == pytest.approx(-0.4 * mean, rel=1e-5)
    assert not one.world.rates.log_attrition[own(one).contacted < -1e8].any()


def test_a_woken_dog_has_a_higher_hazard():
    one = model(success=0.0, sleeping_dogs=0.1, waking=0.9).run(6)
    woken = own(one).woken > 0
    assert woken.any() and (one.world.rates.log_attrition[woken] > 0).all()
    assert not one.world.rates.log_attrition[~woken].any()


def test_contacts_and_offers_cost_to_the_cent_false_alarms_included():
    one = model(start_week=3, contact_cost=0.37, offer_cost=4.99, setup_cost=12.5, weekly_cost=1.25).run()
    contacts, offers = weekly(one, "intervention_contacts"), weekly(one, "intervention_offers")
    fixed = [0.0, 0.0, 13.75] + [1.25] * 17
    expected = [money(each) + int(n) * money(0.37) for each, n in zip(fixed, contacts, strict=True)]
    place = one.world.totals.place
    assert one.world.totals.recorded()[:, place["campaign_cost"]].sum(axis=1).tolist() == expected
    assert one.world.totals.recorded()[:, place["discounts"]].sum(axis=1).tolist() == [int(n) * money(4.99) for n in offers]


def test_what_works_keeps_customers_and_what_wakes_loses_them():
    """Emergent, on the same luck: the helped stay longer one by one, the woken leave earlier."""
    plain = model(weeks=60, success=0.0, sleeping_dogs=0.0, customers=6000).run()
    helped = model(weeks=60, success=0.8, sleeping_dogs=0.0, customers=6000, retention=1.2, uplift=0.0).run()
    woken = model(weeks=60, success=0.0, sleeping_dogs=0.1, customers=6000, waking=1.2).run()
    active = [one.world.customers.status == ACTIVE for one in (plain, helped, woken)]
    assert (active[1] >= active[0]).all() and active[1].sum() > active[0].sum() + 20
    assert (active[2] <= active[0]).all() and active[2].sum() < active[0].sum()


def test_without_effect_nobody_lives_otherwise():
    off = LoyaltyModel(from_tree({**tree(), "feedback": {"watch": WATCH}}), collect=False).run()
    on = model(success=0.0, sleeping_dogs=0.0).run()
    mine = dict(off.world.customers.arrays())
    assert all(mine[name].tobytes() == array.tobytes() for name, array in on.world.customers.arrays() if name != "contacts")


def test_whom_to_contact_does_not_hang_on_what_no_firm_can_see():
    seen, blind = (model().run(10) for _ in range(2))
    luck = np.random.default_rng(3)
    for name in ("status", "purchase_rate", "attrition_hazard", "status_clock", "order_clock", "satisfaction", "loyalty"):
        luck.shuffle(getattr(blind.world.customers, name))
    for one in (seen, blind):
        one.arrive()
    assert seen.world.customers.contacts.any()
    assert (seen.world.customers.contacts == blind.world.customers.contacts).all()


def test_who_has_opted_out_is_left_alone():
    one = model().run(5)
    one.world.customers.receptiveness[::2] = 0.0
    one.step()
    assert one.world.customers.contacts[1::2].any() and not one.world.customers.contacts[::2].any()


def test_without_a_warning_there_is_nobody_to_turn_to():
    with pytest.raises(ScenarioError) as refused:
        from_tree({"name": "m", "market": {"customers": 10}, "feedback": {"call": {"type": "intervention"}}})
    (line,) = str(refused.value).splitlines()
    assert "feedback.call: nobody is ever warned of: it needs feedback of type churn_warning" in line
