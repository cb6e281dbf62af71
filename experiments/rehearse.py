"""A/B designs tried on simulated truth: how far each would have been from the roll-out effect, and what that costs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.analysis.two_arms import NO_UNITS
from regulars.scenarios.problem import ScenarioError
from regulars.scenarios.scenario import Scenario
from regulars.sim.core.arguments import whole
from regulars.sim.core.limits import MOST_REPLICATIONS

from .arms import in_one_market
from .design import Design, Metric, designs_of, in_arm, read_designs
from .executors import crew, split_threads, suited
from .individuals import Individuals, individuals
from .looks import looked
from .readings import readings
from .readings.reading import TREATMENT, Answer, Reading, Test, Weekly, direct
from .worlds import Market, Plan, World, live_through

BEFORE = {"orders": "orders_before", "spend": "spend_before", "margin": "spend_before"}
"""What is known before a test of what is measured in it; of all else the orders before."""

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Rehearsal:
    """What came of it.

    Attributes:
        scenario: The market in which the test would run.
        designs: The designs by name.
        worlds: How many worlds were lived through.
        budget: What a test may cost; None without.
        readings: By design, estimator and metric: estimate, low, high, p-value, p-value without treatment, and the truth that the
            estimator is after, by world, shape (6, worlds).
        reasons: By the same: in how many worlds the estimator refused, by why.
        truths: By design and metric: total, direct and spillover effect per customer by world, shape (3, worlds).
        money: By design: gain of the roll-out, its program cost, program cost of the test, units, and the roll-out's cost as the test
            shows it, by world, shape (5, worlds).
        over_time: By design: true and estimated effect on the first metric that has weeks, from the start of the test to each week,
            shape (2, weeks, worlds); none for designs in which units change arms.
        individuals: By design: what the roll-out does to whom, world by world.
        looked: By design with looks: of each world the week in which the test ended, whether it found an effect, and, nobody treated,
            whether it found one by the bounds and whether it would have with each look read by itself, shape (4, worlds).
    """

    scenario: Scenario
    designs: Mapping[str, Design]
    worlds: int
    budget: float | None = None
    readings: dict[Key, np.ndarray] = field(default_factory=dict[Key, np.ndarray])
    reasons: dict[Key, dict[str, int]] = field(default_factory=dict[Key, dict[str, int]])
    truths: dict[tuple[str, str], np.ndarray] = field(default_factory=dict[tuple[str, str], np.ndarray])
    money: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    over_time: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    individuals: dict[str, list[Individuals]] = field(default_factory=dict[str, list[Individuals]])
    looked: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        from .rehearsal_document import document

        return document(self)


@dataclass(frozen=True)
class Lived:
    """One world, read."""

    readings: dict[Key, tuple[float, ...]]
    reasons: dict[Key, str]
    truths: dict[tuple[str, str], tuple[float, float, float]]
    money: dict[str, tuple[float, ...]]
    over_time: dict[str, np.ndarray]
    individuals: Individuals
    looked: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class WorldTask:
    """Worlds of designs that differ in who is assigned, and in nothing else; readings of one world."""

    plan: Plan
    designs: Mapping[str, Design]

    def __call__(self, replication: int) -> Lived:
        world, known = live_through(self.plan, replication), readings()
        found = Lived({}, {}, {}, {}, {}, individuals(world), {})
        for name, design in self.designs.items():
            market = world.assigned[name][1]
            views = (market, market.weekly), (world.nobody, world.untreated[name])
            kept: dict[str, Any] = {}
            for metric, one in design.head.metrics.items():
                change = market.columns[one.column] - world.nobody.columns[one.column]
                total = float(np.mean(world.everybody.columns[one.column] - world.nobody.columns[one.column]))
                tests = [_test(world, name, one, design, *view, kept) for view in views]
                own = direct(tests[0], change)
                found.truths[name, metric] = total, own, total - own
                for estimator in estimators_of(design):
                    key, reading = (name, estimator, metric), known[estimator]
                    answer, null = (_read(reading, test) for test in tests)
                    aim = reading.aim(tests[0], change, total)
                    found.readings[key] = *_numbers(answer), _numbers(null)[3], aim
                    if answer.reason is not None:
                        found.reasons[key] = answer.reason
            found.money[name] = _money(world, name, design.head.weeks)
            ended = looked(world, name, design, known)
            if ended is not None:
                found.looked[name] = ended
            course = _course(world, name, design)
            if course is not None:
                found.over_time[name] = course
        return found


def rehearse(
    scenario: Scenario | str | os.PathLike[str],
    designs: Mapping[str, Any] | Design | str | os.PathLike[str],
    *,
    worlds: int = 200,
    seed: int = 1,
    threads: int | None = None,
    aa: bool = False,
    budget: float | None = None,
    progress: Callable[[str, int], Callable[[int], None]] | None = None,
) -> Rehearsal:
    """Try designs of a test on worlds whose truth is known.

    Each world is lived through with nobody treated, with everybody treated and with arms as assigned, on the same luck. The truth is
    the difference of the first two, the effect of the roll-out; what the test would have said comes from the third.

    Args:
        scenario: The market in which the test would run, or its file or name.
        designs: A design or designs by name, checked, as plain data, or their file.
        worlds: How many worlds, each with people and luck of its own.
        seed: Key of all luck.
        threads: At most so many at a time; all cores if None.
        aa: Whether every arm gets the control's settings.
        budget: What a test may cost, in the currency.
        progress: Called with the name of the work and how much of it there is; gives what is called with how much more is done.

    Raises:
        NoTest: The test does not fit the scenario; one sentence says why.
        ScenarioError: An arm's settings do not fit the scenario.
    """
    whole("worlds", worlds, 1, MOST_REPLICATIONS)
    scenario, designs = found_scenario(scenario), checked_designs(designs)
    tasks = [WorldTask(world_plan(scenario, group, seed, aa=aa), group) for group in together(designs)]
    workers, _ = split_threads(threads, worlds)
    weeks = max(one.head.start_week + one.head.weeks for one in designs.values())
    kind = suited(scenario.market.people, (2.0 + len(designs)) * scenario.market.people * weeks * worlds, workers)
    tick = None if progress is None else progress("worlds", worlds * len(tasks))
    result = Rehearsal(scenario, dict(designs), worlds, budget)
    try:
        with crew(workers, kind) as run:
            for task in tasks:
                _gather(result, task, run(task, range(worlds), lambda _: None if tick is None else tick(1)))
    except ValueError as problem:
        raise NoTest(str(problem)) from problem
    return result


def found_scenario(scenario: Scenario | str | os.PathLike[str]) -> Scenario:
    """The scenario, read if it is a file or a name."""
    from regulars.scenarios import load

    return scenario if isinstance(scenario, Scenario) else load(os.fspath(scenario))


def checked_designs(designs: Mapping[str, Any] | Design | str | os.PathLike[str]) -> dict[str, Design]:
    """Designs by name, read and checked if they are not yet."""
    if isinstance(designs, Design):
        return {designs.name: designs}
    if not isinstance(designs, Mapping):
        return read_designs(designs)
    if designs and all(isinstance(one, Design) for one in designs.values()):
        return dict(designs)
    return designs_of(designs)


class NoTest(ValueError):
    """A test that cannot be had in this market."""


def _gather(result: Rehearsal, task: WorldTask, lived: list[Lived]) -> None:
    first = lived[0]
    for key in first.readings:
        result.readings[key] = np.array([one.readings[key] for one in lived], np.float64).T
        result.reasons[key] = dict(Counter(one.reasons[key] for one in lived if key in one.reasons))
    for key in first.truths:
        result.truths[key] = np.array([one.truths[key] for one in lived], np.float64).T
    for name in task.designs:
        result.money[name] = np.array([one.money[name] for one in lived], np.float64).T
        result.individuals[name] = [one.individuals for one in lived]
        if name in first.looked:
            result.looked[name] = np.array([one.looked[name] for one in lived], np.float64).T
        if name in first.over_time:
            result.over_time[name] = np.stack([one.over_time[name] for one in lived], axis=2)


def estimators_of(design: Design) -> list[str]:
    """Names of the estimators that a design is read by: those it asks for, else those that fit its way of assigning."""
    if design.head.estimators:
        return list(design.head.estimators)
    kind = design.kind
    known = readings()
    order = [name for name, one in known.items() if kind in one.default_for]
    # The one that suits the design best comes first: it was made for fewer.
    return sorted(order, key=lambda name: (len(known[name].fits), known[name].sees != "total", name))


def together(designs: Mapping[str, Design]) -> list[dict[str, Design]]:
    """Designs that can share their worlds."""
    groups: list[dict[str, Design]] = []
    for name, design in designs.items():
        for group in groups:
            first = next(iter(group.values())).head
            same = ("shares", "start_week", "weeks", "arms", "capacity", "looks")
            if all(getattr(first, one) == getattr(design.head, one) for one in same):
                group[name] = design
                break
        else:
            groups.append({name: design})
    return groups


def world_plan(scenario: Scenario, designs: Mapping[str, Design], seed: int, *, aa: bool = False) -> Plan:
    """What worlds of these designs, of one roll-out, are run for."""
    head = next(iter(designs.values())).head
    last = head.start_week + head.weeks - 1
    shared = {"market.arms": dict(head.shares), "horizon_weeks": max(last, scenario.horizon_weeks)}
    base = scenario.with_values(shared)
    design = next(iter(designs.values()))
    arms = {name: _patched(base, design, design.control if aa else name) for name in head.shares}
    control, *others = arms
    try:
        mixed = in_one_market(arms, start_week=head.start_week, capacity=head.capacity)
    except ValueError as problem:
        raise NoTest(str(problem)) from problem
    assignments = {name: design.assignment for name, design in designs.items()}
    known, looks = readings(), tuple(week for week in head.looks if week < head.weeks)
    ties = any(known[one].uses_ties for design in designs.values() for one in estimators_of(design))
    return Plan(arms[control], arms[others[0]], mixed, assignments, dict(head.shares), head.start_week, head.weeks, seed, ties, looks)


def _patched(scenario: Scenario, design: Design, arm: str) -> Scenario:
    """The scenario with an arm's settings, given as sections of a scenario."""
    values = {f"{section}.{name}": value for section, parts in design.head.arms.get(arm, {}).items() for name, value in parts.items()}
    try:
        return scenario.with_values(values) if values else scenario
    except ScenarioError as error:
        raise in_arm(design, arm, error) from None


