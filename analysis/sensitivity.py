"""What drives the answer: one parameter at a time from end to end of its range, and where the answer turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any, Literal

NO_SIGN_CHANGE = "no sign change in range"


@dataclass(frozen=True)
class Outcome:
    """What a program is worth at one setting.

    Attributes:
        profit: Mean incremental discounted profit, money.
        roi: Return on incremental program cost as a fraction; None where nothing more is spent.
    """

    profit: float
    roi: float | None


@dataclass(frozen=True)
class Factor:
    """A parameter that nobody knows exactly.

    Attributes:
        path: Dotted path in the scenario, also what the result table calls it.
        unit: Unit of its values.
        default: Value that the answer was computed with.
        low: Lower end of its range; None for a switch.
        high: Upper end of its range; None for a switch.
        source: Where the range comes from, or "assumed".
        alternatives: Settings of a switch, with or without the default; empty for a number.
        whole: True where only whole numbers have a meaning.
    """

    path: str
    unit: str
    default: Any
    low: float | None
    high: float | None
    source: str
    alternatives: tuple[Any, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Swing:
    """One row of the sensitivity table: what a parameter does to the answer, all others at their defaults.

    Attributes:
        path: Dotted path of the parameter.
        unit: Unit of its values.
        default: Value that the answer was computed with.
        low: Lower end of the range; of a switch, the setting with the lowest profit.
        high: Upper end of the range; of a switch, the setting with the highest profit.
        profit_default: Incremental discounted profit at `default`, on the same luck as all others of the table, money.
        roi_default: Return on cost at `default`; None where nothing more is spent.
        roi_low: Return on cost at `low`; None where nothing more is spent.
        roi_high: Return on cost at `high`; None where nothing more is spent.
        profit_low: Incremental discounted profit at `low`, money.
        profit_high: Incremental discounted profit at `high`, money.
        switching_value: Value at which profit and return on cost change sign; of a switch, the first setting with the
            other sign; None where there is none.
        switching_reason: Why there is no switching value; None where there is one.
        swing: Highest less lowest profit of the row, the default included, money.
        source: Where the range comes from, or "assumed".
        kind: "number" or "switch".
    """

    path: str
    unit: str
    default: Any
    low: Any
    high: Any
    profit_default: float
    roi_default: float | None
    roi_low: float | None
    roi_high: float | None
    profit_low: float
    profit_high: float
    switching_value: Any
    switching_reason: str | None
    swing: float
    source: str
    kind: Literal["number", "switch"]


@dataclass(frozen=True)
class Switching:
    """Where profit changes sign along one parameter.

    Attributes:
        value: The switching value; None where profit keeps its sign.
        between: Values around it at which profit was computed and has different signs; None without a switching value.
        evaluations: Calls that the search made.
        reason: Why there is none; None where there is one.
    """

    value: float | None
    between: tuple[float, float] | None
    evaluations: int
    reason: str | None


def one_at_a_time(
    factors: Sequence[Factor], evaluate: Callable[[str, Any], Outcome], default: Outcome, *, searches: int = 6
) -> list[Swing]:
    """Sensitivity table: each parameter at both ends of its range, the parameter that moves profit most first.

    Args:
        factors: Parameters and switches to vary.
        evaluate: Outcome with the parameter at a dotted path set to a value and all others at their defaults. Called
            twice for a number, once for each alternative of a switch, and in the search for a switching value.
        default: Outcome with everything at its default.
        searches: Most calls for one switching value; 0 interpolates between the ends and the default.

    Returns:
        One row a factor, by falling swing, then by path.

    Raises:
        ValueError: A profit is not finite, or the range of a number lacks an end or does not hold its default.
    """
    rows = [_switch(one, evaluate, default) if one.alternatives else _number(one, evaluate, default, searches) for one in factors]
    return sorted(rows, key=lambda row: (-row.swing, row.path))


def switching_value(
    evaluate: Callable[[float], float],
    points: Sequence[tuple[float, float]],
    *,
    near: float,
    at_most: int = 6,
    tolerance: float = 1e-3,
    whole: bool = False,
) -> Switching:
    """Where profit changes sign along one parameter, by a secant search that never leaves its bracket.

    Regula falsi with the Illinois correction, and bisection where two steps have not halved the bracket. Profit under
    common random numbers is a step function of some parameters, so the bracket is told beside the value.

    Args:
        evaluate: Profit at a value of the parameter, money.
        points: (value, profit) pairs already known, two or more, by rising value.
        near: Of several sign changes between known points the one nearest to this value is refined: the default.
        at_most: Most calls of `evaluate`.
        tolerance: Bracket width at which the search ends, as a fraction of the range of `points`.
        whole: Only whole numbers have a meaning; the switching value is then the end of the bracket farther from `near`.

    Returns:
        Switching value, linear between the ends of the last bracket.

    Raises:
        ValueError: Fewer than two points, values that do not rise, or a profit that is not finite.

    Source: Dowell & Jarratt (1971), "A modified regula falsi method for computing the root of an equation", BIT 11.
    """
    _check(points)
    brackets = [(a, b) for a, b in pairwise(points) if (a[1] < 0.0) != (b[1] < 0.0)]
    if not brackets:
        return Switching(None, None, 0, NO_SIGN_CHANGE)
    ends = list(min(brackets, key=lambda pair: abs(_root(*pair) - near)))
    least = max(tolerance * (points[-1][0] - points[0][0]), 1.0 if whole else 0.0)
    # Illinois: the height of an end that stays twice is halved, or the secant would creep up from one side.
    heights = [profit for _, profit in ends]
    widths, moved = [_width(ends)], None
    while len(widths) <= at_most and widths[-1] > least:
        middle = 0.5 * (ends[0][0] + ends[1][0])
        x = _root((ends[0][0], heights[0]), (ends[1][0], heights[1]))
        if (len(widths) > 2 and widths[-1] > 0.5 * widths[-3]) or not ends[0][0] < x < ends[1][0]:
            x = middle
        if whole:
            x = min(max(float(round(x)), ends[0][0] + 1.0), ends[1][0] - 1.0)
        profit = float(evaluate(x))
        _check([(x, profit)])
        side = 0 if (profit < 0.0) == (ends[0][1] < 0.0) else 1
        ends[side], heights[side] = (x, profit), profit
        if side == moved:
            heights[1 - side] *= 0.5
        moved = side
        widths.append(_width(ends))
    (left, _), (right, _) = ends
    value = max(left, right, key=lambda end: abs(end - near)) if whole else _root(ends[0], ends[1])
    return Switching(value, (left, right), len(widths) - 1, None)


def _number(factor: Factor, evaluate: Callable[[str, Any], Outcome], default: Outcome, searches: int) -> Swing:
    """The row of a number."""
    if factor.low is None or factor.high is None or not factor.low <= factor.default <= factor.high:
        raise ValueError(f"{factor.path}: range {factor.low} to {factor.high} must hold the default {factor.default}")
    low, high = (default if end == factor.default else evaluate(factor.path, end) for end in (factor.low, factor.high))
    known = {float(factor.low): low.profit, float(factor.default): default.profit, float(factor.high): high.profit}
    found = Switching(None, None, 0, NO_SIGN_CHANGE)
    if len(known) > 1:

        def profit(value: float) -> float:
            return evaluate(factor.path, int(value) if factor.whole else value).profit

        found = switching_value(profit, sorted(known.items()), near=float(factor.default), at_most=searches, whole=factor.whole)
    return Swing(
        path=factor.path,
        unit=factor.unit,
        default=factor.default,
        low=factor.low,
        high=factor.high,
        profit_default=default.profit,
        roi_default=default.roi,
        roi_low=low.roi,
        roi_high=high.roi,
        profit_low=low.profit,
        profit_high=high.profit,
        switching_value=found.value,
        switching_reason=found.reason,
        swing=max(known.values()) - min(known.values()),
        source=factor.source,
        kind="number",
    )


def _switch(factor: Factor, evaluate: Callable[[str, Any], Outcome], default: Outcome) -> Swing:
    """The row of a switch: its worst and its best setting."""
    others = [one for one in factor.alternatives if one != factor.default]
    settings = [(factor.default, default), *((one, evaluate(factor.path, one)) for one in others)]
    _check([(float(at), outcome.profit) for at, (_, outcome) in enumerate(settings)])
    worst = min(settings, key=lambda setting: setting[1].profit)
    # The last of equals, so that a switch without effect still shows both of its settings.
    best = max(reversed(settings), key=lambda setting: setting[1].profit)
    turned = [value for value, outcome in settings if (outcome.profit < 0.0) != (default.profit < 0.0)]
    return Swing(
        path=factor.path,
        unit=factor.unit,
        default=factor.default,
        low=worst[0],
        high=best[0],
        profit_default=default.profit,
        roi_default=default.roi,
        roi_low=worst[1].roi,
        roi_high=best[1].roi,
        profit_low=worst[1].profit,
        profit_high=best[1].profit,
        switching_value=turned[0] if turned else None,
        switching_reason=None if turned else NO_SIGN_CHANGE,
        swing=best[1].profit - worst[1].profit,
        source=factor.source,
        kind="switch",
    )


def _root(left: tuple[float, float], right: tuple[float, float]) -> float:
    """Where the line through two points of different sign crosses 0."""
    return left[0] - left[1] * (right[0] - left[0]) / (right[1] - left[1])


def _width(ends: Sequence[tuple[float, float]]) -> float:
    """How far apart the ends of a bracket are."""
    return ends[1][0] - ends[0][0]


def _check(points: Sequence[tuple[float, float]]) -> None:
    """Refuse profits that are no numbers, and values out of order."""
    if not all(isfinite(value) and isfinite(profit) for value, profit in points):
        raise ValueError(f"profit must be finite at every value: {points}")
    if any(a[0] >= b[0] for a, b in pairwise(points)):
        raise ValueError(f"values must rise: {points}")
