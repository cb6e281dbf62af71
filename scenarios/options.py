"""Options ``--set PATH=VALUE``: read as layers of a scenario, and laid on those scenarios that have what they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS

from .faults import listed
from .problem import Place, Problem, ScenarioError, nearest, problem, shown, suggestion
from .reader import Node, read
from .resolve import ALWAYS, KEYED_BY_PATH, NAME, OFF, PARTS, Resolved, overlaid, split

LABEL = "--set"
"""The file, as it were, that options stand in; the line of each is its place among them."""

KINDS = {section: kind for kind, section in SECTIONS.items()}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        path: As written before the ``=``.
        places: Where each name of the path stands.
        tree: What it says, from the root of a scenario.
    """

    path: str
    places: tuple[Place, ...]
    tree: Node

    @property
    def part(self) -> tuple[str, str] | None:
        """Section and name of the part that it is about; None if it is about something else or a whole section."""
        names = split(self.path)
        return (names[0], names[1]) if len(names) > 1 and names[0] in PARTS else None

    @property
    def is_whole(self) -> bool:
        """Whether it gives a part as a whole: a map for the part's name, which is a type or says one."""
        if self.part is None or len(self.places) > 2 or not isinstance(self.content.value, dict):
            return False
        section, name = self.part
        return "type" in self.content.map or bool(catalog.variants(KINDS[section], name))

    @property
    def content(self) -> Node:
        """What it says of its part."""
        section, name = self.part or ("", "")
        return self.tree.map[section].map[name]


def read_options(sets: Sequence[str], problems: list[Problem]) -> list[Option]:
    """Options from their texts; `problems` gets what is wrong with the others."""
    found = []
    for count, text in enumerate(sets, 1):
        path, sign, value = text.partition("=")
        start = Place(LABEL, count, 1)
        if not sign:
            problems.append(problem(start, "", f"{shown(text)}: an option needs the form PATH=VALUE"))
            continue
        places = _places(path, start, problems)
        if places is None:
            continue
        at = Place(LABEL, count, len(path) + 2)
        try:
            node = read(value, LABEL, problems, start=at, dotted=path)
        except ScenarioError as error:
            problems.extend(error.errors)
            continue
        if not value.strip():
            problems.append(problem(at, path, f"{path}: a value must follow the ="))
            continue
        for name, place in zip(reversed(split(path)), reversed(places), strict=True):
            node.key = place
            node = Node({name: node}, place)
        found.append(Option(path, places, node))
    return found


def _places(path: str, start: Place, problems: list[Problem]) -> tuple[Place, ...] | None:
    """Where each name of a path stands, or None after telling which is none."""
    places, column = [], start.column
    names = split(path)
    for name in names:
        place = Place(LABEL, start.line, column)
        column += len(name) + 1
        if not NAME.fullmatch(name) and not (places and names[0] in KEYED_BY_PATH and name):
            what = f"{shown(name)} is no name" if name else "a name is missing"
            problems.append(problem(place, path, f"{shown(path)}: {what}; a path is names of a-z, 0-9 and _ with dots between"))
            return None
        places.append(place)
    if names[0] == "extends":
        problems.append(problem(start, path, "extends: cannot be an option; write a file that extends another"))
        return None
    return tuple(places)


def fitting(options: Sequence[Option], scenarios: Sequence[Resolved], problems: list[Problem]) -> list[Node]:
    """The layer of options for each scenario; a later option wins.

    An option that changes a part is for the scenarios that have it, so that it can move a lever of some of those that are
    compared. If none has the part, options begin it in all where one of them says its type. An option that gives a part as
    a whole, or is about anything else, is for all.

    Args:
        options: In their order.
        scenarios: Before any option.
        problems: Gets the options that fit no scenario.
    """
    layers = [Node({}, Place(LABEL)) for _ in scenarios]
    whole = {one.part for one in options if one.is_whole}
    typed = {one.part for one in options if one.part and "type" in one.content.map}
    for option in options:
        part, fits = option.part, list(range(len(scenarios)))
        if part is not None and part not in whole:
            having = [at for at in fits if _has(scenarios[at], part, even_off=option.content.value == OFF)]
            # A behavior that is off begins with any value of it; the check tells what is none.
            if having or (part not in typed and part[0] != "behaviors"):
                fits = having
            if not fits and scenarios:
                problems.append(_misfit(option, part, scenarios))
        for at in fits:
            layers[at] = overlaid(layers[at], option.tree)
    return layers


def _has(scenario: Resolved, part: tuple[str, str], *, even_off: bool = False) -> bool:
    section, name = part
    node = _parts(scenario, section).get(name)
    if node is None:
        return section == "behaviors" and name in ALWAYS
    return even_off or node.value != OFF


def _parts(scenario: Resolved, section: str) -> dict[str, Node]:
    node = scenario.node.map.get(section)
    return {} if node is None else node.map


def _misfit(option: Option, part: tuple[str, str], scenarios: Sequence[Resolved]) -> Problem:
    """An option that fits no scenario, with the part that it most likely means."""
    section, name = part
    kind, dotted = KINDS[section], f"{section}.{name}"
    files = listed(dict.fromkeys(one.source.label for one in scenarios))
    parts = dict.fromkeys((one, inner) for one in PARTS for scenario in scenarios for inner in _parts(scenario, one))
    there = [one for one in parts if any(_has(scenario, one) for scenario in scenarios)]
    siblings = [inner for one, inner in there if one == section]
    elsewhere = [f"{one}.{inner}" for one, inner in there if inner == name]
    near = nearest(name, siblings)
    if part in parts:
        hint = f"It is off; {dotted}={{type: ...}} switches it on."
    elif near or elsewhere:
        hint = f"Did you mean '{f'{section}.{near}' if near else elsewhere[0]}'?"
    else:
        hint = suggestion(name, [f"{section}.{one}" for one in siblings])
    return problem(option.places[1], option.path, f"{dotted}: no such {kind} in {files}. {hint}")
