"""Post-stratification: arms compared stratum by stratum, and the strata weighted by their share of all units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..two_arms import Arm, difference, mean_arm, two_sided, why_no_interval

TOO_FEW = "some strata have fewer than two units in an arm, so nothing is adjusted by strata"


def stratified_arms(values: tuple[np.ndarray, np.ndarray], strata: tuple[np.ndarray, np.ndarray]) -> tuple[Arm, Arm]:
    """Arms as if each had the strata of both together: sum w_k mean_k with Neyman variance sum w_k^2 s_k^2 / n_k.

    w_k is the share of stratum k in all units; degrees of freedom are Satterthwaite's over the strata. The difference equals
    that of a regression on the arm, centered dummies of the strata and their products, with HC2 variance.

    Args:
        values: Outcome of control and treatment.
        strata: Stratum codes of control and treatment, integers.

    Raises:
        ValueError: A stratum has fewer than two units in an arm.

    Source: Miratrix, Sekhon & Yu (2013); variance: Neyman (1923).
    """
    codes = np.unique(np.concatenate([np.unique(one) for one in strata]))
    places = [np.searchsorted(codes, one) for one in strata]
    counts = [np.bincount(place, minlength=len(codes)) for place in places]
    if min(int(count.min()) for count in counts) < 2:
        raise ValueError(TOO_FEW)
    share = (counts[0] + counts[1]) / (len(values[0]) + len(values[1]))
    control, treatment = (_arm(y, place, n, share) for y, place, n in zip(values, places, counts, strict=True))
    return control, treatment


def _arm(values: np.ndarray, place: np.ndarray, counts: np.ndarray, share: np.ndarray) -> Arm:
    means = np.bincount(place, weights=values) / counts
    spread = np.bincount(place, weights=np.square(values - means[place])) / (counts - 1)
    # Rounding leaves a constant stratum a variance that is not quite 0.
    spread[spread <= 1e-24 * np.square(means)] = 0.0
    parts = np.square(share) * spread / counts
    variance = float(parts.sum())
    df = variance**2 / float((np.square(parts) / (counts - 1)).sum()) if variance else math.inf
    within = float(share @ spread)
    return Arm(float(share @ means), variance, df, len(values), math.sqrt(within))


def poststrat_details(
    values: tuple[np.ndarray, np.ndarray], strata: tuple[np.ndarray, np.ndarray], *, alpha: float
) -> dict[str, Any]:
    """Every quantity of post-stratification, by name; only those that the data allow."""
    found: dict[str, Any] = {}
    raw = [mean_arm(one) for one in values]
    if why_no_interval(*raw) is None:
        gap = difference(*raw)
        found |= {"diff_raw": gap.value, "se_raw": gap.se}
    try:
        gap = difference(*stratified_arms(values, strata))
    except ValueError:
        return found
    found |= {"diff_poststrat": gap.value, "se_poststrat": gap.se, "df_poststrat": gap.df}
    found |= {"p_poststrat_normal": two_sided(gap.statistic, math.inf), "p_poststrat": gap.p_value}
    found["ci_poststrat"] = list(gap.interval(alpha))
    return found
