"""Rehearsals: the truth is the roll-out's, tests measure of it what theory says, and errors come at their rates."""

from __future__ import annotations

from typing import Any

import contagion_limit
import numpy as np
import pytest
from scipy import stats

from regulars.analysis.estimators import Sample, estimators
from regulars.experiments.arms import in_one_market
from regulars.experiments.assignment.assignment import Units
from regulars.experiments.assignment.individual import Individual
from regulars.experiments.design import Design, designs_of
from regulars.experiments.frontier import frontier
from regulars.experiments.rehearse import NoTest, rehearse, world_plan
from regulars.experiments.worlds import Plan, live_through
from regulars.scenarios import ScenarioError, load

SHARES = {"control": 0.5, "treatment": 0.5}
FIGURES = ("bias", "relative_bias", "sd", "rmse", "coverage", "false_positive_rate", "power", "wrong_sign", "exaggeration")
MAIL = {"campaigns": {"mail": {"type": "push", "start_week": 3, "every_weeks": 1, "mode": "tagged"}}}


def limit_plan(per_neighbor: float, effect: float, weeks: int, people: int) -> Plan:
    horizon = contagion_limit.START + weeks
    nobody, everybody = (contagion_limit.setting(people, per_neighbor, one, horizon) for one in (None, effect))
    arms: Any = {"control": nobody, "treatment": everybody}
    mixed = in_one_market(arms, start_week=contagion_limit.START)
    return Plan(nobody, everybody, mixed, {"individual": Individual()}, SHARES, contagion_limit.START, weeks, 1)  # type: ignore[arg-type]


def test_in_the_linear_limit_a_test_of_individuals_shows_the_published_part_of_the_effect():
    """Emergent: 1 - nu k of the roll-out effect, here .5 (k = 20, nu = .025), as Trencseni (2023) for k = 50, nu = .01.

    The roll-out effect, the difference in means of 30 worlds and the direct effect of the same people, each within four Monte-Carlo
    standard errors of the mean-field recursion, which holds the few weeks of the way to rest too.
    """
    weeks, worlds = 60, 30
    plan = limit_plan(0.025, 0.02, weeks, 3000)
    total, shown, direct = [], [], []
    for world in (live_through(plan, at) for at in range(worlds)):
        assigned, market = world.assigned["individual"]
        orders, treated = market.columns["orders"], assigned.arms[0] == 2
        change = orders - world.nobody.columns["orders"]
        total.append((world.everybody.columns["orders"] - world.nobody.columns["orders"]).mean())
        shown.append(orders[treated].mean() - orders[~treated].mean())
        direct.append(change[treated].mean() - change[~treated].mean())
    gained, tested = contagion_limit.expected(0.025, 0.02, weeks)
    assert tested / gained == pytest.approx(1.0 - 0.025 * contagion_limit.DEGREE, abs=0.01)
    for found, theory in ((total, gained), (shown, tested), (direct, tested)):
        assert abs(np.mean(found) - theory) < 4.0 * np.std(found, ddof=1) / np.sqrt(worlds)
    # Common luck: the direct effect of the same people is five times as sure as the difference of two groups.
    assert np.std(direct) < 0.2 * np.std(shown)


def rejections(outcomes: list[np.ndarray], clusters: np.ndarray | None, analyzed: np.ndarray | None, salts: int) -> float:
    """Share of A/A tests of these outcomes that reject at 5 %; arms by unit, or by cluster where `clusters` are given."""
    mean = estimators()["mean"]()
    rejected = []
    for at, values in enumerate(outcomes):
        for salt in range(salts):
            ids = np.arange(len(values)) if clusters is None else np.arange(int(clusters.max()) + 1)
            arms = Individual().assign(Units(ids, SHARES), salt=f"aa/{at}/{salt}", weeks=1).arms[0]
            of_unit = arms if clusters is None else arms[clusters]
            samples = [
                Sample({"value": values[of_unit == code]}, None if analyzed is None else analyzed[of_unit == code]) for code in (1, 2)
            ]
            p_value = mean.contrast(*samples, alpha=0.05).p_value
            rejected.append(p_value is not None and p_value < 0.05)
    return float(np.mean(rejected))


