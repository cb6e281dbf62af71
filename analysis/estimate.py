"""An estimate: a number with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """What the data say about one quantity, how it was found out, and how sure that is.

    Attributes:
        value: Point estimate; None where refused.
        interval: Lower and upper end of the interval, in the unit of `value`; None where refused, or where one
            observation says nothing about spread.
        method: How value and interval were computed.
        estimand: What is estimated, in words of the domain.
        n: Observations that the estimate rests on.
        assumptions: What must hold for the interval to mean what it says, one sentence each.
        sd: Standard deviation of one observation, in the unit of `value`; None where it means nothing.
        reason: Why value or interval is None; None where nothing is missing.
    """

    value: float | None
    interval: tuple[float, float] | None
    method: str
    estimand: str
    n: int
    assumptions: tuple[str, ...] = ()
    sd: float | None = None
    reason: str | None = None
