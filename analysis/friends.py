"""Friends in the analysis of a test by its plan: every mean and every share on a given edge list, and the lines that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .interference import interference
from .plan import Plan
from .rows import Rows
from .ties import ties_of

KINDS = ("mean", "proportion")
"""Kinds of metrics whose outcome belongs to one unit."""
DRAWS, FEWER_DRAWS, MANY = 999, 199, 100_000
"""Assignments drawn for a randomization test, fewer of them beyond many units."""
WORDS = {
    "total": "total: treated among treated friends, against untreated among untreated",
    "total_full": "total, all friends alike",
    "direct_untreated_friends": "direct: own treatment, friends mostly untreated",
    "direct_treated_friends": "direct: own treatment, friends mostly treated",
    "spillover": "spillover: untreated, friends mostly treated against mostly untreated",
    "spillover_any": "spillover: untreated, a treated friend or more against none",
}


def effects_on_edges(
    rows: Rows, plan: Plan, edges: tuple[np.ndarray, np.ndarray], *, alpha: float
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a list of ties adds to the analysis of a test.

    Args:
        rows: Of the test.
        plan: By which it is analyzed; covariates and other methods than plain means take no part.
        edges: Names of the two ends of each edge.
        alpha: Level of the intervals.

    Returns:
        Plain values: the ties, and by metric either `reason`, why it is not read on them, or what `Interference.document` has. And
        what the reader can act on, each sentence once.
    """
    names = rows.labels[rows.unit]
    found: dict[str, Any] = {"metrics": {}}
    reason = _why_not(rows, plan)
    if reason is not None:
        return {"reason": reason, **found}, (f"the edge list is not used: {reason}.",)
    ties = ties_of(names, *edges)
    found |= {
        "units": ties.units, "ties": len(ties), "edges": ties.edges, "left_out": dict(ties.left_out), "isolated": ties.isolated,
    }  # fmt: skip
    treated = np.repeat([0.0, 1.0], np.diff(rows.starts))
    warnings: dict[str, None] = {}
    for name, metric in plan.metrics.items():
        if metric.kind not in KINDS:
            found["metrics"][name] = {"reason": f"friends are taken into account for a {' or a '.join(KINDS)}, not for a {metric.kind}"}
            continue
        try:
            one = interference(
                rows.numbers[metric.columns["value"]], treated, names, ties, cluster=rows.cluster, probability=_probability(rows, plan),
                alpha=alpha, draws=DRAWS if len(rows) <= MANY else FEWER_DRAWS,
            )  # fmt: skip
        except ValueError as error:
            found["metrics"][name] = {"reason": str(error)}
            continue
        document = one.document()
        of_ties = {"units", "ties", "edges", "left_out", "isolated", "warnings"}
        found["metrics"][name] = {key: value for key, value in document.items() if key not in of_ties}
        warnings |= dict.fromkeys(f"edges: {sentence}." for sentence in one.warnings)
    return found, tuple(warnings)


def _why_not(rows: Rows, plan: Plan) -> str | None:
    if plan.saturation is not None:
        return "clusters had different shares of treated, and friends are weighted by one: read the effects by level"
    if len(rows.arms) > 2:
        return f"friends are taken into account between two arms, and the data have {len(rows.arms)}: analyze two at a time"
    if len(np.unique(rows.unit)) < len(rows):
        return f"ties join units, and '{plan.unit}' has several rows a unit: add them up to one row each"
    return None


def _probability(rows: Rows, plan: Plan) -> float | None:
    """Of the treatment, as planned; None where the plan does not say."""
    if plan.expected_shares is None:
        return None
    shares = [plan.expected_shares[one] for one in rows.arms]
    return shares[1] / sum(shares)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The effects on an edge list for a terminal, one line each; without warnings."""
    if found.get("reason"):
        return
    counts = ", ".join(f"{why} ({count:,})" for why, count in found["left_out"].items())
    left_out = f"; left out: {counts}" if counts else ""
    yield f"With friends ({found['ties']:,} ties of {found['units']:,} units from {found['edges']:,} edges{left_out})"
    if not found["ties"]:
        yield "  no edge joins two units of the data: there is nothing to read"
        return
    for name, one in found["metrics"].items():
        if "reason" in one:
            yield f"  {name}: {one['reason']}"
            continue
        yield f"  {name}: plain difference {_said(one['difference'])}"
        width = max(len(words) for words in WORDS.values())
        for effect, words in WORDS.items():
            yield f"    {words:{width}}  {_said(one['effects'][effect])}"
        p = one["spillover_p"]
        yield f"    do friends' arms matter at all? {'not tested: ' + str(one['spillover_reason']) if p is None else f'p = {p:.3f}'}"
    shares = {one["share_of_friends"] for one in found["metrics"].values() if "reason" not in one}
    if shares:
        yield f"  Friends are mostly in an arm from {shares.pop():.0%} on. Weighted by the chance to be so exposed (Hajek)."


def _said(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"none: {one['reason']}"
    interval = f"no interval: {one['reason']}" if one["ci"] is None else f"[{one['ci'][0]:+.4g}, {one['ci'][1]:+.4g}]"
    worth = f"  worth {min(one['effective']):,.0f} units" if "effective" in one else ""
    return f"{one['value']:+.4g} {interval}{worth}"
