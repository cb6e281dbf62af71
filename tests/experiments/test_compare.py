"""`compare`: paired differences down to the money, with what is not known."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from regulars.analysis.report import print_answer
from regulars.experiments.claims import claim_rows
from regulars.experiments.compare import NotComparable, compare, gains_of, save
from regulars.experiments.results import weekly_values
from regulars.experiments.run import run
from regulars.scenarios import from_tree, load

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


def test_profit_return_and_risk_of_an_answer_are_in_one_view(arms):
    clv = [shop(one.id, programs=one.tree["programs"], economics={"view": "clv"}) for one in arms]
    one = compare(clv[0], [clv[1]], replications=4, draws=5, sensitivity=False)
    before, after = one.outcomes
    part, gains = one.document["scenarios"][0], gains_of(before, after, "clv")
    assert part["roi"]["profit"]["mean"] == pytest.approx(gains.profit.mean())
    assert part["probability_of_loss"] == part["views"]["clv"]["probability_of_loss"]
    assert part["roi"]["profit"]["mean"] != part["differences"]["discounted_profit"]["mean"]
    assert part["views"]["cash"]["profit"]["mean"] == pytest.approx(part["differences"]["discounted_profit"]["mean"])
    assert part["views"]["cash"]["profit"]["sd"] == pytest.approx(part["differences"]["discounted_profit"]["sd"])


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


def test_all_that_cannot_be_compared_is_told_with_its_place(arms):
    short, chinese = shop("short", horizon_weeks=20), shop("chinese", currency="CNY", horizon_weeks=30)
    with pytest.raises(NotComparable) as told:
        compare(arms[0], [short, chinese], replications=1, draws=0)
    first, second, third = str(told.value).splitlines()
    assert first.startswith("short:1:1: horizon_weeks = 20: must be 26 as in the baseline plain. Use --weeks 20.")
    assert second.startswith("chinese:1:1: horizon_weeks = 30: must be 26")
    assert third.startswith("chinese:1:1: currency = CNY: must be USD")


def test_what_scenarios_differ_in_is_drawn_around_the_value_of_each(arms):
    """A message of .5 a contact loses in every draw, whatever one of .005 does; alone as in company."""
    mail = {"type": "push", "start_week": 2, "effect": 0.0}
    cheap, dear = (shop(name, campaigns={"mail": {**mail, "contact_cost": cost}}) for name, cost in (("cheap", 0.005), ("dear", 0.5)))
    settings: dict[str, Any] = {"replications": 3, "draws": 8, "sensitivity": True}
    company = compare(arms[0], [cheap, dear], **settings).document["scenarios"]
    alone = [compare(arms[0], one, **settings).document["scenarios"][0] for one in (cheap, dear)]
    told = ("probability_of_loss", "roi", "uncertain", "sensitivity", "weekly")
    assert [{name: one[name] for name in told} for one in company] == [{name: one[name] for name in told} for one in alone]
    changed = compare(cheap, dear, **settings).document["scenarios"][0]
    assert changed["probability_of_loss"] == 1.0 and changed["roi"]["profit"]["ci95_all"][1] < 0
    row = next(one for one in changed["sensitivity"] if one["path"] == "campaigns.mail.contact_cost")
    assert (row["default"], row["low"], row["high"]) == (0.5, 0.25, 1.0)
    assert row["profit_low"] > row["profit_default"] > row["profit_high"] and row["profit_low"] < 0


def test_files_of_one_name_with_other_ties_are_other_markets(tmp_path):
    """Two lists of ties called ties.csv in two folders: nobody's messages travel along the other's ties."""
    found = []
    for name, ties in (("dense", 40), ("sparse", 1)):
        folder = tmp_path / name
        folder.mkdir()
        rows = [f"{i},{(i + step) % 400}" for i in range(400) for step in range(1, ties + 1)]
        (folder / "ties.csv").write_text("\n".join(["from,to", *rows]))
        network = {"type": "edge_list", "file": "ties.csv", "sender_column": "from", "receiver_column": "to"}
        tree = {**TREE, "name": name, "market": {"customers": 400, "network": network}, "horizon_weeks": 8}
        tree["behaviors"] = {**TREE["behaviors"], "word_of_mouth": {"base": 0.1}}
        found.append(from_tree(tree, folder, id=name))
    document = compare(*found, replications=2, draws=0).document["scenarios"][0]
    alone = [run(one, replications=2).document()["kpis"]["messages_sent"]["mean"] for one in found]
    assert alone[0] > 20 * alone[1] > 0
    assert document["differences"]["messages_sent"]["mean"] == pytest.approx(alone[1] - alone[0])
    assert any("the files of market.population or market.network" in one for one in document["warnings"])


def warnings(first: Any, second: Any, **more: Any) -> str:
    settings: dict[str, Any] = {"replications": 2, "draws": 0, "sensitivity": False, **more}
    return "\n".join(compare(first, second, **settings).document["scenarios"][0]["warnings"])


def test_other_people_or_other_behavior_in_one_arm_are_pointed_out(arms):
    assert "Not only plans differ" not in warnings(*arms)
    crowd = shop("crowd", market={"customers": 300, "prospects": 200})
    assert "also market.customers: the difference is not the plan's alone" in warnings(arms[0], crowd)
    dear = shop("dear", economics={"gross_margin": 0.5}, behaviors={**TREE["behaviors"], "satisfaction": "off"})
    assert "also economics.gross_margin and behaviors.satisfaction" in warnings(arms[0], dear)


def test_a_plan_that_starts_after_the_horizon_is_pointed_out(arms):
    late = shop("late", programs={"stars": {**STARS, "start_week": 40}})
    assert "programs.stars starts in week 40, after the horizon of 26 weeks." in warnings(arms[0], late)


def test_customers_who_cannot_respond_are_pointed_out(arms):
    deaf = {**TREE, "behaviors": {"purchase": TREE["behaviors"]["purchase"]}}
    before, after = (from_tree({**deaf, "programs": one}, id="deaf") for one in ({}, {"stars": STARS}))
    assert "no order changes" in warnings(before, after)
    assert "no order changes" not in warnings(*arms)


def test_few_draws_and_few_replications_are_pointed_out(arms):
    told = warnings(*arms, replications=1, draws=1)
    assert "1 replication: intervals" in told and "1 draw of uncertain parameters" in told


def test_a_range_that_does_not_hold_the_value_in_use_is_pointed_out(arms):
    aside = shop("aside", programs={"stars": STARS}, uncertainties={"economics.gross_margin": {"low": 0.5, "high": 0.6}})
    assert "economics.gross_margin does not hold the value in use and was widened" in warnings(shop("plain"), aside, draws=1)


def test_scenarios_of_one_title_are_told_apart(arms):
    twins = [from_tree({**arms[1].tree, "name": "Stars"}, id=id) for id in ("first", "second", "second")]
    document = compare(arms[0], twins, replications=1, draws=0).document
    assert [one["name"] for one in document["scenarios"]] == ["Stars (first)", "Stars (second#1)", "Stars (second#2)"]
    assert [one["scenario"] for one in document["scenarios"]] == ["first", "second#1", "second#2"]


def test_files_of_one_stem_are_told_apart_in_every_table(arms, tmp_path):
    one = compare(arms[0], [shop("plan", programs={"stars": STARS}), shop("plan")], replications=1, draws=0)
    save(one, tmp_path / "run")
    frame = pd.read_parquet(tmp_path / "run" / "kpis.parquet")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert set(frame.scenario) == {"plain", "plan#1", "plan#2"} == set(manifest["scenarios"])
    assert len(frame) == 3 * frame.kpi.nunique()


def test_one_scenario_needs_no_list_and_none_is_refused(arms):
    alone = compare(arms[0], arms[1], replications=1, draws=0, command="x").document
    listed = compare(arms[0], [arms[1]], replications=1, draws=0, command="x").document
    assert {**alone, "timing": None} == {**listed, "timing": None}
    with pytest.raises(NotComparable, match="nothing to compare it with"):
        compare(arms[0], [])


def test_weeks_stand_in_for_the_horizon_of_all(arms):
    short = shop("short", horizon_weeks=20)
    document = compare(arms[0], short, replications=1, draws=0, weeks=12).document
    assert document["weeks"] == 12 == document["scenarios"][0]["roi"]["horizon_weeks"]


@pytest.mark.parametrize("wrong", [{"replications": 0}, {"replications": 2.5}, {"draws": -1}, {"seed": -1}, {"weeks": 0}, {"threads": 0}])
def test_numbers_out_of_range_are_named(arms, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} = "):
        compare(*arms, **wrong)


def test_a_naive_member_reading_overstates_the_program(comparison, part):
    """Heavier buyers join: members against others claims far more than the program did to the same people."""
    naive = part["naive"]
    assert naive["truth"]["gain"] == pytest.approx(part["differences"]["gross_margin"]["mean"], rel=1e-6)
    assert naive["members"]["claimed_lift"] > naive["members"]["true_lift"]


DECK: dict[str, Any] = {
    "rise": {"kpi": "orders", "readings": {"relative": 0.4, "to_multiple": 1.4, "by_multiple": 0.4}, "source": "a deck"},
    "satisfaction": {"kpi": "satisfaction", "readings": {"points": 0.0, "level": 92}, "wording": "to 92", "source": "a deck"},
    "impossible": {"kpi": "satisfaction", "readings": {"relative": 0.6}, "source": "a deck"},
    "no_desk": {"kpi": "first_response_minutes", "readings": {"level": 15}, "bound": "at_most", "source": "a deck"},
}


def test_claims_stand_beside_their_readings_and_change_no_number(arms, comparison):
    told = compare(arms[0], [arms[1].with_values({"claims": DECK})], replications=8, draws=6, sensitivity=False)
    with_claims, without = ({**one.document["scenarios"][0]} for one in (told, comparison))
    rows = with_claims.pop("claims")
    assert without.pop("claims") == []
    assert json.dumps(with_claims) == json.dumps(without)
    found = {(one["name"], one["reading"]): one for one in rows}
    assert list(found) == [(name, reading) for name, one in DECK.items() for reading in one["readings"]]
    orders = without["differences"]["orders"]
    assert found["rise", "relative"]["simulated"] == pytest.approx(orders["mean"] / orders["baseline"])
    assert found["rise", "to_multiple"]["simulated"] == pytest.approx(1.0 + found["rise", "by_multiple"]["simulated"])
    assert {found["rise", one]["verdict"] for one in ("relative", "by_multiple", "to_multiple")} == {"above"}
    assert found["satisfaction", "points"]["ci95"] == pytest.approx(without["differences"]["satisfaction"]["ci95"])
    assert found["satisfaction", "level"]["ci95_all"][1] < 92.0
    assert found["impossible", "relative"]["verdict"] == "not_possible"
    assert "above 100, the most there is; possible from 62.5 or less" in found["impossible", "relative"]["reason"]
    assert (found["no_desk", "level"]["simulated"], found["no_desk", "level"]["verdict"]) == (None, "unknown")


def test_a_claim_possible_in_a_drawn_market_is_not_called_impossible(arms):
    scenario = arms[1].with_values({"claims": {"a": {"kpi": "satisfaction", "readings": {"relative": 0.6}, "source": "a deck"}}})
    base, arm = np.full(4, 70.0), np.full(4, 72.0)
    for starts, says in ((np.full(4, 65.0), "not_possible"), (np.array([50.0, 65.0, 66.0, 67.0]), "above")):
        drawn = {"satisfaction": (starts, starts * 1.1)}
        (row,) = claim_rows(scenario, {"satisfaction": arm}, {"satisfaction": base}, drawn)
        assert row["verdict"] == says
        assert row["ci95_all"] == pytest.approx([0.1, 0.1])


def test_claims_change_no_byte_of_a_run(arms):
    plain, told = (run(one, replications=2) for one in (arms[1], arms[1].with_values({"claims": DECK})))
    assert plain.document()["state_hash"] == told.document()["state_hash"]


SALE: dict[str, Any] = {"type": "discount", "start_week": 5, "weeks": 6, "depth": 0.2}


@pytest.fixture(scope="module")
def sale(arms) -> dict[str, Any]:
    economics = {"discount_rate_per_year": 0.0}
    bare, cut = shop("bare", economics=economics), shop("sale", campaigns={"sale": SALE}, economics=economics)
    return compare(bare, cut, replications=4, draws=0, sensitivity=False).document["scenarios"][0]


def test_the_truth_beside_naive_readings_is_the_margin_that_return_and_break_even_count(sale):
    """Discounts given are a cost of the program: the truth is margin before them, as its label says."""
    assert sale["differences"]["gross_margin"]["mean"] < sale["break_even"]["margin_gained"]
    assert sale["naive"]["truth"]["gain"] == pytest.approx(sale["break_even"]["margin_gained"], rel=1e-9)
    assert sale["naive"]["truth"]["lift"] == pytest.approx(sale["break_even"]["achieved_lift"], rel=1e-9)


def test_a_discount_without_effect_has_no_true_gain_and_is_pointed_out(arms):
    """It lowers gross margin and moves nobody: every reading is the one of the baseline's own course."""
    idle = shop("idle", campaigns={"sale": {**SALE, "response": 0.0, "pull_forward": 0.0, "reference_loss": 0.0}})
    found = compare(arms[0], idle, replications=4, draws=0, sensitivity=False)
    part = found.document["scenarios"][0]
    assert part["differences"]["gross_margin"]["mean"] < 0.0 < part["break_even"]["margin_needed"]
    assert part["naive"]["truth"] == {"lift": pytest.approx(0.0, abs=1e-12), "gain": pytest.approx(0.0, abs=1e-9)}
    course = np.mean([weekly_values(one)["gross_margin"][:, -1] for one in found.outcomes[0]], axis=0)
    assert part["naive"]["before_after"]["claimed_lift"] == pytest.approx(course[4:].mean() / course[:4].mean() - 1.0)
    assert any("no order changes" in one for one in part["warnings"])


