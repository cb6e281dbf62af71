"""Cluster assignment: whole groups of units by one draw, so that few ties cross arms."""

from __future__ import annotations

import random
import threading
from typing import Literal

import numpy as np

from regulars.sim.core.declare import param

from .assignment import Assigned, Assignment, Units, by_shares, uniforms

_LEIDEN = threading.Lock()
"""igraph has one generator for the whole process: worlds lived through side by side would draw from each other's."""


class Cluster(Assignment):
    """Each cluster gets an arm, and all its units with it.

    Arms get as many clusters as their shares say, rounded, in the order of the hashes of salt and cluster: with few clusters a
    draw for each would leave arms of very unequal size.
    Source: graph clusters Ugander, Karrer, Backstrom & Kleinberg (2013); communities Traag, Waltman & van Eck (2019).
    """

    randomize: Literal["cluster"] = param("cluster", unit="", doc="Whole clusters of units.", source="name")
    by: Literal["communities", "groups"] = param(
        "communities", unit="", doc="Communities of the network (Leiden), or the groups that units come with, such as segments or stores.",
        source="plan",
    )  # fmt: skip
    clusters: int = param(
        60, unit="clusters", low=2, high=1_000_000, doc="Communities are joined or cut until there are about so many.", source="plan"
    )

    def assign(self, units: Units, *, salt: str, weeks: int) -> Assigned:
        cluster = clusters_of(units, self.by, self.clusters)
        return Assigned(arms_of_clusters(cluster, units.shares, salt)[cluster][None, :], cluster=cluster)


def clusters_of(units: Units, by: str, clusters: int) -> np.ndarray:
    """Code of each unit's cluster, int64.

    Raises:
        ValueError: There are no groups, no network, or fewer groups than two.
    """
    if by == "groups":
        if units.groups is None:
            raise ValueError("the units come in no groups: name a column, or give the market segments")
        _, cluster = np.unique(units.groups, return_inverse=True)
    elif units.network is None:
        raise ValueError("there is no network to find communities in: assign by groups or individually")
    else:
        cluster = communities(units.network, clusters)
    if cluster.max() < 1:
        raise ValueError("all units are in one cluster, which leaves nothing to compare")
    return cluster.astype(np.int64)


def communities(network: object, clusters: int) -> np.ndarray:
    """Communities of a network by Leiden on modularity, joined into about so many clusters of like size.

    Who has no ties makes up clusters with others of that kind. Equal networks give equal communities.
    """
    import igraph

    senders, receivers = network.senders, network.receivers  # type: ignore[attr-defined]
    once = senders < receivers
    # Of an array igraph takes ten times as long to read the edges; a list of lists has the garbage collector walk through it.
    edges = zip(senders[once].tolist(), receivers[once].tolist(), strict=True)
    graph = igraph.Graph(n=network.people, edges=edges)  # type: ignore[attr-defined]
    with _LEIDEN:
        igraph.set_random_number_generator(random.Random(1))  # noqa: S311
        try:
            resolution = 1.0
            membership = np.array(graph.community_leiden("modularity", resolution=resolution, n_iterations=2).membership)
            while len(np.unique(membership)) < clusters and resolution < 1e4:
                resolution *= 2.0
                membership = np.array(graph.community_leiden("modularity", resolution=resolution, n_iterations=2).membership)
        finally:
            igraph.set_random_number_generator(random)
    return joined(membership, clusters)


def joined(membership: np.ndarray, clusters: int) -> np.ndarray:
    """Communities put together into so many clusters: the largest first, each to the cluster that is then the smallest."""
    sizes = np.bincount(membership)
    room = np.zeros(min(clusters, len(sizes)), np.int64)
    home = np.empty(len(sizes), np.int64)
    for one in np.argsort(-sizes, kind="stable"):
        home[one] = np.argmin(room)
        room[home[one]] += sizes[one]
    return home[membership]


def arms_of_clusters(cluster: np.ndarray, shares: dict[str, float] | object, salt: str) -> np.ndarray:
    """Code of each cluster's arm, uint8: ranks of the clusters' hashes, cut at the shares."""
    n = int(cluster.max()) + 1
    rank = np.empty(n, np.float64)
    rank[np.argsort(uniforms(salt, range(n)), kind="stable")] = (np.arange(n) + 0.5) / n
    return by_shares(rank, shares)  # type: ignore[arg-type]
