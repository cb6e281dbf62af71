"""Attrition: how customers leave for good."""

from __future__ import annotations

from typing import Literal

from ..core.component import Behavior
from ..core.declare import Parameters, param
from ..core.links import Link, link
from ..world.life import PER_ORDER, PER_RENEWAL, PER_WEEK
from ..world.world import World

BG = "CDNOW 1/10 sample, BG/NBD; Fader, Hardie & Lee 2005, Marketing Science 24(2)"
PARETO = "CDNOW 1/10 sample, Pareto/NBD; Schmittlein, Morrison & Colombo 1987 model, maximum likelihood"
RENEWAL = "Regular segment of Fader & Hardie 2007, Journal of Interactive Marketing 21(1)"


_LEAVING = (link("attrition", "exits", +1), link("customers", "exits", +1), link("exits", "customers", -1))


def _offset() -> float:
    return param(
        0.0,
        unit="log",
        low=-3.0,
        high=3.0,
        doc="Log factor on every base hazard, so that behaviors in balance keep the calibrated orders.",
        source="fitted by `regulars calibrate`",
    )


class BetaGeometric(Behavior):
    """After each repeat order a customer leaves with a personal probability p ~ Beta(a, b).

    Hazard of an order: -log(1 - p) exp(terms) w; w = base rate / current rate (`exposure: base`) or 1 (`order`).
    With no terms both are BG/NBD exactly.
    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """

    type = "attrition"
    by_segment = True
    variant = "beta_geometric"
    default_variant = True

    class Params(Parameters):
        a: float = param(0.793, unit="1", low=0.001, high=1000.0, doc="First shape of the drop-out probability.", source=BG)
        b: float = param(2.426, unit="1", low=0.001, high=1000.0, doc="Second shape of the drop-out probability.", source=BG)
        exposure: Literal["base", "order"] = param(
            "base",
            unit="",
            doc="base: selling more often does not by itself end more lives; order: each order carries the full hazard.",
            source="assumed; unsettled: the literal BG/NBD (order) lets frequency programs only pull orders forward",
        )
        offset: float = _offset()

    @property
    def links(self) -> tuple[Link, ...]:
        return _LEAVING if self.params.exposure == "base" else (*_LEAVING, link("orders", "exits", +1))

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.attrition = world.life.attrition = PER_ORDER
        population.attrition_first, population.attrition_second = params.a, params.b
        population.attrition_offset = params.offset
        world.life.exposure_per_order = params.exposure == "order"


class Pareto(Behavior):
    """A customer leaves at a personal rate mu ~ Gamma(s, beta) per week, whether ordering or not.

    Source: Schmittlein, Morrison & Colombo (1987), Management Science 33(1).
    """

    type = "attrition"
    by_segment = True
    variant = "pareto"

    class Params(Parameters):
        s: float = param(0.606, unit="1", low=0.001, high=1000.0, doc="Shape of the leaving rates between people.", source=PARETO)
        beta: float = param(
            11.669, unit="weeks", low=1e-4, high=1e6, doc="Scale of the leaving rates: mean is s / beta.", source=PARETO
        )
        offset: float = _offset()

    @property
    def links(self) -> tuple[Link, ...]:
        return _LEAVING

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.attrition = world.life.attrition = PER_WEEK
        population.attrition_first, population.attrition_second = params.s, params.beta
        population.attrition_offset = params.offset


class Renewal(Behavior):
    """A customer under contract leaves at a renewal with a personal probability theta ~ Beta(alpha, beta).

    Source: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), shifted beta-geometric.
    """

    type = "attrition"
    by_segment = True
    variant = "renewal"

    class Params(Parameters):
        alpha: float = param(
            0.704, unit="1", low=0.001, high=1000.0, doc="First shape of the probability to leave.", source=RENEWAL
        )
        beta: float = param(
            1.182, unit="1", low=0.001, high=1000.0, doc="Second shape of the probability to leave.", source=RENEWAL
        )
        period_weeks: float = param(
            52.0, unit="weeks", low=1.0, high=520.0, doc="Weeks from renewal to renewal.", source="yearly contracts of the source"
        )
        offset: float = _offset()

    @property
    def links(self) -> tuple[Link, ...]:
        return _LEAVING

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.attrition = world.life.attrition = PER_RENEWAL
        population.attrition_first, population.attrition_second = params.alpha, params.beta
        population.attrition_offset = params.offset
        world.life.period_weeks = params.period_weeks