def test_without_another_plan_nothing_is_launched(arms):
    smaller = shop("smaller", market={"customers": 300, "prospects": 200})
    found = compare(arms[0], smaller, replications=2, draws=0, sensitivity=False).document["scenarios"][0]["naive"]["before_after"]
    assert found["claimed_lift"] is None and found["reason"] == "both scenarios have the same plan: nothing is launched"


def test_the_draws_of_a_comparison_are_kept_and_make_its_probability_of_loss(arms, tmp_path):
    clv = [shop(one.id, programs=one.tree["programs"], economics={"view": "clv"}) for one in arms]
    dear = shop("dear", programs={"stars": {**STARS, "weekly_cost": 50.0}})
    folder = tmp_path / "run"
    save(compare(clv[0], [clv[1], dear], replications=2, draws=6, sensitivity=False), folder)
    frame, document = pd.read_parquet(folder / "draws.parquet"), json.loads((folder / "comparison.json").read_text())
    assert list(frame.columns[:3]) == ["scenario", "draw", "view"] and len(frame) == 12
    for one in document["scenarios"]:
        mine: Any = frame[frame.scenario == one["scenario"]]
        assert mine.draw.tolist() == list(range(6)) and set(mine.view) == {one["roi"]["view"]}
        for view, prefix in ((one["roi"]["view"], ""), ("cash", "cash_")):
            profit = mine[f"{prefix}discounted_profit"]
            assert (profit < 0).mean() == one["views"][view]["probability_of_loss"]
            assert np.percentile(profit, [2.5, 97.5]) == pytest.approx(one["views"][view]["profit"]["ci95_all"])
            assert np.allclose(profit, mine[f"{prefix}discounted_margin"] - mine[f"{prefix}discounted_program_cost"])
        for drawn in one["uncertain"]:
            assert mine[drawn["path"]].between(drawn["low"], drawn["high"]).all() and mine[drawn["path"]].nunique() > 1
    save(compare(clv[0], [clv[1], dear], replications=1, draws=0), folder)
    assert not (folder / "draws.parquet").exists()


