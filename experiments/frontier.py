"""Designs of a test against one another: what each costs, how far from the truth it lands, and what its decision loses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def frontier(designs: Mapping[str, Mapping[str, Any]], *, budget: float | None = None) -> list[dict[str, Any]]:
    """A row for each design by its best estimator of the roll-out effect, the least regret first.

    A design is on the front where no other within the budget costs as little or less and errs as little or less.

    Args:
        designs: Of a rehearsal's document, by name.
        budget: What a test may cost; None without.

    Returns:
        Rows of ``design``, ``estimator``, ``test_cost`` (program cost of the test less that of the market without), ``rmse``, ``regret``
        (None without a metric in money), ``within_budget`` and ``on_front``.
    """
    rows = []
    for name, one in designs.items():
        total = {each: figures for each, figures in one["estimators"].items() if figures["sees"] == "total"}
        told = {each: figures for each, figures in total.items() if figures["rmse"]["value"] is not None}
        if not told:
            continue
        best = min(told, key=lambda each: told[each]["rmse"]["value"])
        decided = one["decision"]["estimators"].get(best)
        cost = one["test_cost"]["value"]
        rows.append(
            {
                "design": name,
                "estimator": best,
                "test_cost": cost,
                "rmse": told[best]["rmse"],
                "regret": None if decided is None else decided["regret"],
                "within_budget": budget is None or cost <= budget,
            }
        )
    for row in rows:
        row["on_front"] = row["within_budget"] and not any(_beats(other, row) for other in rows if other["within_budget"])
    return sorted(rows, key=lambda row: (not row["within_budget"], _loss(row), row["rmse"]["value"]))


def _beats(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = ((row["test_cost"], row["rmse"]["value"]) for row in (one, other))
    return all(a <= b for a, b in zip(mine, theirs, strict=True)) and mine != theirs


def _loss(row: Mapping[str, Any]) -> float:
    return float("inf") if row["regret"] is None else row["regret"]["value"]
