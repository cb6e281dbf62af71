"""Charts of the planner's answer, as SVG that scales with its page and loads nothing.

Labels stand beside what they name; nothing is told by color alone. Every chart is as wide as a phone held upright makes
readable, and its text is text: it can be searched, copied and read aloud.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from .words import MINUS, SPACE, ends, known, money, number, percent, plain, profit, scenario_name, setting, span, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito (2008): told apart with every common kind of color vision.
BLUE, VERMILION, ORANGE, GREEN, SKY = "#0072B2", "#D55E00", "#E69F00", "#009E73", "#56B4E9"
INK, QUIET, GRID, WASH = "#1b2027", "#505a66", "#e3e7ec", "#eef1f5"

WIDTH, ROW, FOOT, EDGE = 400.0, 36.0, 34.0, 6.0  # points
LABEL, BAR = 0.30, 0.70  # Where in a row its words and its bar stand.
MOST_ROWS = 10
ONE_AT_A_TIME = threading.Lock()
REFERENCE = re.compile(r"(url\(#)")
LONG = re.compile(r"-?\d+\.\d{3,}")


def overview(document: Mapping[str, Any], currency: str) -> str:
    """Incremental discounted profit of each scenario with its interval, best first."""
    told = []
    for row in document.get("scenarios") or []:
        gain = profit(row)
        if known(gain.get("mean")) is not None:
            told.append((row, float(gain["mean"]), ends(gain.get("ci95"))))
    if not told:
        return ""
    told.sort(key=lambda one: -one[1])
    with drawing():
        figure, axes = _rows(len(told), [0.0, *(value for _, mean, ci in told for value in (mean, *(ci or ())))], currency)
        for at, (row, mean, interval) in enumerate(told):
            color = VERMILION if mean < 0 else BLUE
            if interval:
                axes.plot(interval, [at + BAR] * 2, color=color, linewidth=5, alpha=0.35, solid_capstyle="butt")
            axes.plot([mean], [at + BAR], marker="D" if mean < 0 else "o", markersize=7, color=color, linestyle="none")
            row_label(axes, at, f"{verdict(row, document).glyph} {short(scenario_name(row), 40)}", money(mean, currency, signed=True))
        words = [f"{scenario_name(row)}: {money(mean, currency, signed=True)} (95 % {span(ci)})" for row, mean, ci in told]
        return as_svg(figure, "Incremental discounted profit by scenario", "; ".join(words) + ".")


def fan(row: Mapping[str, Any], currency: str) -> str:
    """Cumulative incremental cash week by week, with its interval."""
    weekly = row.get("weekly") or {}
    weeks, cash = list(weekly.get("week") or []), weekly.get("cumulative_cash") or {}
    mean = _course(cash.get("mean"), len(weeks))
    if not weeks or mean is None:
        return ""
    luck = _band(cash.get("low"), cash.get("high"), len(weeks))
    everything = _band(weekly.get("low_all"), weekly.get("high_all"), len(weeks))
    with drawing():
        figure = empty_figure(250.0)
        axes = figure.add_axes((46 / WIDTH, 36 / 250, (WIDTH - 46 - EDGE) / WIDTH, (250 - 36 - 26) / 250))
        if everything:
            axes.fill_between(weeks, *everything, color=SKY, alpha=0.22, linewidth=0, label="95 % luck and parameters")
            for edge in everything:
                axes.plot(weeks, edge, color=BLUE, linewidth=0.8, linestyle=(0, (4, 3)))
        if luck:
            axes.fill_between(weeks, *luck, color=BLUE, alpha=0.30, linewidth=0, label="95 % luck")
        axes.plot(weeks, mean, color=BLUE, linewidth=2.0, label="mean")
        axes.axhline(0.0, color=INK, linewidth=1.0)
        axes.margins(x=0.02, y=0.16)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel("week", labelpad=2)
        axes.tick_params(length=0)
        axes.yaxis.set_major_formatter(lambda value, _: brief(value))
        axes.locator_params(nbins=5)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncol=3, borderpad=0, handlelength=1.4, columnspacing=1.2)
        week = known(row.get("payback_week"))
        if week is not None and week > 1 and week in weeks:
            axes.plot([week], [mean[weeks.index(week)]], marker="o", markersize=7, color=GREEN, linestyle="none")
            # Cash rises where it pays back: room is above at the left of it, below at its right.
            late = week > 0.5 * (weeks[0] + weeks[-1])
            _beside(axes, week, mean[weeks.index(week)], f"paid back, week {number(week, digits=0)}", left=late, above=late)
        rising = mean[-1] >= mean[-1 - len(mean) // 5]
        _beside(axes, weeks[-1], mean[-1], money(mean[-1], currency, signed=True), left=True, above=rising)
        last = f"After week {weeks[-1]:g}: {money(mean[-1], currency, signed=True)}"
        if luck:
            last += f" (95 % {span((luck[0][-1], luck[1][-1]))} by luck)"
        turn = "Not paid back within the horizon." if week is None else f"Paid back in week {number(week, digits=0)}."
        turn = "Never below 0." if week == 1 else turn
        return as_svg(figure, f"Cumulative incremental cash of {scenario_name(row)}", f"{last}. {turn}")


def waterfall(row: Mapping[str, Any], currency: str) -> str:
    """From incremental margin over each cost to incremental profit."""
    lines = [one for one in row.get("waterfall") or [] if known(one.get("mean")) is not None]
    if not lines:
        return ""
    # A cost that neither scenario has is no step; margin and profit always are.
    lines = [one for at, one in enumerate(lines) if at in (0, len(lines) - 1) or one["mean"] != 0]
    steps, level = [], 0.0
    for one in lines[:-1]:
        steps.append((level, level + one["mean"]))
        level += one["mean"]
    steps.append((0.0, float(lines[-1]["mean"])))
    interval = ends(lines[-1].get("ci95"))
    with drawing():
        figure, axes = _rows(len(lines), [0.0, *(end for step in steps for end in step), *(interval or ())], currency)
        for at, (one, (start, stop)) in enumerate(zip(lines, steps, strict=True)):
            total, gains = at == len(lines) - 1, one["mean"] >= 0
            axes.barh(
                at + BAR,
                stop - start,
                left=start,
                height=0.34,
                color=BLUE if gains else VERMILION,
                hatch="" if gains else "////",
                edgecolor="white" if not gains else BLUE,
                linewidth=0.0,
            )
            if not total:
                for part in ((at + BAR, at + 1.02), (at + 1.46, at + 1 + BAR)):
                    axes.plot([stop] * 2, part, color=QUIET, linewidth=0.9, linestyle=(0, (2, 2)), zorder=0.5)
            row_label(axes, at, plain(one["line"], limit=44), money(one["mean"], currency, signed=True), strong=total)
        if interval:
            at = len(lines) - 1 + BAR
            axes.plot(interval, [at] * 2, color=INK, linewidth=1.4)
            axes.plot(interval, [at] * 2, color=INK, linestyle="none", marker="|", markersize=8, markeredgewidth=1.4)
        words = [f"{plain(one['line'])} {money(one['mean'], currency, signed=True)}" for one in lines]
        return as_svg(figure, f"From margin to profit, discounted: {scenario_name(row)}", "; ".join(words) + ".")


def readings(row: Mapping[str, Any], currency: str) -> str:
    """Gains that everyday readings would have claimed, beside true gains."""
    naive = row.get("naive") or {}
    before, members, truth = (naive.get(part) or {} for part in ("before_after", "members", "truth"))
    bars = [
        ("Before and after launch would claim", before.get("claimed_gain"), before.get("claimed_lift"), True),
        ("Members against others would claim", members.get("claimed_gain"), members.get("claimed_lift"), True),
        ("Truth for the same members", members.get("true_gain"), members.get("true_lift"), False),
        ("Truth, everyone counted", truth.get("gain"), truth.get("lift"), False),
    ]
    bars = [(label, known(gain), lift, claim) for label, gain, lift, claim in bars]
    bars = [(label, gain, lift, claim) for label, gain, lift, claim in bars if gain is not None]
    if not any(claim for *_, claim in bars) or all(claim for *_, claim in bars):
        return ""
    with drawing():
        figure, axes = _rows(len(bars), [0.0, *(gain for _, gain, _, _ in bars)], currency)
        for at, (label, gain, lift, claim) in enumerate(bars):
            axes.barh(
                at + BAR,
                gain,
                height=0.34,
                facecolor="white" if claim else BLUE,
                edgecolor=ORANGE if claim else BLUE,
                hatch="////" if claim else "",
                linewidth=1.2,
            )
            share = f" ({percent(lift, signed=True)})" if known(lift) is not None else ""
            row_label(axes, at, label, money(gain, currency, signed=True) + share, strong=not claim)
        words = [f"{label}: {money(gain, currency, signed=True)}" for label, gain, _, _ in bars]
        return as_svg(figure, f"Claimed and true margin gain: {scenario_name(row)}", "; ".join(words) + ".")


def tornado(row: Mapping[str, Any], currency: str) -> str:
    """Incremental discounted profit with one parameter at a time at the ends of its range, largest swing first."""
    rows = [
        one
        for one in row.get("sensitivity") or []
        if known(one.get("profit_low")) is not None and known(one.get("profit_high")) is not None
    ][:MOST_ROWS]
    if not rows:
        return ""
    answer = known(profit(row).get("mean"))
    defaults = [known(one.get("profit_default")) if known(one.get("profit_default")) is not None else answer for one in rows]
    profits = [float(one[end]) for one in rows for end in ("profit_low", "profit_high")]
    with drawing():
        figure, axes = _rows(len(rows), [0.0, *profits, *(one for one in defaults if one is not None)], currency, room=0.17)
        for at, (one, usual) in enumerate(zip(rows, defaults, strict=True)):
            low, high = float(one["profit_low"]), float(one["profit_high"])
            middle = 0.5 * (low + high) if usual is None else usual
            # Two ends on one side of the default lie side by side, or the longer bar would hide the shorter.
            apart = 0.11 if (low - middle) * (high - middle) > 0 else 0.0
            for end, color, hatch, value, lane in (
                (low, SKY, "", one.get("low"), -apart),
                (high, BLUE, "////", one.get("high"), apart),
            ):
                tall = 0.18 if apart else 0.30
                y = at + BAR + lane
                axes.barh(y, end - middle, left=middle, height=tall, color=color, hatch=hatch, edgecolor="white", linewidth=0)
                other = high if hatch == "" else low
                right = end > middle or (end == middle and other < middle)
                _tip(axes, end, y, short(setting(value), 14), right=right)
            row_label(axes, at, short(plain(one.get("path")), 46), money(abs(high - low), currency))
        usuals = [(usual, at) for at, usual in enumerate(defaults) if usual is not None]
        _strokes(axes, usuals, color=INK, linewidth=1.0, linestyle=(0, (2, 1.5)), zorder=3)
        words = [
            f"{plain(one.get('path'))}: {money(one['profit_low'], currency, signed=True)} at {setting(one.get('low'))}, "
            f"{money(one['profit_high'], currency, signed=True)} at {setting(one.get('high'))}"
            for one in rows
        ]
        return as_svg(figure, f"What drives the answer: {scenario_name(row)}", "; ".join(words) + ".")


@contextmanager
def drawing() -> Generator[None]:
    """Matplotlib's settings for one chart: its own defaults, so that a user's settings file changes nothing."""
    import matplotlib

    with ONE_AT_A_TIME, matplotlib.rc_context(), warnings.catch_warnings():
        # Text stays text: which font has a Chinese name's glyphs is the reader's machine's to say.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": "regulars",
                "svg.fonttype": "none",
                # A name may hold $ signs.
                "text.parse_math": False,
                "font.family": "DejaVu Sans",
                "font.size": 10.0,
                "text.color": INK,
                "axes.labelcolor": QUIET,
                "axes.edgecolor": GRID,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.spines.left": False,
                "axes.unicode_minus": True,
                "xtick.color": QUIET,
                "ytick.color": QUIET,
                "xtick.labelsize": 9.5,
                "ytick.labelsize": 9.5,
                "hatch.linewidth": 0.9,
                "legend.frameon": False,
                "legend.fontsize": 9.5,
                "savefig.transparent": True,
            }
        )
        yield


def empty_figure(height: float) -> Figure:
    """An empty drawing of the common width."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH / 72, height / 72), dpi=72)


