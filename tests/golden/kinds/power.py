"""Sample size, power and detectable effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regulars.analysis import power as planning


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind, sizes not rounded."""
    shares, mean, mde, clusters = (params[name] for name in ("proportion", "mean", "mde", "cluster"))
    effect = mean["mean"] * mean["rel_mde"]
    found: dict[str, Any] = {
        f"prop_n_per_arm_{method}": planning.proportion_size(
            shares["p1"], shares["p2"], alpha=shares["alpha"], power=shares["power"], method=method
        )
        for method in ("unpooled", "pooled_null", "arcsine")
    }
    for method in ("normal", "t"):
        found[f"mean_n_per_arm_{method}"] = planning.mean_size(
            effect, mean["sd"], alpha=mean["alpha"], power=mean["power"], method=method
        )
        found[f"mde_{method}"] = planning.mean_effect(
            mde["sd"], mde["n_per_arm"], alpha=mde["alpha"], power=mde["power"], method=method
        )
    units, groups = planning.cluster_size(
        clusters["delta"],
        clusters["sd"],
        units_per_cluster=clusters["cluster_size"],
        intracluster_correlation=clusters["icc"],
        alpha=clusters["alpha"],
        power=clusters["power"],
    )
    return found | {
        "mde_relative_to_mean_25": found["mde_normal"] / 25.0,
        "cluster_design_effect": planning.design_effect(clusters["cluster_size"], clusters["icc"]),
        "cluster_n_per_arm": units,
        "clusters_per_arm": groups,
        "srule_16": planning.rule_of_16(mean["sd"], effect),
    }
