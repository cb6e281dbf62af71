"""Loyalty: affective, behavioral and cognitive, each with its own memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import model_validator

from ..core.component import Behavior
from ..core.declare import Fact, Fields, Parameters, field, param
from ..core.kernel import kernel
from ..core.links import Link, link, mean_lag
from ..core.units import decay
from ..world.customers import ACTIVE
from ..world.world import World

f32, i32 = np.float32, np.int32
_ZERO, _ONE, _HALF, _HUNDRED = f32(0.0), f32(1.0), f32(0.5), f32(100.0)


class Loyalty(Behavior):
    """Attachment (A), habit (B) and evaluation (C) build loyalty, which holds customers and brings orders.

        loyalty L = wA A + wB B + wC C
        B = recent rate / (recent rate + base rate),  recent rate: own orders, exponentially weighted
        C += (S / 100 - C) / (orders + learning)      with every order, S the satisfaction
        term on log_purchase  = + effect (L - L0)
        term on log_attrition = - attrition_effect (L - L0)

    L0 is the person's own start, so that both terms are 0 there. B is 0.5 while orders come at the base rate. A returns to its
    start by halves, C to usual satisfaction; what others say moves C, care moves A. A reward acts on B at full size, on C by half, on
    A by a quarter.
    Source: three parts Oliver (1999), Journal of Marketing 63; order of program effects Belli et al. (2022), JAMS 50(1).
    """

    facts = (
        Fact(
            "Programs move behavioral loyalty more than attitudinal loyalty (429 effects): a reward acts on habit in full, on "
            "evaluation by half, on attachment by a quarter.",
            "Belli et al. (2022), JAMS 50(1), order; sizes assumed",
            "wiring",
            "tests/sim/behaviors/test_loyalty.py::test_a_reward_acts_on_habit_in_full_on_evaluation_by_half_on_attachment_by_a_quarter",
        ),
    )
    unpublished = (
        "How much loyalty moves orders and leaving has no citable size: both effects are assumed and stand in every sensitivity "
        "table."
    )

    type = "loyalty"
    by_segment = True
    reads = (
        "status", "satisfaction", "usual_satisfaction", "loyalty", "rewarded", "purchase_rate", "n_orders", "orders_before",
        "heard_strong", "heard_weak", "heard_negative", "care",
    )  # fmt: skip
    writes = ("loyalty",)

    class State(Fields):
        affective: Any = field(np.float32, default=0.5, unit="share", low=0, high=1, doc="Attachment.")
        recent_rate: Any = field(np.float32, default=0.0, unit="1/week", low=0, doc="Exponentially weighted own order rate.")
        cognitive: Any = field(np.float32, default=0.7, unit="share", low=0, high=1, doc="Evaluation learned from experience.")

    class Params(Parameters):
        affective_weight: float = param(
            1 / 3, unit="1", low=0.0, high=1.0, doc="Weight of attachment.", plausible=(0.1, 0.7), source="assumed equal"
        )
        behavioral_weight: float = param(
            1 / 3, unit="1", low=0.0, high=1.0, doc="Weight of habit.", plausible=(0.1, 0.7), source="assumed equal"
        )
        cognitive_weight: float = param(
            1 / 3, unit="1", low=0.0, high=1.0, doc="Weight of evaluation.", plausible=(0.1, 0.7), source="assumed equal"
        )
        affective_half_life: float = param(
            52.0, unit="weeks", low=13.0, high=143.0, doc="Weeks until half of a change in attachment is gone.", source="assumed"
        )
        behavioral_half_life: float = param(
            17.0, unit="weeks", low=13.0, high=143.0, doc="Weeks over which own orders count as recent.", source="assumed"
        )
        cognitive_half_life: float = param(
            34.0, unit="weeks", low=13.0, high=143.0, doc="Weeks until half of a change in evaluation is gone.", source="assumed"
        )
        learning: float = param(
            5.0,
            unit="orders",
            low=2.0,
            high=20.0,
            doc="Orders' worth of prior evaluation; learning slows with orders.",
            source="assumed",
        )
        reward_gain: float = param(
            0.10,
            unit="share",
            low=0.0,
            high=0.4,
            role="effect",
            neutral=0.0,
            doc="Loyalty a redeemed reward adds: to habit in full, to evaluation by half, to attachment by a quarter.",
            source="assumed; order of the three parts Belli et al. 2022",
        )
        message_effect: float = param(
            0.02,
            unit="share",
            low=0.0,
            high=0.1,
            role="effect",
            neutral=0.0,
            doc="Way to full or no esteem that one message from others moves evaluation.",
            source="assumed; East, Hammond & Lomax 2008 report shifts about +.20 and -.11 in intention",
        )
        effect: float = param(
            0.8,
            unit="log per unit",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Log-term on the purchase rate per unit of loyalty above the own start.",
            source="assumed",
        )
        attrition_effect: float = param(
            1.5,
            unit="log per unit",
            low=0.0,
            high=4.0,
            role="effect",
            neutral=0.0,
            doc="Log-term off the attrition hazard per unit of loyalty above the own start.",
            source="assumed",
        )

        @model_validator(mode="after")
        def _has_weight(self) -> Any:
            if self.affective_weight + self.behavioral_weight + self.cognitive_weight <= 0.0:
                raise ValueError("at least one of the three weights must be above 0")
            return self

    def _weights(self) -> tuple[np.float32, np.float32, np.float32]:
        params = self.params
        parts = (params.affective_weight, params.behavioral_weight, params.cognitive_weight)
        whole = sum(parts)
        return f32(parts[0] / whole), f32(parts[1] / whole), f32(parts[2] / whole)

    @property
    def links(self) -> tuple[Link, ...]:
        params = self.params
        affective, behavioral, cognitive = self._weights()
        found = [
            link("loyalty", "purchase", +1, "effect"),
            link("loyalty", "attrition", -1, "attrition_effect"),
            link("rewards", "loyalty", +1, "reward_gain", delay=mean_lag(params.behavioral_half_life)),
        ]
        if behavioral > 0.0:
            found.append(link("orders", "loyalty", +1, delay=mean_lag(params.behavioral_half_life)))
        if cognitive > 0.0:
            learned = mean_lag(params.cognitive_half_life)
            found.append(link("satisfaction", "loyalty", +1, delay=learned))
            found.append(link("praise", "loyalty", +1, "message_effect", delay=learned))
            found.append(link("criticism", "loyalty", -1, "message_effect", delay=learned))
        if affective > 0.0:
            found.append(link("care", "loyalty", +1, delay=mean_lag(params.affective_half_life)))
        return tuple(found)

    def begin(self, world: World) -> None:
        own, customers = world.own(self), world.customers
        own.recent_rate[:] = customers.purchase_rate
        own.cognitive[:] = customers.usual_satisfaction / _HUNDRED
        world.each(
            weigh_loyalty,
            customers.loyalty,
            own.affective,
            own.recent_rate,
            own.cognitive,
            customers.purchase_rate,
            *self._weights(),
        )

    def weigh(self, world: World) -> None:
        customers, rates, params = world.customers, world.rates, self.params
        if params.effect == 0.0 and params.attrition_effect == 0.0:
            return
        affective, behavioral, cognitive = self._weights()
        world.each(
            add_loyalty,
            rates.log_purchase,
            rates.log_attrition,
            customers.status,
            customers.loyalty,
            customers.usual_satisfaction,
            f32(params.effect),
            f32(params.attrition_effect),
            _HALF * (affective + behavioral),
            cognitive / _HUNDRED,
        )

    def respond(self, world: World) -> None:
        customers, params, own, dt = world.customers, self.params, world.own(self), world.calendar.dt
        fresh = 1.0 - decay(params.behavioral_half_life, dt)
        world.over(
            learn_from_orders,
            len(world.events),
            own.cognitive,
            own.recent_rate,
            customers.satisfaction,
            customers.n_orders,
            customers.orders_before,
            world.events.person,
            f32(params.learning),
            f32(fresh / dt / (1.0 - fresh)),
        )
        world.each(
            change_loyalty,
            customers.loyalty,
            own.affective,
            own.recent_rate,
            own.cognitive,
            customers.status,
            customers.purchase_rate,
            customers.usual_satisfaction,
            customers.rewarded,
            customers.heard_strong,
            customers.heard_weak,
            customers.heard_negative,
            f32(1.0 - decay(params.affective_half_life, dt)),
            f32(1.0 - fresh),
            f32(1.0 - decay(params.cognitive_half_life, dt)),
            f32(params.reward_gain),
            f32(params.message_effect * dt),
            *self._weights(),
        )
        if customers.care.size:
            affective, _, _ = self._weights()
            world.each(feel_care, customers.loyalty, own.affective, customers.status, customers.care, affective)


@kernel
def feel_care(loyalty, affective, status, care, weight, start, stop):
    """Care moves attachment part of the way to full, betrayal part of the way to none."""
    for i in range(start, stop):
        if status[i] == ACTIVE and care[i] != _ZERO:
            gain = care[i] * (_ONE - affective[i] if care[i] > _ZERO else affective[i])
            affective[i] += gain
            loyalty[i] += weight * gain


@kernel
def weigh_loyalty(loyalty, affective, recent_rate, cognitive, purchase_rate, w_a, w_b, w_c, start, stop):
    """Loyalty from its three parts."""
    for i in range(start, stop):
        habit = recent_rate[i] / (recent_rate[i] + purchase_rate[i])
        loyalty[i] = w_a * affective[i] + w_b * habit + w_c * cognitive[i]


@kernel
def add_loyalty(log_purchase, log_attrition, status, loyalty, usual, effect, attrition_effect, start_ab, weight_c, start, stop):
    """Terms of loyalty on the purchase rate and the attrition hazard."""
    for i in range(start, stop):
        if status[i] == ACTIVE:
            above = loyalty[i] - (start_ab + weight_c * usual[i])
            log_purchase[i] += effect * above
            log_attrition[i] -= attrition_effect * above


@kernel
def learn_from_orders(cognitive, recent_rate, satisfaction, n_orders, orders_before, person, learning, fresh, start, stop):
    """Each order teaches: evaluation moves to satisfaction, habit counts the order."""
    for e in range(start, stop):
        i = person[e]
        lessons = f32(n_orders[i]) + f32(orders_before[i]) + learning
        cognitive[i] += (satisfaction[i] / _HUNDRED - cognitive[i]) / lessons
        recent_rate[i] += fresh


@kernel
def change_loyalty(
    loyalty,
    affective,
    recent_rate,
    cognitive,
    status,
    purchase_rate,
    usual,
    rewarded,
    strong,
    weak,
    negative,
    forget_a,
    keep_b,
    forget_c,
    reward_gain,
    message_effect,
    w_a,
    w_b,
    w_c,
    start,
    stop,
):
    """Forgetting, rewards of the step before, what others say; then loyalty from its three parts."""
    for i in range(start, stop):
        if status[i] != ACTIVE:
            continue
        a = affective[i] + forget_a * (_HALF - affective[i])
        b = recent_rate[i] * keep_b
        c = cognitive[i] + forget_c * (usual[i] / _HUNDRED - cognitive[i])
        if rewarded[i] > 0:
            gain = reward_gain * f32(rewarded[i])
            b += gain * purchase_rate[i]
            c += (_ONE - c) * min(_HALF * gain, _ONE)
            a += (_ONE - a) * min(_HALF * _HALF * gain, _ONE)
        good = f32(i32(strong[i]) + i32(weak[i]))
        ill = f32(negative[i])
        if good + ill > _ZERO:
            c += (_ONE - c) * min(message_effect * good, _ONE)
            c -= c * min(message_effect * ill, _ONE)
        affective[i] = a
        recent_rate[i] = b
        cognitive[i] = c
        habit = b / (b + purchase_rate[i])
        loyalty[i] = w_a * a + w_b * habit + w_c * c
