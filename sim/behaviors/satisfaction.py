"""Satisfaction: how an experience compares with what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fact, Fields, Parameters, field, param, stream
from ..core.draws import normal32, uniform, uniform_pair
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import decay
from ..world.customers import ACTIVE
from ..world.quantities import PLAN
from ..world.world import World

f32, i32, u8 = np.float32, np.int32, np.uint8
_ZERO, _HUNDRED = f32(0.0), f32(100.0)
_PHI0 = 0.3989422804014327
"""Standard normal density at 0."""


class Satisfaction(Behavior):
    """Orders that disappoint lower satisfaction more than pleasant ones raise it; it returns to the person's usual level.

        quality Q = usual + quality_shift + spread z - failure_depth, if the order fails
        disconfirmation d = Q - E
        S += learning (max(d, 0) - loss_ratio max(-d, 0) - centre);  E += adapting (Q - E)
        term on log_purchase  = + effect (S - usual) / 10
        term on log_attrition = - attrition_effect (S - usual) / 10

    S is satisfaction, E what is expected of the next order, z standard normal luck. The centre makes the expected change 0 in
    balance. A reward adds `reward_gain` to S, messages from others move E, service moves S.
    Source: Anderson & Sullivan (1993), Marketing Science 12(2); Oliver (1980), JMR 17(4).
    """

    facts = (
        Fact(
            "Falling short of expectations moves satisfaction more than exceeding them; a ratio set to 2.5 comes out of a regression "
            "within 5 %.",
            "Anderson & Sullivan (1993), Marketing Science 12(2), direction; size assumed",
            "wiring",
            "tests/sim/behaviors/test_satisfaction.py::test_disappointment_weighs_as_much_more_as_the_scenario_says",
        ),
    )
    unpublished = (
        "How much satisfaction moves orders and leaving has no citable size: both effects are assumed and stand in every sensitivity "
        "table."
    )

    type = "satisfaction"
    by_segment = True
    reads = ("status", "rewarded", "heard_strong", "heard_weak", "heard_negative", "satisfaction", "usual_satisfaction", "service")
    writes = ("satisfaction", "usual_satisfaction")

    QUALITY = stream("satisfaction.quality", per="order", doc="Quality of an order; whether it fails.")
    LEVEL = stream("satisfaction.level", per="person", doc="A person's usual satisfaction.")

    class State(Fields):
        expectation: Any = field(np.float32, default=70.0, unit="points", doc="Quality expected of the next order.")

    class Params(Parameters):
        mean: float = param(
            70.0,
            unit="points",
            low=0.0,
            high=100.0,
            doc="Usual satisfaction of the average person.",
            plausible=(60, 80),
            source="assumed; 65.8 overall in the China customer satisfaction index 2019, 78 in the tea case",
        )
        between: float = param(
            12.0,
            unit="points",
            low=0.0,
            high=30.0,
            doc="Spread of usual satisfaction between people.",
            plausible=(6, 20),
            source="assumed; customerSat has sd 25.5 on a 100-point scale, use of the scale included",
        )
        spread: float = param(
            15.0,
            unit="points",
            low=0.0,
            high=40.0,
            doc="Spread of quality from order to order.",
            plausible=(5, 25),
            source="assumed",
        )
        quality_shift: float = param(
            0.0,
            unit="points",
            low=-50.0,
            high=50.0,
            role="effect",
            neutral=0.0,
            doc="Quality now against the quality people are used to.",
            source="no change is the neutral case",
        )
        failure_rate: float = param(
            0.0,
            unit="share",
            low=0.0,
            high=1.0,
            role="effect",
            neutral=0.0,
            doc="Part of orders that fail.",
            source="no failures is the neutral case",
        )
        failure_depth: float = param(
            40.0,
            unit="points",
            low=0.0,
            high=100.0,
            doc="Quality lost in an order that fails.",
            plausible=(20, 60),
            source="assumed",
        )
        learning: float = param(
            0.3, unit="1", low=0.1, high=0.5, doc="Weight of a new experience in satisfaction.", source="assumed"
        )
        adapting: float = param(
            0.2, unit="1", low=0.05, high=0.4, doc="Weight of a new experience in expectation.", source="assumed"
        )
        loss_ratio: float = param(
            2.0,
            unit="1",
            low=1.0,
            high=3.0,
            doc="Weight of falling short over exceeding expectation.",
            source="assumed; direction Anderson & Sullivan 1993, size about 2 from memory",
        )
        half_life: float = param(
            26.0, unit="weeks", low=8.0, high=104.0, doc="Weeks until half of a deviation is forgotten.", source="assumed"
        )
        reward_gain: float = param(
            4.0,
            unit="points",
            low=0.0,
            high=15.0,
            role="effect",
            neutral=0.0,
            doc="Satisfaction added by a reward redeemed.",
            source="assumed; rewarded behavior exists in Taylor & Neslin 2005, size not cited",
        )
        message_effect: float = param(
            1.0,
            unit="points",
            low=0.0,
            high=5.0,
            role="effect",
            neutral=0.0,
            doc="Expectation moved by one message from others, up or down.",
            source="assumed",
        )
        effect: float = param(
            0.03,
            unit="log per 10 points",
            low=0.0,
            high=0.10,
            role="effect",
            neutral=0.0,
            doc="Log-term on the purchase rate per 10 points above usual.",
            source="assumed; positive in a 535-correlation meta-analysis, size not read",
        )
        attrition_effect: float = param(
            0.15,
            unit="log per 10 points",
            low=0.0,
            high=0.35,
            role="effect",
            neutral=0.0,
            doc="Log-term off the attrition hazard per 10 points above usual.",
            plausible=(0.05, 0.35),
            source="assumed",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        memory = mean_lag(params.half_life)
        found = [
            link("satisfaction", "purchase", +1, "effect"),
            link("satisfaction", "attrition", -1, "attrition_effect"),
            link("rewards", "satisfaction", +1, "reward_gain", delay=memory),
            link("praise", "surprise", -1, "message_effect"),
            link("criticism", "surprise", +1, "message_effect"),
            link("surprise", "satisfaction", +1, delay=memory),
            link("service", "satisfaction", +1, delay=memory),
            link(PLAN, "surprise", +1, "quality_shift"),
            link(PLAN, "surprise", -1, "failure_rate"),
            link(PLAN, "failures", +1, "failure_rate"),
        ]
        if params.failure_rate > 0.0:
            found.append(link("orders", "failures", +1))
        # In balance an order changes satisfaction by nothing on average; where quality has changed, each order teaches it.
        shift = params.quality_shift - params.failure_rate * params.failure_depth
        if shift != 0.0:
            found.append(link("orders", "surprise", +1 if shift > 0.0 else -1))
        return tuple(found)

    # Not in `begin`: there other behaviors already start from a person's usual satisfaction.
    def found(self, world: World) -> None:
        params = self.params
        world.each(
            draw_usual,
            world.customers.satisfaction,
            world.customers.usual_satisfaction,
            world.own(self).expectation,
            f32(params.mean),
            f32(params.between),
            world.key(self.LEVEL),
        )

    def weigh(self, world: World) -> None:
        customers, rates, params = world.customers, world.rates, self.params
        if params.effect == 0.0 and params.attrition_effect == 0.0:
            return
        world.each(
            add_satisfaction,
            rates.log_purchase,
            rates.log_attrition,
            customers.status,
            customers.satisfaction,
            customers.usual_satisfaction,
            f32(params.effect / 10.0),
            f32(params.attrition_effect / 10.0),
        )

    def settle(self, world: World) -> None:
        customers, params, own = world.customers, self.params, world.own(self)
        world.each(
            settle_down,
            customers.satisfaction,
            own.expectation,
            customers.status,
            customers.usual_satisfaction,
            customers.rewarded,
            customers.heard_strong,
            customers.heard_weak,
            customers.heard_negative,
            f32(1.0 - decay(params.half_life, world.calendar.dt)),
            f32(params.reward_gain),
            f32(params.message_effect * world.calendar.dt),
        )
        if customers.service.size:
            world.each(feel_service, customers.satisfaction, customers.status, customers.service)
        events = world.events
        spread_of_surprise = params.spread * (2.0 / (2.0 - params.adapting)) ** 0.5
        world.over(
            experience_orders,
            len(events),
            events.disconfirmation,
            events.failed,
            customers.satisfaction,
            own.expectation,
            customers.usual_satisfaction,
            events.person,
            events.number,
            world.key(self.QUALITY),
            f32(params.quality_shift),
            f32(params.spread),
            f32(params.failure_rate),
            f32(params.failure_depth),
            f32(params.learning),
            f32(params.adapting),
            f32(params.loss_ratio),
            f32((1.0 - params.loss_ratio) * spread_of_surprise * _PHI0),
        )


@kernel
def draw_usual(satisfaction, usual, expectation, mean, between, key, start, stop):
    """A person's usual satisfaction, which is also where satisfaction and expectation begin."""
    for i in range(start, stop):
        level = mean + between * normal32(uniform(key, i, 0, 0))
        level = min(max(level, f32(5.0)), f32(95.0))
        usual[i] = level
        satisfaction[i] = level
        expectation[i] = level


