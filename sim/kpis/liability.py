"""Liability: points given out, used, lost and owed."""

from __future__ import annotations

from typing import Any

from ..core.component import Kpi
from ..world.totals import Series, ratio


class PointsIssued(Kpi):
    """Points credited."""

    type = "points_issued"
    unit = "points"
    absent = 0.0
    definition = "Points credited, opening balances included, less those taken back for orders sent back."

    def value(self, totals: Series) -> Any:
        return totals.points_issued


class PointsRedeemed(Kpi):
    """Points spent on rewards."""

    type = "points_redeemed"
    unit = "points"
    absent = 0.0
    definition = "Points spent on rewards."

    def value(self, totals: Series) -> Any:
        return totals.points_redeemed


class PointsExpired(Kpi):
    """Points that ran out."""

    type = "points_expired"
    unit = "points"
    absent = 0.0
    definition = "Points that ran out unused."

    def value(self, totals: Series) -> Any:
        return totals.points_expired


class PointsOutstanding(Kpi):
    """Points members hold."""

    type = "points_outstanding"
    unit = "points"
    absent = 0.0
    definition = "Points members hold at the end, those of departed members included."

    def value(self, totals: Series) -> Any:
        return totals.points_outstanding


class PointsLiability(Kpi):
    """Money owed for points and stamps."""

    type = "points_liability"
    unit = "money"
    bounds = (0.0, None)
    absent = 0.0
    definition = "Contract liability of outstanding points and stamps at the end (IFRS 15): deferred at sale, released at redemption."

    def value(self, totals: Series) -> Any:
        return totals.points_liability


class BreakageRate(Kpi):
    """Part of points never redeemed so far."""

    type = "breakage_rate"
    unit = "share"
    definition = "Points expired or still unredeemed, per point issued since the start; falls as members redeem."

    def value(self, totals: Series) -> Any:
        return ratio(totals.points_issued - totals.points_redeemed, totals.points_issued)


class RedemptionRate(Kpi):
    """Part of points redeemed so far."""

    type = "redemption_rate"
    unit = "share"
    bounds = (0.0, None)
    definition = "Points redeemed per point issued in the same time."

    def value(self, totals: Series) -> Any:
        return ratio(totals.points_redeemed, totals.points_issued)


class Members(Kpi):
    """Members of programs."""

    type = "members"
    unit = "people"
    absent = 0.0
    definition = "Members of a program who are truly active at the end."

    def value(self, totals: Series) -> Any:
        return totals.members