def _test(
    world: World, name: str, metric: Metric, design: Design, market: Market, weekly: Mapping[str, np.ndarray], kept: dict[str, Any]
) -> Test:
    """What someone would have who reads the test, or who reads the same arms where nobody was treated."""
    assigned, group = world.assigned[name][0], world.groups[name]
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    periods = np.searchsorted(assigned.first_weeks, np.arange(1, design.head.weeks + 1), side="right") - 1
    course = Weekly(
        group=group,
        sizes=sizes,
        arms=assigned.arms[:, first][periods],
        cluster=None if assigned.cluster is None else assigned.cluster[first],
        sums=weekly,
    )
    return Test(
        column=metric.column,
        kind=metric.kind,
        outcome=market.columns[metric.column],
        before=world.before[BEFORE.get(metric.column, "orders_before")],
        assigned=assigned,
        weekly=course,
        ties=world.ties,
        washout_weeks=getattr(design.assignment, "washout_weeks", 0),
        alpha=design.head.alpha,
        kept=kept,
    )


def _read(reading: Reading, test: Test) -> Answer:
    if not (test.assigned.arms > 1).any() or not (test.assigned.arms == 1).any():
        return Answer(None, reason=NO_UNITS)
    try:
        return reading.read(test)
    except ValueError as problem:
        # A world in which a test cannot be read is counted as refused, with the reason.
        return Answer(None, reason=str(problem))


