"""The service desk: orders, failures and complaints become tickets; waits and outcomes come back to customers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from ..core.component import Feedback
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stock, stream
from ..core.desk import NEVER, WAITING, WEEK, Duty, Shift, Tickets, compiled, formula
from ..core.draws import log32, philox, to_unit, uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import charge, money
from ..world.audience import Audience
from ..world.customers import ACTIVE
from ..world.market import Market
from ..world.workers import marked
from ..world.world import World

f32, i32, i64, u8, u16, u32, u64 = np.float32, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64
_ZERO, _ONE, _HOUR = f32(0.0), f32(1.0), f32(3600.0)

QUESTION, FAILURE, COMPLAINT = 0, 1, 2
"""What a ticket is about: failures are recovered, the others answered."""

DIRECT, FILED, HANDED_OVER, SOLVED_ALONE, LEFT_ALONE = 0, 1, 2, 3, 4
"""Way of a ticket: to an agent at once, by an auto-reply that does not reach the customer, after one that was not enough; or the
auto-reply was enough, or it was the end."""

RECOVERED, NOT_RECOVERED = 1, 2

DAY = 86_400
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

FORGET_WEEKS = 52
_TICKETS = "assumed; depends on the product, so set it from the desk's own records"


class Hours(Parameters):
    """Hours of the day on some days of the week, on the clock of the market, whose weeks begin on a Monday."""

    days: list[Day] = param(list(DAYS), unit="", doc="Days of the week.", source="plan")
    opens: float = param(8.0, unit="hours", low=0.0, high=24.0, doc="Hour of the day at which it begins.", source="plan")
    closes: float = param(
        20.0, unit="hours", low=0.0, high=48.0, doc="Hour at which it ends; past 24 it is an hour of the next day.", source="plan"
    )

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Any:
        if self.closes * 3600 < self.opens * 3600 + 1:
            raise ValueError(
                f"closes at {self.closes:g} before it opens at {self.opens:g}; after midnight count on: 6 in the morning is 30"
            )
        if self.closes - self.opens > 24.0:
            raise ValueError(f"from {self.opens:g} to {self.closes:g} is more than a day")
        if not self.days:
            raise ValueError("needs at least one of the days " + ", ".join(DAYS))
        return self

    def spans(self) -> list[tuple[int, int]]:
        """First second of the week and first second after, for each day."""
        starts = [DAYS.index(day) * DAY for day in DAYS if day in self.days]
        return [(start + round(self.opens * 3600), start + round(self.closes * 3600)) for start in starts]


class Crew(Hours):
    """Agents of one shift."""

    agents: int = param(2, unit="agents", low=0, high=100_000, doc="Agents on duty.", source="plan", shared=True)


class Contacts(Parameters):
    """What makes customers turn to the desk."""

    per_order: float = param(
        0.05, unit="probability", low=0.0, high=1.0, doc="Probability of a question about an order that went well.",
        plausible=(0.01, 0.2), source=_TICKETS,
    )  # fmt: skip
    per_failure: float = param(
        0.5, unit="probability", low=0.0, high=1.0, doc="Probability that a failed order is reported.",
        plausible=(0.2, 0.9), source=_TICKETS,
    )  # fmt: skip
    per_week: float = param(
        0.0, unit="1/week", low=0.0, high=5.0, doc="Other contacts of an active customer.", plausible=(0.0, 0.05), source=_TICKETS
    )
    per_negative_message: float = param(
        0.02, unit="1/message", low=0.0, high=1.0, doc="Contacts for each negative message that a customer heard.",
        plausible=(0.0, 0.1), source=_TICKETS,
    )  # fmt: skip


class AutoReply(Parameters):
    """An automatic answer at any hour, to each ticket, before any agent."""

    share: float = param(1.0, unit="share", low=0.0, high=1.0, doc="Part of tickets that it takes first.", source="plan")
    reaches_customer: bool = param(
        True,
        unit="",
        doc="Whether it answers the customer; else it only files the ticket for an agent, who is the only way back.",
        source="plan; the drawn flow has no edge from the auto-reply to the customer, the texts have the system reply: both are there",
    )
    solves: float = param(
        0.4,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Part of questions for which its answer is enough.",
        plausible=(0.1, 0.7),
        source="assumed",
    )
    hands_over: float = param(
        1.0, unit="share", low=0.0, high=1.0, doc="Part of the others who go on to an agent; the rest are left with its answer.",
        plausible=(0.5, 1.0), source="assumed",
    )  # fmt: skip
    delay_seconds: int = param(2, unit="s", low=0, high=3600, doc="Time it takes.", source="plan; at most 30 s in the texts")
    annoyance: float = param(
        0.0, unit="points", low=0.0, high=20.0, role="effect", neutral=0.0,
        doc="Satisfaction lost by those for whom it was not enough.", plausible=(0.0, 3.0), source="assumed",
    )  # fmt: skip
    cost: float = param(0.0, unit="money", low=0.0, high=1e6, role="cost", doc="Cost of one automatic reply.", source="plan")


class Complex(Parameters):
    """Tickets whose solution takes longer than the conversation, without keeping an agent busy."""

    share: float = param(
        0.1, unit="share", low=0.0, high=1.0, doc="Part of the tickets that agents take.", plausible=(0.0, 0.3), source="assumed"
    )
    hours: float = param(
        12.0,
        unit="hours",
        low=0.1,
        high=336.0,
        doc="Mean of the exponential time until they are solved.",
        plausible=(4, 48),
        source="assumed",
    )


class Targets(Parameters):
    """Promised times, each of a stage of its own: first word, live agent, first answer, solution."""

    acknowledgment_seconds: float = param(
        30.0, unit="s", low=0.0, high=1e6, doc="Until the ticket is acknowledged, by auto-reply or agent.", source="30 s in the texts"
    )
    live_seconds: float = param(
        120.0, unit="s", low=0.0, high=1e6, doc="Until an agent takes a ticket that is for one.", source="2 minutes in the texts"
    )
    first_response_minutes: float = param(
        15.0, unit="minutes", low=0.0, high=1e5, doc="Until the first answer in substance.", source="15 minutes in the texts"
    )
    resolution_hours: float = param(24.0, unit="hours", low=0.0, high=1e4, doc="Until the solution.", source="24 hours in the texts")


class Wait(Parameters):
    """What waiting for an answer does to satisfaction."""

    tolerance_minutes: float = param(
        15.0,
        unit="minutes",
        low=0.0,
        high=1e5,
        doc="Wait that people are used to, which costs nothing.",
        plausible=(2, 240),
        source="assumed",
    )
    loss: float = param(
        2.0, unit="points/hour", low=0.0, high=100.0, role="effect", neutral=0.0,
        doc="Satisfaction lost for an hour beyond it.", plausible=(0.5, 10.0), source="assumed",
    )  # fmt: skip
    most: float = param(
        15.0, unit="points", low=0.0, high=100.0, doc="Satisfaction that one wait can cost.", plausible=(5, 30), source="assumed"
    )
    abandoned_loss: float = param(
        5.0, unit="points", low=0.0, high=50.0, role="effect", neutral=0.0,
        doc="Satisfaction lost besides by those who give up.", plausible=(0.0, 15.0), source="assumed",
    )  # fmt: skip


class Again(Parameters):
    """Who turns to the desk once more in the week after."""

    unsolved: float = param(
        0.7, unit="probability", low=0.0, high=1.0, role="effect", neutral=0.0,
        doc="Probability of those whose ticket was not solved.", plausible=(0.3, 0.9), source="assumed",
    )  # fmt: skip
    late: float = param(
        0.1, unit="probability", low=0.0, high=1.0, role="effect", neutral=0.0,
        doc="Probability of complaining about a wait beyond the tolerance.", plausible=(0.0, 0.3), source="assumed",
    )  # fmt: skip
    abandoned: float = param(
        0.5, unit="probability", low=0.0, high=1.0, role="effect", neutral=0.0,
        doc="Probability of those who gave up waiting.", plausible=(0.2, 0.9), source="assumed; retrials Aguir et al. 2004, OR Spectrum 26",
    )  # fmt: skip


class Recovery(Parameters):
    """What becomes of failures that agents try to make good."""

    success: float = param(
        0.7, unit="probability", low=0.0, high=1.0, doc="Probability that a recovery succeeds.", plausible=(0.4, 0.9), source="assumed"
    )
    restores: float = param(
        0.6, unit="share", low=0.0, high=1.0, role="effect", neutral=0.0,
        doc="Part of the way back to usual satisfaction that a recovered customer goes at once.", plausible=(0.3, 1.0),
        source="assumed; direction de Matos, Henrique & Rossi 2007, Journal of Service Research 10(1)",
    )  # fmt: skip
    paradox: bool = param(
        False, unit="", doc="Whether the first recovery lifts satisfaction above where it stood before the failure.",
        source="unsettled: higher satisfaction but no more repurchase or word of mouth in the mean of studies, de Matos et al. 2007",
    )  # fmt: skip
    paradox_gain: float = param(
        5.0, unit="points", low=0.0, high=30.0, role="effect", neutral=0.0,
        doc="Satisfaction that the paradox adds, once in a customer's life and not after a recovery that failed.",
        plausible=(0.0, 10.0), source="assumed; none after a second failure, Maxham & Netemeyer 2002, Journal of Marketing 66(4)",
    )  # fmt: skip
    failed_loss: float = param(
        5.0, unit="points", low=0.0, high=50.0, role="effect", neutral=0.0, doc="Satisfaction that a recovery that fails costs.",
        plausible=(0.0, 15.0), source="assumed; double deviation Bitner, Booms & Tetreault 1990, Journal of Marketing 54(1)",
    )  # fmt: skip
    betrayal: float = param(
        0.15, unit="share", low=0.0, high=1.0, role="effect", neutral=0.0,
        doc="Part of the attachment lost by each recovery that fails beyond the forgiven ones.",
        plausible=(0.05, 0.4), source="assumed; direction Maxham & Netemeyer 2002, Journal of Marketing 66(4)",
    )  # fmt: skip
    forgiven: int = param(
        1, unit="recoveries", low=0, high=100, doc="Failed recoveries that leave attachment alone.", source="Maxham & Netemeyer 2002"
    )
    cost: float = param(
        0.0, unit="money", low=0.0, high=1e6, role="cost", doc="Refund, coupon and gift of a successful recovery.", source="plan"
    )


class Threshold(Parameters):
    """A jump of the attrition hazard with the number of contacts."""

    contacts: int = param(
        4, unit="tickets", low=1, high=1000, doc="Tickets within 52 weeks from which on it holds.", source="mlc_churn data"
    )
    effect: float = param(
        1.6, unit="log", low=0.0, high=5.0, role="effect", neutral=0.0, doc="Log-term on the attrition hazard.", plausible=(0.0, 2.5),
        source="assumed; churn 10.9 % up to three contacts, 44 % at four in the artificial mlc_churn data",
    )  # fmt: skip


@dataclass(frozen=True)
class Rows(Tickets):
    """Tickets with what the desk's queue does not ask for.

    Attributes:
        contact_s: Second in which the customer turned to the firm; `arrival_s` is when the ticket comes to the agents.
        person, occasion, attempt: Who; what it is about, which keys its luck; how many tickets about it came before.
        kind: QUESTION, FAILURE or COMPLAINT.
        route: What the auto-reply made of it.
        later_s: Seconds that the solution takes after the agent is done.
        luck: Uniform of its wait, where that comes from a formula.
        felt: Points of satisfaction that its wait has cost so far.
    """

    contact_s: np.ndarray
    person: np.ndarray
    occasion: np.ndarray
    attempt: np.ndarray
    kind: np.ndarray
    route: np.ndarray
    later_s: np.ndarray
    luck: np.ndarray
    felt: np.ndarray

    @classmethod
    def room(cls, n: int) -> Rows:
        """Rows to be filled, which nothing has happened to."""
        seconds = [np.zeros(n, np.int32) for _ in range(3)]
        fate = [np.zeros(n, np.uint8), *(np.full(n, WAITING, np.int32) for _ in range(2)), np.zeros(n, np.uint8)]
        about = [np.zeros(n, kind) for kind in (i32, i32, u32, u16, u8, u8, i32, f32, f32)]
        return cls(*seconds, *fate, *about)

    def closed(self, second: int) -> np.ndarray:
        """Whether all that will happen to a ticket has happened when `second` begins."""
        done = self.end_s.astype(np.int64) + np.where(self.abandoned != 0, 0, self.later_s)
        return (self.end_s != WAITING) & (done <= second)


NO_ROWS = Rows.room(0)
NOTHING_FELT = np.empty(0, i32), np.empty(0, f32), np.empty(0, u8)

Contact = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Person, occasion, attempt and kind of contacts that become tickets next week."""


