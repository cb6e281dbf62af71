"""Plans: what they say a test finds is found at the stated power, longer tests find more, and warnings come where they are due."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.analysis.cluster import by_cluster, cluster_test
from regulars.analysis.estimators import Sample, estimators
from regulars.analysis.power import mean_effect
from regulars.experiments.assignment.assignment import Units
from regulars.experiments.assignment.individual import Individual
from regulars.experiments.design import designs_of
from regulars.experiments.rehearse import NoTest
from regulars.experiments.sizing import Comparison, plan
from regulars.experiments.worlds import Plan, live_through
from regulars.scenarios import load
from regulars.scenarios.problem import ScenarioError

SHARES = {"control": 0.5, "treatment": 0.5}
SMALL = {"market.customers": 800, "market.prospects": 800}
MAIL = {"campaigns": {"mail": {"type": "push", "start_week": 3, "every_weeks": 1, "mode": "tagged"}}}


def design(**given: Any) -> dict[str, Any]:
    return {"randomize": "individual", "start_week": 3, "weeks": 20, "arms": {"treatment": MAIL}} | given


@pytest.fixture(scope="module")
def tea() -> Any:
    return load("library:tea_brand/broadcast").with_values(SMALL | {"horizon_weeks": 30})


@pytest.fixture(scope="module")
def sized(tea) -> Any:
    several = {
        "people": design(effect=0.3),
        "looked": design(looks=[5, 10, 20], effect=0.3),
        "towns": design(randomize="cluster", clusters=30),
        "turns": design(randomize="switchback", period_weeks=2),
        "strict": design(alpha=0.01, power=0.9, effect=0.3),
        "levels": design(randomize="saturation", clusters=60),
    }
    return plan(tea, designs_of({"designs": several}), worlds=4, threads=1)


def test_the_effect_that_a_plan_says_is_found_is_found_at_its_power(tea, sized):
    """The effect added to the treated in the worlds that the plan rests on: .8 +- 3.29 binomial errors, .1 % false alarm."""
    least = sized.designs["people"]["metrics"]["margin"]["minimum_detectable_effect"]
    mean, found = estimators()["mean"](), []
    for at in range(4):
        outcome = live_through(Plan(tea, tea, tea, {}, SHARES, 3, 20, 1), at).nobody.columns["margin"]
        for salt in range(300):
            treated = Individual().assign(Units(np.arange(len(outcome)), SHARES), salt=f"{at}/{salt}", weeks=1).arms[0] == 2
            values = outcome + least * treated
            p_value = mean.contrast(Sample({"value": values[~treated]}), Sample({"value": values[treated]}), alpha=0.05).p_value
            assert p_value is not None
            found.append(p_value < 0.05)
    assert abs(np.mean(found) - 0.8) < 3.29 * np.sqrt(0.16 / len(found))


def test_clusters_find_what_their_correlation_and_number_say():
    """1,500 tests of 24 clusters of 20 with a correlation of .1, read by CR2: .8 +- 3.29 binomial errors, a false alarm of .1 %."""
    rng, groups, size, icc = np.random.default_rng(1), 24, 20, 0.1
    least = Comparison((0.5, 0.5), groups, size).minimum_detectable_effect(1.0, groups * size, correlation=icc)
    cluster, found = np.repeat(np.arange(groups), size), []
    treated = cluster >= groups // 2
    for _ in range(1500):
        values = np.sqrt(icc) * rng.normal(size=groups)[cluster] + np.sqrt(1 - icc) * rng.normal(size=groups * size) + least * treated
        test = cluster_test(by_cluster(values[~treated], cluster[~treated]), by_cluster(values[treated], cluster[treated]))
        found.append(abs(test.difference) > stats.t.isf(0.025, test.df_cr2) * test.se_cr2)
    assert abs(np.mean(found) - 0.8) < 3.29 * np.sqrt(0.16 / len(found))


def test_individual_assignment_finds_what_the_textbook_says():
    """Within 1e-3 of the noncentral t distribution: the plan's t quantile for power is its usual stand-in."""
    assert Comparison((0.5, 0.5)).minimum_detectable_effect(3.0, 400) == pytest.approx(mean_effect(3.0, 200, method="t"), rel=1e-3)


def test_unequal_shares_and_looks_need_more():
    even, uneven = Comparison((0.5, 0.5)), Comparison((0.9, 0.1))
    assert uneven.minimum_detectable_effect(1.0, 1000) > even.minimum_detectable_effect(1.0, 1000)
    assert even.minimum_detectable_effect(1.0, 1000, inflation=1.21) == pytest.approx(1.1 * even.minimum_detectable_effect(1.0, 1000))


