"""A component touches the shared fields it declares, and writes only those it says it writes."""

from __future__ import annotations

from typing import Any

import pytest
import small_market
from watched import Watched

from regulars.sim.core.component import Behavior


@pytest.mark.parametrize("variants", small_market.alternatives(), ids=str)
@pytest.mark.parametrize("step_days", [7, 1])
def test_components_touch_only_what_they_declare(variants, step_days):
    model = Watched(small_market.setting(small_market.every_component(**variants), weeks=9, step_days=step_days))
    model.run()
    assert not model.undeclared, "\n".join(sorted(model.undeclared))


def test_every_declaration_is_used():
    model = Watched(small_market.setting(weeks=9))
    model.run()
    unused = [
        f"{one.address} declares {name} and never touches it"
        for one in model.components
        for name in sorted({*one.reads, *one.writes} - model.touched[one.address])
    ]
    assert not unused, "\n".join(unused)


def test_undeclared_reads_and_writes_are_found():
    with small_market.unregistered():

        class Curious(Behavior):
            """Reads satisfaction and writes loyalty without a word."""

            type = "curious"
            reads = ("loyalty",)

            def respond(self, world: Any) -> None:
                if world.customers.satisfaction.size:
                    world.customers.loyalty += 0.01

        class Thief(Behavior):
            """Helps itself to another's arrays."""

            type = "thief"

            def settle(self, world: Any) -> None:
                world.owned["behaviors.loyalty"].affective += 0.01
    components = small_market.in_order((*small_market.every_component(), Curious(), Thief()))
    model = Watched(small_market.setting(components, weeks=2))
    model.run()
    assert {
        "behaviors.curious.respond touches customers.satisfaction",
        "behaviors.curious.respond writes customers.loyalty",
        "behaviors.thief.settle reaches for others' arrays",
        "behaviors.thief.settle writes behaviors.loyalty.affective",
    } <= model.undeclared
