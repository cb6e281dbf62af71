"""Spend: what an order is worth."""

from __future__ import annotations

from ..core.component import Behavior
from ..core.declare import Fact, Parameters, param
from ..core.draws import gamma_table, lognormal_table
from ..world.population import GAMMA_GAMMA, LOGNORMAL
from ..world.world import World

CDNOW = "CDNOW 1/10 sample, 946 repeat buyers; Fader & Hardie 2013, gamma-gamma note"
MOMENTS = "CDNOW master, 67,591 customer-days: log order value 3.311, sd .738"


class GammaGamma(Behavior):
    """Order values are gamma within a person and the person's scale is gamma between people.

        value ~ Gamma(shape p, rate nu),  nu ~ Gamma(shape q, rate v)
        mean over people = p v / (q - 1)

    Independent of the purchase rate.
    Source: Colombo & Jiang (1999), Journal of Interactive Marketing 13(3); Fader, Hardie & Lee (2005), JMR 42(4).
    """

    facts = (
        Fact(
            "The mean order of CDNOW's customers is 35.17 in the published fit.",
            "Fader, Hardie & Lee (2005), JMR 42(4)",
            "wiring",
            "tests/sim/world/test_life.py::test_gamma_gamma_orders_have_the_mean_and_spread_of_the_closed_form",
        ),
    )

    type = "spend"
    by_segment = True
    variant = "gamma_gamma"
    default_variant = True

    class Params(Parameters):
        p: float = param(6.25, unit="1", low=0.05, high=1000.0, doc="Shape of the order values of one person.", source=CDNOW)
        q: float = param(3.74, unit="1", low=1.01, high=1000.0, doc="Shape of the scales between people.", source=CDNOW)
        v: float = param(15.44, unit="money", low=1e-6, high=1e9, doc="Scale: the mean order is p v / (q - 1).", source=CDNOW)

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.spend = GAMMA_GAMMA
        population.spend_first, population.spend_second, population.spend_third = params.p, params.q, params.v
        world.life.value_table = gamma_table(params.p)


class Lognormal(Behavior):
    """Order values are lognormal: a person's own level, and spread from order to order.

        value = exp(mean_log + between_sd z_person + within_sd z_order)

    Both z are standard normal luck, independent of the purchase rate.
    Source: shape tested on CDNOW and Complete Journey (KS .040 against .046 for a gamma).
    """

    facts = (
        Fact(
            "The logs of CDNOW's order values have mean 3.311 and standard deviation .738.",
            "moments of the CDNOW master data",
            "wiring",
            "tests/sim/world/test_life.py::test_lognormal_orders_have_the_moments_of_the_logs",
        ),
    )

    type = "spend"
    by_segment = True
    variant = "lognormal"

    class Params(Parameters):
        mean_log: float = param(3.311, unit="log money", low=-10.0, high=25.0, doc="Mean of log order value.", source=MOMENTS)
        between_sd: float = param(
            0.40,
            unit="1",
            low=0.0,
            high=3.0,
            doc="Spread of log order value between people.",
            source="assumed split of the total log sd .738 of CDNOW; Complete Journey .652 between, 1.025 within",
        )
        within_sd: float = param(
            0.62,
            unit="1",
            low=0.0,
            high=3.0,
            doc="Spread of log order value from order to order of one person.",
            source="assumed split of the total log sd .738 of CDNOW; Complete Journey .652 between, 1.025 within",
        )

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.spend = LOGNORMAL
        population.spend_first, population.spend_second, population.spend_third = (
            params.mean_log,
            params.between_sd,
            params.within_sd,
        )
        world.life.value_table = lognormal_table(params.within_sd)