def test_longer_tests_find_smaller_changes_and_weeks_needed_is_the_first_that_does(sized):
    one = sized.designs["people"]["metrics"]["margin"]
    rows = one["by_week"]
    relative = [row["relative"] for row in rows]
    assert relative[3] > relative[7] > relative[15]
    enough = [row["week"] for row in rows if row["minimum_detectable_effect"] <= row["effect"]]
    assert one["weeks_needed"] == min(enough) > 1
    assert sized.designs["strict"]["metrics"]["margin"]["weeks_needed"] is None or (
        sized.designs["strict"]["metrics"]["margin"]["weeks_needed"] >= one["weeks_needed"]
    )
    assert f"Run {one['weeks_needed']} weeks with" in sized.designs["people"]["sentence"]


def test_customers_needed_would_find_the_effect(sized):
    found = sized.designs["people"]
    one = found["metrics"]["margin"]
    again = Comparison((0.5, 0.5)).minimum_detectable_effect(one["sd"], one["customers_needed"])
    assert again == pytest.approx(one["effect"]["value"], rel=0.02)


def test_looks_cost_customers(sized):
    looked, plain = (sized.designs[one] for one in ("looked", "people"))
    assert looked["looks_inflation"] > 1.0 == plain["looks_inflation"]
    ratio = looked["metrics"]["margin"]["minimum_detectable_effect"] / plain["metrics"]["margin"]["minimum_detectable_effect"]
    assert ratio == pytest.approx(np.sqrt(looked["looks_inflation"]))


def test_warnings_come_where_they_are_due_and_nowhere_else(tea, sized):
    def told(text: str, name: str) -> bool:
        return any(text in one for one in sized.designs[name]["warnings"])

    assert told("30 clusters are few", "towns")
    assert not told("clusters are few", "people") and not told("clusters are few", "levels")
    assert not told("mean interval between orders", "people")
    assert not told("advised to run 3 to 6 months", "people")
    assert not told("after the scenario's horizon", "people")
    assert told("Customers talk", "people") and not told("Customers talk", "towns")
    late = {"treatment": {"campaigns": {"mail": {"type": "push", "start_week": 26, "every_weeks": 1}}}}
    short = plan(tea, designs_of(design(start_week=26, weeks=8, arms=late)), worlds=2, threads=1)
    warnings = short.designs["design"]["warnings"]
    assert any("advised to run 3 to 6 months" in one for one in warnings)
    assert any("ends in week 33, after the scenario's horizon of 30" in one for one in warnings)


def test_a_pilot_of_half_a_year_is_too_short_where_people_travel_once_a_year():
    travel = load("library:travel/baseline").with_values(SMALL | {"horizon_weeks": 104})
    found = plan(travel, designs_of(design(weeks=26)), worlds=2, threads=1).designs["design"]
    assert 35 < found["purchase_interval_weeks"]["mean"] < 75
    assert any("26 weeks is shorter than the mean interval between orders" in one for one in found["warnings"])


def test_what_no_formula_tells_is_refused_with_the_reason(sized):
    one = sized.designs["turns"]["metrics"]["margin"]
    assert one["minimum_detectable_effect"] is None
    assert "rehearse it" in one["reason"]
    assert sized.designs["levels"]["metrics"]["margin"]["minimum_detectable_effect"] > 0.0


def test_the_table_has_every_design_and_ends_with_its_sentence(sized):
    table = sized.table()
    assert max(map(len, table.splitlines())) <= 120
    words = " ".join(table.split())
    for name, one in sized.designs.items():
        assert f"{name}: randomize" in words and one["sentence"] in words


def test_a_market_without_customers_has_no_test(tea):
    empty = tea.with_values({"market.customers": 2, "market.prospects": 0})
    with pytest.raises(NoTest, match="too few for a test"):
        plan(empty, designs_of(design(weeks=2)), worlds=2, threads=1)


def test_a_design_that_seeks_nothing_or_decides_on_nothing_is_refused():
    with pytest.raises(ScenarioError) as found:
        designs_of(design(effect=0, power=1.5, decision={"value": 0, "horizon_weeks": 5}))
    text = str(found.value)
    assert "power = 1.5" in text and "decision.customers" in text
    with pytest.raises(ScenarioError) as found:
        designs_of(design(effect=0, decision={"customers": 10, "value": 0}))
    assert "effect of 0" in str(found.value) and "decision.value" in str(found.value)
