"""Discount: what is taken off which orders, what it does to the timing of orders, and who gets it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import Scenario, ScenarioError, from_tree
from regulars.sim.core.units import MONEY
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

STAY = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0}}
"""Everyone orders once in four weeks on average and nobody leaves."""

GROCERY = {**STAY, "purchase": {"r": 1.025, "alpha": 1.056}}
"""Complete Journey: 50.65 shopping days a year, nearly exponential between households."""

PURE = {"pull_forward": 0.0, "reference_loss": 0.0}
"""Nothing but the lower price itself."""


def scenario(*, customers: int = 4000, horizon: int = 12, step_days: int = 7, start: str = "cohort", **discount: Any) -> Scenario:
    """One campaign; `behaviors` and `market` may be given to replace the plain ones."""
    tree = {
        "name": "m", "horizon_weeks": horizon, "step_days": step_days, "behaviors": discount.pop("behaviors", STAY),
        "market": {"customers": customers, "start": start, **discount.pop("market", {})},
        "campaigns": {"sale": {"type": "discount", **discount}},
    }  # fmt: skip
    return from_tree(tree)


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario(**options), collect=False)


def baseline(**options: Any) -> LoyaltyModel:
    """The same market without the campaign."""
    one = scenario(depth=0.0, **options).tree
    return LoyaltyModel(from_tree({name: part for name, part in one.items() if name != "campaigns"}), collect=False)


def weekly(one: LoyaltyModel, name: str) -> np.ndarray:
    return getattr(one.weekly(), name)[:, -1]


def offer(one: LoyaltyModel) -> Any:
    return one.world.owned["campaigns.sale"]


def units(one: LoyaltyModel, name: str) -> int:
    """The total over all weeks in integer money."""
    return one.world.totals.so_far(name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"depth": 0.2}, lambda value: np.rint(0.2 * value)),
        ({"depth": 0.2, "min_spend": 40.0}, lambda value: np.where(value >= 400_000, np.rint(0.2 * value), 0)),
        ({"money_off": 15.0}, lambda value: np.minimum(value, 150_000)),
        ({"depth": 1.0, "bundle": {"buy": 1, "get": 1}}, lambda value: np.rint(0.5 * value)),
        ({"depth": 0.5, "bundle": {"buy": 1, "get": 1}}, lambda value: np.rint(0.25 * value)),
        ({"depth": 1.0, "bundle": {"buy": 2, "get": 1}}, lambda value: np.rint(value * (1.0 / 3.0))),
    ],
    ids=["share", "min spend", "money off", "buy one get one", "second at half price", "buy two get one"],
)
def test_the_books_hold_what_is_taken_off_each_order_to_the_integer(given, expected):
    """M038, M039, N48: the sum over orders of their rounded discounts; revenue stays before discounts."""
    one = model(start_week=3, weeks=6, **given)
    total = 0
    for week in range(1, 13):
        one.step()
        if 3 <= week < 9:
            total += int(expected(one.world.events.value.astype(np.float64)).sum())
    assert units(one, "discounts") == total > 0
    assert units(one, "revenue") == one.world.customers.spent.sum()
    assert not weekly(one, "discounts")[[0, 1, 8, 9, 10, 11]].any()


def test_a_discount_is_given_to_nobody_outside_the_audience():
    segments = {"segments": {"town": {"share": 0.5}, "country": {"share": 0.5}}}
    one = model(depth=0.2, market=segments, audience={"segment": ["town"], "share": 0.5}, weeks=12).run()
    inside = offer(one).uses > 0
    low, high = stats.binom.interval(1 - ALARM, 4000, 0.25)
    assert low <= inside.sum() <= high
    assert (one.world.customers.segment[inside] == 0).all()
    by_segment = one.weekly().summed().discounts[0]
    assert by_segment[0] == by_segment[-1] > 0.0
    assert by_segment[1] == 0.0
    assert not (offer(one).lift[~inside] > 0).any()


@pytest.mark.parametrize("step_days", [7, 1])
@pytest.mark.parametrize("coupon", [None, {"use": 0.5}], ids=["for all", "coupon"])
def test_the_budget_is_spent_to_the_last_unit_and_never_exceeded(coupon, step_days):
    given = {} if coupon is None else {"coupon": coupon}
    one = model(customers=1500, depth=0.2, budget=4034.5678, weeks=8, step_days=step_days, response=1.0, **PURE, **given)
    spent = []
    for _ in range(12):
        one.step()
        spent.append(units(one, "discounts"))
    assert max(spent) == spent[-1] == round(4034.5678 * MONEY)
    # The first orders have it; when the money is gone nobody orders more for it.
    over = int(np.argmax(np.array(spent) == spent[-1]))
    assert 0 < over < 8
    assert not offer(one).lift.any()


def test_a_budget_of_nothing_gives_nothing_and_moves_nobody():
    one, plain = model(depth=0.5, budget=0.0).run(), baseline().run()
    assert units(one, "discounts") == 0
    assert np.array_equal(weekly(one, "orders"), weekly(plain, "orders"))


@pytest.mark.parametrize(
    "given", [{"depth": 0.0}, {"money_off": 0.0}, {"depth": 0.3, "response": 0.0, "pull_forward": 0.0, "reference_loss": 0.0}]
)
def test_no_depth_or_no_response_changes_no_order(given):
    one, plain = model(**given).run(), baseline().run()
    for name in ("orders", "revenue", "exits"):
        assert np.array_equal(weekly(one, name), weekly(plain, name))
    mine, other = one.digests(), plain.digests()
    assert all(mine[name] == other[name] for name in other if name.startswith("customers."))


def test_the_lower_price_speeds_orders_up_by_response_times_depth():
    one = model(depth=0.25, response=2.0, **PURE)
    one.step()
    assert one.world.rates.log_purchase == pytest.approx(0.5, rel=1e-6)


def test_money_off_counts_by_its_part_of_the_own_mean_order():
    """Gamma-gamma: a person's mean order is p times the own scale; below the least spend it counts in proportion."""
    one = model(money_off=10.0, min_spend=50.0, response=1.0, **PURE)
    one.step()
    own = 6.25 * np.exp(one.world.customers.log_basket.astype(float))
    expected = np.minimum(10.0 / own, 1.0) * np.minimum(own / 50.0, 1.0)
    assert one.world.rates.log_purchase == pytest.approx(expected, rel=1e-4)


