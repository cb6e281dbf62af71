"""Contagion of churn: who is moved by whose leaving, how much, how long, and what stays in balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import small_market
from scipy import stats

from regulars.scenarios import Scenario, from_tree, load
from regulars.sim.behaviors.attrition import Pareto
from regulars.sim.behaviors.churn_contagion import ChurnContagion, convexity
from regulars.sim.behaviors.purchase import Purchase
from regulars.sim.core.component import Behavior
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.market import Market
from regulars.sim.world.network import WEAK_BIT, Network, assemble

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

ADDRESS = "behaviors.churn_contagion"
SLOW = {"purchase": {"r": 2.0, "alpha": 8.0}, "attrition": {"type": "pareto", "s": 0.001, "beta": 1000.0}}
"""People leave, but hardly anyone within the horizon."""


def scenario(*, people: int = 8, weeks: int = 20, step_days: int = 7, behaviors: dict[str, Any] | None = None, **own: Any) -> Scenario:
    market = {"customers": people, "prospects": 0, "start": "cohort", "network": {"type": "none"}}
    tree = {"name": "m", "horizon_weeks": weeks, "step_days": step_days, "market": market}
    return from_tree({**tree, "behaviors": {**(behaviors or SLOW), "churn_contagion": {"typical_loyalty": 0.5, **own}}})


def ties(pairs: list[tuple[int, int]], weak: list[bool], people: int = 8, *, mutual: bool = False) -> Network:
    flat = np.array(pairs, np.uint32).ravel()
    flat[1::2][np.array(weak)] |= WEAK_BIT
    return assemble(flat, people, mutual=mutual)


STAR = ties([(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (0, 7)], [False] * 5 + [True, False])
"""Person 0 hears 1 to 5 through strong ties and 6 through a weak one; 7 hears 0."""


def after_exits(leavers: list[int], *, steps: int = 0, step_days: int = 1, loyalty: float = 0.5, **own: Any) -> np.ndarray:
    """Terms on everyone's attrition so many steps after these people have left."""
    one = LoyaltyModel(scenario(step_days=step_days, **own), collect=False, network=STAR)
    one.world.customers.loyalty[:] = loyalty
    one.world.events.exits = np.array(leavers, np.int32)
    for _ in range(steps + 1):
        one.arrive()
        one.weigh()
        one.world.events.clear()
    return one.world.rates.log_attrition.astype(float)


def test_a_strong_tie_that_leaves_multiplies_the_hazard_by_1_797():
    """Wiring. Nitzan & Libai 2011: hazard x 1.797 a defecting neighbor; on its first day the mean over the day is 2.4 % less."""
    first_day = (1 - np.exp(-1 / 21)) * 21
    assert np.exp(after_exits([1])[0] / first_day) == pytest.approx(1.797, rel=1e-3)
    assert after_exits([1, 2])[0] == pytest.approx(2 * after_exits([1])[0], rel=1e-5)


def test_a_weak_tie_weighs_less():
    assert after_exits([6], weak=0.5)[0] == pytest.approx(0.5 * after_exits([1])[0], rel=1e-5)
    assert after_exits([6], weak=0.0)[0] == 0.0