def spending(scenario: Any, worlds: int, weeks: int = 12) -> list[np.ndarray]:
    """Spending a customer of as many worlds in which nothing is tested."""
    found = []
    for at in range(worlds):
        plan = Plan(scenario, scenario, scenario, {}, SHARES, 1, weeks, 7)
        found.append(live_through(plan, at).nobody.columns["spend"])
    return found


def test_individual_tests_of_nothing_reject_five_percent_where_word_of_mouth_is_on():
    """1,000 A/A tests in 20 worlds of the tea brand: 5 % +- 2.3, a false alarm of .1 % (binomial, 3.29 standard errors)."""
    tea = load("library:tea_brand/broadcast").with_values({"market.customers": 1500, "market.prospects": 1500})
    assert tea.component("behaviors.word_of_mouth") is not None
    assert abs(rejections(spending(tea, 20), None, None, 50) - 0.05) < 0.023


def test_tests_of_whole_stores_read_by_row_reject_far_more_as_theory_says():
    """A shock common to a store inflates the variance by 1 + (m - 1) ICC, so rows reject 2 Phi(-1.96 / sqrt(it)); CR2 keeps 5 %.

    Source: Kish (1965). 300 tests in 6 worlds; the by-row share within .08 of theory (four standard errors and the clusters' own t tails).
    """
    stores, size, icc = 60, 25, 0.1
    tea = load("library:tea_brand/broadcast").with_values({"market.customers": stores * size, "market.prospects": 0})
    store = np.repeat(np.arange(stores), size)
    outcomes = []
    for at, values in enumerate(spending(tea, 6)):
        spread = np.std(values[: stores * size]) * np.sqrt(icc / (1.0 - icc))
        shocks = spread * stats.norm.ppf((np.random.default_rng(at).permutation(stores) + 0.5) / stores)
        outcomes.append(values[: stores * size] + shocks[store])
    inflation = 1.0 + (size - 1) * icc
    theory = 2.0 * stats.norm.sf(1.96 / np.sqrt(inflation))
    by_row, robust = rejections(outcomes, store, None, 50), rejections(outcomes, store, store, 50)
    assert theory > 0.28
    assert by_row == pytest.approx(theory, abs=0.08)
    # 5 % of 300 tests, binomial at .1 % false alarm.
    assert robust < stats.binom.isf(1e-3, 300, 0.05) / 300


def test_few_clusters_are_warned_of():
    rng = np.random.default_rng(1)
    arms = [Sample({"value": rng.normal(size=60)}, np.repeat(np.arange(6) + 6 * at, 10)) for at in (0, 1)]
    found = estimators()["mean"]().contrast(*arms, alpha=0.05)
    assert any("12 clusters" in one for one in found.warnings)


@pytest.fixture(scope="module")
def tea() -> Any:
    tea = load("library:tea_brand/broadcast").with_values({"market.customers": 800, "market.prospects": 800})
    designs = designs_of(
        {
            "designs": {
                "people": {"randomize": "individual", "start_week": 3, "weeks": 8, "arms": {"treatment": MAIL}},
                "towns": {"randomize": "cluster", "by": "groups", "start_week": 3, "weeks": 8, "arms": {"treatment": MAIL}},
                "turns": {"randomize": "switchback", "period_weeks": 2, "start_week": 3, "weeks": 8, "arms": {"treatment": MAIL}},
            }
        }
    )
    return tea, designs, rehearse(tea, designs, worlds=6, threads=1)