def test_an_executor_that_does_not_exist_is_refused_though_none_is_needed(arms):
    with pytest.raises(ValueError, match="executor = 'foo': must be one of auto, threads, processes"):
        compare(*arms, replications=1, draws=0, sensitivity=False, executor="foo")  # pyright: ignore[reportArgumentType]


def told(baseline: str, plan: str) -> tuple[Any, dict[str, list[str]]]:
    """A small comparison, and the cells of its printed table of KPIs by the first."""
    small = {"market.customers": 600, "market.prospects": 900, "horizon_weeks": 30}
    found = compare(*(load(name).with_values(small) for name in (baseline, plan)), replications=2, draws=0, sensitivity=False)
    out = io.StringIO()
    print_answer(found.document, Console(file=out, width=200))
    lines = out.getvalue().replace("\u2212", "-").splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("KPI ")) + 2
    rows = [re.split(" {2,}", line.strip()) for line in lines[start:]]
    return found, {row[0].rpartition(",")[0] or row[0]: row for row in rows[: next(at for at, row in enumerate(rows) if len(row) < 2)]}


@pytest.mark.parametrize(
    ("baseline", "plan", "lines"),
    [
        ("library:saas_desk/baseline", "library:saas_desk/agents_5", {"Service cost"}),
        ("library:tea_brand/broadcast", "library:tea_brand/city_groups", {"Campaign cost"}),
        ("library:tea_brand/broadcast", "library:tea_brand/all_together", {"Program fixed cost", "Campaign cost", "Acquisition cost"}),
        ("library:tea_brand/broadcast", "library:tea_brand/second_cup", {"Campaign cost"}),
        ("library:online_shop/baseline", "library:online_shop/points", {"Reward cost", "Program fixed cost"}),
    ],
)
def test_rows_of_money_in_the_table_add_up_to_profit(baseline, plan, lines):
    """Gross margin is net of discounts and of orders sent back; each cost that any scenario has stands in a row of its own."""
    found, rows = told(baseline, plan)
    money = {name: [float(row[at].replace(",", "")) for at in (1, -1)] for name, row in rows.items() if ", " in row[0]}
    costs = {name for name in money if name.endswith(" cost")}
    assert lines <= costs
    differences = found.document["scenarios"][0]["differences"]
    assert all(any(differences[name.lower().replace(" ", "_")][key] for key in ("mean", "sd", "baseline")) for name in costs)
    for at in (0, 1):
        # Each row is rounded by itself.
        assert money["Gross margin"][at] - sum(money[name][at] for name in costs) == pytest.approx(money["Profit"][at], abs=4.0)


