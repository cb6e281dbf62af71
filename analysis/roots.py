"""Where a function crosses 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import optimize


def crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """The point between `low` and `high` at which a continuous function is 0, to twelve digits (Brent's method).

    Raises:
        ValueError: The function has the same sign at both ends.
    """
    brent: Any = optimize.brentq  # Its stub allows for a second result that is not asked for.
    return float(brent(function, low, high, xtol=1e-13, rtol=1e-13))