def test_a_rehearsal_has_the_truth_and_every_figure_with_its_error(tea):
    _, _, found = tea
    assert set(found.document["truth"]) == {"margin", "retained"}
    assert set(found.document["truth"]["margin"]) == {"total", "direct", "spillover"}
    for name, expected in (("people", ["cuped", "difference"]), ("towns", ["cluster_robust", "difference"]), ("turns", ["periods"])):
        part = found.document["designs"][name]
        assert list(part["estimators"]) == expected
        for figures in part["estimators"].values():
            assert set(FIGURES) <= set(figures)
            assert all(set(figures[one]) == {"value", "mc_se"} for one in (*FIGURES, "truth", "estimate", "refused"))
        assert all({"rolled_out", "profit", "regret"} <= set(one) for one in part["decision"]["estimators"].values())
    total = [found.document["designs"][name]["truth"]["margin"]["total"]["value"] for name in ("people", "towns", "turns")]
    assert total[0] == total[1] == total[2] > 0.0


def test_equal_input_gives_an_equal_rehearsal_whoever_runs_it(tea):
    scenario, designs, found = tea
    again = rehearse(scenario, designs, worlds=6, threads=2)
    assert again.document == found.document
    more = rehearse(scenario, {"people": designs["people"]}, worlds=8, threads=1)
    for key in found.readings:
        if key[0] == "people":
            assert np.array_equal(more.readings[key][:, :6], found.readings[key], equal_nan=True)


def test_a_rehearsal_of_nothing_has_no_effect_at_all(tea):
    """A/A: the truth is exactly 0, whatever the assignment."""
    scenario, designs, _ = tea
    nothing = rehearse(scenario, {"people": designs["people"]}, worlds=3, threads=1, aa=True)
    assert (nothing.truths["people", "margin"] == 0.0).all() and (nothing.truths["people", "retained"] == 0.0).all()
    readings = nothing.readings["people", "difference", "margin"]
    assert (readings[3] == readings[4]).all()


def test_an_estimator_that_does_not_exist_or_does_not_fit_is_refused_with_the_design():
    arms = {"treatment": MAIL}
    with pytest.raises(ScenarioError) as refused:
        names = ["cupped", "periods", "difference", "difference"]
        designs_of({"randomize": "individual", "start_week": 3, "arms": arms, "estimators": names})
    assert sorted(line.partition(": ")[2] for line in str(refused.value).splitlines()) == [
        "estimators.0 = cupped: there is no such estimator. Did you mean 'cuped'?",
        "estimators.1 = periods: cannot read a test with randomize: individual. There: cuped, difference, exposed.",
        "estimators.3 = difference: stands there twice.",
    ]


def test_worlds_in_which_an_estimator_refuses_are_counted_with_the_reason(tea):
    part = tea[2].document["designs"]["turns"]["metrics"]["retained"]["periods"]
    assert part["reasons"] == {"retained is known at the end of the test only and belongs to no week": 6}
    assert part["refused"]["value"] == 1.0 and part["bias"]["value"] is None


def test_the_bias_over_time_ends_in_that_of_the_whole_test(tea):
    part = tea[2].document["designs"]["people"]
    course = part["over_time"]
    assert [one["week"] for one in course] == list(range(1, 9))
    assert course[-1]["bias"]["value"] == pytest.approx(part["estimators"]["difference"]["bias"]["value"])
    assert course[-1]["truth"]["value"] == pytest.approx(part["truth"]["margin"]["total"]["value"])
    # Before the mail there is no effect, and after it the effect only grows.
    assert course[0]["truth"]["value"] >= 0.0
    assert tea[2].document["designs"]["turns"]["over_time"] is None


