"""Each uncertain parameter moved through its range."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.experiments.compare import compare
from regulars.experiments.sensitivity import REPLICATIONS, _same_place
from regulars.experiments.uncertainty import Uncertain
from regulars.scenarios import from_tree

SHOP: dict[str, Any] = {
    "name": "shop",
    "horizon_weeks": 12,
    "market": {"customers": 200, "prospects": 100},
    "behaviors": {"purchase": {"r": 1.0, "alpha": 4.0}, "organic_acquisition": {}},
}
MAIL: dict[str, Any] = {"type": "push", "start_week": 3, "contact_cost": 0.05}


def test_the_table_starts_from_the_headline_though_it_is_made_of_fewer_replications():
    """A message after the horizon moves nothing, so both ends of its range are the profit of all replications."""
    later = {**MAIL, "start_week": 40}
    ranges = {"campaigns.later.effect": {"low": 0.0, "high": 0.5}}
    plan = from_tree({**SHOP, "campaigns": {"mail": MAIL, "later": later}, "uncertainties": ranges})
    answer = compare(from_tree(SHOP), plan, replications=3 * REPLICATIONS, draws=1).document["scenarios"][0]
    row = next(one for one in answer["sensitivity"] if one["path"] == "campaigns.later.effect")
    headline = answer["roi"]["profit"]["mean"]
    assert (row["profit_low"], row["profit_high"]) == pytest.approx((headline, headline), rel=1e-12)
    assert row["swing"] == pytest.approx(0.0, abs=1e-9)
    few = compare(from_tree(SHOP), plan, replications=REPLICATIONS, draws=0).document["scenarios"][0]["roi"]["profit"]["mean"]
    assert abs(few - headline) > 0.1


def test_a_value_between_the_ends_is_at_the_same_place_of_another_range():
    """Piecewise linear between low, value in use and high; the same value where the ranges are one."""
    mine = Uncertain("a.b", "1", 2.0, 1.0, 4.0, "assumed")
    other = Uncertain("a.b", "1", 30.0, 10.0, 50.0, "assumed")
    assert [_same_place(mine, other, value) for value in (1.0, 1.5, 2.0, 3.0, 4.0)] == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert _same_place(mine, mine, 3.0) == 3.0
    whole = Uncertain("a.b", "1", 3, 1, 5, "assumed", integer=True)
    assert _same_place(mine, whole, 3.1) == 4


def test_switches_take_the_same_value_everywhere():
    mine = Uncertain("a.b", "", "base", 0.0, 0.0, "unsettled", choices=("order",))
    assert _same_place(mine, mine, "order") == "order"
