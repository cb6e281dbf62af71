"""Service: load and speed of the service desk; null in a scenario without one."""

from __future__ import annotations

from typing import Any

from ..core.component import Kpi
from ..world.totals import Series, ratio


class Tickets(Kpi):
    """Requests to the service desk."""

    type = "tickets"
    unit = "tickets"
    absent = 0.0
    definition = "Tickets opened."

    def value(self, totals: Series) -> Any:
        return totals.tickets


class FirstResponseMinutes(Kpi):
    """Speed of the first answer."""

    type = "first_response_minutes"
    unit = "minutes"
    definition = "Mean time from ticket to first answer, over answered tickets."

    def value(self, totals: Series) -> Any:
        return ratio(totals.first_response_seconds, totals.tickets_answered) / 60.0


class ResolutionHours(Kpi):
    """Speed of the solution."""

    type = "resolution_hours"
    unit = "hours"
    definition = "Mean time from ticket to solution, over solved tickets."

    def value(self, totals: Series) -> Any:
        return ratio(totals.resolution_seconds, totals.tickets_resolved) / 3600.0


class SlaAttainment(Kpi):
    """Promises kept."""

    type = "sla_attainment"
    unit = "share"
    definition = "Part of tickets first answered and solved within the promised times."

    def value(self, totals: Series) -> Any:
        return ratio(totals.tickets_in_time, totals.tickets)


class AbandonmentRate(Kpi):
    """Patience lost."""

    type = "abandonment_rate"
    unit = "share"
    definition = "Part of tickets abandoned before an answer."

    def value(self, totals: Series) -> Any:
        return ratio(totals.tickets_abandoned, totals.tickets)
