"""Word of mouth: customers tell their ties how it was."""

from __future__ import annotations

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fact, Parameters, flow, param, stream
from ..core.draws import exp32, uniform
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import hazard
from ..world.customers import ACTIVE, PROSPECT
from ..world.network import pass_messages
from ..world.workers import marked
from ..world.world import World

f32, i8, i32 = np.float32, np.int8, np.int32
_ZERO, _HALF, _ONE, _SIX, _HUNDRED = f32(0.0), f32(0.5), f32(1.0), f32(6.0), f32(100.0)
_NEAR = f32(0.02)


class Outbox:
    """Messages on their way: what was said in each step of a week, delivered as the next one opens."""

    def __init__(self) -> None:
        self.steps: list[tuple[np.ndarray, np.ndarray]] = []

    def copy(self) -> Outbox:
        twin = Outbox()
        twin.steps = list(self.steps)
        return twin

    def taken(self, start: int, stop: int, people: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """What people of these rows, of so many, have said; it is on its way no longer."""
        if stop - start == people:
            said, self.steps = self.steps, []
            return said
        cuts = [np.searchsorted(senders, (start, stop)) for senders, _ in self.steps]
        said = [(senders[a:b], signs[a:b]) for (senders, signs), (a, b) in zip(self.steps, cuts, strict=True)]
        rest = [
            (np.delete(senders, np.s_[a:b]), np.delete(signs, np.s_[a:b]))
            for (senders, signs), (a, b) in zip(self.steps, cuts, strict=True)
            if b - a < len(senders)
        ]
        self.steps = rest
        return said


class WordOfMouth(Behavior):
    """After an order a customer may tell all ties, well or ill; prospects who hear good things may come.

        P(tell) = talkativeness (base + surprise |d| / 100), with the sign of d, at most `cap` times a step
        P(a prospect is won) = 1 - (1 - weak)^m (1 - strong)^j

    d is the disconfirmation of the order: a U-shape, since what is expected is not worth telling. A tie passes a message on with a
    probability by strength, and it is heard in the week after: m positive messages through weak, j through strong ties. Each
    negative message cancels `negative_weight` positive ones; n positive messages count as K (1 - exp(-n / K)), K the saturation.
    Service that moved satisfaction by s is told likewise: P(tell) = talkativeness surprise |s| / 100, with the sign of s.
    Source: Goldenberg, Libai & Muller (2001), Marketing Letters 12(3); Anderson (1998), Journal of Service Research 1(1);
    East, Hammond & Lomax (2008), IJRM 25(3).
    """

    facts = (
        Fact(
            "Very satisfied and very dissatisfied customers tell more than others: a U-shape.",
            "Anderson (1998), Journal of Service Research 1(1), direction",
            "wiring",
            "tests/sim/behaviors/test_word_of_mouth.py::test_extreme_experiences_are_told_more_whatever_their_sign",
        ),
        Fact(
            "Each further tie who recommends wins a prospect with .04 (strong) or .01 (weak) of what is left: 1 - (1 - weak)^m (1 - "
            "strong)^j.",
            "Goldenberg, Libai & Muller (2001), Marketing Letters 12(3)",
            "wiring",
            "tests/sim/behaviors/test_word_of_mouth.py::test_a_prospect_is_won_with_the_probability_of_the_formula",
        ),
    )
    unpublished = (
        "Whether weak ties matter as much as strong ones is unsettled: the paper says so, a published replication finds a third to a "
        "half. Nothing here is tuned to either."
    )

    type = "word_of_mouth"
    reads = ("status", "heard_strong", "heard_weak", "heard_negative", "talkativeness", "service")
    writes = ("heard_strong", "heard_weak", "heard_negative")
    cause = "word_of_mouth"
    uses_ties = True
    by_segment = True
    totals = (flow("messages_sent", unit="messages", doc="Messages that reached a tie, good or ill."),)

    TELL = stream("word_of_mouth.tell", per="order", doc="Whether the customer tells others of an order.")
    SERVICE = stream("word_of_mouth.service", per="week", doc="Whether the customer tells others of the service.")
    REACH = stream("word_of_mouth.reach", per="tie", doc="Whether a message gets through a tie.")

    class Params(Parameters):
        base: float = param(
            0.02,
            unit="probability",
            low=0.0,
            high=0.1,
            role="effect",
            neutral=0.0,
            doc="Probability of telling others of an order that was as expected.",
            source="assumed",
        )
        surprise: float = param(
            0.3,
            unit="probability per 100 points",
            low=0.0,
            high=0.6,
            role="effect",
            neutral=0.0,
            doc="Added probability per 100 points of surprise, good or bad.",
            plausible=(0.1, 0.6),
            source="assumed; U-shape Anderson 1998",
        )
        strong: float = param(
            0.04,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a positive message through a strong tie wins a prospect.",
            plausible=(0.01, 0.07),
            source="Goldenberg, Libai & Muller 2001, grid .01-.07, read in a replication",
        )
        weak: float = param(
            0.01,
            unit="probability",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability that a positive message through a weak tie wins a prospect.",
            plausible=(0.005, 0.015),
            source="Goldenberg, Libai & Muller 2001, grid .005-.015, read in a replication",
        )
        negative_weight: float = param(
            1.0,
            unit="1",
            low=0.5,
            high=3.0,
            doc="Positive messages that a negative one cancels.",
            source="assumed; East, Hammond & Lomax 2008 contradict that bad news is stronger",
        )
        saturation: float = param(
            10.0,
            unit="messages/week",
            low=1.0,
            high=1e6,
            doc="Messages a week beyond which more add little.",
            plausible=(3, 50),
            source="assumed",
        )
        reach_strong: float = param(
            1.0,
            unit="probability",
            low=0.0,
            high=1.0,
            doc="Probability that a message passes a strong tie.",
            plausible=(0.3, 1.0),
            source="assumed",
        )
        reach_weak: float = param(
            1.0,
            unit="probability",
            low=0.0,
            high=1.0,
            doc="Probability that a message passes a weak tie.",
            plausible=(0.3, 1.0),
            source="assumed",
        )
        cap: int = param(
            1,
            unit="messages/step",
            low=1,
            high=50,
            doc="Times a customer tells others in one step.",
            plausible=(1, 5),
            source="assumed",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        # What is said in a week is heard in the next.
        return (
            link("orders", "praise", +1, "base", "surprise", delay=1.0, ties=True),
            link("orders", "criticism", +1, "base", "surprise", delay=1.0, ties=True),
            link("talkativeness", "praise", +1, "base", "surprise", delay=1.0, ties=True),
            link("surprise", "praise", +1, "surprise", delay=1.0, ties=True),
            link("surprise", "criticism", -1, "surprise", delay=1.0, ties=True),
            link("service", "praise", +1, "surprise", delay=1.0, ties=True),
            link("service", "criticism", -1, "surprise", delay=1.0, ties=True),
            link("praise", "acquisition", +1, "strong", "weak"),
            link("criticism", "acquisition", -1, "strong", "weak"),
        )

    def arrive(self, world: World) -> None:
        customers, params = world.customers, self.params
        if not world.calendar.opens_week:
            return
        said = world.note(self, Outbox).taken(*map(int, world.span), world.people)
        if world.network is None or not any(len(senders) for senders, _ in said):
            return
        senders, signs = (np.concatenate(parts) for parts in zip(*said, strict=True))
        heard = world.over(
            pass_messages,
            len(senders),
            customers.heard_strong,
            customers.heard_weak,
            customers.heard_negative,
            world.network.ties,
            world.network.starts,
            senders,
            signs,
            world.key(self.REACH),
            np.uint64(world.calendar.week),
            f32(params.reach_strong),
            f32(params.reach_weak),
        )
        world.totals.add("messages_sent", int(heard))

    def weigh(self, world: World) -> None:
        customers, params = world.customers, self.params
        if params.strong == 0.0 and params.weak == 0.0:
            return
        world.each(
            persuade,
            world.rates.cause("word_of_mouth"),
            customers.status,
            customers.heard_strong,
            customers.heard_weak,
            customers.heard_negative,
            f32(hazard(params.strong) * world.calendar.dt),
            f32(hazard(params.weak) * world.calendar.dt),
            f32(params.negative_weight),
            f32(params.saturation),
        )

    def respond(self, world: World) -> None:
        events, params, talkativeness = world.events, self.params, world.customers.talkativeness
        factor = talkativeness[events.person] if talkativeness.size else np.ones(len(events), np.float32)
        senders, signs = np.empty(len(events), np.int32), np.empty(len(events), np.int8)
        said = world.over(
            tell,
            len(events),
            senders,
            signs,
            events.person,
            events.number,
            events.disconfirmation,
            factor,
            world.key(self.TELL),
            f32(params.base),
            f32(params.surprise / 100.0),
            params.cap,
        )
        outbox = world.note(self, Outbox)
        outbox.steps.append((senders[:said].copy(), signs[:said].copy()))
        if world.customers.service.size and params.surprise > 0.0:
            served = marked(world.customers.service != _ZERO)
            if len(served):
                outbox.steps.append(self._tell_of_service(world, served))

    def _tell_of_service(self, world: World, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of those served since the step before tell of it, and with which sign."""
        service, talkativeness = world.customers.service, world.customers.talkativeness
        factor = talkativeness[people] if talkativeness.size else np.ones(len(people), np.float32)
        senders, signs = np.empty(len(people), np.int32), np.empty(len(people), np.int8)
        said = world.over(
            tell_of_service,
            len(people),
            senders,
            signs,
            people,
            service,
            world.customers.status,
            factor,
            world.key(self.SERVICE),
            np.uint64(world.calendar.step),
            f32(self.params.surprise / 100.0),
        )
        return senders[:said].copy(), signs[:said].copy()


@kernel
def tell(senders, signs, person, number, disconfirmation, factor, key, base, surprise, cap, start, stop):
    """Who tells of which order, and with which sign; returns how many."""
    said = 0
    before = i32(-1)
    times = 0
    for e in range(start, stop):
        if person[e] != before:
            before = person[e]
            times = 0
        if times < cap and uniform(key, person[e], number[e], 0) < factor[e] * (base + surprise * abs(disconfirmation[e])):
            senders[said] = person[e]
            signs[said] = i8(1) if disconfirmation[e] >= _ZERO else i8(-1)
            said += 1
            times += 1
    return said


@kernel
def tell_of_service(senders, signs, people, service, status, factor, key, step, surprise, start, stop):
    """Who tells of the service, and with which sign; returns how many."""
    said = 0
    for k in range(start, stop):
        i = people[k]
        if status[i] == ACTIVE and uniform(key, i, step, 0) < factor[k] * surprise * abs(service[i]):
            senders[said] = i
            signs[said] = i8(1) if service[i] > _ZERO else i8(-1)
            said += 1
    return said


@kernel
def persuade(acquisition, status, strong, weak, negative, strong_hazard, weak_hazard, negative_weight, saturation, start, stop):
    """Hazard by which a prospect is won through what the ties said."""
    for i in range(start, stop):
        if strong[i] + weak[i] == 0 or status[i] != PROSPECT:
            continue
        good = f32(strong[i]) + f32(weak[i])
        left = max(good - negative_weight * f32(negative[i]), _ZERO)
        full = left / saturation
        # Where saturation is far away, 1 - exp would be all rounding.
        near = left * (_ONE - full * (_HALF - full / _SIX))
        counted = near if full < _NEAR else saturation * (_ONE - exp32(-full))
        acquisition[i] += counted / good * (f32(strong[i]) * strong_hazard + f32(weak[i]) * weak_hazard)
