"""Returns: which orders come back and when, and that money, goods and points are reversed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.core.units import MONEY
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

STAY = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
"""Everyone orders once in four weeks on average and nobody leaves."""

STARS: dict[str, Any] = {
    "type": "points", "per_money": 2.0, "enrollment": {"intercept": 1.0}, "welcome_points": 30, "redemption": {"rate": 0.4},
    "catalog": {"voucher": {"points": 150, "face_value": 5.0, "unit_cost": 3.0}},
}  # fmt: skip


def model(
    returns: dict[str, Any] | None = None, *, customers: int = 3000, weeks: int = 12, step_days: int = 7, **parts: Any
) -> LoyaltyModel:
    tree = {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "behaviors": STAY,
        "economics": {"gross_margin": 0.4}, "market": {"customers": customers, "start": "cohort"},
        "environment": {} if returns is None else {"returns": returns}, **parts,
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), collect=False)


def units(one: LoyaltyModel, name: str) -> int:
    """The total over all weeks in integer money or points."""
    return one.world.totals.so_far(name)


def weekly(one: LoyaltyModel, name: str) -> np.ndarray:
    return getattr(one.weekly(), name)[:, -1]


def kpi(one: LoyaltyModel, name: str) -> np.ndarray:
    value = one.weekly().value(next(each for each in one.kpis if each.type == name))
    assert value is not None
    return value[:, -1]


def test_the_share_of_orders_comes_back():
    """Exact binomial bounds; those still on their way counted in."""
    one = model({"share": 0.2, "window_weeks": 2.0}, customers=20_000).run()
    orders = weekly(one, "orders")
    back = weekly(one, "orders_returned").sum() + len(one.world.notes["environment.returns"].due)
    low, high = stats.binom.interval(1 - ALARM, int(orders.sum()), 0.2)
    assert low <= back <= high
    assert one.world.notes["environment.returns"].due.max() <= 12.0 + 2.0


@pytest.mark.parametrize("step_days", [7, 1])
def test_orders_come_back_after_a_truncated_exponential_delay(step_days):
    """Kolmogorov-Smirnov test of the delays; repayment follows in the first step that begins after them."""
    one = model({"share": 0.5, "delay_weeks": 2.0, "window_weeks": 5.0}, step_days=step_days)
    delays = []
    for _ in range(12):
        before = len(one.world.notes["environment.returns"].due) if "environment.returns" in one.world.notes else 0
        one.step()
        if step_days == 7:
            parcels, events = one.world.notes["environment.returns"], one.world.events
            new = parcels.due[max(0, before - int(weekly(one, "orders_returned")[-1])) :]
            ordered = dict(zip(zip(events.person.tolist(), events.value.tolist(), strict=True), events.time.tolist(), strict=True))
            whose = zip(parcels.person[-len(new) :].tolist(), parcels.value[-len(new) :].tolist(), strict=True)
            delays += [due - ordered[each] for due, each in zip(new.tolist(), whose, strict=True)]
    if delays:
        within = 1 - np.exp(-2.5)
        assert stats.kstest(delays, lambda t: (1 - np.exp(-np.clip(t, 0, 5) / 2)) / within).pvalue > ALARM
    parcels = one.world.notes["environment.returns"]
    assert parcels.due.min() > one.world.calendar.now - one.world.calendar.dt


def test_money_and_goods_flow_back():
    """With all orders back at once and full salvage nothing is left of a sale: neither its value nor its discount."""
    sale: dict[str, Any] = {"campaigns": {"sale": {"type": "discount", "depth": 0.25, "weeks": 12, "response": 0.0, "reference_loss": 0.0}}}
    one = model({"share": 1.0, "delay_weeks": 0.1, "window_weeks": 0.1, "salvage": 1.0}, **sale).run()
    last = one.world.events
    sold = units(one, "revenue") - int(last.value[last.time + 0.1 > 12.0].sum())
    pending = one.world.notes["environment.returns"]
    assert units(one, "refunds") == units(one, "revenue") - int(pending.value.sum())
    assert units(one, "discounts") == int((pending.value - pending.paid).sum()) > 0
    assert sold >= units(one, "revenue") - int(pending.value.sum())
    assert units(one, "goods_returned") == pytest.approx(0.6 * (units(one, "revenue") - pending.value.sum()), rel=1e-9)
    assert one.world.customers.spent.sum() == units(one, "revenue")
    assert sum(one.world.ledger.accounts.values()) == 0


def test_kpis_are_net_of_what_comes_back():
    one = model({"share": 0.3, "salvage": 0.5}).run()
    money = {name: weekly(one, name) for name in ("revenue", "refunds", "cost_of_goods", "goods_returned")}
    assert (money["refunds"][2:] > 0).all()
    assert kpi(one, "revenue") == pytest.approx(money["revenue"] - money["refunds"])
    margin = money["revenue"] - money["refunds"] - money["cost_of_goods"] + money["goods_returned"]
    assert kpi(one, "gross_margin") == pytest.approx(margin)
    assert kpi(one, "profit") == pytest.approx(margin)
    assert one.brand.cash == pytest.approx(margin.sum())
    # An order that comes back loses its margin and half of its cost: .4 + .5 x .6 of its value.
    assert margin.sum() == pytest.approx(0.4 * money["revenue"].sum() - 0.7 * money["refunds"].sum(), rel=1e-6)


def test_customer_value_falls_by_what_comes_back():
    options: dict[str, Any] = {"delay_weeks": 0.5, "window_weeks": 1.0, "salvage": 1.0}
    none, half = (model({"share": share, **options}, weeks=52).run() for share in (0.0, 0.5))
    # Of the last week's orders some have not come back yet.
    assert kpi(half, "clv")[-1] == pytest.approx(0.5 * kpi(none, "clv")[-1], rel=0.04)


def test_orders_stay_as_they_were():
    one, plain = model({"share": 0.4}).run(), model().run()
    for name in ("orders", "revenue", "cost_of_goods", "exits"):
        assert np.array_equal(weekly(one, name), weekly(plain, name))


def test_no_returns_change_nothing():
    one, plain = (model(given, programs={"stars": STARS}).run() for given in ({"share": 0.0}, None))
    mine, other = one.digests(), plain.digests()
    assert all(mine[name] == other[name] for name in other)


def test_more_returns_take_back_the_same_orders_and_others():
    few, many = (model({"share": share}).run() for share in (0.1, 0.3))
    mine, other = (one.world.notes["environment.returns"] for one in (few, many))
    assert set(zip(mine.person.tolist(), mine.value.tolist(), strict=True)) <= set(
        zip(other.person.tolist(), other.value.tolist(), strict=True)
    )


def test_all_points_from_orders_are_taken_back_if_all_are_sent_back():
    """Every order back: members are left with what no order has earned, as far as they have not spent it."""
    unredeemed = {**STARS, "catalog": {"far": {"points": 1_000_000, "face_value": 1.0, "unit_cost": 1.0}}}
    one = model({"share": 1.0, "delay_weeks": 0.1, "window_weeks": 0.1}, programs={"stars": unredeemed})
    for _ in range(12):
        one.step()
        account, customers, events = one.world.owned["programs.stars"], one.world.customers, one.world.events
        members = account.member > 0
        held = account.earned.astype(int) - account.used
        here = np.zeros(len(members), int)
        np.add.at(here, events.person, 1)
        # Points of this week's orders are still there; those of all orders before have gone with them.
        quiet = members & (here == 0) & (customers.last_order < one.world.calendar.now - 1.2)
        assert (held[quiet] == 30).all()
    assert units(one, "points_reversed") > 10_000


def test_a_part_of_the_orders_takes_its_part_of_the_points():
    """`wiring`: at two points a unit of money and no thresholds the points taken are two a unit sent back, within rounding."""
    unredeemed = {**STARS, "enrollment": {"opening_share": 1.0}, "catalog": {"far": {"points": 10**6, "face_value": 1.0, "unit_cost": 1.0}}}
    one = model({"share": 0.3}, programs={"stars": unredeemed}).run()
    sent_back = one.world.notes["environment.returns"]
    value = units(one, "refunds") / MONEY
    assert len(sent_back.due) > 0
    assert units(one, "points_reversed") == pytest.approx(2.0 * value, rel=2e-3)
    assert weekly(one, "points_issued").sum() == pytest.approx(2.0 * (units(one, "revenue") / MONEY - value), rel=2e-3)


@pytest.mark.parametrize("delayed", [None, {"min_order": 20.0, "delay_days": 21}], ids=["at once", "extra points later"])
def test_an_order_takes_back_just_what_it_has_earned(delayed):
    """An account kept by hand, order by order: nothing for orders before the launch or joining, the factor of the order's own week."""
    double = {"windows": {"double": {"start_week": 7, "weeks": 2, "multiplier": 2.0}}, "delayed": delayed, "welcome_points": 0}
    unredeemed = {**STARS, **double, "start_week": 5, "catalog": {"far": {"points": 10**6, "face_value": 1.0, "unit_cost": 1.0}}}
    one = model({"share": 0.5, "delay_weeks": 3.0, "window_weeks": 9.0}, customers=600, programs={"stars": unredeemed})
    given: dict[tuple[int, int], int] = {}
    later: dict[tuple[int, int], tuple[int, int]] = {}
    strangers = called_off = 0
    for week in range(1, 13):
        one.step()
        events, refunds = one.world.events, one.world.refunds
        given |= {order: given[order] + extra for order, (due, extra) in later.items() if due == week}
        later = {order: (due, extra) for order, (due, extra) in later.items() if due > week}
        for order in zip(refunds.person.tolist(), refunds.number.tolist(), strict=True):
            strangers += order not in given
            called_off += order in later
            given.pop(order, None)
            later.pop(order, None)
        if week < 5:
            continue
        for person, number, value in zip(events.person.tolist(), events.number.tolist(), events.value.tolist(), strict=True):
            base = int(np.rint(np.float64(2.0 / MONEY) * value * (2.0 if week in (7, 8) else 1.0)))
            if (person, number) in members(one, week):
                given[person, number] = base
                if delayed and value >= 20 * MONEY:
                    later[person, number] = week + 3, base
        held = np.zeros(one.world.people, int)
        for (person, _), points in given.items():
            held[person] += points
        account = one.world.owned["programs.stars"]
        assert np.array_equal(account.earned.astype(int) - account.used, held)
    assert strangers > 100
    assert units(one, "points_reversed") > 1000
    assert (called_off > 20) == (delayed is not None)


