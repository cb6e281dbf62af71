"""Churn warning: the firm scores who seems to be leaving, from what it can see, and warns of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ..core.component import Feedback
from ..core.declare import Fact, Fields, Parameters, field, flow, group, param, stream, word
from ..core.draws import exp32, normal32, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import DAYS_PER_WEEK, money
from ..world.audience import Audience
from ..world.customers import CHURNED, NOBODY
from ..world.market import Market
from ..world.workers import marked
from ..world.world import World

f32, u8 = np.float32, np.uint8
_ZERO, _ONE, _HUNDRED = f32(0.0), f32(1.0), f32(100.0)

class Survey(Parameters):
    """After an order the firm asks how satisfied the customer is; few answer, not exactly, and the answer takes its time."""

    response: float = param(
        0.2,
        unit="share",
        low=0.0,
        high=1.0,
        doc="Orders after which the customer answers.",
        plausible=(0.05, 0.4),
        source="assumed",
    )
    noise: float = param(
        15.0,
        unit="points",
        low=0.0,
        high=50.0,
        doc="Spread of an answer around true satisfaction.",
        plausible=(5.0, 25.0),
        source="assumed; customerSat has sd 25.5 on a 100-point scale, of which true differences are a part",
    )
    lag_weeks: int = param(
        1, unit="weeks", low=0, high=52, doc="Weeks until an answer is known.", plausible=(0, 4), source="assumed"
    )
    reference: float = param(
        70.0,
        unit="points",
        low=0.0,
        high=100.0,
        doc="Answer that neither warns nor reassures.",
        plausible=(60.0, 80.0),
        source="assumed; the usual satisfaction of the average person",
    )
    keep_weeks: float = param(
        26.0, unit="weeks", low=1.0, high=520.0, doc="Weeks that an answer counts.", plausible=(8.0, 52.0), source="assumed"
    )


class Book:
    """Small state: answers on their way, warnings about to be raised, and warnings and leavers still to be judged."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, np.ndarray, np.ndarray]] = deque()
        self.flagged: deque[tuple[int, np.ndarray]] = deque()
        self.raised: deque[tuple[int, np.ndarray, np.ndarray]] = deque()
        self.leavers: deque[tuple[int, np.ndarray, float]] = deque()

    def copy(self) -> Book:
        twin = Book()
        twin.answers, twin.flagged = deque(self.answers), deque(self.flagged)
        twin.raised, twin.leavers = deque(self.raised), deque(self.leavers)
        return twin


