"""The effect week by week: whether it fades with its novelty or builds up with habit and word of mouth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .estimators.estimator import Sample
from .estimators.mean import Mean
from .plan import Metric
from .rows import Rows
from .two_arms import Gap

FEWEST = 3
"""Weeks below which nothing can be called a trend."""
MOST = 520
"""More different values are no weeks."""


@dataclass(frozen=True)
class WeekEffect:
    """One week.

    Attributes:
        week: As the data number it.
        difference: Mean of treatment less that of control among the rows of the week; None where an arm has none.
        interval: Of coverage 1 - alpha; None where refused.
        n: Rows of both arms.
    """

    week: float
    difference: float | None
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class WeekEffects:
    """One metric in one arm over the weeks.

    Attributes:
        weeks: Effects in order.
        mean: Mean of the weekly effects.
        slope: Change of the effect per week, least squares over the weekly effects.
        p_value: Two-sided, of no change, robust to units (or clusters) with several rows; None where there are too few weeks or units.
    """

    weeks: tuple[WeekEffect, ...]
    mean: float
    slope: float
    p_value: float | None


def effects_by_week(rows: Rows, metric: Metric, arm: int, *, alpha: float) -> WeekEffects | None:
    """Effects of one arm by week; None where the metric has no value of its own each row, or there are not two weeks.

    Args:
        rows: The data, with weeks.
        metric: A mean or a proportion.
        arm: Number of the treatment arm.
        alpha: Two-sided level of each week's interval.
    """
    if rows.week is None or metric.kind not in ("mean", "proportion"):
        return None
    plain = Metric("mean", {"value": metric.columns["value"]})
    parts = [_arm(rows, plain, at) for at in (0, arm)]
    numbers = np.unique(np.concatenate([week for _, week, _ in parts]))
    numbers = numbers[~np.isnan(numbers)]
    if not 2 <= len(numbers) <= MOST:
        return None
    found: list[WeekEffect] = []
    for number in numbers:
        samples = [
            Sample({"value": value[week == number]}, None if codes is None else codes[week == number]) for value, week, codes in parts
        ]
        contrast = Mean().contrast(*samples, alpha=alpha)
        found.append(WeekEffect(float(number), contrast.difference.value, contrast.difference.interval, contrast.difference.n))
    known = np.array([one.week for one in found if one.difference is not None])
    effects = np.array([one.difference for one in found if one.difference is not None])
    if len(known) < 2:
        return None
    weights = (known - known.mean()) / np.square(known - known.mean()).sum()
    slope = float(weights @ effects)
    p_value = None
    if len(known) >= FEWEST:
        variances = [_slope_variance(*part, known, weights) for part in parts]
        if all(one is not None for one in variances) and sum(one[0] for one in variances if one) > 0.0:
            gap = Gap(slope, math.sqrt(sum(one[0] for one in variances if one)), min(one[1] for one in variances if one))
            p_value = gap.p_value
    return WeekEffects(tuple(found), float(effects.mean()), slope, p_value)


def _arm(rows: Rows, metric: Metric, arm: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Values, weeks and clusters of the rows of an arm that have the first two."""
    value, part = rows.numbers[metric.columns["value"]][rows.part(arm)], rows.part(arm)
    week = np.empty(0) if rows.week is None else rows.week[part]
    keep = ~(np.isnan(value) | np.isnan(week))
    return value[keep], week[keep], None if rows.cluster is None else rows.cluster[part][keep]


def _slope_variance(
    value: np.ndarray, week: np.ndarray, cluster: np.ndarray | None, known: np.ndarray, weights: np.ndarray
) -> tuple[float, float] | None:
    """Variance of an arm's part of the slope, and its degrees of freedom: the sandwich over units, or clusters, of all their rows.

    The slope is the sum over rows of weight(week) / rows of the arm in the week times the value; a unit's rows go together.

    Source: Liang & Zeger (1986).
    """
    place = np.searchsorted(known, week)
    inside = (place < len(known)) & (known[np.minimum(place, len(known) - 1)] == week)
    value, place = value[inside], place[inside]
    counts = np.bincount(place, minlength=len(known))
    means = np.bincount(place, weights=value, minlength=len(known)) / np.maximum(counts, 1)
    parts = weights[place] / counts[place] * (value - means[place])
    if cluster is not None:
        parts = np.bincount(np.unique(cluster[inside], return_inverse=True)[1], weights=parts)
    groups = len(parts)
    return (float(np.square(parts).sum()) * groups / (groups - 1), groups - 1.0) if groups > 1 else None
