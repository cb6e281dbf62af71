"""Causal links close to feedback loops: found, told apart, signed and timed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from regulars.sim.core.component import Behavior
from regulars.sim.core.declare import Parameters, param
from regulars.sim.core.links import Link, at_work, effects, find_loops, link, mean_lag


def effect(default: float, neutral: float = 0.0) -> Any:
    return param(default, unit="1", low=0.0, high=9.0, role="effect", neutral=neutral, doc="An effect.", source="test")


class Gift(Parameters):
    care: float = effect(0.5)


class Params(Parameters):
    pull: float = effect(0.5)
    push: float = effect(2.0, neutral=1.0)
    gifts: dict[str, Gift] = {}
    event: Gift | None = None


def component(name: str, *links: Link, overrides: dict[str, Any] | None = None, **params: Any) -> Any:
    made = SimpleNamespace(address=f"behaviors.{name}", params=Params(**params), links=links, overrides=overrides or {})
    made.within = lambda segment: SimpleNamespace(links=links, params=made.overrides[segment])
    return made


def found(*components: Any, structure: tuple[Link, ...] = ()) -> list[tuple[str, int, float]]:
    return [(" > ".join(one.path), one.sign, one.delay) for one in find_loops(at_work(components, structure))]


def test_a_chain_that_does_not_close_is_no_loop():
    assert found(component("one", link("a", "b", +1, "pull"), link("b", "c", +1, "push"))) == []


def test_the_sign_of_a_loop_is_the_product_of_the_signs_of_its_links():
    """Richardson (1986): a loop is reinforcing if an even number of its links is negative."""
    for signs, sign in (((+1, +1, +1), +1), ((-1, +1, +1), -1), ((-1, -1, +1), +1), ((-1, -1, -1), -1)):
        first, second, third = signs
        parts = link("b", "c", second), link("c", "a", third)
        assert found(component("one", link("a", "b", first, "pull"), *parts)) == [("a > b > c", sign, 0.0)]


def test_delays_add_up_around_the_loop():
    one = component("one", link("a", "b", +1, "pull", delay=1.0), link("b", "a", +1, delay=mean_lag(13.0)))
    assert found(one)[0][2] == pytest.approx(1.0 + 13.0 / 0.693147, rel=1e-5)


def test_a_neutral_effect_opens_the_loop():
    around = link("a", "b", +1, "push"), link("b", "a", +1)
    assert found(component("one", *around)) == [("a > b", +1, 0.0)]
    assert found(component("one", *around, push=1.0)) == []


def test_one_effect_of_several_holds_a_link():
    around = link("a", "b", +1, "pull", "push"), link("b", "a", +1)
    assert len(found(component("one", *around, pull=0.0))) == 1
    assert found(component("one", *around, pull=0.0, push=1.0)) == []


def test_structure_alone_is_never_named_for_it_cannot_be_cut():
    assert found(structure=(link("a", "b", +1), link("b", "a", -1))) == []


def test_each_effect_stands_for_its_shortest_loop():
    one = component("one", link("a", "b", +1, "pull"), link("b", "c", +1), link("c", "a", +1), link("b", "a", -1))
    assert found(one) == [("a > b", -1, 0.0)]


def test_with_a_loop_stands_the_shortest_of_the_other_sign_that_its_cut_ends():
    one = component("one", link("a", "b", +1, "pull"), link("b", "a", +1), link("b", "c", -1, delay=2.0), link("c", "a", +1))
    (loop,) = find_loops(at_work([one]))
    assert (loop.path, loop.sign) == (("a", "b"), +1)
    assert loop.counter is not None
    assert (loop.counter.path, loop.counter.sign, loop.counter.delay) == (("a", "b", "c"), -1, 2.0)


def test_a_walk_that_passes_by_another_loop_is_no_loop_of_its_own():
    """Around a > b > c > a there is a walk of the other sign, by way of c > d > c; it meets c twice."""
    around = link("a", "b", +1, "pull"), link("b", "c", +1), link("c", "a", +1), link("b", "a", +1)
    (loop,) = find_loops(at_work([component("one", *around, link("c", "d", -1), link("d", "c", +1))]))
    assert loop.counter is None


def test_a_link_whose_effects_multiply_is_there_while_none_of_them_is_neutral_and_its_loop_is_one():
    around = link("a", "b", +1, "pull", needs=("push",)), link("b", "a", +1)
    assert found(component("one", *around)) == [("a > b", +1, 0.0)]
    assert found(component("one", *around, pull=0.0)) == found(component("one", *around, push=1.0)) == []


def test_a_link_that_builds_on_a_quantity_is_there_while_something_leads_to_that():
    around = link("a", "b", +1, "pull", given="c"), link("b", "a", +1)
    assert found(component("one", *around)) == []
    assert found(component("one", *around), component("other", link("d", "c", +1, "push"))) == [("a > b", +1, 0.0)]
    assert found(component("one", *around), component("other", link("d", "c", +1, "push"), push=1.0)) == []


def test_effects_with_the_same_loop_are_one_and_the_cut_is_the_one_that_touches_least():
    one = component("one", link("a", "b", +1, "pull"), link("a", "d", +1, "pull"), link("b", "a", +1, "push"))
    (loop,) = find_loops(at_work([one]))
    assert (loop.cut.by, [other.by for other in loop.others]) == (("push",), [("pull",)])
    assert loop.path == ("b", "a")


def test_a_link_of_a_quantity_to_itself_is_a_loop():
    assert found(component("one", link("a", "a", +1, "pull", delay=1.0))) == [("a", +1, 1.0)]


def test_components_of_one_type_keep_their_loops_apart():
    structure = (link("b", "a", +1),)
    two = [component(name, link("a", "b", +1, "pull")) for name in ("first", "second")]
    assert [loop.cut.address for loop in find_loops(at_work(two, structure))] == ["behaviors.first", "behaviors.second"]


def test_a_loop_at_work_in_one_segment_alone_is_named():
    around = link("a", "b", +1, "pull"), link("b", "a", +1)
    assert len(found(component("one", *around, pull=0.0, overrides={"town": Params(pull=0.3)}))) == 1


def test_a_star_stands_for_all_names_and_an_absent_part_for_nothing():
    params = Params(gifts={"rose": Gift(), "book": Gift(care=0.1)})
    assert list(effects(params, "gifts.*.care")) == [("gifts.rose.care", 0.5, 0.0), ("gifts.book.care", 0.1, 0.0)]
    assert list(effects(params, "event.care")) == []


def test_a_component_has_no_links_unless_it_says_so():
    assert Behavior().links == ()
