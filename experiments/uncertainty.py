"""What is not known: the assumed and calibrated parameters of a scenario, and joint draws of them.

Luck (replications) and knowledge (these draws) are kept apart. A draw is keyed by the parameter's path: scenarios that hold
the same of a parameter draw the same values, and others draw from the same place within ranges of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import numpy as np

from regulars.scenarios.check import DEFAULT
from regulars.scenarios.scenario import Scenario

ASSUMED = "assumed"


@dataclass(frozen=True)
class Uncertain:
    """One parameter that nobody knows.

    Attributes:
        path: Dotted path in the scenario.
        unit: Its unit.
        default: Value in the scenario.
        low, high: Range; for a switch both are the default.
        source: Why it stands here, or where the range comes from.
        widened: Whether the scenario states a range that does not hold the value in use, so that it had to be widened.
        choices: Other values of a switch; empty for a number.
        integer: Whether only whole numbers are valid.
    """

    path: str
    unit: str
    default: Any
    low: float
    high: float
    source: str
    choices: tuple[str, ...] = ()
    integer: bool = False
    widened: bool = False


def uncertain(scenarios: Sequence[Scenario]) -> list[dict[str, Uncertain]]:
    """What each scenario does not know, by path: what is assumed, and whatever it states a range for.

    Scenarios with the same value in use share what is known of it, the first stated range before all: two markets that are
    alike must not be drawn apart. Another value in use has a range of its own.
    """
    found = [{one.path: one for one in _assumed(scenario)} for scenario in scenarios]
    for path in sorted({path for mine in found for path in mine}):
        stated: dict[Any, Uncertain] = {}
        for scenario, mine in zip(scenarios, found, strict=True):
            if path in mine and path in scenario.uncertainties:
                stated.setdefault(mine[path].default, mine[path])
        for scenario, mine in zip(scenarios, found, strict=True):
            value = mine[path].default if path in mine else scenario.value(path) if has(scenario, path) else None
            if not isinstance(value, dict | list) and value in stated:
                mine[path] = stated[value]
    return [dict(sorted(mine.items())) for mine in found]


def _assumed(scenario: Scenario) -> Iterator[Uncertain]:
    sections = [("market", scenario.market), ("economics", scenario.economics)]
    sections += [(one.address, one.params) for one in scenario.components]
    for address, params in (*sections, *_of_segments(scenario)):
        for path, model, name in _walk(address, params):
            if path.startswith("market.segments.") and not has(scenario, path):
                continue
            info = type(model).model_fields[name]
            facts = info.json_schema_extra
            # Recorded histories say when customers came; nobody has to assume it.
            if not isinstance(facts, dict) or (path == "market.history_weeks" and scenario.histories is not None):
                continue
            stated = scenario.origin.get(path, DEFAULT) != DEFAULT
            source = (stated and scenario.citation(path)) or str(facts["source"])
            value = getattr(model, name)
            if value is None or not (source.startswith(ASSUMED) or path in scenario.uncertainties):
                continue
            choices = _choices(info.annotation)
            if choices:
                others = tuple(one for one in choices if one != value)
                yield Uncertain(path, "", value, 0.0, 0.0, source, others)
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            low, high = _span(scenario, path, value, facts)
            whole = isinstance(value, int)
            if whole:
                low, high = float(round(low)), float(round(high))
            if low < high:
                stated_range = scenario.uncertainties.get(path, (low, high))
                widened = not stated_range[0] <= value <= stated_range[1]
                yield Uncertain(path, str(facts["unit"]), value, low, high, source, (), whole, widened)


def _of_segments(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Address and all parameters of behaviors that segments have of their own."""
    for one in scenario.components:
        for segment, params in one.overrides.items():
            yield f"market.segments.{segment}.behaviors.{one.name}", params


def _span(scenario: Scenario, path: str, value: float, facts: dict[str, Any]) -> tuple[float, float]:
    """The range to draw from, always with the value in it: the one the scenario states, else the parameter's plausible one.

    What is valid tells what to believe only where the parameter's own default is an assumption of its author; money, and
    a value that only the scenario calls assumed, go from half to twice.
    """
    least, most = _bounds(facts)
    if path in scenario.uncertainties:
        low, high = scenario.uncertainties[path]
    elif facts["plausible"] is not None:
        low, high = facts["plausible"]
    elif facts["unit"] == "money" or not str(facts["source"]).startswith(ASSUMED):
        low, high = sorted((0.5 * value, 2.0 * value))
    else:
        low, high = least, most
    return max(least, min(float(low), float(value))), min(most, max(float(high), float(value)))


