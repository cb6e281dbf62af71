"""Assignment: the same salt gives the same arms anywhere, arms have their shares, clusters stay whole."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.assignment.assign import BadShares, assign
from regulars.experiments.assignment.assignment import Assigned, Units, by_shares, uniforms
from regulars.experiments.assignment.cluster import Cluster, communities, joined
from regulars.experiments.assignment.individual import Individual
from regulars.experiments.assignment.saturation import Saturation
from regulars.experiments.assignment.staggered import Staggered
from regulars.experiments.assignment.switchback import Switchback
from regulars.scenarios import load
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.network import CommunityStructured

HALVES = {"control": 0.5, "treatment": 0.5}
ALARM = 1e-3
"""False-alarm rate of each statistical statement; salts are fixed and were not chosen by result."""


def units(n: int = 4000, shares: dict[str, float] = HALVES, groups: int = 80) -> Units:
    return Units(np.arange(n), shares, np.arange(n) % groups)


def test_a_draw_is_sha_256_of_salt_and_id_and_nothing_else():
    """Any system that can hash finds the same number; computed here from the definition."""
    digest = hashlib.sha256(b"spring:812").digest()
    assert uniforms("spring", [812])[0] == (int.from_bytes(digest[:8], "big") >> 11) / 2**53
    assert uniforms("spring", ["812"])[0] == uniforms("spring", [812])[0]
    alone, among = uniforms("spring", [812]), uniforms("spring", range(1000))
    assert alone[0] == among[812]
    assert among.min() >= 0.0 and among.max() < 1.0


def test_draws_are_uniform_and_salts_are_independent():
    """Kolmogorov-Smirnov against uniform and correlation of two salts, at ALARM each."""
    first, second = (uniforms(salt, range(20_000)) for salt in ("a", "b"))
    assert stats.kstest(first, "uniform").pvalue > ALARM
    assert abs(np.corrcoef(first, second)[0, 1]) < stats.norm.isf(ALARM / 2) / np.sqrt(20_000)


@pytest.mark.parametrize("shares", [HALVES, {"control": 0.8, "a": 0.1, "b": 0.1}, {"control": 0.05, "treatment": 0.95}])
def test_individual_arms_have_their_shares_without_a_sample_ratio_mismatch(shares):
    arms = Individual().assign(units(20_000, shares), salt="x", weeks=26).arms
    assert arms.shape == (1, 20_000)
    counts = np.bincount(arms[0], minlength=len(shares) + 1)[1:]
    assert stats.chisquare(counts, 20_000 * np.array(list(shares.values()))).pvalue > ALARM


def test_the_arm_of_a_unit_does_not_depend_on_who_else_is_assigned():
    all_units = Individual().assign(units(1000), salt="x", weeks=26).arms[0]
    some = Individual().assign(Units(np.arange(500, 1000), HALVES), salt="x", weeks=26).arms[0]
    assert all_units[500:].tolist() == some.tolist()


def test_a_uniform_falls_on_the_arm_whose_share_holds_it():
    shares = {"control": 0.5, "a": 0.3, "b": 0.2}
    assert by_shares(np.array([0.0, 0.4999, 0.5, 0.79, 0.8, 0.999]), shares).tolist() == [1, 1, 2, 2, 3, 3]


def test_clusters_stay_whole_and_arms_get_their_number_of_clusters():
    found = Cluster(by="groups").assign(units(), salt="x", weeks=26)
    assert found.cluster is not None
    by_cluster = [np.unique(found.arms[0][found.cluster == one]) for one in range(80)]
    assert all(len(one) == 1 for one in by_cluster)
    assert np.bincount([int(one[0]) for one in by_cluster]).tolist() == [0, 40, 40]
    again = Cluster(by="groups").assign(units(), salt="y", weeks=26)
    assert (again.arms != found.arms).any()


def test_graph_clusters_keep_ties_within_arms():
    """In a market of planted communities fewer ties cross arms than the half of an individual assignment, and sizes are alike."""
    network = CommunityStructured().build(4000, 1)
    who = Units(np.arange(4000), HALVES, None, network)
    crossing = []
    for way in (Individual(), Cluster(clusters=40)):
        arms = way.assign(who, salt="x", weeks=26).arms[0]
        crossing.append(float((arms[network.senders] != arms[network.receivers]).mean()))
    found = Cluster(clusters=40).assign(who, salt="x", weeks=26)
    assert found.cluster is not None
    sizes = np.bincount(found.cluster)
    assert crossing[0] == pytest.approx(0.5, abs=0.02)
    assert crossing[1] < 0.35
    assert len(sizes) == 40 and sizes.max() <= 3 * sizes.min()
    assert (found.cluster == Cluster(clusters=40).assign(who, salt="z", weeks=26).cluster).all()


def test_communities_are_joined_into_clusters_of_like_size():
    """Largest first into the emptiest: 50, 30, 20 and 10 make 50, 60 of two."""
    membership = np.repeat([0, 1, 2, 3], [10, 50, 20, 30])
    assert sorted(np.bincount(joined(membership, 2)).tolist()) == [50, 60]
    assert len(np.unique(joined(membership, 9))) == 4


def test_saturation_gives_clusters_their_share_of_treated():
    found = Saturation(by="groups", saturations=[0.0, 0.25, 1.0]).assign(units(8000, groups=90), salt="x", weeks=26)
    assert found.cluster is not None and found.saturation is not None
    treated = found.arms[0] == 2
    for share in (0.0, 0.25, 1.0):
        there = found.saturation == share
        assert len(np.unique(found.cluster[there])) == 30
        assert stats.binomtest(int(treated[there].sum()), int(there.sum()), max(share, 1e-300)).pvalue > ALARM
    assert not treated[found.saturation == 0.0].any() and treated[found.saturation == 1.0].all()


def test_switchback_turns_everybody_at_once_and_balances_periods():
    found = Switchback(period_weeks=2).assign(units(10), salt="x", weeks=24)
    assert found.first_weeks == tuple(range(1, 24, 2))
    assert (found.arms == found.arms[:, :1]).all()
    assert np.bincount(found.arms[:, 0]).tolist() == [0, 6, 6]
    assert found.in_week(1).tolist() == found.arms[0].tolist() and found.in_week(4).tolist() == found.arms[1].tolist()


def test_staggered_clusters_turn_once_and_never_back():
    found = Staggered(by="groups", steps=4, step_weeks=3).assign(units(), salt="x", weeks=20)
    assert found.first_weeks == (1, 4, 7, 10, 13)
    assert (np.diff(found.arms.astype(int), axis=0) >= 0).all()
    assert [(one == 2).mean() for one in found.arms] == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize(
    ("way", "who", "says"),
    [
        (Cluster(), units(), "no network"),
        (Cluster(by="groups"), Units(np.arange(4), HALVES), "no groups"),
        (Cluster(by="groups"), Units(np.arange(4), HALVES, np.zeros(4, np.int64)), "one cluster"),
        (Saturation(by="groups"), units(shares={"control": 0.4, "a": 0.3, "b": 0.3}), "two arms"),
        (Switchback(period_weeks=10), units(), "3 periods of 10"),
        (Switchback(period_weeks=4, washout_weeks=4), units(), "washout_weeks = 4"),
        (Staggered(by="groups", steps=5, step_weeks=6), units(), "5 steps of 6 weeks"),
    ],
)
def test_what_cannot_be_assigned_is_one_clear_sentence(way, who, says):
    with pytest.raises(ValueError, match=says):
        way.assign(who, salt="x", weeks=26)


def test_saturations_must_differ():
    with pytest.raises(ValueError, match="two different shares"):
        Saturation(saturations=[0.5, 0.5])


def test_arms_of_a_week_are_those_of_the_period_it_lies_in():
    found = Assigned(np.array([[1, 1], [2, 1]], np.uint8), (1, 5))
    assert [found.in_week(week)[0] for week in (1, 4, 5, 9)] == [1, 1, 2, 2]


def test_worlds_side_by_side_find_the_same_communities():
    """Leiden draws from one generator of the whole process; other threads must not meddle."""
    network = LoyaltyModel(load("library:tea_brand/broadcast").with_values({"market.customers": 1500, "market.prospects": 0})).world.network
    alone = communities(network, 40)
    state = random.getstate()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: communities(network, 40), range(24)))
    assert all(np.array_equal(one, alone) for one in together)
    assert random.getstate() == state


def test_production_assigns_as_a_rehearsal_does():
    """By the definition alone, one customer at a time, and as the design's own assignment."""
    shares = {"control": 0.7, "treatment": 0.3}
    arms = assign(range(1000), shares, salt="spring")
    rehearsed = Individual().assign(units(1000, shares), salt="spring", weeks=4).arms[0]
    assert (arms == np.array(["", "control", "treatment"])[rehearsed]).all()
    by_hand = int.from_bytes(hashlib.sha256(b"spring:812").digest()[:8], "big") >> 11
    assert arms[812] == ("control" if by_hand < 0.7 * 2**53 else "treatment")
    with pytest.raises(BadShares, match="add up to 1, not 0.9"):
        assign([1], {"a": 0.5, "b": 0.4}, salt="x")
