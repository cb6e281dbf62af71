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


class TicketsOpen(Kpi):
    """Backlog of the desk."""

    type = "tickets_open"
    unit = "tickets"
    absent = 0.0
    definition = "Tickets that wait, are being worked on or still to be solved at the end."

    def value(self, totals: Series) -> Any:
        return totals.tickets_open


class AgentUtilization(Kpi):
    """Workload of agents; above 1 where they work on after the end of duty."""

    type = "agent_utilization"
    unit = "share"
    bounds = (0.0, None)
    definition = "Time that agents spent on tickets over the time they were on duty; null where none were."

    def value(self, totals: Series) -> Any:
        return ratio(totals.agent_seconds_busy, totals.agent_seconds_staffed)


class CostPerTicket(Kpi):
    """What a request costs the firm."""

    type = "cost_per_ticket"
    unit = "money"
    bounds = (0.0, None)
    definition = "Service cost over tickets opened; null in a scenario without a desk."

    def value(self, totals: Series) -> Any:
        return ratio(totals.service_cost, totals.tickets)


class AutoReplyContainment(Kpi):
    """Requests that need no agent."""

    type = "auto_reply_containment"
    unit = "share"
    definition = "Part of tickets that the auto-reply solved alone."

    def value(self, totals: Series) -> Any:
        return ratio(totals.tickets_solved_alone, totals.tickets)


class AcknowledgmentAttainment(Kpi):
    """Promises kept: first word, also an automatic one."""

    type = "acknowledgment_attainment"
    unit = "share"
    definition = "Part of closed tickets acknowledged, by auto-reply or agent, within the promised time."

    def value(self, totals: Series) -> Any:
        return ratio(totals.tickets_acknowledged_in_time, totals.tickets_answered + totals.tickets_abandoned)


class LiveAnswerAttainment(Kpi):
    """Promises kept: live agent."""

    type = "live_answer_attainment"
    unit = "share"
    definition = "Part of the tickets that agents took which they took within the promised time."

    def value(self, totals: Series) -> Any:
        return ratio(totals.tickets_live_in_time, totals.tickets_live)


class RecoveryRate(Kpi):
    """Failures made good."""

    type = "recovery_rate"
    unit = "share"
    definition = "Part of the failures that agents took which they made good."

    def value(self, totals: Series) -> Any:
        return ratio(totals.recoveries, totals.recoveries + totals.recoveries_failed)
