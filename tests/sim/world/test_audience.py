"""Who an action is for: by segment, and a share drawn once a person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.audience import Audience

PEOPLE = 20_000
MARKET = {"customers": PEOPLE, "segments": {"town": {"share": 0.5}, "country": {"share": 0.3}, "sea": {"share": 0.2}}}


def world(replication: int = 0) -> Any:
    return LoyaltyModel(from_tree({"name": "m", "horizon_weeks": 2, "market": MARKET}), replication=replication, collect=False).world


def test_everyone_is_meant_where_nothing_is_said():
    assert Audience.model_validate("all") == Audience()
    assert Audience().mask(world(), "mail").all()


def test_only_the_named_segments_are_meant():
    there = world()
    mask = Audience(segment=["town", "sea"]).mask(there, "mail")
    assert (mask.astype(bool) == np.isin(there.customers.segment, (0, 2))).all()


def test_a_share_is_drawn_within_the_segment():
    there = world()
    mask = Audience(segment=["country"], share=0.25).mask(there, "mail").astype(bool)
    inside = there.customers.segment == 1
    assert not mask[~inside].any()
    # Exact binomial bounds, false alarm 1 in 1,000.
    low, high = stats.binom.interval(0.999, inside.sum(), 0.25)
    assert low <= mask.sum() <= high


def test_the_same_people_belong_in_every_arm_and_more_with_a_larger_share():
    few, many = (Audience(share=share).mask(world(), "mail") for share in (0.3, 0.6))
    assert (many >= few).all()
    assert (Audience(share=0.3).mask(world(), "mail") == few).all()


def test_two_actions_draw_independent_people():
    there, share = world(), 0.5
    both = Audience(share=share).mask(there, "mail") & Audience(share=share).mask(there, "letter")
    low, high = stats.binom.interval(0.999, PEOPLE, share * share)
    assert low <= both.sum() <= high


def test_a_segment_the_market_lacks_is_told():
    market = from_tree({"name": "m", "market": MARKET}).market
    (path, message), = Audience(segment=["town", "moon"]).problems(market, {})
    assert path == "segment"
    assert "'moon'" in message and "town, country, sea" in message


SHOP: dict[str, Any] = {
    "name": "m",
    "horizon_weeks": 60,
    "behaviors": {"purchase": {"r": 1.0, "alpha": 6.0}, "attrition": {"type": "pareto", "s": 1.0, "beta": 60.0},
                  "organic_acquisition": {"probability": 0.01}},
    "programs": {"club": {"type": "tiers", "tiers": {"plain": {}, "silver": {"spend": 100.0}, "gold": {"spend": 400.0}}}},
}


def shop(weeks: int = 30, **market: Any) -> Any:
    """A world some weeks on, with newcomers, prospects who have never ordered, and a club of three tiers."""
    tree = {**SHOP, "market": {"customers": 4000, "prospects": 500, "newcomers": 500, **market}}
    return LoyaltyModel(from_tree(tree), collect=False).run(weeks).world


def test_a_tier_is_meant_by_its_name():
    there = shop()
    mask = Audience(tier=["silver", "gold"]).mask(there, "mail").astype(bool)
    assert (mask == (there.customers.tier >= 2)).all()
    assert 0 < mask.sum() < Audience(tier=["plain", "silver", "gold"]).mask(there, "mail").sum()


def by_hand(there: Any) -> tuple[np.ndarray, ...]:
    """Whether each person has ordered, is near, frequent and large, by the definitions of `Rfm`; and the stage of life."""
    customers, rfm, lifecycle, now = there.customers, there.market.rfm, there.market.lifecycle, there.calendar.now
    ordered = customers.last_order > -1e8
    near = now - customers.last_order <= rfm.recency_weeks
    orders = customers.n_orders + customers.orders_before.astype(float)
    years = np.maximum(now - customers.joined, rfm.least_weeks) / (365.25 / 7)
    frequent = orders / years >= rfm.orders_per_year
    mean = customers.spent / np.maximum(customers.n_orders, 1) / 10_000
    large = (customers.n_orders > 0) & (mean >= (rfm.order_value or there.population.mean_basket))
    gap = (customers.last_order - customers.joined + 1 / there.population.mean_rate) / np.maximum(orders, 1)
    decline = now - customers.last_order > lifecycle.decline_gaps * gap
    growth = ~decline & (now - customers.joined < lifecycle.growth_weeks)
    return ordered, near, frequent, large, np.where(decline, "decline", np.where(growth, "growth", "maturity"))


@pytest.mark.parametrize(
    ("cell", "sides"),
    [
        ("high_value", (True, True, True)),
        ("dormant", (False, False, False)),
        ("potential", (True, False, False)),
        ({"recency": "far", "frequency": "high"}, (False, True, None)),
        ({"monetary": "low"}, (None, None, False)),
        ({"cell": "potential", "recency": "near"}, (True, False, False)),
    ],
    ids=str,
)
def test_an_rfm_cell_holds_those_on_its_sides_of_the_cut_offs(cell, sides):
    """Requirements T9: high value near, high, high; dormant far, low, low; potential near, low, low."""
    there = shop(rfm={"recency_weeks": 6.0, "orders_per_year": 8.0, "order_value": 30.0})
    ordered, *seen, _ = by_hand(there)
    expected = ordered.copy()
    for side, wanted in zip(seen, sides, strict=True):
        if wanted is not None:
            expected &= side == wanted
    mask = Audience.model_validate({"rfm": cell}).mask(there, "mail").astype(bool)
    assert (mask == expected).all()
    assert 20 < mask.sum() < ordered.sum()


def test_an_order_is_large_from_the_mean_of_all_customers_where_nothing_else_is_said():
    there = shop()
    ordered, _, _, large, _ = by_hand(there)
    assert (Audience.model_validate({"rfm": {"monetary": "high"}}).mask(there, "m").astype(bool) == (ordered & large)).all()


def test_stages_of_life_part_the_customers():
    there = shop()
    ordered, *_, stage = by_hand(there)
    masks = {one: Audience(stage=[one]).mask(there, "mail").astype(bool) for one in ("growth", "maturity", "decline")}
    for one, mask in masks.items():
        assert (mask == (ordered & (stage == one))).all()
        assert mask.sum() > 20
    assert (np.sum(list(masks.values()), axis=0) == ordered).all()


def test_who_belongs_to_a_cell_does_not_hang_on_what_no_firm_can_see():
    there, chosen = shop(), Audience.model_validate({"rfm": {"frequency": "high"}, "stage": ["decline", "growth"], "tier": ["silver"]})
    before = chosen.mask(there, "mail")
    luck = np.random.default_rng(5)
    for name in ("status", "purchase_rate", "attrition_hazard", "log_basket", "order_clock", "status_clock", "satisfaction", "loyalty"):
        luck.shuffle(getattr(there.customers, name))
    assert before.any() and (chosen.mask(there, "mail") == before).all()


def test_only_what_changes_says_so():
    assert not Audience(segment=["town"], share=0.3).changes
    for values in ({"tier": ["gold"]}, {"rfm": "dormant"}, {"stage": ["growth"]}):
        assert Audience.model_validate(values).changes


def test_nobody_of_the_hold_out_is_ever_meant():
    there = LoyaltyModel(from_tree({"name": "m", "market": {**MARKET, "hold_out": 0.1}}), collect=False).world
    out = Audience().mask(there, "mail") == 0
    low, high = stats.binom.interval(0.999, PEOPLE, 0.1)
    assert low <= out.sum() <= high
    for name, audience in (("letter", Audience()), ("mail", Audience(share=0.5)), ("app", Audience(segment=["sea"]))):
        assert not audience.mask(there, name)[out].any()


def test_the_hold_out_grows_within_itself():
    def out(share: float) -> np.ndarray:
        there = LoyaltyModel(from_tree({"name": "m", "market": {**MARKET, "hold_out": share}}), collect=False).world
        return Audience().mask(there, "mail") == 0

    assert (out(0.2) >= out(0.05)).all()


ACTIONS: dict[str, Any] = {
    "programs": {
        "stars": {"type": "points", "catalog": {"cup": {"points": 50, "face_value": 5.0, "unit_cost": 2.0}}, "welcome_points": 20},
        "card": {"type": "stamp_card", "stamps": 4, "face_value": 5.0, "unit_cost": 2.0},
        "club": SHOP["programs"]["club"],
    },
    "campaigns": {"mail": {"type": "push"}, "sale": {"type": "discount", "depth": 0.3, "every_weeks": 8, "weeks": 2}},
    "feedback": {
        "watch": {"type": "churn_warning"},
        "call": {"type": "intervention"},
        "back": {"type": "win_back", "acceptance": 0.3},
    },
}


def test_people_of_the_hold_out_live_as_if_there_were_no_action():
    """Byte for byte in every shared field that both arms have, without ties; the others' lives differ."""
    behaviors = {**SHOP["behaviors"], "satisfaction": {"failure_rate": 0.1}, "loyalty": {}, "goal_gradient": {}, "contact_fatigue": {}}
    market = {"customers": 3000, "prospects": 300, "hold_out": 0.2}
    base: dict[str, Any] = {"name": "m", "horizon_weeks": 40, "market": market, "behaviors": behaviors}
    plain, acted = (LoyaltyModel(from_tree(tree), collect=False).run() for tree in (base, {**base, **ACTIONS}))
    out = Audience().mask(plain.world, "any") == 0
    mine, others = dict(plain.world.customers.arrays()), dict(acted.world.customers.arrays())
    for name in mine:
        if name == "acquired_by":  # Causes are numbered by arm.
            continue
        assert mine[name][out].tobytes() == others[name][out].tobytes(), name
    for name in ("tier", "warned"):
        assert not others[name][out].any()
    assert (mine["n_orders"][~out] != others["n_orders"][~out]).any()


