"""`loops`: feedback loops are named, cut one at a time on the same luck, and what they make is what theory says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import small_market
from scipy import stats
from small_market import EXAMPLES

from regulars.experiments.loops import active_loops, loop_names, loops, neutral_values
from regulars.scenarios import from_tree, load
from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS
from regulars.sim.core.links import at_work

ALARM = 1e-3
"""False-alarm rate of a statistical test."""


def scenario(**parts: Any) -> Any:
    return from_tree({"name": "Test", **parts}, id="test")


def named(one: Any) -> dict[str, tuple[str, int]]:
    """Path and sign of the loops of a scenario, by name."""
    found = active_loops(one)
    return {name: (" > ".join(loop.path), loop.sign) for name, loop in zip(loop_names(found), found, strict=True)}


def surely(estimate: Mapping[str, Any], replications: int) -> float:
    """Half-width of the interval at the false-alarm rate, from that of 95 %."""
    low, high = estimate["ci95"]
    return (high - low) / 2.0 * stats.t.isf(ALARM / 2, replications - 1) / stats.t.isf(0.025, replications - 1)


# Gain.


PROSPECTS, HEARERS, WEEKS = 20_000, 25, 40
SPONTANEOUS, TELLS, WINS = 0.0005, 0.1, 0.2
REPLICATIONS = 24


@pytest.fixture(scope="module")
def talk(tmp_path_factory) -> Any:
    """A tenth of new customers tell 25 random people, of whom each who is a prospect comes with probability .2; nobody orders twice.

    So a new customer brings .5 others in the week after, who bring .5 others, and nothing else feeds on anything.
    """
    folder = tmp_path_factory.mktemp("talk")
    people = PROSPECTS + 10
    senders = np.repeat(np.arange(people), HEARERS)
    receivers = (senders + np.random.default_rng(8).integers(1, people, len(senders))) % people
    table = "\n".join(f"{a},{b}" for a, b in zip(senders, receivers, strict=True))
    (folder / "ties.csv").write_text(f"sender,receiver\n{table}\n")
    tree = {
        "name": "Talk",
        "horizon_weeks": WEEKS,
        "market": {"customers": 10, "prospects": PROSPECTS, "network": {"type": "edge_list", "file": "ties.csv", "directed": True}},
        "behaviors": {
            "purchase": {"r": 1.0, "alpha": 100_000.0},
            "attrition": "off",
            "organic_acquisition": {"probability": SPONTANEOUS},
            "word_of_mouth": {"base": TELLS, "surprise": 0.0, "strong": WINS, "weak": WINS, "saturation": 1e6},
        },
    }
    return from_tree(tree, folder, id="talk")


def test_a_loop_of_known_gain_reports_that_gain(talk):
    """Two theories: gain .5 over an endless horizon in an endless market, and a recursion for this one's horizon and pool.

    Over T weeks the linear loop makes 1 - T (1 - g) / (T - g (1 - g^T) / (1 - g)) of what comes.
    """
    one = loops(talk, replications=REPLICATIONS, seed=5)
    (account,) = one.document["loops"]
    assert (account["name"], account["sign"], account["delay_weeks"]) == ("word_of_mouth", +1, 1.0)
    gain = account["gain"]
    g, free, new, intact = HEARERS * TELLS * WINS, float(PROSPECTS), 0.0, 0.0
    for _ in range(WEEKS):
        new = free * SPONTANEOUS + g * new * free / (PROSPECTS + 10)
        free, intact = free - new, intact + new
    cut = PROSPECTS * -np.expm1(WEEKS * np.log1p(-SPONTANEOUS))
    assert gain["of"] == "new_customers"
    assert gain["value"] == pytest.approx(1.0 - cut / intact, abs=surely(gain, REPLICATIONS))
    assert surely(gain, REPLICATIONS) < 0.05
    endless = 1.0 - WEEKS * (1.0 - g) / (WEEKS - g * (1.0 - g**WEEKS) / (1.0 - g))
    # The pool is 4 % smaller at the end, which is all that parts the two.
    assert 1.0 - cut / intact == pytest.approx(endless, abs=0.02)
    worth = account["worth"]["new_customers"]
    assert worth["mean"] == pytest.approx(intact - cut, abs=surely(worth, REPLICATIONS))


def test_the_gain_grows_with_the_talk(talk):
    quiet = loops(talk.with_values({"behaviors.word_of_mouth.base": 0.02}), replications=REPLICATIONS, seed=5)
    gain = quiet.document["loops"][0]["gain"]
    # g = .1: a tenth of those who come, less what the last week's would have brought.
    assert gain["value"] == pytest.approx(0.1, abs=0.004 + surely(gain, REPLICATIONS))
    assert surely(gain, REPLICATIONS) < 0.05


def test_tickets_that_come_again_make_their_share():
    """Of questions .5 are not solved and .6 of those come again: gain .3, that is 1 - r of tickets are new.

    Nobody waits, so lateness and giving up play no part. The last week's tickets have not come again yet: 1 / weeks less.
    """
    weeks, replications = 20, 8
    always = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": 0.0, "closes": 24.0}
    one = scenario(
        horizon_weeks=weeks,
        market={"customers": 3000, "prospects": 0},
        behaviors={"purchase": {"r": 50.0, "alpha": 100.0}, "attrition": "off"},
        feedback={
            "desk": {
                "type": "service_desk", "opening": always, "shifts": {"all": {**always, "agents": 200}}, "service_minutes": 5.0,
                "patience_minutes": None, "solves": 0.5, "contacts": {"per_order": 0.5, "per_negative_message": 0.0},
                "again": {"unsolved": 0.6, "late": 0.0, "abandoned": 0.0}, "recovery": {"success": 1.0},
            }
        },
    )  # fmt: skip
    (account,) = loops(one, replications=replications).document["loops"]
    assert (account["path"], account["sign"], account["delay_weeks"]) == (["tickets"], +1, 1.0)
    gain = account["gain"]
    new, come = 1.0, np.zeros(weeks)
    for week in range(1, weeks):
        # Orders of one week are tickets of the next.
        come[week] = new + 0.3 * come[week - 1]
    assert gain["of"] == "tickets"
    assert gain["value"] == pytest.approx(1.0 - (weeks - 1) / come.sum(), abs=surely(gain, replications))
    assert gain["value"] == pytest.approx(0.3, abs=0.03)


# Which loops there are.


PLAIN: dict[str, Any] = {
    "horizon_weeks": 12,
    "market": {"customers": 300, "prospects": 300},
    "behaviors": {"purchase": {"r": 1.0, "alpha": 3.0}, "attrition": {}},
}


def shop(*, market: Any = None, **parts: Any) -> Any:
    behaviors = {**PLAIN["behaviors"], **parts.pop("behaviors", {})}
    return scenario(**{**PLAIN, "market": {**PLAIN["market"], **(market or {})}, "behaviors": behaviors, **parts})


def test_a_market_without_feedback_has_no_loops_and_is_not_run():
    none = loops(shop(behaviors={"organic_acquisition": {}}), replications=3)
    assert none.document["loops"] == [] and none.document["together"] is None
    assert none.outcomes == () and none.frame.empty


def test_habit_is_a_reinforcing_loop():
    assert named(shop(behaviors={"loyalty": {}})) == {
        "loyalty.effect": ("loyalty > purchase > orders", +1),
        "loyalty.attrition_effect": ("loyalty > attrition > exits > customers > orders", +1),
    }


def test_neutral_effects_leave_no_loop():
    neutral = {"effect": 0.0, "attrition_effect": 0.0, "reward_gain": 0.0, "message_effect": 0.0}
    assert named(shop(behaviors={"loyalty": neutral})) == {}


def test_a_chain_that_another_component_would_close_is_no_loop_without_it():
    """Satisfaction speeds orders up, but with orders as good as ever nothing leads back to satisfaction; rewards do."""
    satisfied = {"satisfaction": {}}
    assert named(shop(behaviors=satisfied)) == {}
    stars = {"stars": {"type": "points", "catalog": {"gift": {"points": 50, "face_value": 5.0, "unit_cost": 3.0}}}}
    assert named(shop(behaviors=satisfied, programs=stars))["satisfaction.effect"] == (
        "satisfaction > purchase > orders > rewards", +1,
    )  # fmt: skip


def test_orders_that_fail_close_a_balancing_loop():
    found = named(shop(behaviors={"satisfaction": {"failure_rate": 0.2}}))
    assert found["satisfaction.effect"] == ("satisfaction > purchase > orders > surprise", -1)


def test_messages_that_no_customer_answers_for_are_no_loop():
    """Mail is a plan: it does not feed on what it brings, but for the consent that it uses up."""
    mail = {"mail": {"type": "push", "trigger": "calendar"}}
    assert named(shop(campaigns=mail)) == {}
    assert named(shop(campaigns=mail, behaviors={"contact_fatigue": {}})) == {"contact_fatigue": ("contacts > consent", -1)}
    wake = {"wake": {"type": "push", "trigger": "inactive"}}
    assert set(named(shop(campaigns=wake)).values()) == {("wake.goodwill > purchase > orders", -1)}


def test_warning_and_intervention_close_a_balancing_loop_together_and_none_apart():
    warning, offer = {"watch": {"type": "churn_warning"}}, {"keep": {"type": "intervention"}}
    assert named(shop(feedback=warning)) == {}
    found = named(shop(feedback={**warning, **offer}))
    assert found["keep.retention"] == ("keep.kept > attrition > exits > customers > orders > warnings", -1)


def test_win_back_balances():
    assert named(shop(feedback={"again": {"type": "win_back"}}))["again.acceptance"][1] == -1


def test_leavers_who_draw_others_along_reinforce():
    assert named(shop(behaviors={"churn_contagion": {}})) == {"churn_contagion": ("exits > attrition", +1)}


def test_only_where_failures_happen_and_are_reported_is_a_recovery_in_a_loop():
    def recoveries(failure_rate: float, per_failure: float) -> set[str]:
        desk = {"desk": {"type": "service_desk", "contacts": {"per_failure": per_failure}}}
        found = named(shop(behaviors={"satisfaction": {"failure_rate": failure_rate}, "loyalty": {}}, feedback=desk))
        return {name for name in found if "recovery" in name}

    assert recoveries(0.2, 0.5) >= {"desk.recovery.restores", "desk.recovery.failed_loss", "desk.recovery.betrayal"}
    assert recoveries(0.0, 0.5) == recoveries(0.2, 0.0) == set()


def test_a_gift_holds_back_later_goals_only_where_something_is_given():
    def gifts(given: int) -> bool:
        card = {"card": {"type": "stamp_card", "given": given, "face_value": 5.0, "unit_cost": 2.0}}
        return "goal_gradient.endowment" in named(shop(behaviors={"goal_gradient": {}}, programs=card))

    assert gifts(2) and not gifts(0)


def test_nobody_is_won_back_where_nobody_leaves():
    again = {"again": {"type": "win_back"}}
    assert not named(shop(behaviors={"attrition": "off"}, feedback=again))


def test_effects_that_multiply_are_one_loop():
    found = named(shop(campaigns={"photos": {"type": "user_content"}}))
    assert [name for name, (path, _) in found.items() if path.startswith("photos.posts > acquisition")] == ["photos"]
    for neutral in ({"views": 0.0}, {"convert": 0.0}):
        assert not named(shop(campaigns={"photos": {"type": "user_content", **neutral}}))


def counter(one: Any, name: str) -> tuple[str, int] | None:
    found = active_loops(one)
    other = dict(zip(loop_names(found), found, strict=True))[name].counter
    return other and (" > ".join(other.path), other.sign)


def test_satisfaction_lost_by_waiting_balances_where_good_and_bad_words_reinforce():
    """In the shipped desk nearly all that waiting costs runs through satisfaction and attrition."""
    desk = load("library:saas_desk/baseline")
    assert named(desk)["desk.wait.loss"] == ("tickets > service > criticism", +1)
    other = counter(desk, "desk.wait.loss")
    assert other is not None and other[1] == -1
    (account,) = [one for one in loops(desk, replications=2, weeks=2).document["loops"] if one["name"] == "desk.wait.loss"]
    assert account["counter"]["sign"] == -1 == -account["sign"] and account["counter"]["path"] == other[0].split(" > ")


def test_what_a_reward_takes_from_the_way_to_the_next_balances():
    """Progress shown speeds orders up, and orders redeem it."""
    catalog = {"gift": {"points": 50, "face_value": 5.0, "unit_cost": 3.0}}
    for program in ({"type": "points", "catalog": catalog}, {"type": "stamp_card", "face_value": 5.0, "unit_cost": 2.0}):
        one = shop(behaviors={"goal_gradient": {}}, programs={"program": program})
        assert counter(one, "goal_gradient.speed_up") == ("progress > purchase > orders > rewards", -1)


def test_an_offer_that_can_be_used_up_balances_and_one_without_end_is_a_plan():
    sale: dict[str, Any] = {"type": "discount", "depth": 0.2}
    assert named(shop(campaigns={"sale": sale})) == {}
    for limit in ({"budget": 500.0}, {"coupon": {}}):
        assert named(shop(campaigns={"sale": {**sale, **limit}}))["sale.response"] == ("sale.uses > purchase > orders", -1)


def test_orders_sent_back_cost_the_tier_that_they_brought():
    spend = {"levels": {"type": "tiers", "tiers": {"plain": {}, "gold": {"spend": 100.0, "gifts": {"rose": {"unit_cost": 1.0}}}}}}
    one = shop(behaviors={"loyalty": {}}, programs=spend, environment={"returns": {"type": "returns"}})
    assert counter(one, "levels.tiers.gifts.care") == ("tier > care > loyalty > purchase > orders > refunds", -1)


def test_a_cap_on_referral_rewards_balances():
    found = named(shop(behaviors={"referral": {}}, programs={"bring": {"type": "referral_reward"}}))
    assert found["bring"] == ("acquisition > invitation_pull > referral.invitations", -1)


def test_newcomers_can_be_won_where_there_are_no_prospects():
    talk: dict[str, Any] = {"behaviors": {"word_of_mouth": {}}}
    assert "word_of_mouth" in named(shop(market={"prospects": 0, "newcomers": 30}, **talk))


def test_a_cut_lists_no_segment_that_says_nothing_of_the_effect():
    segments = {"town": {"share": 0.5, "behaviors": {"loyalty": {"attrition_effect": 1.5}}}, "country": {"share": 0.5}}
    one = shop(market={"segments": segments}, behaviors={"loyalty": {}})
    (cut,) = [each.cut for each in active_loops(one) if each.cut.by == ("effect",)]
    assert neutral_values(one, cut) == {"behaviors.loyalty.effect": 0.0}


def test_two_programs_of_one_type_are_told_apart_by_their_names():
    content = {name: {"type": "user_content"} for name in ("photos", "reviews")}
    found = named(shop(campaigns=content))
    assert {name.partition(".")[0] for name in found} == {"photos", "reviews"}


def test_without_ties_nobody_hears_and_without_prospects_nobody_comes():
    talk: dict[str, Any] = {"behaviors": {"word_of_mouth": {}, "churn_contagion": {}, "referral": {}}}
    assert {"word_of_mouth", "churn_contagion", "referral.refer"} <= named(shop(**talk)).keys()
    assert named(shop(market={"network": {"type": "none"}}, **talk)) == {}
    assert named(shop(market={"prospects": 0}, **talk)).keys() == {"churn_contagion"}


@pytest.fixture(scope="module")
def lively() -> Any:
    """Every component at once, as in the small market."""
    tree: dict[str, Any] = {"name": "Lively", "horizon_weeks": 9, "market": {**PLAIN["market"], "newcomers": 30}}
    for cls in catalog.components():
        if cls.variant is None or cls.default_variant:
            one = small_market.example(cls)
            given = {**EXAMPLES.get((cls.kind, cls.type), {}), **({} if cls.kind == "behavior" else {"type": cls.type})}
            if "start_week" in cls.Params.model_fields:
                given.setdefault("start_week", small_market.LAUNCH)
            tree.setdefault(SECTIONS[cls.kind], {})[one.name] = given
    return from_tree(tree, id="lively")


def test_every_cut_ends_its_loop_and_is_a_valid_scenario(lively):
    found = active_loops(lively)
    assert len(found) > 40 and len(set(loop_names(found))) == len(found)
    for one in found:
        cut = neutral_values(lively, one.cut)
        assert cut
        assert one.cut not in [edge.cut for edge in at_work(lively.with_values(cut).components)]


def test_with_all_cuts_together_no_loop_is_left(lively):
    everything = {path: value for one in active_loops(lively) for path, value in neutral_values(lively, one.cut).items()}
    assert active_loops(lively.with_values(everything)) == []


# Accounts.


def test_a_loop_that_begins_after_the_horizon_is_worth_exactly_nothing():
    late = {"photos": {"type": "user_content", "start_week": 100}}
    for account in loops(shop(campaigns=late, behaviors={"organic_acquisition": {}}), replications=3).document["loops"]:
        assert all((one["mean"], one["sd"]) == (0.0, 0.0) for one in account["worth"].values())
        assert account["gain"]["value"] == 0.0


def test_worth_is_intact_less_cut_on_the_same_luck():
    one = loops(shop(behaviors={"loyalty": {}}), replications=4)
    intact, habit, *_ = one.outcomes
    gain = np.array([a.series.orders[:, -1].sum() - b.series.orders[:, -1].sum() for a, b in zip(intact, habit, strict=True)])
    shown = one.document["loops"][0]["worth"]["orders"]
    assert (shown["mean"], shown["sd"]) == (pytest.approx(gain.mean()), pytest.approx(gain.std(ddof=1)))
    assert one.document["loops"][0]["cut"] == {"behaviors.loyalty.effect": 0.0}


def test_all_together_is_the_scenario_with_every_loop_cut():
    one = loops(shop(behaviors={"loyalty": {}}), replications=3)
    cut = {path: value for account in one.document["loops"] for path, value in account["cut"].items()}
    assert one.document["together"]["cut"] == cut
    assert one.scenarios[-1].value("behaviors.loyalty.attrition_effect") == 0.0 == one.scenarios[-1].value("behaviors.loyalty.effect")


def test_a_segment_with_an_effect_of_its_own_is_cut_too():
    segments = {"town": {"share": 0.5, "behaviors": {"loyalty": {"effect": 1.5}}}, "country": {"share": 0.5}}
    one = loops(shop(market={"segments": segments}, behaviors={"loyalty": {}}), replications=2)
    cut = next(account["cut"] for account in one.document["loops"] if account["name"] == "loyalty.effect")
    assert cut == {"behaviors.loyalty.effect": 0.0, "market.segments.town.behaviors.loyalty.effect": 0.0}


def test_accounts_do_not_depend_on_threads():
    lively = shop(behaviors={"loyalty": {}, "word_of_mouth": {}, "satisfaction": {}})
    first, second = (loops(lively, replications=3, threads=threads, command="same").document for threads in (1, 3))
    for document in (first, second):
        del document["timing"]
    assert first == second


def test_shipped_scenarios_can_be_accounted_for():
    """Every cut of every loop is a valid scenario; two weeks of a small market are enough to see it run."""
    for name in ("library:online_shop/points_and_mail", "library:tea_brand/tagged_push"):
        small = load(name).with_values({"market.customers": 300, "market.prospects": 200})
        found = loops(small, replications=2, weeks=2)
        assert {"word_of_mouth", "loyalty.effect"} <= {one["name"] for one in found.document["loops"]}
        assert list(found.frame.index) == [one["name"] for one in found.document["loops"]]
