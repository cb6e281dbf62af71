"""Intervention: the firm turns to customers it has been warned of, before they leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Feedback
from ..core.declare import Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import uniform
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import charge, decay, mean_decay, money
from ..world.audience import Audience
from ..world.customers import ACTIVE, NOBODY
from ..world.market import Market
from ..world.workers import marked
from ..world.world import World

f32, u8 = np.float32, np.uint8
_ZERO, _ONE, _FADED = f32(0.0), f32(1.0), f32(1.0e-3)


class Intervention(Feedback):
    """Customers under a churn warning get an offer; some take it and stay longer, some are woken and go.

        helped:   term on log_attrition = - retention 2^(-t / half_life);  on log_purchase = + uplift 2^(-t / half_life)
        woken:    term on log_attrition = + waking 2^(-t / half_life)

    Of the contacted who are truly there a share `success` x receptiveness takes the offer, at risk or not; a sleeping dog is woken
    instead. t counts weeks since the contact; a further contact starts the effect anew. Contacts to who has left already are
    wasted.
    Source: assumed; sleeping dogs as in uplift modeling, Ascarza (2018), JMR 55(1): contacting those of highest risk may not pay.
    """

    unpublished = (
        "That contacting customers at risk may not pay is published (Ascarza 2018), but how many take an offer or are woken by it is "
        "not known to this project: assumed, and no test claims a published number."
    )

    type = "intervention"
    reads = ("status", "segment", "warned", "receptiveness", "spent", "contacts")
    writes = ("contacts",)
    totals = (
        flow("intervention_contacts", unit="contacts", doc="Contacts made to keep customers warned of."),
        flow("intervention_wasted", unit="contacts", doc="Of these, contacts to customers who had truly left."),
        flow("intervention_offers", unit="offers", doc="Offers taken by customers warned of."),
        flow("intervention_woken", unit="people", doc="Contacts that woke a sleeping dog."),
    )

    LUCK = stream("intervention.success", per="week", doc="Whether a contact makes the customer take the offer.")
    DOG = stream("intervention.sleeping_dog", per="person", doc="Whom a contact of the firm wakes.")

    class State(Fields):
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person may be contacted.")
        contacted: Any = field(np.float32, default=NOBODY, unit="week", doc="Time of the latest contact.")
        kept: Any = field(np.float32, default=0.0, unit="share", low=0, high=1, doc="What is left of an offer's effect.")
        woken: Any = field(np.float32, default=0.0, unit="share", low=0, high=1, doc="What is left of having been woken.")

    class Params(Parameters):
        type: Literal["intervention"] = param("intervention", unit="", doc="Kind of feedback.", source="name")
        audience: Audience = group("Who may be contacted.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of contacts.", source="plan")
        capacity: int | None = param(
            None, unit="people/week", low=1, high=50_000_000, doc="Most contacts a week, biggest spenders first; no limit if not given.",
            source="plan", shared=True,
        )  # fmt: skip
        rest_weeks: float = param(13.0, unit="weeks", low=1.0, high=520.0, doc="Weeks between two contacts with a person.", source="plan")
        success: float = param(
            0.3,
            unit="probability",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="Probability that a customer who is still there takes the offer.",
            plausible=(0.05, 0.5),
            source="assumed",
        )
        retention: float = param(
            0.7,
            unit="log",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Log-term off the attrition hazard of who has just taken the offer.",
            plausible=(0.2, 1.2),
            source="assumed",
        )
        uplift: float = param(
            0.1,
            unit="log",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Log-term on the purchase rate of who has just taken the offer.",
            plausible=(0.0, 0.4),
            source="assumed",
        )
        half_life: float = param(
            6.0, unit="weeks", low=0.5, high=104.0, doc="Weeks until half of an effect is left.", plausible=(3.0, 13.0), source="assumed"
        )
        sleeping_dogs: float = param(
            0.05,
            unit="share",
            low=0.0,
            high=0.1,
            role="effect",
            neutral=0.0,
            doc="Part of customers whom a contact reminds that they could leave.",
            source="assumed",
        )
        waking: float = param(
            0.7,
            unit="log",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Log-term on the attrition hazard of a sleeping dog just contacted.",
            plausible=(0.2, 1.2),
            source="assumed",
        )
        contact_cost: float = param(0.5, unit="money", low=0.0, high=1e6, role="cost", doc="Cost of a contact.", source="assumed")
        offer_cost: float = param(
            5.0, unit="money", low=0.0, high=1e6, role="cost", doc="Price reduction for who takes the offer.", source="assumed"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        kept, woken, lasts = f"{self.name}.kept", f"{self.name}.woken", mean_lag(self.params.half_life)
        found = [
            link("warnings", "contacts", +1),
            link("consent", "contacts", +1),
            link("warnings", kept, +1, "success"),
            link("consent", kept, +1, "success"),
            link("receptiveness", kept, +1, "success"),
            link("warnings", woken, +1, "sleeping_dogs"),
        ]
        if params.success > 0.0:
            found.append(link(kept, "attrition", -1, "retention", delay=lasts))
            found.append(link(kept, "purchase", +1, "uplift", delay=lasts))
        if params.sleeping_dogs > 0.0:
            found.append(link(woken, "attrition", +1, "waking", delay=lasts))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message
        if not names.get("warning"):
            yield "", "nobody is ever warned of: it needs feedback of type churn_warning"

    def arrive(self, world: World) -> None:
        params, calendar, customers, own = self.params, world.calendar, world.customers, world.own(self)
        if calendar.week < params.start_week or not calendar.opens_week:
            return
        starts = calendar.week == params.start_week
        if starts or params.audience.changes:
            own.audience[:] = params.audience.mask(world, self.name)
        world.ledger.post("campaign_cost", money(params.weekly_cost) + (money(params.setup_cost) if starts else 0))
        if not customers.warned.size:
            return
        due = np.empty(world.people, np.uint8)
        world.each(
            find_warned, due, own.audience, customers.warned, customers.receptiveness, own.contacted, f32(calendar.now - params.rest_weeks)
        )
        people = marked(due)
        if params.capacity is not None and len(people) > params.capacity:
            people = np.sort(people[np.lexsort((people, -customers.spent[people]))[: params.capacity]])
        if not len(people):
            return
        counts = np.zeros((len(world.segments), 4), np.int64)
        world.over(
            make_offer,
            len(people),
            counts,
            own.contacted,
            own.kept,
            own.woken,
            customers.contacts,
            people,
            customers.status,
            customers.segment,
            customers.receptiveness,
            world.key(self.LUCK),
            world.key(self.DOG),
            np.uint64(calendar.week),
            np.uint64(word(self.name)),
            f32(calendar.now),
            f32(params.success),
            f32(params.sleeping_dogs),
        )
        world.totals.add_each(_COUNTED, counts)
        world.ledger.post("campaign_cost", charge(counts[:, 0], params.contact_cost))
        world.ledger.post("discounts", charge(counts[:, 2], params.offer_cost))

    def weigh(self, world: World) -> None:
        params, dt = self.params, world.calendar.dt
        if world.calendar.week < params.start_week:
            return
        own, rates, left = world.own(self), world.rates, decay(params.half_life, 1.0)
        on_average = mean_decay(left, dt)
        world.each(
            follow_contacts,
            rates.log_attrition,
            rates.log_purchase,
            own.kept,
            own.woken,
            f32(params.retention * on_average),
            f32(params.uplift * on_average),
            f32(params.waking * on_average),
            f32(left**dt),
        )


_COUNTED = tuple(one.name for one in Intervention.totals)


@kernel
def find_warned(due, audience, warned, receptiveness, contacted, until, start, stop):
    """Who is warned of, accepts messages and has not been contacted lately."""
    for i in range(start, stop):
        wanted = audience[i] != 0 and warned[i] != 0 and receptiveness[i] > _ZERO and contacted[i] <= until
        due[i] = u8(1) if wanted else u8(0)


@kernel
def make_offer(
    counts,
    contacted,
    kept,
    woken,
    contacts,
    people,
    status,
    segment,
    receptiveness,
    key,
    dog_key,
    week,
    name,
    now,
    success,
    sleeping_dogs,
    start,
    stop,
):
    """Contact people; by segment count contacts, those wasted on who has left, offers taken and dogs woken."""
    for k in range(start, stop):
        i = people[k]
        s = segment[i]
        contacted[i] = now
        contacts[i] = min(contacts[i] + u8(1), u8(250))
        counts[s, 0] += 1
        if status[i] != ACTIVE:
            counts[s, 1] += 1
        elif uniform(dog_key, i, 0, 0) < sleeping_dogs:
            woken[i] = _ONE
            counts[s, 3] += 1
        elif uniform(key, i, week, name) < success * receptiveness[i]:
            kept[i] = _ONE
            counts[s, 2] += 1


@kernel
def follow_contacts(log_attrition, log_purchase, kept, woken, retention, uplift, waking, keep, start, stop):
    """Terms of offers taken and of having been woken, and their fading over the step."""
    for i in range(start, stop):
        if kept[i] > _ZERO:
            log_attrition[i] -= kept[i] * retention
            log_purchase[i] += kept[i] * uplift
            kept[i] = kept[i] * keep if kept[i] > _FADED else _ZERO
        if woken[i] > _ZERO:
            log_attrition[i] += woken[i] * waking
            woken[i] = woken[i] * keep if woken[i] > _FADED else _ZERO