def test_units_that_would_not_have_been_bought_make_the_order_larger():
    """Buy one get one, all of the second unit extra: the order is twice as large and half of it is taken off."""
    given: dict[str, Any] = {"depth": 1.0, "response": 0.0, **PURE}
    one = model(bundle={"extra_units": 1.0}, weeks=12, **given).run()
    plain = baseline().run()
    assert np.array_equal(weekly(one, "orders"), weekly(plain, "orders"))
    assert weekly(one, "revenue").sum() == pytest.approx(2.0 * weekly(plain, "revenue").sum(), rel=1e-5)
    assert weekly(one, "discounts").sum() == pytest.approx(weekly(plain, "revenue").sum(), rel=1e-5)


def test_debt_and_dip_follow_their_law():
    """dD/dt = pf (e^b - 1) - m e^b and log rate = b + log(1 - m), m = min(.9, D / tau); afterwards D falls by 1 / tau a week."""
    one = model(depth=0.3, response=2.0, pull_forward=0.6, pull_forward_weeks=5.0, reference_loss=0.0, start_week=2, weeks=3)
    debt, growth = 0.0, np.exp(0.6)
    for week in range(1, 13):
        live = 2 <= week < 5
        e = growth if live else 1.0
        missing = min(0.9, debt / 5.0)
        one.step()
        assert one.world.rates.log_purchase == pytest.approx(np.log(e * (1.0 - missing)), abs=2e-6)
        debt += 0.6 * (e - 1.0) - missing * e
        assert offer(one).debt == pytest.approx(debt, abs=1e-5)
    assert debt > 0.1


def test_orders_dip_after_the_campaign_as_the_debt_says():
    """C11: a spike, then fewer orders than in the baseline; the dip is its expectation within the Poisson error of the difference."""
    options: dict[str, Any] = {"customers": 40_000}
    one = model(depth=0.4, pull_forward=0.8, reference_loss=0.0, start_week=3, weeks=3, **options)
    expected = []
    for _ in range(12):
        one.step()
        expected.append((np.exp(one.world.rates.log_purchase.astype(float)) * one.world.customers.purchase_rate).sum())
    plain = baseline(**options).run()
    gained = weekly(one, "orders") - weekly(plain, "orders")
    assert (gained[2:5] > 0).all()
    assert (gained[5:8] < 0).all()
    base = float(plain.world.customers.purchase_rate.sum())
    bound = stats.norm.isf(ALARM / 24) * np.sqrt(2.0 * base)
    assert (np.abs(gained - (np.array(expected) - base)) < bound).all()


