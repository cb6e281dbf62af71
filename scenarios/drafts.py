"""What else is wrong behind a value that cannot be read: the same section with values that could stand in its place.

A check that looks at several values needs all of them. Where one is wrong, the section is drafted with the usual, the least and
the most value there; what is wrong in every draft does not hang on the value, and is told along with it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .faults import Fault, Spot, spot_of, value_at, worded

MODES = ("usual", "least", "most")
MOST_ROUNDS = 8
"""How often what comes to light behind a mended value is mended itself."""


def drafts(model: type[BaseModel], data: Any, path: tuple[str, ...], faults: list[Fault]) -> list[Any]:
    """Sections that a scenario might mean whose data are wrong and told; none if there is no telling.

    Args:
        model: The section.
        data: Plain data, as read.
        path: Where the section stands.
        faults: Gets what is wrong in all drafts.
    """
    found, told = [], []
    for mode in MODES:
        own: list[Fault] = []
        section = _draft(model, copy.deepcopy(data), path, mode, own)
        found += [] if section is None else [section]
        told.append(own)
    faults.extend(common(told))
    return found


def common(told: Sequence[Iterable[Fault]]) -> list[Fault]:
    """Faults that are in each of several lists."""
    lists = [{(one.path, one.message): one for one in faults} for faults in told]
    return [fault for key, fault in lists[0].items() if all(key in one for one in lists[1:])] if lists else []


def _draft(model: type[BaseModel], data: Any, path: tuple[str, ...], mode: str, told: list[Fault]) -> Any:
    mended: set[tuple[str, ...]] = set()
    for turn in range(MOST_ROUNDS):
        try:
            return model.model_validate_json(json.dumps(data))
        except ValidationError as error:
            rows = error.errors(include_url=False, include_input=False)[:200]
        spots = [(spot_of(model, row["loc"]), row) for row in rows]
        for spot, row in spots:
            inner = tuple(spot.path)
            # The first turn has been told; of later ones only what several right values contradict.
            if turn and row["type"] == "value_error" and inner not in mended:
                value = value_at(data, inner)
                told.append(Fault((*path, *inner), worded(spot, row, value), value=value))
        for spot, row in reversed(spots):
            if not spot.path or not _mend(data, spot, row, mode):
                return None
            mended.add(tuple(spot.path))
    return None


def _mend(data: Any, spot: Spot, row: Any, mode: str) -> bool:
    """Put something right where an error lies, or take away what is wrong; whether that was possible."""
    *way, name = spot.path
    around = value_at(data, way)
    key: Any = int(name) if isinstance(around, list) and name.isdigit() else name
    if not isinstance(around, dict | list):
        # A mend before this one took it away.
        return around is ...
    instead = ... if spot.of_key or row["type"] == "extra_forbidden" else _instead(spot, row, mode)
    if instead is not ...:
        if isinstance(around, list) and key >= len(around):
            return False
        around[key] = instead
        return True
    there = key in around if isinstance(around, dict) else isinstance(key, int) and key < len(around)
    if there:
        del around[key]
        return True
    return bool(way) and _without(data, way)


def _without(data: Any, way: list[str]) -> bool:
    around = value_at(data, way[:-1])
    if isinstance(around, list):
        del around[int(way[-1])]
    elif isinstance(around, dict):
        around.pop(way[-1], None)
    return True


def _instead(spot: Spot, row: Any, mode: str) -> Any:
    """A value that would be right; an ellipsis if none can be named."""
    default = ... if spot.field is None or spot.field.is_required() else spot.field.default
    if get_origin(spot.annotation) is Literal:
        allowed = get_args(spot.annotation)
        usual = default if default in allowed else allowed[0]
        return {"usual": usual, "least": allowed[0], "most": allowed[-1]}[mode]
    if spot.annotation is bool:
        return {"usual": bool(default) and default is not ..., "least": False, "most": True}[mode]
    if spot.annotation not in (int, float):
        return ...
    context = row.get("ctx") or {}
    extra = spot.field.json_schema_extra if spot.field is not None and isinstance(spot.field.json_schema_extra, dict) else {}
    low, high = extra.get("low", context.get("ge")), extra.get("high", context.get("le"))
    least = 0.0 if low is None else float(str(low))
    most = max(1.0, 2 * least) if high is None else float(str(high))
    usual = default if isinstance(default, int | float) and not isinstance(default, bool) else least + 0.5 * min(most - least, 1.0)
    value = {"usual": usual, "least": least, "most": most}[mode]
    return round(value) if spot.annotation is int else float(value)
