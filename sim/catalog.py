"""The roof: every component by kind, type and variant, and what each of its numbers means.

Components are found by walking the six wings; other packages add theirs by an entry point of the group
``regulars.components`` that names a module (or a class in it).
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import pkgutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .core.component import SECTIONS, Component, Kpi, registry

WINGS = ("behaviors", "programs", "campaigns", "feedback", "environment", "kpis")
ENTRY_POINTS = "regulars.components"
KINDS = tuple(SECTIONS)

_ROOT = __name__.rpartition(".")[0]

_log = logging.getLogger("regulars")


@lru_cache(maxsize=1)
def _modules() -> dict[str, list[str]]:
    """Modules of the wings by their last name, which is the type of what they hold."""
    found: dict[str, list[str]] = {}
    for wing in WINGS:
        package = importlib.import_module(f"{_ROOT}.{wing}")
        for module in pkgutil.iter_modules(package.__path__):
            found.setdefault(module.name, []).append(f"{package.__name__}.{module.name}")
    return found


@lru_cache(maxsize=1)
def _discover() -> None:
    """Import every module of the wings, then what other packages add."""
    for modules in _modules().values():
        for module in modules:
            importlib.import_module(module)
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        # Whatever another package raises must not take the simulator down with it.
        except Exception as error:
            what = " ".join(str(error).split())
            _log.warning("entry point %s = %s is left out: %s: %s", point.name, point.value, type(error).__name__, what)


def components() -> list[type[Component]]:
    """Every component but KPIs, by kind, type, and variant with the default first."""
    _discover()
    return _sorted(one for one in registry.values() if one.kind in SECTIONS and one.type)


def kpis() -> list[type[Kpi]]:
    """Every KPI, by name."""
    _discover()
    return sorted((one for one in registry.values() if issubclass(one, Kpi) and one.type), key=lambda one: one.type)


def types(kind: str) -> list[str]:
    """Types of a kind, as they are written in YAML."""
    return list(dict.fromkeys(one.type for one in components() if one.kind == kind))


def variants(kind: str, type: str) -> list[type[Component]]:
    """The classes of a type: one, or its variants with the default first; none if there is no such type.

    Most scenarios name a few types, so the module of that name is looked at before all the others.
    """
    for module in _modules().get(type, ()):
        importlib.import_module(module)
    return _registered(kind, type) or [one for one in components() if (one.kind, one.type) == (kind, type)]


def _registered(kind: str, type: str) -> list[type[Component]]:
    return _sorted(one for one in list(registry.values()) if (one.kind, one.type) == (kind, type))


def _sorted(found: Iterable[type[Component]]) -> list[type[Component]]:
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.type, not one.default_variant, one.variant or ""))


def find(kind: str, type: str, variant: str | None = None) -> type[Component]:
    """The component of a kind and type.

    Args:
        kind: ``behavior``, ``program``, ``campaign``, ``feedback`` or ``environment``.
        type: Its name in YAML.
        variant: One of its variants; the default variant if not given.

    Raises:
        LookupError: There is none; the text names the nearest if one is close.
    """
    found = variants(kind, type)
    if not found:
        raise LookupError(f"no {kind} {type!r}.{_near(type, types(kind))}")
    if variant is None:
        return found[0]
    if variant not in [one.variant for one in found]:
        # Another package may add a variant of a type that is here.
        _discover()
        found = _registered(kind, type)
    for one in found:
        if one.variant == variant:
            return one
    raise LookupError(f"{kind} {type!r} has no variant {variant!r}.{_near(variant, [str(one.variant) for one in found])}")


def _near(word: str | None, names: list[str]) -> str:
    near = difflib.get_close_matches(word or "", names, 1, 0.6)
    if near:
        return f" Nearest: {near[0]!r}."
    return f" There are {', '.join(names)}." if 0 < len(names) <= 8 else ""


def describe() -> dict[str, Any]:
    """What ``regulars catalog --json`` prints: all components and KPIs as plain data."""
    return {
        "components": [_describe(one) for one in components()],
        "kpis": [{"name": one.type, "unit": one.unit, "definition": one.definition} for one in kpis()],
    }


def _describe(component: type[Component]) -> dict[str, Any]:
    variant = {} if component.variant is None else {"variant": component.variant}
    return {
        "kind": component.kind,
        "type": component.type,
        **variant,
        "doc": inspect.cleandoc(component.__doc__ or ""),
        "facts": [{"text": one.text, "source": one.source, "kind": one.kind, "test": one.test} for one in component.facts],
        "unpublished": component.unpublished,
        "parameters": parameters(component.Params),
        "fields": [
            {"name": name, "unit": one.unit, "default": one.default, "low": one.low, "high": one.high, "doc": one.doc}
            for name, one in component.State.declarations.items()
        ],
        "streams": [{"name": one.name, "per": one.per, "doc": one.doc} for one in component.streams()],
    }


_REQUIRED: Any = object()


def parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """One row a parameter of a section: name, unit, default, low, high, choices, neutral, role, doc, source, plausible, group.

    Nested parameters have dotted names, and a ``*`` stands for names of the user's choice. `choices` are the values allowed
    where only some are. `group` is the optional group around the parameter, None where there is none: the group is off
    unless it is given, and the default holds within it. A default is None where a value is demanded.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in _rows(model, "", _REQUIRED, None):
        rows.setdefault(row["name"], row)
    return list(rows.values())


