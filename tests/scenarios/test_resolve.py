"""Layers: files that extend each other, then options; later ones win, and every value tells where it came from."""

from __future__ import annotations

import re

import pytest

from regulars.scenarios import ScenarioError, diff_document, load
from regulars.scenarios.problem import Place
from regulars.scenarios.reader import plain, plant
from regulars.scenarios.resolve import diff, merge

BASE = """name: Base
market: {customers: 500, prospects: 100, segments: {north: {share: 0.5}, south: {share: 0.5}}}
behaviors:
  toy_pull: {kappa: 0.2, cuts: [1, 2, 3]}
  toy_mood: {level: 0.5}
programs:
  card: {type: toy_card, stamps: 5, prizes: {cup: {points: 5}, mug: {points: 9}}}
sources:
  behaviors.toy_pull.kappa: somebody
  programs.card: plan
uncertainties:
  programs.card.stamps: {low: 3, high: 8}
"""


@pytest.fixture
def child(write):
    write("base.yaml", BASE)

    def made(text, *sets):
        write("child.yaml", f"extends: base.yaml\n{text}")
        return load("child.yaml", sets)

    return made


def test_maps_merge_by_key_and_lists_and_values_replace(child):
    scenario = child("market: {customers: 9}\nbehaviors: {toy_pull: {cuts: [7]}}\n")
    assert scenario.market.customers == 9
    assert scenario.market.prospects == 100
    assert scenario.tree["behaviors"]["toy_pull"]["cuts"] == [7.0]
    assert scenario.tree["behaviors"]["toy_pull"]["kappa"] == 0.2


def test_title_and_description_are_not_inherited(child):
    assert child("market: {}\n").name == "child"


def test_off_removes_an_inherited_part_and_a_map_brings_it_back(child):
    assert child("programs: {card: off}\n").component("programs.card") is None
    assert child("behaviors: {toy_pull: off}\n").component("behaviors.toy_pull") is None
    again = child("programs: {card: off}\n", "programs.card={type: toy_card}")
    assert again.value("programs.card.stamps") == 10


def test_off_removes_an_entry_of_a_map(child):
    scenario = child("market: {segments: {south: off}}\nprograms: {card: {prizes: {mug: off}}}\n")
    assert list(scenario.market.segments) == ["north"]
    assert list(scenario.tree["programs"]["card"]["prizes"]) == ["cup"]


def test_off_switches_a_whole_section_off(child):
    assert child("programs: off\n").tree["programs"] == {}


def test_off_of_what_is_not_there_changes_nothing(child):
    assert child("programs: {other: off}\nbehaviors: {word_of_mouth: off}\n").digest == child("").digest


def test_an_empty_map_switches_a_part_on_with_its_defaults(child):
    assert child("feedback: {toy_review: {}}\n").tree["feedback"] == {"toy_review": {"type": "toy_review"}}


@pytest.mark.parametrize("word", ["false", "no_such_word", "5", "[]", ""])
def test_other_words_than_off_do_not_switch_off(refusal, word):
    (one,) = refusal(f"behaviors:\n  toy_pull: {word}\n")
    assert re.match(r"s\.yaml:2:\d+: behaviors\.toy_pull", one)
    assert "off" in one


def test_a_section_with_nothing_under_it_counts_as_not_written(child):
    scenario = child("programs:\nmarket:\n")
    assert scenario.market.customers == 500
    assert scenario.component("programs.card") is not None


def test_another_type_replaces_the_whole_part(child):
    scenario = child("behaviors: {toy_mood: {type: odd}}\nprograms: {card: {type: toy_ticket, price: 3}}\n")
    assert scenario.tree["behaviors"]["toy_mood"] == {"type": "odd", "swing": 1.0}
    assert scenario.tree["programs"]["card"] == {"type": "toy_ticket", "price": 3.0}
    assert "programs.card.stamps" not in scenario.uncertainties


def test_the_same_type_said_again_merges(child):
    assert child("behaviors: {toy_mood: {type: even}}\n").value("behaviors.toy_mood.level") == 0.5


