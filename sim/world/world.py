"""The world: what components share, and nothing of their own.

A hook receives the world, reads what earlier phases wrote and writes its own fields and its own named term.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ..core.component import Component
from ..core.declare import Stream, Total, flow, stock
from ..core.kernel import kernel
from .calendar import Calendar
from .customers import Customers
from .events import Events, Refunds
from .goals import GOAL
from .ledger import TOTALS, Ledger
from .life import Life
from .market import Economics, Market
from .population import Population
from .rates import Rates
from .totals import Totals
from .workers import Workers, u64

WORLD_TOTALS: tuple[Total, ...] = (
    *TOTALS,
    flow("orders", unit="orders", doc="Orders placed."),
    flow("exits", unit="people", doc="Customers who truly left."),
    flow("entered", unit="people", doc="Customers of a cohort who entered after the start."),
    flow("new_customers", unit="people", doc="Prospects won."),
    flow("won_back", unit="people", doc="Customers who came back after having left."),
    stock("prospects", unit="people", doc="Prospects in the market."),
    stock("active", unit="people", doc="Customers truly active."),
)


_AS_IT_IS = nullcontext()


class World:
    """One market in one replication.

    Attributes:
        market, economics: The scenario's settings.
        calendar: Where the run stands.
        people: Rows of every array.
        segments: Names of the segments, at least one.
        bounds: First row of each segment and the number of people at the end: a segment's rows lie together.
        span: Rows that `each` and `tally` act on: everyone, or inside of `within` one segment.
        names: What the components bring for audiences to name, by kind.
        customers: The shared arrays of people.
        rates: Terms of the shared rates.
        life, population: What `purchase`, `spend` and `attrition` laid down.
        events: Orders, exits and acquisitions of this step.
        refunds: Orders of earlier steps that are repaid in this one; laid down in `arrive`.
        network: Who hears whom, or None.
        ledger, totals: The books and the weekly totals.
        workers: Threads that kernels are spread over.
        owned, notes: Components' own arrays and small state, by the component's address.
    """

    def __init__(
        self,
        market: Market,
        economics: Economics,
        calendar: Calendar,
        components: Iterable[Component],
        *,
        seed: int,
        replication: int,
        threads: int = 1,
    ) -> None:
        components = tuple(components)
        self.market, self.economics, self.calendar = market, economics, calendar
        self.seed, self.replication = seed, replication
        self._keys: dict[str, tuple[np.uint64, np.uint64, np.uint64]] = {}
        self.people = market.people
        self.segments = tuple(market.segments) or ("all_customers",)
        self.bounds = cut(self.people, [one.share for one in market.segments.values()] or [1.0])
        self.span = u64(0), u64(self.people)
        self.names = brought(components)
        self.customers = Customers(self.people, written(components) | ({"arm"} if market.arms else set()))
        self.customers.segment[:] = np.repeat(np.arange(len(self.segments), dtype=np.uint8), np.diff(self.bounds))
        self.apart = frozenset(at for at, name in enumerate(self.segments) if any(name in one.overrides for one in components))
        self._stretches = tuple(self._part())
        self._ways: dict[int, tuple[Life, Population]] = {}
        self.rates = Rates(self.people, causes(components))
        self.life, self.population = Life(), Population()
        self.events, self.refunds = Events(), Refunds()
        self.network: Any = None
        self.totals = Totals(declared(components), len(self.segments), calendar.horizon_weeks)
        self.ledger = Ledger(self.totals)
        self.workers = Workers(threads)
        # Which arrays there are, only the component says.
        self.owned: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}

    def key(self, stream: Stream) -> tuple[np.uint64, np.uint64, np.uint64]:
        """The key of a stream's draws in this replication."""
        key = self._keys.get(stream.name)
        if key is None:
            key = self._keys[stream.name] = np.uint64(self.seed), stream.key, np.uint64(self.replication)
        return key

    def each(self, kernel: Callable[..., Any], *arguments: Any) -> None:
        """Call a kernel over all people, or those that the world is narrowed to."""
        self.workers.each(kernel, self.span, arguments)

    def tally(self, kernel: Callable[..., Any], totals: int, *arguments: Any) -> np.ndarray:
        """Call a kernel that counts by segment into int64 counters of shape (segments, totals); their sum."""
        return self.workers.tally(kernel, self.span, (len(self.segments), totals), arguments)

    def over(self, kernel: Callable[..., Any], rows: int, *arguments: Any) -> Any:
        """Call a kernel over a list of events or people, in one piece; what it returns."""
        return kernel(*arguments, u64(0), u64(rows))

    def stretches(self) -> tuple[tuple[int, int, int], ...]:
        """Segments in a row that live alike: the first of them, first row, row after the last; each of those that do not."""
        return self._stretches

    def _part(self) -> list[tuple[int, int, int]]:
        cuts = [at for at in range(len(self.segments)) if at == 0 or at in self.apart or at - 1 in self.apart]
        ends = [*cuts[1:], len(self.segments)]
        return [(at, int(self.bounds[at]), int(self.bounds[end])) for at, end in zip(cuts, ends, strict=True)]

    def within(self, segment: int, start: int, stop: int) -> AbstractContextManager[None]:
        """Narrow the world to the rows and the events of a stretch, and to how its people live."""
        if stop - start == self.people and not self.apart:
            return _AS_IT_IS
        return self._narrowed(segment, start, stop)

    @contextmanager
    def _narrowed(self, segment: int, start: int, stop: int) -> Generator[None]:
        kept = self.span, self.events, self.life, self.population
        self.span, self.events = (u64(start), u64(stop)), self.events.between(start, stop)
        if segment in self.apart:
            if segment not in self._ways:
                self._ways[segment] = replace(self.life), replace(self.population)
            self.life, self.population = self._ways[segment]
        try:
            yield
        finally:
            self.span, self.events, self.life, self.population = kept

    def by_segment(self, people: np.ndarray, amounts: np.ndarray | None = None) -> np.ndarray:
        """Number of `people` (or sum of their int64 `amounts`) by segment, int64 of shape (segments,)."""
        sums = np.zeros(len(self.segments), np.int64)
        if len(people) == 0:
            return sums
        if amounts is None:
            count_people(sums, self.customers.segment, people, u64(0), u64(len(people)))
        else:
            add_amounts(sums, self.customers.segment, people, amounts, u64(0), u64(len(people)))
        return sums

    def own(self, component: Component) -> Any:
        """The component's own arrays, made when first asked for."""
        fields = self.owned.get(component.address)
        if fields is None:
            fields = self.owned[component.address] = component.State(self.people)
        return fields

    def note(self, component: Component, default: Callable[[], Any]) -> Any:
        """The component's own small state that is no array over people; copied with the world by its ``copy``."""
        if component.address not in self.notes:
            self.notes[component.address] = default()
        return self.notes[component.address]

    def copy(self, components: Iterable[Component]) -> World:
        """The same world for these components, independent from here on; the network is shared.

        Args:
            components: Those of the world, or others that differ only in what has not yet begun to act.
        """
        components = tuple(components)
        twin = object.__new__(World)
        twin.__dict__.update(self.__dict__)
        twin.calendar = Calendar(self.calendar.horizon_weeks, self.calendar.step_days, self.calendar.step)
        twin.names = brought(components)
        twin.customers = self.customers.copy()
        twin.customers.provide(written(components))
        twin.rates = Rates(self.people, causes(components))
        if twin.rates.causes != self.rates.causes:
            codes = [0, *(twin.rates.causes.index(one) + 1 if one in twin.rates.causes else 0 for one in self.rates.causes)]
            twin.customers.acquired_by = np.array(codes, np.uint8)[twin.customers.acquired_by]
        twin.events, twin.refunds = self.events.copy(), self.refunds.copy()
        twin.totals = Totals(declared(components), len(self.segments), self.calendar.horizon_weeks)
        twin.totals.adopt(self.totals)
        twin.ledger = self.ledger.copy(twin.totals)
        kept = {one.address for one in components}
        twin.owned = {name: fields.copy() for name, fields in self.owned.items() if name in kept}
        twin.notes = {name: value.copy() for name, value in self.notes.items() if name in kept}
        return twin

    def arrays(self) -> Iterable[tuple[str, np.ndarray]]:
        """Every array over people that makes up the state, by dotted name."""
        for name, array in self.customers.arrays():
            yield f"customers.{name}", array
        for owner in sorted(self.owned):
            for name, array in self.owned[owner].arrays():
                yield f"{owner}.{name}", array


