"""What pydantic finds wrong, in words: dotted path, value, rule, nearest right answer."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .problem import as_written, nearest, shown, suggestion


@dataclass(frozen=True)
class Fault:
    """Something wrong at a path of the tree, not yet at a place in a file.

    Attributes:
        path: Keys from the root.
        message: The rule, without path and value.
        of_key: Whether the name is wrong, not its value.
        value: What stands there, if it is worth showing.
    """

    path: tuple[str, ...]
    message: str
    of_key: bool = False
    value: Any = ...

    @property
    def dotted(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)

    @property
    def text(self) -> str:
        """The whole message."""
        head = shown(self.dotted) if len(self.dotted) > 200 else self.dotted
        if self.value is not ... and not isinstance(self.value, dict | list):
            head = f"{head} = {as_written(self.value)}"
        return f"{head}: {self.message}" if head else self.message


@dataclass
class Spot:
    """Where an error of pydantic lies: path in the data, the field's declaration, the section around it."""

    path: list[str]
    field: FieldInfo | None
    annotation: Any
    owner: type[BaseModel] | None
    of_key: bool = False


def validated(model: type[BaseModel], data: Any, path: tuple[str, ...], faults: list[Fault]) -> Any:
    """An instance of `model`, or None after telling `faults` all that is wrong.

    Args:
        model: The section.
        data: Plain data, as read.
        path: Where the section stands.
        faults: Gets what is wrong.
    """
    try:
        # Through JSON, because strict mode then takes a list where a tuple is declared.
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        faults.extend(explain(model, data, path, error))
    return None


def explain(model: type[BaseModel], data: Any, path: tuple[str, ...], error: ValidationError) -> list[Fault]:
    """Faults of one section; several complaints about one value are told as one."""
    found: dict[tuple[tuple[str, ...], bool], list[tuple[Spot, Any]]] = {}
    for row in error.errors(include_url=False, include_input=False)[:200]:
        spot = spot_of(model, row["loc"])
        spot.of_key = spot.of_key or row["type"] == "extra_forbidden"
        found.setdefault((tuple(spot.path), spot.of_key), []).append((spot, row))
    faults = []
    for (inner, of_key), rows in found.items():
        value = value_at(data, inner)
        texts = list(dict.fromkeys(worded(spot, row, value) for spot, row in rows))
        kinds = {row["type"] for _, row in rows}
        tells_value = not of_key and not kinds & {"missing", "union_tag_not_found", "extra_forbidden"}
        faults.append(Fault((*path, *inner), " Or: ".join(texts[:3]), of_key, value if tells_value else ...))
    return faults


def value_at(data: Any, path: Iterable[str]) -> Any:
    for name in path:
        if isinstance(data, dict) and name in data:
            data = data[name]
        elif isinstance(data, list) and name.isdigit() and int(name) < len(data):
            data = data[int(name)]
        else:
            return ...
    return data


def spot_of(model: type[BaseModel], location: Sequence[int | str]) -> Spot:
    """The spot that a location of pydantic means; it names members of unions, which are no keys of the data."""
    spot = Spot([], None, model, None)
    for step in location:
        spot.annotation = _bare(spot.annotation)
        origin = get_origin(spot.annotation)
        if _is_section(spot.annotation):
            owner: type[BaseModel] = spot.annotation
            spot.owner, spot.field = owner, owner.model_fields.get(str(step))
            spot.annotation = None if spot.field is None else spot.field.annotation
            spot.path.append(str(step))
        elif origin in (Union, UnionType):
            spot.annotation = _member(spot.annotation, str(step))
        elif step == "[key]":
            spot.of_key = True
        elif origin in (dict, list, tuple):
            spot.annotation = _inner(spot.annotation)
            spot.field = None
            spot.path.append(str(step))
        elif spot.annotation is not None and spot.annotation is not Any:
            # A validator's label inside a scalar: no key of the data.
            continue
        else:
            spot.path.append(str(step))
    spot.annotation = _bare(spot.annotation)
    return spot


