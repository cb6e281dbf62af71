"""Adjustment of a mean by what is known from before the test: CUPED, analysis of covariance, Lin's interacted regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..two_arms import Arm, difference, mean_arm, why_no_interval

CONSTANT = "the covariate is the same for everybody, so nothing is adjusted by it"
CONSTANT_IN_ARM = "the covariate is the same for everybody in an arm, so nothing is adjusted by it"

Column = tuple[np.ndarray, np.ndarray]
"""A column of the control arm and of the treatment arm."""


def theta_pooled(values: Column, covariate: Column) -> float:
    """Slope of the metric on the covariate over all units of both arms: cov(x, y) / var(x).

    Raises:
        ValueError: The covariate does not vary.

    Source: Deng, Xu, Kohavi & Walker (2013).
    """
    if min(one.min() for one in covariate) == max(one.max() for one in covariate):
        raise ValueError(CONSTANT)
    units = len(covariate[0]) + len(covariate[1])
    middle, level = (sum(float(one.sum()) for one in column) / units for column in (covariate, values))
    parts = [_moments(x - middle, y - level) for x, y in zip(covariate, values, strict=True)]
    return sum(xy for _, xy in parts) / sum(xx for xx, _ in parts)


def theta_within(values: Column, covariate: Column) -> float:
    """Slope common to both arms, from deviations within them: that of the analysis of covariance.

    Raises:
        ValueError: The covariate does not vary within the arms.
    """
    if all(one.min() == one.max() for one in covariate):
        raise ValueError(CONSTANT_IN_ARM)
    parts = [_moments(x - x.mean(), y - y.mean()) for x, y in zip(covariate, values, strict=True)]
    return sum(xy for _, xy in parts) / sum(xx for xx, _ in parts)


def _moments(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    return float(x @ x), float(x @ y)


def adjusted(values: Column, covariate: Column, theta: float) -> Column:
    """The metric with what the covariate foretold taken away: y - theta (x - mean of x over both arms)."""
    middle = _middle(covariate)
    control, treatment = (y - theta * (x - middle) for x, y in zip(covariate, values, strict=True))
    return control, treatment


def _middle(covariate: Column) -> float:
    return sum(float(one.sum()) for one in covariate) / sum(len(one) for one in covariate)


def lin_arms(values: Column, covariate: Column) -> tuple[Arm, Arm]:
    """Arms at the common mean of the covariate, each with a slope of its own, with HC2 variances.

    The difference is the coefficient of the arm in a regression on arm, centered covariate and their product.

    Raises:
        ValueError: The covariate does not vary within an arm, or an arm has fewer than three units.

    Source: Lin (2013); HC2: MacKinnon & White (1985).
    """
    middle = _middle(covariate)
    control, treatment = (_regressed(y, x, middle) for x, y in zip(covariate, values, strict=True))
    return control, treatment


def _regressed(y: np.ndarray, x: np.ndarray, at: float) -> Arm:
    n = len(y)
    if n < 3:
        raise ValueError("a slope in each arm needs three units there")
    if x.min() == x.max():
        raise ValueError(CONSTANT_IN_ARM)
    off = x - x.mean()
    spread = float(off @ off)
    slope = float(off @ y) / spread
    residual = y - y.mean() - slope * off
    weight = 1 / n + (at - float(x.mean())) / spread * off
    variance = _hc2(weight, residual, 1 / n + np.square(off) / spread)
    return Arm(float(y.mean()) + slope * (at - float(x.mean())), variance, n - 2, n, math.sqrt(float(residual @ residual) / (n - 2)))


def _hc2(weight: np.ndarray, residual: np.ndarray, leverage: np.ndarray, other: np.ndarray | None = None) -> float:
    """sum w v e^2 / (1 - h); a unit of leverage 1 has no residual and says nothing."""
    free = np.maximum(1 - leverage, 1e-12)
    return float((weight * (weight if other is None else other) * np.square(residual) / free).sum())


def ancova_arms(values: Column, covariate: Column) -> tuple[Arm, Arm, float]:
    """Arms at the common mean of the covariate with one slope for both, HC2 variances, and the covariance of the two.

    Raises:
        ValueError: The covariate does not vary within the arms, or there are fewer than four units.
    """
    units = len(values[0]) + len(values[1])
    if units < 4:
        raise ValueError("a common slope needs four units")
    slope, middle = theta_within(values, covariate), _middle(covariate)
    offs = [x - x.mean() for x in covariate]
    spread = sum(float(off @ off) for off in offs)
    residuals = [y - y.mean() - slope * off for y, off in zip(values, offs, strict=True)]
    leverages = [1 / len(off) + np.square(off) / spread for off in offs]
    # Weight of each unit, of either arm, in the value of an arm: all of them make the slope.
    shifts = [(middle - float(x.mean())) / spread for x in covariate]
    weights = [[shift * off + (1 / len(off) if arm == own else 0.0) for own, off in enumerate(offs)] for arm, shift in enumerate(shifts)]

    def product(one: int, other: int) -> float:
        return sum(_hc2(weights[one][k], residuals[k], leverages[k], weights[other][k]) for k in (0, 1))

    sd = math.sqrt(sum(float(one @ one) for one in residuals) / (units - 3))
    control, treatment = (
        Arm(float(y.mean()) + slope * (middle - float(x.mean())), product(k, k), units - 3, len(y), sd)
        for k, (x, y) in enumerate(zip(covariate, values, strict=True))
    )
    return control, treatment, product(0, 1)


def cuped_details(values: Column, covariate: Column, *, alpha: float) -> dict[str, Any]:
    """Every quantity of the adjustments, by name; only those that the data allow."""
    found: dict[str, Any] = {}
    raw = [mean_arm(one) for one in values]
    if why_no_interval(*raw) is None:
        gap = difference(*raw)
        found |= {"diff_raw": gap.value, "se_raw": gap.se, "p_raw": gap.p_value}
    for name, slope in (("theta_all", theta_pooled), ("theta_within", theta_within)):
        try:
            theta = slope(values, covariate)
            gap = difference(*(mean_arm(one) for one in adjusted(values, covariate, theta)))
        except ValueError:
            continue
        found |= {name: theta, f"diff_{name}": gap.value, f"se_{name}": gap.se, f"df_{name}": gap.df, f"p_{name}": gap.p_value}
        found[f"ci_{name}"] = list(gap.interval(alpha))
        if "se_raw" in found:
            found[f"variance_ratio_{name}"] = (gap.se / found["se_raw"]) ** 2
    together = np.concatenate(covariate), np.concatenate(values)
    if all(one.min() < one.max() for one in together):
        found["corr_pre_post"] = float(np.corrcoef(*together)[0, 1])
    try:
        control, treatment, covariance = ancova_arms(values, covariate)
        gap = difference(control, treatment, df=control.df, covariance=covariance)
        found |= {"diff_ancova": gap.value, "se_ancova_hc2": gap.se}
        gap = difference(*lin_arms(values, covariate))
        found |= {"diff_lin": gap.value, "se_lin_hc2": gap.se}
    except ValueError:
        pass
    return found
