"""A population file stands in for base parameters, and an edge list for a network."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from regulars.scenarios import ScenarioError, from_tree, load, validate_files

FILE = """kind: population
purchase: {r: 0.5, alpha: 8.0}
attrition: {type: pareto, s: 0.7, beta: 10.0, offset: 0.1}
spend: {type: gamma_gamma, p: 6.0, q: 4.0, v: 15.0}
covariance: {purchase_attrition: {names: [r], matrix: [[0.1]]}}
histories:
  columns: [entry_week, frequency, recency_weeks, age_weeks, mean_value]
  rows:
    - [0.0, 2, 10.5, 20.0, 35.0]
    - [1.0, 0, 0.0, 19.0, 0.0]
"""

COVARIANCE = "covariance: {purchase_attrition: {names: [r], matrix: [[0.1]]}}"


@pytest.fixture
def planned(write):
    """A scenario with a population, on a base that gives some of its parameters."""
    write("population.yaml", FILE)
    write("base.yaml", "behaviors: {purchase: {r: 0.1, timing_shape: 2.0}, attrition: {a: 0.6}}\n")

    def made(text="market: {population: population.yaml}\n", *sets):
        write("s.yaml", f"extends: base.yaml\n{text}")
        return load("s.yaml", sets)

    return made


def test_components_get_the_values_of_the_file(planned):
    scenario = planned()
    purchase, attrition = scenario.component("behaviors.purchase"), scenario.component("behaviors.attrition")
    assert (purchase.params.r, purchase.params.alpha, purchase.params.timing_shape) == (0.5, 8.0, 2.0)
    assert (attrition.variant, attrition.params.s, attrition.params.offset) == ("pareto", 0.7, 0.1)
    assert scenario.value("behaviors.purchase.r") == 0.5
    assert scenario.covariance == {"purchase_attrition": {"names": ["r"], "matrix": [[0.1]]}}
    assert scenario.histories.tolist() == [[0.0, 2.0, 10.5, 20.0, 35.0], [1.0, 0.0, 0.0, 19.0, 0.0]]


def test_the_tree_leaves_those_values_to_the_file_and_is_valid_again(planned, tmp_path):
    scenario = planned()
    assert scenario.tree["market"]["population"] == "population.yaml"
    assert set(scenario.tree["behaviors"]["purchase"]) == {"timing_shape", "offset"}
    assert scenario.tree["behaviors"]["attrition"] == {}
    again = from_tree(json.loads(json.dumps(scenario.tree)), tmp_path, "s")
    assert again.digest == scenario.digest
    assert again.tree == scenario.tree


@pytest.mark.parametrize(
    "given", ["purchase: {r: 0.3}", "spend: {v: 3.0}", "attrition: {type: beta_geometric}", "attrition: {type: pareto, s: 0.1}"]
)
def test_giving_both_in_one_file_is_an_error_that_names_both_places(planned, given):
    with pytest.raises(ScenarioError) as caught:
        planned(f"market:\n  population: population.yaml\nbehaviors:\n  {given}\n")
    (one,) = caught.value.errors
    assert one.line == 5
    assert "market.population (s.yaml:3: population.yaml) gives it too" in one.message


def test_a_later_value_beside_an_inherited_population_is_an_error(planned, write):
    planned()
    write("later.yaml", "extends: s.yaml\nbehaviors: {purchase: {alpha: 3.0}}\n")
    with pytest.raises(ScenarioError, match=r"^later\.yaml:2:31: behaviors\.purchase\.alpha = 3\.0: market\.population \(s\.yaml:2"):
        load("later.yaml")


def test_what_the_file_does_not_give_can_be_set(planned):
    scenario = planned("market: {population: population.yaml}\nbehaviors: {purchase: {offset: 0.2}}\n")
    assert scenario.value("behaviors.purchase.offset") == 0.2


def test_a_population_by_option_replaces_what_the_files_give(planned):
    assert planned("behaviors: {spend: {v: 3.0}}\n", "market.population=population.yaml").value("behaviors.spend.v") == 15.0


def test_attrition_can_be_switched_off_beside_a_population(planned):
    scenario = planned("market: {population: population.yaml}\nbehaviors: {attrition: off}\n")
    assert scenario.component("behaviors.attrition") is None
    assert scenario.tree["behaviors"]["attrition"] == "off"


def test_calibrated_values_can_be_drawn_anew(planned):
    scenario = planned()
    drawn = scenario.with_values({"behaviors.purchase.r": 0.6, "behaviors.purchase.timing_shape": 3.0})
    assert drawn.component("behaviors.purchase").params.r == 0.6
    assert drawn.value("behaviors.purchase.r") == 0.6
    assert "r" not in drawn.tree["behaviors"]["purchase"]
    assert scenario.value("behaviors.purchase.r") == 0.5
    assert drawn.digest != scenario.digest
    rebuilt = scenario.with_values({"behaviors.purchase.r": 0.6, "behaviors.toy_pull": {}})
    assert rebuilt.value("behaviors.purchase.r") == 0.6
    assert np.array_equal(rebuilt.histories, scenario.histories)


@pytest.mark.parametrize(
    "values",
    [
        {"behaviors.attrition": {"type": "beta_geometric"}},
        {"behaviors.attrition": {"type": "beta_geometric", "a": 0.7}},
        {"behaviors.attrition.type": "beta_geometric"},
        {"behaviors.attrition.type": "beta_geometric", "behaviors.attrition.a": 0.7},
        {"behaviors": {"attrition": {"type": "none"}}},
    ],
)
def test_another_type_beside_a_population_names_the_population(planned, values):
    with pytest.raises(ScenarioError) as caught:
        planned().with_values(values)
    (one,) = caught.value.errors
    wanted = next(iter(values.values()))
    while isinstance(wanted, dict):
        wanted = wanted.get("type", wanted.get("attrition"))
    assert str(one) == (
        f"values:1:1: behaviors.attrition.type = {wanted}: market.population (population.yaml) gives pareto with fitted values. "
        "Leave the type out, or give another population."
    )


def test_a_map_of_values_takes_the_place_of_calibrated_ones(planned):
    scenario = planned("behaviors: {attrition: {offset: 0.3}}\n", "market.population=population.yaml")
    again = scenario.with_values({"behaviors.attrition": {"type": "pareto", "s": 0.9}})
    attrition = again.component("behaviors.attrition")
    assert (attrition.params.s, attrition.params.beta, again.value("behaviors.attrition.s")) == (0.9, 10.0, 0.9)
    assert "s" not in again.tree["behaviors"]["attrition"]
    assert again.digest == scenario.with_values({"behaviors.attrition.s": 0.9}).digest
    assert again.tree == scenario.with_values({"behaviors.attrition.s": 0.9}).tree


def test_the_digest_is_of_the_content_not_of_the_file_name(planned, write):
    first = planned()
    write("other.yaml", FILE.replace("kind: population", "name: other\nkind: population"))
    assert planned("market: {population: other.yaml}\n").digest == first.digest
    write("other.yaml", FILE.replace("10.5", "10.6"))
    assert planned("market: {population: other.yaml}\n").digest != first.digest


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("kind: population", "kind: scenario", "1:7", "must be population"),
        ("kind: population", "king: population", "1:1", "must be population"),
        ("r: 0.5", "r: -1", "2:15", "must be 0.01 to 100"),
        ("r: 0.5", "rr: 0.5", "2:12", "no such name"),
        ("r: 0.5", "type: pareto", "2:12", "no such name"),
        ("type: pareto", "type: parto", "3:19", "Did you mean 'pareto'"),
        ("spend: {", "spent: {", "4:1", "Did you mean 'spend'"),
        ("purchase: {r: 0.5, alpha: 8.0}", "purchase: 5", "2:11", "must be a map"),
        (COVARIANCE, "covariance: 5", "5:13", "must be a map"),
        ("mean_value]", "mean_valu]", "7:", "Did you mean 'mean_value'"),
        ("frequency, ", "", "7:12", "missing: frequency"),
        ("2, 10.5", "2.5, 10.5", "9:13", "frequency must be a whole number"),
        ("10.5, 20.0", "20.5, 20.0", "9:16", "must be 0 to age_weeks"),
        ("0, 0.0, 19.0", "0, 3.0, 19.0", "10:16", "without a repeat order"),
        ("20.0, 35.0", "20.0, -1", "9:28", "mean_value must be 0 or more"),
        ("20.0, 35.0", "20.0", "9:7", "must be a list of 5 numbers"),
        ("20.0, 35.0", "20.0, x", "9:7", "must be a list of 5 numbers"),
        ("20.0, 35.0", "20.0, .nan", "9:28", "finite"),
    ],
)
def test_faults_of_the_file_have_their_place_in_it(planned, write, old, new, place, said):
    planned()
    assert old in FILE
    write("population.yaml", FILE.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        load("s.yaml")
    assert any(str(one).startswith(f"population.yaml:{place}") and said in one.message for one in caught.value.errors), str(caught.value)


HUGE = "1" * 400


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("p.json", '{"kind": "population",\n "histories": {"columns": COLUMNS, "rows": [[HUGE, 0, 9]]}}', "2:82"),
        ("p.json", '{"kind": "population", "spend": {"p": 6.0},\n "covariance": {"spend": {"names": ["p"], "matrix": [[-HUGE]]}}}', "2:55"),
        ("p.json", '{"kind": "population",\n "histories": {"columns": COLUMNS, "rows": [[1e300, 0, 9]]}}', "2:82"),
        (
            "p.yaml",
            "kind: population\nhistories:\n  columns: COLUMNS\n  rows:\n" + "    - [1, 1, 9]\n" * 70 + "    - [HUGE, 0, 9]\n",
            "75:8",
        ),
        ("p.yaml", "kind: population\nhistories: {columns: COLUMNS, rows: [[HUGE, 0, 9]]}\n", "2:75"),
    ],
)
def test_a_number_of_hundreds_of_digits_has_its_place(write, name, text, place):
    write(name, text.replace("HUGE", HUGE).replace("COLUMNS", '["frequency", "recency_weeks", "age_weeks"]'))
    (error,) = validate_files([name])["files"][name]["errors"]
    assert f"{error['line']}:{error['column']}" == place
    assert "must be a finite number below 2**63 in size" in error["message"]


@pytest.mark.parametrize(
    ("part", "place", "said"),
    [
        (
            "spend: {names: [p, w], matrix: [[1, 0], [0, 1]]}",
            "6:22",
            "names.1 = w: no such parameter in this file, or twice. Known: p, q, v.",
        ),
        ("spend: {names: [p, q], matrix: [[1, 0]]}", "6:34", "2 rows of as many numbers"),
        ("spend: {names: [p, q], matrix: [[1, 0.5], [0, 1]]}", "6:34", "symmetric"),
        ("spend: {names: [p, q], matrix: [[1, 2], [2, 1]]}", "6:34", "no variance below 0"),
        ("purchase_attrition: {matrix: [[1]]}", "6:3", "must be {names"),
    ],
)
def test_what_is_no_covariance_of_the_fitted_parameters_is_told(planned, write, part, place, said):
    planned()
    write("population.yaml", FILE.replace(COVARIANCE, f"covariance:\n  {part}"))
    lines = [one for one in validate_files(["population.yaml"])["files"]["population.yaml"]["errors"]]
    assert [f"{one['line']}:{one['column']}" for one in lines] == [place]
    assert said in lines[0]["message"]


def test_a_population_file_is_validated_as_what_it_is(planned, write):
    planned()
    write("population.json", '{"kind": "population", "purchase": {"r": 0.5, "alpha": 8.0}}')
    write("bad.yaml", FILE.replace("r: 0.5", "r: -1"))
    files = validate_files(["population.yaml", "population.json", "bad.yaml", "s.yaml", "library:online_shop/cdnow"])["files"]
    assert [(one["kind"], one["valid"]) for one in files.values()] == [
        ("population", True),
        ("population", True),
        ("population", False),
        ("scenario", True),
        ("population", True),
    ]
    (error,) = files["bad.yaml"]["errors"]
    assert (error["line"], error["column"], error["path"]) == (2, 15, "purchase.r")


@pytest.mark.parametrize("name", ["population.yaml", "s.yaml"])
def test_a_population_file_is_no_scenario_and_says_how_to_use_it(planned, write, name):
    planned()
    if name == "s.yaml":
        write("s.yaml", "extends: population.yaml\n")
    with pytest.raises(ScenarioError) as caught:
        load(name)
    (one,) = caught.value.errors
    assert str(one) == ("population.yaml:1:1: a population file, not a scenario. Use it in one: `market: {population: population.yaml}`.")


EDGES = "sender,receiver,close\n1,2,1\n2,3,0\n1,3,true\n"


def networked(write, edges=EDGES, more="", customers=10) -> Any:
    write("ties.csv", edges)
    write("s.yaml", f"market:\n  customers: {customers}\n  network: {{type: edge_list, file: ties.csv{more}}}\n")
    return load("s.yaml")


def test_an_edge_list_is_read_with_its_columns(write):
    senders, receivers, strong = networked(write, more=", strong_column: close").edges
    assert (senders.tolist(), receivers.tolist()) == ([1, 2, 1], [2, 3, 3])
    assert strong.tolist() == [True, False, True]
    assert len(networked(write, edges="\ufeffsender,receiver\nann,bob\n").edges) == 2


@pytest.mark.parametrize(
    ("edges", "more", "said"),
    [
        (EDGES, ", sender_column: sendr", "no column 'sendr'. Did you mean 'sender'"),
        (EDGES.replace("2,3,0", "2,3"), "", "ties.csv:3:1: 2 cells where the header has 3"),
        (EDGES.replace("2,3,0", "2,3,maybe"), ", strong_column: close", "'maybe' is neither true nor false"),
        ("sender,receiver\n", "", "no ties"),
        ("", "", "no column 'sender'"),
        ("sender,receiver\na,\n", "", "an id must have"),
        (f"sender,receiver\n1,{'a' * 65}\n", "", "an id must have 1 to 64 characters"),
        (f"sender,receiver\n1,2\n1,{'a' * 131_073}\n", "", "ties.csv:3:1: a cell must have at most 131,072 characters"),
        ("\n".join(["sender,receiver", *(f"{n},{n + 1}" for n in range(20))]), "", "21 people in the list, 10 in the market"),
    ],
)
def test_a_faulty_edge_list_is_told_where_it_is_named(write, edges, more, said):
    with pytest.raises(ScenarioError) as caught:
        networked(write, edges, more)
    (one,) = caught.value.errors
    assert (one.line, one.dotted) == (3, "market.network.file")
    assert said in one.message


def test_the_digest_is_of_the_ties(write):
    first = networked(write).digest
    assert networked(write, EDGES.replace("2,3,0", "2,1,0")).digest != first
    assert networked(write, EDGES.replace("close", "near")).digest == first


def test_money_of_a_population_in_another_currency_is_refused_at_load(write):
    """Order values of euros would be read as dollars, and no cost in the scenario would fit them."""
    write("mine.yaml", f"currency: EUR\n{FILE}")
    base = "extends: library:online_shop/baseline\nmarket: {population: mine.yaml}\n"
    write("s.yaml", base)
    told = "market.population = mine.yaml: its order values are in EUR, and the scenario's currency is USD."
    with pytest.raises(ScenarioError) as caught:
        load("s.yaml")
    assert str(caught.value) == f"s.yaml:2:22: {told} Write currency: EUR, or convert."
    euros = load("s.yaml", ("currency=EUR",))
    assert euros.currency == "EUR"
    with pytest.raises(ScenarioError, match="its order values are in EUR"):
        euros.with_values({"currency": "USD"})


@pytest.mark.parametrize("told", ["", "currency: null\n", "currency: USD\n"])
def test_a_population_that_tells_no_other_currency_is_accepted(write, told):
    write("mine.yaml", told + FILE)
    write("s.yaml", "market: {population: mine.yaml}\n")
    assert load("s.yaml").currency == "USD"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("currency: 5", "currency = 5: must be a three-letter code such as EUR, or null."),
        ("covariance: {purchase_atrition: {}}", "covariance.purchase_atrition: no such name here. Did you mean 'purchase_attrition'?"),
        (
            "covariance: {spend: {names: [], matrx: []}}",
            "covariance.spend.matrx: no such name here. Did you mean 'matrix'?",
        ),
    ],
)
def test_odd_entries_of_a_population_file_are_told(write, told, said):
    write("mine.yaml", f"kind: population\n{told}\n")
    document = validate_files(["mine.yaml"])
    assert said in [one["message"] for one in document["files"]["mine.yaml"]["errors"]]
