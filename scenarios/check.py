"""Tree to scenario: every value checked once, at the door, and all that is wrong told at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel, Field, model_validator

from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.core.declare import Parameters, group, param
from regulars.sim.core.limits import MOST_WEEKS
from regulars.sim.world.market import Economics, Market
from regulars.sim.world.world import brought

from . import claims as claiming
from . import options
from . import resolve as resolving
from .drafts import common, drafts
from .faults import Fault, choice, meant, number, tags_of, validated
from .library import Source, find
from .options import KINDS
from .population import JOINT, PopulationFile, place, placed, read_edges, read_population
from .problem import Place, Problem, ScenarioError, as_written, nearest, problem, suggestion
from .reader import Node, plain, plant
from .resolve import ALWAYS, NAME, OFF, PARTS, Resolved, values_layer
from .scenario import Scenario

NEEDED = {
    "purchase": "cannot be off: nobody would ever order. For rare orders give a small rate, such as {r: 0.1, alpha: 100}.",
    "spend": "cannot be off: an order needs a value. For 20 each give {type: lognormal, mean_log: 2.996, between_sd: 0, within_sd: 0}.",
}
"""Behaviors without which a market is none, and what to write instead of `off`."""

VALUES = ("null", "true", "false")
"""Words that are no names, with or without quotes."""

DEFAULT = "catalog:0"
"""Origin of values that no file gives."""


class Range(Parameters):
    """Least and greatest value of a parameter in a sensitivity analysis."""

    low: float = param(unit="", doc="Least value.", source="plan")
    high: float = param(unit="", doc="Greatest value.", source="plan")

    @model_validator(mode="after")
    def _rises(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low must be below high. Nearest right values: low {number(self.high)}, high {number(self.low)}")
        return self


class Head(Parameters):
    """What stands at the top of a scenario, outside of its sections."""

    name: Annotated[str, Field(max_length=200)] = param("", unit="", doc="Title for people, any text.", source="name")
    description: Annotated[str, Field(max_length=10_000)] = param("", unit="", doc="What it is about, for people.", source="name")
    horizon_weeks: int = param(52, unit="weeks", low=1, high=MOST_WEEKS, doc="Weeks of a run.", source="question asked")
    step_days: Literal[7, 1] = param(7, unit="days", doc="Length of a step: a week or a day.", source="question asked")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = param(
        "USD", unit="", doc="Three-letter code of all money.", source="question asked"
    )
    sources: dict[str, Annotated[str, Field(min_length=1)]] = group(
        "Dotted path, or a prefix that covers all below it, to a citation or a text that begins with `assumed`.", dict
    )
    claims: dict[str, claiming.Claim] = group("Numbers that others have stated about this case; no result depends on them.", dict)
    uncertainties: dict[str, Range] = group("Dotted path to the range in a sensitivity analysis.", dict)


_HEAD = tuple(Head.model_fields)
_TOP = (*_HEAD[:5], "market", "economics", *PARTS, *_HEAD[5:])
TOP = ("extends", *_TOP)
"""All keys at the top of a scenario file."""


def implied_type(path: str) -> str | None:
    """Type of a part whose map names none: the default variant of a behavior, and elsewhere its own name."""
    section, _, name = path.partition(".")
    if section not in PARTS or "." in name:
        return None
    found = catalog.variants(KINDS[section], name)
    if not found:
        return None
    return found[0].variant if section == "behaviors" else name


def load_all(names: Sequence[str], sets: Sequence[str] = ()) -> list[Scenario]:
    """Read and check scenarios, each with the options that fit it; see `options.fitting`.

    Raises:
        ScenarioError: With all problems of all files and options.
    """
    errors: list[Problem] = []
    given = options.read_options(sets, errors)
    files: list[tuple[Resolved, list[Problem]]] = []
    for name in names:
        problems: list[Problem] = []
        try:
            files.append((resolving.resolve(find(name), implied_type, problems), problems))
        except ScenarioError as error:
            errors.extend(error.errors)
    # What an unreadable file has is not known, so an option that fits no other may still fit it.
    misfits = errors if len(files) == len(names) else []
    layers = options.fitting(given, [one for one, _ in files], misfits)
    found = []
    for (resolved, problems), layer in zip(files, layers, strict=True):
        laid = resolving.lay(resolved, layer, options.LABEL, implied_type) if given else resolved
        try:
            found.append(_Check(laid, problems).scenario())
        except ScenarioError as error:
            errors.extend(error.errors)
    if errors:
        raise ScenarioError(errors)
    return found


def from_tree(tree: Mapping[str, Any], source: Source, id: str) -> Scenario:
    """Check a resolved tree of plain data, as `Scenario.tree` is one.

    Args:
        tree: The scenario.
        source: Where paths in it begin.
        id: Id of the scenario.

    Raises:
        ScenarioError: With all problems; their file is the label of `source`.
    """
    node = plant(dict(tree), Place(source.label))
    return replace(_Check(Resolved(node, source, (source.label,)), []).scenario(), id=id)


class _Check:
    """One scenario on its way from tree to components."""

    def __init__(self, resolved: Resolved, problems: list[Problem], population: PopulationFile | None = None) -> None:
        self.resolved, self.problems = resolved, problems
        self.faults: list[Fault] = []
        self.root = resolved.node
        self.files = list(resolved.files)
        self.population = population or self._population()
        self.tree: dict[str, Any] = plain(self.root)

    def scenario(self) -> Scenario:
        tree, faults = self.tree, self.faults
        for name in tree:
            if name not in TOP:
                faults.append(Fault((name,), f"no such section. {suggestion(name, TOP)}", of_key=True))
        heads = self._read(Head, {name: tree[name] for name in _HEAD if tree.get(name) is not None}, ())
        markets = self._read(Market, tree.get("market"), ("market",))
        if not markets and isinstance(tree.get("market"), dict):
            # What segments there are does not hang on how many people are missing.
            peopled = validated(Market, {**tree["market"], "customers": 1, "prospects": 1}, (), [])
            markets = [peopled] if peopled is not None else []
        economies = self._read(Economics, tree.get("economics"), ("economics",))
        parts = [one for section in PARTS for one in self._parts(section)]
        parts.sort(key=lambda one: (catalog.KINDS.index(one[0].kind), one[0].name))
        components = [one for one, _ in parts]
        faults.extend(_misnamed(tree, {one.path for one in faults}))
        edges = None
        if markets:
            names = brought(components)
            for _, drafted in parts:
                faults.extend(common([list(_contradictions(one, market, names)) for one in drafted for market in markets]))
            components = [self._by_segment(one, markets[0]) if drafted else one for one, drafted in parts]
            faults.extend(_unknown_overrides(markets[0], components))
        if markets and not faults:
            edges = self._edges(markets[0])
        known = [one for one, drafted in parts if drafted]
        faults.extend(common([list(self._of_head(head, markets, economies, known)) for head in heads]))
        if self.problems or faults:
            raise ScenarioError([*self.problems, *placed(faults, self.root)])
        (head, market, economics), source = (heads[0], markets[0], economies[0]), self.resolved.source
        values = self.population.values if self.population else None
        filled = _filled(head, market, economics, components, values, source.id)
        return Scenario(
            id=source.id,
            name=filled["name"],
            description=head.description,
            horizon_weeks=head.horizon_weeks,
            step_days=head.step_days,
            currency=head.currency,
            market=market,
            economics=economics,
            components=tuple(components),
            tree=filled,
            origin=dict(_origins(filled, self.root)),
            sources=dict(head.sources),
            claims=dict(head.claims),
            uncertainties={path: (one.low, one.high) for path, one in head.uncertainties.items()},
            population=values,
            histories=self.population.histories if self.population else None,
            covariance=self.population.covariance if self.population else None,
            population_currency=self.population.currency if self.population else None,
            edges=edges,
            source=source,
            files=tuple(self.files),
        )

    def _read(self, model: type[Parameters], data: Any, path: tuple[str, ...]) -> list[Any]:
        """A section, or after telling what is wrong with it, what it might be: nothing if there is no telling."""
        data = {} if data is None else _without_off(data, model, path, self.faults)
        found = validated(model, data, path, self.faults)
        return [found] if found is not None else drafts(model, data, path, self.faults)

    def _of_head(self, head: Head, markets: list[Market], economies: list[Economics], components: list[Component]) -> Iterator[Fault]:
        """What the head says of values that are elsewhere."""
        market, economics = markets[0] if markets else None, economies[0] if economies else None
        yield from _dangling(head, market, economics, components)
        yield from self._fitted_ranges(head)
        yield from claiming.faults(head.claims)
        yield from self._other_money(head)

    def _parts(self, section: str) -> Iterator[tuple[Component, list[Component]]]:
        """Each part that is on, twice; of one that is wrong and told, what it might be instead, and all that it might be."""
        data = self.tree.get(section)
        if data is None or (data == OFF and section != "behaviors"):
            data = {}
        if not isinstance(data, dict):
            hint = " Switch behaviors off one by one." if data == OFF else ""
            self.faults.append(Fault((section,), f"must be a map of names to parts.{hint}", value=data))
            return
        if section == "behaviors":
            self._needed(data)
            data = {**{name: {} for name in ALWAYS if catalog.variants("behavior", name)}, **data}
        for name, part in data.items():
            if len(self.faults) > 200:
                return
            chosen = _chosen(section, name, part, self.faults, self._calibrated(section, name).get("type"))
            if chosen is None:
                continue
            values = {**part, **self._calibrated(section, name)}
            component = _component(chosen, name, values, (section, name), self.faults)
            if component is not None:
                yield component, [component]
            else:
                yield _stand_ins(chosen, name, values, (section, name), self.faults)

    def _fitted_ranges(self, head: Head) -> Iterator[Fault]:
        """Ranges of values whose fit says itself how sure it is."""
        covariance = (self.population.covariance if self.population else None) or {}
        names = {name for key in JOINT for name in (covariance.get(key) or {}).get("names", ())}
        for path in head.uncertainties:
            section, _, inner = path.partition(".")
            behavior, _, name = inner.partition(".")
            if section == "behaviors" and name in names and name in self._calibrated(section, behavior):
                rule = "comes from market.population, whose fit tells how sure it is. Leave its range out."
                yield Fault(("uncertainties", path), rule, of_key=True)

    def _other_money(self, head: Head) -> Iterator[Fault]:
        """Order values of another currency than the scenario's, where the population file tells theirs."""
        theirs = self.population.currency if self.population else None
        is_stated = self.tree.get("currency") in (None, head.currency)
        if theirs is not None and theirs != head.currency and is_stated:
            rule = f"its order values are in {theirs}, and the scenario's currency is {head.currency}."
            rule += f" Write currency: {theirs}, or convert."
            yield Fault(("market", "population"), rule, value=self.tree.get("market", {}).get("population"))

    def _by_segment(self, component: Component, market: Market) -> Component:
        """The component with the parameters that segments have of their own; these win over a population file's."""
        overrides = {}
        for segment, one in market.segments.items():
            given = one.behaviors.get(component.name) if component.kind == "behavior" else None
            if not given:
                continue
            path = ("market", "segments", segment, "behaviors", component.name)
            if "type" in given:
                rule = "a segment may have parameters of its own, but no other type."
                self.faults.append(Fault((*path, "type"), rule, value=given["type"]))
            elif not component.by_segment:
                self.faults.append(Fault(path, f"{component.name} works between people and is one for all segments."))
            else:
                values = {**component.params.model_dump(mode="json"), **given}
                overrides[segment] = validated(type(component).Params, values, path, self.faults)
        return type(component)(component.params, component.name, overrides) if overrides else component

    def _needed(self, behaviors: dict[str, Any]) -> None:
        """Tell where a behavior is off without which a market has no money to compare."""
        for name, rule in NEEDED.items():
            part = behaviors.get(name)
            if part == OFF:
                self.faults.append(Fault(("behaviors", name), rule, value=part))
            elif isinstance(part, dict) and part.get("type") in ("none", OFF):
                self.faults.append(Fault(("behaviors", name, "type"), rule, value=part["type"]))

    def _calibrated(self, section: str, name: str) -> dict[str, Any]:
        if self.population is None or section != "behaviors":
            return {}
        return self.population.values.get(name, {})

    def _population(self) -> PopulationFile | None:
        """The population file; what it stands in for is taken out of earlier layers."""
        market = self.root.map.get("market")
        node = None if market is None else market.map.get("population")
        if node is None or not isinstance(node.value, str):
            return None
        try:
            source = self.resolved.source.reference(node.value, suffixes=(".yaml", ".yml", ".json"))
            self.files.append(source.path)
            found = read_population(source)
        except ScenarioError as error:
            self.problems.extend(error.errors)
            return None
        except ValueError as error:
            self.problems.append(place(Fault(("market", "population"), str(error), value=node.value), self.root))
            return None
        behaviors = self.root.map.get("behaviors")
        for name, values in found.values.items():
            part = None if behaviors is None else behaviors.map.get(name)
            if part is not None:
                self._yield_to(found, name, values, part, node)
        return found

    def _yield_to(self, found: PopulationFile, name: str, values: dict[str, Any], part: Node, node: Node) -> None:
        layer = self.resolved.layer
        written = part.map.get("type")
        old = implied_type(f"behaviors.{name}") if written is None else written.value
        for key, inner in list(part.map.items()):
            earlier = layer(inner.at) < layer(node.at)
            replaced = earlier and (key in ("type", *values) or old != values.get("type", old))
            if replaced or (key == "type" and inner.value == values.get("type")):
                del part.map[key]
            elif key in values:
                path = ("behaviors", name, key)
                rule = f"market.population ({node.at}: {found.source.label}) gives it too. Keep one of the two."
                self.problems.append(place(Fault(path, rule, value=plain(inner)), self.root))
                # Told once; what follows from a part with two types is no news.
                del part.map[key]

    def _edges(self, market: Market) -> tuple[np.ndarray, ...] | None:
        file = getattr(market.network, "file", None)
        if file is None:
            return None
        try:
            source = self.resolved.source.reference(file)
            self.files.append(source.path)
            return read_edges(source, market.network, market.people)
        except ValueError as error:
            self.faults.append(Fault(("market", "network", "file"), str(error), value=file))
        return None