def test_a_discount_that_moves_nobody_subsidizes_all_who_order():
    """Common luck: with the discount every customer orders what the same customer orders without, and those who order get it."""
    shop = load("library:online_shop/baseline").with_values({"market.customers": 1500, "market.prospects": 0})
    sale = {"type": "discount", "start_week": 3, "weeks": 8, "depth": 0.2, "response": 0.0, "pull_forward": 0.0, "reference_loss": 0.0}
    arms = {"treatment": {"campaigns": {"sale": sale}}}
    found = rehearse(shop, {"randomize": "individual", "start_week": 3, "weeks": 8, "arms": arms}, worlds=3)
    part = found.document["designs"]["design"]
    kinds = part["individuals"]["all"]
    assert kinds["gained"]["share"]["value"] == kinds["lost"]["share"]["value"] == 0.0
    assert sum(one["share"]["value"] for one in kinds.values()) == pytest.approx(1.0)
    bought = live_through_bought(found)
    assert kinds["subsidized"]["share"]["value"] == pytest.approx(bought)
    assert kinds["subsidized"]["discounts"]["value"] > 0.0
    # What the roll-out loses is what its discounts cost.
    assert part["decision"]["always"]["value"] == pytest.approx(-part["roll_out_cost"]["value"], rel=1e-6)
    assert part["decision"]["perfect"]["value"] == 0.0


def live_through_bought(found: Any) -> float:
    """Share of customers with an order in the test's weeks, of the same worlds."""
    head = found.designs["design"].head
    base = found.scenario.with_values({"market.arms": dict(head.shares)})
    plan = Plan(base, base, base, {}, dict(head.shares), head.start_week, head.weeks, 1)
    return float(np.mean([live_through(plan, at).nobody.columns["bought"].mean() for at in range(found.worlds)]))


def test_designs_stand_on_the_front_unless_another_costs_and_errs_less():
    def design(cost: float, rmse: float, regret: float) -> dict[str, Any]:
        figures = {"sees": "total", "rmse": {"value": rmse, "mc_se": 0.1}}
        decision = {"estimators": {"difference": {"regret": {"value": regret}}}}
        return {"estimators": {"difference": figures}, "test_cost": {"value": cost}, "decision": decision}

    designs = {"dear": design(9, 1, 5), "cheap": design(1, 3, 20), "worse": design(5, 4, 30), "beyond": design(50, 0.5, 0)}
    rows = frontier(designs, budget=10)
    assert [row["design"] for row in rows] == ["dear", "cheap", "worse", "beyond"]
    assert [row["on_front"] for row in rows] == [True, True, False, False]
    assert [row["within_budget"] for row in rows] == [True, True, True, False]


def test_tests_that_cannot_be_had_are_refused_in_words(tea):
    scenario, _, _ = tea
    design = {"randomize": "saturation", "start_week": 3, "weeks": 4, "arms": {"treatment": MAIL}}
    three = {"control": 0.4, "treatment": 0.3, "other": 0.3}
    with pytest.raises(NoTest, match="a saturation design has two arms, not 3"):
        rehearse(scenario, {**design, "shares": three, "arms": {"treatment": MAIL, "other": MAIL}}, worlds=1)
    with pytest.raises(ValueError, match="worlds"):
        rehearse(scenario, design, worlds=0)


def test_the_cost_that_a_test_shows_is_that_of_the_customer_weeks_it_treated(tea):
    """Turns treat everybody in half of the weeks, steps treat each step from its week on."""
    scenario, _, found = tea
    shares = {name: money[2] / money[4] for name, money in found.money.items()}
    assert shares["turns"] == pytest.approx(np.full(6, 0.5))
    assert shares["people"] == pytest.approx(np.full(6, 0.5), abs=0.1)
    steps = {"randomize": "staggered", "by": "units", "steps": 2, "step_weeks": 2, "start_week": 3, "weeks": 8, "arms": {"treatment": MAIL}}
    for treated, assigned in staggered_worlds(scenario, steps):
        by_week = [float((assigned.in_week(week) > 1).mean()) for week in range(1, 9)]
        assert treated == pytest.approx(np.mean(by_week)) and max(by_week) == 1.0


def staggered_worlds(scenario: Any, steps: dict[str, Any]) -> list[tuple[float, Any]]:
    """Share of customer-weeks that a rehearsal says were treated, and who was assigned, by world."""
    found = rehearse(scenario, steps, worlds=2, threads=1)
    plan = world_plan(scenario, found.designs, 1)
    _, _, test_cost, _, shown = found.money["design"]
    return [(float(test_cost[at] / shown[at]), live_through(plan, at).assigned["design"][0]) for at in range(2)]


