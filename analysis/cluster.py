"""Arms given to whole clusters of units, such as stores or towns: robust variance, correlation, permutation.

With one dummy per arm the sandwich has closed forms in the sums by cluster. In an arm of N units the hat matrix of a cluster
of n is (1 / N) 11', so its adjustment (I - H)^(-1/2) turns the vector of ones into ones / sqrt(1 - n / N).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .permutation import SEED, permutation_p
from .two_arms import Arm, Gap, difference, mean_arm, two_sided, why_no_interval

WANTED = 40
"""Clusters below which a cluster-robust interval needs a permutation p beside it."""
ONE_CLUSTER = "an arm has only one cluster, which says nothing about how clusters differ"
NO_CLUSTER_SPREAD = "the clusters of each arm have the same mean: nothing shows how clusters differ"


@dataclass(frozen=True)
class Clusters:
    """One arm, summed by cluster.

    Attributes:
        codes: Which clusters, shape (clusters,).
        totals: Sum of the values, shape (clusters,).
        sizes: Units, shape (clusters,).
        within: Sum of squares of units about the mean of their cluster.
    """

    codes: np.ndarray
    totals: np.ndarray
    sizes: np.ndarray
    within: float

    @property
    def units(self) -> int:
        return int(self.sizes.sum())

    @property
    def mean(self) -> float:
        return float(self.totals.sum()) / self.units


@dataclass(frozen=True)
class ClusterTest:
    """Ordinary least squares of the outcome on the arm with variances robust to clusters.

    Attributes:
        difference: Mean of treated units less that of control units.
        se_naive: Standard error as if units were assigned one by one (homoskedastic).
        se_cr0: Sandwich without correction.
        se_cr1: Times sqrt(G / (G - 1) * (N - 1) / (N - 2)).
        se_cr2: Bias-reduced (Bell & McCaffrey); unbiased where units are independent with one variance.
        df_cr2: Satterthwaite degrees of freedom of `se_cr2` under independent units with one variance.
        clusters: G, in both arms.
        units: N, in both arms.
    """

    difference: float
    se_naive: float
    se_cr0: float
    se_cr1: float
    se_cr2: float
    df_cr2: float
    clusters: int
    units: int

    @property
    def cr1(self) -> Gap:
        """Student's t with G - 1 degrees of freedom."""
        return Gap(self.difference, self.se_cr1, self.clusters - 1)

    @property
    def cr2(self) -> Gap:
        """Student's t with Satterthwaite degrees of freedom."""
        return Gap(self.difference, self.se_cr2, self.df_cr2)


def by_cluster(values: np.ndarray, cluster: np.ndarray) -> Clusters:
    """Sums of one arm by cluster.

    Args:
        values: Outcome, shape (units,), at least one.
        cluster: Code of each unit's cluster, integers, shape (units,).
    """
    if cluster.min() >= 0 and cluster.max() <= 4 * len(cluster) + 1000:
        code, names = cluster, np.arange(int(cluster.max()) + 1)
    else:
        names, code = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(code)
    totals = np.bincount(code, weights=values)
    there = sizes > 0
    means = np.divide(totals, sizes, out=np.zeros_like(totals), where=there)
    return Clusters(names[there], totals[there], sizes[there], float(np.square(values - means[code]).sum()))


def cluster_arm(clusters: Clusters) -> Arm:
    """Mean over units of an arm, with CR2 variance sum e_g^2 / (1 - n_g / N) / N^2 and its Satterthwaite degrees of freedom.

    e_g is the sum of residuals of cluster g. The variance is None with one cluster.
    """
    units, sizes = clusters.units, clusters.sizes
    sd = _unit_sd(clusters)
    if len(sizes) == 1:
        return Arm(clusters.mean, None, math.inf, units, sd)
    squares = np.square(clusters.totals - sizes * clusters.mean)
    # Rounding leaves clusters with one mean a variance that is not quite 0.
    scale = np.square(clusters.totals).max() + sizes.max() ** 2 * clusters.mean**2
    squares[squares <= 1e-24 * scale] = 0.0
    variance = float((squares / (1 - sizes / units)).sum()) / units**2
    trace, norm = _trace_and_norm(sizes)
    return Arm(clusters.mean, variance, trace**2 / norm, units, sd)


