"""The market a scenario describes: people, segments, how they start, and what money is worth."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from ..core.declare import Parameters, group, param
from .network import NetworkParameters, SmallWorld


class Segment(Parameters):
    """One named part of the market."""

    share: float = param(
        unit="share", low=0.0, high=1.0, doc="Part of all people; shares are scaled to sum to 1.", source="data or plan"
    )
    behaviors: dict[str, dict[str, Any]] = param(
        {}, unit="", doc="Parameters of behaviors that are different here, by behavior.", source="data or plan"
    )


class Market(Parameters):
    """Who is there, who may come, and how they know each other."""

    customers: int = param(
        10_000, unit="people", low=0, high=50_000_000, doc="Have bought before week 1.", source="size of the firm"
    )
    prospects: int = param(
        0, unit="people", low=0, high=50_000_000, doc="Can be reached, have not bought.", source="size of the market"
    )
    newcomers: int = param(
        0,
        unit="people",
        low=0,
        high=50_000_000,
        doc="Enter as prospects at even times over the horizon.",
        source="size of the market",
    )
    network: NetworkParameters = Field(default_factory=SmallWorld, description="Who hears whom.")
    segments: dict[str, Segment] = group("Named parts of the market with their share of people.", dict)
    population: str | None = param(
        None, unit="", doc="Population file by `regulars calibrate`; stands in for base parameters.", source="calibration"
    )
    start: Literal["base", "cohort"] = param(
        "base",
        unit="",
        doc="base: customers have a history, latent state drawn from it; cohort: first order in week 0, not counted.",
        source="question asked",
    )
    history_weeks: float = param(
        52.0,
        unit="weeks",
        low=1.0,
        high=520.0,
        doc="Without a population file, first orders of the base lie evenly in so many weeks before the start.",
        plausible=(26, 156),
        source="assumed",
    )
    lapse_gaps: float = param(
        3.0,
        unit="gaps",
        low=1.0,
        high=10.0,
        doc="Observed as lapsed after so many own mean gaps without an order.",
        source="operational rule of this project",
    )

    @property
    def people(self) -> int:
        """Everyone in the market: customers, prospects and who enters later."""
        return self.customers + self.prospects + self.newcomers

    @model_validator(mode="after")
    def _has_people(self) -> Market:
        if self.people < 1:
            raise ValueError("a market needs at least one customer or prospect")
        if len(self.segments) > 250:
            raise ValueError("at most 250 segments")
        if self.segments and not sum(one.share for one in self.segments.values()) > 0:
            raise ValueError("at least one segment needs a share above 0")
        return self


class Economics(Parameters):
    """What money is worth to the firm."""

    gross_margin: float = param(
        0.35,
        unit="share",
        low=0.0,
        high=1.0,
        role="cost",
        doc="Part of revenue left after the cost of goods.",
        plausible=(0.1, 0.8),
        source="assumed; no citable size, 0.1-0.8 by industry",
    )
    discount_rate_per_year: float = param(
        0.10,
        unit="1/year",
        low=0.0,
        high=1.0,
        doc="Yearly rate at which later money is worth less.",
        plausible=(0.05, 0.2),
        source="assumed; 0.05-0.20 usual",
    )
    view: Literal["cash", "accrual", "clv"] = param(
        "cash",
        unit="",
        doc="What ROI counts. cash: money in the horizon; accrual: less points liability (IFRS 15); clv: plus residual value.",
        source="question asked",
    )
