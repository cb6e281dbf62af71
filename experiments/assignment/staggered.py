"""Staggered roll-out: clusters come into treatment one group after the other (stepped wedge)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from regulars.sim.core.declare import param

from .assignment import Assigned, Assignment, Units, uniforms
from .cluster import clusters_of


class Staggered(Assignment):
    """All clusters begin in control; in each step the next group of clusters turns to treatment and stays there.

    Source: Hussey & Hughes (2007), Contemporary Clinical Trials 28(2).
    """

    randomize: Literal["staggered"] = param("staggered", unit="", doc="Clusters one group after the other.", source="name")
    by: Literal["communities", "groups", "units"] = param(
        "communities", unit="", doc="Communities of the network (Leiden), the groups that units come with, or each unit by itself.",
        source="plan",
    )  # fmt: skip
    clusters: int = param(
        60, unit="clusters", low=2, high=1_000_000, doc="Communities are joined or cut until there are about so many.", source="plan"
    )
    steps: int = param(4, unit="steps", low=1, high=104, doc="Times at which a group of clusters turns to treatment.", source="plan")
    step_weeks: int = param(4, unit="weeks", low=1, high=104, doc="Weeks between two steps, and before the first.", source="plan")

    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        if len(units.shares) != 2:
            raise ValueError(f"a staggered roll-out has two arms, not {len(units.shares)}")
        if self.steps * self.step_weeks >= weeks:
            raise ValueError(f"{self.steps} steps of {self.step_weeks} weeks need more than the {weeks} weeks of the test")
        cluster = np.arange(len(units)) if self.by == "units" else clusters_of(units, self.by, self.clusters)
        n = int(cluster.max()) + 1
        turns = np.empty(n, np.int64)
        turns[np.argsort(uniforms(salt, range(n)), kind="stable")] = np.arange(n) * self.steps // n + 1
        arms = np.array([(turns[cluster] <= step).astype(np.uint8) + 1 for step in range(self.steps + 1)], np.uint8)
        firsts = tuple(1 + step * self.step_weeks for step in range(self.steps + 1))
        return Assigned(arms, first_weeks=firsts, cluster=None if self.by == "units" else cluster)
