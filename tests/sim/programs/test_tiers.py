"""Tiers: moves by the book, reviews, benefits, and the sting of demotion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import small_market
from scipy import stats

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.core.component import Behavior
from regulars.sim.model import LoyaltyModel
from regulars.sim.programs.tiers import take_off
from regulars.sim.world.customers import ACTIVE

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

OFTEN = {
    "purchase": {"r": 4.0, "alpha": 4.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
    "spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.5, "within_sd": 0.5},
}
"""Everyone orders once a week on average and nobody leaves."""
ADDRESS = "programs.club"
LADDER = {"ordinary": {}, "silver": {"spend": 120.0}, "gold": {"spend": 250.0}}
SHORT = {"window_weeks": 8, "review_weeks": 4}


def tree(*, customers: int = 300, weeks: int = 24, step_days: int = 7, others: Any = None, behaviors: Any = None, **program: Any) -> Any:
    club = {"type": "tiers", "tiers": LADDER, **SHORT, **program}
    market = {"customers": customers, "start": "cohort", "segments": {"town": {"share": 0.6}, "country": {"share": 0.4}}}
    return {
        "name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors or OFTEN,
        "programs": {"club": club, **(others or {})},
    }  # fmt: skip


def model(threads: int = 1, **options: Any) -> LoyaltyModel:
    return LoyaltyModel(from_tree(tree(**options)), collect=False, threads=threads)


def talking(**options: Any) -> LoyaltyModel:
    """The same market, in which every fifth customer likes and shares twice a week, each week others."""
    scenario = from_tree(tree(**options))
    with small_market.unregistered():

        class Liking(Behavior):
            """Interacts on schedule."""

            type = "liking"
            writes = ("interactions",)

            def arrive(self, world: Any) -> None:
                world.customers.interactions[:] = likes(world.people, world.calendar.week)

    components = (Liking(), *scenario.components)
    setting = small_market.Setting(components, scenario.market, scenario.horizon_weeks, scenario.step_days)
    return LoyaltyModel(setting, collect=False)


def likes(people: int, week: int) -> Any:
    return np.where((np.arange(people) + week) % 5 == 0, 2, 0)


def own(one: LoyaltyModel) -> Any:
    return one.world.owned[ADDRESS]


def total(one: LoyaltyModel, name: str) -> float:
    return float(getattr(one.weekly(), name)[:, -1].sum())


def by_hand(one: LoyaltyModel, orders: list[tuple[int, float]]) -> None:
    """One week in which exactly these orders are placed: person, value."""
    one.arrive()
    one.weigh()
    events = one.world.events
    events.clear()
    events.person = np.array([person for person, _ in orders], np.int32)
    events.value = np.array([round(value * 10_000) for _, value in orders], np.int64)
    events.number, events.time = np.ones(len(orders), np.int32), np.zeros(len(orders), np.float32)
    one.settle()
    one.world.calendar.step += 1


class Book:
    """What every customer did in every week, and the tier that follows from the rules as they are written."""

    def __init__(self, people: int, params: Any) -> None:
        self.params, self.tiers = params, list(params.tiers.values())
        self.done = np.zeros((3, 0, people))
        self.tier, self.below = np.zeros(people, int), np.zeros(people, int)
        self.member = np.zeros(people, bool)
        self.ups = self.downs = 0

    def earned(self, person: int) -> int:
        params, weeks = self.params, self.done.shape[1]
        quarter = params.window_weeks // 4
        first = max(0, ((weeks - 1) // quarter - 3) * quarter)
        spend, orders, interactions = self.done[:, first:, person].sum(axis=1)
        best = 0
        for rank, tier in enumerate(self.tiers, 1):
            asks = [(tier.spend, spend), (tier.orders, orders), (tier.interactions, interactions)]
            met = [done >= ask - 1e-9 for ask, done in asks if ask > 0]
            if not met or (all(met) if params.criteria == "all" else any(met)):
                best = rank
        return best

    def week(self, done: np.ndarray) -> None:
        params = self.params
        entering = ~self.member & (done[1] > 0)
        self.member |= entering
        self.tier[entering] = int(not (self.tiers[0].spend or self.tiers[0].orders or self.tiers[0].interactions))
        self.done = np.concatenate([self.done, np.where(self.member, done, 0.0)[:, None]], axis=1)
        reviewed = self.done.shape[1] % params.review_weeks == 0
        for person in np.flatnonzero(self.member).tolist():
            earned, held = self.earned(person), self.tier[person]
            acted = done[:, person].any()
            if earned > held and (reviewed or (params.upgrade == "at_once" and acted)):
                self.tier[person] = earned
                self.ups += 1
            if not reviewed:
                continue
            self.below[person] = self.below[person] + 1 if earned < held else 0
            if earned < held and params.downgrade != "never" and self.below[person] > params.grace_reviews:
                self.tier[person] = earned if params.downgrade == "to_earned" else held - 1
                self.below[person] = 0
                self.downs += 1


MIXED = {
    "bronze": {"orders": 2},
    "silver": {"orders": 5, "spend": 100.0},
    "gold": {"orders": 7, "spend": 180.0, "interactions": 4},
}


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"downgrade": "one_step"},
        {"upgrade": "at_review", "grace_reviews": 1},
        {"downgrade": "never"},
        {"tiers": MIXED},
        {"tiers": MIXED, "criteria": "any", "review_weeks": 2, "grace_reviews": 2},
        {"tiers": {"one": {}}},
        {"tiers": {"one": {"spend": 90.0}}, "window_weeks": 4, "review_weeks": 1},
    ],
    ids=str,
)
def test_moves_are_those_of_a_ledger_kept_by_hand(rules):
    one = talking(**{"customers": 150, **rules})
    club = next(component for component in one.components if component.address == ADDRESS)
    book = Book(150, club.params)
    for week in range(1, 25):
        one.step()
        events = one.world.events
        done = np.zeros((3, 150))
        # In hundredths of a cent, whole numbers, so that sums are exact.
        np.add.at(done[0], events.person, events.value)
        np.add.at(done[1], events.person, 1)
        done[0] /= 10_000
        done[2] = likes(150, week)
        book.week(done)
        assert (one.world.customers.tier == book.tier).all(), week
    assert (total(one, "tier_upgrades"), total(one, "tier_downgrades")) == (book.ups, book.downs)
    assert book.member.sum() == total(one, "tier_entries") > 140
    held = np.bincount(book.tier[one.world.customers.status == ACTIVE], minlength=9)
    for rank in range(1, len(book.tiers) + 1):
        assert getattr(one.weekly(), f"members_in_tier_{rank}")[-1, -1] == held[rank]


def test_orders_sent_back_count_no_longer():
    """Within the first window a member's spending is what was bought less what came back, to the last unit."""
    one = LoyaltyModel(from_tree(tree() | {"environment": {"returns": {"share": 0.5, "delay_weeks": 2.0}}}), collect=False)
    kept = np.zeros(one.world.people, np.int64)
    for _ in range(SHORT["window_weeks"] - 1):
        one.step()
        events = one.world.events
        np.subtract.at(kept, one.world.refunds.person, one.world.refunds.value)
        np.add.at(kept, events.person, events.value)
        counted = sum(getattr(own(one), f"spend_{at}").astype(np.int64) for at in range(1, 5))
        assert np.array_equal(counted, kept)
    assert kept.sum() < 0.8 * total(one, "revenue") * 10_000