def _bare(annotation: Any) -> Any:
    """A type without `Annotated` and without `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        members = [one for one in get_args(annotation) if one is not type(None)]
        if len(members) == 1:
            return _bare(members[0])
    return annotation


def _is_section(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return inspect.isclass(annotation) and issubclass(annotation, BaseModel)


def _inner(annotation: Any) -> Any:
    args = [one for one in get_args(annotation) if one is not Ellipsis]
    return args[-1] if args else None


def _member(annotation: Any, label: str) -> Any:
    for one in get_args(annotation):
        bare = _bare(one)
        if label in tags_of(bare) or getattr(bare, "__name__", None) == label:
            return bare
    return None


def tags_of(annotation: Any) -> tuple[Any, ...]:
    """Values of ``type`` that mean this section."""
    if not _is_section(annotation) or "type" not in annotation.model_fields:
        return ()
    return get_args(annotation.model_fields["type"].annotation)


def worded(spot: Spot, row: Any, value: Any) -> str:
    kind, context = row["type"], row.get("ctx") or {}
    known = list(spot.owner.model_fields) if spot.owner is not None else []
    name = spot.path[-1] if spot.path else ""
    if kind == "extra_forbidden":
        return f"no such name here. {suggestion(name, known)}"
    if kind == "missing":
        doc = (spot.field.description or "") if spot.field else ""
        return f"missing. {doc or 'A value is needed.'}"
    if kind == "union_tag_not_found":
        return f"needs a `type`: one of {listed(_all_tags(spot.annotation))}."
    if kind == "union_tag_invalid":
        tags = _all_tags(spot.annotation)
        return f"type {shown(context.get('tag', ''))} is not known. {suggestion(context.get('tag', ''), tags)}"
    if kind == "literal_error":
        return choice(value, get_args(spot.annotation) or (context.get("expected", ""),))
    if kind in ("model_type", "model_attributes_type", "dict_type", "dataclass_type"):
        return _map_rule(value)
    if kind == "value_error":
        return str(context.get("error") or row["msg"].removeprefix("Value error, ")).rstrip(".") + "."
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        return f"needs at {'least' if kind == 'too_short' else 'most'} {bound} entries, not {context.get('actual_length')}."
    if kind in ("list_type", "tuple_type", "set_type"):
        return "must be a list: [a, b, ...]."
    if kind in ("string_type", "string_too_short", "string_too_long", "string_pattern_mismatch"):
        return _text_rule(kind, context, value)
    if kind == "bool_type":
        near = meant(value)
        return "must be true or false." + (f" Nearest right value: {str(near).lower()}." if isinstance(near, bool) else "")
    if kind.startswith(("int_", "float_", "finite_", "greater_", "less_")):
        return _number_rule(spot, context, value)
    return f"{row['msg'][:1].lower()}{row['msg'][1:]}."


_FORMS = {"^[A-Z]{3}$": "three capital letters, such as EUR"}
"""Forms of texts in words, by their pattern."""

_MEANT = {**dict.fromkeys(("yes", "on", "y", "true"), True), **dict.fromkeys(("no", "off", "n", "false"), False)}
"""What words mean to people, or in older YAML, that are texts here."""


def meant(value: Any) -> Any:
    """True or false where a word means it, else the value."""
    return _MEANT.get(value.lower(), value) if isinstance(value, str) else value


def _text_rule(kind: str, context: Any, value: Any) -> str:
    if kind == "string_type":
        is_bare = isinstance(value, int | float | bool)
        return "must be text." + (f' To mean the text put it in quotes: "{shown(value)}".' if is_bare else "")
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        return f"must be {_FORMS[pattern]}." if pattern in _FORMS else f"must have the form {pattern}."
    bound = context.get("min_length", context.get("max_length"))
    return f"must have at {'least' if kind == 'string_too_short' else 'most'} {bound} letters."


def _map_rule(value: Any) -> str:
    if value is None:
        return "nothing follows the colon. Write {} to take the defaults, or off to leave it out."
    if value is False:
        return "must be a map. To leave it out write off instead of false."
    if value is True:
        return "must be a map. To take the defaults write {} instead of true."
    return "must be a map of names to values, such as {name: value}."


def choice(value: Any, allowed: Sequence[Any]) -> str:
    """Rule and nearest right value where only given values are allowed."""
    texts = [shown(one) for one in allowed]
    rule = f"must be {listed(texts)}."
    if isinstance(value, str):
        near = nearest(value, [one for one in texts])
        return f"{rule} Nearest right value: {near}." if near else rule
    numbers = [one for one in allowed if isinstance(one, int | float) and not isinstance(one, bool)]
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{rule} Nearest right value: {min(numbers, key=lambda one: abs(one - value))}."
    return rule


def listed(words: Iterable[Any]) -> str:
    words = [str(one) for one in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _all_tags(annotation: Any) -> list[str]:
    return [str(tag) for one in get_args(annotation) for tag in tags_of(_bare(one))]


def _number_rule(spot: Spot, context: Any, value: Any) -> str:
    extra = spot.field.json_schema_extra if spot.field is not None else None
    extra = extra if isinstance(extra, dict) else {}
    low = extra.get("low", context.get("ge", context.get("gt")))
    high = extra.get("high", context.get("le", context.get("lt")))
    whole = spot.annotation is int
    rule = f"must be {'a whole number' if whole else 'a number'}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (not whole or isinstance(value, int)):
        rule = "must be"
    bounds = ""
    if low is not None and high is not None:
        bounds = f"{number(low)} to {number(high)}"
    elif low is not None:
        bounds = f"{number(low)} or more"
    elif high is not None:
        bounds = f"{number(high)} or less"
    elif rule == "must be":
        bounds = str(context.get("error", "within its range"))
    unit = f" (unit {extra['unit']})" if extra.get("unit") else ""
    near = _nearest_number(value, low, high, whole)
    default = None if spot.field is None or spot.field.is_required() else spot.field.default
    told = ""
    if near is not None:
        told = f" Nearest right value: {number(near)}."
    elif isinstance(default, int | float):
        told = f" Default: {number(default)}."
    return f"{f'{rule} {bounds}'.strip()}{unit}.{told}"


def _nearest_number(value: Any, low: Any, high: Any, whole: bool) -> float | None:
    try:
        text = str(value).replace("_", "").replace(",", ".").strip()
        percent = text.endswith("%")
        near = float(text.removesuffix("%")) if not isinstance(value, bool) else None
        # By way of 12 digits, so that 7 % is 0.07 and no fraction beside it.
        near = near if near is None or not percent else float(f"{near / 100:.12g}")
    except ValueError:
        near = None
    if near is None or near != near or abs(near) == float("inf"):
        return None
    near = near if low is None else max(near, float(low))
    near = near if high is None else min(near, float(high))
    return round(near) if whole else near


def number(value: Any) -> str:
    """A number as people write it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