def _numbers(answer: Answer) -> tuple[float, float, float, float]:
    found = (answer.value, answer.low, answer.high, answer.p_value)
    if answer.value is None:
        return (float("nan"),) * 4  # type: ignore[return-value]
    return tuple(float("nan") if one is None else one for one in found)  # type: ignore[return-value]


def _money(world: World, design: str, weeks: int) -> tuple[float, float, float, float, float]:
    """Gain of the roll-out, its program cost, program cost of the test, units, and the roll-out's cost as the test shows it.

    What the test cost was spent on its treated customer-weeks; a roll-out treats all of them. Where several arms share that cost the
    price of the one that is compared is taken as known.
    """
    assigned, market = world.assigned[design]
    gain, cost = world.everybody.gain - world.nobody.gain, world.everybody.cost - world.nobody.cost
    lasting = np.diff((*assigned.first_weeks, weeks + 1))
    treated = float(lasting @ (assigned.arms > 1).mean(axis=1)) / weeks
    test_cost = market.cost - world.nobody.cost
    shown = cost if assigned.arms.max() > TREATMENT else test_cost / treated if treated > 0.0 else float("nan")
    return gain, cost, test_cost, float(len(world.segment)), shown


def _course(world: World, name: str, design: Design) -> np.ndarray | None:
    """True effect and plain difference of the arms from the start of the test to each week, shape (2, weeks)."""
    column = next((one.column for one in design.head.metrics.values() if one.column in world.nobody.weekly), None)
    assigned, market = world.assigned[name]
    if column is None or len(assigned.arms) > 1:
        return None
    group = world.groups[name]
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    arm, sums = assigned.arms[-1][first], market.weekly[column]
    if not ((arm == 1).any() and (arm == 2).any()):
        return None
    means = [sums[:, arm == code].sum(axis=1) / sizes[arm == code].sum() for code in (1, 2)]
    truth = (world.everybody.weekly[column].sum(axis=1) - world.nobody.weekly[column].sum(axis=1)) / len(group)
    return np.cumsum([truth, means[1] - means[0]], axis=1)