def _chosen(section: str, name: str, part: Any, faults: list[Fault], calibrated: str | None = None) -> type[Component] | None:
    """The class that a part of a scenario asks for; None if it is off, or wrong and told."""
    kind, path = KINDS[section], (section, name)
    if section == "behaviors" and not catalog.variants(kind, name):
        faults.append(Fault(path, f"no such behavior. {suggestion(name, catalog.types(kind))}", of_key=True))
        return None
    if part == OFF:
        return None
    if not isinstance(part, dict):
        rule = "must be a map of parameters, {} for the defaults, or off."
        told, word = "", as_written(part)
        if part is None:
            told = " Nothing follows the colon."
        elif isinstance(meant(part), bool):
            told = (
                f" To take the defaults write {{}} instead of {word}." if meant(part) else f" To leave it out write off instead of {word}."
            )
        faults.append(Fault(path, rule + told, value=... if part is None else part))
        return None
    if section == "behaviors":
        return _variant(kind, name, part, path, faults, calibrated)
    wanted = part.get("type")
    if wanted is None and catalog.variants(kind, name):
        wanted = name
    if wanted is None:
        faults.append(Fault(path, f"needs a `type`. {_likely(name, part, catalog.types(kind))}"))
    elif not isinstance(wanted, str) or not catalog.variants(kind, wanted):
        faults.append(Fault((*path, "type"), f"no such {kind}. {suggestion(wanted, catalog.types(kind))}", value=wanted))
    else:
        return catalog.find(kind, wanted)
    return None


