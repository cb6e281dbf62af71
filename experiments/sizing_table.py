"""The plan of a test as a table for planners."""

from __future__ import annotations

import textwrap
from typing import Any

from .sizing import Sizing

WIDTH = 110


def table(sizing: Sizing) -> str:
    """All designs, one under the other, each ending with its sentence."""
    return "\n\n".join(_design(name, one) for name, one in sizing.designs.items())


def _design(name: str, found: dict[str, Any]) -> str:
    last = found["start_week"] + found["weeks"] - 1
    lines = [f"{name}: randomize {found['randomize']}, weeks {found['start_week']} to {last} ({found['weeks']} weeks)"]
    arms = ", ".join(f"{arm} {size:,.0f}" for arm, size in found["arms"].items())
    lines.append(f"  customers as it begins  {found['customers']:,.0f} ({arms})")
    traffic = found["traffic"]
    joined = sum(week["joined"] for week in traffic)
    lines.append(f"  join during the test    {joined:,.0f}, {joined / len(traffic):,.1f} a week; not part of the test")
    lines.append(f"  active as it ends       {traffic[-1]['active']:,.0f}")
    if found["clusters"] is not None:
        size = "" if found["cluster_size"] is None else f", of {found['cluster_size']:,.0f} customers"
        lines.append(f"  clusters                {found['clusters']}{size}")
    interval = found["purchase_interval_weeks"]
    if interval["mean"] is not None:
        lines.append(f"  weeks between orders    mean {interval['mean']:.1f} of an active customer")
    if found["looks_inflation"] > 1.0:
        lines.append(f"  looks                   need {found['looks_inflation'] - 1.0:.1%} more customers")
    lines += ["", f"  two-sided level {found['alpha']:g}, power {found['power']:g}"]
    heads = "".join(f"{one:>10}" for one in ("mean", "sd", "finds", "relative", "sought", "relative"))
    lines.append(f"  {'metric':14}{heads}{'weeks':>7}{'customers':>12}")
    for metric, one in found["metrics"].items():
        aim = one["effect"]
        lines.append(
            f"  {metric:14}{one['mean']:>10.4g}{one['sd']:>10.4g}{_number(one['minimum_detectable_effect']):>10}"
            f"{_share(one['relative_minimum_detectable_effect']):>10}{aim['value']:>10.3g}{_share(aim['relative']):>10}"
            f"{_whole(one['weeks_needed']):>7}{_whole(one['customers_needed']):>12}"
        )
    for metric, one in found["metrics"].items():
        notes = [] if one["reason"] is None else [one["reason"]]
        if one["intracluster_correlation"] is not None:
            notes.append(f"correlation within clusters {one['intracluster_correlation']:.3f}, design effect {one['design_effect']:.2f}")
        if one["with_cuped"] is not None:
            notes.append(f"with CUPED it finds {one['with_cuped']:.3g} (correlation {one['cuped_correlation']:.2f})")
        lines += [f"  {metric}: {note}" for note in notes]
    primary = next(iter(found["metrics"]))
    lines += _by_week(primary, found["metrics"][primary]["by_week"])
    lines += [line for one in found["warnings"] for line in _wrapped("  ! ", one)]
    return "\n".join([*lines, "", *_wrapped("  ", found["sentence"])])


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _by_week(metric: str, rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return [""]
    every = max(1, round(len(rows) / 10))
    kept = [row for row in rows if row["week"] % every == 0 or row["week"] == len(rows)]
    lines = ["", f"  {metric} by length of the test", f"  {'weeks':>7}{'finds':>12}{'relative':>10}{'sought':>12}"]
    for row in kept:
        mark = " enough" if row["minimum_detectable_effect"] <= abs(row["effect"]) else ""
        lines.append(
            f"  {row['week']:>7}{row['minimum_detectable_effect']:>12.4g}{_share(row['relative']):>10}{row['effect']:>12.4g}{mark}"
        )
    return [*lines, ""]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1%}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
