"""Every number says what it means, in which unit, within which range, and where it comes from."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pytest
import small_market
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from regulars.sim import catalog
from regulars.sim.core.component import Behavior, Component
from regulars.sim.core.declare import ASSUMED, FieldDeclaration, Fields, Parameters, field, param
from regulars.sim.world.customers import Customers
from regulars.sim.world.market import Economics, Market
from regulars.sim.world.world import WORLD_TOTALS


def inner_types(annotation: Any) -> Iterator[Any]:
    """The types that a union, a container or an annotated type is made of."""
    origin = typing.get_origin(annotation)
    if origin is Literal or origin is None:
        yield annotation
        return
    parts = typing.get_args(annotation)
    for part in parts[:1] if origin is typing.Annotated else parts:
        yield from inner_types(part)


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The section and every section within it."""
    yield model
    for declared in model.model_fields.values():
        for one in inner_types(declared.annotation):
            if inspect.isclass(one) and issubclass(one, BaseModel):
                yield from sections(one)


def holds_sections(declared: FieldInfo) -> bool:
    return any(inspect.isclass(one) and issubclass(one, BaseModel) for one in inner_types(declared.annotation))


def faults_of_parameters(model: type[BaseModel]) -> list[str]:
    """What the declarations of one section lack, one line each."""
    found = []
    for name, declared in model.model_fields.items():
        where = f"{model.__qualname__}.{name}"
        if name == "type" and typing.get_origin(declared.annotation) is Literal:
            continue
        if not declared.description:
            found.append(f"{where}: no doc")
        if holds_sections(declared):
            continue
        extra = declared.json_schema_extra
        if not isinstance(extra, dict) or not {"unit", "source", "role", "low", "high", "neutral"} <= extra.keys():
            found.append(f"{where}: not declared by param(...)")
            continue
        found += [f"{where}: {what}" for what in _faults(declared, extra)]
    return found


def _faults(declared: FieldInfo, extra: dict[str, Any]) -> Iterator[str]:
    kinds = set(inner_types(declared.annotation)) - {types.NoneType}
    numeric = bool(kinds & {int, float})
    if not str(extra["source"]).strip():
        yield f"no source; say {ASSUMED!r} if there is none"
    if numeric and not extra["unit"]:
        yield "a number without unit ('1' if pure)"
    if numeric and (extra["low"] is None or extra["high"] is None):
        yield "a number without range"
    if extra["role"] not in ("cost", "effect", "rule"):
        yield f"role {extra['role']!r}"
    low, high = extra["low"], extra["high"]
    for what, value in (("default", declared.default), ("neutral value", extra["neutral"])):
        if low is None or high is None or not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if not low <= value <= high:
            yield f"{what} {value} is outside {low} to {high}"
    if extra["role"] == "effect" and extra["neutral"] is None:
        yield "an effect without neutral value"


def faults_of_field(where: str, declared: FieldDeclaration) -> list[str]:
    found = [f"{where}: no doc"] if not declared.doc else []
    if not declared.unit and np.dtype(declared.dtype).kind == "f":
        found.append(f"{where}: a float without unit ('1' if pure)")
    return found


def faults_of_component(component: type[Component]) -> list[str]:
    """What a component's class lacks: a doc with its source, parameters, fields, streams and totals that explain themselves."""
    where = component.__qualname__
    doc = inspect.cleandoc(component.__doc__ or "")
    found = [] if doc else [f"{where}: no docstring"]
    if component.kind != "kpi" and "Source:" not in doc:
        found.append(f"{where}: its docstring names no source; say 'Source: assumed' if there is none")
    for model in sections(component.Params):
        found += faults_of_parameters(model)
    for name, declared in component.State.declarations.items():
        found += faults_of_field(f"{where}.State.{name}", declared)
    for one in component.streams():
        found += [f"{where}: stream {one.name} has no {part}" for part in ("doc", "per") if not getattr(one, part)]
    for one in component.totals:
        found += [f"{where}: total {one.name} has no {part}" for part in ("doc", "unit") if not getattr(one, part)]
    known = Customers.declarations.keys()
    found += [f"{where}: customers have no field {name!r}" for name in (*component.reads, *component.writes) if name not in known]
    return found


def test_every_component_declares_what_it_is_made_of():
    found = [line for one in [*catalog.components(), *catalog.kpis()] for line in faults_of_component(one)]
    assert not found, "\n".join(dict.fromkeys(found))


def test_every_kpi_has_unit_and_definition():
    found = [one.type for one in catalog.kpis() if not one.unit or not one.definition.endswith(".")]
    assert not found


def test_market_and_money_declare_their_numbers():
    found = [line for top in (Market, Economics) for model in sections(top) for line in faults_of_parameters(model)]
    assert not found, "\n".join(dict.fromkeys(found))


def test_shared_fields_and_totals_are_documented():
    found = [line for name, one in Customers.declarations.items() for line in faults_of_field(f"customers.{name}", one)]
    found += [f"total {one.name}" for one in WORLD_TOTALS if not one.doc or not one.unit]
    assert not found, "\n".join(found)


def test_param_refuses_an_effect_without_neutral_value():
    with pytest.raises(TypeError, match="neutral"):
        param(0.5, unit="1", doc="A push.", source="plan", role="effect", low=0.0, high=1.0)


def test_param_refuses_an_assumed_number_without_range():
    with pytest.raises(TypeError, match="range"):
        param(0.5, unit="1", doc="A push.", source="assumed")


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (param(0.5, unit="1", doc="A share.", source="", low=0.0, high=1.0), "no source"),
        (param(0.5, unit="1", doc="", source="plan", low=0.0, high=1.0), "no doc"),
        (param(0.5, unit="", doc="A share.", source="plan", low=0.0, high=1.0), "without unit"),
        (param(0.5, unit="1", doc="A share.", source="plan", low=0.0), "without range"),
        (param(2.0, unit="1", doc="A share.", source="plan", low=0.0, high=1.0), "outside"),
        (Field(0.5, description="A share."), "not declared by param"),
    ],
)
def test_a_parameter_that_lacks_something_is_found(declared, says):
    class Lacking(Parameters):
        size: float = declared

    assert says in "\n".join(faults_of_parameters(Lacking))


def test_a_nested_parameter_that_lacks_something_is_found():
    class Inner(Parameters):
        size: float = param(0.5, unit="1", doc="A share.", source="", low=0.0, high=1.0)

    class Outer(Parameters):
        parts: dict[str, Inner] | None = Field(None, description="Parts by name.")

    assert "no source" in "\n".join(line for one in sections(Outer) for line in faults_of_parameters(one))


def test_a_component_that_lacks_something_is_found():
    with small_market.unregistered():

        class Mute(Behavior):
            type = "mute"
            reads = ("no_such_field",)

            class State(Fields):
                size: Any = field(np.float32, default=0.0, unit="", doc="")

    found = "\n".join(faults_of_component(Mute))
    for says in ("no docstring", "no source", "State.size: no doc", "without unit", "no_such_field"):
        assert says in found
