"""Two-stage assignment: clusters get a share of treated, their units get arms by it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import field_validator

from regulars.sim.core.declare import param

from .assignment import Assigned, Assignment, Units, uniforms
from .cluster import arms_of_clusters, clusters_of


class Saturation(Assignment):
    """Clusters are dealt shares of treated; within a cluster each unit is treated with that probability.

    What differs between treated and untreated of a cluster is the direct effect at its share; what differs between the
    untreated of clusters of different shares is the spillover.
    Source: Hudgens & Halloran (2008), Journal of the American Statistical Association 103(482); Baird et al. (2018).
    """

    randomize: Literal["saturation"] = param("saturation", unit="", doc="Clusters by share of treated, then units.", source="name")
    by: Literal["communities", "groups"] = param(
        "communities", unit="", doc="Communities of the network (Leiden), or the groups that units come with.", source="plan"
    )
    clusters: int = param(
        60, unit="clusters", low=2, high=1_000_000, doc="Communities are joined or cut until there are about so many.", source="plan"
    )
    saturations: list[float] = param([0.0, 0.5, 1.0], unit="share", doc="Shares of treated, dealt to as many clusters each.", source="plan")

    @field_validator("saturations")
    @classmethod
    def _are_shares(cls, value: list[float]) -> list[float]:
        if len(value) < 2 or len(set(value)) < len(value) or not all(0.0 <= one <= 1.0 for one in value):
            raise ValueError("needs two different shares from 0 to 1 at least, such as [0.0, 0.5, 1.0]")
        return value

    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        if len(units.shares) != 2:
            raise ValueError(f"a saturation design has two arms, not {len(units.shares)}")
        cluster = clusters_of(units, self.by, self.clusters)
        dealt = {f"{one:g}": 1.0 / len(self.saturations) for one in self.saturations}
        share = np.array(self.saturations)[arms_of_clusters(cluster, dealt, f"{salt}/saturation").astype(np.int64) - 1]
        treated = uniforms(salt, units.ids.tolist()) < share[cluster]
        return Assigned((treated + 1).astype(np.uint8)[None, :], cluster=cluster, saturation=share[cluster])
