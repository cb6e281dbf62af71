"""A model that notes what each component touches of what people share, and can refuse what was not declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
from small_market import Setting

from regulars.sim.core.component import Component
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.events import COLUMNS
from regulars.sim.world.rates import LOG_RATES

EVENTS = (*COLUMNS, "disconfirmation", "discount", "exits", "acquired")




class Window:
    """Stands for an object of the world and reports every name that is read or set."""

    def __init__(self, real: Any, notice: Callable[[str], None], **replaced: Any) -> None:
        self.__dict__.update(_real=real, _notice=notice, _replaced=replaced)

    def __getattr__(self, name: str) -> Any:
        self._notice(name)
        return self._replaced[name] if name in self._replaced else getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._notice(name)
        setattr(self._real, name, value)

    def __len__(self) -> int:
        return len(self._real)


class Watched(LoyaltyModel):
    """Calls every hook with a window on the world.

    Attributes:
        touched: By address of a component, names of shared fields and events that it asked for.
        written: By address, those whose bytes it changed.
        undeclared: What was touched or written against the declaration, in words.
    """

    def __init__(self, scenario: Setting, **options: Any) -> None:
        self.touched: dict[str, set[str]] = defaultdict(set)
        self.written: dict[str, set[str]] = defaultdict(set)
        self.undeclared: set[str] = set()
        super().__init__(scenario, collect=False, **options)

    def _apply(self, component: Component, hook: str) -> None:
        before = self._shared()
        others = {name: one.copy() for name, one in self.world.owned.items() if name != component.address}
        getattr(component, hook)(self._window(component, hook))
        for name, bytes_ in self._shared().items():
            if bytes_ != before[name]:
                self.written[component.address].add(name)
                if name in self.world.customers.declarations and name not in component.writes:
                    self.undeclared.add(f"{component.address}.{hook} writes customers.{name}")
        for name, fields in others.items():
            for field, array in fields.arrays():
                if array.tobytes() != getattr(self.world.owned[name], field).tobytes():
                    self.undeclared.add(f"{component.address}.{hook} writes {name}.{field}")

    def _shared(self) -> dict[str, bytes]:
        world = self.world
        found = {name: array.tobytes() for name, array in world.customers.arrays()}
        found |= {f"rates.{name}": getattr(world.rates, name).tobytes() for name in (*LOG_RATES, "acquisition")}
        found |= {f"events.{name}": np.asarray(getattr(world.events, name)).tobytes() for name in EVENTS}
        return found

    def _window(self, component: Component, hook: str) -> Window:
        address, declared = component.address, {*component.reads, *component.writes}

        def ask_field(name: str) -> None:
            if name not in self.world.customers.declarations:
                return
            self.touched[address].add(name)
            if name not in declared:
                self.undeclared.add(f"{address}.{hook} touches customers.{name}")

        def ask_event(name: str) -> None:
            if name in EVENTS:
                self.touched[address].add(f"events.{name}")

        def ask_world(name: str) -> None:
            if name == "owned":
                self.undeclared.add(f"{address}.{hook} reaches for others' arrays")

        world = self.world
        customers, events = Window(world.customers, ask_field), Window(world.events, ask_event)
        return Window(world, ask_world, customers=customers, events=events)


def listeners(survey: Watched, component: Component) -> set[str]:
    """Addresses of the other components that look at what this one was seen to write, or at what those write in turn."""
    found: set[str] = set()
    asked = {component.address}
    while asked:
        heard = {name for address in asked for name in survey.written[address] if not name.startswith("rates.")}
        asked = {address for address, touched in survey.touched.items() if touched & heard} - found - {component.address}
        found |= asked
    return found
