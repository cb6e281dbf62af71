"""The section `decision:` of a test's plan and of a design: what a roll-out is worth and costs, and what may be done before it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from regulars.analysis.decision import Extension, Stakes, horizon_factor
from regulars.analysis.value import NormalPrior
from regulars.sim.core.declare import Parameters, group, param

POSITIVE = Annotated[float, Field(gt=0.0)]


class PriorSection(Parameters):
    """What was thought of the effect before the test."""

    mean: float = param(..., unit="of the metric", doc="Expected effect per customer.", source="plan")
    sd: POSITIVE = param(..., unit="of the metric", doc="Its standard deviation, above 0.", source="plan")


class ExtensionSection(Parameters):
    """More of the same test, instead of deciding now."""

    weeks: float = param(..., unit="weeks", low=0.0, high=520.0, doc="How long the decision would wait.", source="plan")
    units: POSITIVE = param(..., unit="units", doc="Further units, in all arms that are compared together.", source="plan")
    cost: float = param(0.0, unit="money", doc="What extending costs.", source="plan")


class DecisionSection(Parameters):
    """What is decided after the test, in money."""

    customers: POSITIVE = param(..., unit="customers", doc="Who would get the program.", source="plan")
    value: float = param(
        1.0, unit="money", doc="What one unit of the primary metric is worth; below 0 where less is better. Not 0.", source="plan"
    )
    cost_per_customer: float = param(
        0.0, unit="money", doc="What the program costs per customer over the horizon and the metric does not hold.", source="plan"
    )
    fixed_cost: float = param(0.0, unit="money", doc="What a roll-out costs whoever takes part.", source="plan")
    test_weeks: POSITIVE | None = param(None, unit="weeks", doc="How long each unit was measured in the test.", source="plan")
    horizon_weeks: POSITIVE | None = param(
        None, unit="weeks", doc="Time that counts, through which the effect per week stays; none: as long as the test.", source="plan"
    )
    discount_rate_per_year: float = param(0.0, unit="1/year", low=0.0, high=1.0, doc="Of money earned later.", source="plan")
    prior: PriorSection | None = group("What was thought of the effect before the test; none: the data alone.", lambda: None)
    dampening: float = param(
        0.0, unit="share", high=0.99, doc="Share of the effect that a test of this design does not see, from a rehearsal.", source="plan"
    )
    dampening_sd: float = param(0.0, unit="share", low=0.0, high=10.0, doc="Standard deviation of what is not known of it.", source="plan")
    extension: ExtensionSection | None = group("What could be done instead of deciding now; none: nothing.", lambda: None)
    currency: str = param("", unit="", doc="Of all money, for the sentence.", source="plan")

    def contradictions(self) -> list[tuple[tuple[str, ...], str]]:
        """What no one value tells: path inside the section, and rule."""
        found: list[tuple[tuple[str, ...], str]] = []
        if self.value == 0.0:
            found.append((("value",), "must not be 0: one unit of the metric is worth something."))
        if self.horizon_weeks is not None and self.test_weeks is None:
            found.append((("horizon_weeks",), "needs test_weeks too, to tell how many times the measured effect is earned."))
        if self.test_weeks is not None and self.horizon_weeks is None:
            found.append((("test_weeks",), "needs horizon_weeks too, to tell how many times the measured effect is earned."))
        if self.extension is not None and self.horizon_weeks is not None and self.extension.weeks >= self.horizon_weeks:
            found.append((("extension", "weeks"), f"must be below horizon_weeks, {self.horizon_weeks:g}: else nothing is left to decide."))
        return found

    def stakes(self) -> Stakes:
        """As the analysis takes them.

        Raises:
            ValueError: `contradictions` has something to say.
        """
        for path, rule in self.contradictions():
            raise ValueError(f"{'.'.join(path)}: {rule}")
        factor = 1.0
        if self.test_weeks is not None and self.horizon_weeks is not None:
            factor = horizon_factor(self.test_weeks, self.horizon_weeks, discount_rate_per_year=self.discount_rate_per_year)
        more = self.extension
        return Stakes(
            customers=self.customers,
            value=self.value,
            cost_per_customer=self.cost_per_customer,
            fixed_cost=self.fixed_cost,
            horizon_factor=factor,
            horizon_weeks=self.horizon_weeks,
            prior=None if self.prior is None else NormalPrior(self.prior.mean, self.prior.sd),
            dampening=self.dampening,
            dampening_sd=self.dampening_sd,
            extension=None if more is None else Extension(more.units, more.weeks, more.cost),
            currency=self.currency,
        )
