"""Whatever stands in place of a part or of its parameters, a scenario is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from regulars.scenarios import ScenarioError, from_tree
from regulars.sim import catalog
from regulars.sim.core.component import SECTIONS

BROKEN: tuple[Any, ...] = ("x", [], [1, 2], None, {"zz": {"q": 1}}, float("inf"), True, "off")
COMPONENTS = catalog.components()


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: f"{one.kind}-{one.type}-{one.variant or ''}")
def test_any_parameter_may_be_broken_in_any_way(component):
    """Loaded or refused with a ScenarioError, and nothing else."""
    section = SECTIONS[component.kind]
    name = component.type if component.kind == "behavior" else "part"
    own = {"type": component.variant} if component.variant else {} if component.kind == "behavior" else {"type": component.type}
    parts = [own, *({**own, field: value} for field in component.Params.model_fields if field != "type" for value in BROKEN)]
    refused = 0
    for part in parts:
        try:
            from_tree({"market": {}, section: {name: part}})
        except ScenarioError as error:
            refused += 1
            assert error.errors and all(one.message for one in error.errors)
    assert refused >= (len(parts) - 1) // 3


def test_data_in_no_file_tell_all_that_is_wrong():
    with pytest.raises(ScenarioError) as found:
        from_tree({"horizon_weeks": -3, "market": {"customers": "x"}})
    assert {one.dotted for one in found.value.errors} == {"horizon_weeks", "market.customers"}
