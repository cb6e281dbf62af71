"""Units: weeks, money, shares, and the only conversions between rates and probabilities.

A *rate* is per week and may exceed 1, a *probability* lies in 0-1, a *share* is part of a whole. Money is held as
integers of 1/10,000 of the currency, so that sums are exact in any order.
"""

from __future__ import annotations

import math

MONEY = 10_000
"""Integer units in one unit of the currency."""

DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 365.25 / 7


def money(amount: float) -> int:
    """Amount of the currency as integer units, rounded half to even."""
    return round(amount * MONEY)


def currency(units: float) -> float:
    """Integer money units as an amount of the currency."""
    return units / MONEY


def probability(rate: float, weeks: float = 1.0) -> float:
    """Probability of at least one event in `weeks` at a constant `rate` per week."""
    return -math.expm1(-rate * weeks)


def rate(probability: float, weeks: float = 1.0) -> float:
    """Rate per week whose probability of an event within `weeks` is `probability` (< 1)."""
    return -math.log1p(-probability) / weeks


def hazard(probability: float) -> float:
    """Hazard that one exposure carries when it acts with `probability` (< 1)."""
    return -math.log1p(-probability)


def decay(half_life: float, weeks: float) -> float:
    """Share that is left after `weeks` when half is left after `half_life` weeks."""
    return 2.0 ** (-weeks / half_life)


def mean_decay(retained_per_week: float, weeks: float) -> float:
    """Mean of ``retained_per_week ** t`` over the first `weeks`: what a step of that length feels on average."""
    if retained_per_week <= 0.0:
        return 0.0
    if retained_per_week >= 1.0:
        return 1.0
    speed = -math.log(retained_per_week)
    return -math.expm1(-speed * weeks) / (speed * weeks)


def discount_factor(rate_per_year: float, weeks: float) -> float:
    """Present value of one unit of money that flows `weeks` from now."""
    return (1.0 + rate_per_year) ** (-weeks / WEEKS_PER_YEAR)