def _walk(address: str, params: Any) -> Iterator[tuple[str, Any, str]]:
    """Path, section and name of every plain parameter below a section."""
    for name in type(params).model_fields:
        value, path = getattr(params, name), f"{address}.{name}"
        if hasattr(type(value), "model_fields"):
            yield from _walk(path, value)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if hasattr(type(inner), "model_fields"):
                    yield from _walk(f"{path}.{key}", inner)
        else:
            yield path, params, name


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(get_args(annotation)) if get_origin(annotation) is Literal and len(get_args(annotation)) > 1 else ()


def triangular(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    """Quantiles of the triangular distribution with its peak at `mode`."""
    width = high - low
    peak = (mode - low) / width
    below = low + np.sqrt(u * width * (mode - low))
    above = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.where(u < peak, below, above)


def draw_values(scenario: Scenario, parameters: Iterable[Uncertain], draws: int, seed: int) -> list[dict[str, Any]]:
    """Joint draws of all that one scenario does not know, one dict of path to value a draw.

    Assumed numbers are triangular between low and high with their peak at the scenario's value, in a Latin hypercube
    (each parameter's strata in an order keyed by its path); calibrated ones are lognormal with the covariance of
    their fit. Switches keep their value: they are shown in the sensitivity table instead.
    """
    values: list[dict[str, Any]] = [{} for _ in range(draws)]
    for one in parameters:
        if one.choices:
            continue
        luck = _generator(seed, one.path)
        u = (luck.permutation(draws) + luck.random(draws)) / draws
        drawn = triangular(u, one.low, float(one.default), one.high)
        for at, value in enumerate(drawn):
            values[at][one.path] = round(float(value)) if one.integer else float(value)
    for group in _calibrated(scenario):
        luck = _generator(seed, ",".join(group.paths))
        shocks = luck.multivariate_normal(np.zeros(len(group.paths)), group.covariance, size=draws, method="eigh")
        for at in range(draws):
            for path, mean, shock in zip(group.paths, group.means, shocks[at], strict=True):
                values[at][path] = float(np.clip(mean * np.exp(min(shock, _WIDEST)), *group.valid[path]))
    return values


@dataclass(frozen=True)
class _Group:
    paths: tuple[str, ...]
    means: tuple[float, ...]
    covariance: np.ndarray
    valid: dict[str, tuple[float, float]]


_WIDEST = 700.0
"""Log of the largest factor that float64 holds."""

_PLACES = {
    "r": "behaviors.purchase.r",
    "alpha": "behaviors.purchase.alpha",
    "a": "behaviors.attrition.a",
    "b": "behaviors.attrition.b",
    "s": "behaviors.attrition.s",
    "beta": "behaviors.attrition.beta",
    "p": "behaviors.spend.p",
    "q": "behaviors.spend.q",
    "v": "behaviors.spend.v",
}


def _calibrated(scenario: Scenario) -> Iterator[_Group]:
    """Groups of jointly fitted parameters of the scenario's population file."""
    fitted = scenario.covariance
    if fitted is None:
        return
    behaviors = {one.type: one.params for one in scenario.components if one.kind == "behavior"}
    for key in ("purchase_attrition", "spend"):
        part = fitted.get(key)
        if not part or part.get("matrix") is None:
            continue
        kept = [at for at, name in enumerate(part["names"]) if _PLACES[name].split(".")[1] in behaviors]
        if not kept:
            continue
        paths = tuple(_PLACES[part["names"][at]] for at in kept)
        places = [(behaviors[path.split(".")[1]], path.split(".")[2]) for path in paths]
        means = tuple(float(getattr(params, name)) for params, name in places)
        valid = {path: _valid(params, name) for path, (params, name) in zip(paths, places, strict=True)}
        yield _Group(paths, means, np.asarray(part["matrix"], np.float64)[np.ix_(kept, kept)], valid)


def _valid(params: Any, name: str) -> tuple[float, float]:
    return _bounds(type(params).model_fields[name].json_schema_extra)


def _bounds(facts: Any) -> tuple[float, float]:
    """Least and greatest value that is valid."""
    low, high = facts["low"], facts["high"]
    return -np.inf if low is None else float(low), np.inf if high is None else float(high)


def _generator(seed: int, path: str) -> np.random.Generator:
    key = int.from_bytes(hashlib.sha256(f"{seed} {path}".encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def has(scenario: Scenario, path: str) -> bool:
    """Whether the scenario has a value at a dotted path."""
    try:
        scenario.value(path)
    except KeyError:
        return False
    return True
