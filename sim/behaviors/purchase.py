"""Purchase: how often people order."""

from __future__ import annotations

from ..core.component import Behavior
from ..core.declare import Fact, Parameters, param
from ..core.draws import gamma_table
from ..world.world import World

CDNOW = "CDNOW 1/10 sample, BG/NBD; Fader, Hardie & Lee 2005, Marketing Science 24(2)"


class Purchase(Behavior):
    """Orders come at a personal base rate; rates differ between people by a gamma distribution.

        base rate ~ Gamma(shape r, rate alpha), orders a week; mean r / alpha
        gap between orders ~ Erlang(timing_shape), mean 1 / rate
        rate now = base rate exp(terms)

    The terms are what other behaviors, programs and campaigns add to log_purchase. A timing_shape of 1 gives exponential gaps,
    that is Poisson orders and a negative binomial number of them; a higher one steadier buyers, whose gaps vary by 1 / sqrt(timing_shape).
    Source: Ehrenberg (1959), Applied Statistics 8; Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """

    facts = (
        Fact(
            "Of 2,357 CDNOW customers 59.7 % make no repeat order within 39 weeks in expectation (observed: 59.9 %).",
            "Fader, Hardie & Lee (2005), Marketing Science 24(2)",
            "wiring",
            "tests/sim/world/test_life.py::test_share_without_repeat_by_week_39_is_that_of_bg_nbd",
        ),
        Fact(
            "The numbers of customers with 0, 1, ... 7 and more repeat orders are those of BG/NBD: 1,407, 461, 193, 101, 60, 38, 26, 72.",
            "Fader, Hardie & Lee (2005), Marketing Science 24(2)",
            "wiring",
            "tests/sim/world/test_life.py::test_frequency_histogram_at_39_weeks_is_that_of_bg_nbd",
        ),
    )

    type = "purchase"
    by_segment = True

    class Params(Parameters):
        r: float = param(
            0.243, unit="1", low=0.01, high=100.0, doc="Shape of the rates between people; small is uneven.", source=CDNOW
        )
        alpha: float = param(
            4.414, unit="weeks", low=1e-4, high=1e5, doc="Scale of the rates: mean rate is r / alpha.", source=CDNOW
        )
        timing_shape: float = param(
            1.0,
            unit="1",
            low=1.0,
            high=20.0,
            doc="Regularity of a person's orders: 1 Poisson, 2 or more steadier (Erlang-k); grocery about 1.4.",
            source="Poisson is the assumption of BG/NBD; median within-household CV .85 in Complete Journey",
        )
        offset: float = param(
            0.0,
            unit="log",
            low=-2.0,
            high=2.0,
            doc="Log factor on every base rate, so that behaviors in balance keep the calibrated orders.",
            source="fitted by `regulars calibrate`",
        )

    def found(self, world: World) -> None:
        params, population = self.params, world.population
        population.rate_shape, population.rate_scale = params.r, params.alpha
        population.rate_offset, population.timing_shape = params.offset, params.timing_shape
        world.life.gap_table = gamma_table(params.timing_shape, 1.0)
