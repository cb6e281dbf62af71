"""Purchase: how often people order."""

from __future__ import annotations

from ..core.component import Behavior
from ..core.declare import Parameters, param
from ..core.draws import gamma_table
from ..world.world import World

CDNOW = "CDNOW 1/10 sample, BG/NBD; Fader, Hardie & Lee 2005, Marketing Science 24(2)"


class Purchase(Behavior):
    """Orders come at a personal base rate; rates differ between people by a gamma distribution.

    rate ~ Gamma(shape r, rate alpha) per week; the gaps between orders are Erlang with mean 1 / rate and
    shape `timing_shape` (1: exponential gaps, that is Poisson orders).
    Source: Ehrenberg (1959), Applied Statistics 8; Fader, Hardie & Lee (2005), Marketing Science 24(2).
    """

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
