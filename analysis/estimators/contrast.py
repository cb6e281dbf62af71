"""From the arms of a method to the contrast that a reader gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..cluster import (
    Clusters,
    by_cluster,
    check_nested,
    cluster_arm,
    cluster_permutation_p,
    cluster_warning,
    df_cr2,
    why_no_cluster_interval,
)
from ..estimate import Estimate
from ..permutation import SEED
from ..two_arms import Arm, arm_estimate, difference, relative_estimate, why_no_interval
from .estimator import Contrast

RELATIVE = ("log", "delta", "fieller")
"""Ways to an interval of the relative difference."""
INDEPENDENT = "Units were assigned one by one and do not affect one another."
LARGE = "The mean of each arm is close to normal: many units, or no extreme ones."
CLUSTERS = "Clusters were assigned as a whole and do not affect one another."
CLUSTER_DF = "Degrees of freedom are Satterthwaite's for units of one variance, independent of one another."


def contrast_of_arms(
    control: Arm,
    treatment: Arm,
    *,
    alpha: float,
    method: str,
    quantity: str,
    relative: str,
    assumptions: tuple[str, ...],
    warnings: tuple[str, ...] = (),
    beside: dict[str, float] | None = None,
    df: float | None = None,
    covariance: float = 0.0,
    reason: str | None = None,
) -> Contrast:
    """The contrast of two arms that end in Student's t.

    Args:
        quantity: What an arm's value is, such as ``mean``.
        relative: How the relative interval is made, one of `RELATIVE`.
        df: Degrees of freedom of the difference; Welch's by default.
        reason: Why there is no interval, where the caller knows better than the arms.
    """
    below, above = (
        arm_estimate(one, alpha=alpha, method=method, estimand=f"{quantity} in {name}", assumptions=assumptions)
        for one, name in ((control, "control"), (treatment, "treatment"))
    )
    reason = reason or why_no_interval(control, treatment)
    n = control.n + treatment.n
    gap = None if reason else difference(control, treatment, df=df, covariance=covariance)
    parted = Estimate(
        treatment.value - control.value,
        gap.interval(alpha) if gap else None,
        method,
        f"{quantity}, treatment less control",
        n,
        assumptions,
        reason=reason,
    )
    share = relative_estimate(
        control,
        treatment,
        alpha=alpha,
        how=relative,
        df=df,
        covariance=covariance,
        estimand=f"{quantity}, treatment less control over control",
        assumptions=assumptions,
    )
    if reason and share.reason is None:
        share = replace(share, interval=None, reason=reason)
    return Contrast(
        below,
        above,
        parted,
        share,
        gap.p_value if gap else None,
        warnings,
        beside or {},
        arms=(control, treatment) if gap else None,
        df=df,
        covariance=covariance,
    )


def contrast_of_clusters(
    values: tuple[np.ndarray, np.ndarray],
    clusters: tuple[np.ndarray, np.ndarray],
    *,
    alpha: float,
    method: str,
    quantity: str,
    relative: str,
    assumptions: tuple[str, ...],
    warnings: tuple[str, ...] = (),
    permutations: int = 0,
    seed: int = SEED,
    parts: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
) -> Contrast:
    """The contrast of arms given to whole clusters: CR2 variance and, where clusters are few, a permutation p beside it.

    Args:
        values: Outcome of control and treatment; linearized, with the arm's ratio as mean, where `parts` are given.
        clusters: Cluster codes of control and treatment.
        permutations: Draws of the permutation p; 0 leaves it out where clusters are enough.
        parts: Numerator and denominator of control and of treatment, whose ratio of sums is permuted instead of `values`.

    Raises:
        ValueError: Some cluster has units in both arms.
    """
    sums = by_cluster(values[0], clusters[0]), by_cluster(values[1], clusters[1])
    check_nested(*sums)
    reason = why_no_cluster_interval(*sums)
    total = len(sums[0].sizes) + len(sums[1].sizes)
    warning = cluster_warning(total) if reason is None else ()
    beside: dict[str, float] = {}
    if reason is None and (warning or permutations):
        moved = [_ratio_sums(part, codes) for part, codes in zip(parts, clusters, strict=True)] if parts else sums
        beside["permutation"] = cluster_permutation_p(*moved, permutations=permutations or 10_000, seed=seed)
    return contrast_of_arms(
        cluster_arm(sums[0]),
        cluster_arm(sums[1]),
        alpha=alpha,
        method=method,
        quantity=quantity,
        relative=relative,
        assumptions=assumptions,
        warnings=(*warnings, *warning),
        beside=beside,
        df=df_cr2(*sums) if reason is None else None,
        reason=reason,
    )


def _ratio_sums(part: tuple[np.ndarray, np.ndarray], cluster: np.ndarray) -> Clusters:
    numerator, denominator = (by_cluster(one, cluster) for one in part)
    return replace(numerator, sizes=denominator.totals)


def refused(reason: str, n: int) -> Contrast:
    """A contrast that says nothing but why."""
    nothing = Estimate(None, None, "none", "none", n, reason=reason)
    return Contrast(nothing, nothing, nothing, nothing, None)