def members(one: LoyaltyModel, week: int) -> set[tuple[int, int]]:
    """This week's orders of members, that of joining included: those with a receipt."""
    events = one.world.events
    counted = events.receipts["programs.stars"] > 0
    own = one.world.owned["programs.stars"]
    assert (own.member[events.person[counted]] != 0).all()
    if week > 5:
        assert counted.sum() > 20
    return set(zip(events.person[counted].tolist(), events.number[counted].tolist(), strict=True))


def test_what_was_bought_before_the_launch_takes_nothing_back():
    """Orders of the first weeks alone come back, after the launch: points and counted spending are as without returns."""
    programs = {
        "stars": {**STARS, "start_week": 5, "enrollment": {"opening_share": 1.0}},
        "club": {"type": "tiers", "start_week": 5, "tiers": {"silver": {"spend": 50.0}}, "window_weeks": 8, "review_weeks": 4},
    }
    mine, other = model({"share": 0.6, "delay_weeks": 4.0, "window_weeks": 12.0}, programs=programs), model(programs=programs)
    for week in range(1, 13):
        mine.step()
        other.step()
        if week > 4:
            parcels = mine.world.notes["environment.returns"]
            mine.world.notes["environment.returns"] = parcels.pick(parcels.week < 5)
    assert weekly(mine, "orders_returned")[5:].sum() > 100
    a, b = mine.digests(), other.digests()
    flows = {f"totals.{name}" for name in ("refunds", "goods_returned", "orders_returned")}
    worth = {f"totals.{name}" for name in ("margin_so_far", "discounted_margin", "residual_value")}
    assert {name for name in b if a[name] != b[name]} <= flows | worth


