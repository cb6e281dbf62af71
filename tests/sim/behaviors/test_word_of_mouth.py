"""Word of mouth: who tells, who hears a week later, and whom it wins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import Scenario, from_tree
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import ACTIVE, PROSPECT
from regulars.sim.world.network import WEAK_BIT, Network, assemble

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

OFTEN = {
    "purchase": {"r": 40.0, "alpha": 20.0},
    "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
}
"""Everyone orders twice a week on average and nobody leaves."""
ADDRESS = "behaviors.word_of_mouth"


def scenario(
    *, customers: int = 2000, prospects: int = 0, weeks: int = 20, ties: str = "small_world", step_days: int = 7, **wom: Any
) -> Scenario:
    market = {"customers": customers, "prospects": prospects, "start": "cohort", "network": {"type": ties}}
    behaviors = {**OFTEN, "satisfaction": {}, "word_of_mouth": wom}
    return from_tree({"name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market, "behaviors": behaviors})


def model(**options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario(**options), collect=False)


def told(one: LoyaltyModel) -> tuple[np.ndarray, np.ndarray]:
    """Senders and signs of the step just done."""
    return one.world.notes[ADDRESS].steps[-1]


def test_extreme_experiences_are_told_more_whatever_their_sign():
    """Wiring. P(tell) = base + surprise |d| / 100, a U-shape in d; people with one order in the week, exact binomial bounds."""
    one = model(customers=30_000, weeks=3, base=0.05, surprise=0.6)
    d, spoke = [], []
    for _ in range(3):
        one.step()
        events, senders = one.world.events, told(one)[0]
        who, first, counts = np.unique(events.person, return_index=True, return_counts=True)
        once = counts == 1
        d.append(events.disconfirmation[first[once]])
        spoke.append(np.isin(who[once], senders))
    surprise, spoken = np.concatenate(d).astype(float), np.concatenate(spoke)
    for low, high in ((-60, -25), (-25, -10), (-3, 3), (10, 25), (25, 60)):
        inside = (surprise >= low) & (surprise < high)
        expected = 0.05 + 0.6 * np.abs(surprise[inside]).mean() / 100
        bounds = stats.binom.interval(1 - ALARM, inside.sum(), expected)
        assert inside.sum() > 800
        assert bounds[0] <= spoken[inside].sum() <= bounds[1]


def test_a_message_has_the_sign_of_the_experience():
    one = model(customers=5000, weeks=1)
    one.step()
    events, (senders, signs) = one.world.events, told(one)
    assert len(senders) > 200
    for person, sign in zip(senders.tolist(), signs.tolist(), strict=True):
        mine = events.disconfirmation[events.person == person]
        assert ((mine >= 0) == (sign > 0)).any()
    once = np.isin(senders, np.flatnonzero(np.bincount(events.person, minlength=5000) == 1))
    at = {person: value for person, value in zip(events.person.tolist(), events.disconfirmation.tolist(), strict=True)}
    assert all((at[p] >= 0) == (s > 0) for p, s in zip(senders[once].tolist(), signs[once].tolist(), strict=True))


@pytest.mark.parametrize("cap", [1, 2])
def test_nobody_tells_more_often_than_the_cap(cap):
    one = model(cap=cap, base=0.1, surprise=0.6)
    most = 0
    for _ in range(10):
        one.step()
        most = max(most, np.bincount(told(one)[0]).max())
    assert most == cap


@pytest.mark.parametrize("step_days", [7, 1])
def test_messages_arrive_one_week_later_through_every_tie(step_days):
    one = model(weeks=4, step_days=step_days)
    degrees = one.world.network.degrees
    for _ in range(4):
        due = [len(senders) and degrees[senders].sum() for senders, _ in getattr(one.world.notes.get(ADDRESS), "steps", [])]
        one.step()
        assert one.weekly().messages_sent[-1, -1] == sum(due)


def test_a_tie_passes_messages_with_the_reach_of_its_strength():
    one = model(weeks=3, reach_strong=0.7, reach_weak=0.2)
    one.step()
    senders, _ = told(one)
    weak = one.world.network.weak
    through = [np.isin(one.world.network.senders[kind], senders).sum() for kind in (~weak, weak)]
    one.arrive()
    customers = one.world.customers
    heard = customers.heard_strong.sum(dtype=int) + customers.heard_weak.sum(dtype=int) + customers.heard_negative.sum(dtype=int)
    sent = one.world.totals.now("messages_sent")
    # Sum of two binomials: normal bounds with its variance, alarm 6e-5.
    mean, variance = through[0] * 0.7 + through[1] * 0.2, through[0] * 0.21 + through[1] * 0.16
    assert heard == sent
    assert abs(sent - mean) < 4 * np.sqrt(variance)


def tiny(**wom: Any) -> LoyaltyModel:
    """Five customers and one prospect in a list of ties: 0 and 1 strong, 2 to 4 weak, all heard by 5."""
    behaviors = {**OFTEN, "satisfaction": {}, "word_of_mouth": {"saturation": 1e6, **wom}}
    market = {"customers": 5, "prospects": 1, "start": "cohort", "network": {"type": "none"}}
    scenario = from_tree({"name": "tiny", "horizon_weeks": 9, "market": market, "behaviors": behaviors})
    one = LoyaltyModel(scenario, collect=False)
    prospect = int(np.flatnonzero(one.world.customers.status == PROSPECT)[0])
    senders = np.flatnonzero(one.world.customers.status == ACTIVE)
    strong = np.array([True, True, False, False, False])
    network = ties_to(senders, prospect, strong, one.world.people)
    return LoyaltyModel(scenario, collect=False, network=network)


def ties_to(senders: np.ndarray, receiver: int, strong: np.ndarray, people: int) -> Network:
    pairs = np.empty(2 * len(senders), np.uint32)
    pairs[::2], pairs[1::2] = senders, receiver
    pairs[1::2][~strong] |= WEAK_BIT
    return assemble(pairs, people, mutual=False)


def say(one: LoyaltyModel, speaks: list[int], ill: list[int]) -> float:
    """Let the customers at these places speak and return the prospect's probability of being won in the next step."""
    world = one.world
    people = np.flatnonzero(world.customers.status == ACTIVE)
    one.step()
    senders = np.array([*people[speaks], *people[ill]], np.int32)
    signs = np.array([1] * len(speaks) + [-1] * len(ill), np.int8)
    world.notes[ADDRESS].steps[-1] = (senders, signs)
    one.arrive()
    one.weigh()
    prospect = np.flatnonzero(world.customers.status == PROSPECT)[0]
    return float(-np.expm1(-world.rates.cause("word_of_mouth")[prospect].astype(float)))


