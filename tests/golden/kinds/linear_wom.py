"""Linear word of mouth and the bias of test designs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regulars.analysis.contagion import LinearContagion, ties


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind."""
    nodes = pd.read_csv(folder / "nodes.csv").sort_values("node")
    edges = pd.read_csv(folder / "edges.csv")
    place = np.searchsorted(nodes["node"].to_numpy(int), edges[["src", "dst"]].to_numpy(int))
    market = LinearContagion(ties(place[:, 0], place[:, 1], len(nodes)), params["nu"], params["lambda"], params["delta"])
    cluster = nodes["cluster"].to_numpy(int)
    individual = market.randomize_individuals(params["n_treated_individual_design"])
    clustered = market.randomize_clusters(cluster, params["n_treated_clusters_design"])
    return {
        "spectral_radius_times_nu": market.reproduction,
        "baseline_outcome": market.baseline().tolist(),
        "global_effect_per_customer": market.global_effect(),
        "direct_effect_mean": market.direct_effect(),
        "spillover_total_mean": market.spillover(),
        "dim_given_assignment": market.difference_in_means(np.isin(cluster, params["treated_clusters"])),
        "expected_dim_individual_randomisation": individual.expected,
        "individual_relative_bias": individual.relative_bias,
        "expected_dim_cluster_randomisation": clustered.expected,
        "cluster_relative_bias": clustered.relative_bias,
        "sd_dim_cluster_randomisation_over_assignments": clustered.sd,
    }
