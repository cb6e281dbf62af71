"""`compare`: paired differences down to the money, with what is not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regulars.experiments.compare import NotComparable, compare, gains_of
from regulars.scenarios import from_tree

TREE: dict[str, Any] = {
    "name": "shop",
    "horizon_weeks": 26,
    "market": {"customers": 400, "prospects": 200},
    "behaviors": {"purchase": {"r": 1.0, "alpha": 4.0}, "satisfaction": {}, "loyalty": {}, "organic_acquisition": {}},
}
STARS: dict[str, Any] = {
    "type": "points", "start_week": 3, "setup_cost": 50.0, "weekly_cost": 2.0, "enrollment": {"intercept": 2.0},
    "catalog": {"gift": {"points": 60, "face_value": 5.0, "unit_cost": 3.0}}, "redemption": {"rate": 0.4},
}  # fmt: skip


def shop(name: str, **parts: Any) -> Any:
    return from_tree({**TREE, "name": name, **parts}, id=name)


@pytest.fixture(scope="module")
def arms() -> tuple[Any, Any]:
    return shop("plain"), shop("stars", programs={"stars": STARS})


@pytest.fixture(scope="module")
def comparison(arms) -> Any:
    return compare(arms[0], [arms[1]], replications=8, draws=6, sensitivity=False)


@pytest.fixture(scope="module")
def part(comparison) -> dict[str, Any]:
    return comparison.document["scenarios"][0]


def test_differences_are_paired_replication_by_replication(comparison, part):
    before, after = comparison.outcomes
    gain = np.array([b.series.orders[:, -1].sum() - a.series.orders[:, -1].sum() for a, b in zip(before, after, strict=True)])
    shown = part["differences"]["orders"]
    assert (shown["mean"], shown["sd"]) == (pytest.approx(gain.mean()), pytest.approx(gain.std(ddof=1)))
    assert shown["unit"] == "orders"


def test_return_is_a_ratio_of_mean_gain_over_mean_cost(comparison, part):
    before, after = comparison.outcomes
    gains = gains_of(before, after, "cash")
    assert part["views"]["cash"]["value"] == pytest.approx((gains.margin.mean() - gains.cost.mean()) / gains.cost.mean())
    assert part["roi"] == part["views"]["cash"]


def test_views_add_the_change_of_what_is_owed_and_of_what_customers_are_worth(comparison):
    before, after = comparison.outcomes
    cash, accrual, clv = (gains_of(before, after, view) for view in ("cash", "accrual", "clv"))
    owed = np.array([one.series.points_liability[-1, -1] for one in after])
    worth = np.array([b.series.residual_value[-1, -1] - a.series.residual_value[-1, -1] for a, b in zip(before, after, strict=True)])
    to_come = np.array([one.series.points_cost_owed[-1, -1] for one in after])
    factor = np.array([one.end_factor for one in after])
    assert accrual.margin == pytest.approx(cash.margin - factor * owed)
    assert clv.margin == pytest.approx(cash.margin + worth)
    assert (accrual.cost == cash.cost).all()
    assert clv.cost == pytest.approx(cash.cost + factor * to_come)
    assert owed.min() > 0 and to_come.min() > 0


def test_balances_handed_over_at_launch_are_no_cost_of_the_accrual_view(arms):
    nobody_else = {"intercept": -6.0, "value_slope": 0.0, "opening_share": 1.0, "opening_points": 30.0}
    opening = {**STARS, "enrollment": nobody_else, "per_money": 0.0}
    one = compare(arms[0], [shop("opening", programs={"stars": opening})], replications=3, draws=0, sensitivity=False)
    before, after = one.outcomes
    launch = np.array([each.series.points_liability_at_launch[-1, -1] for each in after])
    owed = np.array([each.series.points_liability[-1, -1] for each in after])
    assert launch.min() > 100
    gains = gains_of(before, after, "cash").margin - gains_of(before, after, "accrual").margin
    assert gains == pytest.approx(after[0].end_factor * (owed - launch))


def test_the_waterfall_adds_up_to_the_profit(part):
    *lines, last = part["waterfall"]
    assert last["line"] == "incremental profit"
    assert sum(one["mean"] for one in lines) == pytest.approx(last["mean"], abs=1e-6)
    assert {"incremental margin", "rewards", "fixed program cost"} <= {one["line"] for one in lines}


def test_risk_of_loss_is_over_the_draws(part):
    assert part["probability_of_loss"] in [one / 6 for one in range(7)]
    assert part["views"]["cash"]["ci95_all"] is not None


def test_without_draws_risk_is_unknown_not_nought(arms):
    document = compare(arms[0], [arms[1]], replications=2, draws=0, sensitivity=False).document
    part = document["scenarios"][0]
    assert part["probability_of_loss"] is None
    assert part["views"]["cash"]["ci95_all"] is None
    assert any("luck only" in one for one in part["warnings"])


def test_threads_change_nothing(arms):
    documents = []
    for threads in (1, 2):
        document = compare(arms[0], [arms[1]], replications=3, draws=3, threads=threads, command="x").document
        documents.append({name: value for name, value in document.items() if name != "timing"})
    assert documents[0] == documents[1]


def test_every_assumed_number_of_either_scenario_is_moved_through_its_range(arms):
    part = compare(arms[0], [arms[1]], replications=2, draws=2).document["scenarios"][0]
    moved = {one["path"] for one in part["sensitivity"]}
    assert {one["path"] for one in part["uncertain"]} <= moved
    assert {"economics.gross_margin", "behaviors.loyalty.reward_gain", "programs.stars.redemption.rate"} <= moved
    assert "behaviors.attrition.exposure" in moved
    swings = [one["swing"] for one in part["sensitivity"]]
    assert swings == sorted(swings, reverse=True)


def test_several_scenarios_answer_as_each_would_alone(arms, part):
    dear = shop("dear", programs={"stars": {**STARS, "weekly_cost": 50.0}})
    both = compare(arms[0], [dear, arms[1]], replications=8, draws=6, sensitivity=False).document["scenarios"]
    assert both[1]["differences"] == part["differences"]
    assert both[1]["views"]["clv"]["value"] == part["views"]["clv"]["value"]


@pytest.mark.parametrize(("change", "says"), [({"horizon_weeks": 20}, "horizon_weeks = 20"), ({"currency": "CNY"}, "currency = CNY")])
def test_what_cannot_be_compared_is_refused_with_the_reason(arms, change, says):
    with pytest.raises(NotComparable, match=says):
        compare(arms[0], [shop("other", **change)], replications=1, draws=0)


def test_a_naive_member_reading_overstates_the_program(comparison, part):
    """Heavier buyers join: members against others claims far more than the program did to the same people."""
    naive = part["naive"]
    assert naive["truth"]["gain"] == pytest.approx(part["differences"]["gross_margin"]["mean"], rel=1e-6)
    assert naive["members"]["claimed_lift"] > naive["members"]["true_lift"]
