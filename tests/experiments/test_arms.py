"""Arms in one market: each arm gets what its scenario has, on the luck it would have had there."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.experiments.arms import in_one_market
from regulars.scenarios import Scenario, ScenarioError, load
from regulars.sim.model import LoyaltyModel

SHARES = {"control": 0.5, "treatment": 0.5}
START = 5
STARS = {
    "type": "points", "start_week": START, "per_money": 3, "expiry_weeks": 52,
    "catalog": {"voucher": {"points": 60, "face_value": 10, "unit_cost": 6.5}}, "enrollment": {"opening_share": 0.5, "opening_points": 100},
}  # fmt: skip


def shop(**more: object) -> Scenario:
    """The online shop, whose customers know nobody: what one gets reaches no other."""
    base = {"market.arms": SHARES, "market.network": {"type": "none"}, "horizon_weeks": 30, "behaviors.organic_acquisition": "off"}
    return load("library:online_shop/baseline").with_values({**base, **more})


def test_without_ties_each_arm_lives_as_in_its_own_scenario():
    """Exact: orders and spending of every person equal those of the scenario of the arm, to the last unit."""
    control, treated = shop(), shop(**{"programs.stars": STARS})
    models = [
        LoyaltyModel(one, collect=False).run()
        for one in (control, treated, in_one_market({"control": control, "treatment": treated}, start_week=START))
    ]
    nobody, everybody, mixed = (one.world.customers for one in models)
    own = mixed.arm == 2
    assert 0.45 < own.mean() < 0.55
    assert (mixed.spent[own] == everybody.spent[own]).all() and (mixed.spent[~own] == nobody.spent[~own]).all()
    assert (everybody.spent[own] != nobody.spent[own]).sum() > 5
    members = models[2].world.owned["programs.stars@treatment"].member
    assert not members[~own].any() and (members[own] == models[1].world.owned["programs.stars"].member[own]).all()


def test_a_component_that_differs_is_there_once_for_each_group_of_arms():
    shares = {"control": 0.4, "a": 0.3, "b": 0.3}
    base = shop(**{"market.arms": shares, "programs.stars": STARS})
    double = base.with_values({"programs.stars.per_money": 2})
    mixed = in_one_market({"control": base, "a": base, "b": double}, start_week=START)
    found = {one.address: one for one in mixed.components if one.kind == "program"}
    assert list(found) == ["programs.stars@control+a", "programs.stars@b"]
    assert found["programs.stars@control+a"].params.audience.arm == ["control", "a"]
    assert found["programs.stars@b"].params.per_money == 2 and found["programs.stars@b"].name == "stars"
    assert [one.address for one in mixed.components if one.kind == "behavior"] == [
        one.address for one in base.components if one.kind == "behavior"
    ]


def test_equal_arms_are_the_scenario_itself():
    """An A/A test changes no byte."""
    base = shop(**{"programs.stars": STARS})
    same = in_one_market({"control": base, "treatment": base}, start_week=START)
    assert LoyaltyModel(same, collect=False).run().digests() == LoyaltyModel(base, collect=False).run().digests()


def test_an_arm_is_an_audience_like_any_other():
    one = LoyaltyModel(shop(**{"programs.stars": {**STARS, "audience": {"arm": ["treatment"], "share": 0.5}}}), collect=False).run()
    members, arm = one.world.owned["programs.stars"].member, one.world.customers.arm
    assert members.sum() > 20 and not members[arm == 1].any()
    arms = [LoyaltyModel(shop(), seed=seed, collect=False).world.customers.arm for seed in (1, 1, 2)]
    assert (arms[0] == arms[1]).all() and (arms[0] != arms[2]).any()
    assert not LoyaltyModel(load("library:online_shop/baseline"), collect=False).world.customers.arm.any()


def test_shares_of_arms_are_those_of_the_market():
    """Binomial, six standard errors."""
    one = LoyaltyModel(shop(**{"market.arms": {"control": 0.7, "a": 0.2, "b": 0.1}}), collect=False)
    counts = np.bincount(one.world.customers.arm, minlength=4)
    n = counts.sum()
    assert counts[0] == 0
    for count, share in zip(counts[1:], (0.7, 0.2, 0.1), strict=True):
        assert abs(count - n * share) < 6 * np.sqrt(n * share * (1 - share))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"programs.stars": {**STARS, "audience": {"arm": ["treated"]}}}, "no arm 'treated' in the scenario"),
        ({"programs.stars": {**STARS, "audience": {"arm": []}}}, "an empty list means nobody"),
        ({"market.arms": {"control": 0.5, "treatment": 0.4}}, "must add up to 1, not 0.9"),
        ({"market.arms": {"control": 1.0}}, "at least two"),
        ({"market.arms": {"control": 1.5, "treatment": -0.5}}, "share of arm control must be 0 to 1"),
    ],
)
def test_contradictory_arms_are_one_clear_line(values, says):
    with pytest.raises(ScenarioError, match=says):
        shop(**values)


def test_what_arms_cannot_differ_in_is_refused():
    base = shop()
    with pytest.raises(ValueError, match=r"behaviors.loyalty: arms differ in programs, campaigns and feedback"):
        in_one_market({"control": base, "treatment": base.with_values({"behaviors.loyalty.effect": 0.1})})
    with pytest.raises(ValueError, match="one market"):
        in_one_market({"control": base, "treatment": base.with_values({"economics.gross_margin": 0.5})})
    with pytest.raises(ValueError, match=r"programs.stars begins in week 5, before the test in week 9"):
        in_one_market({"control": base, "treatment": shop(**{"programs.stars": STARS})}, start_week=9)


def test_resources_of_an_arm_are_those_of_the_roll_out_or_its_share_of_them():
    """A budget of 900 is 900, or with a third of the people 300; twelve agents are four, and five cannot be a third."""
    shares = {"control": 2 / 3, "treatment": 1 / 3}
    base = shop(**{"market.arms": shares})
    sale = {"type": "discount", "depth": 0.2, "start_week": START, "weeks": 4, "budget": 900.0}
    desk = {"type": "service_desk", "start_week": START, "shifts": {"day": {"agents": 12}}}
    arms = {"control": base, "treatment": base.with_values({"campaigns.sale": sale, "feedback.desk": desk})}
    for capacity, budget, agents in (("fixed", 900.0, 12), ("scaled", 300.0, 4)):
        found = {one.address: one.params for one in in_one_market(arms, start_week=START, capacity=capacity).components}
        assert found["campaigns.sale@treatment"].budget == pytest.approx(budget)
        assert found["feedback.desk@treatment"].shifts["day"].agents == agents
    arms["treatment"] = arms["treatment"].with_values({"feedback.desk.shifts.day.agents": 5})
    with pytest.raises(ValueError, match=r"feedback.desk.shifts.day.agents = 5: 0.333333 of it is 1.66667"):
        in_one_market(arms, start_week=START, capacity="scaled")
