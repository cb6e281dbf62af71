"""Goal gradient: speed-up towards a reward, commitment by a gift, attainability, pause and glow; and what was published of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.scenarios import from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

PULL = {"attainability": "full", "endowment": 0.0, "reset": 0.0, "strengthening": 0.0, "reward_effect": 0.0}
"""Progress alone, the same for all."""
NOTHING = {**PULL, "speed_up": 0.0}


def model(
    gradient: dict[str, Any] | None,
    card: dict[str, Any] | None = None,
    *,
    customers: int = 2000,
    weeks: int = 20,
    r: float = 100.0,
    every_weeks: float = 1.0,
    timing_shape: float = 1.0,
    program: dict[str, Any] | None = None,
) -> LoyaltyModel:
    """Buyers who stay, all of them with a card or a points account from the launch on."""
    offered = {"type": "stamp_card", "face_value": 10.0, "unit_cost": 2.0, "opening_share": 1.0, **card} if card else program
    tree = {
        "name": "m", "horizon_weeks": weeks, "market": {"customers": customers, "start": "cohort"},
        "behaviors": {
            "purchase": {"r": r, "alpha": r * every_weeks, "timing_shape": timing_shape},
            "attrition": {"type": "beta_geometric", "a": 0.001, "b": 1000.0},
            "spend": {"type": "lognormal", "mean_log": 3.0, "between_sd": 0.5, "within_sd": 0.5},
            "goal_gradient": "off" if gradient is None else gradient,
        },
        **({"programs": {"offered": offered}} if offered else {}),
    }  # fmt: skip
    return LoyaltyModel(from_tree(tree), collect=False)


def shown(one: LoyaltyModel, **goal: float) -> np.ndarray:
    """Everyone's term on the purchase rate in a week in which everyone is shown this goal."""
    one.arrive()
    for name, value in {"goal_orders": 10.0, **goal}.items():
        getattr(one.world.customers, name)[:] = value
    one.world.rates.clear()
    one.weigh()
    return one.world.rates.log_purchase.copy()


CARD = {"stamps": 10, "start_week": 2}
"""A card that begins after the first week, so that a test may show goals of its own until then."""


def test_the_rate_is_one_plus_kappa_times_progress():
    one = model(PULL, CARD)
    for progress in (0.0, 0.1, 0.5, 1.0):
        assert shown(one, progress=progress) == pytest.approx(np.log1p(0.3226 * progress), abs=1e-6)


def test_the_last_gap_is_20_percent_shorter_than_the_first():
    """L1, wiring: gaps of a ten-stamp card lie between its stamps 1 to 10; speed_up .3226 returns the 20 % it was read from.

    Kivetz, Urminsky & Zheng (2006); tolerance 1e-5, the rounding of .3226.
    """
    one = model(PULL, CARD)
    first, last = (np.exp(-shown(one, progress=progress)[0].astype(float)) for progress in (0.1, 0.9))
    assert last / first == pytest.approx(0.8, abs=1e-5)


def test_a_gift_adds_its_share_while_the_first_goal_is_open():
    one = model({**PULL, "endowment": 1.1}, CARD)
    assert shown(one, progress=0.5, goal_gift=0.2) == pytest.approx(np.log1p(0.1613) + 0.22, abs=1e-6)
    assert shown(one, progress=0.5, goal_gift=0.2, goals_reached=1) == pytest.approx(np.log1p(0.1613), abs=1e-6)


def test_every_goal_reached_strengthens_the_pull_up_to_its_cap():
    one = model({**PULL, "strengthening": 0.1, "strengthening_cap": 1.3}, CARD)
    for reached, factor in ((0, 1.0), (1, 1.1), (2, 1.21), (3, 1.3), (4, 1.3), (1000, 1.3)):
        assert shown(one, progress=1.0, goals_reached=reached) == pytest.approx(np.log1p(0.3226 * factor), abs=1e-6)


@pytest.mark.parametrize(("weeks", "patience", "in_time"), [(13.0, 26.0, 13.0), (0.0, 26.0, 26.0)])
def test_attainability_is_4_pi_times_1_less_pi_at_the_own_base_rate(weeks, patience, in_time):
    """pi = P(Poisson(rate x weeks) >= orders) from scipy; the Wilson-Hilferty form is within .004, so u within .016."""
    one = model({**PULL, "attainability": "personal", "patience": patience}, CARD, r=1.0)
    term = shown(one, progress=1.0, goal_orders=8.0, goal_weeks=weeks)
    reaches = stats.poisson.sf(7, one.world.customers.purchase_rate.astype(float) * in_time)
    assert np.expm1(term) / 0.3226 == pytest.approx(4 * reaches * (1 - reaches), abs=0.016)
    assert (reaches < 0.05).sum() > 100 and (reaches > 0.95).sum() > 100