def test_with_all_orders_pulled_forward_a_sale_sells_no_more_in_the_long_run():
    """Pull-forward 1, nothing else: every order gained is missing later, so all people come to the same place on their clocks."""
    given: dict[str, Any] = {"pull_forward": 1.0, "reference_loss": 0.0, "customers": 3000, "horizon": 104}
    sale, plain = (model(depth=depth, **given).run() for depth in (0.4, 0.0))
    orders = np.stack([weekly(one, "orders") for one in (sale, plain)])
    assert orders[0, :4].sum() > 1.2 * orders[1, :4].sum()
    assert not offer(sale).debt.any()
    # Floats of the clocks: one person in a thousand may be an order off.
    assert abs(orders[0].sum() - orders[1].sum()) <= 3
    assert (sale.world.customers.n_orders != plain.world.customers.n_orders).mean() <= 1e-3


def test_half_of_the_gain_is_missing_later_at_pull_forward_a_half():
    def orders(pull: float, depth: float) -> float:
        one = model(depth=depth, pull_forward=pull, reference_loss=0.0, customers=20_000, horizon=78).run()
        return one.world.totals.so_far("orders")

    plain = orders(0.0, 0.0)
    # Gained orders are 20,000 people x .25 a week x 4 weeks x (e^.8 - 1) = 24,500; Poisson error about 1 % of it.
    assert (orders(0.5, 0.4) - plain) / (orders(0.0, 0.4) - plain) == pytest.approx(0.5, abs=0.05)


def test_repeated_sales_make_the_full_price_a_loss_that_is_forgotten_by_half_lives():
    one = model(depth=0.4, response=0.0, pull_forward=0.0, reference_loss=1.0, reference_half_life=2.0, weeks=1, every_weeks=3, end_week=7)
    reference = 0.0
    for week in range(1, 13):
        one.step()
        assert one.world.rates.log_purchase == pytest.approx(-reference, abs=1e-6)
        reference += (1.0 - 2.0**-0.5) * ((0.4 if week in (1, 4, 7) else 0.0) - reference)
    assert offer(one).accustomed == pytest.approx(reference, abs=1e-6)


def test_windows_open_on_their_weeks_until_the_last():
    one = model(depth=0.1, start_week=2, weeks=2, every_weeks=4, end_week=10, weekly_cost=5.0, setup_cost=30.0).run()
    open_weeks = [2, 3, 6, 7, 10]
    assert (np.flatnonzero(weekly(one, "discounts")) + 1).tolist() == open_weeks
    expected = np.zeros(12)
    expected[np.array(open_weeks) - 1] = 5.0
    expected[1] += 30.0
    assert weekly(one, "campaign_cost") == pytest.approx(expected)


@pytest.mark.parametrize("use", [0.166, 0.065], ids=["type A", "type B"])
def test_coupons_are_redeemed_by_the_share_that_means_to(use):
    """`wiring`: Complete Journey 16.6 % (type A) and 6.5 % (B) of contacts; in seven weeks nearly all users order (2 % do not)."""
    one = model(
        customers=20_000, behaviors=GROCERY, start="base", weeks=7, depth=0.1, coupon={"use": use, "targeting": "past_spend"}, **PURE
    ).run()
    sent, redeemed = weekly(one, "coupons_sent").sum(), weekly(one, "discounted_orders").sum()
    low, high = stats.binom.interval(1 - ALARM, int(sent), use)
    assert 0.9 * low <= redeemed <= high
    assert weekly(one, "campaign_cost").sum() == pytest.approx(0.01 * sent)


