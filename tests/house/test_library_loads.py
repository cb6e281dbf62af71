"""Every shipped scenario checks clean, runs, and says where its numbers come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from regulars.scenarios import Scenario, library_names, load, validate_files
from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS
from regulars.sim.core.declare import ASSUMED
from regulars.sim.model import LoyaltyModel
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


def test_the_scenarios_that_others_rely_on_are_there():
    assert {"library:online_shop/baseline", "library:online_shop/points", "library:tea_brand/broadcast"} <= set(library_names())


def test_a_number_without_source_is_found(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text("name: Shop\nextends: library:online_shop/baseline\neconomics: {gross_margin: 0.5}\n")
    assert uncited(load(str(file))) == ["economics.gross_margin = 0.5: no source"]
    file.write_text(file.read_text() + 'sources: {economics.gross_margin: "books of 2024"}\n')
    assert uncited(load(str(file))) == []