def _unit_sd(clusters: Clusters) -> float | None:
    if clusters.units < 2:
        return None
    between = np.square(clusters.totals / clusters.sizes - clusters.mean) @ clusters.sizes
    return math.sqrt((clusters.within + float(between)) / (clusters.units - 1))


def _trace_and_norm(sizes: np.ndarray) -> tuple[float, float]:
    """Trace and squared Frobenius norm of B, where CR2 = y'By and units are independent with variance 1.

    B_gh = a_g a_h (n_g [g = h] - n_g n_h / N) with a_g = 1 / (N sqrt(1 - n_g / N)).
    """
    share = sizes / sizes.sum()
    reach = share**2 / (1 - share)
    apart = (reach.sum() ** 2 - np.square(reach).sum()) / sizes.sum() ** 2
    diagonal = share / sizes.sum()
    return float(diagonal.sum()), float(np.square(diagonal).sum() + apart)


def df_cr2(control: Clusters, treatment: Clusters) -> float:
    """Satterthwaite degrees of freedom of the CR2 variance of a difference: tr(B)^2 / tr(B^2).

    Source: Bell & McCaffrey (2002); Imbens & Kolesar (2016); Pustejovsky & Tipton (2018).
    """
    traces, norms = zip(*(_trace_and_norm(one.sizes) for one in (control, treatment)), strict=True)
    return sum(traces) ** 2 / sum(norms)


def why_no_cluster_interval(control: Clusters, treatment: Clusters) -> str | None:
    """Why clusters give no interval; None where they do."""
    if min(len(control.sizes), len(treatment.sizes)) < 2:
        return ONE_CLUSTER
    return None if sum(cluster_arm(one).variance or 0.0 for one in (control, treatment)) > 0 else NO_CLUSTER_SPREAD


def cluster_test(control: Clusters, treatment: Clusters) -> ClusterTest:
    """Difference in unit means of cluster-assigned arms with naive, CR0, CR1 and CR2 standard errors.

    Raises:
        ValueError: An arm has one cluster, or clusters do not differ at all.

    Source: Liang & Zeger (1986); Bell & McCaffrey (2002).
    """
    reason = why_no_cluster_interval(control, treatment)
    if reason:
        raise ValueError(reason)
    arms = (control, treatment)
    groups, units = sum(len(one.sizes) for one in arms), sum(one.units for one in arms)
    squares = [np.square(one.totals - one.sizes * one.mean) for one in arms]
    cr0 = sum(float(square.sum()) / one.units**2 for square, one in zip(squares, arms, strict=True))
    cr2 = sum(cluster_arm(one).variance or 0.0 for one in arms)
    residual = sum(((_unit_sd(one) or 0.0) ** 2) * (one.units - 1) for one in arms)
    # As many clusters as units and two arms of two clusters at least: N is above 2.
    naive = residual / (units - 2) * (1 / control.units + 1 / treatment.units)
    cr1 = cr0 * groups / (groups - 1) * (units - 1) / (units - 2)
    return ClusterTest(
        treatment.mean - control.mean,
        math.sqrt(naive),
        math.sqrt(cr0),
        math.sqrt(cr1),
        math.sqrt(cr2),
        df_cr2(control, treatment),
        groups,
        units,
    )


def cluster_means(control: Clusters, treatment: Clusters) -> tuple[Arm, Arm]:
    """Arms of cluster means, every cluster counting as one unit: for Welch's test without weights."""
    return mean_arm(control.totals / control.sizes), mean_arm(treatment.totals / treatment.sizes)


def mean_cluster_size(control: Clusters, treatment: Clusters) -> float:
    """m0 = (N - sum over arms of sum n_g^2 / N_arm) / (G - 2): the size that counts where clusters are unequal."""
    arms = (control, treatment)
    left = sum(one.units - float(np.square(one.sizes).sum()) / one.units for one in arms)
    return left / (sum(len(one.sizes) for one in arms) - 2)


