"""Units: weeks, money, shares, and the only conversions between rates and probabilities.

A *rate* is per week and may exceed 1, a *probability* lies in 0-1, a *share* is part of a whole. Money is held as
integers of 1/10,000 of the currency, so that sums are exact in any order.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import overload

import numpy as np

MONEY = 10_000
"""Integer units in one unit of the currency."""

DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 365.25 / 7


def money(amount: float) -> int:
    """Amount of the currency as integer units, rounded half to even."""
    return round(amount * MONEY)


@overload
def charge(counts: np.ndarray, cost: float) -> np.ndarray: ...
@overload
def charge(counts: int, cost: float) -> int: ...
def charge(counts: np.ndarray | int, cost: float) -> np.ndarray | int:
    """Integer units that `counts` pieces cost at `cost` apiece, rounded half to even once and not by the piece.

    The cost is taken as the decimal number that people write, so that the result is exact for any cost and count.

    Args:
        counts: Pieces, int64 by segment or one integer.
        cost: Amount of the currency apiece.
    """
    units, pieces = _exact(float(cost))
    if not isinstance(counts, np.ndarray):
        return _nearest(counts * units, pieces)
    if pieces == 1:
        return counts * units
    return np.array([_nearest(count * units, pieces) for count in counts.tolist()], np.int64)


@lru_cache(maxsize=4096)
def _exact(cost: float) -> tuple[int, int]:
    """Integer units of money, and pieces that cost so many."""
    unit = Fraction(repr(cost)) * MONEY
    return unit.numerator, unit.denominator


def _nearest(part: int, whole: int) -> int:
    """part / whole, rounded half to even."""
    floor, rest = divmod(part, whole)
    return floor + (2 * rest > whole or (2 * rest == whole and floor % 2 == 1))


def payable(amount: float | None) -> float | None:
    """An amount that is paid piece by piece, which the books must be able to hold; None passes.

    Raises:
        ValueError: It is above 0 and below the least amount.
    """
    if amount is not None and 0.0 < amount < 1.0 / MONEY:
        raise ValueError(f"must be 0 or at least {1.0 / MONEY}: money is counted in such steps")
    return amount


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