@kernel
def count_people(sums, segment, people, start, stop):
    """Number of people by segment."""
    for k in range(start, stop):
        sums[segment[people[k]]] += 1


@kernel
def add_amounts(sums, segment, people, amounts, start, stop):
    """Sum of amounts by the segment of their people."""
    for k in range(start, stop):
        sums[segment[people[k]]] += amounts[k]


def cut(people: int, shares: Sequence[float]) -> np.ndarray:
    """First row of each part and the number of people at the end; sizes as near to the shares as whole people can be."""
    sums = np.cumsum(np.asarray(shares, np.float64))
    return np.rint(people * np.concatenate([[0.0], sums / sums[-1]])).astype(np.int64)


def written(components: Iterable[Component]) -> set[str]:
    """Names of the shared fields that some component writes; of goals, those that some component also reads."""
    components = tuple(components)
    read = {name for one in components for name in one.reads}
    return {name for one in components for name in one.writes if name in read or name not in GOAL}


def brought(components: Iterable[Component]) -> dict[str, tuple[str, ...]]:
    """Names that components bring into the scenario, by kind, in canonical order."""
    found: dict[str, tuple[str, ...]] = {}
    for component in components:
        for kind, names in component.names.items():
            found[kind] = tuple(dict.fromkeys((*found.get(kind, ()), *names)))
    return found


def causes(components: Iterable[Component]) -> tuple[str, ...]:
    """Names of what can win prospects, in canonical order; never empty, so that kernels have a row to read."""
    names = tuple(dict.fromkeys(one.cause for one in components if one.cause))
    return names or ("nothing",)


def declared(components: Iterable[Component]) -> list[Total]:
    """Every weekly total of the world and of the components, each once."""
    found = {one.name: one for one in WORLD_TOTALS}
    for component in components:
        for total in component.totals:
            found.setdefault(total.name, total)
        if component.cause:
            name = f"acquired_by_{component.cause}"
            found.setdefault(name, flow(name, unit="people", doc=f"New customers won by {component.cause}."))
    return list(found.values())