def _likely(name: str, part: dict[str, Any], types: list[str]) -> str:
    """The type that a part without one most likely means: one that it says elsewhere, or that its name has in it."""
    said = [one for one in types if one in [value for value in part.values() if isinstance(value, str)]]
    alike = [one for one in types if len(name) > 2 and (one in name or name in one)]
    if said or alike:
        return f"Did you mean `type: {(said or alike)[0]}`?"
    return f"Known: {', '.join(types)}."


def _variant(
    kind: str, name: str, part: dict[str, Any], path: tuple[str, ...], faults: list[Fault], calibrated: str | None
) -> type[Component] | None:
    classes = catalog.variants(kind, name)
    if classes[0].variant is None:
        return classes[0]
    wanted = part.get("type", calibrated or classes[0].variant)
    if wanted in ("none", OFF):
        return None
    others = [] if name in NEEDED else ["none"]
    try:
        return catalog.find(kind, name, str(wanted))
    except LookupError:
        names = [str(one.variant) for one in catalog.variants(kind, name)]
        faults.append(Fault((*path, "type"), choice(wanted, [*names, *others]), value=wanted))
    return None


def _component(chosen: type[Component], name: str, values: dict[str, Any], path: tuple[str, ...], faults: list[Fault]) -> Component | None:
    """The component of a part's values, or None after telling what is wrong."""
    params = validated(chosen.Params, _own_values(chosen, values, path, faults), path, faults)
    return None if params is None else chosen(params, name)