def test_rows_of_a_desk_stand_where_any_scenario_has_one():
    desk = {"Tickets", "First response minutes", "Resolution hours", "Abandonment rate", "Tickets open", "Agent utilization"}
    _, rows = told("library:saas_desk/baseline", "library:saas_desk/agents_5")
    assert desk <= rows.keys() and not {"Members", "Points liability", "Reward cost"} & rows.keys()
    _, rows = told("library:online_shop/baseline", "library:online_shop/points")
    assert not desk & rows.keys() and {"Members", "Points liability"} <= rows.keys()


def test_what_only_one_scenario_has_is_told_as_it_stands_there():
    tree = {"name": "Shop", "horizon_weeks": 10, "market": {"customers": 400, "prospects": 0}}
    bare = from_tree(tree, id="bare")
    served = from_tree({**tree, "feedback": {"desk": {"type": "service_desk", "contacts": {"per_week": 0.2}}}}, id="served")
    for first, second, side in ((bare, served, "scenario"), (served, bare, "baseline")):
        document = compare(first, second, replications=2, draws=0, sensitivity=False).document
        row = document["scenarios"][0]
        assert row["differences"]["resolution_hours"] is None
        one = row["unpaired"]["resolution_hours"]
        assert one[side] > 0.0 and one["unit"] == "hours" and one["baseline" if side == "scenario" else "scenario"] is None
        assert "tickets" not in document["absent"] and "members" in document["absent"]
        out = io.StringIO()
        print_answer(document, Console(file=out, width=120))
        assert re.search(r"Resolution hours +at \d" if side == "scenario" else r"Resolution hours +\u2013 .* \d", out.getvalue())


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_a_discount_without_effect_loses_all_it_costs_whatever_is_sent_back(share):
    """Every other number is its baseline's: an order sent back takes its value and its discount with it."""
    back = {"environment": {"returns": {"share": share, "delay_weeks": 1.0}}}
    sale = {"type": "discount", "depth": 0.2, "weeks": 26, "response": 0.0, "pull_forward": 0.0, "reference_loss": 0.0}
    found = compare(shop("plain", **back), [shop("sale", campaigns={"sale": sale}, **back)], replications=4, draws=0, sensitivity=False)
    row = found.document["scenarios"][0]
    assert row["differences"]["orders"]["sd"] == row["differences"]["revenue"]["sd"] == row["differences"]["revenue"]["mean"] == 0.0
    assert row["naive"]["truth"]["gain"] == 0.0
    for view in ("cash", "accrual", "clv"):
        assert row["views"][view]["value"] == pytest.approx(-1.0, abs=1e-6)
    lines = {one["line"]: one["mean"] for one in row["waterfall"]}
    assert lines["discounts given"] == pytest.approx(lines["incremental profit"]) and lines["incremental margin"] == 0.0
