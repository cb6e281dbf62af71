"""Win-back: the firm writes to customers who seem to have left, with an offer by the cause of leaving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Feedback
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import exp32, log32, uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import charge, money
from ..world.audience import Audience
from ..world.customers import ACTIVE, CHURNED, NOBODY
from ..world.life import NEVER, PER_RENEWAL
from ..world.market import Market
from ..world.workers import marked
from ..world.world import World

f32, i64, u8, u16 = np.float32, np.int64, np.uint8, np.uint16
_ZERO, _ONE = f32(0.0), f32(1.0)
SILENT, SERVICE, PRICE = 0, 1, 2
Offer = Literal["upgrade", "discount", "both"]
OFFERS = ("upgrade", "discount", "both")
KUMAR = "assumed size; ordering of Kumar, Bhagwat & Zhang 2015"


class OfferByCause(Parameters):
    """What is offered, by why the customer seems to have left."""

    silent: Offer = param("discount", unit="", doc="To who left without a visible cause.", source="plan")
    service: Offer = param("upgrade", unit="", doc="To who met with failures or bad service at the end.", source="plan")
    price: Offer = param("discount", unit="", doc="To who bought mostly at a discount.", source="plan")


class OfferEffect(Parameters):
    """What an offer does beyond an upgrade's or a discount's own worth."""

    log_odds: float = param(0.0, unit="logit", low=-2.0, high=2.0, doc="Added to the log-odds of accepting.", source=KUMAR)
    hazard: float = param(1.0, unit="1", low=0.2, high=5.0, doc="Factor on the attrition hazard of the second life.", source=KUMAR)


def _effect(log_odds: float, hazard: float) -> Any:
    return lambda: OfferEffect(log_odds=log_odds, hazard=hazard)


class Round:
    """Who was written to in this step and may return, and whether anybody is in a second life."""

    def __init__(self) -> None:
        self.people = np.empty(0, np.int32)
        self.any_returned = False

    def copy(self) -> Round:
        twin = Round()
        twin.people, twin.any_returned = self.people.copy(), self.any_returned
        return twin


class WinBack(Feedback):
    """Customers observed as lapsed get an offer; of those who have truly left some return, to a second life.

        log-odds of accepting = logit(acceptance) + relationship_slope log(orders of the first life / usual_orders)
                                + the offer's own + price_return, for price leavers
        second life:  term on log_attrition   = + log(second_life_hazard x the offer's hazard)
                      term on log_order_value = + log(service_spending), for service leavers

    Lapsed: as `market.lapse_gaps` has it, `delay_weeks` later; a firm under contract sees who left. Cause, from the record:
    service (an order failed or service went badly within `recent_weeks` of the last order), price (at least `price_share` of the
    orders at a discount), else silent. Who has left and accepts returns with an order. Who has not left takes the offer as well at
    those odds: it is given away.
    Source: Kumar, Bhagwat & Zhang (2015), Journal of Marketing 79(4): acceptance rises with the first-life relationship; price
    leavers return more, service leavers spend more; an upgrade gives the longest second life, a discount the next, both together
    win most but for the shortest and least profitable one. Sizes assumed.
    """

    facts = (
        Fact(
            "Upgrade and discount together win most back, but for the shortest and least profitable second life; an upgrade alone holds "
            "longest, a discount next. The order was put in, the sizes follow.",
            "Kumar, Bhagwat & Zhang (2015), Journal of Marketing 79(4)",
            "wiring",
            "tests/sim/feedback/test_win_back.py::test_offers_stand_in_the_order_of_the_literature",
        ),
        Fact(
            "The stronger the first-life relationship, the likelier the return.",
            "Kumar, Bhagwat & Zhang (2015), direction",
            "wiring",
            "tests/sim/feedback/test_win_back.py::test_a_longer_first_life_makes_return_likelier",
        ),
        Fact(
            "Who left for the price returns more often.",
            "Kumar, Bhagwat & Zhang (2015), direction",
            "wiring",
            "tests/sim/feedback/test_win_back.py::test_price_leavers_are_told_by_their_discounts_and_return_more",
        ),
        Fact(
            "Who left for bad service spends more after the return.",
            "Kumar, Bhagwat & Zhang (2015), direction",
            "wiring",
            "tests/sim/feedback/test_win_back.py::test_service_leavers_are_told_by_their_record_and_spend_more_after_return",
        ),
    )
    unpublished = "The published order has no sizes that this project could read: acceptance, hazards and premiums are assumed."

    type = "win_back"
    reads = (
        "status", "segment", "joined", "last_order", "n_orders", "orders_before", "spent", "receptiveness", "service", "contacts",
    )  # fmt: skip
    writes = ("contacts",)
    cause = "win_back"
    totals = (
        flow("win_back_contacts", unit="contacts", doc="Contacts made to win back customers observed as lapsed."),
        flow("win_back_returns", unit="people", doc="Departed customers who returned at a win-back contact."),
        flow("win_back_given_away", unit="offers", doc="Win-back offers taken by customers who had not left."),
    )

    TAKE = stream("win_back.take", per="week", doc="Whether a customer who has not left takes a win-back offer.")

    class State(Fields):
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person may be written to.")
        contacted: Any = field(np.float32, default=NOBODY, unit="week", doc="Time of the latest contact.")
        tries: Any = field(np.uint8, default=0, unit="contacts", doc="Contacts since the latest order.")
        left: Any = field(np.float32, default=NOBODY, unit="week", doc="Time a customer under contract left.")
        trouble: Any = field(np.float32, default=NOBODY, unit="week", doc="Time of the latest failed order or bad service.")
        discounted: Any = field(np.uint16, default=0, unit="orders", doc="Orders since the start at a discount.")
        cause: Any = field(np.uint8, default=0, unit="", doc="Why the person seems to have left: 0 silent, 1 service, 2 price.")
        offered: Any = field(np.uint8, default=0, unit="", doc="Offer of this step, from 1; 0 for none.")
        pull: Any = field(np.float32, default=0.0, unit="1", low=0, doc="Hazard of returning that the offer of this step carries.")
        leaving: Any = field(np.float32, default=0.0, unit="log", doc="Log-term on the attrition hazard in the second life.")
        spending: Any = field(np.float32, default=0.0, unit="log", doc="Log-term on the order value in the second life.")

    class Params(Parameters):
        type: Literal["win_back"] = param("win_back", unit="", doc="Kind of feedback.", source="name")
        audience: Audience = group("Who may be written to.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of contacts.", source="plan")
        delay_weeks: float = param(0.0, unit="weeks", low=0.0, high=104.0, doc="Weeks from lapsing to the first contact.", source="plan")
        within_weeks: float = param(
            52.0, unit="weeks", low=1.0, high=520.0, doc="Nobody is written to later after the last order.", source="plan"
        )
        attempts: int = param(1, unit="contacts", low=1, high=20, doc="Most contacts in one silence.", source="plan")
        every_weeks: float = param(4.0, unit="weeks", low=1.0, high=104.0, doc="Weeks between them.", source="plan")
        capacity: int | None = param(
            None, unit="people/week", low=1, high=50_000_000, doc="Most contacts a week, biggest spenders first; no limit if not given.",
            source="plan", shared=True,
        )  # fmt: skip
        offers: OfferByCause = group("What is offered, by cause of leaving.", OfferByCause)
        recent_weeks: float = param(
            8.0, unit="weeks", low=0.0, high=104.0, doc="Trouble in so many weeks before the last order or since is taken as the cause.",
            plausible=(2.0, 13.0), source="assumed",
        )  # fmt: skip
        price_share: float = param(
            0.5, unit="share", low=0.01, high=1.0, doc="Share of orders at a discount from which price is taken as the cause.",
            plausible=(0.3, 0.8), source="assumed",
        )  # fmt: skip
        acceptance: float = param(
            0.10,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a contact with an upgrade wins back a silent leaver of `usual_orders`.",
            plausible=(0.02, 0.30),
            source="assumed",
        )
        relationship_slope: float = param(
            0.4, unit="logit", low=0.0, high=3.0, doc="Log-odds of accepting per log of the orders of the first life.",
            plausible=(0.1, 1.0), source="assumed size; direction of Kumar, Bhagwat & Zhang 2015",
        )  # fmt: skip
        usual_orders: float = param(
            4.0, unit="orders", low=1.0, high=1000.0, doc="Orders of a usual first life.", plausible=(2.0, 12.0), source="assumed"
        )
        upgrade: OfferEffect = group("A free upgrade: the longest second life.", _effect(0.0, 0.85))
        discount: OfferEffect = group("A price discount.", _effect(0.1, 1.0))
        both: OfferEffect = group("Both: most return, for the shortest second life.", _effect(0.4, 1.25))
        price_return: float = param(
            0.3, unit="logit", low=0.0, high=2.0, doc="Added to the log-odds of price leavers.", plausible=(0.1, 0.8),
            source="assumed size; direction of Kumar, Bhagwat & Zhang 2015",
        )  # fmt: skip
        service_spending: float = param(
            0.1,
            unit="log",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="Log-term on the order value of service leavers who returned.",
            plausible=(0.02, 0.3),
            source="assumed size; direction of Kumar, Bhagwat & Zhang 2015",
        )
        second_life_hazard: float = param(
            1.3,
            unit="1",
            low=0.2,
            high=5.0,
            role="effect",
            neutral=1.0,
            doc="Factor on the attrition hazard of who returned.",
            plausible=(1.0, 2.0),
            source="assumed",
        )
        contact_cost: float = param(0.5, unit="money", low=0.0, high=1e6, role="cost", doc="Cost of a contact.", source="assumed")
        upgrade_cost: float = param(
            6.0, unit="money", low=0.0, high=1e6, role="cost", doc="Firm's cost of an upgrade accepted.", source="assumed"
        )
        discount_cost: float = param(
            6.0, unit="money", low=0.0, high=1e6, role="cost", doc="Price reduction of a discount accepted.", source="assumed"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        offered = f"{self.name}.offered"
        found = [
            # Who has left, and who is silent for another reason, looks lapsed alike.
            link("exits", offered, +1, delay=params.delay_weeks),
            link("orders", offered, -1, delay=params.delay_weeks),
            link("consent", offered, +1),
            link(offered, "contacts", +1),
            link(offered, "won_back", +1, "acceptance", given="exits"),
        ]
        if params.acceptance > 0.0:
            found.append(link("won_back", "attrition", +1 if params.second_life_hazard > 1.0 else -1, "second_life_hazard"))
            found.append(link("won_back", "order_value", +1, "service_spending"))
            # Who was served badly before leaving spends more once back.
            found.append(link("service", "order_value", -1, "service_spending", given="exits"))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    def _effects(self) -> list[OfferEffect]:
        return [self.params.upgrade, self.params.discount, self.params.both]

    def arrive(self, world: World) -> None:
        params, calendar, own, note = self.params, world.calendar, world.own(self), world.note(self, Round)
        note.people = note.people[:0]
        if calendar.week < params.start_week or not calendar.opens_week:
            return
        starts = calendar.week == params.start_week
        if starts or params.audience.changes:
            own.audience[:] = params.audience.mask(world, self.name)
        world.ledger.post("campaign_cost", money(params.weekly_cost) + (money(params.setup_cost) if starts else 0))
        people = self._lapsed(world)
        if len(people):
            self._write_to(world, people)
            note.people = people[own.offered[people] != 0]

    def _lapsed(self, world: World) -> np.ndarray:
        """Who looks lapsed and is due for a contact."""
        params, own, customers, now = self.params, world.own(self), world.customers, world.calendar.now
        due = np.empty(world.people, np.uint8)
        world.each(
            find_lapsed,
            due,
            own.tries,
            own.audience,
            own.contacted,
            own.left,
            customers.status,
            customers.joined,
            customers.last_order,
            customers.n_orders,
            customers.orders_before,
            customers.receptiveness,
            world.life.attrition in (NEVER, PER_RENEWAL),
            f32(now),
            f32(world.market.lapse_gaps),
            f32(1.0 / max(world.population.mean_rate, 1e-9)),
            f32(params.delay_weeks),
            f32(params.within_weeks),
            params.attempts,
            f32(params.every_weeks),
        )
        people = marked(due)
        if params.capacity is not None and len(people) > params.capacity:
            people = np.sort(people[np.lexsort((people, -customers.spent[people]))[: params.capacity]])
        return people

    def _write_to(self, world: World, people: np.ndarray) -> None:
        params, own, customers, calendar = self.params, world.own(self), world.customers, world.calendar
        offers, effects = params.offers, self._effects()
        by_cause = [OFFERS.index(one) for one in (offers.silent, offers.service, offers.price)]
        base = log32(f32(params.acceptance / (1.0 - params.acceptance))) if params.acceptance > 0.0 else f32(-80.0)
        odds = [base + f32(effects[one].log_odds + (params.price_return if cause == PRICE else 0.0)) for cause, one in enumerate(by_cause)]
        given = np.zeros((len(world.segments), len(OFFERS)), np.int64)
        world.over(
            write_to,
            len(people),
            given,
            own.contacted,
            own.tries,
            own.cause,
            own.offered,
            own.pull,
            customers.contacts,
            people,
            own.trouble,
            own.discounted,
            customers.status,
            customers.segment,
            customers.last_order,
            customers.n_orders,
            customers.orders_before,
            customers.receptiveness,
            np.array(by_cause, np.uint8),
            np.array(odds, np.float32),
            world.key(self.TAKE),
            np.uint64(calendar.week),
            np.uint64(word(self.name)),
            f32(calendar.now),
            f32(params.relationship_slope),
            log32(f32(params.usual_orders)),
            f32(params.recent_weeks),
            f32(params.price_share),
            params.acceptance > 0.0,
        )
        contacts = world.by_segment(people)
        world.totals.add("win_back_contacts", contacts)
        world.totals.add("win_back_given_away", given.sum(axis=1))
        world.ledger.post("campaign_cost", charge(contacts, params.contact_cost))
        self._pay(world, given)

    def _pay(self, world: World, taken: np.ndarray) -> None:
        """Book offers taken, shape (segments, offers)."""
        world.ledger.post("reward_cost", charge(taken[:, 0] + taken[:, 2], self.params.upgrade_cost))
        world.ledger.post("discounts", charge(taken[:, 1] + taken[:, 2], self.params.discount_cost))

    def weigh(self, world: World) -> None:
        own, note, rates = world.own(self), world.note(self, Round), world.rates
        world.over(pull_back, len(note.people), rates.cause("win_back"), own.pull, note.people)
        if note.any_returned:
            world.each(live_again, rates.log_attrition, rates.log_order_value, own.leaving, own.spending)

    def settle(self, world: World) -> None:
        """Those who came back at the offer of this step: what it costs, and what their second life is like."""
        params, own, note, returned = self.params, world.own(self), world.note(self, Round), world.events.returned
        won = returned[own.offered[returned] != 0]
        if len(won):
            note.any_returned = True
            terms = np.array([log32(f32(params.second_life_hazard * one.hazard)) for one in self._effects()], np.float32)
            taken = np.zeros((len(world.segments), len(OFFERS)), np.int64)
            world.over(
                begin_again, len(won), taken, own.leaving, own.spending, won, own.offered, own.cause, world.customers.segment,
                terms, f32(params.service_spending),
            )  # fmt: skip
            world.totals.add("win_back_returns", world.by_segment(won))
            self._pay(world, taken)
        own.offered[note.people] = 0
        own.pull[note.people] = 0.0

    def respond(self, world: World) -> None:
        """Keep the record from which a cause of leaving is told."""
        own, events, calendar = world.own(self), world.events, world.calendar
        now = f32(calendar.now + calendar.dt)
        world.over(note_orders, len(events), own.trouble, own.discounted, events.person, events.failed, events.discount, events.time)
        if world.customers.service.size:
            world.each(note_trouble, own.trouble, world.customers.service, now)
        if world.life.attrition in (NEVER, PER_RENEWAL):
            own.left[events.exits] = now


@kernel
def find_lapsed(
    due,
    tries,
    audience,
    contacted,
    left,
    status,
    joined,
    last_order,
    n_orders,
    orders_before,
    receptiveness,
    seen,
    now,
    lapse_gaps,
    mean_gap,
    delay,
    within,
    attempts,
    every,
    start,
    stop,
):
    """Who looks lapsed for long enough, not too long, and may be written to (again)."""
    for i in range(start, stop):
        due[i] = u8(0)
        # Who has not ordered yet has done so in the distant past.
        if audience[i] == 0 or last_order[i] < f32(-1.0e8) or receptiveness[i] == _ZERO:
            continue
        if last_order[i] > contacted[i]:
            tries[i] = u8(0)
        silent = now - last_order[i]
        if tries[i] >= attempts or (tries[i] > 0 and now - contacted[i] < every) or silent > within:
            continue
        if seen:
            lapsed = status[i] == CHURNED and now - max(left[i], last_order[i]) >= delay
        else:
            orders = max(f32(n_orders[i]) + f32(orders_before[i]), _ONE)
            lapsed = (silent - delay) * orders > lapse_gaps * (last_order[i] - joined[i] + mean_gap)
        due[i] = u8(1) if lapsed else u8(0)


@kernel
def write_to(
    given,
    contacted,
    tries,
    cause,
    offered,
    pull,
    contacts,
    people,
    trouble,
    discounted,
    status,
    segment,
    last_order,
    n_orders,
    orders_before,
    receptiveness,
    by_cause,
    odds,
    key,
    week,
    name,
    now,
    slope,
    usual,
    recent,
    price_share,
    acts,
    start,
    stop,
):
    """Tell each one's cause of leaving and make the offer; `given` counts offers that who has not left takes, by segment and offer."""
    for k in range(start, stop):
        i = people[k]
        contacted[i] = now
        tries[i] += u8(1)
        contacts[i] = min(contacts[i] + u8(1), u8(250))
        told = SILENT
        if trouble[i] >= last_order[i] - recent:
            told = SERVICE
        elif n_orders[i] > 0 and f32(discounted[i]) >= price_share * f32(n_orders[i]):
            told = PRICE
        cause[i] = u8(told)
        if not acts:
            continue
        orders = max(f32(n_orders[i]) + f32(orders_before[i]), _ONE)
        chance = receptiveness[i] / (_ONE + exp32(-(odds[told] + slope * (log32(orders) - usual))))
        if status[i] == ACTIVE:
            if uniform(key, i, week, name) < chance:
                given[segment[i], by_cause[told]] += 1
        else:
            offered[i] = by_cause[told] + u8(1)
            pull[i] = -log32(max(_ONE - chance, f32(1.0e-6)))


@kernel
def pull_back(acquisition, pull, people, start, stop):
    """The hazard of returning of those who got an offer in this step."""
    for k in range(start, stop):
        acquisition[people[k]] += pull[people[k]]


@kernel
def live_again(log_attrition, log_order_value, leaving, spending, start, stop):
    """Terms of the second life; 0 for all others."""
    for i in range(start, stop):
        log_attrition[i] += leaving[i]
        log_order_value[i] += spending[i]


@kernel
def begin_again(taken, leaving, spending, people, offered, cause, segment, terms, more, start, stop):
    """The second life of those who returned; count their offers by segment."""
    for k in range(start, stop):
        i = people[k]
        offer = offered[i] - u8(1)
        taken[segment[i], offer] += 1
        leaving[i] = terms[offer]
        spending[i] = more if cause[i] == SERVICE else _ZERO


@kernel
def note_orders(trouble, discounted, person, failed, discount, time, start, stop):
    """Failed orders and orders at a discount."""
    for e in range(start, stop):
        i = person[e]
        if failed[e] != 0:
            trouble[i] = time[e]
        if discount[e] > 0:
            discounted[i] = u16(min(i64(discounted[i]) + 1, 65535))


@kernel
def note_trouble(trouble, service, now, start, stop):
    """The desk's record: who was served badly since the step before, not how badly it was felt."""
    for i in range(start, stop):
        trouble[i] = now if service[i] < _ZERO else trouble[i]