def _rows(model: type[BaseModel], prefix: str, values: Any, group: str | None) -> Iterator[dict[str, Any]]:
    for name, declared in model.model_fields.items():
        if name == "type" and len(get_args(declared.annotation)) == 1:
            continue
        value = getattr(values, name, _REQUIRED) if isinstance(values, model) else _default(declared)
        sections = list(_sections(declared.annotation, f"{prefix}{name}"))
        within = f"{prefix}{name}" if sections and value is None else group
        if kinds := _kinds(section for _, section in sections):
            yield _kind_row(f"{prefix}{name}.type", declared, value, kinds, within)
        for path, section in sections:
            yield from _rows(section, f"{path}.", value, within)
        if not sections:
            yield _row(f"{prefix}{name}", declared, value, within)


def _default(declared: FieldInfo) -> Any:
    return _REQUIRED if declared.is_required() else declared.get_default(call_default_factory=True)


def _sections(annotation: Any, path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The sections that a value of this type is made of, each with its dotted name."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield path, annotation
    elif origin is Annotated:
        yield from _sections(inner[0], path)
    elif origin in (Union, UnionType):
        for one in inner:
            yield from _sections(one, path)
    elif origin is dict:
        yield from _sections(inner[1], f"{path}.*")
    elif origin in (list, tuple):
        for one in inner:
            yield from _sections(one, f"{path}.*")


def _kinds(sections: Iterable[type[BaseModel]]) -> list[str]:
    """Values of ``type`` that pick one of several sections; none where there is nothing to pick."""
    fields = [one.model_fields["type"] for one in sections if "type" in one.model_fields]
    found = [str(one) for field in fields for one in choices(field.annotation)]
    return found if len(found) > 1 else []


def _kind_row(name: str, declared: FieldInfo, value: Any, kinds: list[str], group: str | None) -> dict[str, Any]:
    row = _row(name, declared, getattr(value, "type", None), group)
    return {**row, "choices": kinds, "source": row["source"] or "name"}


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values allowed where an annotation is a `Literal`, or holds one outside of any section; empty where it does not."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(one for inner in get_args(annotation) for one in choices(inner))


def _row(name: str, declared: FieldInfo, value: Any, group: str | None) -> dict[str, Any]:
    extra = declared.json_schema_extra if isinstance(declared.json_schema_extra, dict) else {}
    return {
        "name": name,
        "unit": extra.get("unit", ""),
        "default": _plain(value),
        "low": extra.get("low"),
        "high": extra.get("high"),
        "choices": list(choices(declared.annotation)) or None,
        "neutral": extra.get("neutral"),
        "role": extra.get("role", "rule"),
        "doc": declared.description or "",
        "source": extra.get("source", ""),
        "plausible": extra.get("plausible"),
        "group": group,
    }


def _plain(value: Any) -> Any:
    if value is _REQUIRED:
        return None
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