def _rows(n: int, values: Sequence[float], currency: str, *, room: float = 0.03) -> tuple[Figure, Axes]:
    """A drawing of n rows, each with words above its bar, over one axis of money that holds all values."""
    height = n * ROW + FOOT
    figure = empty_figure(height)
    axes = figure.add_axes((EDGE / WIDTH, FOOT / height, (WIDTH - 2 * EDGE) / WIDTH, n * ROW / height))
    low, high = min(values), max(values)
    pad = room * ((high - low) or 1.0)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(n, 0)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(length=0)
    axes.xaxis.set_major_formatter(lambda value, _: brief(value))
    axes.set_xlabel(currency, labelpad=1)
    ticks = [tick for tick in axes.get_xticks() if low - pad <= tick <= high + pad]
    _strokes(axes, [(tick, at) for at in range(n) for tick in ticks], color=GRID, linewidth=0.8, zorder=0.4)
    _strokes(axes, [(0.0, at) for at in range(n)], color=INK, linewidth=1.1, zorder=3)
    return figure, axes


def _strokes(axes: Axes, places: Sequence[tuple[float, int]], **look: Any) -> None:
    """Upright lines beside the bars of rows, which stop at the words, so that both stay readable; one path in all."""
    x = [one for value, _ in places for one in (value, value, float("nan"))]
    y = [one for _, at in places for one in (at + 0.46, at + 0.96, float("nan"))]
    axes.plot(x, y, **look)


