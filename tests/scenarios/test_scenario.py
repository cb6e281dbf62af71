"""A checked scenario: other values laid on it, its digest, its round trip through plain data."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from regulars.scenarios import ScenarioError, from_tree, library_names, load, show_document

TEXT = """name: A
market: {customers: 500, segments: {north: {share: 0.5}, south: {share: 0.5}}}
behaviors: {toy_pull: {kappa: 0.2}, toy_mood: {}}
programs: {card: {type: toy_card, prizes: {cup: {points: 5}}}, ticket: {type: toy_ticket, price: 2}}
sources: {behaviors.toy_pull.kappa: ours}
"""


@pytest.fixture
def scenario(write):
    write("s.yaml", TEXT)
    return load("s.yaml")


def test_values_change_their_section_only(scenario):
    changed = scenario.with_values({"behaviors.toy_pull.kappa": 0.5, "programs.card.prizes.cup.points": 7, "market.customers": 9})
    assert changed.component("behaviors.toy_pull").params.kappa == 0.5
    assert changed.value("programs.card.prizes.cup.points") == 7
    assert changed.market.customers == 9
    assert changed.component("programs.ticket") is scenario.component("programs.ticket")
    assert (scenario.value("behaviors.toy_pull.kappa"), scenario.market.customers) == (0.2, 500)
    assert changed.origin["programs.card.prizes.cup.points"] == "values:2"


@pytest.mark.parametrize(
    "values",
    [
        {"behaviors.toy_pull.kappa": 0.5},
        {"market.customers": 7, "economics.gross_margin": 0.5},
        {"horizon_weeks": 20, "step_days": 1},
        {"programs.card": "off"},
        {"programs.card.prizes": {"mug": {"points": 3}}},
        {"behaviors.toy_mood.type": "odd"},
        {"market.network": {"type": "none"}},
        {"feedback.toy_review": {}},
        {"market.segments.north.share": 0.9},
        {"programs.card.for_segment": "north"},
        {},
    ],
)
def test_a_change_equals_the_same_scenario_read_anew(scenario, write, values):
    changed = scenario.with_values(values)
    options = [f"{path}={json.dumps(value)}" for path, value in values.items()]
    anew = load("s.yaml", options)
    assert changed.digest == anew.digest
    assert (changed.tree, changed.sources) == (anew.tree, anew.sources)
    assert [type(one) for one in changed.components] == [type(one) for one in anew.components]
    assert set(changed.origin) == set(anew.origin)


def test_samplers_may_give_floats_and_numpy_numbers_for_whole_numbers(scenario):
    drawn = {"behaviors.toy_pull.lag_weeks": np.float64(4.0), "market.customers": np.int64(6), "horizon_weeks": 30.0}
    changed = scenario.with_values(drawn)
    assert (changed.value("behaviors.toy_pull.lag_weeks"), changed.market.customers, changed.horizon_weeks) == (4, 6, 30)


@pytest.mark.parametrize(
    ("values", "line", "said"),
    [
        ({"market.customers": 5, "behaviors.toy_pull.kappa": 0.9}, 2, "behaviors.toy_pull.kappa = 0.9: must be 0 to 0.6"),
        ({"behaviors.toy_pull.kapa": 0.9}, 1, "Did you mean 'kappa'"),
        ({"market.customers": 5, "markt.customers": 5}, 2, "Did you mean 'market'"),
        ({"behaviors.toy_pull.kappa": float("nan")}, 1, "must be"),
        ({"behaviors.toy_pull.kappa": float("inf")}, 1, "must be"),
        ({"behaviors.toy_pull.lag_weeks": 2.5}, 1, "whole number"),
        ({"programs.card.for_segment": "west"}, 1, "no segment"),
        ({"market.customers": 0}, 1, "at least one customer"),
        ({"horizon_weeks": 0}, 1, "must be 1 to 1040"),
        ({"programs.card": {"type": "toy_ticket"}}, 1, "missing"),
        ({"": 1}, 1, "no such section"),
    ],
)
def test_values_that_do_not_hold_are_refused_with_their_place_among_the_values(scenario, values, line, said):
    with pytest.raises(ScenarioError) as caught:
        scenario.with_values(values)
    assert ("values", line) in [(one.path, one.line) for one in caught.value.errors]
    assert said in str(caught.value)


def test_a_thousand_draws_take_about_a_second(scenario):
    scenario.with_values({"behaviors.toy_pull.kappa": 0.1})
    start = time.perf_counter()
    for draw in range(1000):
        scenario.with_values({"behaviors.toy_pull.kappa": 0.0005 * draw, "economics.gross_margin": 0.4, "market.prospects": draw})
    assert time.perf_counter() - start < 2.0


def test_the_digest_ignores_what_changes_no_result(write, scenario):
    same = """# a comment
currency: "USD"
claims: {a: {kpi: orders, readings: {level: 1}, source: seed}}
programs:
  ticket: {price: 2.0, type: toy_ticket}
  card: {type: toy_card, prizes: {cup: {points: 5, cost: 1e0}}, stamps: 10}
behaviors: {toy_mood: {type: even}, toy_pull: {kappa: 2.0e-1}, word_of_mouth: off}
market: {segments: {north: {share: 0.5}, south: {share: .5}}, customers: 500}
description: other
"""
    write("other.yaml", same)
    assert load("other.yaml").digest == scenario.digest
    assert len(scenario.digest) == 64


@pytest.mark.parametrize(
    "option", ["horizon_weeks=51", "step_days=1", "currency=EUR", "market.customers=501", "behaviors.toy_pull.kappa=0.21"]
)
def test_the_digest_knows_what_changes_results(scenario, option):
    assert load("s.yaml", [option]).digest != scenario.digest


def test_what_is_shown_is_valid_input_again(scenario, tmp_path):
    document = json.loads(json.dumps(show_document(scenario)))
    (tmp_path / "again.yaml").write_text(json.dumps(document["scenario"]))
    again = load(tmp_path / "again.yaml")
    assert again.digest == scenario.digest
    assert again.tree == scenario.tree
    assert set(again.origin) == set(scenario.origin) == set(document["origin"])


@pytest.mark.parametrize("name", library_names())
def test_shipped_scenarios_survive_being_shown(name, tmp_path):
    scenario = load(name)
    (tmp_path / "again.yaml").write_text(json.dumps(scenario.tree))
    assert load(tmp_path / "again.yaml").digest == scenario.digest
    assert from_tree(scenario.tree).digest == scenario.digest


def test_a_scenario_is_returned_as_it_is(scenario):
    assert load(scenario) is scenario
    with pytest.raises(ValueError, match="with_values"):
        load(scenario, ["market.customers=1"])


def test_an_unknown_value_is_a_key_error(scenario):
    with pytest.raises(KeyError, match=r"market\.none"):
        scenario.value("market.none")


def test_what_is_no_scenario_or_no_values_is_refused_in_words(write):
    write("s.yaml", "market: {customers: 500}\n")
    with pytest.raises(TypeError, match=r"a path, a name such as 'library:online_shop/baseline' or a Scenario, not 5\.$"):
        load(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"sets is a list of texts .*, not 'market\.customers=5'\.$"):
        load("s.yaml", "market.customers=5")
    for odd in ("x", {5: 1}, None):
        with pytest.raises(TypeError, match="values is a map of dotted paths to values"):
            load("s.yaml").with_values(odd)  # type: ignore[arg-type]