def test_attainability_knows_steady_buyers():
    """With Erlang-4 gaps the eighth order comes when 32 quarters have passed."""
    one = model({**PULL, "attainability": "personal"}, CARD, r=1.0, timing_shape=4.0)
    term = shown(one, progress=1.0, goal_orders=8.0, goal_weeks=13.0)
    reaches = stats.gamma.cdf(4 * 13.0 * one.world.customers.purchase_rate.astype(float), 32)
    assert np.expm1(term) / 0.3226 == pytest.approx(4 * reaches * (1 - reaches), abs=0.016)


def test_attainability_is_set_when_the_goal_opens_and_stays():
    one = model({**PULL, "attainability": "personal"}, CARD, r=1.0)
    before = shown(one, progress=0.5, goal_orders=8.0, goal_weeks=13.0)
    one.world.customers.purchase_rate *= 3
    assert np.array_equal(shown(one, progress=0.5, goal_orders=8.0, goal_weeks=13.0), before)
    assert not np.array_equal(shown(one, progress=0.5, goal_orders=9.0, goal_weeks=13.0), before)


def test_a_reward_brings_a_pause_that_halves_and_a_glow_that_fades():
    one = model({**NOTHING, "reset": 0.2, "reset_half_life": 2.0, "reward_effect": 0.05, "reward_memory": 4.0}, CARD)
    shown(one, progress=0.9)
    one.arrive()
    one.world.customers.rewarded[:] = 0.5
    for week in range(8):
        one.world.rates.clear()
        one.weigh()
        # Means over the week: of 2^(-t / 2) and of exp(-t / 4).
        pause = 2.0 ** (-week / 2) * (1 - 2**-0.5) / (np.log(2) / 2)
        glow = np.exp(-week / 4) * (1 - np.exp(-0.25)) * 4
        assert one.world.rates.log_purchase == pytest.approx(np.log1p(-0.2 * pause) + 0.05 * 0.5 * glow, abs=1e-6)
        one.world.customers.refresh(opens_week=True)


def test_who_had_no_goal_to_reach_does_not_pause():
    one = model({**NOTHING, "reset": 0.4})
    one.arrive()
    one.world.customers.rewarded[:] = 1.0
    one.weigh()
    assert (one.world.rates.log_purchase == 0.0).all()


def test_without_effects_no_byte_changes():
    with_, without = (model(gradient, {"stamps": 4}, r=1.0, weeks=30).run().digests() for gradient in (NOTHING, None))
    assert {name: with_[name] for name in without} == without
    assert {name.split(".")[0] for name in with_.keys() - without.keys()} <= {"customers", "behaviors"}


def test_without_a_program_nobody_is_moved():
    plain, other = model(None, r=1.0).run(), model({}, r=1.0).run()
    assert np.array_equal(plain.world.customers.n_orders, other.world.customers.n_orders)


def test_out_of_range_is_one_clear_line():
    with pytest.raises(ValueError, match=r"speed_up = 0\.9: must be 0 to 0\.6"):
        model({"speed_up": 0.9})


# Published results.

SLOW: dict[str, Any] = {"every_weeks": 10.0, "timing_shape": 20.0, "weeks": 200, "customers": 1000}
"""Ten weeks between orders, so that a week's delay of what is shown matters little; steady, so that few cards measure well."""


@cache
def order_times(stamps: int, given: int, endowment: float | None) -> np.ndarray:
    """Time of each of ten orders on a card by person; without the behavior if `endowment` is None."""
    gradient = None if endowment is None else {**PULL, "endowment": endowment}
    one = model(gradient, {"stamps": stamps, "given": given, "recurring": False}, **SLOW)
    times = np.full((one.world.people, 10), np.nan)
    for _ in range(SLOW["weeks"]):
        one.step()
        events = one.world.events
        early = events.number <= 10
        times[events.person[early], events.number[early] - 1] = events.time[early]
    assert not np.isnan(times).any()
    return times


def test_simulated_gaps_shorten_by_20_percent():
    """L1, wiring: mean last gap over mean first gap, each against the same orders without the behavior; tolerance 1 %."""
    ratio = np.diff(order_times(10, 0, 0.0)).mean(0) / np.diff(order_times(10, 0, None)).mean(0)
    assert ratio[-1] / ratio[0] == pytest.approx(0.8, abs=0.01)


