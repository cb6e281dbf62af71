"""Week and step: where the model stands in time."""

from __future__ import annotations

from collections.abc import Iterator


class Calendar:
    """Time of a run, in weeks from its start.

    Attributes:
        horizon_weeks: Length of the run.
        step_days: Length of a step, 7 or 1.
        steps_per_week: Steps of a week, 1 or 7.
        dt: Length of a step in weeks.
        now: Time at the start of the current step, in weeks.
        week: The current week, from 1.
        opens_week: Whether the current step is the first of its week.
    """

    def __init__(self, horizon_weeks: int, step_days: int = 7, step: int = 0) -> None:
        self.horizon_weeks, self.step_days = horizon_weeks, step_days
        self.steps_per_week = 7 // step_days
        self.dt = step_days / 7.0
        self.step = step

    @property
    def step(self) -> int:
        """Steps done."""
        return self._step

    @step.setter
    def step(self, step: int) -> None:
        # Laid down once a step: components ask for the week a hundred times in it.
        self._step = step
        self.now = step * self.step_days / 7.0
        self.week = step // self.steps_per_week + 1
        self.opens_week = step % self.steps_per_week == 0

    def steps(self) -> Iterator[int]:
        """The steps of one week; time moves on after each."""
        for _ in range(self.steps_per_week):
            yield self._step
            self.step += 1
