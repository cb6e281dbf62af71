"""Two-stage designs: what the own treatment does, what that of others does, and both, from clusters that were given different shares.

Each cluster has a level, the share of its units that were to be treated; within it, units were drawn. A cell is the treated or the
untreated units of a level, and every effect is a difference of (averages of) cells, which is what least squares on a dummy for each
cell gives. Means are over units, so that an effect is one per customer; Hudgens & Halloran weigh clusters alike instead, which is the
same where clusters are of one size.

In that regression the hat matrix of a cluster has a block (1 / N) 11' for each cell of N units, so the adjustment of CR2 turns the
ones of a cell into ones / sqrt(1 - n / N), as for whole clusters; units of a cluster stand in two cells, whose scores are added.

Sources: Hudgens & Halloran (2008), Journal of the American Statistical Association 103(482); Baird, Bohren, McIntosh & Ozler (2018),
Review of Economics and Statistics 100(5); CR2: Bell & McCaffrey (2002), Pustejovsky & Tipton (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import binomtest

from .cluster import WANTED
from .estimators.contrast import contrast_of_arms, contrast_of_clusters, refused
from .estimators.estimator import Contrast
from .srm import ALARM
from .two_arms import Arm

MOST_LEVELS = 20
"""More different levels are shares as they came out, not as they were planned."""
METHOD = "saturated regression, CR2"
ASSUMPTIONS = (
    "Levels were dealt to clusters by chance, and treatment to units within clusters.",
    "Units affect one another within clusters only.",
)


@dataclass(frozen=True)
class Level:
    """Clusters that were given one share of treated.

    Attributes:
        share: The share, 0 to 1.
        clusters: How many clusters were given it.
        units: Units in them.
        treated: Those of them who were treated.
    """

    share: float
    clusters: int
    units: int
    treated: int


@dataclass(frozen=True)
class SaturationEffects:
    """Effects of a two-stage design, by the level they belong to; each refused with a reason where the data do not hold it.

    Attributes:
        levels: The levels, the lowest first: what spillover, total and overall effects are compared with.
        direct: Treated less untreated units of a level.
        spillover: Untreated units of a level less untreated ones of the lowest level.
        total: Treated units of a level less untreated ones of the lowest level.
        overall: All units of a level less all of the lowest one: what a firm gets from treating that share. From 0 to 1 it is the
            effect of a full roll-out.
        pooled_direct: `direct` over all levels that have it, weighted by units.
        pooled_spillover: `spillover` over all levels that have it, weighted by untreated units.
        warnings: What the reader can act on, one sentence each.
    """

    levels: tuple[Level, ...]
    direct: Mapping[float, Contrast]
    spillover: Mapping[float, Contrast]
    total: Mapping[float, Contrast]
    overall: Mapping[float, Contrast]
    pooled_direct: Contrast
    pooled_spillover: Contrast
    warnings: tuple[str, ...] = ()

    @property
    def roll_out(self) -> Contrast:
        """The overall effect of the highest level: of everybody against nobody where levels are 0 and 1."""
        return self.overall[self.levels[-1].share]


def saturation_effects(
    outcome: np.ndarray, treated: np.ndarray, level: np.ndarray, cluster: np.ndarray, *, alpha: float = 0.05, relative: str = "log"
) -> SaturationEffects:
    """Direct, spillover, total and overall effects of a two-stage design, with intervals robust to clusters.

    Args:
        outcome: Of each unit, finite, shape (units,).
        treated: 1 where a unit was treated, else 0, shape (units,).
        level: Share of treated that the unit's cluster was to have, 0 to 1, shape (units,).
        cluster: Cluster of each unit, any labels, shape (units,).
        alpha: Intervals cover 1 - alpha.
        relative: How relative intervals are made, as in `contrast_of_arms`.

    Raises:
        ValueError: Columns that do not fit one another, a cluster of two levels, one level or too many, treated units at level 0
            or untreated ones at level 1; one sentence says what.
    """
    values, own, shares, names = np.asarray(outcome, float), np.asarray(treated, float), np.asarray(level, float), np.asarray(cluster)
    _, code = np.unique(names, return_inverse=True)
    code = code.reshape(-1)
    place = _check(values, own, shares, code, names)
    levels = _levels(own, shares, code)
    cells = _Cells.of(values, own > 0, place, code, len(levels))

    def between(below: Mapping[int, float], above: Mapping[int, float], quantity: str) -> Contrast:
        return _between(cells, below, above, quantity, levels, alpha=alpha, relative=relative)

    lowest, base = levels[0], f"untreated at {levels[0].share:g}"
    direct = {
        one.share: between({2 * at: 1.0}, {2 * at + 1: 1.0}, f"direct effect at level {one.share:g}: mean") for at, one in enumerate(levels)
    }
    spillover, total, overall = {}, {}, {}
    for at, one in enumerate(levels[1:], 1):
        spillover[one.share] = between({0: 1.0}, {2 * at: 1.0}, f"spillover at level {one.share:g} over {base}: mean of the untreated")
        total[one.share] = between({0: 1.0}, {2 * at + 1: 1.0}, f"total effect at level {one.share:g} over {base}: mean")
        overall[one.share] = _overall(values, code, place, at, lowest.share, one.share, alpha, relative)
    both = {at: float(one.units) for at, one in enumerate(levels) if direct[one.share].difference.value is not None}
    spilled = {at: cells.count[2 * at] for at, one in enumerate(levels) if at and spillover[one.share].difference.value is not None}
    pooled_direct = (
        between({2 * at: weight for at, weight in both.items()}, {2 * at + 1: weight for at, weight in both.items()}, "direct effect: mean")
        if both
        else refused("no level has treated and untreated units in two clusters or more", len(values))
    )
    pooled_spillover = (
        between({0: 1.0}, {2 * at: weight for at, weight in spilled.items()}, f"spillover over {base}: mean of the untreated")
        if spilled
        else refused("no two levels have untreated units in two clusters or more", len(values))
    )
    return SaturationEffects(levels, direct, spillover, total, overall, pooled_direct, pooled_spillover, _warnings(levels))


def _check(values: np.ndarray, own: np.ndarray, shares: np.ndarray, code: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Place of each unit's level among the levels."""
    if values.ndim != 1 or not len(values) or any(one.shape != values.shape for one in (own, shares, names)):
        raise ValueError("outcome, treatment, level and cluster must be those of the same units")
    if not np.all(np.isfinite(values)):
        raise ValueError("each unit needs an outcome that is a number")
    if not np.all((own == 0.0) | (own == 1.0)):
        raise ValueError("the treatment must be 1 or 0 of each unit")
    if not np.all((shares >= 0.0) & (shares <= 1.0)):
        raise ValueError("a level is the share of treated that a cluster was to have: it must lie from 0 to 1")
    found, place = np.unique(shares, return_inverse=True)
    if len(found) < 2:
        raise ValueError(f"all clusters have the level {found[0]:g}: spillover shows between two levels or more")
    if len(found) > MOST_LEVELS:
        raise ValueError(f"{len(found)} different levels: give the shares as they were planned, not as they came out")
    first = np.full(int(code.max()) + 1, -1)
    first[code] = place.reshape(-1)
    odd = np.unique(code[first[code] != place.reshape(-1)])
    if len(odd):
        raise ValueError(f"{len(odd)} clusters have units of several levels: a cluster has one")
    for share, arm, word in ((0.0, 1.0, "treated"), (1.0, 0.0, "untreated")):
        count = int(np.sum((shares == share) & (own == arm)))
        if count:
            raise ValueError(f"{count} units are {word} in clusters of level {share:g}: the levels are not those of this assignment")
    return place.reshape(-1)


