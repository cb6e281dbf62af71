"""Discount: a lower price for a while, for everyone in an audience or by coupon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ..core.component import Campaign
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import exp32, log32, uniform, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import MONEY, charge, decay, money, payable
from ..world.audience import Audience
from ..world.customers import ACTIVE, CHURNED
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.world import World

f32, f64, i64, u8 = np.float32, np.float64, np.int64, np.uint8
_ZERO, _ONE = f32(0.0), f32(1.0)

# Weeks of orders owed, or part of the price, that are forgotten.
_LEAST = f32(1.0e-4)

NEVER = 1.0e9
ALWAYS = 255
"""Uses of an offer that is not used up."""

JOURNEY = "Complete Journey 2017, 27 campaigns"
Shares = list[Annotated[float, Field(ge=0.0, le=1.0)]]


class Bundle(Parameters):
    """So many units at full price bring further ones at `depth` off: buy 1 get 1 at depth 1, the second at half price at .5."""

    buy: int = param(1, unit="units", low=1, high=100, doc="Units at full price.", source="practice: buy one get one")
    get: int = param(1, unit="units", low=1, high=100, doc="Units at the reduced price.", source="practice: buy one get one")
    extra_units: float = param(
        0.5,
        unit="share",
        low=0.0,
        high=1.0,
        role="effect",
        neutral=0.0,
        doc="Part of the reduced units that the customer would not have bought in that order.",
        plausible=(0.2, 0.9),
        source="assumed",
    )


class Coupon(Parameters):
    """The discount goes to those who are written to and use it; without this section it is for all of the audience."""

    use: float = param(
        0.166,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Part of those written to who mean to use it; they also need to order in time.",
        source=f"{JOURNEY}: 16.6 % of contacts of broad personalized campaigns (type A) redeem, 6.5 % of type B",
    )
    use_by_spend: Shares = param(
        [0.0, 0.0, 0.07, 0.05, 0.14, 0.10, 0.21, 0.28, 0.46, 0.54],
        unit="share",
        low=0.0,
        high=1.0,
        each=True,
        doc="Use by tenths of past spending, least first; only the proportions count.",
        source=f"{JOURNEY}: redemption given targeted by spend decile",
    )
    early: float = param(
        0.65,
        unit="share",
        low=0.34,
        high=0.95,
        doc="Part of the users who take it up in the first third of the window.",
        source=f"set so that, with the wait for the next order at a grocery's pace, half of redemptions do, as in {JOURNEY}",
    )
    uses: int = param(1, unit="orders", low=1, high=254, doc="Orders of one customer it holds for.", source="plan")
    targeting: Literal["all", "past_spend"] = param(
        "all", unit="", doc="all: every known customer of the audience; past_spend: by `reach_by_spend`.", source="plan"
    )
    reach_by_spend: Shares = param(
        [0.03, 0.14, 0.34, 0.53, 0.62, 0.82, 0.91, 0.98, 0.97, 0.96],
        unit="share",
        low=0.0,
        high=1.0,
        each=True,
        doc="Part written to by tenths of past spending, least first.",
        source=f"{JOURNEY}: share targeted by spend decile",
    )
    contact_cost: float = param(
        0.01, unit="money", low=0.0, high=1000.0, role="cost", doc="Cost of one coupon sent.", source="assumed"
    )

    @model_validator(mode="after")
    def _by_tenths(self) -> Coupon:
        for name in ("use_by_spend", "reach_by_spend"):
            if len(getattr(self, name)) != 10:
                raise ValueError(f"{name} needs 10 numbers, one for each tenth of the customers by past spending")
        return self


@dataclass
class Purse:
    """Discounts given so far in integer money, and when the open window closes, in weeks."""

    spent: int = 0
    closes: float = 0.0

    def copy(self) -> Purse:
        return replace(self)


class Discount(Campaign):
    """A share or an amount off orders within a window; orders come sooner and larger, and fewer afterwards.

        term on log_purchase = b + log(1 - m) - reference_loss r,  b = response d, while the offer is live
        pull-forward:     dD/dt = pull_forward (exp b - 1) - m exp b,  m = min(.9, D / pull_forward_weeks)
        reference price:  dr/dt = speed (d - r)

    d is the share off an own mean order, D the debt of orders pulled forward, in weeks of own orders, and r the discount that people
    have come to expect; after the offer d and b are 0, and m and r are what makes the dip. A bundle (buy, get) counts as
    d = depth get / (buy + get) and adds log(1 + extra_units get / buy) to the log order value. Who would have bought anyway gets the
    discount too. Several discounts on one order add up to no more than its value, each then giving its part in proportion.
    Source: adaptive reference price Greenleaf (1995), Marketing Science 14(1); Kalyanaram & Winer (1995), same, 14(3); use
    and targeting of coupons Complete Journey; sizes assumed.
    """

    facts = (
        Fact(
            "Of personalized grocery coupons 16.6 % of contacts redeem, of others 6.5 %.",
            "Complete Journey (84.51), computed; semi-synthetic",
            "wiring",
            "tests/sim/campaigns/test_discount.py::test_coupons_are_redeemed_by_the_share_that_means_to",
        ),
        Fact(
            "Half of the redemptions fall in the first third of the window; the median was put in, the tails (8 and 84 % of it) follow.",
            "Complete Journey (84.51), computed; semi-synthetic",
            "emergent",
            "tests/sim/campaigns/test_discount.py::test_half_of_the_redemptions_fall_in_the_first_third",
        ),
        Fact(
            "Targeting by past spend makes a coupon without any effect look like a success: those written to spend over 1.3 times as "
            "much as others, before and after.",
            "Complete Journey (84.51): 1.3 to 3 times more before",
            "emergent",
            ""
            "tests/sim/campaigns/test_discount.py::test_a_coupon_without_effect_looks_like_a_large_success_to_who_compares_those_written_to",
        ),
    )
    unpublished = "How far a lower price speeds orders up, and how much of that is pulled forward, has no citable size here: assumed."

    type = "discount"
    reads = ("status", "segment", "log_basket", "spent", "orders_before", "receptiveness", "contacts")
    writes = ("contacts",)
    totals = (
        flow("coupons_sent", unit="coupons", doc="Coupons sent to customers."),
        flow("discounted_orders", unit="orders", doc="Orders with a discount."),
        flow(
            "discounts_unneeded",
            unit="money",
            scale=MONEY,
            doc="Discounts on orders expected in the same step without the lower price: exp(-b) of each.",
        ),
    )

    CONTACT = stream("discount.contact", per="week", doc="Who gets a coupon of a window, within a tenth by past spending.")
    USE = stream("discount.use", per="week", doc="Who uses the coupon of a window, and from when.")
    TIE = stream("discount.tie", per="person", doc="Order of customers of equal past spending.")

    class State(Fields):
        touched: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether an offer or what it left behind is at work.")
        offered: Any = field(np.float32, default=NEVER, unit="week", doc="Time from which the offer is live for the person.")
        uses: Any = field(np.uint8, default=0, unit="orders", doc="Orders the offer still holds for; 255 for all.")
        lift: Any = field(np.float32, default=0.0, unit="log", low=0, doc="Term of the lower price on the rate in this step.")
        debt: Any = field(np.float32, default=0.0, unit="weeks", low=0, doc="Orders pulled forward, in weeks of own base orders.")
        accustomed: Any = field(np.float32, default=0.0, unit="share", low=0, high=1, doc="Reference price below the full one.")

    class Params(Parameters):
        type: Literal["discount"] = param("discount", unit="", doc="Kind of campaign.", source="name")
        audience: Audience = group("Who may have it.", Audience)
        depth: float | None = param(
            None, unit="share", low=0.0, high=1.0, doc="Share off the order, or off the reduced units of a bundle.", source="plan"
        )
        money_off: float | None = param(
            None, unit="money", low=0.0, high=1e9, doc="Amount off an order, at most its value.", source="plan"
        )
        bundle: Bundle | None = group("Units at full price that bring units at `depth` off, if any.", lambda: None)
        coupon: Coupon | None = group("Only those written to who use it; else all of the audience.", lambda: None)
        min_spend: float = param(0.0, unit="money", low=0.0, high=1e9, doc="Least order value, before the discount.", source="plan")
        budget: float | None = param(
            None, unit="money", low=0.0, high=1e12, source="plan", shared=True,
            doc="Discounts in all; the offer ends when they are spent, counted before several on one order are cut to its value.",
        )
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week.", source="plan")
        weeks: int = param(4, unit="weeks", low=1, high=2000, doc="Length of a window.", source="plan")
        every_weeks: int | None = param(
            None, unit="weeks", low=1, high=520, doc="Weeks from window to window; one window if not given.", source="plan"
        )
        end_week: int | None = param(
            None, unit="week", low=1, high=4000, doc="Last week of all; to the horizon if not given.", source="plan"
        )
        response: float = param(
            2.0,
            unit="log",
            low=0.0,
            high=10.0,
            role="effect",
            neutral=0.0,
            doc="Log-term on the purchase rate per unit of depth.",
            plausible=(0.5, 4.0),
            source="assumed; price elasticities of sales are about -2.6 on average (Bijmolt, van Heerde & Pieters 2005, JMR 42(2)), "
            "a part of it quantity",
        )
        pull_forward: float = param(
            0.4,
            unit="share",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="Part of the orders gained that is missing later.",
            plausible=(0.0, 0.8),
            source="assumed",
        )
        pull_forward_weeks: float = param(
            4.0, unit="weeks", low=1.0, high=52.0, doc="Time over which they are missing.", plausible=(2, 8), source="assumed"
        )
        reference_loss: float = param(
            0.5,
            unit="log",
            low=0.0,
            high=5.0,
            role="effect",
            neutral=0.0,
            doc="Log-term lost per unit by which the reference price lies below the full price.",
            plausible=(0.0, 1.5),
            source="assumed",
        )
        reference_half_life: float = param(
            4.0,
            unit="weeks",
            low=0.5,
            high=104.0,
            doc="Time in which the reference price goes half the way to the price met.",
            plausible=(2, 13),
            source="assumed",
        )
        weekly_cost: float = param(
            0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week of a window.", source="plan"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")

        _payable = field_validator("money_off")(payable)

        @model_validator(mode="after")
        def _is_one_offer(self) -> Any:
            if (self.depth is None) == (self.money_off is None):
                both = "takes one of them, not both" if self.depth is not None else "needs one of them"
                raise ValueError(f"{both}: depth, a share off, or money_off, an amount off")
            if self.bundle is not None and self.depth is None:
                raise ValueError("bundle needs depth: the share off its reduced units")
            if self.every_weeks is not None and self.every_weeks < self.weeks:
                raise ValueError(f"windows overlap: every_weeks must be at least weeks. Nearest right value: {self.weeks}")
            if self.end_week is not None and self.end_week < self.start_week:
                raise ValueError(f"ends before it starts: end_week must be at least start_week. Nearest right value: {self.start_week}")
            return self

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        found = [
            link(PLAN, "purchase", +1, "response"),
            link(PLAN, "purchase", -1, "pull_forward", delay=params.pull_forward_weeks),
            link(PLAN, "purchase", -1, "reference_loss", delay=mean_lag(params.reference_half_life)),
            link(PLAN, "order_value", +1, "bundle.extra_units"),
        ]
        if params.coupon is not None:
            found.append(link("consent", "contacts", +1))
            found.append(link("receptiveness", "purchase", +1, "response"))
        if params.coupon is not None or params.budget is not None:
            # Orders use up what the coupon or the budget still holds, and with it all that the lower price does.
            uses = f"{self.name}.uses"
            found += [
                link("orders", uses, -1),
                link(uses, "purchase", +1, "response"),
                link(uses, "purchase", -1, "pull_forward", needs=("response",), delay=params.pull_forward_weeks),
                link(uses, "purchase", -1, "reference_loss", delay=mean_lag(params.reference_half_life)),
                link(uses, "order_value", +1, "bundle.extra_units"),
            ]
            if params.budget is not None:
                found.append(link("order_value", uses, -1))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    def _depth(self) -> float:
        """Share off a whole order."""
        params = self.params
        depth, bundle = params.depth or 0.0, params.bundle
        return depth if bundle is None else depth * bundle.get / (bundle.buy + bundle.get)

    def _window(self, week: int) -> tuple[int, bool]:
        """Which window the week belongs to, from 0, and whether it is open."""
        params = self.params
        number, since = divmod(week - params.start_week, params.every_weeks or 10_000)
        return number, number >= 0 and since < params.weeks and (params.end_week is None or week <= params.end_week)

    def arrive(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week:
            return
        if calendar.opens_week:
            number, runs = self._window(calendar.week)
            if calendar.week == params.start_week:
                world.ledger.post("campaign_cost", money(params.setup_cost))
            if runs:
                world.ledger.post("campaign_cost", money(params.weekly_cost))
            if runs and calendar.week == params.start_week + number * (params.every_weeks or 0):
                self._open(world, number)
        purse = world.note(self, Purse)
        if params.budget is not None and purse.spent >= money(params.budget):
            purse.closes = min(purse.closes, calendar.now)

    def _open(self, world: World, number: int) -> None:
        params, now, own = self.params, world.calendar.now, world.own(self)
        weeks = params.weeks
        if params.end_week is not None:
            weeks = min(weeks, params.end_week - world.calendar.week + 1)
        purse = world.note(self, Purse)
        purse.closes = now + weeks
        audience = params.audience.mask(world, self.name)
        if params.coupon is None:
            own.offered[:] = np.where(audience, f32(now), f32(NEVER))
            own.uses[:] = np.where(audience, u8(ALWAYS), u8(0))
            own.touched |= audience
        elif params.budget is None or purse.spent < money(params.budget):
            self._send(world, params.coupon, audience, number, weeks)

    def _send(self, world: World, coupon: Coupon, audience: np.ndarray, number: int, weeks: int) -> None:
        """Send the coupons of a window, and let those who will use them make up their minds."""
        own, customers = world.own(self), world.customers
        tenth = self._tenths(world, audience)
        reach = np.ones(10) if coupon.targeting == "all" else np.array(coupon.reach_by_spend)
        sent = world.tally(
            send_coupons,
            11,
            own.uses,
            customers.contacts,
            tenth,
            customers.receptiveness,
            customers.segment,
            reach.astype(f32),
            world.key(self.CONTACT),
            np.uint64(number),
            np.uint64(word(self.name)),
        )
        world.totals.add("coupons_sent", sent[:, 10])
        world.ledger.post("campaign_cost", charge(sent[:, 10], coupon.contact_cost))
        inclined = np.array(coupon.use_by_spend)
        by_tenth = sent[:, :10].sum(axis=0)
        mean = float((inclined * by_tenth).sum()) / max(int(by_tenth.sum()), 1)
        use = np.minimum(coupon.use * inclined / mean, 1.0) if mean > 0.0 else np.full(10, coupon.use)
        # 1 / (1 + x + x^2) = early, where exp(-pace) = x^3: a truncated exponential over the window.
        third = f32(0.5 * (np.sqrt(4.0 / coupon.early - 3.0) - 1.0))
        world.each(
            take_up,
            own.touched,
            own.offered,
            own.uses,
            tenth,
            customers.receptiveness,
            use.astype(f32),
            world.key(self.USE),
            np.uint64(number),
            np.uint64(word(self.name)),
            u8(coupon.uses),
            f32(-3.0) * log32(third),
            f32(world.calendar.now),
            f32(weeks),
        )

    def _tenths(self, world: World, audience: np.ndarray) -> np.ndarray:
        """Tenth of each known customer of the audience by past spending, 0 the least; 255 for others."""
        customers = world.customers
        score = np.empty(world.people, np.float32)
        world.each(
            rank_spending,
            score,
            audience,
            customers.status,
            customers.spent,
            customers.orders_before,
            customers.log_basket,
            world.key(self.TIE),
            f32(world.population.mean_order),
        )
        known = score[score >= 0.0]
        tenth = np.full(world.people, 255, np.uint8)
        if len(known):
            places = [len(known) * at // 10 for at in range(1, 10)]
            cuts = np.partition(known, places)[places]
            tenth[score >= 0.0] = np.searchsorted(cuts, known, side="right")
        return tenth

    def weigh(self, world: World) -> None:
        params, calendar, own, rates = self.params, world.calendar, world.own(self), world.rates
        if calendar.week < params.start_week:
            return
        bundle = params.bundle
        world.each(
            feel_price,
            rates.log_purchase,
            rates.log_order_value,
            own.touched,
            own.lift,
            own.debt,
            own.accustomed,
            own.offered,
            own.uses,
            world.customers.status,
            world.customers.log_basket,
            f32(calendar.now),
            f32(calendar.dt),
            f32(min(world.note(self, Purse).closes, calendar.now + calendar.dt)),
            f32(self._depth()),
            f32(params.money_off or 0.0),
            f32(params.min_spend),
            f32(world.population.mean_order),
            f32(params.response),
            f32(params.pull_forward),
            f32(params.pull_forward_weeks),
            f32(params.reference_loss),
            f32(1.0 - decay(params.reference_half_life, calendar.dt)),
            log32(f32(1.0 + (bundle.extra_units * bundle.get / bundle.buy if bundle else 0.0))),
        )

    def settle(self, world: World) -> None:
        params, events, own, purse = self.params, world.events, world.own(self), world.note(self, Purse)
        if purse.closes <= world.calendar.now or not len(events):
            return
        given = np.zeros(len(events), np.int64)
        world.over(
            take_off,
            len(events),
            given,
            own.uses,
            own.offered,
            events.person,
            events.value,
            events.time,
            f64(self._depth()),
            i64(money(params.money_off or 0.0)),
            i64(money(params.min_spend)),
        )
        if params.budget is not None:
            _keep_within(given, events.time, money(params.budget) - purse.spent)
        events.reductions[self.address] = given

    def respond(self, world: World) -> None:
        events, own, purse = world.events, world.own(self), world.note(self, Purse)
        if self.address not in events.reductions:
            return
        given = events.reduction(self.address)
        got = np.flatnonzero(given)
        if not len(got):
            return
        people, amounts = events.person[got], given[got]
        unneeded = np.empty(len(got), np.int64)
        world.over(count_unneeded, len(got), unneeded, amounts, people, own.lift)
        world.ledger.post("discounts", world.by_segment(people, amounts))
        world.totals.add("discounted_orders", world.by_segment(people))
        world.totals.add("discounts_unneeded", world.by_segment(people, unneeded))
        purse.spent += int(amounts.sum())


def _keep_within(given: np.ndarray, time: np.ndarray, left: int) -> None:
    """Let only the first orders have their discount, and the last of these what is left of the budget."""
    if int(given.sum()) <= left:
        return
    got = np.flatnonzero(given)
    got = got[np.argsort(time[got], kind="stable")]
    before = np.cumsum(given[got]) - given[got]
    given[got] = np.clip(left - before, 0, given[got])


@kernel
def rank_spending(score, audience, status, spent, orders_before, log_basket, key, mean_factor, start, stop):
    """Past spending of the audience's known customers, ties apart by less than a cent; -1 for others.

    Orders before the start count at the own mean order value.
    """
    for i in range(start, stop):
        score[i] = f32(-1.0)
        if audience[i] != 0 and (status[i] == ACTIVE or status[i] == CHURNED):
            before = f32(orders_before[i]) * exp32(min(log_basket[i], f32(25.0))) * mean_factor
            score[i] = f32(f64(spent[i]) / 10000.0) + before + f32(0.01) * uniform(key, i, 0, 0)


@kernel
def send_coupons(counts, uses, contacts, tenth, receptiveness, segment, reach, key, number, name, start, stop):
    """Write to customers by their tenth; counts by segment and tenth, and in all."""
    for i in range(start, stop):
        uses[i] = u8(0)
        if tenth[i] > 9 or receptiveness[i] == _ZERO:
            continue
        if uniform(key, i, number, name) < reach[tenth[i]]:
            uses[i] = u8(1)
            contacts[i] = min(contacts[i] + u8(1), u8(250))
            counts[segment[i], tenth[i]] += 1
            counts[segment[i], 10] += 1


@kernel
def take_up(touched, offered, uses, tenth, receptiveness, use, key, number, name, orders, pace, now, weeks, start, stop):
    """Who means to use the coupon, and from when: a truncated exponential time within the window."""
    for i in range(start, stop):
        offered[i] = f32(NEVER)
        if uses[i] == 0:
            continue
        intent, when = uniform_pair(key, i, number, name)
        if intent < use[tenth[i]] * receptiveness[i]:
            uses[i] = orders
            touched[i] = u8(1)
            offered[i] = now - weeks * log32(_ONE - when * (_ONE - exp32(-pace))) / pace
        else:
            uses[i] = u8(0)


@kernel
def feel_price(
    log_purchase,
    log_order_value,
    touched,
    lift,
    debt,
    accustomed,
    offered,
    uses,
    status,
    log_basket,
    now,
    dt,
    end,
    depth,
    money_off,
    min_spend,
    mean_factor,
    response,
    pull_forward,
    pull_forward_weeks,
    reference_loss,
    speed,
    more_units,
    start,
    stop,
):
    """Terms of the lower price, of the debt of orders pulled forward and of the reference price; both move on."""
    for i in range(start, stop):
        if touched[i] == 0:
            continue
        lift[i] = _ZERO
        if (uses[i] == 0 or end <= now) and debt[i] == _ZERO and accustomed[i] == _ZERO:
            touched[i] = u8(0)
            continue
        if status[i] != ACTIVE:
            continue
        live = (end - max(now, offered[i])) / dt if uses[i] != 0 else _ZERO
        felt = _ZERO
        if live > _ZERO:
            felt = depth
            if money_off > _ZERO or min_spend > _ZERO:
                usual = max(exp32(min(log_basket[i], f32(25.0))) * mean_factor, f32(1.0e-6))
                felt = min(money_off / usual, _ONE) if money_off > _ZERO else felt
                felt *= min(usual / max(min_spend, f32(1.0e-6)), _ONE)
            felt *= live
            log_order_value[i] += live * more_units
        b = response * felt
        growth = exp32(b) if b > _ZERO else _ONE
        # No more is paid back in a step than is owed.
        missing = min(min(f32(0.9), debt[i] / pull_forward_weeks), debt[i] / (growth * dt))
        lift[i] = b
        log_purchase[i] += b + log32(_ONE - missing) - reference_loss * accustomed[i]
        owed = debt[i] + (pull_forward * (growth - _ONE) - missing * growth) * dt
        debt[i] = owed if owed > _LEAST else _ZERO
        used_to = accustomed[i] + speed * (felt - accustomed[i])
        accustomed[i] = used_to if used_to > _LEAST else _ZERO


@kernel
def take_off(given, uses, offered, person, value, time, depth, money_off, min_spend, start, stop):
    """The discount of each order that has one, rounded half to even."""
    for e in range(start, stop):
        i = person[e]
        if uses[i] == 0 or time[e] < offered[i] or value[e] < min_spend:
            continue
        amount = min(money_off, value[e]) if money_off > 0 else i64(np.rint(depth * f64(value[e])))
        if amount > 0:
            given[e] = amount
            if uses[i] != ALWAYS:
                uses[i] -= u8(1)


@kernel
def count_unneeded(unneeded, amounts, people, lift, start, stop):
    """Part of each discount that went to orders expected at the full price."""
    for k in range(start, stop):
        unneeded[k] = i64(np.rint(f64(amounts[k]) * f64(exp32(-lift[people[k]]))))
