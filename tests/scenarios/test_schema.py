"""The schema and the reference say what the catalog says."""

from __future__ import annotations

import json

from regulars.scenarios import catalog_document, reference_page, schema_document


def test_the_schema_knows_every_part_by_its_type():
    schema = json.loads(json.dumps(schema_document(), allow_nan=False))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert not schema["additionalProperties"]
    card = schema["$defs"]["program.toy_card"]["properties"]
    assert card["type"] == {"const": "toy_card"}
    assert (card["stamps"]["minimum"], card["stamps"]["maximum"]) == (2, 100)
    behaviors = schema["properties"]["behaviors"]["properties"]
    assert {"const": "off"}.items() <= behaviors["attrition"]["anyOf"][-1].items()
    assert len(behaviors["toy_mood"]["anyOf"]) == 3


def test_every_reference_within_the_schema_leads_somewhere():
    schema = schema_document()

    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for inner in node.values():
                yield from references(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from references(inner)

    names = {f"#/$defs/{name}" for name in schema["$defs"]}
    assert names
    assert set(references(schema)) <= names


def test_the_reference_page_lists_every_component_parameter_and_kpi():
    page = reference_page()
    document = catalog_document()
    for component in document["components"]:
        assert f"`{component['type']}`" in page
        for row in component["parameters"]:
            assert f"| `{row['name']}` |" in page
    for kpi in document["kpis"]:
        assert f"| `{kpi['name']}` |" in page
    assert "| `kappa` | 0.3 | 0 to 0.6 | 1 | effect (neutral 0) | Strength. | Kivetz et al. 2006 |" in page