def _stand_ins(
    chosen: type[Component], name: str, values: dict[str, Any], path: tuple[str, ...], faults: list[Fault]
) -> tuple[Component, list[Component]]:
    """What a part that is wrong and told might be: one that brings its names, and all whose contradictions may be told."""
    values = _own_values(chosen, values, path, [])
    found = [chosen(params, name) for params in drafts(chosen.Params, values, path, faults)]
    if found:
        return found[0], found
    # What brings names has to be a map, be it empty, for a component to be asked for them.
    given = {key: values.get(key) for key in chosen.Params.model_fields if _holds_entries(chosen.Params, key)}
    maps = {key: value if isinstance(value, dict) else {} for key, value in given.items()}
    return chosen(chosen.Params.model_construct(None, **maps), name), []


def _own_values(chosen: type[Component], values: dict[str, Any], path: tuple[str, ...], faults: list[Fault]) -> dict[str, Any]:
    values = _without_off(values, chosen.Params, path, faults)
    picks_class = chosen.kind != "behavior" or chosen.variant is not None
    if picks_class and "type" not in chosen.Params.model_fields:
        values = {key: value for key, value in values.items() if key != "type"}
    return values


def _without_off(data: Any, model: type[BaseModel], path: tuple[str, ...], faults: list[Fault]) -> Any:
    """Data without what is switched off in it: entries of maps, and groups that need not be there, which are then null."""
    if not isinstance(data, dict):
        return data
    found = dict(data)
    for name, declared in model.model_fields.items():
        value, here, kinds = found.get(name), (*path, name), list(_groups(declared.annotation))
        sections = [one for one, is_entry in kinds if not is_entry]
        if value == OFF and kinds:
            if any(one is type(None) for one in get_args(declared.annotation)):
                found[name] = None
                continue
            none = " Write {type: none}." if any("none" in tags_of(one) for one in sections) else ""
            rule = "cannot be off: change its values instead." if sections else "cannot be off: switch its entries off one by one."
            faults.append(Fault(here, rule + none, value=value))
            del found[name]
        elif isinstance(value, dict) and get_origin(declared.annotation) is dict:
            inner = {key: one for key, one in value.items() if one != OFF}
            found[name] = {key: _without_off(one, kinds[0][0], (*here, key), faults) if kinds else one for key, one in inner.items()}
        elif isinstance(value, dict) and len(sections) == 1:
            found[name] = _without_off(value, sections[0], here, faults)
    return found


