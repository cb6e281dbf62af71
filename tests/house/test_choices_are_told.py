"""What may be written is told where people look it up: the choices of a parameter, and which groups are off unless given."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pages
import pytest
from pydantic import BaseModel

from regulars.scenarios import reference_page
from regulars.scenarios.check import Head
from regulars.scenarios.schema import top
from regulars.sim import catalog
from regulars.sim.world.market import Economics, Market

TYPES = sorted({(one.kind, one.type) for one in catalog.components()})
HEADS = (Head, Market, Economics)


def inside(annotation: Any) -> Iterator[Any]:
    """The annotation and all it is made of, down to sections."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for one in get_args(annotation):
            yield from inside(one)


def fields(model: type[BaseModel], path: str = "", off: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Dotted name, declaration, and whether a group around it is null unless given; for every parameter of a section."""
    for name, declared in model.model_fields.items():
        within = list(inside(declared.annotation))
        sections = [one for one in within if inspect.isclass(one) and issubclass(one, BaseModel)]
        null = bool(sections) and not declared.is_required() and declared.get_default(call_default_factory=True) is None
        starred = any(get_origin(one) in (dict, list, tuple) for one in within)
        for section in sections:
            yield from fields(section, f"{path}{name}.{'*.' if starred else ''}", off or null)
        if not sections:
            yield f"{path}{name}", declared, off


def literal(declared: Any) -> list[str]:
    return [str(one) for part in inside(declared.annotation) if get_origin(part) is Literal for one in get_args(part)]


def rows(text: str) -> list[tuple[str, str, str]]:
    """Name, default and range of every row of the tables of parameters on a page."""
    return [(one[1], one[2], one[3]) for one in re.findall(r"^(\| `([^`]+)` \| ([^|]*) \| ([^|]*) \|)", text, re.M)]


def told(text: str, model: type[BaseModel]) -> None:
    found = rows(text)
    for name, declared, off in fields(model):
        choices = literal(declared)
        if name.rpartition(".")[2] == "type" and len(choices) == 1:
            # One of the kinds of section that the row of the section's type lists.
            assert "." not in name or any(one == name and choices[0] in re.split(r", | or ", range) for one, _, range in found), name
            continue
        mine = [(default.strip(), range) for one, default, range in found if one == name]
        assert mine, name
        if choices:
            assert any(re.split(r", | or ", range.strip()) == choices for _, range in mine), name
        assert any(default.startswith("off unless given") == off for default, _ in mine), name


@pytest.mark.parametrize(("kind", "type"), TYPES)
def test_a_page_tells_every_choice_and_what_is_off_unless_given(kind, type):
    text = pages.page(catalog.variants(kind, type))
    for variant in catalog.variants(kind, type):
        told(text, variant.Params)


@pytest.mark.parametrize("model", HEADS)
def test_so_do_the_tables_of_what_belongs_to_no_component(model):
    told("\n".join(top()), model)


def test_so_does_the_reference_in_the_terminal():
    text = reference_page()
    for row in ("auto_reply.share", "threshold.effect", "bundle.buy", "coupon.use", "audience.rfm.cell"):
        assert re.search(rf"^\| `{row}` \| off unless given", text, re.M), row
    assert re.search(r"^\| `to` \| customers \| customers, prospects or everyone \|", text, re.M)
    assert re.search(r"^\| `network\.type` \| small_world \| small_world, heavy_tailed, ", text, re.M)


def test_a_value_that_a_meaning_explains_is_one_that_can_be_given():
    models = [*HEADS, *(one.Params for one in catalog.components())]
    for name, declared, _ in (one for model in models for one in fields(model)):
        choices, meaning = literal(declared), declared.description or ""
        if len(choices) > 1:
            explained = re.findall(r"(?:^|; |\. )([a-z][a-z_0-9]*):", meaning)
            assert set(explained) <= set(choices), (name, meaning)
            assert "both" not in meaning or "both" in choices or "everyone" in choices, (name, meaning)
