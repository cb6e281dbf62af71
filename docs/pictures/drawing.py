"""How the pictures of the components look: as the charts of the report, with labels beside what they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from images.make import standing_alone
from matplotlib.axes import Axes

from regulars.analysis.report import charts
from regulars.analysis.report.charts import BLUE, GREEN, GRID, INK, ORANGE, QUIET, SKY, VERMILION, WASH

__all__ = [
    "BLUE", "GREEN", "GRID", "INK", "ORANGE", "QUIET", "SKY", "VERMILION", "WASH",
    "band", "drawn", "head", "line", "note", "percent", "spelled",
]  # fmt: skip

WIDTH, HEIGHT = 400.0, 230.0  # points
LEFT, BOTTOM, TOP, RIGHT = 46.0, 36.0, 28.0, 12.0


def drawn(picture: Callable[[Axes], str], title: str) -> str:
    """What a function draws, as the text of an SVG file."""
    with charts.drawing():
        figure = charts.empty_figure(HEIGHT)
        axes = figure.add_axes((LEFT / WIDTH, BOTTOM / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, (HEIGHT - BOTTOM - TOP) / HEIGHT))
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.locator_params(nbins=6)
        told = picture(axes)
        return standing_alone(charts.as_svg(figure, title, spelled(told))) + "\n"


def head(axes: Axes, y: str, x: str) -> None:
    """What stands on both axes: that of the upright one above it, where it reads without turning the head."""
    axes.annotate(y, (0.0, 1.0), xycoords="axes fraction", xytext=(-LEFT + 6, 10), textcoords="offset points", ha="left", va="bottom",
                  fontweight="bold")  # fmt: skip
    axes.set_xlabel(x, labelpad=3)


def line(
    axes: Axes, x: Any, y: Any, label: str, color: str, *, at: int = -1, shift: tuple[float, float] = (0.0, 6.0), ha: str = "right",
    dashed: bool = False, steps: bool = False, marker: str = "",
) -> None:  # fmt: skip
    """A course with its name beside one of its points; shift in points."""
    axes.plot(
        x, y, color=color, linewidth=2.0, linestyle=(0, (5, 2.5)) if dashed else "-", drawstyle="steps-post" if steps else "default",
        marker=marker, markersize=5,
    )  # fmt: skip
    if label:
        note(axes, np.asarray(x)[at], np.asarray(y)[at], label, color=color, shift=shift, ha=ha)


def note(
    axes: Axes, x: float, y: float, words: str, *, color: str = QUIET, shift: tuple[float, float] = (0.0, 0.0), ha: str = "left",
    va: str | None = None, strong: bool = True,
) -> None:  # fmt: skip
    """Words beside a point."""
    axes.annotate(
        spelled(words), (float(x), float(y)), xytext=shift, textcoords="offset points", ha=ha,
        va=va or ("bottom" if shift[1] > 0 else "top" if shift[1] < 0 else "center"),
        color=INK if color == SKY else color, fontweight="bold" if strong else "normal", fontsize=9.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}, zorder=5,
    )  # fmt: skip


def spelled(words: str) -> str:
    """Numbers as the pages print them: a minus sign, and a space before the percent sign."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "\u2212", re.sub(r"(?<=\d)%", " %", words))


def band(axes: Axes, x: Any, runs: Sequence[Any], color: str) -> np.ndarray:
    """The mean of replications with its 95 % interval shaded; the mean."""
    values = np.asarray(runs, float)
    mean = values.mean(axis=0)
    error = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    axes.fill_between(x, mean - error, mean + error, color=color, alpha=0.25, linewidth=0)
    return mean


def percent(axes: Axes, *, signed: bool = False) -> None:
    """The upright axis in percent of shares."""

    def told(value: float, _: Any) -> str:
        text = f"{100 * value:+g}" if signed and round(value, 9) else f"{100 * value:g}"
        return text.replace("-", "\u2212") + " %"

    axes.yaxis.set_major_formatter(told)
