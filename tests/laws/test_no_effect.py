"""What has no effect shows none: through `compare`, to the last unit of money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.experiments.compare import Comparison, compare
from regulars.scenarios import from_tree

TREE: dict[str, Any] = {
    "name": "shop",
    "horizon_weeks": 26,
    "market": {"customers": 400, "prospects": 400},
    "behaviors": {
        "purchase": {"r": 1.0, "alpha": 4.0},
        "satisfaction": {},
        "loyalty": {},
        "word_of_mouth": {},
        "organic_acquisition": {},
        "contact_fatigue": {},
    },
}
POINTS: dict[str, Any] = {
    "type": "points", "start_week": 3, "per_money": 1.0, "setup_cost": 50.0, "weekly_cost": 5.0,
    "enrollment": {"intercept": 2.0}, "redemption": {"rate": 0.4},
    "catalog": {"voucher": {"points": 60, "face_value": 5.0, "unit_cost": 3.0}},
}  # fmt: skip
MAIL: dict[str, Any] = {"type": "push", "start_week": 3, "contact_cost": 0.02, "to": "everyone"}


def shop(name: str, *, behaviors: dict[str, Any] | None = None, **parts: Any) -> Any:
    tree = {**TREE, "name": name, "behaviors": {**TREE["behaviors"], **(behaviors or {})}, **parts}
    return from_tree(tree, id=name)


def compared(base: Any, *others: Any) -> Comparison:
    return compare(base, list(others), replications=6, draws=0, sensitivity=False, threads=1)


def test_a_scenario_differs_from_itself_by_exactly_nothing():
    plain = shop("a", programs={"stars": POINTS}, campaigns={"mail": MAIL})
    part = compared(plain, shop("b", programs={"stars": POINTS}, campaigns={"mail": MAIL})).document["scenarios"][0]
    shown = {name: one for name, one in part["differences"].items() if one is not None}
    assert len(shown) > 30
    for one in shown.values():
        assert (one["mean"], one["sd"]) == (0.0, 0.0)
        assert list(one["ci95"]) == [0.0, 0.0]
    assert part["roi"]["value"] is None
    assert part["roi"]["reason"]


SILENT = {"satisfaction": {"reward_gain": 0.0}, "loyalty": {"reward_gain": 0.0}}


@pytest.mark.parametrize(
    ("behaviors", "parts"),
    [
        (SILENT, {"programs": {"stars": POINTS}}),
        ({"satisfaction": {"effect": 0.0, "attrition_effect": 0.0}, "loyalty": {"effect": 0.0, "attrition_effect": 0.0},
          "word_of_mouth": {"strong": 0.0, "weak": 0.0}}, {"programs": {"stars": POINTS}}),
        ({}, {"campaigns": {"mail": {**MAIL, "effect": 0.0, "acquisition": 0.0}}}),
        (SILENT, {"programs": {"stars": POINTS}, "campaigns": {"mail": {**MAIL, "effect": 0.0, "acquisition": 0.0}}}),
    ],
    ids=["rewards without gain", "gains without effect", "mail without effect", "both"],
)  # fmt: skip
def test_a_cost_without_effect_returns_minus_one(behaviors, parts):
    comparison = compared(shop("plain", behaviors=behaviors), shop("costly", behaviors=behaviors, **parts))
    part = comparison.document["scenarios"][0]
    for name in ("revenue", "orders", "gross_margin", "new_customers", "latent_churned_customers"):
        assert (part["differences"][name]["mean"], part["differences"][name]["sd"]) == (0.0, 0.0)
    assert part["differences"]["profit"]["mean"] < 0.0
    assert {view: part["views"][view]["value"] for view in ("cash", "clv")} == {"cash": -1.0, "clv": -1.0}
    assert part["roi"]["value"] == -1.0


def test_rewards_were_in_fact_handed_out_without_effect():
    base, costly = shop("plain", behaviors=SILENT), shop("costly", behaviors=SILENT, programs={"stars": POINTS})
    comparison = compared(base, costly)
    assert all(one.series.rewards_redeemed.sum() > 100 for one in comparison.outcomes[1])
    before, after = comparison.outcomes
    for a, b in zip(before, after, strict=True):
        assert np.array_equal(a.series.revenue, b.series.revenue)
