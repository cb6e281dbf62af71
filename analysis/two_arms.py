"""Two independent arms, each with a value and its sampling variance: difference and relative difference with intervals.

Every method that ends in Student's t (means, adjusted means, ratios, clusters, strata) says what an `Arm` is and leaves
the rest to this file.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from .estimate import Estimate

NO_UNITS = "an arm has no units"
ONE_UNIT = "an arm has only one unit, which says nothing about spread"
NO_SPREAD = "the values do not vary within the arms"
CONTROL_NOT_POSITIVE = "control is not above 0: there is nothing to be relative to"
TREATMENT_NOT_POSITIVE = "treatment is not above 0, so its ratio to control has no logarithm: take relative: delta"
UNBOUNDED = "control is too close to 0 for its noise: the Fieller interval has no end"
LOG_UNBOUNDED = "control is too close to 0 for its noise: the log interval has no end"
MOST_LOG = 100.0
"""Logarithm of a ratio beyond which an interval says nothing."""


@dataclass(frozen=True)
class Arm:
    """What one arm tells about a quantity.

    Attributes:
        value: Point estimate.
        variance: Squared standard error of `value`; None where the data say nothing about it.
        df: Degrees of freedom of `variance`; infinite where it counts as known.
        n: Units.
        sd: Standard deviation of one unit; None where it means nothing.
    """

    value: float
    variance: float | None
    df: float
    n: int
    sd: float | None = None


@dataclass(frozen=True)
class Gap:
    """Treatment less control.

    Attributes:
        value: Point estimate.
        se: Standard error, above 0.
        df: Degrees of freedom of Student's t; infinite for the normal distribution.
    """

    value: float
    se: float
    df: float

    @property
    def statistic(self) -> float:
        """Difference in standard errors."""
        return self.value / self.se

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference."""
        return two_sided(self.statistic, self.df)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Interval of coverage 1 - alpha."""
        half = quantile(1 - alpha / 2, self.df) * self.se
        return self.value - half, self.value + half


def quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; normal for infinite `df`."""
    return float(ndtri(probability) if math.isinf(df) else stdtrit(df, probability))


def two_sided(statistic: float, df: float) -> float:
    """Probability of a statistic at least as far from 0; Student's t, normal for infinite `df`."""
    return float(2 * (ndtr(-abs(statistic)) if math.isinf(df) else stdtr(df, -abs(statistic))))


def satterthwaite(first: float, first_df: float, second: float, second_df: float) -> float:
    """Degrees of freedom of a sum of two independent variance estimates: (a + b)^2 / (a^2 / df_a + b^2 / df_b).

    Source: Satterthwaite (1946), Welch (1947).
    """
    shares = sum((one / (first + second)) ** 2 / df for one, df in ((first, first_df), (second, second_df)) if one)
    return 1 / shares if shares else math.inf


def mean_arm(values: np.ndarray) -> Arm:
    """Mean of independent units with variance s^2 / n and n - 1 degrees of freedom.

    Raises:
        ValueError: No units.
    """
    n = len(values)
    if not n:
        raise ValueError(NO_UNITS)
    mean = float(values.mean())
    if n == 1:
        return Arm(mean, None, math.inf, n)
    # Rounding leaves a constant column a variance that is not quite 0.
    variance = 0.0 if values.min() == values.max() else float(np.square(values - mean).sum()) / (n - 1)
    return Arm(mean, variance / n, n - 1, n, math.sqrt(variance))


def why_no_interval(control: Arm, treatment: Arm) -> str | None:
    """Why the difference of two arms has no interval; None where it has one."""
    if control.variance is None or treatment.variance is None:
        return ONE_UNIT
    return None if control.variance + treatment.variance > 0 else NO_SPREAD


def difference(control: Arm, treatment: Arm, *, df: float | None = None, covariance: float = 0.0) -> Gap:
    """Treatment less control with standard error sqrt(var_c + var_t - 2 cov).

    Args:
        control, treatment: The arms, whose variances are not both 0.
        df: Degrees of freedom; Welch's by default.
        covariance: Of the two values, where a common slope ties them.

    Raises:
        ValueError: There is no standard error; one sentence says why.
    """
    reason = why_no_interval(control, treatment)
    if reason or control.variance is None or treatment.variance is None:
        raise ValueError(reason)
    if df is None:
        df = satterthwaite(control.variance, control.df, treatment.variance, treatment.df)
    return Gap(treatment.value - control.value, math.sqrt(control.variance + treatment.variance - 2 * covariance), df)


def relative_log(control: Arm, treatment: Arm, *, df: float | None = None, covariance: float = 0.0) -> Gap:
    """Logarithm of treatment over control, with standard error sqrt(var_c / c^2 + var_t / t^2 - 2 cov / (c t)).

    Degrees of freedom are Welch's on the relative variances unless given. `math.expm1` of its value and interval is the
    relative difference: the interval never falls below -1 and does not depend on which arm stands below.

    Raises:
        ValueError: An arm is not above 0, or nothing is known about its spread.
    """
    if control.value <= 0:
        raise ValueError(CONTROL_NOT_POSITIVE)
    if treatment.value <= 0:
        raise ValueError(TREATMENT_NOT_POSITIVE)
    below, above = (Arm(math.log(one.value), _over(one), one.df, one.n) for one in (control, treatment))
    return difference(below, above, df=df, covariance=covariance / (control.value * treatment.value))


