"""One tree from a chain of files and what is laid on it, and what differs between two such trees.

Maps merge key by key; lists and single values replace. A part whose ``type`` changes is replaced as a whole. The word
``off`` takes the place of what it removes and stays in the tree, so that a later layer can switch it on again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .library import POPULATION, SUFFIXES, Source, kind
from .problem import Place, Problem, ScenarioError, problem, shown
from .reader import Node, plant, read_file

OFF = "off"
DEEPEST = 10
"""Files in a chain of `extends`."""

PARTS = ("behaviors", "programs", "campaigns", "feedback", "environment")
"""Sections whose entries are parts that can be switched off."""

ALWAYS = ("purchase", "spend", "attrition")
"""Behaviors that are on with their defaults where a scenario says nothing."""

SECTIONS = ("market", "economics", *PARTS, "sources", "claims", "uncertainties")
"""All maps at the top; one with nothing under it counts as not written."""

NOT_INHERITED = ("extends", "name", "description")
REFERENCES = (("market", "population"), ("market", "network", "file"))
"""Values that are paths of other files."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
KEYED_BY_PATH = ("sources", "uncertainties")
"""Sections whose keys are dotted paths of values."""

Implied = Callable[[str], str | None]
"""Type of a part whose map names none, by its dotted path."""


@dataclass(frozen=True)
class Resolved:
    """A scenario as its files and options say, before any default is filled in.

    Attributes:
        node: The merged tree.
        source: The file that was asked for.
        layers: Files from the first ancestor to `source`, then what is laid on it; a later one wins.
        files: Where those files are.
    """

    node: Node
    source: Source
    layers: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def layer(self, place: Place) -> int:
        """How late the layer of a place is."""
        return self.layers.index(place.file) if place.file in self.layers else len(self.layers)


def resolve(source: Source, implied: Implied, problems: list[Problem]) -> Resolved:
    """Read a file and all that it extends.

    Args:
        source: The file.
        implied: Gives the type of a part where its map names none, by dotted path of the part.
        problems: Gets what is wrong but does not stop the reading.

    Raises:
        ScenarioError: A file that cannot be read.
    """
    layers = list(_chain(source, problems))
    layers.reverse()
    node = Node({}, Place(source.label))
    for layer, tree in layers:
        _rebase(tree, layer, source, problems)
        node = merge(node, tree, implied)
    labels, files = tuple(layer.label for layer, _ in layers), tuple(layer.path for layer, _ in layers)
    return Resolved(node, source, labels, files)


def lay(resolved: Resolved, layer: Node, label: str, implied: Implied) -> Resolved:
    """The scenario with one more layer, which wins over all that it has."""
    return replace(resolved, node=merge(resolved.node, layer, implied), layers=(*resolved.layers, label))


def _chain(source: Source, problems: list[Problem]) -> Iterator[tuple[Source, Node]]:
    """The file, then what it extends, and so on."""
    seen: list[Source] = []
    while True:
        if kind(source.path) == POPULATION:
            use = source.label if source.is_shipped else source.path.name
            rule = f"a population file, not a scenario. Use it in one: `market: {{population: {use}}}`."
            raise ScenarioError([*problems, problem(Place(source.label), "", rule)])
        tree = read_file(source.path, source.label, problems)
        if not isinstance(tree.value, dict):
            what = "the file is empty" if tree.value is None else "must be a map of sections"
            raise ScenarioError([*problems, problem(tree.at, "", f"{what}; the least scenario is `market: {{}}`")])
        seen.append(source)
        parent = tree.value.pop("extends", None)
        if len(seen) > 1:
            for name in NOT_INHERITED:
                tree.value.pop(name, None)
        yield source, tree
        if parent is None or parent.value is None:
            return
        try:
            if not isinstance(parent.value, str):
                raise ValueError("must be the path of a scenario file, or library:NAME")
            source = source.reference(parent.value, suffixes=SUFFIXES)
            if any(source.path == one.path for one in seen):
                raise ValueError(f"files extend each other in a circle: {' > '.join(one.label for one in [*seen, source])}")
            if len(seen) >= DEEPEST:
                raise ValueError(f"at most {DEEPEST} files in a chain")
        except ValueError as error:
            problems.append(problem(parent.at, "extends", f"extends = {shown(parent.value)}: {error}"))
            return