def test_one_parameter_fails_the_published_completion_time():
    """L1, emergent: speed_up alone fills 12 stamps with 2 given in 2.7 % less time than 10, not in the 19 % published.

    Sum of 1 / (1 + .3226 x) over ten orders: x = 0, .1, ... .9 against 2/12, ... 11/12. Published: 12.7 against 15.6 days.
    """
    k = 0.3226
    exact = sum(1 / (1 + k * j / 12) for j in range(2, 12)) / sum(1 / (1 + k * j / 10) for j in range(10))
    assert exact - 1 == pytest.approx(-0.027, abs=5e-4)
    simulated = order_times(12, 2, 0.0)[:, -1].mean() / order_times(10, 0, 0.0)[:, -1].mean()
    assert simulated - 1 == pytest.approx(-0.027, abs=0.003)
    assert abs(simulated - 12.7 / 15.6) > 0.1


def test_with_the_gift_a_card_is_filled_in_19_percent_less_time():
    """L1, wiring: the default endowment returns the 12.7 / 15.6 days it was calibrated to; tolerance 1 point."""
    simulated = order_times(12, 2, 1.1)[:, -1].mean() / order_times(10, 0, 1.1)[:, -1].mean()
    assert simulated == pytest.approx(12.7 / 15.6, abs=0.01)


WASHES: dict[str, Any] = {"r": 5.0, "every_weeks": 5.93, "weeks": 26, "customers": 10_000}
"""Car washes every six weeks, spread calibrated to the two completion rates below; 26 weeks' window. Not published."""


def completed(stamps: int, given: int, endowment: float) -> float:
    card = {"stamps": stamps, "given": given, "recurring": False, "weeks": 26}
    one = model({**PULL, "endowment": endowment}, card, **WASHES).run()
    return float(one.world.owned["programs.offered"].cards_filled.mean())


def test_cards_with_a_head_start_are_completed_by_34_against_19_percent():
    """L2, wiring: Nunes & Dreze (2006), 300 cards; tolerance two binomial standard errors at 150 cards an arm.

    Base rates are calibrated to the 19 % and their spread to the 34 %; the endowment is the one that L1 gave.
    """
    assert completed(8, 0, 1.1) == pytest.approx(0.19, abs=0.064)
    assert completed(10, 2, 1.1) == pytest.approx(0.34, abs=0.077)
    # Over 10,000 cards the means themselves are hit: four standard errors are 1.6 and 1.9 points.
    assert completed(8, 0, 1.1) == pytest.approx(0.19, abs=0.016)
    assert completed(10, 2, 1.1) == pytest.approx(0.34, abs=0.019)


def test_the_head_start_is_no_matter_of_progress_alone():
    """L2, emergent: without endowment the same card is completed by about 2 points more only, not 15."""
    assert 0.0 < completed(10, 2, 0.0) - completed(8, 0, 0.0) < 0.04