@pytest.mark.parametrize("step_days", [7, 1])
def test_only_spending_that_was_counted_is_taken_off_and_where_it_was_counted(step_days):
    """A book of the parts kept by hand: orders from before the launch come back after it and take nothing off."""
    start = 4
    returning = {"environment": {"returns": {"share": 0.5, "delay_weeks": 4.0, "window_weeks": 12.0}}}
    one = LoyaltyModel(from_tree(tree(start_week=start, step_days=step_days) | returning), collect=False)
    book = np.zeros((30, one.world.people), np.int64)
    strangers = old = 0
    for week in range(1, 25):
        part = (week - start) // 2
        for _ in one.world.calendar.steps():
            for phase in ("arrive", "weigh", "live", "settle", "respond"):
                getattr(one, phase)()
            refunds, events = one.world.refunds, one.world.events
            placed = (refunds.week - start) // 2
            strangers += (placed < 0).sum() if week >= start else 0
            old += ((placed >= 0) & (part - placed > 3)).sum()
            kept = placed >= 0
            np.subtract.at(book, (placed[kept], refunds.person[kept]), refunds.value[kept])
            if week >= start:
                np.add.at(book[part], events.person, events.value)
        one.record()
        if week >= start:
            closed = (week - start + 1) % 2 == 0
            counted = sum(getattr(own(one), f"spend_{at}").astype(np.int64) for at in range(1, 5))
            assert np.array_equal(counted, book[max(part - 3 + closed, 0) : part + 1].sum(axis=0)), week
    assert strangers > 50
    assert old > 20


