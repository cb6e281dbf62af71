"""Switchback: everybody has one arm at a time, which is drawn anew each period."""

from __future__ import annotations

from typing import Literal

import numpy as np

from regulars.sim.core.declare import param

from .assignment import Assigned, Assignment, Units, uniforms


class Switchback(Assignment):
    """All units change arms together, period by period, by balanced draws.

    Nobody hears from another arm at the same time, but what an arm leaves behind reaches into the next period: leave out the
    first weeks of each (`washout_weeks`).
    Source: Bojinov, Simchi-Levi & Zhao (2023), Management Science 69(7).
    """

    randomize: Literal["switchback"] = param("switchback", unit="", doc="Everybody together, period by period.", source="name")
    period_weeks: int = param(4, unit="weeks", low=1, high=260, doc="Length of a period.", source="plan")
    washout_weeks: int = param(0, unit="weeks", low=0, high=259, doc="First weeks of a period that are not counted.", source="plan")

    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        firsts = range(1, weeks + 1, self.period_weeks)
        if len(firsts) < 2 * len(units.shares):
            raise ValueError(
                f"{weeks} weeks hold {len(firsts)} periods of {self.period_weeks}: each of {len(units.shares)} arms needs two at least"
            )
        if self.washout_weeks >= self.period_weeks:
            raise ValueError(f"washout_weeks = {self.washout_weeks}: must be below period_weeks = {self.period_weeks}")
        # Dealt as evenly as the shares allow, in the order of the hashes of salt and period.
        ends = np.cumsum(list(units.shares.values()))
        even = np.searchsorted(ends[:-1], (np.arange(len(firsts)) + 0.5) / len(firsts), side="right") + 1
        arms = np.empty(len(firsts), np.uint8)
        arms[np.argsort(uniforms(salt, range(len(firsts))), kind="stable")] = even
        return Assigned(np.repeat(arms[:, None], len(units), axis=1), first_weeks=tuple(firsts))
