"""Every shipped scenario checks clean, runs, and says where its numbers come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regulars.scenarios import Scenario, library_names, load, validate_files
from regulars.scenarios.library import folder
from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS
from regulars.sim.core.declare import ASSUMED
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE
from regulars.sim.world.market import Economics, Market

DESIGN = ("horizon_weeks", "step_days")
"""Numbers that say what is asked, not what the world is like."""


def rows(scenario: Scenario, path: str) -> tuple[str, dict[str, Any]]:
    """Path within its section, and the catalog's row of the parameter at a dotted path; an empty row if there is none."""
    section, _, rest = path.partition(".")
    if section in ("market", "economics"):
        declared, inner = catalog.parameters(Market if section == "market" else Economics), rest
    elif section in SECTIONS.values():
        name, _, inner = rest.partition(".")
        component = scenario.component(f"{section}.{name}")
        declared = catalog.parameters(component.Params) if component else []
    else:
        return path, {}
    return inner, next((row for row in declared if _fits(row["name"], inner)), {})


def _fits(declared: str, path: str) -> bool:
    """Whether a declared name, in which ``*`` stands for a name of the user's choice, is that of a path."""
    ours, theirs = declared.split("."), path.split(".")
    return len(ours) == len(theirs) and all(one in ("*", other) for one, other in zip(ours, theirs, strict=True))


def numbers(scenario: Scenario) -> Iterator[tuple[str, float]]:
    """Dotted path and value of every number that a file states and that is not the default."""
    for path, origin in scenario.origin.items():
        section = path.split(".")[0]
        if origin == "catalog:0" or section not in ("market", "economics", *SECTIONS.values()):
            continue
        value = scenario.value(path)
        if isinstance(value, int | float) and not isinstance(value, bool) and value != rows(scenario, path)[1].get("default"):
            yield path, value


def uncited(scenario: Scenario) -> list[str]:
    """Numbers without a stated source, and assumed ones that nothing gives a range."""
    found = []
    for path, value in numbers(scenario):
        citation = scenario.citation(path)
        if not citation:
            found.append(f"{path} = {value}: no source")
        elif citation.startswith(ASSUMED) and path not in scenario.uncertainties:
            row = rows(scenario, path)[1]
            if row.get("low") is None or row.get("high") is None:
                found.append(f"{path} = {value}: assumed, and no range")
    return found


@pytest.mark.parametrize("name", library_names())
def test_a_shipped_scenario_checks_clean(name):
    scenario = load(name)
    assert scenario.name
    assert scenario.description


def test_validate_finds_nothing_to_say_about_the_library():
    found = validate_files(library_names())
    assert [name for name, one in found["files"].items() if not one["valid"]] == []


@pytest.mark.parametrize("name", library_names())
def test_a_shipped_scenario_states_the_source_of_its_numbers(name):
    assert uncited(load(name)) == []


@pytest.mark.parametrize("name", library_names())
def test_a_shipped_scenario_runs(name):
    scenario = load(name)
    smaller = {path: 300 for path in ("market.customers", "market.prospects", "market.newcomers") if scenario.value(path) > 300}
    weeks = 8
    model = LoyaltyModel(scenario.with_values({**smaller, "horizon_weeks": weeks}), collect=False).run()
    assert model.world.totals.weeks == weeks
    assert model.world.totals.so_far("orders") > 0


RELIED_ON = ("online_shop/baseline", "online_shop/points", "tea_brand/broadcast", "tea_brand/city_groups")
CASES = {
    "coffee_chain": "baseline",
    "membership_shop": "baseline",
    "online_shop": "baseline",
    "saas_desk": "baseline",
    "tea_brand": "broadcast",
    "travel": "baseline",
}
"""Folders of the library, and the scenario that its plans are compared with."""
WIDE = "library:online_shop/baseline_wide"
GUIDE = Path(__file__).parents[2] / "docs" / "library.md"


