"""Segments: parts of the market whose people may live by parameters of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.uncertainty import uncertain
from regulars.scenarios import ScenarioError, from_tree
from regulars.sim.model import LoyaltyModel

ALARM = 1e-3
"""Probability that a statistical test here would fail although the claim holds; seeds were not chosen."""

ALONE: dict[str, Any] = {"satisfaction": {"failure_rate": 0.1}, "loyalty": {}, "organic_acquisition": {}, "contact_fatigue": {}}
MAIL: dict[str, Any] = {"campaigns": {"mail": {"type": "push", "to": "everyone", "start_week": 3}}}

OWN: list[tuple[str, dict[str, Any]]] = [
    ("purchase", {"r": 2.0, "alpha": 5.0, "timing_shape": 2.0}),
    ("spend", {"p": 12.0, "v": 9.0}),
    ("attrition", {"a": 2.0, "exposure": "order"}),
    ("satisfaction", {"mean": 40.0, "failure_rate": 0.5, "effect": 0.1}),
    ("loyalty", {"effect": 2.0, "behavioral_half_life": 30.0}),
    ("organic_acquisition", {"probability": 0.2}),
    ("contact_fatigue", {"cap": 0.0, "opt_out": 0.3}),
]


def market(own: dict[str, Any] | None = None, everyone: dict[str, Any] | None = None, **more: Any) -> Any:
    behaviors = {name: {**ALONE.get(name, {}), **(everyone or {}).get(name, {})} for name in {*ALONE, *(everyone or {})}}
    segments = {"town": {"share": 0.5}, "sea": {"share": 0.3, "behaviors": own or {}}, "hill": {"share": 0.2}}
    tree: dict[str, Any] = {
        "name": "market", "horizon_weeks": 14, "market": {"customers": 900, "prospects": 600, "segments": segments},
        "behaviors": {"purchase": {"r": 1.0, "alpha": 3.0}, **behaviors}, **MAIL, **more,
    }  # fmt: skip
    if everyone and "purchase" in everyone:
        tree["behaviors"]["purchase"] = {"r": 1.0, "alpha": 3.0, **everyone["purchase"]}
    return from_tree(tree)


def lived(scenario: Any, **options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario, collect=False, **options).run()


def of_rows(model: LoyaltyModel, rows: np.ndarray) -> dict[str, bytes]:
    return {name: array[rows].tobytes() for name, array in model.world.arrays()}


@pytest.mark.parametrize(("behavior", "own"), OWN, ids=[name for name, _ in OWN])
def test_a_segment_lives_as_everyone_would_with_its_parameters_and_the_others_as_before(behavior, own):
    """Nobody hears anybody here, so that each person's life is a matter of the own parameters and luck alone, to the byte."""
    mixed, before, after = lived(market({behavior: own})), lived(market()), lived(market(everyone={behavior: own}))
    sea = mixed.world.customers.segment == 1
    assert 0.29 < sea.mean() < 0.31
    assert of_rows(mixed, sea) == of_rows(after, sea)
    assert of_rows(mixed, ~sea) == of_rows(before, ~sea)
    assert of_rows(before, sea) != of_rows(after, sea)


def test_parameters_that_are_those_of_everyone_change_no_byte():
    told = {"purchase": {"r": 1.0}, "word_of_mouth": {"base": 0.1}, "loyalty": {"effect": 0.8}}
    both = [lived(market(own, {"word_of_mouth": {"base": 0.1}})) for own in ({}, told)]
    assert both[1].world.apart and both[0].digests() == both[1].digests()


def test_what_a_segment_tells_goes_by_its_own_parameters():
    """Strangers of the segment keep silent: messages come from the other 70 %, and reach everyone."""
    talking = {"word_of_mouth": {"base": 0.1, "surprise": 0.6}}
    silent = lived(market({"word_of_mouth": {"base": 0.0, "surprise": 0.0}}, talking))
    everyone = lived(market(None, talking))
    heard, usual = (one.world.totals.so_far("messages_sent") for one in (silent, everyone))
    assert 0.6 * usual < heard < 0.8 * usual
    assert silent.world.customers.heard_strong[silent.world.customers.segment == 1].sum() > 0


