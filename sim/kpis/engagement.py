"""Engagement: how customers feel, what they say, and how they respond to the firm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.component import Kpi
from ..core.declare import stock
from ..core.kernel import kernel
from ..world.customers import ACTIVE
from ..world.totals import Series, ratio
from ..world.world import World

f32, i64 = np.float32, np.int64


class Satisfaction(Kpi):
    """Mean satisfaction."""

    type = "satisfaction"
    unit = "points"
    definition = "Mean satisfaction (0-100) of truly active customers at the end."
    bounds = (0.0, 100.0)
    reads = ("status", "segment", "satisfaction", "loyalty")
    totals = (
        stock("satisfaction_sum", unit="points", scale=1000, doc="Sum of satisfaction over active customers."),
        stock("loyalty_sum", unit="share", scale=1_000_000, doc="Sum of loyalty over active customers."),
        stock("promoters", unit="people", doc="Active customers who would answer 9 or 10 of 10."),
        stock("detractors", unit="people", doc="Active customers who would answer 0 to 6 of 10."),
    )

    def record(self, world: World) -> None:
        customers = world.customers
        sums = world.tally(ask, 4, customers.status, customers.segment, customers.satisfaction, customers.loyalty)
        world.totals.set_each(_ASKED, sums)

    def value(self, totals: Series) -> Any:
        return ratio(totals.satisfaction_sum, totals.active)


_ASKED = tuple(one.name for one in Satisfaction.totals)


class Nps(Kpi):
    """Net promoter score."""

    type = "nps"
    unit = "points"
    bounds = (-100.0, 100.0)
    definition = "Percent answering 9-10 less percent answering 0-6 when satisfaction / 10 is rounded; an output only."

    def value(self, totals: Series) -> Any:
        return 100.0 * ratio(totals.promoters - totals.detractors, totals.active)


class Loyalty(Kpi):
    """Mean loyalty."""

    type = "loyalty"
    unit = "share"
    definition = "Mean loyalty (0-1) of truly active customers at the end."

    def value(self, totals: Series) -> Any:
        return ratio(totals.loyalty_sum, totals.active)


class MessagesSent(Kpi):
    """Word of mouth."""

    type = "messages_sent"
    unit = "messages"
    absent = 0.0
    definition = "Word-of-mouth messages that reached a tie, good or ill."

    def value(self, totals: Series) -> Any:
        return totals.messages_sent


class WomAcquired(Kpi):
    """Customers won by word of mouth."""

    type = "wom_acquired"
    unit = "people"
    absent = 0.0
    definition = "New customers whose cause was word of mouth."

    def value(self, totals: Series) -> Any:
        return totals.acquired_by_word_of_mouth


class Referrals(Kpi):
    """Customers won by referral."""

    type = "referrals"
    unit = "people"
    absent = 0.0
    definition = "New customers whose cause was a referral."

    def value(self, totals: Series) -> Any:
        return totals.acquired_by_referral


class CommunityActivity(Kpi):
    """Activity of communities."""

    type = "community_activity"
    unit = "share"
    definition = "Active members per community member and week; null without a community."

    def value(self, totals: Series) -> Any:
        return ratio(totals.community_active, totals.community_members)


class UgcShare(Kpi):
    """Traffic by customers' own content."""

    type = "ugc_share"
    unit = "share"
    definition = "Part of natural visits that come from customers' content; null without the mechanism."

    def value(self, totals: Series) -> Any:
        return ratio(totals.content_visits, totals.natural_visits)


class ClickThroughRate(Kpi):
    """Clicks per message of the firm."""

    type = "click_through_rate"
    unit = "share"
    definition = "Clicks per message of the firm delivered; null without a campaign that sends any."

    def value(self, totals: Series) -> Any:
        return ratio(totals.clicks, totals.contacts_sent)


class ContactsSent(Kpi):
    """Messages of the firm."""

    type = "contacts_sent"
    unit = "messages"
    absent = 0.0
    definition = "Messages of the firm delivered."

    def value(self, totals: Series) -> Any:
        return totals.contacts_sent


@kernel
def ask(sums, status, segment, satisfaction, loyalty, start, stop):
    """Sums of what active customers would answer, satisfaction in 1/1,000 and loyalty in 1/1,000,000.

    One pass a segment: a sum of its own is vector code, a sum for the segment of each person is not.
    """
    for s in range(sums.shape[0]):
        satisfied, loyal, promoters, detractors = i64(0), i64(0), i64(0), i64(0)
        for i in range(start, stop):
            asked = status[i] == ACTIVE and segment[i] == s
            level = satisfaction[i]
            satisfied += i64(level * f32(1000.0) + f32(0.5)) if asked else i64(0)
            loyal += i64(loyalty[i] * f32(1000000.0) + f32(0.5)) if asked else i64(0)
            promoters += i64(1) if asked and level >= f32(85.0) else i64(0)
            detractors += i64(1) if asked and level < f32(65.0) else i64(0)
        sums[s, 0] += satisfied
        sums[s, 1] += loyal
        sums[s, 2] += promoters
        sums[s, 3] += detractors
