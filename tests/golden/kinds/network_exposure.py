"""Exposure in a network under assignment of clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regulars.analysis import exposure


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind."""
    nodes = pd.read_csv(folder / "nodes.csv").sort_values("node")
    edges = pd.read_csv(folder / "edges.csv")
    place = np.searchsorted(nodes["node"].to_numpy(int), edges[["src", "dst"]].to_numpy(int))
    network = exposure.clustered_network(place[:, 0], place[:, 1], nodes["cluster"].to_numpy(int), probability=params["p"])
    treated, outcome = nodes["treated"].to_numpy(int), nodes["y"].to_numpy(float)
    joint = exposure.joint_full_exposure(network, np.array([0]))
    found: dict[str, Any] = {
        "neighbour_fraction_treated": exposure.treated_friends(network, treated).tolist(),
        "dim_individual": float(outcome[treated == 1].mean() - outcome[treated == 0].mean()),
        "joint_pi_full_treated_node0": joint[0][0].tolist(),
        "joint_pi_full_control_node0": joint[1][0].tolist(),
        "joint_pi_treated0_control": joint[2][0].tolist(),
    }
    for name, share in (("full", 1.0), ("frac", params["fraction_threshold"])):
        chances = exposure.exposure_probabilities(network, share=share)
        estimates = exposure.estimate_exposed(outcome, exposure.exposed(network, treated, share=share), chances)
        found |= {
            f"pi_{name}_treated": chances[0].tolist(),
            f"pi_{name}_control": chances[1].tolist(),
            f"ht_{name}": estimates.horvitz_thompson.value,
            f"hajek_{name}": estimates.hajek.value,
        }
    return found