class ChurnWarning(Feedback):
    """Each week the firm scores its customers' risk of leaving, and warns of the highest.

        score = logistic(intercept + recency_slope x weeks since the last order / own mean gap
                         + survey_slope x (reference - answer) / 10 + trouble_slope, where service went badly lately)

    Without a known answer its part is 0. The own mean gap is that of `market.lapse_gaps`. Customers are warned of once a silence;
    the warning stands until they order or `keep_weeks` have passed.
    The score knows only orders, answers and the desk's record; how right it is only the simulation knows: a warning is right
    if the customer had truly left when it was raised, or leaves within `horizon_weeks`; a leaver counts as warned of if a
    warning was raised within `horizon_weeks` before or after.
    Source: assumed; recency against the own gap as in BG/NBD's probability of being alive, Fader, Hardie & Lee (2005).
    """

    facts = (
        Fact(
            "The longer a silence in own mean gaps, the likelier the customer has left: a higher threshold is more precise and finds "
            "fewer leavers.",
            "Fader, Hardie & Lee (2005), probability of being alive, direction",
            "emergent",
            "tests/sim/feedback/test_churn_warning.py::test_a_higher_threshold_is_more_precise_and_finds_fewer",
        ),
    )
    unpublished = "Slopes, thresholds and answer rates of a firm's own score are its own: the defaults are assumed."

    type = "churn_warning"
    reads = ("status", "segment", "joined", "last_order", "n_orders", "orders_before", "satisfaction", "service", "warned")
    writes = ("warned",)
    totals = (
        flow("warnings", unit="warnings", doc="Churn warnings raised."),
        flow("warnings_judged", unit="warnings", doc="Churn warnings whose horizon has passed."),
        flow("warnings_right", unit="warnings", doc="Of these, of customers who had truly left or left within the horizon."),
        flow("leavers_judged", unit="people", doc="Customers watched who truly left, once the horizon has passed."),
        flow("leavers_warned", unit="people", doc="Of these, those warned of within the horizon before or after."),
        flow("warning_lag", unit="weeks", scale=DAYS_PER_WEEK, doc="Weeks from leaving to the warning, over leavers warned of."),
    )

    ANSWER = stream("churn_warning.answer", per="order", doc="Whether a customer answers the survey after an order, and how exactly.")

    class State(Fields):
        score: Any = field(
            np.float32, default=0.0, unit="probability", low=0, high=1, doc="Risk of leaving as the firm sees it; 0 for who is not scored."
        )
        audience: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person is watched.")
        warned: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether a warning stands.")
        flagged: Any = field(np.float32, default=NOBODY, unit="week", doc="Time of the latest score that led to a warning.")
        raised: Any = field(np.float32, default=NOBODY, unit="week", doc="Time of the latest warning.")
        left: Any = field(np.float32, default=NOBODY, unit="week", doc="Time the person truly left, for judging alone.")
        answer: Any = field(np.float32, default=0.0, unit="points", low=0, high=100, doc="Latest known answer.")
        answered: Any = field(np.float32, default=NOBODY, unit="week", doc="Time at which it became known.")
        trouble: Any = field(np.float32, default=NOBODY, unit="week", doc="Time at which service last went badly.")

    class Params(Parameters):
        type: Literal["churn_warning"] = param("churn_warning", unit="", doc="Kind of feedback.", source="name")
        audience: Audience = group("Who is watched.", Audience)
        start_week: int = param(1, unit="week", low=1, high=2000, doc="First week of warnings.", source="plan")
        intercept: float = param(
            -4.0, unit="logit", low=-20.0, high=5.0, doc="Log-odds right after an order.", plausible=(-6.0, -2.0), source="assumed"
        )
        recency_slope: float = param(
            2.0, unit="logit per gap", low=0.0, high=10.0, doc="Log-odds per own mean gap of silence.", plausible=(1.0, 3.0),
            source="assumed",
        )  # fmt: skip
        survey_slope: float = param(
            0.4, unit="logit per 10 points", low=0.0, high=5.0, doc="Log-odds per 10 points that an answer lies below the reference.",
            plausible=(0.1, 1.0), source="assumed",
        )  # fmt: skip
        trouble_slope: float = param(
            1.0, unit="logit", low=0.0, high=10.0, doc="Log-odds while service has gone badly lately.", plausible=(0.3, 2.0),
            source="assumed",
        )  # fmt: skip
        trouble_weeks: float = param(
            8.0, unit="weeks", low=0.0, high=104.0, doc="Weeks that bad service counts.", plausible=(4.0, 26.0), source="assumed"
        )
        survey: Survey = group("Satisfaction survey after orders.", Survey)
        threshold: float = param(0.5, unit="probability", low=0.001, high=0.999, doc="Score from which a warning is raised.", source="plan")
        capacity: int | None = param(
            None, unit="people/week", low=1, high=50_000_000, doc="Most warnings a week, highest scores first; no limit if not given.",
            source="plan", shared=True,
        )  # fmt: skip
        lag_weeks: int = param(
            1, unit="weeks", low=0, high=52, doc="Weeks from the data to the warning, whatever happens in between.",
            plausible=(0, 4), source="assumed",
        )  # fmt: skip
        keep_weeks: float = param(
            8.0, unit="weeks", low=1.0, high=520.0, doc="Weeks that a warning stands without an order.", plausible=(2.0, 26.0),
            source="assumed",
        )  # fmt: skip
        lost_gaps: float = param(
            6.0, unit="gaps", low=0.1, high=1000.0, doc="Who has been silent for longer is taken as lost and not warned of.",
            plausible=(3.0, 10.0), source="assumed",
        )  # fmt: skip
        horizon_weeks: int = param(
            8, unit="weeks", low=1, high=520, doc="Weeks within which a warning must come true, for judging alone.",
            plausible=(4, 26), source="assumed",
        )  # fmt: skip
        setup_cost: float = param(0.0, unit="money", low=0.0, high=1e12, role="cost", doc="Cost at the start.", source="plan")
        weekly_cost: float = param(0.0, unit="money", low=0.0, high=1e9, role="cost", doc="Running cost a week.", source="plan")

    @property
    def links(self) -> tuple[Link, ...]:
        params, survey = self.params, self.params.survey
        found = []
        if params.recency_slope > 0.0:
            found.append(link("orders", "warnings", -1, delay=float(params.lag_weeks)))
        if params.survey_slope > 0.0 and survey.response > 0.0:
            found.append(link("satisfaction", "warnings", -1, delay=float(survey.lag_weeks + params.lag_weeks)))
        if params.trouble_slope > 0.0:
            found.append(link("service", "warnings", -1, delay=float(params.lag_weeks)))
        return tuple(found)

    @property
    def first_week(self) -> int:
        return self.params.start_week

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        return {"warning": (self.name,)}

    def problems(self, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
        for path, message in self.params.audience.problems(market, names):
            yield f"audience.{path}", message

    def arrive(self, world: World) -> None:
        params, calendar, own = self.params, world.calendar, world.own(self)
        if calendar.week < params.start_week:
            return
        if calendar.opens_week:
            starts = calendar.week == params.start_week
            if starts or params.audience.changes:
                own.audience[:] = params.audience.mask(world, self.name)
            world.ledger.post("program_fixed_cost", money(params.weekly_cost) + (money(params.setup_cost) if starts else 0))

    def respond(self, world: World) -> None:
        params, calendar = self.params, world.calendar
        if calendar.week < params.start_week:
            return
        now = calendar.now + calendar.dt
        self._listen(world, now)
        self._note_leavers(world, now)
        if (calendar.step + 1) % calendar.steps_per_week == 0:
            self._score(world, now)
            self._raise(world, now)
            self._judge(world)

    def _listen(self, world: World, now: float) -> None:
        """Answers given after this step's orders, those that become known, and service that went badly."""
        survey, calendar, own, book = self.params.survey, world.calendar, world.own(self), world.note(self, Book)
        events, customers = world.events, world.customers
        if survey.response > 0.0 and len(events):
            answers = np.empty(len(events), np.float32)
            world.over(
                answer, len(events), answers, customers.satisfaction, own.audience, events.person, events.number,
                world.key(self.ANSWER), np.uint64(word(self.name)), f32(survey.response), f32(survey.noise),
            )  # fmt: skip
            given = np.flatnonzero(answers >= _ZERO)
            book.answers.append((calendar.step + survey.lag_weeks * calendar.steps_per_week, events.person[given], answers[given]))
        while book.answers and book.answers[0][0] <= calendar.step:
            _, people, answers = book.answers.popleft()
            own.answer[people] = answers
            own.answered[people] = f32(now)
        if customers.service.size:
            world.each(note_trouble, own.trouble, customers.service, f32(now))

    def _score(self, world: World, now: float) -> None:
        """End warnings that have had their day, score everyone watched, and flag the highest."""
        params, survey, own, customers = self.params, self.params.survey, world.own(self), world.customers
        world.each(
            score_customers, own.score, own.warned, customers.warned, own.raised, own.flagged, own.audience,
            customers.joined, customers.last_order, customers.n_orders, customers.orders_before,
            own.answer, own.answered, own.trouble, f32(now), f32(1.0 / max(world.population.mean_rate, 1e-9)),
            f32(params.intercept), f32(params.recency_slope), f32(params.survey_slope / 10.0), f32(survey.reference),
            f32(survey.keep_weeks), f32(params.trouble_slope), f32(params.trouble_weeks), f32(params.keep_weeks), f32(params.lost_gaps),
        )  # fmt: skip
        people = marked(own.score >= f32(params.threshold))
        if params.capacity is not None and len(people) > params.capacity:
            people = np.sort(people[np.lexsort((people, -own.score[people]))[: params.capacity]])
        if not len(people):
            return
        own.flagged[people] = f32(now)
        world.note(self, Book).flagged.append((world.calendar.week + params.lag_weeks, people))

    def _raise(self, world: World, now: float) -> None:
        own, book, customers, week = world.own(self), world.note(self, Book), world.customers, world.calendar.week
        while book.flagged and book.flagged[0][0] <= week:
            _, people = book.flagged.popleft()
            fresh = people[own.warned[people] == 0]
            own.warned[fresh] = 1
            customers.warned[fresh] += u8(1)
            own.raised[people] = f32(now)
            book.raised.append((week + self.params.horizon_weeks, people, customers.status[people] == CHURNED))
            world.totals.add("warnings", world.by_segment(people))

    def _note_leavers(self, world: World, now: float) -> None:
        own, exits = world.own(self), world.events.exits
        if not len(exits):
            return
        leavers = exits[own.audience[exits] != 0]
        own.left[exits] = f32(now)
        world.note(self, Book).leavers.append((world.calendar.week + self.params.horizon_weeks, leavers, now))

    def _judge(self, world: World) -> None:
        """Compare the warnings and the leavers whose horizon ends with the truth, which no firm can see."""
        own, book, totals = world.own(self), world.note(self, Book), world.totals
        week, horizon = world.calendar.week, self.params.horizon_weeks
        while book.raised and book.raised[0][0] <= week:
            due, people, gone = book.raised.popleft()
            if not len(people):
                continue
            totals.add("warnings_judged", world.by_segment(people))
            totals.add("warnings_right", world.by_segment(people[gone | (own.left[people] > f32(due - horizon))]))
        while book.leavers and book.leavers[0][0] <= week:
            _, people, left = book.leavers.popleft()
            if not len(people):
                continue
            warned = people[own.raised[people] >= f32(left - horizon)]
            totals.add("leavers_judged", world.by_segment(people))
            totals.add("leavers_warned", world.by_segment(warned))
            days = np.rint((own.raised[warned] - f32(left)) * DAYS_PER_WEEK).astype(np.int64)
            totals.add("warning_lag", world.by_segment(warned, days))


@kernel
def answer(answers, satisfaction, audience, person, number, key, name, response, noise, start, stop):
    """Answer to the survey after each order, in whole points from 0 to 100; -1 for none."""
    for e in range(start, stop):
        i = person[e]
        answers[e] = f32(-1.0)
        if audience[i] == 0:
            continue
        answers_it, luck = uniform_pair(key, i, number[e], name)
        if answers_it < response:
            answers[e] = min(max(f32(np.rint(satisfaction[i] + noise * normal32(luck))), _ZERO), _HUNDRED)


@kernel
def note_trouble(trouble, service, now, start, stop):
    """The desk's record: who was served badly since the step before, not how badly it was felt."""
    for i in range(start, stop):
        trouble[i] = now if service[i] < _ZERO else trouble[i]


@kernel
def score_customers(
    score,
    own_warned,
    warned,
    raised,
    flagged,
    audience,
    joined,
    last_order,
    n_orders,
    orders_before,
    answer,
    answered,
    trouble,
    now,
    mean_gap,
    intercept,
    recency_slope,
    survey_slope,
    reference,
    answer_weeks,
    trouble_slope,
    trouble_weeks,
    keep_weeks,
    lost_gaps,
    start,
    stop,
):
    """Risk of leaving of everyone watched who has ordered since the last warning; ends old warnings."""
    for i in range(start, stop):
        score[i] = _ZERO
        if own_warned[i] != 0 and (last_order[i] > raised[i] or now - raised[i] >= keep_weeks):
            own_warned[i] = u8(0)
            warned[i] -= u8(1)
        if audience[i] == 0 or last_order[i] <= flagged[i]:
            continue
        orders = max(f32(n_orders[i]) + f32(orders_before[i]), f32(1.0))
        gaps = (now - last_order[i]) * orders / (last_order[i] - joined[i] + mean_gap)
        if gaps > lost_gaps:
            continue
        odds = intercept + recency_slope * gaps
        if now - answered[i] <= answer_weeks:
            odds += survey_slope * (reference - answer[i])
        if now - trouble[i] <= trouble_weeks:
            odds += trouble_slope
        score[i] = _ONE / (_ONE + exp32(-odds))
