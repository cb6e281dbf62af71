"""Options reach every scenario that has what they change; one that fits none is told with the part it most likely means."""

from __future__ import annotations

import pytest

from regulars.scenarios import ScenarioError, load, load_all

BASE = "name: Base\nbehaviors: {toy_pull: {}}\n"
PLAN = "extends: base.yaml\nprograms: {card: {type: toy_card, stamps: 5}}\nbehaviors: {toy_mood: {level: 0.5}}\n"


@pytest.fixture
def both(write):
    """The base and a plan that adds a program and a behavior."""
    write("base.yaml", BASE)
    write("plan.yaml", PLAN)
    return lambda *sets: load_all(["base.yaml", "plan.yaml"], sets)


def told(act, *arguments):
    with pytest.raises(ScenarioError) as caught:
        act(*arguments)
    return [str(one) for one in caught.value.errors]


@pytest.mark.parametrize(
    "option", ["programs.card.stamps=7", "behaviors.toy_mood.level=0.7", "programs.card={stamps: 7}", "programs.card=off"]
)
def test_a_value_of_a_part_is_laid_where_the_part_is(both, option):
    base, plan = both(option)
    plain_base, plain_plan = both()
    assert base.digest == plain_base.digest
    assert plan.digest != plain_plan.digest
    assert plan.digest == load("plan.yaml", [option]).digest


@pytest.mark.parametrize(
    "option",
    [
        "market.customers=9",
        "horizon_weeks=9",
        "behaviors.purchase.r=0.5",
        "behaviors.toy_mood={}",
        "programs.ticket={type: toy_ticket, price: 2}",
    ],
)
def test_whole_parts_and_all_else_are_laid_on_every_scenario(both, option):
    for changed, before in zip(both(option), both(), strict=True):
        assert changed.component("behaviors.toy_mood") or option != "behaviors.toy_mood={}"
        assert changed.digest == load(before.source.label, [option]).digest


def test_a_part_that_options_make_can_be_changed_by_options(both):
    for sets in (["programs.new={type: toy_card}", "programs.new.stamps=3"], ["programs.new.stamps=3", "programs.new.type=toy_card"]):
        assert [one.value("programs.new.stamps") for one in both(*sets)] == [3, 3]


def test_a_behavior_that_all_leave_out_is_switched_on_in_all(write):
    write("a.yaml", "market: {}\n")
    write("b.yaml", "market: {}\n")
    assert [one.value("behaviors.toy_pull.kappa") for one in load_all(["a.yaml", "b.yaml"], ["behaviors.toy_pull.kappa=0.1"])] == [0.1, 0.1]


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("programs.crad.stamps=7", "--set:1:10: programs.crad: no such program in base.yaml or plan.yaml. Did you mean 'programs.card'?"),
        ("programs.crad=off", "--set:1:10: programs.crad: no such program in base.yaml or plan.yaml. Did you mean 'programs.card'?"),
        (
            "campaigns.card.stamps=7",
            "--set:1:11: campaigns.card: no such campaign in base.yaml or plan.yaml. Did you mean 'programs.card'?",
        ),
        ("programs.zzz.stamps=7", "--set:1:10: programs.zzz: no such program in base.yaml or plan.yaml. Known: programs.card."),
        ("feedback.zzz.weeks=7", "--set:1:10: feedback.zzz: no such feedback in base.yaml or plan.yaml. There are none."),
    ],
)
def test_an_option_that_fits_none_is_told_once_with_what_is_near(both, option, line):
    assert told(both, option) == [line]


def test_an_option_for_a_part_that_is_off_says_so(write):
    write("base.yaml", BASE)
    write("plan.yaml", PLAN)
    write("off.yaml", "extends: plan.yaml\nprograms: {card: off}\n")
    (line,) = told(load, "off.yaml", ["programs.card.stamps=7"])
    assert line.endswith("no such program in off.yaml. It is off; programs.card={type: ...} switches it on.")


def test_faults_of_all_files_and_options_come_together(both, write):
    write("bad.yaml", "market: {customers: many}\n")
    lines = told(load_all, ["bad.yaml", "plan.yaml", "absent.yaml"], ["market.prospects=few", "horizon_weeks"])
    assert [line.split(" ")[0] for line in lines] == ["--set:1:18:", "--set:2:1:", "absent.yaml:1:1:", "bad.yaml:1:21:"]


def test_an_option_may_fit_the_file_that_cannot_be_read(both):
    lines = told(load_all, ["base.yaml", "absent.yaml"], ["programs.card.stamps=7"])
    assert [line.split(":")[0] for line in lines] == ["absent.yaml"]