def tree(market: dict[str, Any] | None = None, programs: dict[str, Any] | None = None, **mail: Any) -> dict[str, Any]:
    return {
        "name": "m",
        "market": {"customers": 10, "segments": {"town": {"share": 1.0}, "sea": {"share": 0.0}}, **(market or {})},
        "programs": programs or {},
        "campaigns": {"mail": {"type": "push", **mail}},
    }


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (tree(audience={"tier": ["gold"]}), "mail.audience.tier: no tier 'gold' in the scenario (no program of type tiers is there)"),
        (tree(programs=SHOP["programs"], audience={"tier": ["ruby"]}), "no tier 'ruby' in the scenario (there: plain, silver, gold)"),
        (tree(audience={"rfm": {"cell": "dormant", "recency": "near"}}), "rfm.recency: near contradicts the cell dormant, where it is far"),
        (tree(audience={"rfm": "sleepers"}), "mail.audience.rfm.cell: must be high_value, dormant or potential"),
        (tree(audience={"rfm": {}}), "mail.audience.rfm: name a cell (high_value, dormant, potential) or a side"),
        (tree(audience={"stage": ["birth"]}), "must be growth, maturity or decline"),
        (tree(audience={"stage": []}), "mail.audience.stage: an empty list means nobody"),
        (tree(audience={"segment": []}), "mail.audience.segment: an empty list means nobody"),
        (tree(audience={"share": 0.0}), "mail.audience.share: 0 means nobody; leave the action out"),
        (tree(audience={"segment": ["sea"]}), "market.segments gives sea a share of 0: nobody would be left"),
        (tree({"lifecycle": {"growth_weeks": 8.0}}, audience={"stage": ["growth"], "rfm": {"recency": "far"}}), "growth ends 8 weeks"),
        (tree(to="prospects", audience={"stage": ["growth"]}), "mail.audience: tiers, RFM cells and stages hold customers"),
        (tree({"hold_out": 1.0}), "market.hold_out = 1.0: must be 0 to 0.9"),
    ],
    ids=str,
)
def test_an_audience_that_nobody_could_be_is_told_in_one_line(bad, says):
    with pytest.raises(ScenarioError) as refused:
        from_tree(bad)
    (line,) = str(refused.value).splitlines()
    assert says in line