def test_what_comes_back_is_taken_off_the_part_it_was_counted_in():
    parts = [np.array([100], np.uint32) for _ in range(4)]
    for ago, rest in ((0, [60, 100, 100, 100]), (2, [60, 100, 60, 100]), (3, [60, 100, 60, 60]), (4, [60, 100, 60, 60])):
        take_off(*parts, np.zeros(1, np.int32), np.array([40]), np.array([ago], np.int32), np.uint64(0), np.uint64(1))
        assert [int(one[0]) for one in parts] == rest


def test_falls_come_at_reviews_only_and_rises_at_once():
    one = model(customers=500)
    falls, rises = set(), set()
    for week in range(1, 25):
        before = one.world.customers.tier.astype(int)
        one.step()
        change = one.world.customers.tier.astype(int) - before
        falls |= {week} if (change < 0).any() else set()
        rises |= {week} if (change > 0).any() else set()
    # The window of eight weeks is first short of something at the third review.
    assert falls == {12, 16, 20, 24}
    assert len(rises) > 20


def test_a_person_whose_spending_falls_is_demoted_when_it_leaves_the_window():
    one = model(customers=2)
    one.world.customers.tier[:] = 0
    history = []
    for week in range(1, 14):
        by_hand(one, [(0, 300.0), (1, 10.0)] if week == 1 else [])
        history.append(one.world.customers.tier.tolist())
    # Weeks 1 to 8 are the window at the review of week 8; by week 12 the order has left it.
    assert history == [[3, 1]] * 11 + [[1, 1]] * 2


def test_one_step_down_and_grace_soften_the_fall():
    def path(**rules: Any) -> list[int]:
        one = model(customers=1, **rules)
        found = []
        for week in range(1, 25):
            by_hand(one, [(0, 300.0)] if week == 1 else [])
            found.append(int(one.world.customers.tier[0]))
        return found

    assert path(downgrade="one_step") == [3] * 11 + [2] * 4 + [1] * 9
    assert path(grace_reviews=2) == [3] * 19 + [1] * 5
    assert path(downgrade="never") == [3] * 24


def test_a_threshold_is_reached_exactly():
    """Sums are whole hundredths of a cent: 119.9999 is not 120, and three times 40 is."""
    one = model(customers=2)
    by_hand(one, [(0, 40.0), (0, 40.0), (0, 40.0), (1, 119.9999)])
    assert one.world.customers.tier.tolist() == [2, 1]


def test_large_sums_neither_turn_over_nor_lose_a_tier():
    """An order of 2 billion does not fit a part of the window; a threshold of 1 billion is met to its last digit."""
    one = model(customers=3, tiers={"low": {}, "high": {"spend": 1e9}})
    by_hand(one, [(0, 2e9), (0, 2e9), (1, 1e9), (2, 1e9 - 1.0)])
    assert one.world.customers.tier.tolist() == [2, 2, 1]


