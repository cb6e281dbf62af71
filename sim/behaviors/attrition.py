"""Attrition: how customers leave for good."""

from __future__ import annotations

from typing import Literal

from ..core.component import Behavior
from ..core.declare import Fact, Parameters, param
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

        hazard of a repeat order = -log(1 - p) exp(terms) w
        w = base rate / current rate    exposure: base
        w = 1                           exposure: order

    The terms are what other behaviors add to log_attrition. Without them both readings are BG/NBD exactly. With `order`, who
    orders more often also leaves sooner, so that a program that only speeds orders up merely brings them forward.
    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """

    facts = (
        Fact(
            "A CDNOW cohort of 2,357 music buyers makes 710, 1,730, 2,498, 3,132, 3,680 and 4,166 repeat orders by weeks 13, 26, 39, "
            "52, 65 and 78 in expectation, as BG/NBD has it (observed: 4,339 by week 78).",
            "Fader, Hardie & Lee (2005), Marketing Science 24(2)",
            "wiring",
            "tests/sim/world/test_life.py::test_cdnow_cohort_orders_as_bg_nbd_expects",
        ),
    )

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

        hazard a week = mu exp(terms)
        share still there after t weeks, without terms = (beta / (beta + t))^s

    The terms are what other behaviors add to log_attrition.
    Source: Schmittlein, Morrison & Colombo (1987), Management Science 33(1).
    """

    facts = (
        Fact(
            "The same cohort makes 4,270 repeat orders by week 78 in expectation under Pareto/NBD, 1.6 % below those observed.",
            "Schmittlein, Morrison & Colombo (1987), Management Science 33(1), fitted to CDNOW",
            "wiring",
            "tests/sim/world/test_life.py::test_pareto_nbd_cohort_orders_as_expected",
        ),
    )

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

        P(leaves at a renewal) = 1 - (1 - theta)^exp(terms)
        share left after n renewals, without terms = B(alpha, beta + n) / B(alpha, beta)

    The terms are what other behaviors add to log_attrition. Those likely to leave leave first, so the retention rate of those
    who are left rises from renewal to renewal although nobody changes.
    Source: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), shifted beta-geometric.
    """

    facts = (
        Fact(
            "Contracts of a Regular segment, fitted on seven years, survive the twelfth year to 17.0 % (observed: 17.3 %).",
            "Fader & Hardie (2007), Journal of Interactive Marketing 21(1)",
            "wiring",
            "tests/sim/world/test_life.py::test_contracts_end_as_the_shifted_beta_geometric_says",
        ),
    )

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
