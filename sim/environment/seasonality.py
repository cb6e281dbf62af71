"""Seasonality: orders come more often in some weeks of the year than in others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ..core.component import Environment
from ..core.declare import Parameters, group, param
from ..core.draws import exp32, log32
from ..core.kernel import kernel
from ..core.links import Link, link
from ..world.quantities import PLAN
from ..world.world import World

f32 = np.float32

WEEKS = 52
MONTHS = 12

Factors = list[Annotated[float, Field(ge=0.01, le=100.0)]]


class Peak(Parameters):
    """Weeks around a date in which orders are more frequent, or less."""

    week: float = param(unit="week", low=1.0, high=52.0, doc="Week of the year at its middle.", source="plan")
    height: float = param(unit="share", low=-0.95, high=20.0, doc="Orders more than usual at its middle, as a share.", source="plan")
    width: float = param(
        2.0, unit="weeks", low=0.2, high=26.0, doc="Standard deviation of its bell shape.", plausible=(1, 6), source="assumed"
    )


@dataclass
class Year:
    """Term on the log of the purchase rate in each week of the year, float32 of shape (52,)."""

    terms: np.ndarray

    def copy(self) -> Year:
        return self


class Seasonality(Environment):
    """A calendar factor on the purchase rate, the same for everyone, that repeats every 52 weeks.

        factor of a week = ((weekly or monthly factor) x product over peaks of (1 + height exp(-(distance / width)^2 / 2)))^strength
        term on log_purchase = log(factor / its mean in the year), or log(factor) if not normalized

    The distance is that of the week to the middle of the peak, over the turn of the year too. A month is 52 / 12 weeks.
    Source: multiplicative seasonal factors with mean 1, as in Holt-Winters (Winters 1960, Management Science 6(3)).
    """

    unpublished = "The seasons of a business are its own data: no published pattern is claimed."

    type = "seasonality"

    class Params(Parameters):
        type: Literal["seasonality"] = param("seasonality", unit="", doc="Kind of environment.", source="name")
        weekly: Factors | None = param(
            None, unit="1", low=0.01, high=100.0, each=True, doc="Factors of the 52 weeks of the year.", source="data"
        )
        monthly: Factors | None = param(
            None, unit="1", low=0.01, high=100.0, each=True, doc="Factors of the 12 months, in place of weeks.", source="data"
        )
        peaks: dict[str, Peak] = group("Seasons by name, such as holidays.", dict)
        first_week_of_year: int = param(
            1, unit="week", low=1, high=52, doc="Week of the year in which the run begins.", source="question asked"
        )
        normalize: bool = param(
            True, unit="", doc="Whether factors are scaled to a mean of 1, so that a year's orders stay as they are.", source="plan"
        )
        strength: float = param(
            1.0,
            unit="1",
            low=0.0,
            high=3.0,
            role="effect",
            neutral=0.0,
            doc="Power to which the factors are raised: 0 none, 1 as given.",
            source="factors as given",
        )

        @model_validator(mode="after")
        def _is_one_year(self) -> Any:
            for name, length in (("weekly", WEEKS), ("monthly", MONTHS)):
                given = getattr(self, name)
                if given is not None and len(given) != length:
                    raise ValueError(f"{name} needs {length} factors, not {len(given)}")
            if self.weekly is not None and self.monthly is not None:
                raise ValueError("weekly and monthly both give the factors. Keep one of the two")
            if self.weekly is None and self.monthly is None and not self.peaks:
                raise ValueError("needs weekly or monthly factors, or peaks")
            return self

    def _year(self) -> Year:
        params = self.params
        factors = np.ones(WEEKS) if params.weekly is None else np.array(params.weekly)
        if params.monthly is not None:
            factors = _by_week(np.array(params.monthly))
        weeks = np.arange(1, WEEKS + 1)
        for peak in params.peaks.values():
            apart = np.abs(weeks - peak.week)
            apart = np.minimum(apart, WEEKS - apart) / peak.width
            factors = factors * (1.0 + peak.height * np.array([float(exp32(f32(-0.5 * one * one))) for one in apart]))
        raised = np.array([float(exp32(f32(params.strength) * log32(f32(one)))) for one in factors])
        if params.normalize:
            raised /= raised.mean()
        return Year(np.array([log32(f32(one)) for one in raised], np.float32))

    @property
    def links(self) -> tuple[Link, ...]:
        return (link(PLAN, "purchase", +1, "strength"),)

    def weigh(self, world: World) -> None:
        year = world.note(self, self._year)
        term = year.terms[(world.calendar.week + self.params.first_week_of_year - 2) % WEEKS]
        if term:
            world.each(add_season, world.rates.log_purchase, term)


def _by_week(monthly: np.ndarray) -> np.ndarray:
    """Mean of the months' factors over each week."""
    edges = np.arange(MONTHS + 1) * (WEEKS / MONTHS)
    sums = np.concatenate([[0.0], np.cumsum(monthly) * (WEEKS / MONTHS)])
    return np.diff(np.interp(np.arange(WEEKS + 1), edges, sums))


@kernel
def add_season(log_purchase, term, start, stop):
    """The season's term for everyone."""
    for i in range(start, stop):
        log_purchase[i] += term
