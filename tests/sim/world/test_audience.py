"""Who an action is for: by segment, and a share drawn once a person."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.audience import Audience

PEOPLE = 20_000
MARKET = {"customers": PEOPLE, "segments": {"town": {"share": 0.5}, "country": {"share": 0.3}, "sea": {"share": 0.2}}}


def world(replication: int = 0) -> Any:
    return LoyaltyModel(from_tree({"name": "m", "horizon_weeks": 2, "market": MARKET}), replication=replication, collect=False).world


def test_everyone_is_meant_where_nothing_is_said():
    assert Audience.model_validate("all") == Audience()
    assert Audience().mask(world(), "mail").all()


def test_only_the_named_segments_are_meant():
    there = world()
    mask = Audience(segment=["town", "sea"]).mask(there, "mail")
    assert (mask.astype(bool) == np.isin(there.customers.segment, (0, 2))).all()


def test_a_share_is_drawn_within_the_segment():
    there = world()
    mask = Audience(segment=["country"], share=0.25).mask(there, "mail").astype(bool)
    inside = there.customers.segment == 1
    assert not mask[~inside].any()
    # Exact binomial bounds, false alarm 1 in 1,000.
    low, high = stats.binom.interval(0.999, inside.sum(), 0.25)
    assert low <= mask.sum() <= high


def test_the_same_people_belong_in_every_arm_and_more_with_a_larger_share():
    few, many = (Audience(share=share).mask(world(), "mail") for share in (0.3, 0.6))
    assert (many >= few).all()
    assert (Audience(share=0.3).mask(world(), "mail") == few).all()


def test_two_actions_draw_independent_people():
    there, share = world(), 0.5
    both = Audience(share=share).mask(there, "mail") & Audience(share=share).mask(there, "letter")
    low, high = stats.binom.interval(0.999, PEOPLE, share * share)
    assert low <= both.sum() <= high


def test_a_segment_the_market_lacks_is_told():
    market = from_tree({"name": "m", "market": MARKET}).market
    (path, message), = Audience(segment=["town", "moon"]).problems(market, {})
    assert path == "segment"
    assert "'moon'" in message and "town, country, sea" in message
