"""The plan of a test: what is compared, how, and when it may be looked at; written before the test and held against the data after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .decision import Stakes
from .estimators import Estimator, estimators
from .sequential import Spending

COLUMN = "column"
"""What a plan calls the column of a metric that has one."""


def key_of(role: str) -> str:
    """What a plan calls the column of a role: ``value`` is simply the column."""
    return COLUMN if role == "value" else role


@dataclass(frozen=True)
class Metric:
    """What is compared.

    Attributes:
        kind: Kind of estimator, such as ``mean``.
        columns: Column of the data by role of the estimator, such as ``{"value": "margin", "covariate": "margin_pre"}``.
        method: Method of the estimator; its default where None.
        options: Its other settings.
    """

    kind: str
    columns: Mapping[str, str]
    method: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def estimator(self, method: str | None = None, **options: Any) -> Estimator:
        """The estimator, with other settings where given.

        Raises:
            ValueError: Unknown method or option, or a value out of its range.
        """
        return estimators()[self.kind](method or self.method, **{**self.options, **options})


@dataclass(frozen=True)
class Guardrail:
    """What must not get worse by more than a margin.

    Without `better` the sign of the margin says what is harm: -0.02 lets the metric fall by 0.02, so that more is better; 0.02 lets it
    rise, so that less is better. With `better` the size of the margin counts and its sign does not.

    Attributes:
        metric: What is watched.
        margin: How far it may move towards harm; a fraction of control where `relative`.
        relative: Whether the margin is a fraction of control.
        better: Whether higher or lower values are the better ones; by the sign of the margin where None.
    """

    metric: Metric
    margin: float
    relative: bool = False
    better: Literal["higher", "lower"] | None = None

    @property
    def signed(self) -> float:
        """The margin below 0 where a fall is harm, above 0 where a rise is."""
        if self.better is None:
            return self.margin
        return -abs(self.margin) if self.better == "higher" else abs(self.margin)

    @property
    def rule(self) -> str:
        """What must not happen, in words."""
        size = f"{100 * abs(self.margin):g} % of control" if self.relative else f"{abs(self.margin):g}"
        return f"must not {'fall' if self.signed < 0 else 'rise'} by {size} or more"


@dataclass(frozen=True)
class Looks:
    """How often the test is looked at.

    Attributes:
        planned: Looks in all, the last one included.
        taken: Looks up to now, this one included.
        spending: How false positives are handed out over the looks, or `always_valid` for a confidence sequence, which may be read at
            any time.
        information: Fractions of the planned information at the looks; evenly spaced where None.
        units: Units (clusters where those are assigned) planned in all; None takes each look to have come as planned.
        rho: Exponent of the `power` spending function.
        tuned_at: Units at which an always-valid interval is narrowest; fixed before the test (the default is assumed).
    """

    planned: int
    taken: int = 1
    spending: Spending | Literal["always_valid"] = "obrien_fleming"
    information: tuple[float, ...] | None = None
    units: int | None = None
    rho: float = 3.0
    tuned_at: float = 5_000.0

    @property
    def fractions(self) -> tuple[float, ...]:
        """Planned information at each look taken, as far as looks were planned."""
        taken = min(self.taken, self.planned)
        if self.information is not None:
            return self.information[:taken]
        return tuple((at + 1) / self.planned for at in range(taken))


@dataclass(frozen=True)
class Plan:
    """The plan of a test.

    Attributes:
        unit: Column of the unit of assignment.
        arm: Column of the arm.
        control: Arm that the others are compared with.
        metrics: What is compared, by name; the first is primary.
        guardrails: What must not get worse, by name.
        cluster: Column of the clusters that were assigned as a whole; None where units were assigned one by one.
        strata: Columns that were known before the test, by which it is post-stratified.
        covariates: Columns that were known before the test and must be alike in the arms, beside the covariates of metrics.
        expected_shares: Share of units, or of clusters, that each arm was to get; None where the plan does not say.
        alpha: Two-sided level of the intervals and of the family of tests; one-sided level of each guardrail.
        multiplicity: How p-values are adjusted over arms and metrics.
        looks: How often the test is looked at; None for once.
        week: Column of the week that a row belongs to, for effects by week.
        saturation: Column of the share of treated that the row's cluster was to have, in a two-stage design; None in others. The cluster
            then holds both arms.
        decision: What a roll-out is worth and costs; None where the plan does not say.
    """

    unit: str
    arm: str
    control: str
    metrics: Mapping[str, Metric]
    guardrails: Mapping[str, Guardrail] = field(default_factory=dict[str, Guardrail])
    cluster: str | None = None
    strata: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    expected_shares: Mapping[str, float] | None = None
    alpha: float = 0.05
    multiplicity: str = "holm"
    looks: Looks | None = None
    week: str | None = None
    decision: Stakes | None = None
    saturation: str | None = None

    def measured(self) -> Iterator[tuple[tuple[str, ...], Metric]]:
        """Metrics and those of guardrails, with their path in the plan."""
        for name, one in self.metrics.items():
            yield ("metrics", name), one
        for name, one in self.guardrails.items():
            yield ("guardrails", name), one.metric

    def named(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Columns that are not measured, with their path in the plan."""
        yield ("unit",), self.unit
        yield ("arm",), self.arm
        for name in ("cluster", "week", "saturation"):
            if getattr(self, name) is not None:
                yield (name,), getattr(self, name)
        for name in ("strata", "covariates"):
            for column in getattr(self, name):
                yield (name,), column