def test_a_design_is_rehearsed_at_its_own_level(tea):
    """Wider intervals and fewer finds at a smaller alpha, of the same worlds."""
    scenario, designs, found = tea
    strict = Design("people", designs["people"].assignment, designs["people"].head.model_copy(update={"alpha": 0.001}))
    wide, usual = rehearse(scenario, strict, worlds=3, threads=1).readings["people", "difference", "margin"], found.readings[
        "people", "difference", "margin"
    ][:, :3]
    assert (wide[0] == usual[0]).all() and (wide[3] == usual[3]).all()
    assert ((wide[2] - wide[1]) / (usual[2] - usual[1]) == pytest.approx(stats.norm.isf(0.0005) / stats.norm.isf(0.025), rel=0.01))


def test_wrong_settings_of_an_arm_have_their_place_in_the_design(tea, tmp_path):
    path = tmp_path / "d.yaml"
    lines = ["designs:", "  one:", "    start_week: 3", "    weeks: 4", "    arms:", "      treatment:", "        campaigns:"]
    path.write_text("\n".join([*lines, "          mail: {type: pushh}", ""]), encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        rehearse(tea[0], path, worlds=1)
    rule = "designs.one.arms.treatment.campaigns.mail.type = pushh: no such campaign. Did you mean 'push'?"
    assert str(refused.value) == f"{path}:8:24: {rule}"


def test_looks_change_no_reading_and_end_a_test_whose_effect_is_plain(tea):
    """A price cut that multiplies orders is found at the first look in every world; without looks nothing is said of them."""
    scenario, designs, found = tea
    assert found.document["designs"]["people"]["looks"] is None
    head = designs["people"].head.model_copy(update={"looks": [3, 6]})
    again = rehearse(scenario, Design("people", designs["people"].assignment, head), worlds=6, threads=1)
    for key in again.readings:
        assert np.array_equal(again.readings[key], found.readings[key], equal_nan=True)
    ended, shown, null, naive = again.looked["people"]
    assert set(ended) <= {3.0, 6.0, 8.0} and (ended[shown == 0.0] == 8.0).all()
    assert (null <= naive).all()
    sale = {"campaigns": {"sale": {"type": "discount", "start_week": 3, "weeks": 8, "depth": 0.3, "response": 8.0}}}
    plain = designs_of({"randomize": "individual", "start_week": 3, "weeks": 8, "looks": [4], "arms": {"treatment": sale}})
    part = rehearse(scenario, plain, worlds=3, threads=1).document["designs"]["design"]["looks"]
    assert part["weeks"] == [4, 8] and part["mean_weeks"] == {"value": 4.0, "mc_se": 0.0} and part["power"]["value"] == 1.0


def test_a_second_treatment_changes_nothing_that_is_said_of_the_cost_of_the_first(tea):
    """Its budget is part of what the test costs, and no part of what rolling out the first would cost."""
    dear = {"campaigns": {"sale": {"type": "discount", "start_week": 3, "weeks": 8, "depth": 0.5, "response": 0.0, "pull_forward": 0.0}}}
    three = {"shares": {"control": 0.4, "mail": 0.3, "sale": 0.3}, "arms": {"mail": MAIL, "sale": dear}}
    found = rehearse(tea[0], {"randomize": "individual", "start_week": 3, "weeks": 8, **three}, worlds=3, threads=1)
    _, cost, test_cost, _, shown = found.money["design"]
    assert (shown == cost).all() and (test_cost > 2.0 * cost).all()
    assert found.document["designs"]["design"]["compared"] == ["control", "mail"]
    _, cost, test_cost, _, shown = tea[2].money["people"]
    assert shown == pytest.approx(cost, rel=0.1) and (test_cost < 0.7 * cost).all()
