"""What every way of reading a test takes and gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from regulars.analysis.estimators import Contrast, Sample, estimators

from ..assignment.assignment import Assigned

CONTROL, TREATMENT = 1, 2
"""Codes of the arms that are compared: a rehearsal reads the first treatment against control."""

Part = Literal["total", "direct", "spillover"]


@dataclass(frozen=True)
class Weekly:
    """What groups of units that were treated alike did week by week.

    Attributes:
        group: Code of each unit's group, shape (units,).
        sizes: Units of each group, shape (groups,).
        arms: Code of each group's arm in each week of the test, shape (weeks, groups).
        cluster: Code of the cluster that each group belongs to, shape (groups,); None where units were assigned one by one.
        sums: Column of a test by name: sum over the units of each group, shape (weeks, groups).
    """

    group: np.ndarray
    sizes: np.ndarray
    arms: np.ndarray
    cluster: np.ndarray | None
    sums: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Test:
    """What someone has who reads a test.

    Attributes:
        column: What is compared, one of `worlds.MEASURES`.
        kind: Kind of estimator, such as ``mean``.
        outcome: Of each unit over the test's weeks, shape (units,).
        before: What was known before the test of what is measured in it, shape (units,).
        assigned: Who got what.
        weekly: The same week by week.
        ties: Units at both ends of each tie among them, shape (ties,) each; None where the design asks for none.
        washout_weeks: First weeks of a period that are not counted.
        alpha: Level of intervals and tests.
        kept: What readings of the same assignment have worked out already.
    """

    __test__ = False

    column: str
    kind: str
    outcome: np.ndarray
    before: np.ndarray
    assigned: Assigned
    weekly: Weekly
    ties: tuple[np.ndarray, np.ndarray] | None
    washout_weeks: int
    alpha: float
    kept: dict[str, Any] = field(default_factory=dict[str, Any])

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What depends on the assignment alone, worked out when first asked for."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def by_week(self) -> np.ndarray:
        """Sums of the column, shape (weeks, groups).

        Raises:
            ValueError: The column is known at the end only.
        """
        if self.column not in self.weekly.sums:
            raise ValueError(f"{self.column} is known at the end of the test only and belongs to no week")
        return self.weekly.sums[self.column]


@dataclass(frozen=True)
class Answer:
    """What a reading says.

    Attributes:
        value: Estimated effect per customer over the test's weeks; None where refused.
        low, high: Ends of its interval; None without.
        p_value: Two-sided, of no effect; None without.
        reason: Why something is None; None where nothing is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    reason: str | None = None


class Reading(ABC):
    """A way to read a test; a subclass in a file of its own beside this one is found by its `name`.

    Class attributes:
        name: In a design's list of estimators.
        fits: Ways of assigning that it can read.
        default_for: Of these, those that it reads unasked.
        sees: The part of the truth that it is after.
        uses_ties: Whether it needs to know who knows whom.
    """

    name: ClassVar[str] = ""
    fits: ClassVar[tuple[str, ...]] = ()
    default_for: ClassVar[tuple[str, ...]] = ()
    sees: ClassVar[Part] = "total"
    uses_ties: ClassVar[bool] = False
    kinds: ClassVar[dict[str, type[Reading]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.name:
            Reading.kinds[cls.name] = cls

    @abstractmethod
    def read(self, test: Test) -> Answer:
        """The effect as this reading has it.

        Raises:
            ValueError: It cannot be applied; one sentence says why.
        """

    def aim(self, test: Test, change: np.ndarray, total: float) -> float:
        """The true value of what this reading is after.

        Args:
            test: As it reads it.
            change: What the test changed for each unit, against the same unit with nobody treated, shape (units,).
            total: Effect of the roll-out per unit.
        """
        return {"total": total, "direct": direct(test, change), "spillover": total - direct(test, change)}[self.sees]


def direct(test: Test, change: np.ndarray) -> float:
    """What being treated oneself changed among others as they were: mean change of the treated less that of the rest."""
    arm = test.assigned.arms[-1]
    treated = arm == TREATMENT
    if len(test.assigned.arms) > 1 or treated.all() or not treated.any():
        return float("nan")
    return float(change[treated].mean() - change[arm == CONTROL].mean())


def answer_of(contrast: Contrast) -> Answer:
    """The difference of a contrast."""
    found = contrast.difference
    low, high = (None, None) if found.interval is None else found.interval
    return Answer(found.value, low, high, contrast.p_value, found.reason)


def compared(
    kind: str,
    columns: Mapping[str, np.ndarray],
    arm: np.ndarray,
    *,
    alpha: float,
    cluster: np.ndarray | None = None,
    method: str | None = None,
) -> Contrast:
    """Treatment against control by an estimator of the analysis, the one that reads real data too."""
    samples = []
    for code in (CONTROL, TREATMENT):
        rows = np.flatnonzero(arm == code)
        samples.append(Sample({name: column[rows] for name, column in columns.items()}, None if cluster is None else cluster[rows]))
    return estimators()[kind](method).contrast(samples[0], samples[1], alpha=alpha)
