"""Contagion of churn: who sees others leave is likelier to leave."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fact, Fields, Parameters, field, param
from ..core.draws import exp32
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import decay, mean_decay
from ..world.customers import ACTIVE
from ..world.life import NEVER, PER_ORDER, PER_RENEWAL, PER_WEEK
from ..world.network import spread
from ..world.world import World

f32, f64, i64 = np.float32, np.float64, np.int64
_ZERO, _HALF, _ONE = f32(0.0), f32(0.5), f32(1.0)
_FINE = f32(2.0**20)
_LEAST = f32(1.0e-4)
_LN2 = 0.6931471805599453


class Usual:
    """Exits that base attrition would have brought, as shares of the market.

    Attributes:
        coming: Expected in the step that is under way.
        recent: Expected in the steps before, the older the less.
    """

    def __init__(self) -> None:
        self.coming = 0.0
        self.recent = 0.0

    def copy(self) -> Usual:
        twin = Usual()
        twin.coming, twin.recent = self.coming, self.recent
        return twin


class ChurnContagion(Behavior):
    """Each neighbor who has left lately raises the hazard of leaving, and fewer leavers than usual lower it.

        term on log_attrition = effect (1 - loyalty) / (1 - typical_loyalty) (min(D, cap) - min(D0, cap))
        D = sum over neighbors j who left at t_j of w exp(-(t - t_j) / memory);  w = 1 strong tie, `weak` weak tie

    D0 is what D would be in a market where every customer leaves at the own base hazard: neighbors always leave, and base
    hazards are calibrated with them. It is the number of ties times the recent sum of the base hazards of those active, set so
    that the mean of exp(effect (D - D0)), not of its log, is 1. So the term is 0 at the start and fluctuates around 0 as long as
    customers leave as they always did; a program that holds some also holds their neighbors.

    A defector acts on those who hear the defector: the row of the network that is the defector's own. It is the outgoing tie of
    the one who stays, who turns to the defector, along which Haenlein (2013) finds contagion; where ties are mutual both are one.
    Source: Nitzan & Libai (2011), Journal of Marketing 75(6): hazard x 1.797 a defecting neighbor, decaying exponentially, more from
    strong ties, less for loyal customers; Haenlein (2013), IJRM 30(3): only defections under five weeks old matter.
    """

    facts = (
        Fact(
            "A neighbor who has just left multiplies the hazard of leaving by 1.797.",
            "Nitzan & Libai (2011), Journal of Marketing 75(6)",
            "wiring",
            "tests/sim/behaviors/test_churn_contagion.py::test_a_strong_tie_that_leaves_multiplies_the_hazard_by_1_797",
        ),
        Fact(
            "The effect decays exponentially; of defections older than five weeks little is left (here 19 %).",
            "Nitzan & Libai (2011); Haenlein (2013), IJRM 30(3)",
            "wiring",
            "tests/sim/behaviors/test_churn_contagion.py::test_a_defection_is_forgotten_exponentially",
        ),
        Fact(
            "Loyal customers are moved less.",
            "Nitzan & Libai (2011), direction",
            "wiring",
            "tests/sim/behaviors/test_churn_contagion.py::test_loyal_customers_are_moved_less",
        ),
    )

    type = "churn_contagion"
    reads = ("status", "loyalty", "purchase_rate", "attrition_hazard", "joined")
    uses_ties = True

    class State(Fields):
        exposure: Any = field(np.float32, default=0.0, unit="neighbors", low=0, doc="Neighbors who have left, older ones in part.")
        listening: Any = field(
            np.float32, default=0.0, unit="neighbors", low=0, doc="Ties through which leaving is heard, weighted by strength."
        )
        leaving: Any = field(
            np.float32, default=0.0, unit="probability", low=0, high=1, doc="Of leaving in a step, or at a renewal, at base rates."
        )

    class Params(Parameters):
        effect: float = param(
            0.586,
            unit="log per neighbor",
            low=0.0,
            high=1.5,
            role="effect",
            neutral=0.0,
            doc="Log-term on the attrition hazard of one strong tie that has just left.",
            plausible=(0.2, 0.8),
            source="ln 1.797, Nitzan & Libai 2011",
        )
        weak: float = param(
            0.5,
            unit="1",
            low=0.0,
            high=1.0,
            doc="Weight of a weak tie; a strong one has 1.",
            plausible=(0.2, 0.8),
            source="assumed; stronger ties weigh more in Nitzan & Libai 2011",
        )
        memory: float = param(
            3.0,
            unit="weeks",
            low=0.1,
            high=52.0,
            doc="Weeks in which the effect of a defection falls to 1 / e.",
            plausible=(1.0, 8.6),
            source="assumed; strongest in the first month in Nitzan & Libai 2011, gone after five weeks in Haenlein 2013",
        )
        cap: float = param(
            3.0,
            unit="neighbors",
            low=0.5,
            high=20.0,
            doc="Neighbors who have just left beyond whom more add nothing.",
            plausible=(2.0, 5.0),
            source="assumed",
        )
        typical_loyalty: float = param(
            0.55,
            unit="share",
            low=0.1,
            high=0.9,
            doc="Loyalty at which the effect has its full size.",
            plausible=(0.5, 0.6),
            source="assumed; loyalty of an average customer in balance",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        return (
            link("exits", "attrition", +1, "effect", delay=self.params.memory, ties=True),
            # The loyal follow less.
            link("loyalty", "attrition", -1, "effect", ties=True),
        )

    def begin(self, world: World) -> None:
        params, customers, own = self.params, world.customers, world.own(self)
        everyone = np.arange(world.people, dtype=np.int32)
        strong, weak = convexity(params.effect), convexity(params.effect * params.weak)
        self._tell(world, own.listening, everyone, strong, params.weak * weak)
        per_order, per_week = world.life.attrition == PER_ORDER, world.life.attrition == PER_WEEK
        dt = f32(world.calendar.dt)
        world.each(leave_as_usual, own.leaving, customers.purchase_rate, customers.attrition_hazard, per_order, per_week, dt)

    def _tell(self, world: World, amounts: np.ndarray, leavers: np.ndarray, strong: float, weak: float) -> None:
        if world.network is not None and len(leavers):
            world.over(spread, len(leavers), amounts, world.network.ties, world.network.starts, leavers, f32(strong), f32(weak))

    def arrive(self, world: World) -> None:
        customers, calendar, life = world.customers, world.calendar, world.life
        if self.params.effect == 0.0 or life.attrition == NEVER:
            return
        usual = world.note(self, Usual)
        usual.recent = usual.recent * decay(self.params.memory * _LN2, calendar.dt) + usual.coming
        self._tell(world, world.own(self).exposure, world.events.exits, 1.0, self.params.weak)
        expected = world.tally(
            expect_exits,
            1,
            world.own(self).leaving,
            customers.status,
            customers.joined,
            life.attrition == PER_RENEWAL,
            f64(life.period_weeks),
            f64(calendar.now),
            f64(calendar.dt),
        )
        usual.coming = int(expected.sum()) / float(_FINE) / world.people

    def weigh(self, world: World) -> None:
        params, calendar, own = self.params, world.calendar, world.own(self)
        if params.effect == 0.0 or world.life.attrition == NEVER:
            return
        kept = decay(params.memory * _LN2, 1.0)
        on_average = mean_decay(kept, calendar.dt)
        world.each(
            catch,
            world.rates.log_attrition,
            own.exposure,
            own.listening,
            world.customers.status,
            world.customers.loyalty,
            f32(params.effect / (1.0 - params.typical_loyalty)),
            f32(params.cap),
            f32(world.note(self, Usual).recent * on_average),
            f32(on_average),
            f32(decay(params.memory * _LN2, calendar.dt)),
        )


def convexity(effect: float) -> float:
    """Mean over the time since a defection of (exp(effect e) - 1) / (effect e), e = exp(-t / memory), weighted by e.

    With Poisson defections it is the log of the mean of exp(effect D) over effect times the mean of D: the series of
    Ein(effect) / effect.
    """
    total, term = 1.0, 1.0
    for n in range(2, 40):
        term *= effect / n
        total += term / n
    return total


@kernel
def leave_as_usual(leaving, purchase_rate, attrition_hazard, per_order, per_week, dt, start, stop):
    """Probability of leaving in a step, under contract at a renewal, of who orders and leaves at the base rates."""
    for i in range(start, stop):
        hazard = attrition_hazard[i]
        if per_order:
            hazard = purchase_rate[i] * (_ONE - exp32(-hazard)) * dt
        elif per_week:
            hazard = hazard * dt
        leaving[i] = _ONE - exp32(-hazard)


@kernel
def expect_exits(counts, leaving, status, joined, renewing, period, now, dt, start, stop):
    """Expected exits of this step among those who are active, in parts of 2**-20 people."""
    total = i64(0)
    if renewing:
        for i in range(start, stop):
            tenure = now - f64(joined[i])
            if status[i] == ACTIVE and np.floor((tenure + dt) / period) > np.floor(tenure / period):
                total += i64(leaving[i] * _FINE + _HALF)
    else:
        for i in range(start, stop):
            total += i64(leaving[i] * _FINE + _HALF) if status[i] == ACTIVE else i64(0)
    counts[0, 0] += total


@kernel
def catch(log_attrition, exposure, listening, status, loyalty, effect, cap, usual, on_average, keep, start, stop):
    """Term of more or fewer recent leavers than usual on the attrition hazard, and their fading over the step."""
    for i in range(start, stop):
        above = min(exposure[i] * on_average, cap) - min(listening[i] * usual, cap)
        log_attrition[i] += effect * (_ONE - loyalty[i]) * above if status[i] == ACTIVE else _ZERO
        left = exposure[i] * keep
        exposure[i] = left if left >= _LEAST else _ZERO