@pytest.mark.parametrize("expiry", [None, 3])
def test_points_add_up_and_no_balance_falls_below_zero(expiry):
    given = {**STARS, "threshold": {"step": 20.0, "points": 5}, "delayed": {"min_order": 40.0, "delay_days": 14},
             **({} if expiry is None else {"expiry_weeks": expiry})}  # fmt: skip
    one = model({"share": 0.6}, programs={"stars": given})
    for _ in range(12):
        one.step()
        account = one.world.owned["programs.stars"]
        assert (account.used <= account.earned).all()
        held = int((account.earned.astype(int) - account.used).sum())
        assert held == one.world.ledger.points["programs.stars"]
        assert held == units(one, "points_issued") - units(one, "points_redeemed") - units(one, "points_expired")
    assert units(one, "points_redeemed") > 0
    assert weekly(one, "points_liability").min() >= 0.0


def test_a_copied_market_goes_on_alike():
    whole = model({"share": 0.4}, programs={"stars": STARS}).run()
    stem = model({"share": 0.4}, programs={"stars": STARS}).run(5)
    twin = stem.branch().run()
    assert twin.digests() == whole.digests() == stem.run().digests()


@pytest.mark.parametrize("kind", ["points", "stamps"])
def test_no_outstanding_point_is_owed_more_than_what_it_was_worth_at_its_sale(kind):
    """IFRS 15: where most sales are undone the liability falls with the points that are left."""
    programs = {
        "points": {"stars": {**STARS, "catalog": {"far": {"points": 10**6, "face_value": 10.0**4, "unit_cost": 1.0}}, "welcome_points": 0}},
        "stamps": {"card": {"type": "stamp_card", "stamps": 50, "face_value": 50.0, "unit_cost": 10.0}},
    }[kind]
    name, worth = {"points": ("points_outstanding", 10.0**4 / 10**6), "stamps": ("stamps_outstanding", 1.0)}[kind]
    for share in (0.0, 0.5, 0.95):
        one = model({"share": share, "delay_weeks": 1.0, "window_weeks": 3.0}, weeks=30, programs=programs).run()
        left, owed = weekly(one, name)[-1], weekly(one, "points_liability")[-1]
        assert left > 50
        assert 0.3 * worth * left < owed <= worth * left, share


@pytest.mark.parametrize("step_days", [7, 1])
def test_what_comes_back_in_a_quiet_step_is_taken_back_too(step_days):
    """A handful of customers, so that most steps have no order: every stamp of an order sent back comes off, none is lost."""
    card = {"type": "stamp_card", "stamps": 250, "face_value": 1.0, "unit_cost": 0.5}
    one = model(
        {"share": 1.0, "delay_weeks": 0.5, "window_weeks": 1.0}, customers=12, weeks=60, step_days=step_days, programs={"card": card}
    )
    taken = received = quiet = 0
    for _ in range(60):
        for _ in one.world.calendar.steps():
            for phase in ("arrive", "weigh", "live", "settle", "respond"):
                getattr(one, phase)()
            there = int((one.world.refunds.receipt("programs.card") > 0).sum())
            received += there
            quiet += there * (len(one.world.events) == 0)
        one.record()
        taken = units(one, "stamps_reversed")
    assert quiet > 3
    assert taken == received


def test_a_scenario_has_returns_once():
    with pytest.raises(ScenarioError, match=r"every order would be sent back twice, so a scenario has returns once \(there: a, b\)"):
        model(environment={"a": {"type": "returns"}, "b": {"type": "returns"}})