class Files:
    """What the desk keeps from week to week. Arrays in here are replaced, never written.

    Attributes:
        rows: Open tickets.
        contacts: What comes in next week.
        outcomes: Person, satisfaction points and recovery of tickets that were closed or waited, until they are felt.
        recent: Week and people of the tickets of the last 52 weeks.
    """

    def __init__(self) -> None:
        self.rows = NO_ROWS
        self.contacts: list[Contact] = []
        self.outcomes = NOTHING_FELT
        self.recent: deque[tuple[int, np.ndarray]] = deque()

    def copy(self) -> Files:
        twin = Files()
        twin.rows, twin.contacts, twin.outcomes, twin.recent = self.rows, list(self.contacts), self.outcomes, self.recent.copy()
        return twin


CLOSED = (
    flow("tickets_answered", unit="tickets", doc="Closed tickets that got an answer: by an agent, or by the auto-reply alone."),
    flow("first_response_seconds", unit="s", doc="Time from contact to that answer, added up."),
    flow("tickets_resolved", unit="tickets", doc="Closed tickets that were solved."),
    flow("resolution_seconds", unit="s", doc="Time from contact to the solution, added up."),
    flow("tickets_in_time", unit="tickets", doc="Tickets answered and solved within the promised times."),
    flow("tickets_abandoned", unit="tickets", doc="Tickets whose customers gave up waiting."),
    flow("tickets_solved_alone", unit="tickets", doc="Tickets that the auto-reply solved alone."),
    flow("tickets_acknowledged_in_time", unit="tickets", doc="Tickets with a first word, also an automatic one, in the promised time."),
    flow("tickets_live", unit="tickets", doc="Closed tickets that an agent took."),
    flow("tickets_live_in_time", unit="tickets", doc="Of these, those an agent took within the promised time."),
    flow("recoveries", unit="tickets", doc="Failures that agents made good."),
    flow("recoveries_failed", unit="tickets", doc="Failures that agents failed to make good."),
    flow("contacts_again", unit="tickets", doc="Customers who turn to the desk once more: unsolved, late or unheard."),
)
"""Totals of the tickets that were closed, in the order in which `close` counts them."""