@pytest.mark.parametrize("step_days", [7, 1])
def test_neither_threads_nor_a_copy_on_the_way_change_a_segment(step_days):
    own = {"purchase": {"r": 2.0}, "word_of_mouth": {"base": 0.1}, "satisfaction": {"effect": 0.1}}
    scenario = market(own, {"word_of_mouth": {}}, step_days=step_days)
    whole = lived(scenario)
    assert lived(scenario, threads=2).digests() == whole.digests()
    part = LoyaltyModel(scenario, collect=False).run(5)
    assert part.branch().run(9).digests() == whole.digests()


def test_sizes_are_as_near_to_the_shares_as_whole_people_can_be():
    scenario = from_tree({"market": {"customers": 100, "segments": {name: {"share": 1.0} for name in ("a", "b", "c")}}})
    segment = LoyaltyModel(scenario, collect=False).world.customers.segment
    assert np.bincount(segment).tolist() == [33, 34, 33]
    assert (np.diff(segment.astype(int)) >= 0).all()


@pytest.mark.parametrize("network", [{"type": "small_world", "rewiring": 0.0}, {"type": "community"}], ids=["ring", "community"])
def test_who_hears_whom_knows_nothing_of_segments(network):
    """Ties inside a segment of share s among n: a share s (n s - 1) / (n - 1) if the segments sit at random."""
    people, shares = 20_000, np.array([0.6, 0.4])
    segments = {"a": {"share": 0.6}, "b": {"share": 0.4}}
    tree: dict[str, Any] = {"market": {"customers": people, "network": network, "segments": segments}, "behaviors": {"word_of_mouth": {}}}
    world = LoyaltyModel(from_tree(tree), collect=False).world
    ties, segment = world.network, world.customers.segment
    inside = (segment[ties.senders] == segment[ties.receivers]).mean()
    expected = (shares * (people * shares - 1) / (people - 1)).sum()
    # Seats are a permutation: the share of inside ties scatters about as that of as many independent pairs of people.
    sd = (expected * (1.0 - expected) / (ties.n_ties / 2)) ** 0.5
    assert abs(inside - expected) < stats.norm.isf(ALARM / 2) * sd
    if ties.bounds is not None:
        # Moved to other rows, people stay in their communities; by chance hardly a tie would be inside.
        together = ties.communities[ties.senders] == ties.communities[ties.receivers]
        assert together.mean() > 0.3


def test_an_assumed_parameter_of_a_segment_is_uncertain_by_itself():
    found = {path: one.default for path, one in uncertain([market({"loyalty": {"effect": 0.5}})])[0].items()}
    assert found["market.segments.sea.behaviors.loyalty.effect"] == 0.5
    assert found["behaviors.loyalty.effect"] == 0.8
    assert "market.segments.sea.behaviors.loyalty.attrition_effect" not in found


def test_values_reach_a_segment_by_their_path():
    changed = market({"loyalty": {"effect": 0.5}}).with_values({"market.segments.sea.behaviors.loyalty.effect": 1.5})
    component = changed.component("behaviors.loyalty")
    assert component is not None
    assert (component.params.effect, component.overrides["sea"].effect) == (0.8, 1.5)


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"loyalti": {}}, "no such behavior. Did you mean 'loyalty'?"),
        ({"goodwill": {}}, "no such behavior"),
        ({"word_of_mouth": {"base": 0.1}}, "is off in this scenario"),
        ({"loyalty": {"efect": 0.1}}, "market.segments.sea.behaviors.loyalty.efect: no such name here. Did you mean 'effect'?"),
        ({"loyalty": {"effect": 9}}, "market.segments.sea.behaviors.loyalty.effect = 9: must be 0 to 2"),
        ({"attrition": {"type": "pareto"}}, "no other type"),
    ],
)
def test_what_a_segment_cannot_have_is_told(own, says):
    with pytest.raises(ScenarioError, match=".*") as told:
        market(own)
    assert says in str(told.value)