def test_the_multiplier_is_that_of_the_tier_held_as_the_week_begins():
    ladder = {"ordinary": {}, "silver": {"spend": 60.0, "points_multiplier": 1.5}, "gold": {"spend": 150.0, "points_multiplier": 3.0}}
    stars = {"type": "points", "catalog": {"never": {"points": 1_000_000_000, "face_value": 1.0, "unit_cost": 1.0}},
             "enrollment": {"opening_share": 1.0, "intercept": -6.0, "value_slope": 0.0}}  # fmt: skip
    one = model(tiers=ladder, others={"stars": stars})
    expected = np.zeros(300, int)
    factors = np.array([1.0, 1.0, 1.5, 3.0])
    for _ in range(24):
        held = one.world.customers.tier.copy()
        one.step()
        for person, value in zip(one.world.events.person, one.world.events.value, strict=True):
            expected[person] += round(float(value) / 10_000 * float(factors[held[person]]))
    assert np.unique(one.world.customers.tier).tolist() == [1, 2, 3]
    assert (one.world.owned["programs.stars"].earned == expected).all()


def test_the_sting_of_demotion_adds_to_attrition_and_halves_with_its_half_life():
    one = model(customers=2, demotion={"care": 0.1, "attrition": 0.2, "half_life_weeks": 2.0})
    for week in range(1, 13):
        by_hand(one, [(0, 300.0), (1, 1.0)] if week == 1 else [])
    assert one.world.customers.care.tolist() == pytest.approx([-0.1, 0.0])
    assert own(one).sting.tolist() == pytest.approx([0.2, 0.0])
    for weeks in range(1, 7):
        by_hand(one, [])
        assert one.world.customers.care[0] == 0.0
        assert own(one).sting[0] == pytest.approx(0.2 * 2.0 ** (-weeks / 2.0), rel=1e-5)
        # What is felt in a week is its mean: between what there was and what is left.
        felt = one.world.rates.log_attrition
        assert 0.2 * 2.0 ** (-weeks / 2.0) < felt[0] < 0.2 * 2.0 ** (-(weeks - 1) / 2.0)
        assert felt[1] == 0.0


def test_nothing_stings_where_nobody_falls():
    one = model(downgrade="never").run()
    assert not own(one).sting.size
    assert (one.world.rates.log_attrition == 0.0).all()


def test_gifts_cost_what_they_say_and_come_as_often():
    gifts = {"tin": {"unit_cost": 4.0, "per_year": 2.0}, "card": {"unit_cost": 0.5, "per_year": 12.0, "care": 0.0}}
    one = model(customers=1000, weeks=53, tiers={"all": {"gifts": gifts}}).run(1)
    entered = int(own(one).member.sum())
    one.world.customers.tier[own(one).member == 0] = 0
    own(one).open[:] = 0
    before = total(one, "tier_gifts")
    one.run(52)
    given, cost = total(one, "tier_gifts") - before, total(one, "reward_cost")
    # Everyone gets each gift as often as its period goes into 364 days, up or down: 52 weeks, 730 and 122 quarters of a day.
    cards = (cost - 4.0 * given) / (0.5 - 4.0)
    assert before == 0
    assert 0.99 < (given - cards) / entered / (1456 / 730) < 1.01
    assert 0.99 < cards / entered / (1456 / 122) < 1.01


def test_gifts_are_felt_by_active_holders_of_their_tier():
    ladder = {"low": {}, "high": {"spend": 30.0, "gifts": {"tin": {"unit_cost": 4.0, "per_year": 52.0, "care": 0.05}}}}
    one = model(tiers=ladder).run(6)
    held = one.world.customers.tier.copy()
    one.arrive()
    assert (one.world.customers.care > 0).sum() > 0.95 * (held == 2).sum() > 50
    assert (one.world.customers.care[held != 2] == 0.0).all()