def log_ends(gap: Gap, *, alpha: float) -> tuple[float, float]:
    """Interval of the relative difference from that of its logarithm.

    Raises:
        ValueError: The upper end lies beyond any number.
    """
    low, high = gap.interval(alpha)
    if high > MOST_LOG:
        raise ValueError(LOG_UNBOUNDED)
    return math.expm1(low), math.expm1(high)


def _over(arm: Arm) -> float | None:
    return None if arm.variance is None else arm.variance / arm.value**2


def relative_delta(control: Arm, treatment: Arm, *, df: float | None = None, covariance: float = 0.0) -> Gap:
    """Relative difference r = t / c - 1 with standard error sqrt(var_t + (t / c)^2 var_c - 2 (t / c) cov) / c (delta method).

    Degrees of freedom are those of the absolute difference. Its p-value is not that of the absolute difference.

    Raises:
        ValueError: Control is not above 0, or nothing is known about the spread.
    """
    if control.value <= 0:
        raise ValueError(CONTROL_NOT_POSITIVE)
    df = difference(control, treatment, df=df, covariance=covariance).df
    ratio = treatment.value / control.value
    variance = (treatment.variance or 0.0) + ratio**2 * (control.variance or 0.0) - 2 * ratio * covariance
    if variance <= 0:
        raise ValueError(NO_SPREAD)
    return Gap(ratio - 1, math.sqrt(variance) / control.value, df)


def relative_fieller(
    control: Arm, treatment: Arm, *, alpha: float, df: float | None = None, covariance: float = 0.0
) -> tuple[float, float]:
    """Interval of the relative difference: the r for which t - (1 + r) c is not significantly different from 0.

    Solves (c^2 - q^2 var_c) R^2 - 2 (c t - q^2 cov) R + t^2 - q^2 var_t = 0 for R = 1 + r with q the quantile of Student's t.

    Raises:
        ValueError: Control is not above 0, nothing is known about the spread, or control is not significantly above 0.

    Source: Fieller (1954).
    """
    if control.value <= 0:
        raise ValueError(CONTROL_NOT_POSITIVE)
    df = difference(control, treatment, df=df, covariance=covariance).df
    square = quantile(1 - alpha / 2, df) ** 2
    bend = control.value**2 - square * (control.variance or 0.0)
    if bend <= 0:
        raise ValueError(UNBOUNDED)
    middle = control.value * treatment.value - square * covariance
    # With bend > 0 the roots are real (Fieller); rounding may leave a tiny negative.
    root = math.sqrt(max(0.0, middle**2 - bend * (treatment.value**2 - square * (treatment.variance or 0.0))))
    return (middle - root) / bend - 1, (middle + root) / bend - 1


def arm_estimate(arm: Arm, *, alpha: float, method: str, estimand: str, assumptions: tuple[str, ...]) -> Estimate:
    """The metric in one arm, with a Student t interval."""
    reason = ONE_UNIT if arm.variance is None else NO_SPREAD if not arm.variance else None
    interval = None if reason else Gap(arm.value, math.sqrt(arm.variance or 0.0), arm.df).interval(alpha)
    return Estimate(arm.value, interval, method, estimand, arm.n, assumptions, arm.sd, reason)


def relative_estimate(
    control: Arm,
    treatment: Arm,
    *,
    alpha: float,
    how: str,
    df: float | None,
    covariance: float,
    estimand: str,
    assumptions: tuple[str, ...],
) -> Estimate:
    """Relative difference with a `log`, `delta` or `fieller` interval, or the reason why there is none."""
    n = control.n + treatment.n
    method = {"log": "log ratio", "delta": "delta method", "fieller": "Fieller"}[how]
    if control.value <= 0:
        return Estimate(None, None, method, estimand, n, assumptions, reason=CONTROL_NOT_POSITIVE)
    value = treatment.value / control.value - 1
    try:
        if how == "log":
            # Welch's degrees of freedom are recomputed on the relative variances; others are kept.
            low, high = log_ends(relative_log(control, treatment, df=df, covariance=covariance), alpha=alpha)
        elif how == "delta":
            low, high = relative_delta(control, treatment, df=df, covariance=covariance).interval(alpha)
        else:
            low, high = relative_fieller(control, treatment, alpha=alpha, df=df, covariance=covariance)
    except ValueError as error:
        return Estimate(value, None, method, estimand, n, assumptions, reason=str(error))
    return Estimate(value, (low, high), method, estimand, n, assumptions)


def relative_details(control: Arm, treatment: Arm, *, alpha: float) -> dict[str, Any]:
    """Every quantity of the relative difference, by name; only those that the data allow."""
    if control.value <= 0:
        return {}
    found: dict[str, Any] = {"rel_lift": treatment.value / control.value - 1}
    with suppress(ValueError):
        delta = relative_delta(control, treatment)
        found |= {"rel_se_delta": delta.se, "rel_ci_delta_t": list(delta.interval(alpha)), "rel_p_delta_t": delta.p_value}
    with suppress(ValueError):
        found["rel_ci_log_t"] = list(log_ends(relative_log(control, treatment), alpha=alpha))
    with suppress(ValueError):
        found["rel_ci_fieller_t"] = list(relative_fieller(control, treatment, alpha=alpha))
    return found
