"""Week and step: where the model stands in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Calendar:
    """Time of a run, in weeks from its start.

    Attributes:
        horizon_weeks: Length of the run.
        step_days: Length of a step, 7 or 1.
        step: Steps done.
    """

    horizon_weeks: int
    step_days: int = 7
    step: int = 0

    @property
    def steps_per_week(self) -> int:
        return 7 // self.step_days

    @property
    def dt(self) -> float:
        """Length of a step in weeks."""
        return self.step_days / 7.0

    @property
    def now(self) -> float:
        """Time at the start of the current step, in weeks."""
        return self.step * self.step_days / 7.0

    @property
    def week(self) -> int:
        """The current week, from 1."""
        return self.step // self.steps_per_week + 1

    @property
    def opens_week(self) -> bool:
        """Whether the current step is the first of its week."""
        return self.step % self.steps_per_week == 0

    def steps(self) -> Iterator[int]:
        """The steps of one week; time moves on after each."""
        for _ in range(self.steps_per_week):
            yield self.step
            self.step += 1
