"""What others claim beside what a simulation finds, in the same reading.

Arrays hold one row per replication; row k of a scenario and row k of its baseline met the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

READINGS = ("relative", "points", "level", "to_multiple", "by_multiple")
"""Fractional change, change in the KPI's own unit, the KPI itself, to and by a multiple of the baseline."""

# An interval from the few draws left would pass for the whole truth.
MOST_LEFT_OUT = 0.5


@dataclass(frozen=True)
class Simulated:
    """A KPI in one reading.

    Attributes:
        value: Of the mean over replications; None where it has no meaning, such as a multiple of nothing.
        ci95: Student t interval by luck; None for one replication.
        ci95_all: Holds 95 % of draws of uncertain parameters and luck; None without draws.
    """

    value: float | None
    ci95: tuple[float, float] | None = None
    ci95_all: tuple[float, float] | None = None


def simulated(reading: str, baseline: ArrayLike, other: ArrayLike) -> Simulated:
    """What a claim's reading comes to in the simulation, with its interval by luck.

    With means B and S of baseline and scenario: points S - B, level S, to_multiple S / B, by_multiple and relative
    (S - B) / |B|. Ratios are of means, their intervals by the delta method.

    Args:
        reading: One of `READINGS`.
        baseline: KPI of the baseline, shape (R,), R >= 1; not a number where a replication has none.
        other: KPI of the scenario, shape (R,), paired with `baseline` row by row.

    Raises:
        ValueError: No such reading, or shapes differ.

    Source: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3 (variance of a ratio of means).
    """
    base, arm = np.asarray(baseline, float), np.asarray(other, float)
    if reading not in READINGS:
        raise ValueError(f"reading must be one of {', '.join(READINGS)}, not {reading!r}")
    if base.shape != arm.shape or base.ndim != 1:
        raise ValueError(f"baseline and other must be paired rows, not of shapes {base.shape} and {arm.shape}")
    has = np.isfinite(arm) if reading == "level" else np.isfinite(arm) & np.isfinite(base)
    base, arm = base[has], arm[has]
    if not len(arm):
        return Simulated(None)
    if reading in ("level", "points"):
        rows = arm if reading == "level" else arm - base
        value, spread = float(rows.mean()), rows
    else:
        start = float(base.mean())
        if start == 0.0 or (reading == "to_multiple" and start < 0.0):
            return Simulated(None)
        ratio = float(arm.mean()) / start
        value = ratio if reading == "to_multiple" else float((arm - base).mean()) / abs(start)
        # Linearized: what one replication adds to the ratio.
        spread = (arm - ratio * base) / abs(start)
    n = len(arm)
    if n == 1:
        return Simulated(value)
    half = float(stdtrit(n - 1, 0.975) * spread.std(ddof=1) / np.sqrt(n))
    return Simulated(value, (value - half, value + half))


def over_draws(reading: str, baseline: ArrayLike, other: ArrayLike) -> tuple[float, float] | None:
    """The middle 95 % of a reading over joint draws, each a market of its own; None where too few draws have it.

    Args:
        reading: One of `READINGS`.
        baseline: KPI of the baseline, one a draw; not a number where a draw has none.
        other: KPI of the scenario, one a draw.
    """
    base, arm = np.asarray(baseline, float), np.asarray(other, float)
    found = [one.value for one in (simulated(reading, base[at : at + 1], arm[at : at + 1]) for at in range(len(arm)))]
    values = [one for one in found if one is not None]
    if not values or len(values) < (1.0 - MOST_LEFT_OUT) * len(found):
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def verdict(claimed: float, found: Simulated, bound: str = "exact") -> str:
    """Whether a claim lies within what the model gives: `within`, `above` or `below` it, or `unknown`.

    A bound is `kept` where the whole interval keeps it, `broken` where none of it does, and else `open`.

    The interval is that over draws where there is one, else that by luck.

    Args:
        claimed: The value claimed.
        found: The same reading in the simulation.
        bound: `exact`, or `at_least` or `at_most`.
    """
    interval = found.ci95_all or found.ci95
    if found.value is None or interval is None:
        return "unknown"
    # Sums of decimal fractions leave rounding behind, which is no difference.
    slack = 1e-9 * max(1.0, abs(claimed))
    over, under = claimed > interval[1] + slack, claimed < interval[0] - slack
    if bound == "exact":
        return "above" if over else "below" if under else "within"
    if over or under:
        return "kept" if over == (bound == "at_most") else "broken"
    touches = claimed >= interval[1] - slack if bound == "at_most" else claimed <= interval[0] + slack
    return "kept" if touches else "open"