def test_birthdays_multiply_points_in_their_window_and_bring_one_gift():
    ladder = {"all": {"points_multiplier": 1.5, "birthday": {"multiplier": 2.0, "weeks": 3, "unit_cost": 6.0, "care": 0.1}}}
    one = model(customers=1000, weeks=53, tiers=ladder).run(1)
    member = own(one).member == 1
    own(one).open[:] = 0
    weeks, gifts = np.zeros(1000), np.zeros(1000)
    for _ in range(52):
        one.step()
        factor = one.world.customers.points_factor
        assert set(np.unique(factor[member]).tolist()) <= {1.5, 3.0} and (factor[~member] == 1.0).all()
        weeks += factor == 3.0
        gifts += one.world.customers.care > 0
    # 52 weeks are 364 of 365.25 days: a few have no birthday in them.
    assert set(weeks[member].tolist()) <= {2.0, 3.0, 4.0} and 2.95 < weeks[member].mean() < 3.05
    assert set(gifts[member].tolist()) <= {0.0, 1.0} and gifts[member].mean() > 0.98
    assert total(one, "reward_cost") == 6.0 * total(one, "tier_gifts") == 6.0 * gifts.sum()


def test_two_programs_and_a_birthday_know_the_same_birthday():
    """The program of points and the tiers multiply in the same week."""
    ladder = {"all": {"birthday": {"multiplier": 2.0}}}
    stars = {"type": "points", "catalog": {"never": {"points": 1_000_000_000, "face_value": 1.0, "unit_cost": 1.0}},
             "birthday": {"multiplier": 3.0}, "enrollment": {"opening_share": 1.0, "intercept": -6.0, "value_slope": 0.0}}  # fmt: skip
    one = model(tiers=ladder, others={"stars": stars}).run(1)
    found = 0
    for _ in range(20):
        held, before = one.world.customers.tier.copy(), one.world.owned["programs.stars"].earned.copy()
        one.step()
        events, festive = one.world.events, one.world.customers.points_factor == 2.0
        expected = np.zeros(300, int)
        for person, value in zip(events.person, events.value, strict=True):
            expected[person] += round(float(value) / 10_000 * (6.0 if festive[person] else 1.0))
        gained = one.world.owned["programs.stars"].earned - before
        assert (gained == expected)[held == 1].all()
        found += festive.sum()
    assert found > 50


def test_priority_and_points_per_interaction_follow_the_tier():
    ladder = {
        "ordinary": {"interaction_points": 1.0},
        "silver": {"spend": 60.0, "interaction_points": 2.0, "priority": 1},
        "gold": {"spend": 150.0, "interaction_points": 5.0, "priority": 3},
    }
    stars = {"type": "points", "per_money": 0.0, "catalog": {"never": {"points": 1_000_000_000, "face_value": 1.0, "unit_cost": 1.0}},
             "per_interaction": 7.0, "enrollment": {"opening_share": 1.0, "intercept": -6.0, "value_slope": 0.0}}  # fmt: skip
    one = talking(tiers=ladder, others={"stars": stars})
    expected = np.zeros(300, int)
    for week in range(1, 25):
        held = one.world.customers.tier.copy()
        one.step()
        # Without a tier the program's own number holds.
        expected += likes(300, week) * np.array([7, 1, 2, 5])[held]
        assert (one.world.customers.priority == np.array([0, 0, 1, 3])[one.world.customers.tier]).all()
    assert (one.world.owned["programs.stars"].earned == expected).all()
    assert total(one, "points_issued") == expected.sum()


def test_a_displayed_tier_gives_status_by_the_share_of_members_below():
    ladder = {"ordinary": {"display": True}, "silver": {"spend": 60.0}, "gold": {"spend": 120.0, "display": True}}
    one = model(tiers=ladder, status={"care": 0.01, "visibility": 1.5}).run(6)
    held, active = one.world.customers.tier.copy(), one.world.customers.status == ACTIVE
    below = ((held > 0) & (held < 3) & active).sum() / ((held > 0) & active).sum()
    one.arrive()
    care = one.world.customers.care
    assert care[(held == 3) & active] == pytest.approx(0.01 * below)
    # The lowest has nobody below it, and what does not show gives no status.
    assert (care[held != 3] == 0.0).all()
    assert one.world.customers.talkativeness.tolist() == pytest.approx(np.array([1.0, 1.5, 1.0, 1.5])[held].tolist())


