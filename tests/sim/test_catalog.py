"""The catalog finds every component by walking the wings, and says what each of its numbers means."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from typing import Any

import pytest

from regulars.sim import catalog
from regulars.sim.core.component import Behavior, registry
from regulars.sim.core.declare import Parameters, group, param


class Leaf(Parameters):
    """A section within a section."""

    height: float = param(2.0, unit="m", low=0.0, high=9.0, role="cost", doc="Height.", source="plan")


class Tall(Parameters):
    """One of two shapes."""

    type: str = param("tall", unit="", doc="Shape.", source="name")
    top: float = param(1.0, unit="m", doc="Top.", source="plan")


class Everything(Parameters):
    """A section with all that a section can hold."""

    plain: int = param(unit="people", low=1, high=5, doc="Needed.", source="plan")
    effect: float = param(0.5, unit="1", low=0.0, high=1.0, role="effect", neutral=0.0, doc="Effect.", source="assumed")
    one: Leaf = group("One.", lambda: Leaf(height=3.0))
    maybe: Leaf | None = group("Maybe.", lambda: None)
    named: dict[str, Leaf] = group("Named.", dict)
    many: list[Leaf] = group("Many.", list)
    either: Leaf | Tall = group("Either.", Leaf)
    numbers: tuple[float, ...] = param((1.0, 2.0), unit="1", doc="Numbers.", source="plan")


def test_every_component_and_kpi_has_one_entry():
    document = catalog.describe()
    kinds = [row["kind"] for row in document["components"]]
    assert kinds == sorted(kinds, key=catalog.KINDS.index)
    named = [(row["kind"], row["type"], row.get("variant")) for row in document["components"]]
    assert len(set(named)) == len(named) > 10
    assert len({row["name"] for row in document["kpis"]}) == len(document["kpis"]) > 30
    for row in document["components"]:
        assert set(row) - {"variant"} == {"kind", "type", "doc", "facts", "unpublished", "parameters", "fields", "streams"}
        assert row["doc"]
        for one in row["parameters"]:
            told = {"name", "unit", "default", "low", "high", "choices", "neutral", "role", "doc", "source", "plausible", "group"}
            assert set(one) == told
            assert one["role"] in ("cost", "effect", "rule")
            assert one["role"] != "effect" or one["neutral"] is not None


def test_variants_share_a_type_and_the_default_comes_first():
    variants = [row["variant"] for row in catalog.describe()["components"] if row["type"] == "attrition"]
    assert variants[0] == "beta_geometric"
    assert set(variants) >= {"beta_geometric", "pareto", "renewal"}
    assert catalog.find("behavior", "attrition").variant == "beta_geometric"
    assert catalog.find("behavior", "attrition", "pareto").variant == "pareto"


def test_nested_parameters_have_dotted_names_and_names_of_choice_a_star():
    rows = {row["name"]: row for row in catalog.parameters(Everything)}
    assert list(rows) == [
        "plain",
        "effect",
        "one.height",
        "maybe.height",
        "named.*.height",
        "many.*.height",
        "either.height",
        "either.type",
        "either.top",
        "numbers",
    ]
    assert (rows["plain"]["default"], rows["one.height"]["default"], rows["maybe.height"]["default"]) == (None, 3.0, 2.0)
    assert rows["numbers"]["default"] == [1.0, 2.0]
    assert (rows["effect"]["role"], rows["effect"]["neutral"]) == ("effect", 0.0)
    assert (rows["named.*.height"]["unit"], rows["named.*.height"]["high"], rows["named.*.height"]["role"]) == ("m", 9.0, "cost")


@pytest.mark.parametrize(
    ("words", "nearest"),
    [(("behavior", "purchse"), "purchase"), (("program", "point"), "points"), (("behavior", "attrition", "paretto"), "pareto")],
)
def test_an_unknown_name_gets_the_nearest(words, nearest):
    with pytest.raises(LookupError, match=f"Nearest: '{nearest}'"):
        catalog.find(*words)


def test_a_type_is_found_without_reading_all_others(monkeypatch):
    monkeypatch.setattr(catalog, "_discover", lambda: pytest.fail("read everything"))
    assert [one.type for one in catalog.variants("behavior", "purchase")] == ["purchase"]


class Point:
    """An entry point of another package."""

    name, value = "theirs", "theirs.module"

    def __init__(self, load: Any) -> None:
        self.load = load


@pytest.fixture
def discovered_again(monkeypatch):
    """The catalog before it has looked around, with the entry points given."""
    before = dict(registry)

    def discover(*points: Point) -> None:
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points if group == catalog.ENTRY_POINTS else ())
        catalog._discover.cache_clear()

    yield discover
    registry.clear()
    registry.update(before)
    catalog._discover.cache_clear()


def test_another_package_adds_components_and_variants(discovered_again):
    def load():
        class Theirs(Behavior):
            """Theirs."""

            type = "theirs"

        class Late(Behavior):
            """Late."""

            type = "attrition"
            variant = "late"

    discovered_again(Point(load))
    assert catalog.find("behavior", "theirs").__name__ == "Theirs"
    assert catalog.find("behavior", "attrition", "late").__name__ == "Late"


def test_a_broken_entry_point_is_one_line_of_warning(discovered_again, caplog):
    def load():
        raise ImportError("no\nsuch module")

    discovered_again(Point(load))
    with caplog.at_level(logging.WARNING):
        assert len(catalog.components()) > 10
    (record,) = caplog.records
    assert record.getMessage() == "entry point theirs = theirs.module is left out: ImportError: no such module"


def test_every_module_of_the_wings_holds_what_its_name_says():
    types = {one.type for one in (*catalog.components(), *catalog.kpis())}
    for name, modules in catalog._modules().items():
        for module in modules:
            if ".kpis." not in module and importlib.import_module(module).__doc__ and not name.startswith("_"):
                assert name in types