def _groups(annotation: Any, is_entry: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Sections that a value may be, and whether they are entries of a map of names."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation, is_entry
    elif get_origin(annotation) is dict:
        yield from _groups(get_args(annotation)[1], True)
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for one in get_args(annotation):
            yield from _groups(one, is_entry)


def _holds_entries(model: type[BaseModel], name: str) -> bool:
    declared = model.model_fields.get(name)
    return declared is not None and get_origin(declared.annotation) is dict


def _unknown_overrides(market: Market, components: list[Component]) -> Iterator[Fault]:
    """Parameters that a segment has of a behavior that there is not, or that is off."""
    there = {one.name for one in components if one.kind == "behavior"}
    for segment, one in market.segments.items():
        for name in one.behaviors:
            path = ("market", "segments", segment, "behaviors", name)
            if not catalog.variants("behavior", name):
                yield Fault(path, f"no such behavior. {suggestion(name, catalog.types('behavior'))}", of_key=True)
            elif name not in there:
                yield Fault(path, f"is off in this scenario. Switch it on with behaviors: {{{name}: {{}}}}.", of_key=True)


def _contradictions(component: Component, market: Market, names: Mapping[str, tuple[str, ...]]) -> Iterator[Fault]:
    for inner, message in component.problems(market, names):
        path = (*component.address.split("."), *(inner.split(".") if inner else ()))
        yield Fault(path, f"{message.rstrip('.')}.")


def _misnamed(tree: Any, told: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Names of the user's choice that cannot stand in a dotted path."""
    if not isinstance(tree, dict):
        return
    for name, inner in tree.items():
        here = (*path, name)
        if not path and name in ("sources", "uncertainties"):
            continue
        if name in VALUES:
            yield Fault(here, "is a value and no name in YAML. Choose another name.", of_key=True)
        elif not NAME.fullmatch(name):
            if here not in told:
                yield Fault(here, "a name is a-z, 0-9 and _, begins with a letter and has at most 64 letters.", of_key=True)
        else:
            yield from _misnamed(inner, told, here)


def _dangling(head: Head, market: Market | None, economics: Economics | None, components: list[Component]) -> Iterator[Fault]:
    """Sources and ranges of what the scenario does not have; those of a part that is off are let be."""
    sections = {"market": market, "economics": economics, **{one.address: one.params for one in components}}
    values = {address: one.model_dump(mode="json") for address, one in sections.items() if one is not None}
    for section in ("sources", "uncertainties"):
        for path in getattr(head, section):
            names = path.split(".")
            if names[0] not in TOP:
                yield Fault((section, path), f"no such section. {suggestion(names[0], TOP)}", of_key=True)
            elif names[0] == "behaviors" and len(names) > 1 and not catalog.variants("behavior", names[1]):
                yield Fault((section, path), f"no such behavior. {suggestion(names[1], catalog.types('behavior'))}", of_key=True)
            else:
                depth = 2 if names[0] in PARTS else 1
                owner = ".".join(names[:depth])
                yield from _leads_nowhere(section, path, names[depth:], values.get(owner, ...))
                if section == "uncertainties":
                    yield from _invalid_range(path, head.uncertainties[path], sections.get(owner), names[depth:])


def _leads_nowhere(section: str, path: str, names: list[str], at: Any) -> Iterator[Fault]:
    for name in names:
        if isinstance(at, dict) and name not in at and name != "type":
            near = nearest(name, at)
            rule = f"no such value in {path.rpartition('.')[0]}."
            yield Fault((section, path), f"{rule} Did you mean '{near}'?" if near else rule, of_key=True)
            return
        at = at.get(name, ...) if isinstance(at, dict) else ...
    if section == "uncertainties" and at is not ... and (isinstance(at, bool) or not isinstance(at, int | float)):
        yield Fault((section, path), "only a number can have a range.", of_key=True)


def _invalid_range(path: str, range: Range, params: Any, names: list[str]) -> Iterator[Fault]:
    """Ends of a range that would be no valid value of their parameter."""
    for name in names[:-1]:
        params = params.get(name) if isinstance(params, dict) else getattr(params, name, None)
    field = getattr(type(params), "model_fields", {}).get(names[-1]) if names else None
    facts = field.json_schema_extra if field is not None else None
    if not isinstance(facts, dict):
        return
    for end, value in (("low", range.low), ("high", range.high)):
        least, most = (facts.get(one) for one in ("low", "high"))
        if (least is not None and value < float(str(least))) or (most is not None and value > float(str(most))):
            rule = f"must be within what is valid for {path}, {number(least)} to {number(most)}."
            yield Fault(("uncertainties", path, end), rule, value=int(value) if value.is_integer() else value)


def _filled(
    head: Head,
    market: Market,
    economics: Economics,
    components: list[Component],
    calibrated: dict[str, dict[str, Any]] | None,
    id: str,
) -> dict[str, Any]:
    """The whole scenario as plain data with all defaults."""
    top = head.model_dump(mode="json")
    top["name"] = top["name"] or id
    filled: dict[str, Any] = {name: top[name] for name in _HEAD[:5]}
    filled["market"], filled["economics"] = market.model_dump(mode="json"), economics.model_dump(mode="json")
    for section in PARTS:
        filled[section] = {
            one.name: _dumped(one, (calibrated or {}).get(one.name, {}) if section == "behaviors" else {})
            for one in components
            if one.kind == KINDS[section]
        }
    for name in ALWAYS:
        if name not in filled["behaviors"] and catalog.variants("behavior", name):
            filled["behaviors"][name] = OFF
    filled.update((name, top[name]) for name in _HEAD[5:])
    return filled


def _dumped(component: Component, calibrated: Mapping[str, Any]) -> dict[str, Any]:
    """A part as plain data that is valid input; calibrated values are left to the population file."""
    data = component.params.model_dump(mode="json")
    data = {name: value for name, value in data.items() if name not in calibrated}
    kind = component.variant if component.kind == "behavior" else component.type
    return data if kind is None or "type" in calibrated else {"type": kind, **data}


def _origins(tree: Any, node: Node | None, path: str = "", written: str = DEFAULT) -> Iterator[tuple[str, str]]:
    """Dotted path of every value, and where it was written: file and line, or the catalog."""
    if node is not None and not isinstance(node.value, dict):
        written = str(node.at)
    if isinstance(tree, dict) and (tree or not path):
        for name, value in tree.items():
            yield from _origins(value, None if node is None else node.map.get(name), f"{path}.{name}" if path else name, written)
    else:
        yield path, str(node.at) if node is not None else written


def change(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """A scenario with other values, checked; see `Scenario.with_values`.

    Other numbers in known places touch their own section only, which makes thousands of draws cheap; anything else (a part
    that comes or goes, another type) is checked as a whole.
    """
    if not isinstance(values, Mapping) or not all(isinstance(path, str) for path in values):
        raise TypeError(f"values is a map of dotted paths to values, such as {{'market.customers': 500}}, not {values!r}.")
    values = {path: _ordinary(value) for path, value in values.items()}
    owners = {path: _owner(scenario, path, value) for path, value in values.items()}
    return _patched(scenario, values, owners) if all(owners.values()) else _rebuilt(scenario, values)


def _ordinary(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def _owner(scenario: Scenario, path: str, value: Any) -> tuple[str, ...]:
    """The section that alone is touched by a value; empty if more than one is."""
    names = tuple(path.split("."))
    depth = 2 if names[0] in PARTS else 1 if names[0] in ("market", "economics") else 0
    if path in ("horizon_weeks", "step_days"):
        return ("head",)
    if not 0 < depth < len(names) or isinstance(value, dict) or value == OFF or names[-1] in ("type", "population", "file"):
        return ()
    if path.startswith("market.") and scenario.edges is not None:
        return ()
    if names[0] in ("market", "behaviors") and any(one.behaviors for one in scenario.market.segments.values()):
        return ()
    try:
        return () if isinstance(scenario.value(path), dict) else names[:depth]
    except KeyError:
        return ()


def _patched(scenario: Scenario, values: dict[str, Any], owners: dict[str, tuple[str, ...]]) -> Scenario:
    """The scenario with values that lie in known places of their sections."""
    faults: list[Fault] = []
    tree = dict(scenario.tree)
    calibrated = {name: dict(one) for name, one in (scenario.population or {}).items()}
    new: dict[tuple[str, ...], Any] = {}
    for owner in dict.fromkeys(owners.values()):
        if owner == ("head",):
            given = {path: value for path, value in values.items() if owners[path] == owner}
            data = {name: tree[name] for name in ("horizon_weeks", "step_days")}
            new[owner] = validated(Head, {**data, **{path: _like(data[path], one) for path, one in given.items()}}, (), faults)
            continue
        data = _at(tree, owner)
        data = {} if data == OFF else data
        known = calibrated.get(owner[-1], {}) if owner[0] == "behaviors" else {}
        for path, value in values.items():
            if owners[path] == owner:
                inner = path.split(".")[len(owner) :]
                if len(inner) == 1 and inner[0] in known:
                    known[inner[0]] = value
                else:
                    data = _with(data, inner, value)
        if owner == ("market",):
            new[owner] = validated(Market, data, owner, faults)
        elif owner == ("economics",):
            new[owner] = validated(Economics, data, owner, faults)
        else:
            old = scenario.component(".".join(owner))
            if old is not None:
                new[owner] = _component(type(old), old.name, {**data, **known}, owner, faults)
    market = new.get(("market",), scenario.market)
    components = tuple(new.get(tuple(one.address.split(".")), one) for one in scenario.components)
    if not faults:
        for one in components:
            if market is not scenario.market or tuple(one.address.split(".")) in new:
                faults.extend(_contradictions(one, market, brought(components)))
    if faults:
        raise ScenarioError(_of_values(faults, values))
    for owner, section in new.items():
        if owner == ("head",):
            tree.update(horizon_weeks=section.horizon_weeks, step_days=section.step_days)
        elif len(owner) == 1:
            tree[owner[0]] = section.model_dump(mode="json")
        else:
            known = calibrated.get(owner[1], {}) if owner[0] == "behaviors" else {}
            tree[owner[0]] = {**tree[owner[0]], owner[1]: _dumped(section, known)}
    origin = dict(scenario.origin)
    sources = {path: text for path, text in scenario.sources.items() if path not in values}
    if len(sources) < len(scenario.sources):
        tree["sources"] = sources
        origin = {path: at for path, at in origin.items() if path.removeprefix("sources.") not in values or path in values}
        origin.update({} if sources else {"sources": DEFAULT})
    origin.update((path, f"values:{count}") for count, path in enumerate(values, 1) if path in origin)
    return replace(
        scenario,
        horizon_weeks=tree["horizon_weeks"],
        step_days=tree["step_days"],
        market=market,
        economics=new.get(("economics",), scenario.economics),
        components=components,
        tree=tree,
        origin=origin,
        sources=sources,
        population=calibrated if scenario.population is not None else None,
    )


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = tree[name]
    return tree


def _with(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """A copy of nested maps with one value replaced."""
    old = data.get(path[0])
    return {**data, path[0]: _with(old or {}, path[1:], value) if len(path) > 1 else _like(old, value)}


def _like(old: Any, value: Any) -> Any:
    """A whole number where one stood: samplers draw floats."""
    if isinstance(old, int) and not isinstance(old, bool) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _of_values(faults: list[Fault], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Faults at the place of the value that caused them, counted from 1."""
    paths = list(values)
    for fault in faults:
        near = [count for count, path in enumerate(paths, 1) if path == fault.dotted]
        near += [count for count, path in enumerate(paths, 1) if path.startswith(fault.dotted) or fault.dotted.startswith(path)]
        yield problem(Place("values", near[0] if near else 1), fault.dotted, fault.text)


def _rebuilt(scenario: Scenario, values: dict[str, Any]) -> Scenario:
    """The scenario with any values, checked as a whole."""
    layer, known = values_layer(values), None
    problems: list[Problem] = []
    market = layer.map.get("market")
    if scenario.population is not None and (market is None or "population" not in market.map):
        calibrated = {name: dict(one) for name, one in scenario.population.items()}
        _move(layer, calibrated, f"market.population ({scenario.market.population})", problems)
        known = PopulationFile(scenario.source, calibrated, scenario.histories, scenario.covariance, scenario.population_currency)
    base = plant(scenario.tree, Place(scenario.id))
    node = resolving.merge(base, layer, implied_type)
    built = _Check(Resolved(node, scenario.source, (scenario.id, "values"), scenario.files), problems, known).scenario()
    before = f"{scenario.id}:"
    origin = {path: scenario.origin.get(path, at) if at.startswith(before) else at for path, at in built.origin.items()}
    return replace(built, id=scenario.id, origin=origin)


def _move(layer: Node, calibrated: dict[str, dict[str, Any]], giver: str, problems: list[Problem]) -> None:
    """Move values out of a layer to where a population file gives them; it gives the type for good."""
    behaviors = layer.map.get("behaviors")
    for name, known in calibrated.items():
        part = None if behaviors is None else behaviors.map.get(name)
        if behaviors is None or part is None:
            continue
        wanted = part.map.get("type")
        if wanted is not None and "type" in known and wanted.value != known["type"]:
            rule = f"{giver} gives {known['type']} with fitted values. Leave the type out, or give another population."
            fault = Fault(("behaviors", name, "type"), rule, value=plain(wanted))
            problems.append(problem(wanted.at, fault.dotted, fault.text))
            # Told once; what else the part holds may belong to the other type.
            del behaviors.map[name]
            continue
        for key in known.keys() & part.map.keys():
            known[key] = plain(part.map.pop(key))
