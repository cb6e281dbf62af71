"""`LoyaltyModel`: one market, week by week."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Any, Protocol

import mesa
import numpy as np

from .core.arguments import whole
from .core.component import Component, Kpi
from .core.kernel import kernel
from .core.limits import MOST_THREADS, MOST_WEEKS
from .world.actors import Brand, CustomerView, Diary
from .world.audience import assign_arms
from .world.calendar import Calendar
from .world.events import Refunds
from .world.ledger import cost_of_goods
from .world.life import CAUSE, GAP, LIFE, RETURN, VALUE, live, pass_time, set_pace
from .world.market import Economics, Market
from .world.network import seats
from .world.population import draw_people
from .world.totals import Series
from .world.workers import marked, u64
from .world.world import World

PHASES = ("arrive", "weigh", "live", "settle", "respond", "record")


class Setting(Protocol):
    """What the model needs of a checked scenario."""

    @property
    def horizon_weeks(self) -> int: ...
    @property
    def step_days(self) -> int: ...
    @property
    def market(self) -> Market: ...
    @property
    def economics(self) -> Economics: ...
    @property
    def components(self) -> tuple[Component, ...]: ...
    @property
    def kpis(self) -> tuple[Kpi, ...]: ...
    @property
    def histories(self) -> np.ndarray | None: ...
    @property
    def edges(self) -> tuple[np.ndarray, ...] | None: ...


class LoyaltyModel(mesa.Model):
    """Customers of one scenario in one replication; `step` is one week.

    Attributes:
        setting: The scenario.
        world: The arrays, the books and the weekly totals.
        brand: The firm, a Mesa agent.
        datacollector: Weekly KPIs, and rows of followed customers, by `Step`: the week, from 1; empty if `collect` is off.
    """

    def __init__(
        self,
        scenario: Setting,
        *,
        seed: int = 1,
        replication: int = 0,
        threads: int = 1,
        collect: bool = True,
        trace: bool = False,
        network: Any = None,
        world: World | None = None,
    ) -> None:
        """Build the market and draw its people.

        Args:
            scenario: A checked scenario.
            seed: Key of all luck, 0 to 2**32 - 1.
            replication: Which of the independent repetitions under that seed.
            threads: Threads that kernels are spread over; the result does not depend on it.
            collect: Whether `datacollector` gathers the KPIs of every week.
            trace: Whether each component's term of each rate is kept apart, in ``world.rates.terms``.
            network: The market's network, if it has been built before under this seed and replication.
            world: A world to go on from instead of a new one; see `branch`.

        Raises:
            TypeError: Not a scenario, such as its name.
            ValueError: A number is out of its range.
        """
        _check_setting("LoyaltyModel", scenario)
        whole("seed", seed, 0, 2**32 - 1)
        whole("replication", replication, 0, 2**32 - 1)
        whole("threads", threads, 1, MOST_THREADS)
        super().__init__(rng=seed)
        self.setting = scenario
        components = (*scenario.components, *scenario.kpis)
        self.components = components
        self.kpis = tuple(one for one in components if isinstance(one, Kpi))
        self._hooks = {hook: [one for one in components if _overrides(one, hook)] for hook in (*PHASES, "found", "begin")}
        self._sold = 0.0
        self._seconds = {phase: dict.fromkeys((one.address for one in self._hooks[phase]), 0.0) for phase in PHASES}
        self._seconds["live"]["live"] = 0.0
        self._trace = trace
        self.brand = Brand(self)
        self._collect = collect
        if world is None:
            world = self._found(seed, replication, threads, network)
        self.world = world
        self.datacollector = Diary({one.type: [self._kpi_now, [one]] for one in self.kpis})

    def _found(self, seed: int, replication: int, threads: int, network: Any) -> World:
        scenario = self.setting
        self.world = world = World(
            scenario.market,
            scenario.economics,
            Calendar(scenario.horizon_weeks, scenario.step_days),
            self.components,
            seed=seed,
            replication=replication,
            threads=threads,
        )
        assign_arms(world)
        self._call_over("found")
        draw_people(world, scenario.histories)
        if needs_network(self.components):
            world.network = network or self._tie(world, scenario)
        self._call_over("begin")
        return world

    @staticmethod
    def _tie(world: World, scenario: Setting) -> Any:
        """The network, with the people of each segment spread over it at random."""
        network = scenario.market.network.build(world.people, world.seed, world.replication, scenario.edges)
        return network if len(world.segments) == 1 else network.seated(seats(world))

    def step(self) -> None:
        """One week: arrive, weigh, live, settle, respond (seven times when `step_days` is 1), record.

        The horizon is no limit: a market may be stepped beyond it, and `run` then has nothing left to do.
        """
        for _ in self.world.calendar.steps():
            self.arrive()
            self.weigh()
            self.live()
            self.settle()
            self.respond()
        self.record()

    def arrive(self) -> None:
        """Phase 1: what reaches people: contacts, prices, messages."""
        self.world.customers.refresh(opens_week=self.world.calendar.opens_week)
        self.world.refunds = Refunds()
        self._call("arrive")

    def weigh(self) -> None:
        """Phase 2: every component's term on the shared rates."""
        self.world.rates.clear()
        if self._trace:
            self._weigh_apart()
        else:
            self._call("weigh")

    def live(self) -> None:
        """Phase 3: orders, acquisitions and exits, person by person in continuous time."""
        began = time.perf_counter()
        world, customers, rates = self.world, self.world.customers, self.world.rates
        world.events.clear()
        world.each(set_pace, rates.purchase, customers.purchase_rate, rates.log_purchase)
        for row, below in zip(rates.acquisition[1:], rates.acquisition, strict=False):
            row += below
        busy = np.empty(world.people, np.uint8)
        world.each(
            pass_time, busy, customers.order_clock, customers.status_clock, customers.status, rates.purchase,
            customers.attrition_hazard, rates.log_attrition, rates.acquisition[-1], customers.enters, world.life.attrition,
            world.calendar.now, world.calendar.dt,
        )  # fmt: skip
        people = marked(busy)
        if len(people):
            self._live(people)
            self._book_events()
        self._seconds["live"]["live"] += time.perf_counter() - began

    def _live(self, people: np.ndarray) -> None:
        """Serve those to whom something happens in this step."""
        world, customers, rates, events = self.world, self.world.customers, self.world.rates, self.world.events
        now, dt = world.calendar.now, world.calendar.dt

        def serve(task: int, life: Any, start: int, stop: int) -> Any:
            buffer = events.buffer(task, stop - start)
            while start < stop:
                served = live(
                    *buffer.orders.values(), buffer.exits, buffer.acquired, buffer.returned, buffer.counts,
                    customers.status, customers.order_clock, customers.status_clock, customers.n_orders, customers.joined,
                    customers.last_order, customers.acquired_by, customers.returns, customers.spent,
                    customers.purchase_rate, customers.attrition_hazard, customers.log_basket, customers.enters,
                    rates.purchase, rates.log_order_value, rates.log_attrition, rates.acquisition, people,
                    life.gap_table, life.value_table,
                    world.key(GAP), world.key(VALUE), world.key(LIFE), world.key(RETURN), world.key(CAUSE),
                    life.attrition, life.exposure_per_order, life.period_weeks, now, dt,
                    u64(start), u64(stop),
                )  # fmt: skip
                start = int(served)
                if start < stop:
                    buffer.grow()
            return buffer

        tasks = []
        for segment, first, last in world.stretches():
            a, b = (0, len(people)) if last - first == world.people else np.searchsorted(people, (first, last))
            with world.within(segment, first, last):
                tasks += [(world.life, *one) for one in world.workers.ranges(int(a), int(b))]
        events.collect(world.workers.run([lambda at=at, one=one: serve(at, *one) for at, one in enumerate(tasks)]))

    def _book_events(self) -> None:
        """Totals and money of this step's events."""
        world, events, totals = self.world, self.world.events, self.world.totals
        totals.add("orders", world.by_segment(events.person))
        self._sold += float(events.value.sum(dtype=np.float64))
        world.ledger.check_size(self._sold)
        world.ledger.post("revenue", world.by_segment(events.person, events.value))
        totals.add("exits", world.by_segment(events.exits))
        totals.add("entered", events.entered)
        if len(events.returned):
            totals.add("won_back", world.by_segment(events.returned))
        self._count_acquired()

    def settle(self) -> None:
        """Phase 4: what orders mean: experiences, points, money."""
        self._call("settle")

    def respond(self) -> None:
        """Phase 5: how people change, and what they will tell."""
        self._call("respond")

    def record(self) -> None:
        """Phase 6: the week's totals; people, points and money are checked to add up."""
        world = self.world
        self._book_goods()
        self._call("record")
        world.totals.close_week()
        if self._collect:
            self.datacollector.collect(self)

    def run(self, weeks: int | None = None) -> LoyaltyModel:
        """Step so many weeks, beyond the horizon too, or else what is left to the horizon.

        Raises:
            ValueError: `weeks` is no whole number of weeks.
        """
        if weeks is None:
            weeks = max(self.world.calendar.horizon_weeks - self.world.totals.weeks, 0)
        whole("weeks", weeks, 0, MOST_WEEKS)
        for _ in range(weeks):
            self.step()
        return self

    def branch(self, scenario: Setting | None = None) -> LoyaltyModel:
        """The same market from here on, independent, under this scenario or one that has not yet differed.

        The caller answers for the scenarios being equal up to now; see `experiments.job.shared_weeks`.

        Raises:
            TypeError: Not a scenario, such as its name.
        """
        scenario = self.setting if scenario is None else scenario
        _check_setting("branch", scenario)
        components = (*scenario.components, *scenario.kpis)
        world = self.world.copy(components)
        world.economics = scenario.economics
        twin = LoyaltyModel(scenario, seed=world.seed, collect=self._collect, trace=self._trace, world=world)
        twin._sold = self._sold
        # Steps are weeks, in the rows of the twin's customers too.
        twin.steps = self.steps
        known = {one.address for one in self.components}
        for component in twin._hooks["begin"]:
            if component.address not in known:
                component.begin(world)
        return twin

    def follow(self, people: Iterable[int | np.integer]) -> list[CustomerView]:
        """Register customers as Mesa agents whose life is collected week by week.

        Args:
            people: Rows of the arrays, from 0. Who is followed already is not registered again.

        Raises:
            IndexError: No such person; nobody is then registered.
        """
        people, last = list(people), self.world.people - 1
        for person in people:
            if not isinstance(person, int | np.integer) or not 0 <= person <= last:
                raise IndexError(f"person {person!r}: must be a row, a whole number from 0 to {last:,}.")
        known = {one.person: one for one in self.agents if isinstance(one, CustomerView)}
        for person in people:
            if person not in known:
                known[int(person)] = CustomerView(self, int(person))
        return [known[int(person)] for person in people]

    def weekly(self) -> Series:
        """Weekly totals so far, as KPIs read them."""
        return self.world.totals.weekly()

    def plan(self) -> str:
        """The week as a table: phases, components, and milliseconds each has taken so far a step."""
        steps = max(self.world.calendar.step, 1)
        lines = [f"{'phase':8}  {'component':36}  ms a step"]
        for phase in PHASES:
            for name, seconds in self._seconds[phase].items():
                lines.append(f"{phase:8}  {name:36}  {1000.0 * seconds / steps:9.3f}")
        return "\n".join(lines)

    def digests(self) -> dict[str, str]:
        """SHA-256 of every field and of the weekly totals, by name."""
        found = {name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for name, array in self.world.arrays()}
        totals = self.world.totals
        for name, at in totals.place.items():
            found[f"totals.{name}"] = hashlib.sha256(np.ascontiguousarray(totals.recorded()[:, at]).tobytes()).hexdigest()
        return found

    def _call(self, hook: str) -> None:
        seconds, clock = self._seconds[hook], time.perf_counter
        began = clock()
        for component in self._hooks[hook]:
            if component.overrides:
                self._call_one(component, hook)
            else:
                self._apply(component, hook)
            now = clock()
            seconds[component.address] += now - began
            began = now

    def _call_one(self, component: Component, hook: str) -> None:
        if not component.overrides:
            self._apply(component, hook)
            return
        world = self.world
        for segment, start, stop in world.stretches():
            with world.within(segment, start, stop):
                self._apply(component.within(world.segments[segment]), hook)

    def _apply(self, component: Component, hook: str) -> None:
        getattr(component, hook)(self.world)

    def _call_over(self, hook: str) -> None:
        """Call a hook that lays down a start: for everyone, then anew for the segments that have parameters of their own."""
        world = self.world
        for component in self._hooks[hook]:
            self._apply(component, hook)
        for segment, start, stop in world.stretches():
            if segment in world.apart:
                with world.within(segment, start, stop):
                    for component in self._hooks[hook]:
                        if component.overrides:
                            self._apply(component.within(world.segments[segment]), hook)

    def _weigh_apart(self) -> None:
        rates = self.world.rates
        rates.terms = {}
        before = rates.snapshot()
        for component in self._hooks["weigh"]:
            self._call_one(component, "weigh")
            after = rates.snapshot()
            rates.terms[component.address] = {name: after[name] - before[name] for name in after}
            before = after

    def _count_acquired(self) -> None:
        world, people = self.world, self.world.events.acquired
        if not len(people):
            return
        causes = world.rates.causes
        counts = np.zeros((len(world.segments), len(causes)), np.int64)
        world.over(count_causes, len(people), counts, world.customers.segment, world.customers.acquired_by, people)
        world.totals.add("new_customers", counts.sum(axis=1))
        for at, cause in enumerate(causes):
            name = f"acquired_by_{cause}"
            if name in world.totals.place:
                world.totals.add(name, counts[:, at])

    def _book_goods(self) -> None:
        """Cost of the goods sold this week, by segment."""
        world = self.world
        revenue = world.totals.data[world.totals.weeks, world.totals.place["revenue"], : len(world.segments)]
        world.ledger.post("cost_of_goods", cost_of_goods(revenue, world.economics.gross_margin))

    def _kpi_now(self, kpi: Kpi) -> float | None:
        totals = self.world.totals
        latest = Series(totals.declared, totals.place, totals.recorded()[-1:])
        value = latest.value(kpi)
        if value is None or not np.isfinite(value[0, -1]):
            return None
        return float(value[0, -1])


@kernel
def count_causes(counts, segment, acquired_by, people, start, stop):
    """Number of people by segment and by the cause that won them."""
    for k in range(start, stop):
        counts[segment[people[k]], acquired_by[people[k]] - 1] += 1


def needs_network(components: Iterable[Component]) -> bool:
    """Whether anything passes along ties."""
    return any(one.uses_ties for one in components)


def _check_setting(taker: str, scenario: Any) -> None:
    if not hasattr(scenario, "components"):
        # Only a name can be loaded.
        way = f" Write {taker}(regulars.load({scenario!r}))." if isinstance(scenario, str) else " regulars.load(...) gives one."
        raise TypeError(f"{taker} needs a checked scenario, not {scenario!r}.{way}")


def _overrides(component: Component, hook: str) -> bool:
    return hook != "live" and getattr(type(component), hook) is not getattr(Component, hook)