def test_a_source_does_not_outlive_its_value(child):
    assert "behaviors.toy_pull.kappa" in child("").sources
    changed = child("", "behaviors.toy_pull.kappa=0.4")
    assert "behaviors.toy_pull.kappa" not in changed.sources
    assert changed.sources["programs.card"] == "plan"
    told = child("behaviors: {toy_pull: {kappa: 0.4}}\nsources: {behaviors.toy_pull.kappa: ours}\n")
    assert told.citation("behaviors.toy_pull.kappa") == "ours"
    assert told.citation("programs.card.prizes.cup.points") == "plan"
    assert told.citation("economics.gross_margin") is None


def test_every_value_tells_where_it_came_from(child):
    scenario = child("market: {customers: 9}\n", "market.prospects=3", "programs.card.stamps=7")
    assert scenario.origin["market.customers"] == "child.yaml:2"
    assert scenario.origin["market.segments.north.share"] == "base.yaml:2"
    assert scenario.origin["market.prospects"] == "--set:1"
    assert scenario.origin["programs.card.stamps"] == "--set:2"
    assert scenario.origin["economics.gross_margin"] == "catalog:0"
    assert all(re.fullmatch(r".+:\d+", place) for place in scenario.origin.values())


def test_a_chain_over_folders_names_files_as_people_do(write):
    write("regulars.yaml", "")
    write("shared/base.yaml", "market: {customers: 4}\n")
    write("shared/middle.yaml", "extends: base.yaml\n")
    write("plans/child.yaml", "extends: ../shared/middle.yaml\n")
    assert load("plans/child.yaml").origin["market.customers"] == "shared/base.yaml:1"
    write("shared/base.yaml", "market: {customers: -4}\n")
    with pytest.raises(ScenarioError, match=r"^shared/base\.yaml:1:21: market\.customers = -4: "):
        load("plans/child.yaml")


def test_the_library_can_be_extended(write):
    write("s.yaml", "extends: library:online_shop/baseline\nmarket: {customers: 10}\n")
    scenario = load("s.yaml")
    assert scenario.origin["market.prospects"].startswith("library:online_shop/baseline.yaml:")
    assert scenario.market.customers == 10


def test_a_circle_is_named(write):
    write("a.yaml", "extends: b.yaml\n")
    write("b.yaml", "extends: c.yaml\n")
    write("c.yaml", "extends: a.yaml\n")
    with pytest.raises(ScenarioError, match=r"^c\.yaml:1:10: .*a\.yaml > b\.yaml > c\.yaml > a\.yaml"):
        load("a.yaml")
    write("self.yaml", "extends: self.yaml\n")
    with pytest.raises(ScenarioError, match="circle"):
        load("self.yaml")


def test_a_chain_has_at_most_ten_files(write):
    write("s0.yaml", "market: {}\n")
    for n in range(1, 12):
        write(f"s{n}.yaml", f"extends: s{n - 1}.yaml\n")
    assert load("s9.yaml").id == "s9"
    with pytest.raises(ScenarioError, match="at most 10 files"):
        load("s10.yaml")


@pytest.mark.parametrize("text", ["extends: 5\n", "extends: [a.yaml]\n", "extends: {a: b}\n", "extends: false\n"])
def test_extends_must_be_a_path(refusal, text):
    (one,) = refusal(text)
    assert one.startswith("s.yaml:1:10: extends")


def test_a_faulty_base_tells_its_own_place(write):
    write("base.yaml", "market: [\n")
    write("s.yaml", "extends: base.yaml\n")
    with pytest.raises(ScenarioError, match=r"^base\.yaml:2:1: not YAML"):
        load("s.yaml")


