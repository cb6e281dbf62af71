"""A component claims no published pattern that no test shows, and where none is known it says so."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from regulars.sim import catalog
from regulars.sim.core.component import Component
from regulars.sim.core.declare import Fact

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = catalog.components()
FACTS = [(one, fact) for one in COMPONENTS for fact in one.facts]


def name(component: type[Component]) -> str:
    return component.type + (f".{component.variant}" if component.variant else "")


def docstring_of(address: str) -> str:
    """What a test says that it shows.

    Raises:
        LookupError: There is no such test.
    """
    path, _, function = address.partition("::")
    if not (path.startswith("tests/") and (ROOT / path).is_file()):
        raise LookupError(f"no file of tests {path}")
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function and function.startswith("test_"):
            return ast.get_docstring(node) or ""
    raise LookupError(f"{path} has no test {function}")


@pytest.mark.parametrize("component", COMPONENTS, ids=name)
def test_a_component_has_a_published_fact_or_says_that_none_is_known(component):
    assert component.facts or component.unpublished
    assert not component.unpublished or component.unpublished.endswith(".")


@pytest.mark.parametrize(("component", "fact"), FACTS, ids=[f"{name(one)}-{at}" for at, (one, _) in enumerate(FACTS)])
def test_every_fact_is_shown_by_a_test_that_says_of_which_kind(component, fact):
    assert fact.text.endswith(".") and fact.source and not fact.source.endswith(".")
    assert fact.kind in ("wiring", "emergent")
    assert re.search(rf"\b{fact.kind}\b", docstring_of(fact.test), re.I), f"{fact.test} does not say {fact.kind!r}"


@pytest.mark.parametrize("component", COMPONENTS, ids=name)
def test_a_docstring_holds_the_equation_apart(component):
    """Indented lines after an empty one: what the page of the component prints as its equation."""
    assert re.search(r"\n\n    \S", re.sub(r"^    ", "", component.__doc__ or "", flags=re.M)), component.__qualname__


def test_a_claim_without_a_test_is_found():
    with pytest.raises(LookupError, match="no file"):
        docstring_of("tests/sim/test_nothing.py::test_it")
    with pytest.raises(LookupError, match="no test test_it"):
        docstring_of("tests/house/test_facts_are_shown.py::test_it")
    assert docstring_of(Fact("A.", "b", "wiring", "tests/house/test_facts_are_shown.py::test_a_docstring_holds_the_equation_apart").test)
