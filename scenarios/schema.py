"""What editors and readers need: the JSON Schema of a scenario file, and the reference of all components."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS, Component
from regulars.sim.world.market import Economics, Market

from .check import NEEDED, TOP, Head
from .faults import listed, number
from .resolve import NAME, OFF, PARTS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAMES = {"pattern": f"^{NAME.pattern}$"}
_OFF = {"const": OFF, "description": "Removes the part."}


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file, for completion and hints in editors."""
    definitions: dict[str, Any] = {}
    head = _section(Head, "scenario", definitions)
    properties = {name: head["properties"].get(name, {}) for name in TOP}
    properties["extends"] = {"type": "string", "description": "Scenario that this one changes: a path, or library:NAME."}
    properties["market"] = _section(Market, "market", definitions)
    properties["economics"] = _section(Economics, "economics", definitions)
    for section in PARTS:
        properties[section] = _parts(section, definitions)
    return {
        "$schema": DRAFT,
        "title": "Scenario of Regulars",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _section(model: type[BaseModel], name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a section; what it refers to is put under its own name, as many classes are called alike."""
    made = model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for inner, one in made.pop("$defs", {}).items():
        definitions[f"{name}.{inner}"] = _lenient(one)
    return _lenient(made)


def _lenient(made: dict[str, Any]) -> dict[str, Any]:
    """Nothing is required: what a file leaves out may be inherited. A group that may be null may be off."""
    for one in made.get("properties", {}).values():
        kinds = one.get("anyOf", [])
        if {"type": "null"} in kinds and any("$ref" in kind for kind in kinds):
            one["anyOf"] = [*kinds, _OFF]
    return {name: value for name, value in made.items() if name not in ("required", "title")}


def _parts(section: str, definitions: dict[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind, one in SECTIONS.items() if one == section)
    types = {name: [_part(one, definitions) for one in catalog.variants(kind, name)] for name in catalog.types(kind)}
    if section == "behaviors":
        return {
            "type": "object",
            "properties": {name: {"anyOf": variants if name in NEEDED else [*variants, _OFF]} for name, variants in types.items()},
            "additionalProperties": False,
        }
    any_part = {"anyOf": [*(one for variants in types.values() for one in variants), _OFF]}
    return {"type": "object", "propertyNames": _NAMES, "additionalProperties": any_part}


def _part(component: type[Component], definitions: dict[str, Any]) -> dict[str, Any]:
    words = [component.kind, component.type, *([component.variant] if component.variant else [])]
    name = ".".join(words)
    made = _section(component.Params, name, definitions)
    made["description"] = inspect.cleandoc(component.__doc__ or "").partition("\n")[0]
    written = component.variant if component.kind == "behavior" else component.type
    if written is not None:
        others = {key: one for key, one in made.get("properties", {}).items() if key != "type"}
        made["properties"] = {"type": {"const": written}, **others}
    definitions[name] = made
    return {"$ref": f"#/$defs/{name}"}


def page() -> str:
    """The reference of all components and KPIs in Markdown."""
    told = catalog.describe()
    lines = ["# Reference", "", "Made from the catalog: every component a scenario can switch on, with its parameters.", ""]
    lines += top()
    for kind, section in SECTIONS.items():
        found = [one for one in told["components"] if one["kind"] == kind]
        if found:
            lines += [f"## {section[0].upper()}{section[1:]}", ""]
        for one in found:
            lines += _described(one)
    lines += ["## KPIs", "", "| name | unit | definition |", "|---|---|---|"]
    lines += [f"| `{one['name']}` | {_cell(one['unit'])} | {_cell(one['definition'])} |" for one in told["kpis"]]
    return "\n".join(lines) + "\n"


def component_page(type: str) -> str:
    """A component with all its variants in plain text: what it does, its equation, what it reproduces, its parameters.

    Raises:
        LookupError: There is none of this type.
    """
    found = [one for one in catalog.describe()["components"] if one["type"] == type]
    if not found:
        raise LookupError(f"no component {type!r}")
    section = SECTIONS[found[0]["kind"]]
    address = f"{section}.{type}" if section == "behaviors" else f"{section}.NAME, with type: {type}"
    lines = [f"{type}, in a scenario at {address}"]
    for one in found:
        title = f"type: {one['variant']}" if "variant" in one else ""
        lines += ["", *([title, ""] if title else []), *one["doc"].splitlines(), ""]
        lines += [f"Published ({fact['kind']}): {' '.join(fact['text'].split())} ({fact['source']})" for fact in one["facts"]]
        lines += [" ".join(one["unpublished"].split())] if one["unpublished"] else []
        lines += ["", "Parameters:"] if one["parameters"] else []
        for row in one["parameters"]:
            lines += ["", *_entry(row)]
    return "\n".join(lines) + "\n"


def _entry(row: dict[str, Any]) -> list[str]:
    """A parameter in lines of a terminal."""
    usual = default(row)
    facts = [
        usual if row["group"] or not usual else f"default {usual}",
        f"allowed {allowed(row)}" if allowed(row) else "",
        f"unit {row['unit']}" if row["unit"] not in ("", "1") else "",
        f"effect, neutral {number(row['neutral'])}" if row["neutral"] is not None else row["role"] if row["role"] == "cost" else "",
    ]
    told = [f"  {row['name']}", f"      {'; '.join(one for one in facts if one)}", f"      {row['doc']}", f"      Source: {row['source']}"]
    return [re.sub(r"(?<=\S)\s+", " ", line) for line in told if line.strip()]


def top() -> list[str]:
    """Tables of the parameters that belong to no component, each under its heading."""
    lines: list[str] = []
    for title, model in (("Top of a scenario", Head), ("Market", Market), ("Economics", Economics)):
        lines += [f"## {title}", "", *table(catalog.parameters(model)), ""]
    return lines


def _described(one: dict[str, Any]) -> list[str]:
    title = f"`{one['type']}`" + (f", type `{one['variant']}`" if "variant" in one else "")
    lines = [f"### {title}", "", *prose(one["doc"]), ""]
    lines += [f"- {fact['kind']}: {fact['text']} ({fact['source']})" for fact in one["facts"]]
    lines += [f"- {one['unpublished']}"] if one["unpublished"] else []
    lines += [""]
    if one["parameters"]:
        lines += [*table(one["parameters"]), ""]
    for row in one["streams"]:
        lines.append(f"- luck `{row['name']}`, per {row['per']}: {row['doc']}")
    for row in one["fields"]:
        lines.append(f"- field `{row['name']}` ({row['unit'] or '1'}): {row['doc']}")
    return [*lines, ""] if one["streams"] or one["fields"] else lines


def prose(doc: str) -> list[str]:
    """A docstring in Markdown: indented lines as a block of text, its source in italics."""
    told, _, source = doc.partition("\nSource: ")
    lines: list[str] = []
    block = False
    for line in told.rstrip().splitlines():
        indented = line.startswith("    ")
        if indented and not block:
            lines.append("```text")
        if block and not indented:
            lines.append("```")
        block = indented
        lines.append(line.removeprefix("    "))
    lines += ["```"] if block else []
    return [*lines, "", f"*Source: {' '.join(source.split())}*"] if source else lines


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Parameters as a table in Markdown."""
    lines = ["| parameter | default | range | unit | role | meaning | source |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        neutral = "" if row["neutral"] is None else f" (neutral {number(row['neutral'])})"
        cells = [
            f"`{row['name']}`",
            default(row),
            allowed(row),
            row["unit"],
            f"{row['role']}{neutral}",
            row["doc"],
            row["source"],
        ]
        lines.append(f"| {' | '.join(_cell(one) for one in cells)} |")
    return lines


def default(row: dict[str, Any]) -> str:
    """What holds where a scenario says nothing; of a group that is then off, also what holds once it is given."""
    value, told = row["default"], ""
    if value is not None and value not in ("", {}, []):
        told = _shown(value)
    if row["group"] is None:
        return told
    return f"off unless given; then {told}" if told else "off unless given"


def _shown(value: Any) -> str:
    """A value as people write it in YAML."""
    if isinstance(value, list):
        return f"[{', '.join(_shown(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return number(round(value, 6)) if isinstance(value, float) else str(value)


def allowed(row: dict[str, Any]) -> str:
    """The choices or the range, and the narrower range that sensitivity and uncertainty take, if there is one."""
    if row["choices"]:
        return listed(row["choices"])
    low, high, plausible = row["low"], row["high"], row["plausible"]
    told = ""
    if low is not None or high is not None:
        told = f"{'' if low is None else number(low)} to {'' if high is None else number(high)}".strip()
    return told if plausible is None else f"{told} (plausible {number(plausible[0])} to {number(plausible[1])})"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|")