@pytest.mark.parametrize(
    ("option", "place", "said"),
    [
        ("market.customers", "2:1", "needs the form PATH=VALUE"),
        ("=5", "2:1", "a name is missing"),
        ("market..customers=5", "2:8", "a name is missing"),
        ("market.Customers=5", "2:8", "is no name"),
        ("market.customers=", "2:18", "a value must follow"),
        ("market.customers=[1", "2:18", "not YAML"),
        ("market.customers=.nan", "2:18", "finite"),
        ("market.customers=&a 5", None, None),
        ("market.customers=*a", "2:18", "not YAML|aliases"),
        ("market.customers=!!int 5", "2:18", "tags"),
        ("market.customers=many", "2:18", "whole number"),
        ("market.custommers=5", "2:8", "Did you mean 'customers'"),
        ("behaviors.purchse.r=1", "2:11", "Did you mean 'purchase'"),
        ("markt.customers=5", "2:1", "Did you mean 'market'"),
        ("behaviors.toy_pull={kapa: 0.1}", "2:21", "Did you mean 'kappa'"),
        ("extends=base.yaml", "2:1", "cannot be an option"),
        ("programs.card.type=toy_crd", "2:20", "Did you mean 'toy_card'"),
        ("programs.new={type: toy_ticket, price: 2}", None, None),
        ("market.customers.more=5", "2:8", "must be a whole number"),
        ("sources.behaviors.purchase.r=ours", None, None),
        ("uncertainties.behaviors.purchase.r={low: 0.1, high: 1}", None, None),
    ],
)
def test_options_are_told_by_their_place_and_the_piece_at_fault(child, option, place, said):
    if place is None:
        assert child("", "market.prospects=3", option)
        return
    with pytest.raises(ScenarioError) as caught:
        child("", "market.prospects=3", option)
    (one,) = caught.value.errors
    assert str(one).startswith(f"--set:{place}: ")
    assert re.search(said, one.message)


def test_later_options_win_and_maps_in_options_merge(child):
    scenario = child("", "market.customers=1", "market={prospects: 2}", "market.customers=3")
    assert (scenario.market.customers, scenario.market.prospects) == (3, 2)


def test_a_type_and_its_parameters_can_come_in_any_order_of_options(child):
    scenario = child("", "behaviors.toy_mood.swing=0.25", "behaviors.toy_mood.type=odd")
    assert scenario.tree["behaviors"]["toy_mood"] == {"type": "odd", "swing": 0.25}


def test_options_become_one_layer(child):
    scenario = child("", "programs.card.stamps=7", "programs.card={prizes: {tin: {points: 2}}}", "programs.card.stamps=8")
    assert scenario.value("programs.card.stamps") == 8
    assert set(scenario.value("programs.card.prizes")) == {"cup", "mug", "tin"}


def test_merging_is_associative_and_idempotent():
    trees = [{"a": {"x": 1, "y": {"z": 2}}}, {"a": {"y": "off"}, "b": 1}, {"a": {"y": {"z": 3}}, "b": [1]}]

    def laid(*layers):
        merged = plant({}, Place("f"))
        for one in layers:
            merged = merge(merged, plant(one, Place("f")), lambda path: None)
        return plain(merged)

    first, second, third = trees
    assert laid(first, second, third) == laid(laid(first, second), third) == laid(first, laid(second, third))
    assert laid(first, first) == first


def test_the_difference_of_two_scenarios_names_path_and_both_values(child):
    a, b = child(""), child("market: {customers: 9}\nprograms: {card: off}\n")
    rows = {row["path"]: row for row in diff_document(a, b)["differences"]}
    assert (rows["market.customers"]["a"], rows["market.customers"]["b"]) == (500, 9)
    assert rows["market.customers"]["origin_b"] == "child.yaml:2"
    assert rows["programs.card.stamps"]["b"] is None
    assert diff_document(a, a)["differences"] == []
    assert diff({"a": {"b": 1}}, {"a": {"b": 1.0}}) == []
    assert "programs.card.best" not in rows and "programs.card.for_segment" not in rows


def test_nothing_null_and_an_empty_map_are_no_difference_but_a_part_is(child):
    assert diff({"claims": {}, "programs": {}}, {"claims": None, "programs": {"a": {"b": None, "c": {}, "d": 1}}}) == [
        {"path": "programs.a.d", "a": None, "b": 1}
    ]
    assert diff({"feedback": {}}, {"feedback": {"review": {}}}) == [{"path": "feedback.review", "a": None, "b": {}}]


def test_calibrated_values_are_compared_with_written_ones(write):
    write("population.yaml", "kind: population\npurchase: {r: 0.5, alpha: 8.0}\n")
    write("a.yaml", "behaviors: {purchase: {r: 0.5, alpha: 7.0}}\n")
    write("b.yaml", "market: {population: population.yaml}\n")
    rows = {row["path"]: (row["a"], row["b"]) for row in diff_document(load("a.yaml"), load("b.yaml"))["differences"]}
    assert rows == {"name": ("a", "b"), "market.population": (None, "population.yaml"), "behaviors.purchase.alpha": (7.0, 8.0)}