def row_label(axes: Axes, at: int, words: str, value: str, *, strong: bool = False) -> None:
    """Words of a row at its left, its number at its right."""
    weight = "bold" if strong else "normal"
    where = axes.get_yaxis_transform()
    axes.text(0.0, at + LABEL, words, transform=where, ha="left", va="center", fontweight=weight)
    axes.text(1.0, at + LABEL, value, transform=where, ha="right", va="center", fontweight=weight)


def _tip(axes: Axes, x: float, y: float, words: str, *, right: bool) -> None:
    """A value at the tip of a bar."""
    axes.annotate(
        words,
        (x, y),
        xytext=(3 if right else -3, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=8.5,
        color=QUIET,
    )


def _beside(axes: Axes, x: float, y: float, words: str, *, left: bool, above: bool) -> None:
    """Words near a point of a course."""
    axes.annotate(
        words,
        (x, y),
        xytext=(0, 9 if above else -9),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom" if above else "top",
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
    )


def brief(value: float) -> str:
    """A tick of a money axis."""
    for size, mark in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{SPACE}{mark}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)


def short(text: str, most: int) -> str:
    """Text that fits its place; wide characters count twice."""
    room, kept = most, ""
    for one in text:
        room -= 2 if ord(one) > 0x2E7F else 1
        if room < 0:
            return kept.rstrip() + "\u2026"
        kept += one
    return kept


