"""Group-sequential bounds and the confidence sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regulars.analysis import sequential


def _so_far(rows: pd.DataFrame) -> np.ndarray:
    """Units, sums and sums of squares up to each week; files hold them so already, or week by week."""
    table = rows.sort_values("week")[["n", "sum", "sum_sq"]].to_numpy(float)
    grows = np.all(np.diff(table[:, [0, 2]], axis=0) > 0.0)
    return table if grows else np.cumsum(table, axis=0)


def quantities(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Every quantity of the kind."""
    alpha, even, uneven = params["alpha"], params["gs_information"], params["gs_information_uneven"]
    looks = range(1, 6)
    found: dict[str, Any] = {
        "ldobf_5_even": sequential.bounds(even, alpha=alpha),
        "ldpocock_5_even": sequential.bounds(even, spending="pocock", alpha=alpha),
        "ldobf_uneven": sequential.bounds(uneven, alpha=alpha),
        "ldobf_5_even_alt_convention_total_alpha": sequential.bounds(even, alpha=alpha, convention="total"),
        "ldpocock_uneven": sequential.bounds(uneven, spending="pocock", alpha=alpha),
        "pocock_const": [sequential.pocock_constant(k, alpha=alpha) for k in range(2, 6)],
        "obf_const": [sequential.obrien_fleming_constant(k, alpha=alpha) for k in range(2, 6)],
        "naive_peeking_fpr_by_looks_1_2_3_4_5_10_20_50": [
            sequential.naive_false_positive_rate(k, alpha=alpha) for k in (1, 2, 3, 4, 5, 10, 20, 50)
        ],
    }
    for rho in (1, 2, 3):
        for name, times in (("even", even), ("uneven", uneven)):
            found[f"kim_demets_power_rho{rho}_{name}"] = sequential.bounds(times, spending="power", alpha=alpha, rho=rho)
    pocock = np.full(5, sequential.pocock_constant(5, alpha=alpha))
    fleming = sequential.obrien_fleming_constant(5, alpha=alpha) * np.sqrt(5.0 / np.array(looks))
    for power in (80, 90):
        found[f"sample_size_inflation_K5_power{power}_pocock_obf"] = [
            sequential.inflation(looks, limits, power=power / 100, alpha=alpha) for limits in (pocock, fleming)
        ]
    frame = pd.read_csv(folder / "data.csv")
    arms = {str(name): _so_far(rows) for name, rows in frame.groupby("arm")}
    n, total, squares = (np.stack([arms[arm][:, at] for arm in ("control", "treatment")]) for at in range(3))
    means, errors = total / n, (squares - total**2 / n) / (n - 1.0) / n
    always = [
        sequential.confidence_sequence(float(d), float(e), int(size), tuned_at=params["asympcs_tuning_n"], alpha=alpha)
        for d, e, size in zip(means[1] - means[0], np.sqrt(errors.sum(axis=0)), n.sum(axis=0), strict=True)
    ]
    found |= {
        "asympcs_rho": sequential.mixing_sd(params["asympcs_tuning_n"], alpha=alpha),
        "asympcs_estimate": [one.estimate.value for one in always],
        "asympcs_lower": [one.estimate.interval[0] for one in always if one.estimate.interval],
        "asympcs_upper": [one.estimate.interval[1] for one in always if one.estimate.interval],
        "asympcs_p": [one.p_value for one in always],
    }
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in found.items()}