def test_half_of_the_redemptions_fall_in_the_first_third():
    """Complete Journey: p10 8 %, median 33 %, p90 84 % of the window.

    The median is `wiring`, since `early` was set by it; tolerance 3 points. The tails are `emergent`: 3 and 10 points.
    """
    times = []
    one = model(customers=30_000, behaviors=GROCERY, start="base", weeks=7, depth=0.1, coupon={"targeting": "past_spend"}, **PURE)
    for _ in range(7):
        one.step()
        times.append(one.world.events.time[one.world.events.discount > 0])
    share = np.concatenate(times) / 7.0
    assert (share <= 1 / 3).mean() == pytest.approx(0.5, abs=0.03)
    assert np.quantile(share, 0.1) == pytest.approx(0.08, abs=0.03)
    assert np.quantile(share, 0.9) == pytest.approx(0.84, abs=0.10)


def test_each_coupon_is_used_up():
    one = model(customers=3000, behaviors=GROCERY, weeks=10, depth=0.1, coupon={"use": 1.0, "use_by_spend": [1.0] * 10, "uses": 2}, **PURE)
    used = np.zeros(3000, int)
    for _ in range(12):
        one.step()
        events = one.world.events
        np.add.at(used, events.person[events.discount > 0], 1)
    assert used.max() == 2
    assert (used == 2).mean() > 0.7
    assert (used + offer(one).uses == 2).all()


def test_targeting_follows_past_spending_by_tenths():
    """`wiring`: share written to by spend decile 3, 14, ... 96 % (Complete Journey), each within its binomial bounds."""
    reach = [0.03, 0.14, 0.34, 0.53, 0.62, 0.82, 0.91, 0.98, 0.97, 0.96]
    one = model(customers=30_000, behaviors=GROCERY, start="base", start_week=5, depth=0.1, coupon={"targeting": "past_spend"})
    one.run(4)
    customers = one.world.customers
    past = customers.spent / MONEY + customers.orders_before * 6.25 * np.exp(customers.log_basket.astype(float))
    one.step()
    written = customers.contacts > 0
    for tenth, part in enumerate(np.array_split(np.argsort(past), 10)):
        low, high = stats.binom.interval(1 - ALARM / 10, len(part), reach[tenth])
        assert low - 3 <= written[part].sum() <= high + 3


def test_a_coupon_without_effect_looks_like_a_large_success_to_who_compares_those_written_to():
    """`emergent`, domain 1.3: targeted households spent 1.3 to 3 times more before (type A 3 times), so the naive difference
    is large although the true one, in pairs, is exactly 0."""
    options: dict[str, Any] = {"customers": 10_000, "behaviors": GROCERY, "start": "base"}
    given: dict[str, Any] = {"start_week": 6, "weeks": 7, "depth": 0.2, "response": 0.0, "coupon": {"targeting": "past_spend"}, **PURE}
    one, plain = model(**options, **given), baseline(**options)
    one.run(5)
    before = one.world.customers.spent.copy()
    one.step()
    written = one.world.customers.contacts > 0
    one.run()
    plain.run()
    after = one.world.customers.spent - before
    assert np.array_equal(one.world.customers.spent, plain.world.customers.spent)
    assert before[written].mean() / before[~written].mean() > 1.3
    assert after[written].mean() / after[~written].mean() > 1.3


def test_the_naive_difference_is_far_above_the_true_effect():
    """With an effect the paired truth is the model's own: users order more, about b of their orders, and not 200 %."""
    options: dict[str, Any] = {"customers": 20_000, "behaviors": GROCERY, "start": "base"}
    given: dict[str, Any] = {"weeks": 7, "depth": 0.2, "response": 2.0, "coupon": {"targeting": "past_spend", "uses": 254}, **PURE}
    one, plain = model(**options, **given), baseline(**options)
    one.step()
    written = one.world.customers.contacts > 0
    one.run(6)
    plain.run(7)
    mine, other = one.world.customers.n_orders, plain.world.customers.n_orders
    truth = mine[written].sum() / other[written].sum() - 1.0
    naive = mine[written].mean() / mine[~written].mean() - 1.0
    assert 0.0 < truth < 0.166 * (np.exp(0.4) - 1.0) * 2.5
    assert naive > 0.3 > truth
    assert np.array_equal(mine[~written], other[~written])


