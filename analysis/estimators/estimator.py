"""What every estimator of an A/B test takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..estimate import Estimate
from ..two_arms import Arm, Gap, difference, why_no_interval


@dataclass(frozen=True)
class Sample:
    """The units of one arm, one row a unit, complete and checked.

    Attributes:
        columns: float64 arrays of shape (units,) by role, such as ``value`` and ``covariate``.
        cluster: Code of each unit's cluster, int64; None where units were assigned one by one. Codes are those of all arms.
        stratum: Code of each unit's stratum, int64; None without strata. Codes are those of all arms.
    """

    columns: Mapping[str, np.ndarray]
    cluster: np.ndarray | None = None
    stratum: np.ndarray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, role: str) -> np.ndarray:
        return self.columns[role]


@dataclass(frozen=True)
class Contrast:
    """Treatment against control in one metric.

    Attributes:
        control, treatment: The metric in each arm.
        difference: Treatment less control.
        relative: Difference over control, as a fraction; refused with a reason where control is not above 0.
        p_value: Two-sided, of no difference; None where refused.
        warnings: What the reader can act on, one sentence each.
        beside: Other p-values of no effect that belong beside `p_value`, by name, such as `permutation`.
        arms: Value and sampling variance of control and of treatment, for what is asked beyond an interval; None where refused.
        df: Degrees of freedom of the difference where they are not Welch's.
        covariance: Of the values of the two arms.
    """

    control: Estimate
    treatment: Estimate
    difference: Estimate
    relative: Estimate
    p_value: float | None
    warnings: tuple[str, ...] = field(default=())
    beside: Mapping[str, float] = field(default_factory=dict[str, float])
    arms: tuple[Arm, Arm] | None = None
    df: float | None = None
    covariance: float = 0.0

    @property
    def gap(self) -> Gap | None:
        """The difference with its standard error and degrees of freedom; None where it has none."""
        if self.arms is None or why_no_interval(*self.arms) is not None:
            return None
        return difference(*self.arms, df=self.df, covariance=self.covariance)


class Estimator(ABC):
    """How one kind of metric is estimated; a subclass in a file of its own beside this one is found by its `kind`.

    Class attributes:
        kind: Name in a plan.
        roles: Columns it needs, by role; a plan names a column for each.
        optional_roles: Columns it can use.
        methods: Names of its methods, the default first.
        settings: Its options with their defaults; None where it checks them itself.

    Attributes:
        method: The method taken.
        options: Other settings, such as the horizon of a survival metric.
    """

    kind: ClassVar[str] = ""
    roles: ClassVar[tuple[str, ...]] = ("value",)
    optional_roles: ClassVar[tuple[str, ...]] = ()
    methods: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, Any] | None] = None
    kinds: ClassVar[dict[str, type[Estimator]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.kind:
            Estimator.kinds[cls.kind] = cls

    def __init__(self, method: str | None = None, **options: Any) -> None:
        if method is not None and method not in self.methods:
            raise ValueError(f"{self.kind}: no method {method!r} (there: {', '.join(self.methods)})")
        unknown = [] if self.settings is None else sorted(set(options) - set(self.settings))
        if unknown:
            raise ValueError(f"{self.kind}: no option {unknown[0]!r} (there: {', '.join(self.settings or ('none',))})")
        self.method = method or self.methods[0]
        self.options = {**(self.settings or {}), **options}

    @abstractmethod
    def contrast(self, control: Sample, treatment: Sample, *, alpha: float) -> Contrast:
        """Difference of the arms with an interval of coverage 1 - alpha.

        Raises:
            ValueError: The method cannot be applied to these columns; one sentence says why.
        """

    @abstractmethod
    def details(self, control: Sample, treatment: Sample, *, alpha: float) -> dict[str, Any]:
        """Every quantity its methods compute, by name; numbers, or lists of numbers."""
