"""Win-back: who looks lapsed, who returns at which offer, what the second life is like, and what is given away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.core.units import money
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE, CHURNED

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

BUYERS = {"purchase": {"r": 3.0, "alpha": 9.0}, "attrition": {"type": "pareto", "s": 2.0, "beta": 40.0}}
ALIKE: dict[str, Any] = {"relationship_slope": 0.0, "price_return": 0.0, "discount": {"log_odds": 0.0}, "both": {"log_odds": 0.0}}
"""Everyone accepts alike."""


def tree(*, customers: int = 3000, weeks: int = 20, step_days: int = 7, **back: Any) -> dict[str, Any]:
    market, behaviors = {"customers": customers, **back.pop("market", {})}, {**BUYERS, **back.pop("behaviors", {})}
    return {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors,
        "feedback": {"back": {"type": "win_back", **back}},
    }  # fmt: skip


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(from_tree(tree(**options)), collect=False)


def weekly(one: LoyaltyModel, name: str) -> list[float]:
    return getattr(one.weekly(), name)[:, -1].tolist()


def total(one: LoyaltyModel, name: str) -> int:
    return int(sum(weekly(one, name)))


def own(one: LoyaltyModel) -> Any:
    return one.world.owned["feedback.back"]


def lapsed(one: LoyaltyModel, delay: float = 0.0) -> np.ndarray:
    """Observed as lapsed by the rule of `market.lapse_gaps`, for longer than `delay`."""
    customers, world = one.world.customers, one.world
    orders = customers.n_orders + customers.orders_before.astype(float)
    mean_gap = (customers.last_order - customers.joined + 1 / world.population.mean_rate) / orders
    return world.calendar.now - delay - customers.last_order > world.market.lapse_gaps * mean_gap


def test_who_looks_lapsed_is_written_to_once_a_silence():
    one = model(delay_weeks=2.0, within_weeks=30.0, acceptance=0.0)
    written = np.full(3000, -1e9)
    for _ in range(20):
        customers, now = one.world.customers, one.world.calendar.now
        due = lapsed(one, 2.0) & (written < customers.last_order) & (now - customers.last_order <= 30.0)
        one.step()
        assert (customers.contacts == due).all()
        written[due] = now
    assert 1000 < total(one, "win_back_contacts") < 3000


def test_attempts_are_repeated_after_their_time():
    one = model(attempts=3, every_weeks=4.0, acceptance=0.0, weeks=16, customers=500).run(1)
    first = own(one).contacted == 0.0
    seen = [int((one.world.customers.contacts[first] > 0).sum())]
    silent = np.ones(500, bool)
    for _ in range(15):
        one.step()
        silent &= one.world.customers.last_order < 0
        seen.append(int((one.world.customers.contacts[first & silent] > 0).sum()))
    assert [at for at, n in enumerate(seen) if n] == [0, 4, 8]


def test_capacity_takes_the_biggest_spenders():
    one = model(capacity=15, acceptance=0.0).run(8)
    due, spent = lapsed(one) & (own(one).contacted < one.world.customers.last_order), one.world.customers.spent.copy()
    one.step()
    taken = one.world.customers.contacts > 0
    assert taken.sum() == 15 < due.sum()
    assert spent[taken].min() >= spent[due & ~taken & (one.world.calendar.now - 1 - one.world.customers.last_order <= 52)].max()


def test_departed_customers_return_at_the_acceptance_and_others_take_the_offer_in_vain():
    """Exact binomial bounds on both; the firm contacts both, since it cannot tell them apart."""
    one = model(customers=20_000, weeks=1, acceptance=0.2, **ALIKE)
    gone = one.world.customers.status == CHURNED
    asked = lapsed(one) & (-one.world.customers.last_order <= 52)
    one.run()
    assert total(one, "win_back_contacts") == asked.sum()
    for people, name in ((asked & gone, "win_back_returns"), (asked & ~gone, "win_back_given_away")):
        low, high = stats.binom.interval(1 - ALARM, people.sum(), 0.2)
        assert people.sum() > 300 and low <= total(one, name) <= high
    assert total(one, "won_back") == total(one, "win_back_returns") == (one.world.customers.returns > 0).sum()
    assert (one.world.customers.returns[~gone] == 0).all()


def test_a_longer_first_life_makes_return_likelier():
    """Wiring: log-odds rise with the log of own orders, at the slope given (within 4 standard errors of a logit fit)."""
    one = model(customers=20_000, weeks=1, acceptance=0.2, **{**ALIKE, "relationship_slope": 0.8, "usual_orders": 3.0})
    gone, orders = one.world.customers.status == CHURNED, one.world.customers.orders_before.astype(float)
    asked = gone & lapsed(one) & (-one.world.customers.last_order <= 52)
    one.run()
    back = one.world.customers.returns[asked] > 0
    x, p = np.log(orders[asked] / 3.0), 1 / (1 + np.exp(-(np.log(0.25) + 0.8 * np.log(orders[asked] / 3.0))))
    # Scores of the logit likelihood at the declared parameters are 0 on average.
    for each in (np.ones_like(x), x):
        score, variance = ((back - p) * each).sum(), (p * (1 - p) * each**2).sum()
        assert abs(score) < stats.norm.ppf(1 - ALARM / 4) * np.sqrt(variance)
    assert x.std() > 0.3


def returned(offer: str) -> LoyaltyModel:
    offers = {"silent": offer, "service": offer, "price": offer}
    return model(customers=8000, weeks=60, offers=offers, acceptance=0.2, within_weeks=30.0).run()


def test_offers_stand_in_the_order_of_the_literature():
    """Emergent in size, wiring in order: both win most, an upgrade keeps longest (Kumar, Bhagwat & Zhang 2015)."""
    by = {offer: returned(offer) for offer in ("upgrade", "discount", "both")}
    rate = {offer: total(one, "win_back_returns") / total(one, "win_back_contacts") for offer, one in by.items()}
    kept = {}
    for offer, one in by.items():
        back = one.world.customers.returns > 0
        kept[offer] = (one.world.customers.status[back] == ACTIVE).mean()
    assert rate["both"] > rate["discount"] > rate["upgrade"]
    assert kept["upgrade"] > kept["discount"] > kept["both"]
    # And both together cost most a head, so that their second life is the least profitable.
    spent = {offer: total(one, "reward_cost") + total(one, "discounts") for offer, one in by.items()}
    taken = {offer: total(one, "win_back_returns") + total(one, "win_back_given_away") for offer, one in by.items()}
    assert spent["both"] / taken["both"] > max(spent[offer] / taken[offer] for offer in ("upgrade", "discount"))


def test_the_second_life_carries_its_hazard():
    one = returned("upgrade")
    back = (one.world.customers.returns == 1) & (one.world.customers.status == ACTIVE)
    back[one.world.events.returned] = False  # Of this week: their second life begins with the next.
    assert back.sum() > 50 and one.world.rates.log_attrition[back] == pytest.approx(np.log(1.3 * 0.85), rel=1e-4)
    assert not one.world.rates.log_attrition[one.world.customers.returns == 0].any()


def test_service_leavers_are_told_by_their_record_and_spend_more_after_return():
    """Wiring: Kumar, Bhagwat & Zhang 2015, direction."""
    one = model(customers=8000, weeks=40, acceptance=0.3, service_spending=0.2, recent_weeks=0.01,
                behaviors={"satisfaction": {"failure_rate": 0.3}})  # fmt: skip
    failed, why = np.full(8000, -1e9), np.zeros(8000)
    for _ in range(40):
        contacted = own(one).contacted.copy() if "feedback.back" in one.world.owned else None
        last = one.world.customers.last_order.copy()
        one.step()
        if contacted is not None:
            new = own(one).contacted > contacted
            assert ((own(one).cause[new] == 1) == (failed >= last - 0.01)[new]).all()
        why[one.world.events.returned] = own(one).cause[one.world.events.returned]
        wrong = one.world.events.failed != 0
        failed[one.world.events.person[wrong]] = one.world.events.time[wrong]
    back = (one.world.customers.returns == 1) & (one.world.customers.status == ACTIVE)
    back[one.world.events.returned] = False
    service = back & (why == 1)
    assert service.sum() > 20 and one.world.rates.log_order_value[service] == pytest.approx(0.2)
    assert (back & ~service).sum() > 20 and not one.world.rates.log_order_value[back & ~service].any()


def test_price_leavers_are_told_by_their_discounts_and_return_more():
    """Wiring. Scores of the likelihood at log-odds of logit(.2) + .8 for price leavers and logit(.2) for silent ones are 0 on average."""
    sale = {"type": "discount", "depth": 0.2, "audience": {"share": 0.5}, "start_week": 1, "weeks": 10, "every_weeks": 60}
    options: dict[str, Any] = {**ALIKE, "price_return": 0.8, "acceptance": 0.2, "start_week": 14}
    scenario = tree(customers=20_000, weeks=14, **options)
    one = LoyaltyModel(from_tree({**scenario, "campaigns": {"sale": sale}}), collect=False).run(13)
    gone = one.world.customers.status == CHURNED
    one.step()
    asked = gone & (own(one).contacted == 13.0)
    for cause, chance in ((0, 0.2), (2, 1 / (1 + np.exp(-(np.log(0.25) + 0.8))))):
        group = asked & (own(one).cause == cause)
        low, high = stats.binom.interval(1 - ALARM, group.sum(), chance)
        assert group.sum() > 200 and low <= (one.world.customers.returns[group] > 0).sum() <= high


def test_contacts_and_offers_cost_to_the_cent_given_away_or_not():
    costs: dict[str, Any] = {"contact_cost": 0.21, "upgrade_cost": 5.55, "discount_cost": 3.33, "setup_cost": 7.5, "weekly_cost": 0.75}
    for offer, reward, discount in (("upgrade", 5.55, 0.0), ("discount", 0.0, 3.33), ("both", 5.55, 3.33)):
        offers = {"silent": offer, "service": offer, "price": offer}
        one = model(weeks=12, start_week=2, acceptance=0.3, offers=offers, **costs).run()
        taken = total(one, "win_back_returns") + total(one, "win_back_given_away")
        assert taken > 100 and total(one, "win_back_given_away") > 5
        place, data = one.world.totals.place, one.world.totals.recorded()
        assert data[:, place["reward_cost"]].sum() == taken * money(reward)
        assert data[:, place["discounts"]].sum() == taken * money(discount)
        spent = money(7.5) + 11 * money(0.75) + total(one, "win_back_contacts") * money(0.21)
        assert data[:, place["campaign_cost"]].sum() == spent


def test_whom_to_write_to_does_not_hang_on_what_no_firm_can_see():
    seen, blind = (model(acceptance=0.0).run(8) for _ in range(2))
    luck = np.random.default_rng(3)
    for name in ("status", "purchase_rate", "attrition_hazard", "status_clock", "order_clock", "satisfaction", "loyalty", "log_basket"):
        luck.shuffle(getattr(blind.world.customers, name))
    for one in (seen, blind):
        one.arrive()
    assert seen.world.customers.contacts.any()
    assert (seen.world.customers.contacts == blind.world.customers.contacts).all()


def test_under_contract_the_firm_writes_to_who_has_left():
    contract = {"attrition": {"type": "renewal", "alpha": 2.0, "beta": 2.0, "period_weeks": 4.0}}
    one = model(behaviors=contract, acceptance=0.0, within_weeks=520.0).run(12)
    assert (one.world.customers.status[own(one).contacted > -1e8] == CHURNED).all()
    assert own(one).contacted.max() == 11.0


def test_without_acceptance_nobody_lives_otherwise():
    off = LoyaltyModel(from_tree({**tree(), "feedback": {}}), collect=False).run()
    on = model(acceptance=0.0).run()
    mine = dict(off.world.customers.arrays())
    assert all(mine[name].tobytes() == array.tobytes() for name, array in on.world.customers.arrays() if name != "contacts")


def test_the_same_departed_customers_return_where_more_do():
    few, many = (model(weeks=1, acceptance=share).run().world.customers.returns > 0 for share in (0.1, 0.3))
    assert (many >= few).all() and many.sum() > few.sum()


def test_win_back_rate_is_returned_over_targeted():
    one = model(acceptance=0.3).run()
    kpi = next(each for each in one.kpis if each.type == "win_back_rate")
    value = one.world.totals.horizon().value(kpi)
    assert value is not None
    assert value[0, -1] == pytest.approx(total(one, "win_back_returns") / total(one, "win_back_contacts"))


def test_daily_steps_bring_as_many_back():
    """Weekly and daily runs differ within four standard deviations of a binomial count."""
    week, day = (model(step_days=days, weeks=10, customers=6000, acceptance=0.2).run() for days in (7, 1))
    counts = [total(one, "win_back_returns") for one in (week, day)]
    assert abs(counts[0] - counts[1]) < 4 * np.sqrt(sum(counts))


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ScenarioError) as refused:
        from_tree(tree(offers={"service": "gift"}))
    (line,) = str(refused.value).splitlines()
    assert "feedback.back.offers.service" in line and "must be upgrade, discount or both" in line