def _rebase(tree: Node, layer: Source, source: Source, problems: list[Problem]) -> None:
    """Rewrite paths of other files as seen from the file that was asked for; the library's hold everywhere."""
    for path in REFERENCES:
        node: Node | None = tree
        for name in path:
            node = None if node is None else node.map.get(name)
        if node is None or not isinstance(node.value, str) or (layer is source and not source.is_shipped):
            continue
        try:
            node.value = source.name_of(layer.reference(node.value))
        except ValueError as error:
            dotted = ".".join(path)
            problems.append(problem(node.at, dotted, f"{dotted} = {shown(node.value)}: {error}"))


def merge(base: Node, over: Node, implied: Implied) -> Node:
    """What holds where `over` is laid on `base`.

    A source that the base gives does not outlive the value it is about, nor a range the part it belongs to.
    """
    gone: set[str] = set()
    merged = _merge(base, over, implied, "", gone)
    for section in KEYED_BY_PATH:
        given, new = merged.map.get(section), over.map.get(section)
        kept = {} if new is None else new.map
        for path in list(given.map) if given is not None else []:
            lost = any(path.startswith(f"{one}.") or (path == one and section == "sources") for one in gone)
            if lost and path not in kept:
                given.map.pop(path)  # type: ignore[union-attr]
    return merged


def _merge(base: Node, over: Node, implied: Implied | None, path: str, gone: set[str]) -> Node:
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        if path in SECTIONS and over.value is None:
            return base
        gone.add(path)
        return over
    if implied is not None and _changes_type(base, over, implied, path):
        gone.add(path)
        return over
    merged = dict(base.value)
    for name, node in over.value.items():
        inner = f"{path}.{name}" if path else name
        if name not in merged and not isinstance(node.value, dict):
            gone.add(inner)
        merged[name] = _merge(merged[name], node, implied, inner, gone) if name in merged else node
    return Node(merged, over.at, over.key or base.key)


def _changes_type(base: Node, over: Node, implied: Implied, path: str) -> bool:
    old, new = base.map.get("type"), over.map.get("type")
    if new is None:
        return False
    return new.value != (implied(path) if old is None else old.value)


def values_layer(values: Mapping[str, Any], label: str = "values") -> Node:
    """One layer from dotted paths and plain values; each one's line is its place among them."""
    layer = Node({}, Place(label))
    for count, (path, value) in enumerate(values.items(), 1):
        place = Place(label, count, 1)
        node = plant(value, place)
        for name in reversed(split(path)):
            node = Node({name: node}, place, place)
        layer = overlaid(layer, node)
    return layer


def split(path: str) -> list[str]:
    """Names of a dotted path; what stands below `sources` and `uncertainties` is one name with dots in it."""
    names = path.split(".")
    return [names[0], ".".join(names[1:])] if names[0] in KEYED_BY_PATH and len(names) > 2 else names


def overlaid(layer: Node, tree: Node) -> Node:
    """One layer of two, the second winning: nothing is inherited yet, so types cannot clash."""
    return _merge(layer, tree, None, "", set())


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of all that is no map; empty maps and whole lists count as values."""
    if isinstance(tree, dict) and (tree or not path):
        for name, value in tree.items():
            yield from leaves(value, f"{path}.{name}" if path else str(name))
    else:
        yield path, tree


def diff(a: Mapping[str, Any], b: Mapping[str, Any], without: Iterable[str] = ()) -> list[dict[str, Any]]:
    """What differs between two resolved trees.

    Nothing there, null and an empty map are the same, except that a part without parameters is there.

    Args:
        a, b: Trees of plain data.
        without: Top-level keys left out.

    Returns:
        One row a value that differs, by path: ``path``, and the value in ``a`` and in ``b`` (None where absent).
    """
    skipped = set(without)
    first, second = (dict(_told({name: value for name, value in one.items() if name not in skipped})) for one in (a, b))
    return [
        {"path": path, "a": first.get(path), "b": second.get(path)}
        for path in dict.fromkeys([*first, *second])
        if path not in first or path not in second or first[path] != second[path]
    ]


def _told(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, value in leaves(tree):
        section, _, name = path.partition(".")
        is_part = section in PARTS and name and "." not in name
        if value is not None and (value != {} or is_part):
            yield path, value