def intracluster_correlation(control: Clusters, treatment: Clusters) -> float | None:
    """Share of the variance within arms that lies between clusters, by analysis of variance; may be below 0 by chance.

    (MSB - MSW) / (MSB + (m0 - 1) MSW). None where nothing varies, or where clusters hold one unit each or arms one cluster each.

    Source: Donner & Klar (2000), chapter 1.
    """
    arms = (control, treatment)
    groups, units = sum(len(one.sizes) for one in arms), sum(one.units for one in arms)
    if groups <= 2 or units == groups:
        return None
    between = sum(float(np.square(one.totals / one.sizes - one.mean) @ one.sizes) for one in arms) / (groups - 2)
    within = sum(one.within for one in arms) / (units - groups)
    spread = between + (mean_cluster_size(control, treatment) - 1) * within
    return (between - within) / spread if spread > 0 else None


def design_effect(correlation: float, size: float) -> float:
    """By how much assignment in clusters inflates the variance of a mean: 1 + (m - 1) rho.

    Source: Kish (1965).
    """
    return 1 + (size - 1) * correlation


def cluster_permutation_p(
    control: Clusters, treatment: Clusters, *, permutations: int = 10_000, seed: int = SEED
) -> float:
    """Two-sided p-value of no effect on anybody, by handing the treatment to other clusters; exact where assignments are few."""
    treated = np.repeat([False, True], [len(control.sizes), len(treatment.sizes)])
    return permutation_p(
        np.concatenate([control.totals, treatment.totals]),
        np.concatenate([control.sizes, treatment.sizes]).astype(float),
        treated,
        permutations=permutations,
        seed=seed,
    )


def cluster_warning(clusters: int) -> tuple[str, ...]:
    """What to say where clusters are few; empty where they are enough."""
    if clusters >= WANTED:
        return ()
    return (f"{clusters} clusters; cluster-robust intervals want {WANTED} or more: the permutation p is beside it",)


def check_nested(control: Clusters, treatment: Clusters) -> None:
    """Refuses clusters that have units in both arms.

    Raises:
        ValueError: Some cluster has units in both arms.
    """
    shared = len(np.intersect1d(control.codes, treatment.codes))
    if shared:
        raise ValueError(f"{shared} clusters have units in both arms: a cluster goes to one arm as a whole")


def cluster_details(control: tuple[np.ndarray, np.ndarray], treatment: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    """Every quantity of a test on clusters, by name; only those that the data allow.

    Args:
        control, treatment: Values and cluster codes of the units of an arm.

    Raises:
        ValueError: Some cluster has units in both arms.
    """
    below, above = by_cluster(*control), by_cluster(*treatment)
    check_nested(below, above)
    size, correlation = None, intracluster_correlation(below, above)
    found: dict[str, Any] = {
        "n_clusters": len(below.sizes) + len(above.sizes),
        "n_units": below.units + above.units,
        "diff_ols": above.mean - below.mean,
    }
    if found["n_clusters"] > 2:
        size = found["mean_cluster_size_m0"] = mean_cluster_size(below, above)
    if correlation is not None and size is not None:
        found |= {"icc_anova": correlation, "design_effect_kish": design_effect(correlation, size)}
    if why_no_cluster_interval(below, above) is None:
        test = cluster_test(below, above)
        found |= {
            "se_naive": test.se_naive,
            "se_cr0": test.se_cr0,
            "se_cr1": test.se_cr1,
            "se_cr2": test.se_cr2,
            "df_cr2": test.df_cr2,
            "p_cr1_normal": two_sided(test.cr1.statistic, math.inf),
            "p_cr1_t_G_minus_1": test.cr1.p_value,
            "p_cr2": test.cr2.p_value,
            "permutation_p": cluster_permutation_p(below, above),
        }
        means = cluster_means(below, above)
        if why_no_interval(*means) is None:
            gap = difference(*means)
            found |= {"cluster_means_diff": gap.value, "cluster_means_se": gap.se, "cluster_means_p_welch": gap.p_value}
    return found
