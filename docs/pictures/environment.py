"""Pictures of the environment."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from .drawing import BLUE, INK, QUIET, SKY, VERMILION, head, line, note, percent
from .markets import STAY, market, weekly


def returns(axes: Axes) -> str:
    """Of the orders of one week (20,000 customers), the share that has been repaid by the weeks after, at the default share of a
    tenth."""
    behaviors = {**STAY, "purchase": {"r": 50.0, "alpha": 50.0}}
    one = market(behaviors, weeks=14, customers=20_000, sections={"environment": {"returns": {"type": "returns", "share": 0.1}}})
    one.step()
    orders = weekly(one, "orders").sum()
    one.world.rates.clear()
    back = []
    for _ in range(13):
        one.world.customers.order_clock[:] = 1e9
        one.step()
        back.append(weekly(one, "orders_returned").sum() / orders)
    axes.bar(range(1, 14), back, color=SKY, width=0.75)
    axes.axhline(0.1, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
    note(axes, 13.4, 0.1, "share: 10 %", color=INK, shift=(0, 3), ha="right", strong=False)
    for week, share in enumerate(back[:3], 1):
        note(axes, week, share, f"{share:.1%}", color=BLUE, shift=(0, 2), ha="center")
    axes.set_xticks(range(1, 14))
    axes.set_ylim(0.0, 0.125)
    percent(axes)
    head(axes, "orders repaid", "weeks after the order")
    return f"{back[1]:.1%} of the orders are repaid after two weeks and {back[-1]:.1%} in the end."


def seasonality(axes: Axes) -> str:
    """Orders a week of 20,000 customers with a peak before the holidays (week 50, +80 %) and a small one in spring, and without, on the
    same luck. Peaks are at the expense of the other weeks: the year has the same orders."""
    peaks = {"spring": {"week": 14, "height": 0.3, "width": 2.0}, "holidays": {"week": 50, "height": 0.8, "width": 2.0}}
    year = {"environment": {"year": {"type": "seasonality", "peaks": peaks}}}
    weeks = np.arange(1, 53)
    mine, other = (weekly(market(STAY, weeks=52, customers=20_000, sections=sections).run(), "orders") for sections in (year, {}))
    line(axes, weeks, other, "without seasons", VERMILION, at=30, shift=(0, 10), dashed=True, ha="center")
    line(axes, weeks, mine, "with seasons", BLUE, at=49, shift=(-16, -4))
    note(axes, 32, 0.5 * mine.min(), f"orders of the year: {mine.sum() / other.sum() - 1:+.1%}", color=QUIET, ha="center", strong=False)
    axes.set_ylim(bottom=0.0)
    head(axes, "orders a week", "week of the year")
    return f"Orders peak at {mine.max():,.0f} a week against {other.mean():,.0f} without seasons; the sum of the year is the same."
