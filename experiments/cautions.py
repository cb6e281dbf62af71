"""What to know before numbers are quoted, one sentence each; the same in every experiment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regulars.analysis.compare import FEW_REPLICATIONS
from regulars.analysis.report.words import SPACE, many, percent

MOST_LEFT = 0.05
"""Part of the tickets that may be left without an answer or a solution before that is said."""

TIMES = ("first_response_minutes", "resolution_hours")
"""KPIs over answered or solved tickets alone."""


def few_replications(replications: int) -> list[str]:
    """What so few replications cannot tell."""
    if replications >= FEW_REPLICATIONS:
        return []
    said = many(replications, "replication")
    return [f"{said}: intervals over luck are wide and no verdict is clear; use {FEW_REPLICATIONS} or more."]


def left_tickets(kpis: Mapping[str, np.ndarray]) -> list[str]:
    """Whether times of a service desk are those of the tickets that got that far, while many did not.

    Args:
        kpis: By name, shape (replications,).
    """
    if "tickets" not in kpis:
        return []
    tickets, abandoned, waiting = (np.nan_to_num(kpis[name]) for name in ("tickets", "abandonment_rate", "tickets_open"))
    left = float((abandoned * tickets + waiting).sum() / max(tickets.sum(), 1.0))
    if left <= MOST_LEFT:
        return []
    said = percent(left).replace(SPACE, " ")
    return [f"{said} of tickets were given up or left open; first response and resolution are those of the others."]