def test_entry_is_open_to_the_audience_and_to_those_who_take_part():
    """Exact binomial bounds; who takes part is the same in every arm."""
    one = model(customers=4000, joins=0.3, audience={"segment": ["town"]}, weeks=12).run()
    member, town = own(one).member == 1, one.world.customers.segment == 0
    assert not member[~town].any()
    ordered = one.world.customers.n_orders > 0
    low, high = stats.binom.interval(1 - ALARM, int((ordered & town).sum()), 0.3)
    assert low <= member.sum() <= high
    assert (one.world.customers.tier[~member] == 0).all()
    wider = model(customers=4000, joins=0.5, weeks=12).run()
    assert (own(wider).member[member] == 1).all()


def test_nobody_enters_before_the_launch_or_without_an_order():
    one = model(start_week=4, setup_cost=100.0, weekly_cost=5.0).run(3)
    assert total(one, "tier_entries") == 0 == one.world.customers.tier.sum()
    one.step()
    assert set(np.flatnonzero(one.world.customers.tier)) == set(one.world.events.person)
    assert one.weekly().program_fixed_cost[:, -1].tolist() == [0.0, 0.0, 0.0, 105.0]


def test_neutral_tiers_change_nothing_of_what_customers_do():
    quiet: dict[str, Any] = {"demotion": {"care": 0.0, "attrition": 0.0}, "status": {"care": 0.0}, "tiers": {
        "low": {}, "high": {"spend": 60.0, "display": True, "gifts": {"card": {"unit_cost": 0.0, "care": 0.0}}}}}  # fmt: skip
    others = {"stars": {"type": "points", "catalog": {"gift": {"points": 40, "face_value": 4.0, "unit_cost": 2.0}}}}
    behaviors = {**OFTEN, "satisfaction": {}, "loyalty": {}}
    one = model(behaviors=behaviors, others=others, **quiet).run()
    plain = tree(behaviors=behaviors, others=others)
    del plain["programs"]["club"]
    other = LoyaltyModel(from_tree(plain), collect=False).run()
    assert total(one, "tier_upgrades") > 100
    assert {name: digest for name, digest in other.digests().items() if one.digests()[name] != digest} == {}


def test_arrays_that_nothing_fills_are_not_there():
    one = model().run(2)
    there = {name for name, _ in one.world.arrays()}
    assert "customers.tier" in there and "customers.care" in there
    assert not there & {f"customers.{name}" for name in ("points_factor", "interaction_points", "priority", "talkativeness")}
    held = sum(array.itemsize for _, array in own(one).arrays())
    assert held + one.world.customers.tier.itemsize <= 24


def test_demotion_drives_people_out_and_takes_their_attachment():
    """Wiring in direction, emergent in size, from term and care: with a sting more of the demoted leave."""
    behaviors = {**OFTEN, "attrition": {"type": "beta_geometric", "a": 2.0, "b": 40.0}, "satisfaction": {}, "loyalty": {}}
    exits = []
    for sting in ({"care": 0.0, "attrition": 0.0}, {"care": 0.5, "attrition": 1.0}):
        one = model(customers=4000, weeks=40, behaviors=behaviors, demotion=sting, tiers={"low": {}, "high": {"orders": 10}}).run()
        exits.append(total(one, "exits"))
    assert exits[1] > 1.02 * exits[0]