class ServiceDesk(Feedback):
    """A desk of auto-reply and agents whose waits and outcomes move satisfaction, and so word of mouth, churn, demand and load.

        contacts of an active week = per_week + per_order orders + per_failure failed orders + per_negative_message messages
        satisfaction - loss max(0, wait - tolerance), at most `most`, - abandoned_loss, - failed_loss, - annoyance
        recovered failure: + restores (usual - satisfaction), if positive; + paradox_gain, once, with the paradox switched on
        recoveries failed beyond the forgiven ones: attachment x (1 - betrayal)

    Contacts become tickets at keyed seconds within the opening hours of the week after. An auto-reply may solve a question; agents on
    shifts take what is left by priority, for an exponential time, while patience, exponential too, lasts. The wait runs from the
    contact until an agent takes the ticket or the customer leaves. What was closed in one week is felt at the beginning of the next,
    and so is what a wait that goes on has cost by then: who is never answered loses as much as who is answered too late. All terms
    are 0 while nothing fails and nobody waits beyond the tolerance, so a desk in balance costs money and moves nobody.

    Load: rho = new tickets for agents a week x service time / staffed time. Of those served, r = (1 - solves) again.unsolved come again,
    and 1 - (1 - r)(1 - again.late) where all have waited too long. So one new ticket is served 1 / (1 - r) times in calm and
    1 / ((1 - r)(1 - again.late)) times in a rush. Where people stay in the queue a desk with rho below the tipping load
    (1 - r)(1 - again.late) recovers from any burst, since even in a rush it serves more than comes; above 1 - r it collapses by itself;
    in between it runs well until a burst makes everybody late, and never clears its queue again. Impatience bounds the queue,
    not who comes: lateness becomes abandonment, which comes again too (again.abandoned).

    Queues of one meaning: `simulated` (SimPy, the definition; 16-23 microseconds a ticket, so for up to some 10,000 tickets a week),
    `compiled` (the same waits ticket by ticket, 0.1 microseconds), which `auto` takes at any volume as nothing differs, and `formula`
    (Erlang-A at each ticket's own luck, blind to rushes, backlogs and priorities).
    Source: flow and sizes of times from the texts modeled; Erlang-A Garnett, Mandelbaum & Reiman (2002), MSOM 4(3); recovery
    de Matos, Henrique & Rossi (2007), Journal of Service Research 10(1), Maxham & Netemeyer (2002), Journal of Marketing 66(4).
    """

    facts = (
        Fact(
            "Ticket by ticket, waits and abandonment are those of Erlang-A.",
            "Garnett, Mandelbaum & Reiman (2002), MSOM 4(3)",
            "emergent",
            "tests/sim/feedback/test_service_desk.py::test_all_queues_have_the_wait_and_abandonment_of_erlang_a",
        ),
        Fact(
            "A good recovery can lift satisfaction above where it was (recovery paradox; switched off by default), but not after a "
            "second failure.",
            "de Matos, Henrique & Rossi (2007), Journal of Service Research 10(1); Maxham & Netemeyer (2002), Journal of Marketing 66(4)",
            "wiring",
            "tests/sim/feedback/test_service_desk.py::test_the_paradox_lifts_once_and_not_after_a_failed_recovery",
        ),
    )
    unpublished = "What a wait, a failed answer or a betrayal costs in satisfaction and attachment has no citable size: assumed."

    type = "service_desk"
    reads = ("status", "segment", "priority", "heard_negative", "satisfaction", "usual_satisfaction")
    writes = ("service", "care")
    totals = (
        flow("tickets", unit="tickets", doc="Tickets that came in, those of people who come again included."),
        stock("tickets_open", unit="tickets", doc="Tickets that wait, are being worked on or still to be solved at the end."),
        *CLOSED,
        flow("agent_seconds_busy", unit="s", doc="Time that agents spent on tickets."),
        flow("agent_seconds_staffed", unit="s", doc="Time that agents were on duty."),
    )

    CONTACT = stream("service_desk.contact", per="order", doc="Whether an order leads to a ticket.")
    GAP = stream("service_desk.gap", per="ticket", doc="Unit gap to the next contact that is not about an order.")
    TICKET = stream("service_desk.ticket", per="ticket", doc="When a ticket comes, what the auto-reply makes of it, how long it takes.")
    OUTCOME = stream("service_desk.outcome", per="ticket", doc="Whether an agent solves a ticket, and whether the customer comes again.")

    class State(Fields):
        audience: Any = field(u8, default=0, unit="", low=0, high=1, doc="Whether the desk is there for the person.")
        contact_clock: Any = field(
            f32, default=1.0, unit="1", optional=True, doc="Contact rate to pass until the next contact that is not about an order."
        )
        contacts: Any = field(u16, default=0, unit="tickets", optional=True, doc="Contacts so far that were not about an order.")
        recovered: Any = field(u8, default=0, unit="recoveries", doc="Failures that were made good.")
        not_recovered: Any = field(u8, default=0, unit="recoveries", doc="Failures that agents failed to make good.")
        recent: Any = field(u16, default=0, unit="tickets", optional=True, doc="Tickets of the last 52 weeks.")

    class Params(Parameters):
        type: Literal["service_desk"] = param("service_desk", unit="", doc="Kind of feedback.", source="name")
        audience: Audience = group("Whom the desk is there for.", Audience)
        start_week: int = param(
            1, unit="week", low=1, high=2000, doc="Week from which on contacts are taken and agents paid.", source="plan"
        )
        opening: Hours = group("When customers can turn to the desk.", Hours)
        shifts: dict[str, Crew] = group("Shifts of agents by name; they may overlap.", lambda: {"day": Crew()})
        service_minutes: float = param(
            6.0, unit="minutes", low=0.02, high=480.0, doc="Mean of the exponential time that an agent spends on a ticket.",
            plausible=(3, 15), source="assumed",
        )  # fmt: skip
        patience_minutes: float | None = param(
            60.0, unit="minutes", low=0.02, high=40_320.0, doc="Mean of the exponential time that people wait; null if they stay.",
            plausible=(2, 480), source="assumed",
        )  # fmt: skip
        solves: float = param(
            0.8, unit="probability", low=0.0, high=1.0, doc="Probability that an agent solves a ticket that is no failure.",
            plausible=(0.6, 0.95), source="assumed",
        )  # fmt: skip
        contacts: Contacts = group("What makes customers turn to the desk.", Contacts)
        auto_reply: AutoReply | None = group("Automatic answer before any agent.", lambda: None)
        complex: Complex = group("Tickets whose solution takes longer than the conversation.", Complex)
        targets: Targets = group("Promised times.", Targets)
        wait: Wait = group("What waiting does.", Wait)
        again: Again = group("Who comes again.", Again)
        recovery: Recovery = group("What becomes of failures.", Recovery)
        threshold: Threshold | None = group("A jump of the attrition hazard with the number of contacts.", lambda: None)
        queue: Literal["auto", "simulated", "compiled", "formula"] = param(
            "auto", unit="", doc="How waits are found; auto is compiled, whose waits are those of simulated.", source="plan"
        )
        wage: float = param(
            20.0, unit="money/hour", low=0.0, high=1e6, role="cost", doc="Cost of an agent on duty for an hour.",
            plausible=(5, 60), source="assumed",
        )  # fmt: skip
        ticket_cost: float = param(0.0, unit="money", low=0.0, high=1e6, role="cost", doc="Other cost of each ticket.", source="plan")
        weekly_cost: float = param(
            0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Platform and staff besides agents, a week.", source="plan"
        )
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost as the desk opens.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params, asks = self.params, self.params.contacts
        found = []
        # Contacts of a week reach the desk in the next, and are felt in the one after.
        for source, sign, rate in (
            ("orders", +1, asks.per_order),
            ("customers", +1, asks.per_week),
            ("failures", +1, asks.per_failure),
            ("criticism", +1, asks.per_negative_message),
        ):
            if rate > 0.0:
                found.append(link(source, "tickets", sign, delay=1.0))
        found += [
            link("tickets", "tickets", +1, "again.unsolved", "again.late", "again.abandoned", delay=1.0),
            link("tickets", "service", -1, "wait.loss", "wait.abandoned_loss", delay=1.0),
            link("tickets", "service", -1, "auto_reply.annoyance", delay=1.0),
            link("priority", "service", +1, "wait.loss", "wait.abandoned_loss", delay=1.0),
        ]
        # Only failures that are reported are recovered.
        if asks.per_failure > 0.0 and params.recovery.success > 0.0:
            found.append(link("failures", "service", +1, "recovery.restores", delay=2.0))
            # The lower satisfaction has fallen, the longer the way back.
            found.append(link("satisfaction", "service", -1, "recovery.restores", given="failures"))
            if params.recovery.paradox:
                found.append(link("failures", "service", +1, "recovery.paradox_gain", delay=2.0))
        if asks.per_failure > 0.0 and params.recovery.success < 1.0:
            found.append(link("failures", "service", -1, "recovery.failed_loss", delay=2.0))
            found.append(link("failures", "care", -1, "recovery.betrayal", delay=2.0))
        if params.threshold is not None:
            found.append(link("tickets", "attrition", +1, "threshold.effect"))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        return {"service desk": (self.name,)}

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        params = self.params
        for path, message in params.audience.problems(market, names):
            yield f"audience.{path}", message
        desks = names.get("service desk", ())
        if len(desks) > 1:
            yield "", f"every order would be asked about twice, so a scenario has one service desk (there: {', '.join(desks)})"
        if params.opening.closes > 24.0:
            yield "opening.closes", "must be at most 24: opening hours past midnight belong to the next day"
        if params.queue == "formula" and params.patience_minutes is None:
            yield "patience_minutes", "is needed by queue formula: where nobody gives up, a load above the agents has no lasting wait"

    @cached_property
    def _opening(self) -> tuple[np.ndarray, np.ndarray]:
        """Where opening hours begin in the week, and how many seconds are open before each of them; a last entry adds them all up."""
        spans = np.array(self.params.opening.spans(), np.int64)
        return spans[:, 0], np.concatenate(([0], np.cumsum(spans[:, 1] - spans[:, 0])))

    @cached_property
    def _shifts(self) -> list[Shift]:
        return [Shift(opens, closes, crew.agents) for crew in self.params.shifts.values() for opens, closes in crew.spans()]

    @cached_property
    def _duty(self) -> Duty:
        return Duty.of_week(self._shifts, 0)

    @cached_property
    def _staffed_s(self) -> int:
        return sum((one.end_s - one.start_s) * one.agents for one in self._shifts)

    def _keeps_clock(self) -> bool:
        return self.params.contacts.per_week > 0.0 or self.params.contacts.per_negative_message > 0.0

    def arrive(self, world: World) -> None:
        calendar, params = world.calendar, self.params
        if calendar.week < params.start_week or not calendar.opens_week:
            return
        files = world.note(self, Files)
        if calendar.week == params.start_week:
            self._launch(world)
        elif params.audience.changes:
            world.own(self).audience[:] = params.audience.mask(world, self.name)
        self._feel(world, files)
        rows, alone = self._open(world, files)
        world.totals.add("agent_seconds_staffed", self._staffed_s)
        files.rows, files.outcomes = NO_ROWS, NOTHING_FELT
        if len(rows) or len(alone):
            self._serve(world, rows)
            closed = rows.closed(calendar.week * WEEK)
            done, files.rows = rows.take(closed).followed_by(alone), rows.take(~closed)
            points, recovery = self._close(world, files, done)
            if len(files.rows):
                points = np.concatenate([points, self._keep_waiting(world, files.rows)])
                recovery = np.concatenate([recovery, np.zeros(len(files.rows), u8)])
            people = np.concatenate([done.person, files.rows.person])
            felt = ((points != _ZERO) | (recovery != 0)).nonzero()[0]
            felt = felt[np.argsort(people[felt], kind="stable")]
            files.outcomes = people[felt], points[felt], recovery[felt]
            world.totals.set("tickets_open", world.by_segment(files.rows.person))
        wages = (money(params.wage) * self._staffed_s + 1800) // 3600
        world.ledger.post("service_cost", wages + money(params.weekly_cost))

    def _launch(self, world: World) -> None:
        params, own = self.params, world.own(self)
        own.audience[:] = params.audience.mask(world, self.name)
        if self._keeps_clock():
            own.provide(("contact_clock", "contacts"))
            world.each(start_clock, own.contact_clock, world.key(self.GAP))
        if params.threshold is not None:
            own.provide(("recent",))
        world.ledger.post("service_cost", money(params.setup_cost))

    def _feel(self, world: World, files: Files) -> None:
        """What was closed last week comes back to customers."""
        people, points, recovery = files.outcomes
        if not len(people):
            return
        customers, own, how = world.customers, world.own(self), self.params.recovery
        world.over(
            feel, len(people), customers.service, customers.care, own.recovered, own.not_recovered,
            customers.satisfaction, customers.usual_satisfaction, people, points, recovery,
            f32(how.restores), f32(how.paradox_gain if how.paradox else 0.0), f32(how.betrayal), u8(how.forgiven),
        )  # fmt: skip

    def _open(self, world: World, files: Files) -> tuple[Rows, Rows]:
        """Last week's contacts as tickets: all that agents have or will have before them, and what the auto-reply ends."""
        params, week = self.params, world.calendar.week
        if not files.contacts:
            self._remember(world, files, np.empty(0, i32))
            return files.rows.copy() if len(files.rows) else NO_ROWS, NO_ROWS
        person, occasion, attempt, kind = (np.concatenate(parts) for parts in zip(*files.contacts, strict=True))
        files.contacts = []
        rows = Rows.room(len(person))
        rows.person[:], rows.occasion[:], rows.attempt[:], rows.kind[:] = person, occasion, attempt, kind
        auto = params.auto_reply or AutoReply(share=0.0)
        opens, open_before = self._opening
        patience = params.patience_minutes
        world.over(
            draw_tickets, len(rows), rows.contact_s, rows.arrival_s, rows.service_s, rows.patience_s, rows.later_s, rows.luck, rows.route,
            rows.person, rows.occasion, rows.attempt, rows.kind, world.key(self.TICKET), opens, open_before, i64((week - 1) * WEEK),
            f32(params.service_minutes * 60.0), f32(0.0 if patience is None else patience * 60.0),
            f32(params.complex.share), f32(params.complex.hours * 3600.0),
            f32(auto.share), auto.reaches_customer, f32(auto.solves), f32(auto.hands_over), i32(auto.delay_seconds),
        )  # fmt: skip
        if world.customers.priority.size:
            rows.priority[:] = world.customers.priority[person]
        by_segment = world.by_segment(person)
        world.totals.add("tickets", by_segment)
        world.ledger.post("service_cost", charge(by_segment, params.ticket_cost))
        if auto.cost:
            world.ledger.post("service_cost", charge(world.by_segment(person[rows.route != DIRECT]), auto.cost))
        self._remember(world, files, person)
        present = files.rows.followed_by(rows) if len(files.rows) else rows
        live = present.route < SOLVED_ALONE
        waiting = live.nonzero()[0]
        waiting = waiting[np.argsort(present.arrival_s[waiting], kind="stable")]
        return present.take(waiting), present.take(~live) if len(waiting) < len(present) else NO_ROWS

    def _remember(self, world: World, files: Files, people: np.ndarray) -> None:
        """Tickets of the last 52 weeks."""
        if self.params.threshold is None:
            return
        recent, week = world.own(self).recent, world.calendar.week
        world.over(count, len(people), recent, people, i32(1))
        files.recent.append((week, people))
        while files.recent[0][0] <= week - FORGET_WEEKS:
            old = files.recent.popleft()[1]
            world.over(count, len(old), recent, old, i32(-1))

    def _serve(self, world: World, rows: Rows) -> None:
        params, from_s = self.params, (world.calendar.week - 1) * WEEK
        until_s = from_s + WEEK
        duty = Duty(self._duty.since_s + i64(from_s), self._duty.agents)
        if not len(rows):
            pass
        elif params.queue == "simulated":
            from ..core.desk_simulated import simulated

            simulated(rows, duty, from_s, until_s)
        elif params.queue == "formula":
            formula(rows, rows.luck, duty, from_s, until_s, params.service_minutes * 60.0, params.patience_minutes * 60.0)
        else:
            compiled(rows, duty, from_s, until_s)
        busy = world.over(work, len(rows), rows.start_s, rows.end_s, i64(from_s), i64(until_s))
        world.totals.add("agent_seconds_busy", int(busy))

    def _close(self, world: World, files: Files, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """What became of tickets: totals, what customers will feel of it (points and recovery), and who comes again."""
        params, n = self.params, len(rows)
        auto, targets, wait, again = params.auto_reply or AutoReply(), params.targets, params.wait, params.again
        points, recovery, comes_again = np.zeros(n, f32), np.zeros(n, u8), np.zeros(n, u8)
        counts = np.zeros((len(world.segments), len(CLOSED)), np.int64)
        world.over(
            close, n, counts, points, recovery, comes_again, rows.kind, rows.route, rows.contact_s, rows.arrival_s, rows.start_s,
            rows.end_s, rows.later_s, rows.felt, rows.abandoned, rows.person, rows.occasion, rows.attempt, world.customers.segment,
            world.key(self.OUTCOME), f32(params.solves), f32(params.recovery.success),
            f32(targets.acknowledgment_seconds), f32(targets.live_seconds), f32(targets.first_response_minutes * 60.0),
            f32(targets.resolution_hours * 3600.0), f32(wait.tolerance_minutes * 60.0), f32(wait.loss), f32(wait.most),
            f32(wait.abandoned_loss), f32(auto.annoyance), f32(params.recovery.failed_loss),
            f32(again.unsolved), f32(again.late), f32(again.abandoned),
        )  # fmt: skip
        world.totals.add_each(_CLOSED, counts)
        if params.recovery.cost:
            world.ledger.post("service_cost", charge(counts[:, _RECOVERIES], params.recovery.cost))
        back = np.flatnonzero(comes_again)
        if len(back):
            kind = (comes_again[back] - 1).astype(u8)
            attempt = np.minimum(rows.attempt[back] + i32(1), 65_535).astype(u16)
            files.contacts.append((rows.person[back], rows.occasion[back], attempt, kind))
        return points, recovery

    def _keep_waiting(self, world: World, rows: Rows) -> np.ndarray:
        """What this week's part of their wait costs those who are not done with yet, in points."""
        wait, points = self.params.wait, np.empty(len(rows), f32)
        world.over(
            lengthen, len(rows), points, rows.felt, rows.contact_s, rows.start_s, rows.end_s, rows.abandoned,
            i64(world.calendar.week * WEEK), f32(wait.tolerance_minutes * 60.0), f32(wait.loss), f32(wait.most),
        )  # fmt: skip
        return points

    def weigh(self, world: World) -> None:
        threshold, recent = self.params.threshold, world.own(self).recent
        if threshold is None or threshold.effect == 0.0 or not recent.size:
            return
        world.each(add_threshold, world.rates.log_attrition, world.customers.status, recent, u16(threshold.contacts), f32(threshold.effect))

    def respond(self, world: World) -> None:
        params, own, events, customers = self.params, world.own(self), world.events, world.customers
        if world.calendar.week < params.start_week:
            return
        contacts = world.note(self, Files).contacts
        n = len(events)
        person, occasion, kind = np.empty(n, i32), np.empty(n, u32), np.empty(n, u8)
        asked = world.over(
            ask_about_orders, n, person, occasion, kind, events.person, events.number, events.failed, own.audience,
            world.key(self.CONTACT), f32(params.contacts.per_order), f32(params.contacts.per_failure),
        )  # fmt: skip
        if asked:
            contacts.append((person[:asked].copy(), occasion[:asked].copy(), np.zeros(asked, u16), kind[:asked].copy()))
        if not self._keeps_clock():
            return
        dt = world.calendar.dt
        per_week, per_message = f32(params.contacts.per_week * dt), f32(params.contacts.per_negative_message * dt)
        heard = customers.heard_negative
        world.each(pass_time, own.contact_clock, own.audience, customers.status, heard, per_week, per_message)
        due = marked(own.contact_clock <= _ZERO)
        if len(due):
            occasion, kind = np.empty(len(due), u32), np.empty(len(due), u8)
            world.over(
                ask_otherwise,
                len(due),
                occasion,
                kind,
                own.contact_clock,
                own.contacts,
                due,
                heard,
                world.key(self.GAP),
                per_week,
                per_message,
            )
            contacts.append((due, occasion, np.zeros(len(due), u16), kind))


_CLOSED = tuple(one.name for one in CLOSED)
_RECOVERIES = _CLOSED.index("recoveries")


@kernel
def start_clock(clock, key, start, stop):
    """The first unit gap."""
    for i in range(start, stop):
        clock[i] = -log32(uniform(key, i, 0, 0))


@kernel
def ask_about_orders(asker, occasion, kind, person, number, failed, audience, key, per_order, per_failure, start, stop):
    """Who turns to the desk about which order; returns how many."""
    asked = 0
    for e in range(start, stop):
        probability = per_failure if failed[e] != 0 else per_order
        if audience[person[e]] != 0 and uniform(key, person[e], number[e], 0) < probability:
            asker[asked] = person[e]
            occasion[asked] = u32(2) * u32(number[e])
            kind[asked] = u8(FAILURE) if failed[e] != 0 else u8(QUESTION)
            asked += 1
    return asked


@kernel
def pass_time(clock, audience, status, negative, per_week, per_message, start, stop):
    """Contact rate of a step, less to pass until the next contact."""
    for i in range(start, stop):
        if status[i] == ACTIVE and audience[i] != 0:
            clock[i] -= per_week + per_message * f32(negative[i])


@kernel
def ask_otherwise(occasion, kind, clock, contacts, people, negative, key, per_week, per_message, start, stop):
    """Contacts that are not about an order, and the gap to the next one."""
    for k in range(start, stop):
        i = people[k]
        contacts[i] += u16(1)
        occasion[k] = u32(2) * u32(contacts[i]) + u32(1)
        kind[k] = u8(COMPLAINT) if per_message * f32(negative[i]) > per_week else u8(QUESTION)
        clock[i] += -log32(uniform(key, i, contacts[i], 0))


@kernel
def draw_tickets(
    contact_s,
    arrival_s,
    service_s,
    patience_s,
    later_s,
    luck,
    route,
    person,
    occasion,
    attempt,
    kind,
    key,
    opens,
    open_before,
    from_s,
    service,
    patience,
    complex_share,
    complex_time,
    auto_share,
    reaches,
    auto_solves,
    hands_over,
    delay,
    start,
    stop,
):
    """When a ticket comes, how long it takes, how long its customer waits, and what the auto-reply makes of it."""
    windows = opens.size
    for k in range(start, stop):
        draw = u64(2) * u64(attempt[k])
        a, b, c, d = philox(u64(person[k]), u64(occasion[k]), draw, key[2], key[0], key[1])
        second = min(i64(to_unit(a) * f32(open_before[windows])), open_before[windows] - i64(1))
        window = i64(0)
        while second >= open_before[window + 1]:
            window += 1
        contact_s[k] = from_s + opens[window] + second - open_before[window]
        service_s[k] = max(i32(-log32(_ONE - to_unit(b)) * service + f32(0.5)), i32(1))
        patience_s[k] = i32(-log32(_ONE - to_unit(c)) * patience) if patience > _ZERO else i32(NEVER)
        luck[k] = to_unit(d)
        a, b, c, d = philox(u64(person[k]), u64(occasion[k]), draw + u64(1), key[2], key[0], key[1])
        takes = to_unit(a) < auto_share
        arrival_s[k] = contact_s[k] + (delay if takes else i32(0))
        route[k] = u8(DIRECT)
        if takes and not reaches:
            route[k] = u8(FILED)
        elif takes:
            enough = auto_solves if kind[k] == QUESTION else _ZERO
            answered = to_unit(b)
            route[k] = u8(HANDED_OVER)
            if answered < enough:
                route[k] = u8(SOLVED_ALONE)
            elif _ONE - answered <= (_ONE - enough) * (_ONE - hands_over):
                route[k] = u8(LEFT_ALONE)
        lasting = to_unit(c) < complex_share
        later_s[k] = i32(-log32(_ONE - to_unit(d)) * complex_time) if lasting else i32(0)


@kernel
def work(start_s, end_s, from_s, until_s, start, stop):
    """Seconds that agents spent on tickets between two seconds."""
    busy = i64(0)
    for k in range(start, stop):
        if start_s[k] >= 0:
            busy += max(min(i64(end_s[k]), until_s) - max(i64(start_s[k]), from_s), i64(0))
    return busy


@kernel
def close(
    counts,
    points,
    recovery,
    comes_again,
    kind,
    route,
    contact_s,
    arrival_s,
    start_s,
    end_s,
    later_s,
    felt_so_far,
    abandoned,
    person,
    occasion,
    attempt,
    segment,
    key,
    solves,
    success,
    acknowledgment,
    live,
    first_response,
    resolution,
    tolerance,
    loss,
    most,
    abandoned_loss,
    annoyance,
    failed_loss,
    again_unsolved,
    again_late,
    again_abandoned,
    start,
    stop,
):
    """What became of each ticket. `comes_again` is 0, or 1 plus the kind of the next ticket about it."""
    for k in range(start, stop):
        at = segment[person[k]]
        a, b, _, _ = philox(u64(person[k]), u64(occasion[k]), u64(attempt[k]), key[2], key[0], key[1])
        replied = route[k] >= HANDED_OVER
        by_agent = route[k] <= HANDED_OVER and abandoned[k] == 0
        met_s = i64(arrival_s[k])
        if route[k] <= HANDED_OVER:
            met_s = i64(end_s[k]) if abandoned[k] != 0 else i64(start_s[k])
        answer = met_s - i64(contact_s[k])
        word = i64(arrival_s[k]) - i64(contact_s[k]) if replied else answer
        if f32(word) <= acknowledgment and (replied or abandoned[k] == 0):
            counts[at, 7] += 1
        wait = f32(answer) if route[k] <= HANDED_OVER else _ZERO
        is_late = wait > tolerance
        felt = felt_so_far[k] - min(loss * (wait - tolerance) / _HOUR, most) if is_late else _ZERO
        if route[k] == HANDED_OVER or route[k] == LEFT_ALONE:
            felt -= annoyance
        again = again_unsolved
        is_solved = route[k] == SOLVED_ALONE
        if by_agent:
            is_solved = to_unit(a) < (success if kind[k] == FAILURE else solves)
        if abandoned[k] != 0:
            counts[at, 5] += 1
            felt -= abandoned_loss
            again = again_abandoned
        else:
            counts[at, 0] += 1
            counts[at, 1] += answer
            if by_agent:
                counts[at, 8] += 1
                if met_s - i64(arrival_s[k]) <= live:
                    counts[at, 9] += 1
            if is_solved:
                took = (i64(end_s[k]) + i64(later_s[k]) if by_agent else met_s) - i64(contact_s[k])
                counts[at, 2] += 1
                counts[at, 3] += took
                if f32(answer) <= first_response and f32(took) <= resolution:
                    counts[at, 4] += 1
                if not by_agent:
                    counts[at, 6] += 1
                again = _ZERO
            if by_agent and is_late:
                again = _ONE - (_ONE - again) * (_ONE - again_late)
            if by_agent and kind[k] == FAILURE:
                recovery[k] = u8(RECOVERED) if is_solved else u8(NOT_RECOVERED)
                counts[at, 10 if is_solved else 11] += 1
                felt -= _ZERO if is_solved else failed_loss
        if to_unit(b) < again:
            counts[at, 12] += 1
            comes_again[k] = u8(1) + (u8(COMPLAINT) if is_solved else kind[k])
        points[k] = felt


@kernel
def lengthen(points, felt, contact_s, start_s, end_s, abandoned, until_s, tolerance, loss, most, start, stop):
    """Points that the wait of each ticket costs until a second or its end, less those that it has cost before."""
    for k in range(start, stop):
        met_s = until_s
        if start_s[k] >= 0:
            met_s = min(met_s, i64(start_s[k]))
        if abandoned[k] != 0:
            met_s = min(met_s, i64(end_s[k]))
        wait = f32(met_s - i64(contact_s[k]))
        cost = min(loss * (wait - tolerance) / _HOUR, most) if wait > tolerance else _ZERO
        points[k] = felt[k] - cost
        felt[k] = cost


@kernel
def feel(
    service,
    care,
    recovered,
    not_recovered,
    satisfaction,
    usual,
    people,
    points,
    recovery,
    restores,
    paradox_gain,
    betrayal,
    forgiven,
    start,
    stop,
):
    """Outcomes, sorted by person, as satisfaction and attachment gained or lost."""
    before = i32(-1)
    added = _ZERO
    kept = _ONE
    for k in range(start, stop):
        i = people[k]
        if i != before:
            before = i
            added = _ZERO
            kept = _ONE
        change = points[k]
        if recovery[k] == RECOVERED:
            change += restores * max(usual[i] - (satisfaction[i] + added + change), _ZERO)
            if recovered[i] == 0 and not_recovered[i] == 0:
                change += paradox_gain
            recovered[i] = min(recovered[i], u8(254)) + u8(1)
        elif recovery[k] == NOT_RECOVERED:
            if not_recovered[i] >= forgiven:
                care[i] -= kept * betrayal
                kept *= _ONE - betrayal
            not_recovered[i] = min(not_recovered[i], u8(254)) + u8(1)
        added += change
        service[i] += change


@kernel
def count(counter, people, by, start, stop):
    """Count tickets of people, who may repeat."""
    for k in range(start, stop):
        counter[people[k]] = u16(i32(counter[people[k]]) + by)


@kernel
def add_threshold(log_attrition, status, recent, contacts, effect, start, stop):
    """Term of too many contacts on the attrition hazard."""
    for i in range(start, stop):
        if status[i] == ACTIVE and recent[i] >= contacts:
            log_attrition[i] += effect
