"""Claims are checked as strictly as what enters the model."""

from __future__ import annotations

import pytest

from regulars.analysis.claims import READINGS, simulated
from regulars.scenarios import ScenarioError, load
from regulars.scenarios.claims import Readings, impossible, target
from regulars.sim import catalog


def told(write, claims: str) -> str:
    write("s.yaml", f"name: S\nclaims: {claims}\n")
    with pytest.raises(ScenarioError) as caught:
        load("s.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        (
            "{a: {kpi: repurchase_rat, readings: {level: .5}, source: x}}",
            "claims.a.kpi = repurchase_rat: no such KPI. Did you mean 'repurchase_rate'?",
        ),
        (
            "{a: {kpi: profit, readings: {}, source: x}}",
            "claims.a.readings: needs at least one reading with its value, such as {relative: 0.4}.",
        ),
        ("{a: {kpi: profit, readings: {relativ: 1}, source: x}}", "claims.a.readings.relativ: no such name here. Did you mean 'relative'?"),
        ("{a: {kpi: profit, readings: {relative: 40 %}, source: x}}", "claims.a.readings.relative = 40 %: must be a number"),
        ("{a: {kpi: profit, readings: {relative: .4}}}", "claims.a.source: missing. Who states it."),
        ("{a: {kpi: profit, value: 3, source: x}}", "claims.a.value: no such name here."),
        ("{a: 3}", "claims.a = 3: must be a map of names to values"),
        ("{A: {kpi: profit, readings: {level: 1}, source: x}}", "claims.A: a name is a-z, 0-9 and _"),
        (
            "{a: {kpi: profit, readings: {level: 1}, source: x, bound: atleast}}",
            "claims.a.bound = atleast: must be exact, at_least or at_most. Nearest right value: at_least.",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_the_nearest_right_answer(write, claims, says):
    assert says in told(write, claims)


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        # The worked cases of the claims collected: 40 % more satisfaction needs a base of 71.4 or less, half more retention one of 66.7 %.
        (
            "{kpi: satisfaction, base: 78, readings: {relative: 0.4}",
            "satisfaction would be 109.2, above 100, the most there is; possible from 71.43 or less",
        ),
        (
            "{kpi: retention_rate, base: 0.8, readings: {relative: 0.5}",
            "retention_rate would be 1.2, above 1, the most there is; possible from 0.6667 or less",
        ),
        (
            "{kpi: retention_rate, base: 0.8, readings: {points: 0.5}",
            "retention_rate would be 1.3, above 1, the most there is; possible from 0.5 or less",
        ),
        (
            "{kpi: click_through_rate, base: 0.6, readings: {to_multiple: 2}",
            "would be 1.2, above 1, the most there is; possible from 0.5 or less",
        ),
        (
            "{kpi: click_through_rate, base: 0.4, readings: {by_multiple: 2}",
            "would be 1.2, above 1, the most there is; possible from 0.3333 or less",
        ),
        ("{kpi: churn_rate, base: 0.2, readings: {points: -0.3}", "churn_rate would be -0.1, below 0, the least there is"),
        ("{kpi: retention_rate, readings: {level: 1.4}", "retention_rate would be 1.4, above 1, the most there is"),
        ("{kpi: retention_rate, readings: {points: 1.4}", "retention_rate lies within 0 to 1"),
        ("{kpi: retention_rate, base: 60, readings: {relative: 0.1}", "claims.a.base = 60: not possible"),
    ],
)  # fmt: skip
def test_a_reading_that_no_market_could_bring_is_refused(write, claim, says):
    found = told(write, f"{{a: {claim}, source: x}}}}")
    assert says in found
    assert "not possible" in found


def test_the_points_reading_may_end_at_the_most_there_is(write):
    write("s.yaml", "claims: {a: {kpi: repurchase_rate, base: 0.6, readings: {relative: 0.4, points: 0.4}, source: x}}\n")
    assert load("s.yaml").claims["a"].readings.given() == {"relative": 0.4, "points": 0.4}


def test_what_readings_ask_for_by_hand():
    # To 2 times .08 is .16, by 2 times is .24.
    asked = [target(reading, 2.0, 0.08) for reading in ("to_multiple", "by_multiple")]
    assert asked == pytest.approx([0.16, 0.24])
    assert target("relative", 0.4, 0.6) == pytest.approx(0.84)
    assert target("points", 0.4, 0.6) == pytest.approx(1.0)
    assert impossible("profit", "relative", 9.0, -5.0) is None


def test_claims_are_inherited_changed_and_removed(write):
    more = "b: {kpi: orders, readings: {level: 5}, source: x}"
    write("base.yaml", f"claims: {{a: {{kpi: orders, readings: {{relative: .4}}, source: x}}, {more}}}\n")
    write("s.yaml", "extends: base.yaml\nclaims: {a: {readings: {points: 3}}, b: off}\n")
    claims = load("s.yaml").claims
    assert list(claims) == ["a"]
    assert claims["a"].readings.given() == {"relative": 0.4, "points": 3.0}


def test_only_the_side_that_a_bound_restricts_is_tested():
    assert impossible("retention_rate", "relative", 0.5, 0.8, "at_most") is None
    assert impossible("retention_rate", "relative", 0.5, 0.8, "at_least") is not None
    assert impossible("churn_rate", "points", -0.3, 0.2, "at_least") is None
    assert impossible("churn_rate", "points", -0.3, 0.2, "at_most") is not None


def test_a_bound_that_holds_trivially_loads(write):
    one = "{kpi: retention_rate, base: .8, readings: {relative: .5}, bound: at_most, source: x}"
    two = "{kpi: retention_rate, readings: {points: 1.4}, bound: at_most, source: x}"
    write("s.yaml", f"claims: {{a: {one}, b: {two}}}\n")
    assert list(load("s.yaml").claims) == ["a", "b"]


def test_a_base_below_nothing_gets_no_hint():
    said = impossible("nps", "relative", 4.0, -50.0)
    assert said is not None
    assert "possible from" not in said


def test_readings_mean_the_same_beside_the_claim_and_beside_the_result():
    assert tuple(Readings.model_fields) == READINGS
    for base in (-50.0, 20.0):
        for reading in READINGS:
            if reading == "to_multiple" and base < 0.0:
                continue
            found = simulated(reading, [base], [30.0]).value
            assert found is not None
            assert target(reading, found, base) == pytest.approx(30.0)


@pytest.mark.parametrize("kpi", ["orders", "first_response_minutes", "resolution_hours", "campaign_cost", "reward_cost", "revenue"])
def test_counts_times_and_costs_are_not_negative(write, kpi):
    assert f"{kpi} would be -3, below 0, the least there is" in told(write, f"{{a: {{kpi: {kpi}, readings: {{level: -3}}, source: x}}}}")
    assert impossible("profit", "level", -3.0, 0.0) is None


def test_below_nothing_are_losses_a_score_and_a_warning_that_comes_early():
    """Each KPI says so itself, by its bounds or its unit."""
    able = {one.type for one in catalog.kpis() if one.bounds[0] != 0.0}
    assert able == {"clv", "discounted_profit", "gross_margin", "nps", "profit", "warning_lag_weeks"}
    open_above = {one.type for one in catalog.kpis() if one.unit == "share" and one.bounds != (0.0, 1.0)}
    assert open_above == {"agent_utilization", "redemption_rate"}