@pytest.mark.parametrize("step_days", [7, 1])
def test_threads_do_not_matter(step_days):
    ladder = {
        "low": {}, "high": {"spend": 40.0, "points_multiplier": 2.0, "priority": 1, "display": True, "birthday": {"multiplier": 2.0},
                            "gifts": {"tin": {"unit_cost": 1.0, "per_year": 12.0}}}
    }  # fmt: skip
    quick = {"window_weeks": 4, "review_weeks": 2}
    options: dict[str, Any] = {"customers": 25_000, "weeks": 9, "step_days": step_days, "tiers": ladder, **quick}
    one, two = (model(threads, **options).run(9 if step_days == 7 else 3) for threads in (1, 2))
    assert small_market.differing(one, two) == []
    assert total(one, "tier_upgrades") > 1000


def test_daily_and_weekly_steps_hold_the_same_reviews():
    found = [model(customers=3000, weeks=24, step_days=days).run() for days in (7, 1)]
    weeks = [np.flatnonzero(one.weekly().tier_downgrades[:, -1]).tolist() for one in found]
    assert weeks[0] == weeks[1] == [11, 15, 19, 23]
    ups = [total(one, "tier_upgrades") for one in found]
    assert ups[1] == pytest.approx(ups[0], rel=0.03)


def test_kpis_tell_who_stands_where():
    from regulars.sim import catalog

    kpis = {one.type: one() for one in catalog.kpis()}
    one = model().run()
    weekly, tier = one.weekly(), one.world.customers.tier[one.world.customers.status == ACTIVE]

    def last(name: str) -> float | None:
        found = weekly.value(kpis[name])
        return None if found is None else float(found[-1, -1])

    assert last("tier_members") == (tier > 0).sum()
    assert [last(f"members_in_tier_{rank}") for rank in (1, 2, 3)] == [(tier == rank).sum() for rank in (1, 2, 3)]
    assert last("members_in_tier_4") is None
    assert last("upper_tier_share") == pytest.approx((tier > 1).sum() / (tier > 0).sum())
    assert last("tier_downgrades") == weekly.tier_downgrades[-1, -1]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (
            {"tiers": {"gold": {"spend": 300.0}, "silver": {"spend": 100.0}}},
            "programs.club.tiers.silver: must ask more than 'gold' before it, the lowest first: spend 100 is below 300.",
        ),
        ({"tiers": {"a": {"orders": 3}, "b": {"orders": 3}}}, "club.tiers.b: must ask more than 'a' before it, the lowest first: both ask"),
        ({"tiers": {"a": {"orders": 3}, "b": {"spend": 9.0}}}, "tiers.b: must ask more than 'a' before it, the lowest first: orders 0"),
        ({"tiers": {}}, "club.tiers: needs 1 to 8 tiers, not 0."),
        ({"tiers": {f"t{n}": {"orders": n} for n in range(9)}}, "club.tiers: needs 1 to 8 tiers, not 9."),
        ({"tiers": {"Gold": {}}}, "programs.club.tiers.Gold: a name is a-z, 0-9 and _"),
        ({"window_weeks": 10}, "club.window_weeks: 10 is no multiple of the 4 parts that are kept. Nearest right value: 8."),
        ({"review_weeks": 16}, "club.review_weeks: 16 is longer than window_weeks (8): what was bought in between would never count."),
        ({"window_weeks": 52}, "club.review_weeks: 4 is no whole number of quarters of window_weeks: 13, 26, 39 or 52 are."),
        ({"audience": {"segment": ["moon"]}}, "no segment 'moon' in market.segments"),
        ({"upgrade": "now"}, "must be at_once or at_review"),
        ({"tiers": {"a": {"spent": 3}}}, "tiers.a.spent: no such name here. Did you mean 'spend'?"),
    ],
    ids=str,
)
def test_contradictions_are_told_in_one_line(program, says):
    with pytest.raises(ScenarioError) as refused:
        from_tree(tree(**program))
    (line,) = str(refused.value).splitlines()
    assert says in line


def test_a_second_program_of_tiers_is_refused():
    with pytest.raises(ScenarioError, match="a person holds one tier, so a scenario has one program of type tiers") as refused:
        from_tree(tree(others={"other": {"type": "tiers", "tiers": {"low": {}}}}))
    assert "club, other" in str(refused.value)
