"""Push: the firm writes to people, on a calendar or when something happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Campaign
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import charge, hazard, mean_decay, money
from ..world.audience import Audience
from ..world.customers import ACTIVE, CHURNED, PROSPECT
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.world import World

f32, u8 = np.float32, np.uint8
_ZERO = f32(0.0)

CALENDAR, AFTER_ORDER, INACTIVE = 0, 1, 2
_TRIGGERS = {"calendar": CALENDAR, "after_order": AFTER_ORDER, "inactive": INACTIVE}


class Push(Campaign):
    """A message to an audience; who clicks orders more for a while, and a prospect who clicks may come.

        P(click) = click_through x (relevance, if tagged) x receptiveness
        term on log_purchase = goodwill, at most `ceiling`
        goodwill += effect with a click;  carryover of it is left a week later

    A prospect who clicks is won with probability `acquisition`.
    Source: adstock Broadbent (1979); carryover .5 from long-run over short-run advertising elasticity .24 / .12
    (Sethuraman, Tellis & Briesch 2011, JMR 48(3)).
    """

    facts = (
        Fact(
            "The long-run effect of advertising is twice the short-run one (elasticities .24 and .12): 1 / (1 - carryover) = 2.",
            "Sethuraman, Tellis & Briesch (2011), JMR 48(3)",
            "wiring",
            "tests/sim/campaigns/test_push.py::test_the_whole_effect_of_a_click_is_that_of_adstock",
        ),
    )

    type = "push"
    reads = ("status", "segment", "receptiveness", "last_order", "contacts")
    writes = ("contacts",)
    cause = "push"
    totals = (
        flow("contacts_sent", unit="messages", doc="Messages of the firm delivered."),
        flow("clicks", unit="clicks", doc="Messages of the firm clicked."),
    )

    CLICK = stream("push.click", per="week", doc="Whether a message of the firm is clicked.")

    class State(Fields):
        goodwill: Any = field(np.float32, default=0.0, unit="log", low=0, doc="Log-term on the purchase rate left from clicks.")
        invited: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Prospect who clicked in this step.")
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person is written to at all.")

    class Params(Parameters):
        type: Literal["push"] = param("push", unit="", doc="Kind of campaign.", source="name")
        audience: Audience = group("Who is written to.", Audience)
        to: Literal["customers", "prospects", "everyone"] = param(
            "customers",
            unit="",
            doc="Whom it reaches: customers (the firm cannot tell who has silently left), prospects, or everyone: both.",
            source="plan",
        )
        mode: Literal["broadcast", "tagged"] = param(
            "broadcast", unit="", doc="broadcast: the same message for all; tagged: content picked by tags.", source="plan"
        )
        trigger: Literal["calendar", "after_order", "inactive"] = param(
            "calendar", unit="", doc="calendar: every `every_weeks`; after_order: `delay_weeks` after an order; inactive: every "
            "`every_weeks` once `delay_weeks` have passed without one.", source="plan",
        )  # fmt: skip
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of the campaign.", source="plan")
        weeks: int | None = param(None, unit="weeks", low=1, high=2000, doc="Length; to the horizon if not given.", source="plan")
        every_weeks: int = param(1, unit="weeks", low=1, high=104, doc="Weeks between messages.", source="plan")
        delay_weeks: int = param(4, unit="weeks", low=1, high=104, doc="Weeks after the last order, for triggers.", source="plan")
        click_through: float = param(
            0.08,
            unit="probability",
            low=0.0,
            high=0.5,
            role="effect",
            neutral=0.0,
            doc="Probability that a rested person clicks a broadcast message.",
            plausible=(0.02, 0.15),
            source="assumed",
        )
        relevance: float = param(
            2.0,
            unit="1",
            low=1.0,
            high=4.0,
            role="effect",
            neutral=1.0,
            doc="Factor of tagged content on clicks.",
            source="assumed; claim of a tea-brand case: personal push has 2 times the click-through of broadcast, read as to 2x",
        )
        effect: float = param(
            0.5,
            unit="log",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Log-term of a fresh click on the purchase rate.",
            plausible=(0.1, 1.0),
            source="assumed; Hillstrom e-mail test: two-week conversion .57 to 1.25 % over all who were written to",
        )
        carryover: float = param(
            0.5,
            unit="1/week",
            low=0.0,
            high=0.95,
            doc="Part of the effect left after a week.",
            source="Sethuraman, Tellis & Briesch 2011: long-run over short-run elasticity 2",
        )
        ceiling: float = param(
            1.5, unit="log", low=0.0, high=5.0, doc="Most that clicks can add up to.", plausible=(0.75, 3.0), source="assumed"
        )
        acquisition: float = param(
            0.02,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a prospect's click wins the prospect.",
            plausible=(0.005, 0.05),
            source="assumed",
        )
        contact_cost: float = param(
            0.01, unit="money", low=0.0, high=1000.0, role="cost", doc="Cost of one message delivered.", source="assumed"
        )
        weekly_cost: float = param(
            0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week while the campaign lasts.", source="plan"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        goodwill, invited = f"{self.name}.goodwill", f"{self.name}.invited"
        found = [link("consent", "contacts", +1)]
        if params.to != "prospects":
            # Goodwill falls to `carryover` in a week.
            lasts = params.carryover / (1.0 - params.carryover) if params.carryover < 1.0 else 0.0
            found += [
                link("consent", goodwill, +1, "click_through"),
                link("receptiveness", goodwill, +1, "click_through"),
            ]
            if params.trigger != "calendar":
                sign = +1 if params.trigger == "after_order" else -1
                found.append(link("orders", "contacts", sign, delay=float(params.delay_weeks)))
                found.append(link("orders", goodwill, sign, "click_through", delay=float(params.delay_weeks)))
            if params.mode == "tagged":
                found.append(link(PLAN, goodwill, +1, "relevance"))
            if params.click_through > 0.0:
                found.append(link(goodwill, "purchase", +1, "effect", delay=lasts))
        if params.to != "customers":
            found += [
                link("consent", invited, +1, "click_through"),
                link("receptiveness", invited, +1, "click_through"),
            ]
            if params.mode == "tagged":
                found.append(link(PLAN, invited, +1, "relevance"))
            if params.click_through > 0.0:
                found.append(link(invited, "acquisition", +1, "acquisition"))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message
        if self.params.to == "prospects" and self.params.audience.changes:
            yield "audience", "tiers, RFM cells and stages hold customers, so none of the prospects it is sent `to`"
        if self.params.to == "prospects" and self.params.trigger != "calendar":
            yield "trigger", f"{self.params.trigger} goes by the last order, which the prospects it is sent `to` have not placed"

    def _runs(self, world: World) -> bool:
        params, week = self.params, world.calendar.week
        return week >= params.start_week and (params.weeks is None or week < params.start_week + params.weeks)

    def arrive(self, world: World) -> None:
        params, calendar, customers, own = self.params, world.calendar, world.customers, world.own(self)
        own.invited.fill(0)
        if not (self._runs(world) and calendar.opens_week):
            return
        if calendar.week == params.start_week:
            own.audience[:] = params.audience.mask(world, self.name)
            world.ledger.post("campaign_cost", money(params.setup_cost))
        world.ledger.post("campaign_cost", money(params.weekly_cost))
        if params.trigger == "calendar" and (calendar.week - params.start_week) % params.every_weeks:
            return
        if params.audience.changes and calendar.week > params.start_week:
            own.audience[:] = params.audience.mask(world, self.name)
        luck = np.empty(world.people, np.float32)
        world.each(draw_luck, luck, world.key(self.CLICK), np.uint64(calendar.step), np.uint64(word(self.name)))
        sent = world.tally(
            write_to,
            3,
            own.goodwill,
            own.invited,
            customers.contacts,
            own.audience,
            customers.status,
            customers.segment,
            customers.receptiveness,
            customers.last_order,
            luck,
            params.to != "prospects",
            params.to != "customers",
            _TRIGGERS[params.trigger],
            f32(calendar.now),
            params.delay_weeks,
            params.every_weeks,
            f32(params.click_through * (params.relevance if params.mode == "tagged" else 1.0)),
            f32(params.effect),
            f32(params.ceiling),
        )
        world.totals.add("contacts_sent", sent[:, 0])
        world.totals.add("clicks", sent[:, 1])
        world.ledger.post("campaign_cost", charge(sent[:, 0] - sent[:, 2], params.contact_cost))
        world.ledger.post("acquisition_cost", charge(sent[:, 2], params.contact_cost))

    def weigh(self, world: World) -> None:
        params, own = self.params, world.own(self)
        if world.calendar.week < params.start_week:
            return
        world.each(
            follow_clicks,
            world.rates.log_purchase,
            world.rates.cause("push"),
            own.goodwill,
            own.invited,
            f32(mean_decay(params.carryover, world.calendar.dt)),
            f32(params.carryover**world.calendar.dt),
            f32(hazard(params.acquisition)),
        )


@kernel
def draw_luck(luck, key, step, name, start, stop):
    """Luck of this message for everyone: a plain loop, of which the compiler makes vector code."""
    for i in range(start, stop):
        luck[i] = uniform(key, i, step, name)


@kernel
def write_to(
    counts,
    goodwill,
    invited,
    contacts,
    audience,
    status,
    segment,
    receptiveness,
    last_order,
    luck,
    customers_too,
    prospects_too,
    trigger,
    now,
    delay,
    every,
    click_through,
    effect,
    ceiling,
    start,
    stop,
):
    """Deliver the message to those it is for; count messages, clicks and messages to prospects by segment."""
    for i in range(start, stop):
        if audience[i] == 0 or receptiveness[i] == _ZERO:
            continue
        known = status[i] == ACTIVE or status[i] == CHURNED
        if not ((known and customers_too) or (status[i] == PROSPECT and prospects_too)):
            continue
        if trigger != CALENDAR:
            if not known:
                continue
            waited = np.int64(np.floor(now - last_order[i]))
            if trigger == AFTER_ORDER and waited != delay:
                continue
            if trigger == INACTIVE and (waited < delay or (waited - delay) % every != 0):
                continue
        s = segment[i]
        counts[s, 0] += 1
        if not known:
            counts[s, 2] += 1
        contacts[i] = min(contacts[i] + u8(1), u8(250))
        if luck[i] < click_through * receptiveness[i]:
            counts[s, 1] += 1
            if known:
                goodwill[i] = min(goodwill[i] + effect, ceiling)
            else:
                invited[i] = u8(1)


@kernel
def follow_clicks(log_purchase, acquisition, goodwill, invited, on_average, keep, invitation, start, stop):
    """Term of goodwill on the purchase rate, its decay over the step, and the hazard of prospects who clicked."""
    for i in range(start, stop):
        if goodwill[i] > f32(1.0e-4):
            log_purchase[i] += goodwill[i] * on_average
            goodwill[i] *= keep
        if invited[i] != 0:
            acquisition[i] += invitation
