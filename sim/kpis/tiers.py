"""Tiers: who stands where, and who moved."""

from __future__ import annotations

from typing import Any

from ..core.component import Kpi
from ..world.totals import Series, ratio

RANKS = range(1, 9)


def holders(totals: Series, rank: int) -> Any:
    """Truly active holders of one tier."""
    return getattr(totals, f"members_in_tier_{rank}")


def all_holders(totals: Series) -> Any:
    """Truly active holders of any tier; a program has its tiers from the first on."""
    found = holders(totals, 1)
    for rank in RANKS[1:]:
        if f"members_in_tier_{rank}" in totals:
            found = found + holders(totals, rank)
    return found


class TierMembers(Kpi):
    """Holders of tiers."""

    type = "tier_members"
    unit = "people"
    absent = 0.0
    definition = "Truly active holders of any tier at the end."

    def value(self, totals: Series) -> Any:
        return all_holders(totals)


class UpperTierShare(Kpi):
    """Holders of more than the lowest tier."""

    type = "upper_tier_share"
    unit = "share"
    definition = "Part of truly active holders of a tier who stand above the lowest at the end; null without tiers."

    def value(self, totals: Series) -> Any:
        everyone = all_holders(totals)
        return ratio(everyone - holders(totals, 1), everyone)


class TierUpgrades(Kpi):
    """Moves up."""

    type = "tier_upgrades"
    unit = "moves"
    absent = 0.0
    definition = "Moves to a higher tier."

    def value(self, totals: Series) -> Any:
        return totals.tier_upgrades


class TierDowngrades(Kpi):
    """Moves down."""

    type = "tier_downgrades"
    unit = "moves"
    absent = 0.0
    definition = "Moves to a lower tier."

    def value(self, totals: Series) -> Any:
        return totals.tier_downgrades


def members_in(rank: int) -> type[Kpi]:
    """The KPI that counts the holders of one tier."""

    class MembersInTier(Kpi):
        """Holders of one tier."""

        type = f"members_in_tier_{rank}"
        unit = "people"
        definition = f"Truly active holders of tier {rank}, 1 the lowest, at the end; null where there is no such tier."

        def value(self, totals: Series) -> Any:
            return holders(totals, rank)

    return MembersInTier


MEMBERS_IN_TIERS = [members_in(rank) for rank in RANKS]