def by_tercile(attainability: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Change in orders, part of all rewards, and part of all incremental sales, of light, moderate and heavy buyers."""
    points = {
        "type": "points", "expiry_weeks": 26, "enrollment": {"opening_share": 1.0, "intercept": -6.0, "value_slope": 0.0},
        "catalog": {"voucher": {"points": 300, "face_value": 5.0, "unit_cost": 3.0}},
    }  # fmt: skip
    around: dict[str, Any] = {"r": 1.025, "customers": 5000, "weeks": 104}
    base = model({"attainability": attainability}, **around).run().world
    arm = model({"attainability": attainability}, program=points, **around).run().world
    rate, rewards = base.customers.purchase_rate, arm.owned["programs.offered"].redemptions.astype(float)
    tercile = np.digitize(rate, np.quantile(rate, [1 / 3, 2 / 3]))
    more = arm.customers.spent - base.customers.spent
    orders = [np.bincount(tercile, one.customers.n_orders) for one in (base, arm)]
    return orders[1] / orders[0] - 1, np.bincount(tercile, rewards) / rewards.sum(), np.bincount(tercile, more) / more.sum()


def test_light_and_moderate_buyers_change_and_heavy_buyers_take_the_rewards():
    """L3, emergent: Liu (2007), two years; change of heavy buyers within 2 %, of the others positive.

    Weekly buyers on average, a reward for a dozen orders within half a year, all other settings by default. Where only heavy
    buyers may come near a reward, it is they who change. Measured +4.3, +5.1 and +1.2 %; three quarters of the rewards
    to heavy buyers, a third of the incremental sales from them.
    """
    change, rewards, sales = by_tercile("personal")
    assert abs(change[2]) < 0.02
    assert (change[:2] > 0.03).all()
    assert rewards[2] > 0.5 > sales[2] + 0.1


def test_without_attainability_heavy_buyers_change_as_much_as_others():
    """L3: why one pull for all is the wrong reading of Liu (2007)."""
    change, rewards, sales = by_tercile("full")
    assert change[2] > 0.10 and change[2] > change[:2].max()
    assert sales[2] > rewards[2] - 0.1


PERIODS = {"before": slice(0, 8), "during": slice(8, 16), "after": slice(16, 24)}


@cache
def promotion_index(**parts: float) -> dict[str, np.ndarray]:
    """Relative change of orders by period under a card of eight stamps in eight weeks, one value a replication of 5,000."""
    found: dict[str, list[float]] = {name: [] for name in PERIODS}
    card = {"stamps": 8, "start_week": 9, "weeks": 8, "recurring": False}
    gradient = {**NOTHING, "attainability": "personal", **parts}
    for replication in range(4):
        scenarios = [model(gradient, one, r=4.0, weeks=24, customers=5000).setting for one in (None, card)]
        base, arm = (
            LoyaltyModel(each, replication=replication, collect=False).run().weekly().orders[:, -1] for each in scenarios
        )
        for name, weeks in PERIODS.items():
            found[name].append(arm[weeks].sum() / base[weeks].sum() - 1)
    return {name: np.array(values) for name, values in found.items()}


def surely_above_zero(values: np.ndarray) -> bool:
    return values.mean() > stats.t.isf(ALARM, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))


def test_pressure_comes_before_the_reward_and_rewarded_behavior_after_it():
    """L4, emergent in timing: Taylor & Neslin (2005), an eight-week program; each part alone, significant at .001.

    Measured +4.8 % during and nothing after by speed_up alone, +.7 and +.9 % by reward_effect alone; published sizes, about
    +6 and +2 %, are from memory and no target.
    """
    pressure, rewarded = promotion_index(speed_up=0.3226), promotion_index(reward_effect=0.05)
    assert surely_above_zero(pressure["during"]) and abs(pressure["after"].mean()) < 0.005
    assert surely_above_zero(rewarded["after"]) and pressure["during"].mean() > 3 * rewarded["during"].mean()
    for one in (pressure, rewarded):
        assert (one["before"] == 0.0).all()


def test_pressure_and_rewarded_behavior_add_up():
    """L4: separable by switching parts off; together they are their sum within half a point in every period."""
    parts = promotion_index(speed_up=0.3226), promotion_index(reward_effect=0.05)
    both = promotion_index(speed_up=0.3226, reward_effect=0.05)
    for name in PERIODS:
        assert both[name].mean() == pytest.approx(sum(one[name].mean() for one in parts), abs=0.005)
    none = promotion_index()
    assert all((one == 0.0).all() for one in none.values())


def gaps_of_two_cards(**goal_gradient: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean gaps on a first and a second card of ten stamps, in own mean gaps of four weeks."""
    one = model({"attainability": "full", **goal_gradient}, {"stamps": 10}, customers=1000, every_weeks=4.0, timing_shape=20.0, weeks=120)
    times = np.full((1000, 21), np.nan)
    times[:, 0] = 0.0
    for _ in range(120):
        one.step()
        events = one.world.events
        early = events.number <= 20
        times[events.person[early], events.number[early]] = events.time[early]
    assert not np.isnan(times).any()
    gap = (np.diff(times) * one.world.customers.purchase_rate[:, None]).mean(0)
    return gap[:10], gap[10:]


def test_after_a_reward_the_gap_lengthens_but_not_back_to_its_old_level():
    """L5, emergent: Dreze & Nunes (2011); mean gap of the second card between last and first gap of the first card.

    It follows from progress that begins anew, with the pause and the strengthening by default and also without them.
    """
    for parts in ({}, {"reset": 0.0, "strengthening": 0.0}):
        first, second = gaps_of_two_cards(**parts)
        assert second[0] > first[-1] + 0.1
        assert first[-1] + 0.05 < second.mean() < first[0] - 0.05


def test_the_pause_lengthens_the_first_gap_and_strengthening_shortens_the_last():
    """L5, wiring: each part against the same cards without it; the first card ends before either begins."""
    plain, again = gaps_of_two_cards(reset=0.0, strengthening=0.0)
    paused = gaps_of_two_cards(strengthening=0.0)
    stronger = gaps_of_two_cards(reset=0.0)
    assert paused[0] == pytest.approx(plain, abs=1e-6)
    assert stronger[0] == pytest.approx(plain, abs=1e-6)
    assert paused[1][0] > again[0] + 0.03
    assert stronger[1][-1] < again[-1] - 0.01
