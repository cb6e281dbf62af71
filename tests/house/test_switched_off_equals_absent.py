"""A component whose effects are at their neutral values might as well not be there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import small_market
from pydantic import BaseModel
from watched import Watched, listeners

from regulars.sim import catalog
from regulars.sim.core.component import Behavior, Component
from regulars.sim.core.declare import Parameters, param
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.ledger import PROGRAM_COSTS

COSTS = {*PROGRAM_COSTS, "discounted_program_cost"}
FOUNDATIONS = {"purchase", "spend", "attrition"}
"""What people are drawn from: a market without them is another market, so they have no off position."""


def neutral(params: BaseModel) -> BaseModel:
    """The same parameters with every effect at its neutral value, nested ones too."""
    return params.model_copy(update={name: _neutral(params, name, getattr(params, name)) for name in type(params).model_fields})


def _neutral(params: BaseModel, name: str, value: Any) -> Any:
    extra = type(params).model_fields[name].json_schema_extra
    if isinstance(extra, dict) and extra.get("role") == "effect":
        return extra["neutral"]
    if isinstance(value, BaseModel):
        return neutral(value)
    if isinstance(value, Mapping):
        return {key: neutral(one) if isinstance(one, BaseModel) else one for key, one in value.items()}
    return value


def silenced(component: Component) -> Component:
    return type(component)(neutral(component.params), component.name)


def results(model: LoyaltyModel) -> dict[str, bytes]:
    """Every field and total by name; who was won by what is spelled out, since codes shift with the list of causes."""
    found = {name: array.tobytes() for name, array in model.world.arrays()}
    causes = np.array(["nobody", *model.world.rates.causes], dtype=object)
    found["customers.acquired_by"] = "|".join(causes[model.world.customers.acquired_by]).encode()
    totals = model.world.totals
    return found | {f"totals.{name}": totals.data[:, at].tobytes() for name, at in totals.place.items()}


def traces(component: Component, others: tuple[Component, ...], silent: set[str]) -> list[str]:
    """What differs between a market with the neutral component and one without it.

    Left out: its own arrays and totals, the shared fields it writes and what KPIs record of them, costs, and the arrays and
    fields of those that listen to what it writes (they are made neutral as well, in both markets); of listeners that are the
    firm's own feedback also the totals: even without any effect it counts and goes by what it sees.
    """
    around = tuple(silenced(one) if one.address in silent else one for one in others)
    absent = results(small_market.model(small_market.setting(around)).run())
    present = results(small_market.model(small_market.setting(small_market.in_order((*around, silenced(component))))).run())
    quiet = [component, *(one for one in others if one.address in silent)]
    readings = [total.name for kpi in catalog.kpis() if set(kpi.reads) & set(component.writes) for total in kpi.totals]
    own = [total.name for one in (component, *(one for one in quiet if one.kind == "feedback")) for total in one.totals]
    ignored = {f"customers.{name}" for one in quiet for name in one.writes} | {f"totals.{name}" for name in (*COSTS, *readings, *own)}
    return [
        name
        for name, value in absent.items()
        if name not in ignored and not any(name.startswith(f"{one.address}.") for one in quiet) and present[name] != value
    ]


def candidates() -> list[type[Component]]:
    return [one for one in catalog.components() if one.type not in FOUNDATIONS]


@pytest.fixture(scope="module")
def survey() -> Watched:
    """One run that shows who looks at what whom writes."""
    model = Watched(small_market.setting())
    model.run()
    return model


@pytest.mark.parametrize("cls", candidates(), ids=lambda one: f"{one.type}-{one.variant or one.kind}")
def test_a_neutral_component_leaves_no_trace(cls, survey):
    component = small_market.example(cls)
    others = tuple(one for one in small_market.every_component() if one.type != component.type or one.kind != component.kind)
    assert traces(component, others, listeners(survey, component)) == []


@pytest.mark.parametrize("cls", candidates(), ids=lambda one: f"{one.type}-{one.variant or one.kind}")
def test_a_neutral_component_leaves_no_trace_where_all_are_neutral(cls):
    component = small_market.example(cls)
    others = tuple(one for one in small_market.every_component() if one.type != component.type or one.kind != component.kind)
    silent = {one.address for one in others if one.type not in FOUNDATIONS}
    assert traces(component, others, silent) == []


def test_effects_are_there_when_switched_on():
    silent = small_market.in_order(silenced(one) for one in small_market.every_component())
    on, off = small_market.model(), small_market.model(small_market.setting(silent))
    assert on.run().world.totals.so_far("orders") != off.run().world.totals.so_far("orders")


def test_a_component_that_acts_although_neutral_is_found():
    with small_market.unregistered():

        class Restless(Behavior):
            """Speeds people up a little whatever its effect is."""

            type = "restless"

            class Params(Parameters):
                effect: float = param(
                    0.5, unit="log", low=0.0, high=1.0, role="effect", neutral=0.0, doc="Log-term on the rate.", source="assumed"
                )

            def weigh(self, world: Any) -> None:
                world.rates.log_purchase += np.float32(self.params.effect + 0.05)

    assert "totals.orders" in traces(Restless(), small_market.every_component(), set())


def test_neutral_reaches_nested_parameters():
    class Inner(Parameters):
        lift: float = param(0.3, unit="log", low=0.0, high=1.0, role="effect", neutral=0.0, doc="Lift.", source="plan")

    class Outer(Parameters):
        parts: dict[str, Inner] = {"first": Inner()}
        one: Inner = Inner()
        weeks: int = 3

    assert neutral(Outer()).model_dump() == {"parts": {"first": {"lift": 0.0}}, "one": {"lift": 0.0}, "weeks": 3}