def test_discounts_on_orders_that_would_have_come_anyway_are_counted():
    """Expected e^-b of the discounts; the paired baseline's orders at the same discount agree within 4 standard errors."""
    options: dict[str, Any] = {"customers": 20_000}
    one, plain = model(depth=0.3, response=1.5, weeks=12, **PURE, **options).run(), baseline(**options).run()
    given, unneeded = units(one, "discounts"), units(one, "discounts_unneeded")
    assert unneeded / given == pytest.approx(np.exp(-0.45), rel=1e-4)
    anyway = 0.3 * units(plain, "revenue")
    assert unneeded / anyway == pytest.approx(1.0, abs=4 / np.sqrt(weekly(plain, "orders").sum()) * 1.3)


def test_people_who_get_a_deeper_discount_never_order_later():
    shallow, deep = (model(depth=depth, **PURE).run() for depth in (0.1, 0.4))
    assert (deep.world.customers.n_orders >= shallow.world.customers.n_orders).all()


def test_daily_and_weekly_steps_agree_on_orders_and_discounts():
    """Within 1.5 %, paired by luck: a weekly step lets the price act from the middle of a week in which a coupon is taken up."""
    day, week = (
        model(customers=20_000, depth=0.3, weeks=6, coupon={"use": 0.8, "use_by_spend": [1.0] * 10}, step_days=days).run()
        for days in (1, 7)
    )
    for name in ("orders", "discounts", "discounted_orders"):
        assert weekly(week, name).sum() == pytest.approx(weekly(day, name).sum(), rel=0.015)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "needs one of them: depth, a share off, or money_off"),
        ({"depth": 0.1, "money_off": 5.0}, "takes one of them, not both: depth, a share off, or money_off"),
        ({"depth": 1.2}, "0 to 1"),
        ({"depth": -0.1}, "0 to 1"),
        ({"depth": 0.1, "budget": -5.0}, "budget"),
        ({"depth": 0.1, "weeks": 0}, "weeks"),
        ({"depth": 0.1, "start_week": 8, "end_week": 6}, "ends before it starts"),
        ({"depth": 0.1, "weeks": 6, "every_weeks": 4}, "windows overlap"),
        ({"money_off": 5.0, "bundle": {}}, "bundle needs depth"),
        ({"depth": 0.1, "coupon": {"use_by_spend": [0.5]}}, "use_by_spend needs 10 numbers"),
        ({"depth": 0.1, "coupon": {"reach_by_spend": [2.0] * 10}}, "must be 1 or less"),
        ({"depth": 0.1, "audience": {"segment": ["moon"]}}, "no segment 'moon'"),
    ],
)  # fmt: skip
def test_a_discount_that_cannot_be_meant_is_refused(given, says):
    with pytest.raises(ScenarioError) as refused:
        scenario(**given)
    assert says in str(refused.value)
    assert len(refused.value.errors) <= 10


@pytest.mark.parametrize("others", [{"late": {"depth": 0.7}}, {"late": {"depth": 0.7}, "also": {"money_off": 12.0}}])
def test_discounts_on_one_order_take_off_no_more_than_its_value(others):
    """Each its part in proportion, to the last unit; what comes back is repaid at what was paid, never less than nothing."""
    plain = scenario(depth=0.6, weeks=12).tree
    more = {name: {"type": "discount", "weeks": 12, **one} for name, one in others.items()}
    back = {"environment": {"returns": {"share": 0.5}}}
    one = LoyaltyModel(from_tree({**plain, **back, "campaigns": {**plain["campaigns"], **more}}), collect=False)
    capped, off, back = 0, 0, 0
    for _ in range(12):
        one.step()
        events = one.world.events
        wanted = sum(events.reductions.values())
        parts = {name: events.reduction(name) for name in events.reductions}
        off += int(events.discount.sum())
        assert np.array_equal(sum(parts.values()), np.minimum(wanted, events.value))
        for name, part in parts.items():
            fair = events.reductions[name] * np.minimum(events.value / np.maximum(wanted, 1), 1.0)
            assert np.abs(part - fair).max() <= 1.0
            assert (part >= 0).all()
        capped += (wanted > events.value).sum()
        refunds = one.world.refunds
        assert (refunds.paid >= 0).all()
        back += int((refunds.value - refunds.paid).sum())
    assert capped > 1000 and back > 0
    assert units(one, "discounts") == off - back <= units(one, "revenue") - units(one, "refunds")
    assert sum(one.world.notes[f"campaigns.{name}"].spent for name in (*others, "sale")) == off
