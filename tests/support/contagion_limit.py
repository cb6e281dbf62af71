"""A market in the linear limit of contagion: everyone's rate of orders is a base plus a part of what each neighbor orders."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import small_market

from regulars.sim.behaviors.purchase import Purchase
from regulars.sim.core.component import Behavior, Campaign, Component
from regulars.sim.core.declare import Fields, Parameters, field, group, param
from regulars.sim.core.draws import log32
from regulars.sim.core.kernel import kernel
from regulars.sim.world.audience import Audience
from regulars.sim.world.customers import ACTIVE
from regulars.sim.world.market import Market
from regulars.sim.world.network import INDEX_MASK

START = 12
"""Week in which the treatment begins; until then the market has come to rest."""
DEGREE = 20


@kernel
def follow(log_purchase, rate, before, status, ties, starts, mask, per_neighbor, start, stop):
    """Term by which the rate becomes base + per_neighbor x sum of the neighbors' rates of the week before."""
    for i in range(start, stop):
        heard = np.float32(0.0)
        for k in range(starts[i], starts[i + 1]):
            heard += before[ties[k] & mask]
        if status[i] == ACTIVE:
            log_purchase[i] += log32((rate[i] + per_neighbor * heard) / rate[i])


@kernel
def lift(log_purchase, audience, by, start, stop):
    """Term of the treatment."""
    for i in range(start, stop):
        if audience[i] != 0:
            log_purchase[i] += by


@cache
def classes() -> tuple[type[Behavior], type[Campaign]]:
    """The contagion and the treatment, made once and known to no catalog."""
    with small_market.unregistered():

        class Follow(Behavior):
            """Rate of orders = base + per_neighbor x sum of the neighbors' rates."""

            type = "follow"
            reads = ("purchase_rate", "status")
            uses_ties = True

            class Params(Parameters):
                per_neighbor: float = param(0.02, unit="1", low=0.0, high=0.04, doc="Part of a neighbor's rate.", source="plan")

            class State(Fields):
                before: Any = field(np.float32, default=0.0, unit="1/week", doc="Rate of the week before.")

            def respond(self, world: Any) -> None:
                world.own(self).before[:] = world.rates.purchase

            def weigh(self, world: Any) -> None:
                customers, network = world.customers, world.network
                world.each(
                    follow, world.rates.log_purchase, customers.purchase_rate, world.own(self).before, customers.status,
                    network.ties, network.starts, np.uint32(INDEX_MASK), np.float32(self.params.per_neighbor),
                )  # fmt: skip

        class Lift(Campaign):
            """Multiplies the rate of whom it is for by 1 + effect."""

            type = "lift"

            class Params(Parameters):
                audience: Audience = group("Whom it is for.", Audience)
                start_week: int = param(START, unit="week", low=1, high=2000, doc="First week.", source="plan")
                effect: float = param(0.0, unit="share", low=0.0, high=1.0, doc="Lift.", source="plan")

            @property
            def first_week(self) -> int:
                return self.params.start_week

            def weigh(self, world: Any) -> None:
                if world.calendar.week >= self.params.start_week:
                    mask = self.params.audience.mask(world, self.name)
                    world.each(lift, world.rates.log_purchase, mask, log32(np.float32(1.0 + self.params.effect)))

    return Follow, Lift


def components(per_neighbor: float, effect: float | None) -> list[Component]:
    """Rates of an order in two weeks that hardly differ, contagion, and a campaign of that effect if one is given."""
    contagion, treatment = classes()
    found: list[Component] = [
        Purchase(Purchase.Params(r=100.0, alpha=200.0)),
        contagion(contagion.Params.model_validate({"per_neighbor": per_neighbor})),
    ]
    return found if effect is None else [*found, treatment(treatment.Params.model_validate({"effect": effect}))]



def setting(people: int, per_neighbor: float, effect: float | None, weeks: int) -> small_market.Setting:
    """A ring of so many people, everyone tied to the nearest `DEGREE`."""
    market = Market.model_validate(
        {
            "customers": people, "start": "cohort", "arms": {"control": 0.5, "treatment": 0.5},
            "network": {"type": "small_world", "strong_ties": DEGREE, "weak_ties": 0, "rewiring": 0.0},
        }
    )  # fmt: skip
    return small_market.Setting(small_market.in_order(components(per_neighbor, effect)), market, weeks)


def expected(per_neighbor: float, effect: float, weeks: int) -> tuple[float, float]:
    """Orders a person that the roll-out brings in so many weeks, and those that a test of half of the people shows, mean field."""
    base, pull = 0.5, per_neighbor * DEGREE
    nobody = everybody = half = base / (1.0 - pull)
    gained = shown = 0.0
    for _ in range(weeks):
        everybody = (base + pull * everybody) * (1.0 + effect)
        own = base + pull * half
        half = own * (1.0 + 0.5 * effect)
        gained += everybody - nobody
        shown += effect * own
    return gained, shown
