"""Arms of an A/B test inside one market: what each arm gets, as one scenario whose audiences are arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from regulars.scenarios.scenario import Scenario
from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.core.declare import Parameters

DIFFERING = ("program", "campaign", "feedback")
"""Kinds of components that arms may differ in: what a firm can give to some and not to others."""


def in_one_market(arms: Mapping[str, Scenario], *, start_week: int = 1, capacity: str = "fixed") -> Scenario:
    """One scenario in which each arm gets what its own scenario has.

    A component that all arms have alike stays as it is. One that differs is there once for each group of arms that have it
    alike, with these arms as its audience; all of these keep its name and so its luck, and have an address of their own.

    Args:
        arms: The scenario of each arm by name, the control first; their market's `arms` holds the names.
        start_week: First week of the test.
        capacity: What budgets and staff of an arm are: ``fixed``, those of its scenario, which is how they would be rolled out; or
            ``scaled``, the arm's share of them, so that each of its people has as much as in the roll-out.

    Raises:
        ValueError: The arms differ in anything but programs, campaigns and feedback, or in one that begins before the test; or staff
            cannot be divided by the shares.
    """
    control, *others = arms.values()
    for name, scenario in zip(list(arms)[1:], others, strict=True):
        if scenario.economics != control.economics or scenario.market != control.market:
            raise ValueError(f"arm {name}: arms live in one market; they differ in programs, campaigns and feedback only")
    found = {one.address: (catalog.KINDS.index(one.kind), one.name) for scenario in arms.values() for one in scenario.components}
    shares = control.market.arms
    components: list[Component] = []
    for address in sorted(found, key=found.__getitem__):
        groups = list(_groups(address, arms))
        whole, part = len(groups) == 1, shares if capacity == "scaled" else None
        components += [one if whole else _limited(one, names, start_week, part) for one, names in groups if one is not None]
    return replace(control, components=tuple(components))


def _groups(address: str, arms: Mapping[str, Scenario]) -> Iterator[tuple[Component | None, list[str]]]:
    """A component as it differs by arm, with the arms that have it so; None for those that have none."""
    left = {name: {one.address: one for one in scenario.components}.get(address) for name, scenario in arms.items()}
    while left:
        first = next(iter(left.values()))
        alike = [name for name, one in left.items() if _alike(first, one)]
        yield first, alike
        left = {name: one for name, one in left.items() if name not in alike}


def _alike(first: Component | None, second: Component | None) -> bool:
    if first is None or second is None:
        return first is second
    return type(first) is type(second) and first.params == second.params and first.overrides == second.overrides


def _limited(component: Component, arms: list[str], start_week: int, shares: Mapping[str, float] | None) -> Component:
    """The component for some arms only, with their part of its resources if `shares` are given."""
    if component.kind not in DIFFERING:
        raise ValueError(f"{component.address}: arms differ in programs, campaigns and feedback, and cannot in a {component.kind}")
    if component.first_week < start_week:
        raise ValueError(
            f"{component.address} begins in week {component.first_week}, before the test in week {start_week}: give the arms a part that "
            "begins with the test, or begin the test earlier"
        )
    audience = component.params.audience
    if audience.arm is not None:
        arms = [one for one in arms if one in audience.arm]
    whole = component.params if shares is None else scaled(component.params, sum(shares[one] for one in arms), component.address)
    params = whole.model_copy(update={"audience": audience.model_copy(update={"arm": arms})})
    twin = type(component)(params, component.name, component.overrides)
    twin.address = f"{component.address}@{'+'.join(arms)}"
    return twin


def scaled(params: Any, factor: float, path: str) -> Any:
    """Parameters with all shared resources times a factor; whole numbers to the nearest.

    Raises:
        ValueError: A whole number ends up more than a tenth off, such as one agent cut in two.
    """
    if isinstance(params, dict):
        return {name: scaled(one, factor, f"{path}.{name}") for name, one in params.items()}
    if not isinstance(params, Parameters):
        return params
    values = {}
    for name, field in type(params).model_fields.items():
        value, extra = getattr(params, name), field.json_schema_extra
        if isinstance(extra, dict) and extra.get("shared") and value is not None:
            exact = value * factor
            values[name] = round(exact) if isinstance(value, int) else exact
            if abs(values[name] - exact) > 0.1 * exact:
                raise ValueError(
                    f"{path}.{name} = {value}: {factor:g} of it is {exact:g}, which cannot be had; choose other shares or capacity: fixed"
                )
        else:
            values[name] = scaled(value, factor, f"{path}.{name}")
    return params.model_copy(update=values)