def _levels(own: np.ndarray, shares: np.ndarray, code: np.ndarray) -> tuple[Level, ...]:
    found = []
    for share in np.unique(shares):
        at = shares == share
        found.append(Level(float(share), len(np.unique(code[at])), int(at.sum()), int(own[at].sum())))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sums by cell and cluster; cell 2 l holds the untreated of level l, 2 l + 1 its treated.

    Attributes:
        totals: Sum of the outcome, shape (cells, clusters).
        sizes: Units, shape (cells, clusters).
    """

    totals: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, own: np.ndarray, place: np.ndarray, code: np.ndarray, levels: int) -> _Cells:
        clusters = int(code.max()) + 1
        at = (2 * place + own) * clusters + code
        totals, sizes = (np.bincount(at, weights, minlength=2 * levels * clusters) for weights in (values, None))
        return cls(totals.reshape(2 * levels, clusters), sizes.reshape(2 * levels, clusters))

    @cached_property
    def count(self) -> np.ndarray:
        """Units of each cell, shape (cells,)."""
        return self.sizes.sum(axis=1).astype(float)

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean of each cell, 0 where it is empty, shape (cells,)."""
        return self.totals.sum(axis=1) / np.maximum(self.count, 1.0)

    @cached_property
    def reach(self) -> np.ndarray:
        """What CR2 multiplies sums of residuals by, 1 / (N sqrt(1 - n / N)), shape (cells, clusters)."""
        share = self.sizes / np.maximum(self.count, 1.0)[:, None]
        return np.where(self.sizes > 0, 1.0 / np.sqrt(np.maximum(1.0 - share, 1e-300)), 0.0) / np.maximum(self.count, 1.0)[:, None]

    def score(self, weights: np.ndarray) -> np.ndarray:
        """What each cluster adds to the error of a weighted mean of cells, shape (clusters,)."""
        some = np.flatnonzero(weights)
        off = self.totals[some] - self.sizes[some] * self.mean[some, None]
        # Rounding leaves cells whose clusters have one mean a score that is not quite 0.
        off[np.abs(off) <= 1e-12 * (np.abs(self.totals[some]).max() + self.sizes[some].max() * np.abs(self.mean[some]).max())] = 0.0
        return (weights[some, None] * self.reach[some] * off).sum(axis=0)

    def df(self, weights: np.ndarray) -> float:
        """Satterthwaite's tr(B)^2 / tr(B^2) for y'By the CR2 variance, units independent with one variance.

        B = sum over cells k of w_k^2 (diag d_k - u_k u_k' / N_k) with d = reach^2 n and u = reach n.
        """
        some = np.flatnonzero(weights)
        weight, count = np.square(weights[some]), self.count[some]
        tall, wide = np.square(self.reach[some]) * self.sizes[some], self.reach[some] * self.sizes[some]
        trace = float(weight @ (tall.sum(axis=1) - np.square(wide).sum(axis=1) / count))
        cross = (tall @ np.square(wide).T) / count[None, :]
        products = tall @ tall.T - cross - cross.T + np.square(wide @ wide.T) / np.outer(count, count)
        return trace**2 / float(weight @ products @ weight)


