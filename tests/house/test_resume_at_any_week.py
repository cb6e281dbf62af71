"""A market that is copied at the end of any week and goes on is the market that never stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import small_market

from regulars.sim.core.component import Behavior

WEEKS = 52


@pytest.mark.parametrize("variants", small_market.alternatives(), ids=str)
def test_run_copy_run_equals_one_run(variants):
    scenario = small_market.setting(small_market.every_component(**variants), customers=250, prospects=250, weeks=WEEKS)
    whole = small_market.model(scenario).run()
    stem = small_market.model(scenario)
    for week in (1, small_market.LAUNCH, 7, 20, 33, WEEKS - 1):
        stem.run(week - stem.world.totals.weeks)
        assert small_market.differing(stem.branch().run(), whole) == [], f"copied after week {week}"
    # The copies have left their origin alone.
    assert small_market.differing(stem.run(), whole) == []


def test_run_copy_run_equals_one_run_in_daily_steps():
    scenario = small_market.setting(customers=100, prospects=100, weeks=10, step_days=1)
    whole = small_market.model(scenario).run()
    for week in (2, 5):
        assert small_market.differing(small_market.model(scenario).run(week).branch().run(), whole) == []


def test_a_copy_of_a_copy_goes_on_alike():
    scenario = small_market.setting(weeks=12)
    whole = small_market.model(scenario).run()
    assert small_market.differing(small_market.model(scenario).run(4).branch().run(4).branch().run(), whole) == []


def test_a_component_that_keeps_state_outside_the_world_is_found():
    with small_market.unregistered():

        class Counting(Behavior):
            """Counts its weeks on itself, where no copy of the world reaches."""

            type = "counting"

            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                self.weeks = 0

            def respond(self, world: Any) -> None:
                self.weeks += 1
                world.customers.loyalty += np.float32(self.weeks * 1e-3)

    def scenario() -> small_market.Setting:
        return small_market.setting(small_market.in_order((*small_market.every_component(), Counting())), weeks=8)

    whole = small_market.model(scenario()).run()
    stem = small_market.model(scenario()).run(4)
    resumed = stem.branch()
    stem.run()
    assert "customers.loyalty" in small_market.differing(resumed.run(), whole)
