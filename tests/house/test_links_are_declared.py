"""Every effect says in a link what it makes more or less of, in words of the vocabulary, and true to what its file touches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import small_market

from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.core.links import Link, effects
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.customers import Customers
from regulars.sim.world.quantities import LIFE, PLAN, QUANTITIES
from regulars.sim.world.world import World, declared

LIVELY = {"push": {"mode": "tagged"}}
"""Settings beside those of the small market under which no link is ruled out."""

EXAMPLES = [small_market.example(one, LIVELY.get(one.type)) for one in catalog.components()]
NAMES = [f"{one.type}-{type(one).variant or one.kind}" for one in EXAMPLES]
LINKS = [(one, each) for one in EXAMPLES for each in one.links]


def unknown(component: Component, name: str) -> bool:
    own, _, field = name.partition(".")
    return not (name in QUANTITIES or (own == component.name and field in component.State.declarations))


def faults(component: Component, one: Link) -> Iterator[str]:
    yield from (f"no quantity {name!r}" for name in (one.source, one.target) if unknown(component, name))
    if one.target == PLAN:
        yield "the plan is changed by nothing"
    if one.sign not in (-1, +1) or one.delay < 0.0:
        yield f"sign {one.sign}, delay {one.delay}"


@pytest.mark.parametrize("component", EXAMPLES, ids=NAMES)
def test_links_speak_of_known_quantities(component):
    assert [(one, fault) for one in component.links for fault in faults(component, one)] == []


@pytest.mark.parametrize("component", EXAMPLES, ids=NAMES)
def test_every_effect_stands_in_a_link_and_links_act_through_effects_alone(component):
    rows = catalog.parameters(component.Params)
    acting = {by for one in component.links for by in (*one.by, *one.needs)}
    assert not acting - {row["name"] for row in rows if row["role"] == "effect"}
    left = {row["name"] for row in rows if row["role"] == "effect"} - acting
    assert not left, f"{component.address}: effects in no link: {sorted(left)}"


@pytest.mark.parametrize("component", EXAMPLES, ids=NAMES)
def test_a_link_touches_the_fields_that_its_component_declares(component):
    """What a link reads stands in `reads`, what it makes stands in `writes`, where it is a shared field."""
    touched, written = {*component.reads, *component.writes}, set(component.writes)
    told = [
        f"{one.source} -> {one.target}"
        for one in component.links
        for name, known in ((one.source, touched), (one.target, written))
        # Who is a customer is changed by life alone, and the response by what stands in one field with consent.
        if name in QUANTITIES and QUANTITIES[name].fields and not known & set(QUANTITIES[name].fields) and name != "customers"
    ]
    assert told == []


SHARED = {field for one in QUANTITIES.values() for field in one.fields} - {"status"}
"""Shared fields that the vocabulary has a word for; who is a customer is read by all."""

@pytest.mark.parametrize("component", EXAMPLES, ids=NAMES)
def test_each_shared_field_that_is_read_or_written_stands_in_a_link(component):
    """The other way round: what the code touches and the vocabulary knows, a link speaks of."""
    ends = {name for one in component.links for name in (one.source, one.target) if name in QUANTITIES}
    told = {field for name in ends for field in QUANTITIES[name].fields}
    assert ({*component.reads, *component.writes} & SHARED) - told == set()


def test_the_vocabulary_names_fields_and_totals_that_there_are():
    totals = {one.name for one in declared([*EXAMPLES, *(kpi() for kpi in catalog.kpis())])}
    for name, one in QUANTITIES.items():
        assert set(one.fields) <= Customers.declarations.keys(), name
        assert one.total is None or one.total in totals, name
        assert one.doc


def test_every_quantity_is_used():
    used = {name for one in (*LIFE, *(each for _, each in LINKS)) for name in (one.source, one.target)}
    assert set(QUANTITIES) <= used


RATES = {"purchase": "log_purchase", "attrition": "log_attrition", "order_value": "log_order_value", "acquisition": "acquisition"}


def test_raising_the_source_moves_the_rate_in_the_declared_direction():
    """Measured: in a lively market a shared field is raised for all, and the component weighs anew."""
    model = small_market.model(small_market.setting(weeks=9)).run(8)
    measured = set()
    for component in model.components:
        for one in component.links:
            fields = QUANTITIES[one.source].fields if one.source in QUANTITIES else ()
            if not fields or one.target not in RATES:
                continue
            before, after = (_weighed(model, component, one, fields if raised else ()) for raised in (False, True))
            if before != after:
                measured.add((component.type, one.source, one.target))
                assert (after > before) == (one.sign > 0), (component.address, one)
    assert measured >= {
        ("satisfaction", "satisfaction", "purchase"),
        ("satisfaction", "satisfaction", "attrition"),
        ("loyalty", "loyalty", "purchase"),
        ("loyalty", "loyalty", "attrition"),
        ("goal_gradient", "progress", "purchase"),
        ("word_of_mouth", "praise", "acquisition"),
        ("word_of_mouth", "criticism", "acquisition"),
    }


@pytest.fixture(scope="module")
def grown() -> LoyaltyModel:
    return small_market.model(small_market.setting(weeks=9)).run(8)


UNRAISED = (PLAN, "customers", "warnings")
"""Sources that are no level to raise: a state, and warnings, as with everybody warned the capacity goes to others."""

HOOKS = ("arrive", "weigh", "settle", "respond")


def test_raising_the_source_moves_fields_in_the_declared_direction(grown):
    """Measured as above, for targets that are fields: shared ones and those of the component."""
    measured = set()
    for component in grown.components:
        for one in component.links:
            # The place in the queue is set as a tier changes, which nobody's does from the highest.
            if one.target in RATES or one.source in UNRAISED or one.target == "priority":
                continue
            for hook in HOOKS:
                before, after = (_moved(grown, component, one, hook, raised) for raised in (False, True))
                if before != after:
                    measured.add((component.type, one.source.rpartition(".")[2], one.target.rpartition(".")[2]))
                    assert (after > before) == (one.sign > 0), (component.address, hook, one)
    assert measured >= {
        ("community", "belonging", "care"),
        ("community", "loyalty", "belonging"),
        ("contact_fatigue", "contacts", "consent"),
        ("contact_fatigue", "contacts", "receptiveness"),
        ("loyalty", "care", "loyalty"),
        ("loyalty", "criticism", "loyalty"),
        ("loyalty", "praise", "loyalty"),
        ("loyalty", "rewards", "loyalty"),
        ("loyalty", "satisfaction", "loyalty"),
        ("referral", "invitation_pull", "invitations"),
        ("referral", "loyalty", "invitations"),
        ("satisfaction", "rewards", "satisfaction"),
        ("satisfaction", "service", "satisfaction"),
        ("service_desk", "satisfaction", "service"),
        ("tiers", "interactions", "tier"),
        ("tiers", "tier", "care"),
        ("tiers", "tier", "points_factor"),
        ("tiers", "tier", "talkativeness"),
        ("user_content", "loyalty", "posts"),
    }


def _weighed(model: LoyaltyModel, component: Component, one: Link, raised: tuple[str, ...]) -> float:
    """Sum over people of the component's term on the link's rate, with some shared fields raised."""
    branch = model.branch()
    world = branch.world
    # So that there is something for bad news to cancel.
    world.customers.heard_strong[:] = 3
    for name in raised:
        field, high = getattr(world.customers, name), Customers.declarations[name].high
        field[:] = np.minimum(field + (1 if field.dtype.kind in "ui" else 0.2), np.inf if high is None else high).astype(field.dtype)
    world.rates.clear()
    # Other effects of the same source on the same rate may be of the other sign.
    rivals = {by for other in component.links if (other.source, other.target) == (one.source, one.target) for by in other.by} - set(one.by)
    silent = {by: neutral for by in rivals if "." not in by for _, _, neutral in effects(component.params, by)}
    type(component)(component.params.model_copy(update=silent), component.name).weigh(world)
    return float(getattr(world.rates, RATES[one.target]).sum(dtype=np.float64))


def _moved(model: LoyaltyModel, component: Component, one: Link, hook: str, raised: bool) -> float:
    """What one hook of the component adds, over all people, to the field that a link leads to; 0 if it leads to no field."""
    branch = model.branch()
    world = branch.world
    twin = type(component)(component.params, component.name)
    source, target = _fields(world, twin, one.source), _fields(world, twin, one.target)
    if not source or not target:
        return 0.0
    world.rates.clear()
    if raised:
        for field, most in source:
            # There is no tier above the highest.
            high = field.max() if one.source == "tier" else most
            field[:] = np.minimum(field + (1 if field.dtype.kind in "ui" else 0.2), np.inf if high is None else high).astype(field.dtype)
    start = sum(float(field.sum(dtype=np.float64)) for field, _ in target)
    getattr(twin, hook)(world)
    return sum(float(field.sum(dtype=np.float64)) for field, _ in _fields(world, twin, one.target)) - start


def _fields(world: World, component: Component, name: str) -> list[tuple[np.ndarray, float | None]]:
    """The arrays that hold a quantity, each with the most it may be."""
    if name in QUANTITIES:
        found = [(getattr(world.customers, field), Customers.declarations[field].high) for field in QUANTITIES[name].fields]
    else:
        field = name.rpartition(".")[2]
        found = [(getattr(world.own(component), field), component.State.declarations[field].high)]
    return [(array, high) for array, high in found if array.size]


FLOWS = ("orders", "refunds", "exits", "failures")
"""Sources that are no field: what happens in a step, which is measured against a step in which it does not."""

HAPPENED = {
    "failures": lambda world: world.events.failed,
    "tickets": lambda world: _tickets(world),
    "refunds": lambda world: _parcels(world),
}
"""Targets that are no field either: what each component has brought about, as an array to be summed."""


def test_what_happens_moves_rates_fields_and_other_flows_in_the_declared_direction(grown):
    """Measured as above, for sources that are flows: a step with the orders, refunds, exits or failures of half the people, or of all."""
    measured = set()
    for component in grown.components:
        for one in component.links:
            # The way shown begins anew with each reward that is saved up: points for a second one are shown as a beginning.
            if one.source not in FLOWS or (one.target == "progress" and (one.source == "orders" or component.type == "points")):
                continue
            for after_next in (False, True):
                before, after = (_followed(grown, component, one, whole, after_next) for whole in (False, True))
                if before != after:
                    measured.add((component.type, one.source, one.target))
                    assert (after > before) == (one.sign > 0), (component.address, one)
    assert measured >= {
        ("churn_contagion", "exits", "attrition"),
        ("loyalty", "orders", "loyalty"),
        ("returns", "orders", "refunds"),
        ("satisfaction", "orders", "failures"),
        ("service_desk", "failures", "tickets"),
        ("service_desk", "orders", "tickets"),
        ("stamp_card", "orders", "rewards"),
        ("stamp_card", "refunds", "progress"),
        ("stamp_card", "refunds", "rewards"),
        ("tiers", "orders", "tier"),
    }


def _followed(model: LoyaltyModel, component: Component, one: Link, whole: bool, after_next: bool) -> float:
    """The target of a link at the end of a step or as the next begins, in a step with all or half of the source; 0 if it has no number."""
    branch = model.branch()
    world = branch.world
    twin = type(component)(component.params, component.name)
    half = world.people // 2
    branch.arrive()
    if one.source == "refunds" and not whole:
        world.refunds = world.refunds.pick(world.refunds.person < half)
    branch.weigh()
    branch.live()
    if one.source == "orders" and not whole:
        world.events = world.events.between(0, half)
    if one.source == "exits" and not whole:
        world.events.exits = world.events.exits[world.events.exits < half]
    if one.source == "failures":
        branch.settle()
        world.events.failed[: len(world.events) // 2 if not whole else 0] = 0
    else:
        twin.settle(world)
    twin.respond(world)
    if after_next:
        world.calendar.step += 1
        world.customers.refresh(opens_week=True)
        twin.arrive(world)
    if one.target in RATES:
        world.rates.clear()
        twin.weigh(world)
        return float(getattr(world.rates, RATES[one.target]).sum(dtype=np.float64))
    if one.target in HAPPENED:
        return float(HAPPENED[one.target](world).sum(dtype=np.float64))
    if one.target in QUANTITIES and not QUANTITIES[one.target].fields:
        return 0.0
    return sum(float(field.sum(dtype=np.float64)) for field, _ in _fields(world, twin, one.target))


def _tickets(world: World) -> np.ndarray:
    """One for each contact on its way to a service desk."""
    desks = [one for address, one in world.notes.items() if address.endswith("service_desk")]
    return np.array([len(people) for desk in desks for people, *_ in desk.contacts])


def _parcels(world: World) -> np.ndarray:
    return np.array([len(one) for address, one in world.notes.items() if address == "environment.returns"])