@pytest.mark.parametrize("step_days", [1, 7])
def test_a_defection_is_forgotten_exponentially(step_days):
    """Wiring: exp(-t / 3 weeks), so 19 % are left after the five weeks of Haenlein 2013."""
    now, later = (after_exits([1], steps=steps * 7 // step_days, step_days=step_days)[0] for steps in (0, 5))
    assert later / now == pytest.approx(np.exp(-5 / 3), rel=1e-3)


def test_only_those_who_hear_the_defector_are_moved():
    """Haenlein 2013: contagion runs to those whose outgoing contact the defector was, not the other way."""
    moved = after_exits([0])
    assert np.flatnonzero(moved).tolist() == [7]


def test_more_neighbors_than_the_cap_add_nothing():
    assert after_exits([1, 2, 3, 4, 5], cap=3.0)[0] == pytest.approx(0.586 * 3.0 / 0.5 * 0.5, rel=1e-5)
    assert after_exits([1, 2, 3, 4, 5], cap=3.0)[0] < after_exits([1, 2, 3, 4, 5], cap=10.0)[0]


def test_loyal_customers_are_moved_less():
    """Wiring. Nitzan & Libai 2011, direction; here in proportion to 1 - loyalty."""
    usual, loyal = after_exits([1], loyalty=0.5)[0], after_exits([1], loyalty=0.8)[0]
    assert loyal / usual == pytest.approx(0.2 / 0.5, rel=1e-5)


@pytest.mark.parametrize("attrition", [{"type": "none"}, {"type": "pareto", "s": 1.0, "beta": 20.0}])
def test_the_term_is_zero_before_anybody_could_leave(attrition):
    one = LoyaltyModel(scenario(behaviors={**SLOW, "attrition": attrition}), collect=False, network=STAR)
    one.arrive()
    one.weigh()
    assert not one.world.rates.log_attrition.any()


def test_where_nobody_leaves_nothing_is_felt():
    one = LoyaltyModel(scenario(behaviors={**SLOW, "attrition": {"type": "none"}}), collect=False, network=STAR).run()
    assert not one.world.rates.log_attrition.any()


def test_fewer_leavers_than_usual_lower_the_hazard():
    """People who would leave at 2 % a week, and none has so far: three weeks of 2 % are missing from each tie."""
    leaving = {**SLOW, "attrition": {"type": "pareto", "s": 1000.0, "beta": 50_000.0}}
    one = LoyaltyModel(scenario(people=8, behaviors=leaving, step_days=1), collect=False, network=STAR)
    one.world.customers.status_clock[:] = 1e6
    one.run(12)
    share = 0.02 * 3 * (1 - np.exp(-4)) * (5 * convexity(0.586) + 0.5 * convexity(0.293))
    assert one.world.rates.log_attrition[0] == pytest.approx(-0.586 * share, rel=0.1)


def test_fewer_leavers_than_usual_lower_the_hazard_by_no_more_than_the_cap():
    """Six neighbors who would each leave within two weeks, and none has: more than three are missed, three count; two, at a cap of 2."""
    leaving = {**SLOW, "attrition": {"type": "pareto", "s": 1000.0, "beta": 2000.0}}
    for cap in (3.0, 2.0):
        one = LoyaltyModel(scenario(people=8, behaviors=leaving, cap=cap), collect=False, network=STAR)
        one.world.customers.status_clock[:] = 1e6
        one.run(12)
        assert one.world.events.exits.size == 0
        assert one.world.notes[ADDRESS].recent * one.world.owned[ADDRESS].listening[0] > 4.0
        assert one.world.rates.log_attrition[0] == pytest.approx(-0.586 * cap, rel=1e-4)


def test_expected_exits_are_those_of_base_attrition():
    """Three kinds of attrition; the sum over weeks of expected exits against the exits, both from base rates alone, 20,000 people.

    Exits less their expectation given the past add up a martingale whose variance is at most the expected number.
    """
    kinds = (
        {"type": "beta_geometric", "a": 0.8, "b": 2.4},
        {"type": "pareto", "s": 0.6, "beta": 12.0},
        {"type": "renewal", "alpha": 0.7, "beta": 1.2, "period_weeks": 4.0},
    )
    for kind in kinds:
        # Nobody hears anybody, so the terms stay 0.
        one = LoyaltyModel(scenario(people=20_000, behaviors={**SLOW, "attrition": kind}), collect=False)
        expected = 0.0
        for _ in range(20):
            one.step()
            expected += one.world.notes[ADDRESS].coming * 20_000
        exits = one.world.totals.so_far("exits")
        # A step sees no second order of the same week; with one order in four weeks that is under 1 %.
        assert abs(exits - expected) < stats.norm.isf(ALARM / 2) * np.sqrt(expected) + 0.01 * expected, kind


@pytest.mark.parametrize("start", ["cohort", "base"])
@pytest.mark.parametrize("network", ["small_world", "heavy_tailed"])
def test_the_calibrated_base_keeps_its_orders(start, network):
    """Cumulative orders of the CDNOW population with contagion on are within 1 % of those with it off (measured: within .1 %)."""
    shop = load("library:online_shop/baseline")
    assert shop.population is not None
    fitted = {name: {key: value for key, value in one.items() if key != "offset"} for name, one in shop.population.items()}
    orders = []
    for extra in ({}, {"churn_contagion": {}}):
        behaviors = {name: fitted[name] for name in ("purchase", "attrition", "spend")} | extra
        market = {"customers": 3 * 2357, "prospects": 0, "start": start, "network": {"type": network}}
        tree = {"name": "base", "horizon_weeks": 52, "market": market, "behaviors": behaviors}
        model = LoyaltyModel(replace(from_tree(tree), histories=shop.histories), collect=False).run()
        orders.append(model.weekly().orders[:, -1].cumsum())
    assert np.abs(orders[1] / orders[0] - 1.0)[3:].max() < 0.01


def holding() -> Behavior:
    """Half the market is held back from leaving, as a program might do."""
    with small_market.unregistered():

        class Held(Behavior):
            """Holds the first segment."""

            type = "held"

            def weigh(self, world: Any) -> None:
                world.rates.log_attrition[world.customers.segment == 0] -= np.float32(1.0)

    return Held()


def exits_by_segment(held: bool, contagion: bool, replication: int) -> np.ndarray:
    components: list[Any] = [Purchase(Purchase.Params(r=2.0, alpha=4.0)), Pareto(Pareto.Params(s=5.0, beta=250.0))]
    components += [ChurnContagion()] if contagion else []
    components += [holding()] if held else []
    market = Market.model_validate({"customers": 4000, "start": "cohort", "segments": {"held": {"share": 0.5}, "left": {"share": 0.5}}})
    setting = small_market.Setting(small_market.in_order(components), market, 26)
    model = LoyaltyModel(setting, replication=replication, collect=False).run()
    return model.weekly().exits[:, :2].sum(axis=0)


def test_holding_some_customers_holds_their_neighbors_too():
    """Emergent: untreated people leave less if their neighbors are held, and not at all less without contagion (6 replications)."""
    change = [exits_by_segment(True, True, at)[1] - exits_by_segment(False, True, at)[1] for at in range(6)]
    assert np.mean(change) + stats.t.isf(ALARM, 5) * np.std(change, ddof=1) / np.sqrt(6) < 0
    assert exits_by_segment(True, False, 0)[1] == exits_by_segment(False, False, 0)[1]
