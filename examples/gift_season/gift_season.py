"""A behavior of your own in one file: some customers order faster in a season of gifts."""

from __future__ import annotations

from typing import Any

import numpy as np

from regulars.sim.core.component import Behavior
from regulars.sim.core.declare import Fields, Parameters, field, param, stream
from regulars.sim.core.draws import uniform
from regulars.sim.core.kernel import kernel
from regulars.sim.world.world import World


class GiftSeason(Behavior):
    """In the weeks of the season, those who give gifts order faster.

    Term on log_purchase: effect, for givers, from `start_week` on for `weeks` weeks; 0 otherwise.
    Source: none; an example.
    """

    type = "gift_season"

    GIVER = stream("gift_season.giver", per="person", doc="Whether a person gives gifts.")

    class State(Fields):
        giver: Any = field(np.uint8, default=0, unit="", low=0, high=1, doc="Whether the person gives gifts.")

    class Params(Parameters):
        effect: float = param(
            0.7,
            unit="log",
            low=0.0,
            high=2.0,
            role="effect",
            neutral=0.0,
            doc="Log factor on a giver's purchase rate in the season; 0.7 is about twice as fast.",
            plausible=(0.2, 1.2),
            source="assumed",
        )
        givers: float = param(
            0.3, unit="share", low=0.0, high=1.0, doc="Part of all people who give gifts.", plausible=(0.1, 0.5), source="assumed"
        )
        start_week: int = param(44, unit="week", low=1, high=2000, doc="First week of the season.", source="plan")
        weeks: int = param(6, unit="weeks", low=1, high=52, doc="Length of the season.", source="plan")

    def begin(self, world: World) -> None:
        world.each(choose_givers, world.own(self).giver, world.key(self.GIVER), np.float32(self.params.givers))

    def weigh(self, world: World) -> None:
        weeks_in = world.calendar.week - self.params.start_week
        if 0 <= weeks_in < self.params.weeks:
            world.each(add_season, world.rates.log_purchase, world.own(self).giver, np.float32(self.params.effect))


@kernel
def choose_givers(giver, key, share, start, stop):
    """One keyed draw a person: the same people give gifts in every scenario."""
    for i in range(start, stop):
        giver[i] = np.uint8(uniform(key, i, 0, 0) < share)


@kernel
def add_season(log_purchase, giver, effect, start, stop):
    """The season's term on the purchase rate."""
    for i in range(start, stop):
        if giver[i] != 0:
            log_purchase[i] += effect
