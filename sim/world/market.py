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


class Rfm(Parameters):
    """Cut-offs of the RFM cells: recency, frequency and monetary value as the firm can count them.

    Recency: weeks since the last order. Frequency: orders a year since the first one, over at least `least_weeks`. Monetary:
    mean value of the orders since the start, before discounts.
    """

    recency_weeks: float = param(
        12.0,
        unit="weeks",
        low=0.1,
        high=520.0,
        doc="Near up to so many weeks since the last order, far beyond.",
        plausible=(4.0, 26.0),
        source="assumed; cut-offs are the firm's choice and the texts this project models give none",
    )
    orders_per_year: float = param(
        4.0,
        unit="1/year",
        low=0.01,
        high=2000.0,
        doc="High from so many orders a year.",
        plausible=(2.0, 12.0),
        source="assumed; cut-offs are the firm's choice",
    )
    order_value: float | None = param(
        None,
        unit="money",
        low=0.0,
        high=1e9,
        doc="High from this mean order value; if not given, from the mean over all customers. Low for who has not ordered since the "
        "start.",
        source="plan",
    )
    least_weeks: float = param(
        13.0,
        unit="weeks",
        low=1.0,
        high=104.0,
        doc="Least time that orders a year are counted over, so that one first order makes nobody frequent.",
        plausible=(4.0, 26.0),
        source="assumed",
    )


class Lifecycle(Parameters):
    """Cut-offs of the stages of a customer's life as the firm can see them: growth, maturity, decline.

    Decline: silent for more than `decline_gaps` own mean gaps, counted as for `lapse_gaps`. Else growth in the first
    `growth_weeks` after the first order, and maturity from then on.
    """

    growth_weeks: float = param(
        26.0,
        unit="weeks",
        low=0.5,
        high=520.0,
        doc="Weeks after the first order that growth lasts.",
        plausible=(8.0, 52.0),
        source="assumed",
    )
    decline_gaps: float = param(
        2.0,
        unit="gaps",
        low=0.5,
        high=20.0,
        doc="In decline after so many own mean gaps without an order.",
        plausible=(1.5, 3.0),
        source="assumed",
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
    rfm: Rfm = group("Cut-offs of the RFM cells that audiences may name.", Rfm)
    lifecycle: Lifecycle = group("Cut-offs of the stages of life that audiences may name.", Lifecycle)
    hold_out: float = param(
        0.0,
        unit="share",
        low=0.0,
        high=0.9,
        doc="Part of all people, drawn once, for whom no program, campaign or feedback action is ever meant.",
        source="plan",
    )

    arms: dict[str, float] = param(
        {},
        unit="share",
        low=0.0,
        high=1.0,
        each=True,
        doc="Arms of an A/B test by name, the control first, with their share of people, each person drawn once; audiences may name them.",
        source="plan",
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
        if len(self.arms) == 1 or len(self.arms) > 250:
            raise ValueError("arms are at least two and at most 250")
        for name, share in self.arms.items():
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"the share of arm {name} must be 0 to 1, not {share}")
        if self.arms and abs(sum(self.arms.values()) - 1.0) > 1e-9:
            raise ValueError(f"the shares of arms must add up to 1, not {sum(self.arms.values()):g}")
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