def _course(values: Any, weeks: int) -> list[float] | None:
    """A course of that many weeks, or None."""
    if not isinstance(values, Sequence) or len(values) != weeks or any(known(one) is None for one in values):
        return None
    return [float(one) for one in values]


def _band(low: Any, high: Any, weeks: int) -> tuple[list[float], list[float]] | None:
    """Both edges of a band over that many weeks, or None."""
    under, over = _course(low, weeks), _course(high, weeks)
    return None if under is None or over is None else (under, over)


def as_svg(figure: Figure, title: str, description: str) -> str:
    """A drawing as an element to stand inside a page: named for readers by ear, without addresses, fonts or size."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    raw = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(raw, metadata={"Date": None})
    root = ElementTree.fromstring(raw.getvalue())  # noqa: S314 - written a line above, not read from anyone
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    # Several charts share one page: ids that are referred to get the chart's own prefix, the others go.
    prefix = "c" + hashlib.sha256(title.encode() + raw.getvalue()).hexdigest()[:8]
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        attributes = {name.rpartition("}")[2]: _lean(value, prefix) for name, value in element.attrib.items()}
        if element.tag != "text":
            element.text = None
        element.tail = None
        if "href" in attributes:
            attributes["href"] = f"#{prefix}-{attributes['href'].removeprefix('#')}"
        if element.tag == "g":
            attributes.pop("id", None)
        elif "id" in attributes:
            attributes["id"] = f"{prefix}-{attributes['id']}"
        if element.tag == "text":
            attributes["style"] = _without_fonts(attributes.get("style", ""))
        element.attrib.clear()
        element.attrib.update(attributes)
    size = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": size, "role": "img", "class": "chart"})
    for at, (tag, words) in enumerate((("title", title), ("desc", description))):
        told = ElementTree.Element(tag)
        told.text = plain(words, limit=2000)
        root.insert(at, told)
    return ElementTree.tostring(root, encoding="unicode")


def _lean(value: str, prefix: str) -> str:
    """An attribute with the chart's own references, and lengths to a hundredth of a point."""
    value = LONG.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
    return REFERENCE.sub(rf"\1{prefix}-", " ".join(value.replace("; ", ";").replace(": ", ":").split()))


def _without_fonts(style: str) -> str:
    """A text's style with its size and weight, the family left to the page."""
    kept = []
    for rule in style.split(";"):
        name, _, value = rule.strip().partition(":")
        if name == "font":
            kept += ["font-weight:700"] if "bold" in value or "700" in value.split() else []
            kept += [f"font-size:{word}" for word in value.split() if word.endswith("px")]
        elif name and name != "font-family":
            kept.append(f"{name}:{value.strip()}")
    return ";".join(kept)
