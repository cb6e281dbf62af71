"""Ways to read a test: each is after what it says, and errs as theory has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.analysis.contagion import LinearContagion, ties
from regulars.experiments.assignment.assignment import Assigned, Units
from regulars.experiments.assignment.cluster import Cluster
from regulars.experiments.assignment.individual import Individual
from regulars.experiments.assignment.saturation import Saturation
from regulars.experiments.assignment.staggered import Staggered
from regulars.experiments.readings import readings
from regulars.experiments.readings.reading import Test, Weekly
from regulars.experiments.worlds import groups_of

HALVES = {"control": 0.5, "treatment": 0.5}
ALARM = 1e-3
"""False-alarm rate of each statistical statement; seeds are fixed and were not chosen by result."""


def as_read(assigned: Assigned, weekly: np.ndarray, *, ends: Any = None, washout: int = 0) -> Test:
    """A test in which each unit did so much in each week, shape (weeks, units)."""
    group = groups_of(assigned)
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    period = np.searchsorted(assigned.first_weeks, np.arange(1, len(weekly) + 1), side="right") - 1
    sums = np.stack([np.bincount(group, one) for one in weekly])
    cluster = None if assigned.cluster is None else assigned.cluster[first]
    course = Weekly(group, sizes, assigned.arms[:, first][period], cluster, {"orders": sums})
    outcome = weekly.sum(axis=0)
    return Test("orders", "mean", outcome, np.zeros(len(outcome)), assigned, course, ends, washout, 0.05)


def test_every_way_of_assigning_has_a_reading_that_is_after_the_roll_out_unasked():
    for kind in ("individual", "cluster", "saturation", "switchback", "staggered"):
        assert [one for one in readings().values() if kind in one.default_for and one.sees == "total"]
        assert all(set(one.default_for) <= set(one.fits) for one in readings().values())


def test_a_stepped_roll_out_without_noise_shows_its_effect_exactly():
    """Levels of customers and of weeks cancel: difference in differences."""
    assigned = Staggered(by="groups", clusters=24, steps=4, step_weeks=3).assign(
        Units(np.arange(480), HALVES, np.arange(480) % 24), salt="a", weeks=20
    )
    rng = np.random.default_rng(1)
    treated = np.array([assigned.in_week(week) for week in range(1, 21)]) == 2
    weekly = rng.normal(size=480)[None, :] + rng.normal(size=20)[:, None] + 0.3 * treated
    assert readings()["staggered"].read(as_read(assigned, weekly)).value == pytest.approx(0.3 * 20)


@pytest.mark.parametrize("by", ["groups", "units"])
def test_a_stepped_roll_out_covers_its_effect_and_rejects_nothing_at_its_rates(by):
    """95 % of intervals hold the effect; by 400 draws, binomial at ALARM (clusters share shocks of each week)."""
    held, rejected = 0, 0
    for at in range(400):
        rng = np.random.default_rng(at)
        units = Units(np.arange(400), HALVES, np.arange(400) % 40)
        assigned = Staggered(by=by, clusters=40, steps=4, step_weeks=2).assign(units, salt=f"s{at}", weeks=12)
        treated = np.array([assigned.in_week(week) for week in range(1, 13)]) == 2
        common = rng.normal(size=(12, 40))[:, np.arange(400) % 40] if by == "groups" else 0.0
        noise = rng.normal(size=400) + common + rng.normal(size=(12, 400))
        found = readings()["staggered"].read(as_read(assigned, noise + 0.5 * treated))
        null = readings()["staggered"].read(as_read(assigned, noise))
        held += found.low is not None and found.high is not None and found.low <= 6.0 <= found.high
        rejected += null.p_value is not None and null.p_value < 0.05
    assert stats.binom.cdf(held, 400, 0.95) > ALARM / 2
    assert stats.binom.sf(rejected - 1, 400, 0.05) > ALARM / 2


def ring(n: int, friends: int) -> tuple[np.ndarray, np.ndarray]:
    """Each customer knows the same number of neighbors to both sides."""
    one = np.repeat(np.arange(n), friends // 2)
    other = (one + np.tile(np.arange(1, friends // 2 + 1), n)) % n
    return one, other


def test_designs_on_a_ring_rank_as_the_exact_answer_ranks_them():
    """Linear word of mouth on a ring of 40: closed form over all assignments against 400 assignments of each design, read as tests are.

    Individual assignment misses more of the roll-out effect than clusters of five neighbors do; both means lie within four Monte-Carlo
    standard errors of their closed forms.
    """
    ends = ring(40, 4)
    market = LinearContagion(ties(*ends, 40), 0.15, 1.0, 0.2)
    block = np.arange(40) // 5
    exact = {"individual": market.randomize_individuals(20), "cluster": market.randomize_clusters(block, 4)}
    designs = {"individual": Individual(), "cluster": Cluster(by="groups")}
    shown = {}
    for name, design in designs.items():
        found = []
        for at in range(400):
            assigned = design.assign(Units(np.arange(40), HALVES, block), salt=f"{at}", weeks=1)
            outcome = market.outcomes((assigned.arms[0] == 2).astype(float))
            found.append(readings()["difference"].read(as_read(assigned, outcome[None, :])).value)
        values = np.array(found, float)
        shown[name] = values.mean() / market.global_effect() - 1.0
        assert abs(values.mean() - exact[name].expected) < 4.0 * values.std(ddof=1) / 20.0
    assert shown["individual"] < shown["cluster"] < 0.0
    assert exact["individual"].relative_bias < exact["cluster"].relative_bias < 0.0


def test_the_exposed_show_more_of_the_roll_out_than_the_arms_do():
    """Linear word of mouth on a ring of 400 in blocks of 20: less biased than the plain difference; 100 assignments, paired, at ALARM."""
    ends, block = ring(400, 6), np.arange(400) // 20
    market = LinearContagion(ties(*ends, 400), 0.1, 1.0, 0.2)
    gaps = []
    for at in range(100):
        assigned = Cluster(by="groups").assign(Units(np.arange(400), HALVES, block), salt=f"{at}", weeks=1)
        test = as_read(assigned, market.outcomes((assigned.arms[0] == 2).astype(float))[None, :], ends=ends)
        plain, exposed = (readings()[name].read(test).value for name in ("difference", "exposed"))
        assert plain is not None and exposed is not None
        gaps.append(exposed - plain)
    assert np.mean(gaps) > stats.norm.isf(ALARM) * np.std(gaps, ddof=1) / 10.0


def test_without_ties_nobody_is_exposed():
    assigned = Individual().assign(Units(np.arange(40), HALVES), salt="a", weeks=1)
    with pytest.raises(ValueError, match="no network"):
        readings()["exposed"].read(as_read(assigned, np.ones((1, 40))))


def test_two_stages_tell_direct_effect_and_spillover_apart():
    """Outcome 1 + own 0.5 + 0.8 x share dealt to the cluster, without noise: each reading finds what it is after."""
    block = np.arange(1200) % 60
    assigned = Saturation(by="groups", clusters=60, saturations=[0.0, 0.5, 1.0]).assign(
        Units(np.arange(1200), HALVES, block), salt="b", weeks=1
    )
    treated = assigned.arms[0] == 2
    assert assigned.saturation is not None
    outcome = 1.0 + 0.5 * treated + 0.8 * assigned.saturation
    test, change = as_read(assigned, outcome[None, :]), outcome - 1.0
    total = 0.5 + 0.8
    for name, effect in (("saturation", total), ("saturation_direct", 0.5), ("saturation_spillover", 0.4)):
        assert readings()[name].read(test).value == pytest.approx(effect)
        assert readings()[name].aim(test, change, total) == pytest.approx(effect)


def test_what_is_known_at_the_end_only_belongs_to_no_week():
    assigned = Staggered(by="units", steps=2, step_weeks=2).assign(Units(np.arange(40), HALVES), salt="a", weeks=6)
    test = as_read(assigned, np.ones((6, 40)))
    with pytest.raises(ValueError, match="belongs to no week"):
        readings()["staggered"].read(replace(test, column="retained"))
