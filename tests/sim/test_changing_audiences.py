"""Programs and campaigns for a tier, an RFM cell or a stage of life follow those who are in it now."""

from __future__ import annotations

from typing import Any

import pytest
import small_market

from regulars.sim import catalog
from regulars.sim.model import LoyaltyModel

FOLLOWING = [
    (one.kind, one.type)
    for one in catalog.components()
    if "audience" in one.Params.model_fields and "audience" in one.State.declarations and one.type != "discount"
]


@pytest.mark.parametrize(("kind", "name"), FOLLOWING, ids=lambda one: str(one))
def test_an_audience_of_a_stage_is_of_who_is_in_it_this_week(kind: str, name: str):
    """People in growth for 26 weeks after their first order: half a year on, the audience holds others than at the start."""
    audience = {"stage": ["growth"]}
    chosen = catalog.find(kind, name)
    own = small_market.example(chosen, {"audience": audience})
    others = [one for one in small_market.every_component() if one.type != name]
    market: Any = small_market.setting(small_market.in_order((*others, own)), weeks=34)
    model = LoyaltyModel(market, collect=False)
    model.run(small_market.LAUNCH)
    early = model.world.owned[own.address].audience.copy()
    model.run(30)
    now = model.world.owned[own.address].audience
    expected = own.params.audience.mask(model.world, own.name)
    assert early.any() and (now != early).any()
    # The mask was taken as the week opened, before its orders.
    assert (now != expected).mean() < 0.1