def test_a_campaign_asks_anew_who_belongs_at_each_sending():
    chosen = {"stage": ["decline"], "share": 0.5}
    one = LoyaltyModel(from_tree({**SHOP, "market": {"customers": 2000}, "campaigns": {
        "mail": {"type": "push", "every_weeks": 2, "audience": chosen},
    }}), collect=False)  # fmt: skip
    seen = []
    for week in range(1, 9):
        expected = Audience.model_validate(chosen).mask(one.world, "mail")
        one.step()
        contacts = one.world.customers.contacts
        assert (contacts == (expected if week % 2 else 0)).all()
        seen.append(contacts.copy())
    assert (seen[0] != seen[2]).any()


def test_a_program_is_open_to_who_belongs_now_and_members_stay():
    chosen = {"stage": ["growth"]}
    one = LoyaltyModel(from_tree({**SHOP, "market": {"customers": 2000, "lifecycle": {"growth_weeks": 40.0}}, "programs": {
        "stars": {"type": "points", "audience": chosen, "enrollment": {"intercept": 1.0},
                  "catalog": {"cup": {"points": 100_000, "face_value": 5.0, "unit_cost": 2.0}}},
    }}), collect=False)  # fmt: skip
    members = np.zeros(2000, np.uint8)
    earned = np.zeros(2000, np.int32)
    gone_on = 0
    for _ in range(30):
        open_to = Audience.model_validate(chosen).mask(one.world, "stars")
        one.step()
        own = one.world.owned["programs.stars"]
        assert (own.member >= members).all()
        assert open_to[own.member > members].all()
        gone_on += int(((own.earned > earned) & (open_to == 0)).sum())
        members, earned = own.member.copy(), own.earned.copy()
    # Members who have left the stage go on earning.
    assert gone_on > 0
