"""Stamp card: every order is a stamp, a full card is a reward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from ..core.component import Program
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stock, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import MONEY, charge, money
from ..world.audience import Audience
from ..world.customers import ACTIVE, CHURNED
from ..world.goals import show_goal
from ..world.ledger import PointsLiability, allocate
from ..world.market import Market
from ..world.quantities import PLAN
from ..world.world import World

f32, i32, i64, u8, u16 = np.float32, np.int32, np.int64, np.uint8, np.uint16
_ZERO = f32(0.0)

NONE, OPEN, DONE = 0, 1, 2
_NEVER = 2_000_000_000


class Books:
    """Small state of the program: its contract liability and the stamps behind it."""

    def __init__(self) -> None:
        self.liability = PointsLiability()
        self.used = 0
        self.opening = 0

    def copy(self) -> Books:
        twin = Books()
        twin.liability = replace(self.liability)
        twin.used, twin.opening = self.used, self.opening
        return twin


class StampCard(Program):
    """A card that an order stamps; with the last stamp the reward is handed over and, if it recurs, the next card begins.

        progress shown = stamps on the card, given ones included / stamps asked
        stand-alone value of a stamp = face value of the reward / stamps asked x expected_redemption

    Customers take a card when asked at an order, which is its first stamp on top of those given. A card that is not full
    `expiry_weeks` after it was handed out, or when the program ends, lapses with its stamps; the next order after that begins
    a new card, without gift. The stamp of an order sent back comes off its card while that is open; a full card stays full. How
    people respond to progress is behavior `goal_gradient`. Stamps are owed as a contract liability.
    Source: card designs of Kivetz, Urminsky & Zheng (2006), JMR 43(1), and Nunes & Dreze (2006), Journal of Consumer
    Research 32(4); accounting IFRS 15 B39-B43.
    """

    facts = (
        Fact(
            "With `goal_gradient` on, 34 % of car-wash cards of 10 stamps with 2 given are completed, against 19 % of cards of 8.",
            "Nunes & Dreze (2006), Journal of Consumer Research 32(4)",
            "wiring",
            "tests/sim/behaviors/test_goal_gradient.py::test_cards_with_a_head_start_are_completed_by_34_against_19_percent",
        ),
    )

    type = "stamp_card"
    reads = ("status", "segment", "rewarded")
    writes = ("rewarded", "progress", "goal_orders", "goal_weeks", "goals_reached", "goal_gift")
    totals = (
        flow("stamps_issued", unit="stamps", doc="Stamps on cards, given ones included, less those taken off."),
        flow("stamps_reversed", unit="stamps", doc="Stamps taken off open cards for orders sent back."),
        flow("stamps_redeemed", unit="stamps", doc="Stamps of cards that became full."),
        flow("stamps_expired", unit="stamps", doc="Stamps of cards that lapsed."),
        stock("stamps_outstanding", unit="stamps", doc="Stamps on open cards."),
        stock("points_liability", unit="money", scale=MONEY, doc="Contract liability of outstanding points and stamps (IFRS 15)."),
        stock("points_liability_at_launch", unit="money", scale=MONEY, doc="Fair value of the balances handed over at launch."),
        stock("points_cost_owed", unit="money", scale=MONEY, doc="What outstanding points and stamps are expected to cost the firm."),
        flow("rewards_redeemed", unit="rewards", doc="Rewards handed out."),
        flow("reward_face_value", unit="money", scale=MONEY, doc="Worth to members of the rewards handed out."),
        flow("enrolled", unit="people", doc="Customers who joined a program."),
        stock("members", unit="people", doc="Members of a program who are truly active."),
    )

    TAKE = stream("stamp_card.take", per="order", doc="Whether a customer takes a card when asked at an order.")
    OPENING = stream("stamp_card.opening", per="person", doc="Who is handed a card at launch.")

    class State(Fields):
        member: Any = field(u8, default=0, unit="", low=0, high=1, doc="Whether the person has taken a card.")
        card: Any = field(u8, default=NONE, unit="", low=0, high=2, doc="Card held: none, open, or done for good.")
        stamps: Any = field(u8, default=0, unit="stamps", doc="Stamps on the open card.")
        gift: Any = field(u8, default=0, unit="stamps", doc="Stamps of the open card that were given.")
        lapses: Any = field(i32, default=_NEVER, unit="step", doc="Step in which the open card lapses.")
        goal_weeks: Any = field(f32, default=0.0, unit="weeks", low=0, doc="Weeks from handing out to lapse; 0 if it does not lapse.")
        cards_filled: Any = field(u16, default=0, unit="cards", doc="Cards filled so far.")
        redeemed_now: Any = field(f32, default=0.0, unit="rewards", low=0, doc="Rewards redeemed in this step, by worth.")
        audience: Any = field(u8, default=0, unit="", low=0, high=1, doc="Whether the program is open to the person.")

    class Params(Parameters):
        type: Literal["stamp_card"] = param("stamp_card", unit="", doc="Kind of program.", source="name")
        audience: Audience = group("To whom the program is open.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="Week of the launch.", source="plan")
        weeks: int | None = param(
            None, unit="weeks", low=1, high=2000, doc="Length; cards lapse at its end. To the horizon if not given.", source="plan"
        )
        stamps: int = param(
            10, unit="stamps", low=1, high=250, doc="Stamps of a full card.", source="practice: buy ten; Kivetz, Urminsky & Zheng 2006"
        )
        given: int = param(0, unit="stamps", low=0, high=249, doc="Stamps given on the first card.", source="plan")
        recurring: bool = param(True, unit="", doc="Whether a new card follows a full or lapsed one.", source="plan")
        expiry_weeks: int | None = param(
            None, unit="weeks", low=1, high=520, doc="Weeks until a card lapses; never if not given.", source="plan"
        )
        take_up: float = param(
            0.5,
            unit="probability",
            low=0.0,
            high=1.0,
            doc="Probability that a customer takes a card when asked at an order.",
            plausible=(0.2, 0.9),
            source="assumed",
        )
        opening_share: float = param(
            0.0, unit="share", low=0.0, high=1.0, doc="Part of the known customers who are handed a card at launch.", source="plan"
        )
        face_value: float = param(unit="money", low=0.0, high=1e9, doc="What the reward is worth to a member.", source="plan")
        unit_cost: float = param(unit="money", low=0.0, high=1e9, role="cost", doc="What the reward costs the firm.", source="plan")
        full_worth: float = param(
            0.25,
            unit="share",
            low=0.01,
            high=2.0,
            doc="Face value, as part of a mean order, from which a reward pleases in full; one of less worth pleases in proportion.",
            plausible=(0.1, 0.6),
            source="assumed; keeps trifles from buying loyalty",
        )
        expected_redemption: float = param(
            0.7,
            unit="share",
            low=0.0,
            high=1.0,
            doc="Part of outstanding stamps the books expect to end on full cards.",
            plausible=(0.4, 0.9),
            source="assumed; as of points, a third unredeemed, Colloquy 2011",
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at launch.", source="plan")
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week.", source="plan")

        @model_validator(mode="after")
        def _leaves_something_to_do(self) -> Any:
            if self.given >= self.stamps:
                raise ValueError(f"given must be below stamps ({self.stamps}): a card is handed out with something left to do")
            return self

    @property
    def links(self) -> tuple[Link, ...]:
        # A full card is handed in, and the way begins anew.
        found = [link("orders", "progress", +1), link("orders", "rewards", +1, delay=1.0), link("rewards", "progress", -1)]
        found += [link("refunds", "progress", -1), link("refunds", "rewards", -1, delay=1.0)]
        if self.params.recurring:
            found.append(link("orders", "goals_reached", +1))
        if self.params.given:
            found.append(link(PLAN, "gift", +1))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    @property
    def _end_week(self) -> int:
        """First week after the program."""
        return _NEVER if self.params.weeks is None else self.params.start_week + self.params.weeks

    def _lapse(self, world: World) -> tuple[np.int32, np.float32]:
        """Step in which a card handed out now lapses, and the weeks until then (0: never)."""
        calendar, params = world.calendar, self.params
        last = _NEVER if params.weeks is None else (self._end_week - 1) * calendar.steps_per_week
        if params.expiry_weeks is not None:
            last = min(last, calendar.step + params.expiry_weeks * calendar.steps_per_week)
        return i32(last), f32(0.0 if last == _NEVER else (last - calendar.step) * calendar.dt)

    def _stamp_value(self) -> float:
        return self.params.face_value / self.params.stamps

    def arrive(self, world: World) -> None:
        params, calendar, customers, own = self.params, world.calendar, world.customers, world.own(self)
        if calendar.week < params.start_week:
            return
        if calendar.week == params.start_week and calendar.opens_week:
            self._launch(world)
        elif params.audience.changes and calendar.opens_week:
            own.audience[:] = params.audience.mask(world, self.name)
        if calendar.opens_week and calendar.week < self._end_week:
            world.ledger.post("program_fixed_cost", money(params.weekly_cost))
        customers.rewarded += own.redeemed_now
        own.redeemed_now.fill(0.0)
        # Who finds the card lapsed sees no goal in that step.
        if params.weeks is not None or params.expiry_weeks is not None:
            self._drop_lapsed(world)
        if customers.progress.size:
            world.each(
                show_cards,
                customers.progress,
                customers.goal_orders,
                customers.goal_weeks,
                customers.goals_reached,
                customers.goal_gift,
                own.card,
                own.stamps,
                own.gift,
                own.goal_weeks,
                own.cards_filled,
                customers.status,
                i64(params.stamps),
            )

    def _launch(self, world: World) -> None:
        params, own, customers, books = self.params, world.own(self), world.customers, world.note(self, Books)
        own.audience[:] = params.audience.mask(world, self.name)
        world.ledger.post("program_fixed_cost", money(params.setup_cost))
        if params.opening_share == 0.0:
            return
        counts = world.tally(
            hand_out,
            1,
            own.member,
            own.card,
            own.stamps,
            own.gift,
            own.lapses,
            own.goal_weeks,
            own.audience,
            customers.status,
            customers.segment,
            world.key(self.OPENING),
            np.uint64(word(self.name)),
            f32(params.opening_share),
            u8(params.given),
            *self._lapse(world),
        )
        issued = int(counts.sum()) * params.given
        world.totals.add("enrolled", counts[:, 0])
        world.totals.add("stamps_issued", counts[:, 0] * params.given)
        world.ledger.post_points(self.address, issued=issued)
        books.opening = money(issued * self._stamp_value() * params.expected_redemption)
        books.liability.defer(books.opening, issued)

    def _drop_lapsed(self, world: World) -> None:
        own = world.own(self)
        lost = world.tally(
            drop_lapsed,
            1,
            own.card,
            own.stamps,
            own.gift,
            own.lapses,
            world.customers.segment,
            i32(world.calendar.step),
            u8(NONE if self.params.recurring else DONE),
        )
        if lost.any():
            world.totals.add("stamps_expired", lost[:, 0])
            world.ledger.post_points(self.address, expired=int(lost.sum()))

    def settle(self, world: World) -> None:
        params, own, events, customers = self.params, world.own(self), world.events, world.customers
        if not params.start_week <= world.calendar.week < self._end_week:
            return
        self._take_off(world)
        if not len(events):
            return
        full = max(params.full_worth * world.population.mean_basket, 1e-9)
        receipt = events.receipts[self.address] = np.zeros(len(events), np.int64)
        counts = np.zeros((len(world.segments), 3), np.int64)
        sales = np.zeros(1, np.int64)
        world.over(
            stamp,
            len(events),
            counts,
            sales,
            receipt,
            own.member,
            own.card,
            own.stamps,
            own.gift,
            own.lapses,
            own.goal_weeks,
            own.cards_filled,
            own.redeemed_now,
            own.audience,
            customers.segment,
            events.person,
            events.value,
            events.number,
            world.key(self.TAKE),
            np.uint64(word(self.name)),
            f32(params.take_up),
            i64(params.stamps),
            u8(params.given),
            params.recurring,
            *self._lapse(world),
            f32(min(params.face_value / full, 1.0)),
        )
        issued, cards = int(counts[:, 0].sum()), counts[:, 1]
        used = int(cards.sum()) * params.stamps
        world.totals.add("stamps_issued", counts[:, 0])
        world.totals.add("stamps_redeemed", cards * params.stamps)
        world.totals.add("rewards_redeemed", cards)
        world.totals.add("reward_face_value", charge(cards, params.face_value))
        world.totals.add("enrolled", counts[:, 2])
        world.ledger.post("reward_cost", charge(cards, params.unit_cost))
        world.ledger.post_points(self.address, issued=issued, redeemed=used)
        books = world.note(self, Books)
        books.used += used
        books.liability.defer(allocate(float(sales[0]), money(issued * self._stamp_value() * params.expected_redemption))[1], issued)

    def _take_off(self, world: World) -> None:
        """Stamps of orders sent back."""
        own, refunds = world.own(self), world.refunds
        receipt = refunds.receipt(self.address)
        if not receipt.any():
            return
        taken = np.zeros(len(refunds), np.int64)
        world.over(
            take_off, len(refunds), taken, own.stamps, own.gift, own.card, own.lapses, own.cards_filled, refunds.person, receipt
        )
        by_segment = world.by_segment(refunds.person, taken)
        world.totals.add("stamps_reversed", by_segment)
        world.totals.add("stamps_issued", -by_segment)
        world.ledger.post_points(self.address, reversed=int(taken.sum()))
        world.note(self, Books).liability.take_back(int(taken.sum()))

    def record(self, world: World) -> None:
        params, own, books = self.params, world.own(self), world.note(self, Books)
        counts = world.tally(count_cards, 2, own.member, own.stamps, world.customers.status, world.customers.segment)
        held = int(counts[:, 1].sum())
        world.ledger.check_points(self.address, held)
        expected = held * params.expected_redemption
        books.liability.release(books.used, books.used + expected)
        world.totals.add("members", counts[:, 0])
        world.totals.add("stamps_outstanding", counts[:, 1])
        world.totals.add("points_liability", round(books.liability.liability))
        world.totals.add("points_liability_at_launch", books.opening)
        world.totals.add("points_cost_owed", money(expected * params.unit_cost / params.stamps))


@kernel
def hand_out(
    counts, member, card, stamps, gift, lapses, goal_weeks, audience, status, segment, key, name, share, given, lapse, weeks, start, stop
):
    """Cards for those who are there at launch."""
    for i in range(start, stop):
        known = status[i] == ACTIVE or status[i] == CHURNED
        if audience[i] != 0 and known and uniform(key, i, 0, name) < share:
            member[i] = u8(1)
            card[i] = u8(OPEN)
            stamps[i] = given
            gift[i] = given
            lapses[i] = lapse
            goal_weeks[i] = weeks
            counts[segment[i], 0] += 1


@kernel
def drop_lapsed(lost, card, stamps, gift, lapses, segment, step, left, start, stop):
    """Take back the cards whose time is over; stamps lost by segment."""
    for i in range(start, stop):
        if card[i] == OPEN and lapses[i] <= step:
            lost[segment[i], 0] += stamps[i]
            card[i] = left
            stamps[i] = u8(0)
            gift[i] = u8(0)


@kernel
def show_cards(
    progress,
    goal_orders,
    goal_weeks,
    goals_reached,
    goal_gift,
    card,
    stamps,
    gift,
    weeks_of_card,
    cards_filled,
    status,
    full,
    start,
    stop,
):
    """The open card as a goal: as many orders as stamps were missing when it was handed out."""
    for i in range(start, stop):
        if card[i] == OPEN and status[i] == ACTIVE:
            shown, given = f32(stamps[i]) / f32(full), f32(gift[i]) / f32(full)
            orders = f32(full - i64(gift[i]))
            show_goal(
                progress, goal_orders, goal_weeks, goals_reached, goal_gift, i, shown, orders, weeks_of_card[i], cards_filled[i], given
            )


@kernel
def stamp(
    counts,
    sales,
    receipt,
    member,
    card,
    stamps,
    gift,
    lapses,
    goal_weeks,
    cards_filled,
    redeemed_now,
    audience,
    segment,
    person,
    value,
    number,
    key,
    name,
    take_up,
    full,
    given,
    recurring,
    lapse,
    weeks,
    worth,
    start,
    stop,
):
    """A stamp for each order; counts stamps, full cards and new members by segment, and sales to holders of cards.

    The receipt of an order says on which card its stamp is.
    """
    for e in range(start, stop):
        i = person[e]
        if audience[i] == 0 or card[i] == DONE:
            continue
        s = segment[i]
        if member[i] == 0:
            if uniform(key, i, number[e], name) >= take_up:
                continue
            member[i] = u8(1)
            gift[i] = given
            stamps[i] = given
            counts[s, 0] += given
            counts[s, 2] += 1
        if card[i] == NONE:
            card[i] = u8(OPEN)
            lapses[i] = lapse
            goal_weeks[i] = weeks
        stamps[i] += u8(1)
        receipt[e] = name_card(cards_filled[i], lapses[i])
        counts[s, 0] += 1
        sales[0] += value[e]
        if stamps[i] >= full:
            counts[s, 1] += 1
            cards_filled[i] = u16(min(i64(cards_filled[i]) + 1, 65535))
            redeemed_now[i] += worth
            stamps[i] = u8(0)
            gift[i] = u8(0)
            lapses[i] = lapse
            goal_weeks[i] = weeks
            card[i] = u8(OPEN) if recurring else u8(DONE)


@kernel
def name_card(cards_filled, lapses):
    """A number above 0 that tells a card from its holder's others: each follows a full or a lapsed one."""
    return ((i64(cards_filled) + 1) << 32) | i64(lapses)


@kernel
def take_off(taken, stamps, gift, card, lapses, cards_filled, person, receipt, start, stop):
    """Take the stamps of orders sent back off the cards that they are on, where these are still open."""
    for k in range(start, stop):
        i = person[k]
        if card[i] == OPEN and stamps[i] > gift[i] and receipt[k] == name_card(cards_filled[i], lapses[i]):
            stamps[i] -= u8(1)
            taken[k] = 1


@kernel
def count_cards(counts, member, stamps, status, segment, start, stop):
    """Active members and stamps on open cards, by segment."""
    for i in range(start, stop):
        if member[i] != 0:
            s = segment[i]
            if status[i] == ACTIVE:
                counts[s, 0] += 1
            counts[s, 1] += stamps[i]
