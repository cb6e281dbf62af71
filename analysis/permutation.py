"""Randomization tests: how often would chance alone part the arms as far?"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

SEED = 20
"""Of the shuffles; fixed, so that the same data give the same p-value."""
_CELLS = 4_000_000


def permutation_p(
    totals: np.ndarray,
    sizes: np.ndarray,
    treated: np.ndarray,
    *,
    permutations: int = 10_000,
    exact_below: int = 20_000,
    seed: int = SEED,
) -> float:
    """Two-sided p-value of no effect on anybody, by handing the treatment to other units (or clusters) than had it.

    The statistic is sum(totals) / sum(sizes) of the treated less that of the others: a difference in means for sizes of 1,
    in unit means for clusters, in ratios where sizes are denominators. All assignments with as many treated are listed
    where there are at most `exact_below`; else `permutations` are drawn and p = (1 + as far) / (1 + drawn), never 0.

    Args:
        totals: Sum of the outcome, shape (units,).
        sizes: Sum of what it is divided by, > 0, shape (units,).
        treated: Who had the treatment, bool, shape (units,); some and not all.
        permutations: How many to draw.
        exact_below: List all assignments where there are no more than this.
        seed: Of the draws.

    Source: Fisher (1935); the added 1: Phipson & Smyth (2010).
    """
    chosen = int(treated.sum())
    # The difference is the same up to its sign, which two sides do not ask for.
    fewer = min(chosen, len(totals) - chosen)
    observed = _apart(totals[treated][None, :], sizes[treated][None, :], totals.sum(), sizes.sum())[0] * (1 - 1e-10)
    count = math.comb(len(totals), fewer)
    if count <= exact_below:
        rows = np.array(list(combinations(range(len(totals)), fewer)))
        return float((_apart(totals[rows], sizes[rows], totals.sum(), sizes.sum()) >= observed).mean())
    rng = np.random.default_rng(seed)
    everybody = np.arange(len(totals))
    at_once = max(1, _CELLS // len(totals))
    as_far = 0
    for start in range(0, permutations, at_once):
        drawn = min(at_once, permutations - start)
        rows = rng.permuted(np.broadcast_to(everybody, (drawn, len(totals))), axis=1)[:, :fewer]
        as_far += int((_apart(totals[rows], sizes[rows], totals.sum(), sizes.sum()) >= observed).sum())
    return (1 + as_far) / (1 + permutations)


def _apart(totals: np.ndarray, sizes: np.ndarray, all_totals: float, all_sizes: float) -> np.ndarray:
    total, size = totals.sum(axis=1), sizes.sum(axis=1)
    # An arm without any size has no ratio; such a shuffle counts as far apart, which errs towards no effect.
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(total / size - (all_totals - total) / (all_sizes - size))
    return np.where(np.isnan(apart), np.inf, apart)