@kernel
def add_satisfaction(log_purchase, log_attrition, status, satisfaction, usual, effect, attrition_effect, start, stop):
    """Terms of satisfaction on the purchase rate and the attrition hazard."""
    for i in range(start, stop):
        if status[i] == ACTIVE:
            above = satisfaction[i] - usual[i]
            log_purchase[i] += effect * above
            log_attrition[i] -= attrition_effect * above


@kernel
def settle_down(
    satisfaction,
    expectation,
    status,
    usual,
    rewarded,
    strong,
    weak,
    negative,
    forgetting,
    reward_gain,
    message_effect,
    start,
    stop,
):
    """Forgetting, rewards of the step before, and what others say."""
    for i in range(start, stop):
        if status[i] != ACTIVE:
            continue
        level = satisfaction[i]
        level += forgetting * (usual[i] - level) + reward_gain * f32(rewarded[i])
        satisfaction[i] = min(max(level, _ZERO), _HUNDRED)
        heard = i32(strong[i]) + i32(weak[i]) - i32(negative[i])
        if heard != 0:
            expectation[i] = min(max(expectation[i] + message_effect * f32(heard), _ZERO), _HUNDRED)


@kernel
def feel_service(satisfaction, status, service, start, stop):
    """What service since the step before has added or taken."""
    for i in range(start, stop):
        if status[i] == ACTIVE and service[i] != _ZERO:
            satisfaction[i] = min(max(satisfaction[i] + service[i], _ZERO), _HUNDRED)


@kernel
def experience_orders(
    disconfirmation,
    failed,
    satisfaction,
    expectation,
    usual,
    person,
    number,
    key,
    shift,
    spread,
    failure_rate,
    failure_depth,
    learning,
    adapting,
    loss_ratio,
    centre,
    start,
    stop,
):
    """Every order is an experience: quality against expectation."""
    for e in range(start, stop):
        i = person[e]
        u, fails = uniform_pair(key, i, number[e], 0)
        quality = usual[i] + shift + spread * normal32(u)
        if fails < failure_rate:
            quality -= failure_depth
            failed[e] = u8(1)
        surprise = quality - expectation[i]
        disconfirmation[e] = surprise
        change = surprise if surprise > _ZERO else loss_ratio * surprise
        satisfaction[i] = min(max(satisfaction[i] + learning * (change - centre), _ZERO), _HUNDRED)
        expectation[i] = min(max(expectation[i] + adapting * surprise, _ZERO), _HUNDRED)
