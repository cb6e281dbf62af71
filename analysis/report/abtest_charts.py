"""Drawings of a test's report, as elements that stand inside the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..weeks import WeekEffects
from .charts import BLUE, EDGE, GRID, INK, ROW, SKY, VERMILION, WIDTH, as_svg, brief, drawing, empty_figure, row_label, short
from .words import MINUS, SPACE, number

FOOT = 30.0
"""Points below the last row, for the axis."""
MOST_ROWS = 14
"""Comparisons that are drawn; the table has all."""


@dataclass(frozen=True)
class Effect:
    """One row of the forest.

    Attributes:
        name: What was compared.
        value: Relative effect, as a fraction.
        interval: Its interval.
        said: Both in words.
    """

    name: str
    value: float
    interval: tuple[float, float]
    said: str


def forest(effects: Sequence[Effect]) -> str:
    """Relative effects with their intervals, one under the other; empty where none has an interval."""
    rows = [one for one in effects if all(math.isfinite(end) for end in one.interval)][:MOST_ROWS]
    if not rows:
        return ""
    height = len(rows) * ROW + FOOT
    with drawing():
        figure = empty_figure(height)
        axes = figure.add_axes((EDGE / WIDTH, FOOT / height, (WIDTH - 2 * EDGE) / WIDTH, len(rows) * ROW / height))
        ends = [100 * end for one in rows for end in one.interval] + [0.0]
        pad = 0.04 * ((max(ends) - min(ends)) or 1.0)
        axes.set_xlim(min(ends) - pad, max(ends) + pad)
        axes.set_ylim(len(rows), 0)
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=5)
        axes.tick_params(length=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}{SPACE}%".replace("-", MINUS))
        for at, one in enumerate(rows):
            axes.plot([0.0, 0.0], [at + 0.46, at + 0.94], color=INK, linewidth=1.1, zorder=1)
            low, high = (100 * end for end in one.interval)
            clear = low > 0.0 or high < 0.0
            axes.plot([low, high], [at + 0.7, at + 0.7], color=BLUE if clear else SKY, linewidth=3.0, solid_capstyle="butt", zorder=2)
            axes.plot([100 * one.value], [at + 0.7], marker="o", markersize=6, color=BLUE, zorder=3)
            row_label(axes, at, short(one.name, 44), one.said)
        told = "; ".join(f"{one.name}: {one.said}" for one in rows)
        return as_svg(figure, "Relative effects", f"{told}.")


def by_week(name: str, effects: WeekEffects, threshold: float | None) -> str:
    """The effect in each week with its interval, and the difference from which a roll-out pays."""
    there = [one for one in effects.weeks if one.difference is not None]
    if len(there) < 2:
        return ""
    height = 210.0
    with drawing():
        figure = empty_figure(height)
        axes = figure.add_axes((46 / WIDTH, 36 / height, (WIDTH - 46 - EDGE) / WIDTH, (height - 36 - 24) / height))
        weeks, values = [one.week for one in there], [one.difference or 0.0 for one in there]
        axes.axhline(0.0, color=INK, linewidth=1.0)
        for one in there:
            if one.interval is not None and all(math.isfinite(end) for end in one.interval):
                axes.plot([one.week, one.week], one.interval, color=SKY, linewidth=3.0, solid_capstyle="butt")
        axes.plot(weeks, values, color=BLUE, linewidth=1.6, marker="o", markersize=4, label="effect of the week")
        if threshold is not None:
            axes.axhline(threshold, color=VERMILION, linewidth=1.2, linestyle=(0, (4, 3)), label="from here a roll-out pays")
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel("week", labelpad=2)
        axes.tick_params(length=0)
        axes.yaxis.set_major_formatter(lambda value, _: brief(value))
        axes.locator_params(nbins=6)
        axes.margins(x=0.03, y=0.12)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncol=2, borderpad=0, handlelength=1.4, columnspacing=1.2)
        told = ", ".join(f"week {one.week:g} {number(one.difference, signed=True)}" for one in there)
        return as_svg(figure, f"Effect on {name} by week", f"{told}.")