def test_the_scenarios_that_others_rely_on_are_there():
    assert {f"library:{name}" for name in RELIED_ON} <= set(library_names())


def test_every_case_tells_what_it_is_and_has_plans_beside_its_baseline():
    cases = {name.removeprefix("library:").partition("/")[0] for name in library_names()}
    assert cases == set(CASES)
    for case, base in CASES.items():
        assert (folder() / case / "README.md").is_file()
        plans = [one for one in library_names() if one.startswith(f"library:{case}/") and not one.endswith(f"/{base}")]
        assert len(plans) >= (5 if case in ("online_shop", "tea_brand") else 3), case


@pytest.mark.parametrize("name", library_names())
def test_a_plan_differs_from_its_baseline_in_nothing_but_the_plan(name):
    """So that a comparison's difference is the plan's; the shop has a second baseline for plans that need more behaviors."""
    case = name.removeprefix("library:").partition("/")[0]
    wide = name in (WIDE, "library:online_shop/bring_a_friend", "library:online_shop/stamp_card")
    plan, base = load(name), load(WIDE if wide else f"library:{case}/{CASES[case]}")
    for section in ("market", "economics", "behaviors", "environment", "horizon_weeks", "step_days", "currency"):
        assert plan.tree[section] == base.tree[section], section


def test_the_guide_names_every_shipped_scenario_and_none_that_is_not_there():
    named = re.findall(r"^\| `([a-z_]+/[a-z0-9_]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(f"library:{one}" for one in named) == sorted(library_names())


def test_the_guide_says_what_each_scenario_switches_on():
    """The components column of the guide is what the file adds to its baseline, by type."""
    rows = re.findall(r"^\| `([a-z_]+/[a-z0-9_]+)` \| [^|]* \| ([^|]*) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    for name, told in rows:
        parts = {one.type for one in load(f"library:{name}").components if one.kind in ("program", "campaign", "feedback")}
        assert set(re.findall(r"`([a-z_]+)`", told)) == parts, name


def test_the_two_accrual_schemes_of_the_texts_are_two_scenarios_with_their_modes_spelled_out():
    """1 point a yuan against 10 for every full 100, and a doubling whose words allow twice in all or twice on top."""
    plain, hundreds = (load(f"library:membership_shop/{name}").component("programs.points") for name in ("points", "points_by_hundreds"))
    assert plain is not None
    assert hundreds is not None
    assert (plain.params.per_money, plain.params.threshold, plain.params.delayed) == (1.0, None, None)
    threshold, delayed = hundreds.params.threshold, hundreds.params.delayed
    assert (hundreds.params.per_money, threshold.step, threshold.points, threshold.mode) == (0.0, 100.0, 10, "per_order")
    assert (delayed.min_order, delayed.multiplier, delayed.mode, delayed.delay_days, delayed.repeats) == (500.0, 2.0, "total", 1, "every")


def test_no_case_stacks_claims_on_one_kpi():
    """Overlapping claims of one text are one target; what stands twice is one sentence read in two ways."""
    for name in library_names():
        told: dict[str, set[str]] = {}
        for claim in load(name).claims.values():
            told.setdefault(claim.kpi, set()).add(claim.wording or claim.source)
        assert all(len(words) == 1 for words in told.values()), name


AGENTS = {4: "baseline", 5: "agents_5", 6: "agents_6", 8: "agents_8"}


@pytest.fixture(scope="module")
def desks() -> dict[int, LoyaltyModel]:
    """The first 26 weeks at the desk, before renewals have moved the number of customers much."""
    found = {}
    for agents, name in AGENTS.items():
        scenario = load(f"library:saas_desk/{name}").with_values({"horizon_weeks": 26})
        found[agents] = LoyaltyModel(scenario, collect=False).run()
    return found


def _ends(one: LoyaltyModel, names: tuple[str, ...]) -> list[float]:
    known, weekly = {kpi.type: kpi for kpi in catalog.kpis()}, one.weekly().summed()
    found = [weekly.value(known[name]()) for name in names]
    return [float(rows[0, -1]) for rows in found if rows is not None]


def _wait(one: LoyaltyModel) -> float:
    return _ends(one, ("first_response_minutes",))[0]


def load_of(agents: int) -> float:
    """Service time of new tickets for agents over staffed time, from the file's own numbers."""
    desk = load(f"library:saas_desk/{AGENTS[agents]}").component("feedback.desk")
    assert desk is not None
    one, (shift,) = desk.params, desk.params.shifts.values()
    assert shift.agents == agents
    new = 6000 * one.contacts.per_week * (1.0 - one.auto_reply.solves)
    return new * one.service_minutes / (agents * 60.0 * len(shift.days) * (shift.closes - shift.opens))


def test_more_agents_mean_shorter_waits_and_never_fewer_answers(desks):
    """Emergent: waits come out of tickets, shifts and the compiled queue."""
    waits = [_wait(one) for one in desks.values()]
    assert all(later < sooner for sooner, later in pairwise(waits)), waits
    assert waits[0] > 100 * waits[-1]


def test_the_desk_collapses_where_theory_says():
    """Service_desk's own bounds: by itself above 1 - r, never below (1 - r)(1 - late), r = (1 - solves) x again."""
    calm = 1.0 - 0.2 * 0.7
    tipping = calm * 0.9
    assert load_of(4) > calm
    assert tipping > load_of(5) > load_of(6) > load_of(8)
    assert load_of(4) == pytest.approx(6000 * 0.12 * 0.7 * 20 / (4 * 45 * 60))


def test_four_agents_never_clear_their_queue_and_five_do(desks):
    """r is .14, so four agents at a load of .93 of their time serve less than comes; queues grow week by week."""
    four, five = (desks[agents].weekly().tickets_open[:, -1] for agents in (4, 5))
    assert np.polyfit(np.arange(20), four[6:], 1)[0] > 10
    assert four[-1] > 500
    assert five[6:].max() < 200


def test_large_plans_are_served_first_and_the_others_pay_with_their_wait(desks):
    """Emergent: who holds the plan is content above what five agents leave them without priority, the others a little below."""
    scenario = load("library:saas_desk/priority_by_plan").with_values({"horizon_weeks": 26})
    first, plain = LoyaltyModel(scenario, collect=False).run().world.customers, desks[5].world.customers
    known = (first.status == ACTIVE) & (plain.status == ACTIVE)
    large = first.priority == 1
    assert 0.15 < large[known].mean() < 0.45
    for who, sign in ((large, 1.0), (~large, -1.0)):
        assert sign * (first.satisfaction[known & who].mean() - plain.satisfaction[known & who].mean()) > 0.0


def test_a_number_without_source_is_found(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text("name: Shop\nextends: library:online_shop/baseline\neconomics: {gross_margin: 0.5}\n")
    assert uncited(load(str(file))) == ["economics.gross_margin = 0.5: no source"]
    file.write_text(file.read_text() + 'sources: {economics.gross_margin: "books of 2024"}\n')
    assert uncited(load(str(file))) == []


def test_activity_brings_tiers_and_points_by_tier():
    """1, 2, 3 and 5 points for an interaction, and more holders of upper tiers than spending alone makes."""
    found = {}
    for name in ("points_and_tiers", "active_tiers"):
        scenario = load(f"library:membership_shop/{name}").with_values({"horizon_weeks": 40})
        found[name] = _ends(LoyaltyModel(scenario, collect=False).run(), ("upper_tier_share", "points_issued"))
    card = load("library:membership_shop/active_tiers").component("programs.card")
    assert card is not None
    assert [one.interaction_points for one in card.params.tiers.values()] == [1.0, 2.0, 3.0, 5.0]
    assert found["active_tiers"][0] > found["points_and_tiers"][0]
    assert found["active_tiers"][1] > found["points_and_tiers"][1]