# Goldenberg, Libai & Muller 2001: P = 1 - (1 - bs)^j (1 - bw)^m for j strong and m weak positive messages.
@pytest.mark.parametrize(
    ("speaks", "ill", "strong", "weak"),
    [([0], [], 1, 0), ([2], [], 0, 1), ([0, 1, 2, 3, 4], [], 2, 3), ([], [1, 3], 0, 0), ([0], [2], 0, 0), ([0, 1], [2], 1, 0)],
)
def test_a_prospect_is_won_with_the_probability_of_the_formula(speaks, ill, strong, weak):
    """Wiring: 1 - (1 - weak)^m (1 - strong)^j of Goldenberg, Libai & Muller 2001."""
    found = say(tiny(strong=0.07, weak=0.015), speaks, ill)
    assert found == pytest.approx(1 - (1 - 0.07) ** strong * (1 - 0.015) ** weak, abs=1e-6)


def test_a_negative_message_cancels_as_many_as_its_weight():
    # 5 good ones (2 strong, 3 weak) and one ill one of weight 2.5: half of the good ones are left.
    one = tiny(strong=0.07, weak=0.015, negative_weight=2.5)
    one.step()
    customers = one.world.customers
    one.arrive()
    customers.heard_strong[:], customers.heard_weak[:], customers.heard_negative[:] = 2, 3, 1
    one.weigh()
    hazard = one.world.rates.cause("word_of_mouth")[customers.status == PROSPECT][0]
    assert hazard == pytest.approx(-0.5 * (2 * np.log(0.93) + 3 * np.log(0.985)), rel=1e-5)


@pytest.mark.parametrize("heard", [1, 10, 200])
def test_many_messages_count_less_and_less(heard):
    one = tiny(strong=0.04, saturation=10.0)
    one.arrive()
    one.world.customers.heard_strong[:] = heard
    one.weigh()
    hazard = one.world.rates.cause("word_of_mouth")[one.world.customers.status == PROSPECT][0]
    assert hazard == pytest.approx(-np.log(0.96) * 10 * (1 - np.exp(-heard / 10)), rel=1e-5)


def test_as_many_prospects_are_won_as_their_probability_says():
    """20,000 prospects hear 2 strong and 3 weak messages in one week; exact binomial bounds."""
    one = model(customers=10, prospects=20_000, strong=0.07, weak=0.015, saturation=1e6, ties="none")
    one.arrive()
    one.world.customers.heard_strong[:], one.world.customers.heard_weak[:] = 2, 3
    for phase in (one.weigh, one.live, one.settle, one.respond, one.record):
        phase()
    low, high = stats.binom.interval(1 - ALARM, 20_000, 1 - 0.93**2 * 0.985**3)
    won = one.weekly().acquired_by_word_of_mouth[0, -1]
    assert low <= won <= high
    assert won == one.weekly().new_customers[0, -1]


def test_customers_and_who_hears_nothing_are_not_won():
    one = model(customers=100, prospects=400, ties="none").run()
    assert one.weekly().new_customers.sum() == 0
    assert one.weekly().messages_sent.sum() == 0


def test_what_is_said_of_a_better_firm_wins_more():
    plain = scenario(customers=2000, prospects=16_000)
    worse, better = (
        LoyaltyModel(plain.with_values({"behaviors.satisfaction.quality_shift": shift}), collect=False).run() for shift in (-10.0, 10.0)
    )
    more, fewer = better.weekly().new_customers[:, -1].sum(), worse.weekly().new_customers[:, -1].sum()
    # Four standard deviations of a difference of two counts.
    assert more - fewer > 4 * np.sqrt(more + fewer)
