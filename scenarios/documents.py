"""What the command line and Python ask of scenarios: loaded, shown, compared, checked, explained."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .library import POPULATION, Source, find, kind, names, root_of
from .problem import ScenarioError

if TYPE_CHECKING:
    from .scenario import Scenario

TOP = re.compile(r"^[\"']?([a-z_]+)[\"']?\s*:", re.M)
"""Keys at the top of a YAML file."""
MOST_TOP = 65536
"""Bytes within which a file says by its keys what it is."""


def load(scenario: str | os.PathLike[str] | Scenario, sets: Sequence[str] = ()) -> Scenario:
    """A checked scenario.

    Args:
        scenario: Path of a file, or the name of a shipped one such as ``library:online_shop/baseline``; a scenario is
            returned as it is.
        sets: Options ``PATH=VALUE`` laid on it, the value in YAML.

    Raises:
        ScenarioError: With all that is wrong, each with its place.
        TypeError: Neither the name of a scenario nor one.
    """
    from . import check
    from .scenario import Scenario

    if isinstance(scenario, Scenario):
        if sets:
            raise ValueError("options are laid on a file; use Scenario.with_values")
        return scenario
    return check.load_all([_name(scenario)], _options(sets))[0]


def load_all(files: Sequence[str | os.PathLike[str]], sets: Sequence[str] = ()) -> list[Scenario]:
    """Checked scenarios that are to be compared, with the same options.

    Args:
        files: As for `load`.
        sets: Options ``PATH=VALUE``. One that changes a part (`programs.stars.per_money=2`) is laid on the scenarios
            that have the part; one that gives a whole part, or is about anything else, is laid on all.

    Raises:
        ScenarioError: With all that is wrong in any file, and with options that fit none.
    """
    from . import check

    return check.load_all([_name(one) for one in files], _options(sets))


def _name(scenario: Any) -> str:
    if not isinstance(scenario, str | os.PathLike):
        raise TypeError(f"a scenario is a path, a name such as 'library:online_shop/baseline' or a Scenario, not {scenario!r}.")
    return str(os.fspath(scenario))


def _options(sets: Any) -> Sequence[str]:
    if isinstance(sets, str) or not all(isinstance(one, str) for one in sets):
        raise TypeError(f"sets is a list of texts such as ['market.customers=500'], not {sets!r}.")
    return sets


def from_tree(tree: Mapping[str, Any], folder: str | os.PathLike[str] = ".", id: str = "scenario") -> Scenario:
    """A checked scenario from a tree of plain data, such as `Scenario.tree`.

    Args:
        tree: The scenario.
        folder: Where the paths in it begin.
        id: Its id.

    Raises:
        ScenarioError: With all that is wrong.
    """
    from . import check

    path = Path(folder).resolve() / "scenario.yaml"
    return check.from_tree(tree, Source(path, id, root_of(path)), id)


def library_names() -> list[str]:
    """Names of all shipped scenarios."""
    return list(names())


def show_document(scenario: Scenario) -> dict[str, Any]:
    """What ``regulars show --json`` prints: the resolved scenario, and where each value came from."""
    return {"scenario": scenario.tree, "origin": scenario.origin}


def diff_document(a: Scenario, b: Scenario) -> dict[str, Any]:
    """What ``regulars diff --json`` prints: each value that differs, by dotted path."""
    from .resolve import diff

    rows = [
        {**row, "origin_a": a.origin.get(row["path"]), "origin_b": b.origin.get(row["path"])}
        for row in diff(_with_calibrated(a), _with_calibrated(b))
    ]
    return {"a": a.id, "b": b.id, "differences": rows}


def _with_calibrated(scenario: Scenario) -> dict[str, Any]:
    """The tree with what it leaves to the population file."""
    behaviors = dict(scenario.tree["behaviors"])
    for name, values in (scenario.population or {}).items():
        if isinstance(behaviors.get(name), dict):
            behaviors[name] = {**behaviors[name], **values}
    return {**scenario.tree, "behaviors": behaviors}


def validate_files(
    paths: Iterable[str | os.PathLike[str]], others: Mapping[str, tuple[frozenset[str], Callable[[str], Any]]] | None = None
) -> dict[str, Any]:
    """What ``regulars validate --json`` prints: what each file is, whether it is valid, and what is wrong with it.

    Args:
        paths: Files, or names of the library.
        others: Kinds of files beside scenarios and populations, by name: keys at the top of which a file of the kind has one, and no
            scenario has any; and what reads it.
    """
    from .hints import hints

    files = {}
    for path in paths:
        name = os.fspath(path)
        told, errors, warnings = "scenario", [], []
        try:
            source = find(name)
            told = POPULATION if kind(source.path) == POPULATION else _other(source.path, others or {})
            if told == POPULATION:
                from .population import read_population

                read_population(source)
            elif others and told in others:
                others[told][1](name)
            else:
                warnings = hints(load(name))
        except ScenarioError as error:
            errors = [
                {"file": one.path, "line": one.line, "column": one.column, "path": one.dotted, "message": one.message}
                for one in error.errors
            ]
        files[name] = {"kind": told, "valid": not errors, "errors": errors, "warnings": warnings}
    return {"files": files}


def _other(path: Path, others: Mapping[str, tuple[frozenset[str], Callable[[str], Any]]]) -> str:
    """The kind of a file by the keys at its top; a scenario where nothing speaks against it."""
    try:
        text = path.read_bytes()[:MOST_TOP].decode("utf-8", errors="replace")
    except OSError:
        return "scenario"
    keys = set(TOP.findall(text))
    return next((name for name, (marks, _) in others.items() if keys & marks), "scenario")


def catalog_document() -> dict[str, Any]:
    """What ``regulars catalog --json`` prints."""
    from regulars.sim import catalog

    return catalog.describe()


def schema_document() -> dict[str, Any]:
    """What ``regulars schema`` prints: the JSON Schema of a scenario."""
    from .schema import schema

    return schema()


def component_page(type: str) -> str:
    """What the reference tells of a component, for a terminal.

    Raises:
        LookupError: There is none.
    """
    from .schema import component_page as page

    return page(type)


def reference_page() -> str:
    """The reference of all components in Markdown."""
    from .schema import page

    return page()