def _between(
    cells: _Cells,
    below: Mapping[int, float],
    above: Mapping[int, float],
    quantity: str,
    levels: tuple[Level, ...],
    *,
    alpha: float,
    relative: str,
) -> Contrast:
    """Weighted mean of cells less that of others."""
    n = int(sum(cells.count[one] for one in {*below, *above}))
    for one in (*below, *above):
        word, share = ("treated" if one % 2 else "untreated"), levels[one // 2].share
        if not cells.count[one]:
            return refused(f"level {share:g} has no {word} units", n)
        if np.count_nonzero(cells.sizes[one]) < 2:
            return refused(f"level {share:g} has {word} units in one cluster only, which says nothing about how clusters differ", n)
    arms, scores, spreads = [], [], []
    for side in (below, above):
        weights = np.zeros(len(cells.count))
        weights[list(side)] = np.array(list(side.values())) / sum(side.values())
        score = cells.score(weights)
        arms.append(Arm(float(weights @ cells.mean), float(score @ score), cells.df(weights), int(cells.count[list(side)].sum())))
        scores.append(score)
        spreads.append(weights)
    covariance = float(scores[0] @ scores[1])
    apart = float(np.square(scores[1] - scores[0]).sum())
    reason = None if apart > 0.0 else "the clusters of each cell have the same mean: nothing shows how clusters differ"
    return contrast_of_arms(
        arms[0], arms[1], alpha=alpha, method=METHOD, quantity=quantity, relative=relative, assumptions=ASSUMPTIONS,
        df=cells.df(spreads[1] - spreads[0]), covariance=covariance, reason=reason,
    )  # fmt: skip


def _overall(
    values: np.ndarray, code: np.ndarray, place: np.ndarray, at: int, lowest: float, share: float, alpha: float, relative: str
) -> Contrast:
    sides = place == 0, place == at
    # Few clusters are said once for all effects.
    found = contrast_of_clusters(
        (values[sides[0]], values[sides[1]]), (code[sides[0]], code[sides[1]]), alpha=alpha, method="difference in means, CR2",
        quantity=f"overall effect of level {share:g} over {lowest:g}: mean", relative=relative, assumptions=ASSUMPTIONS,
    )  # fmt: skip
    return Contrast(found.control, found.treatment, found.difference, found.relative, found.p_value, (), found.beside)


def _warnings(levels: tuple[Level, ...]) -> tuple[str, ...]:
    found = []
    clusters = sum(one.clusters for one in levels)
    if clusters < WANTED:
        found.append(f"{clusters} clusters; cluster-robust intervals want {WANTED} or more")
    lowest = levels[0]
    if lowest.share > 0.0:
        found.append(
            f"no clusters were left without treatment: spillover and total effects are those beyond level {lowest.share:g}, "
            "and what friends did up to there is not in them"
        )
    if levels[-1].share < 1.0:
        found.append(f"no cluster was treated as a whole: the overall effect is that of level {levels[-1].share:g}, not of a full roll-out")
    for one in levels:
        if 0.0 < one.share < 1.0:
            chance = float(binomtest(one.treated, one.units, one.share).pvalue)
            if chance < ALARM:
                found.append(
                    f"level {one.share:g}: {one.treated} of {one.units} units are treated, {one.share * one.units:.0f} were to be "
                    f"(p = {chance:.1g}): check the assignment"
                )
    return tuple(found)
