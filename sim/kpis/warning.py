"""Churn warnings and what is done about them: how right the firm is, and whom it wins back."""

from __future__ import annotations

from typing import Any

from ..core.component import Kpi
from ..world.totals import Series, ratio


class ChurnWarnings(Kpi):
    """Warnings raised."""

    type = "churn_warnings"
    unit = "warnings"
    absent = 0.0
    definition = "Churn warnings raised."

    def value(self, totals: Series) -> Any:
        return totals.warnings


class WarningPrecision(Kpi):
    """How many warnings are right."""

    type = "warning_precision"
    unit = "share"
    definition = "Of the churn warnings whose horizon has passed, those of customers who had truly left or left within it."

    def value(self, totals: Series) -> Any:
        return ratio(totals.warnings_right, totals.warnings_judged)


class WarningRecall(Kpi):
    """How many leavers are warned of."""

    type = "warning_recall"
    unit = "share"
    definition = "Of the customers watched who truly left, those warned of within the horizon before or after, once it has passed."

    def value(self, totals: Series) -> Any:
        return ratio(totals.leavers_warned, totals.leavers_judged)


class WarningLagWeeks(Kpi):
    """How late warnings are."""

    type = "warning_lag_weeks"
    unit = "weeks"
    bounds = (None, None)
    definition = "Mean time from truly leaving to the churn warning, over leavers warned of; negative if the warning came first."

    def value(self, totals: Series) -> Any:
        return ratio(totals.warning_lag, totals.leavers_warned)


class InterventionContacts(Kpi):
    """Contacts to keep customers."""

    type = "intervention_contacts"
    unit = "contacts"
    absent = 0.0
    definition = "Contacts made to keep customers warned of."

    def value(self, totals: Series) -> Any:
        return totals.intervention_contacts


class WinBackContacts(Kpi):
    """Contacts to win customers back."""

    type = "win_back_contacts"
    unit = "contacts"
    absent = 0.0
    definition = "Contacts made to win back customers observed as lapsed."

    def value(self, totals: Series) -> Any:
        return totals.win_back_contacts


class WinBackRate(Kpi):
    """Returned over targeted."""

    type = "win_back_rate"
    unit = "share"
    definition = "Departed customers who came back at a win-back contact, per contact made; those never gone do not count as won back."

    def value(self, totals: Series) -> Any:
        return ratio(totals.win_back_returns, totals.win_back_contacts)
