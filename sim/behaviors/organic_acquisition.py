"""Organic acquisition: prospects who come by themselves."""

from __future__ import annotations

import numpy as np

from ..core.component import Behavior
from ..core.declare import Fact, Parameters, param
from ..core.kernel import kernel
from ..core.links import Link, link
from ..core.units import hazard
from ..world.customers import ABSENT, PROSPECT
from ..world.quantities import PLAN
from ..world.world import World


class OrganicAcquisition(Behavior):
    """Every prospect is won with a small constant probability a week, without anyone's doing.

        hazard a week = -log(1 - probability)
        share won after t weeks, if nothing else wins them = 1 - (1 - probability)^t

    Source: the coefficient of external influence of Bass (1969), Management Science 15(5), by person.
    """

    facts = (
        Fact(
            "With external influence alone adoption slows down from the first week: 1 - (1 - p)^t, without the S-shape that imitation "
            "gives.",
            "Bass (1969), Management Science 15(5), coefficient of imitation 0",
            "wiring",
            "tests/sim/behaviors/test_organic_acquisition.py::test_prospects_come_at_the_weekly_probability_in_weeks_and_in_days",
        ),
    )

    type = "organic_acquisition"
    by_segment = True
    reads = ("status",)
    cause = "organic"

    class Params(Parameters):
        probability: float = param(
            0.005,
            unit="1/week",
            low=0.0,
            high=0.9,
            role="effect",
            neutral=0.0,
            doc="Probability a week that a prospect becomes a customer unprompted.",
            plausible=(0.0005, 0.015),
            source="Goldenberg, Libai & Muller 2001, grid .0005-.015 a period, read in a replication",
        )

    @property
    def links(self) -> tuple[Link, ...]:
        return (link(PLAN, "acquisition", +1, "probability"),)

    def weigh(self, world: World) -> None:
        step = np.float32(hazard(self.params.probability) * world.calendar.dt)
        world.each(come_by_themselves, world.rates.cause("organic"), world.customers.status, step)


@kernel
def come_by_themselves(acquisition, status, step, start, stop):
    """The constant hazard of everyone who can be won in this step."""
    for i in range(start, stop):
        if status[i] == PROSPECT or status[i] == ABSENT:
            acquisition[i] += step
