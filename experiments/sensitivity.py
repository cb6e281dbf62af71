"""Each uncertain parameter moved through its range, and where the answer changes sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from regulars.analysis.compare import return_on_cost
from regulars.analysis.sensitivity import Factor, Swing, one_at_a_time
from regulars.analysis.sensitivity import Outcome as Worth
from regulars.scenarios.scenario import Scenario

from .executors import Run
from .gains import Gains, gains_of
from .job import Job, Outcome, execute
from .results import plain
from .run import Progress
from .uncertainty import Uncertain

REPLICATIONS = 3
SEARCHES = 3
Point = tuple[str, str]
"""A parameter's path and the side of its range that it is moved to."""


def sensitivity(
    scenarios: Sequence[Scenario],
    headline: Mapping[int, Gains],
    unknown: Sequence[Mapping[str, Uncertain]],
    replications: int,
    seed: int,
    run: Run,
    threads: int,
    progress: Callable[[str, int], Progress] | None,
) -> list[list[dict[str, Any]]]:
    """For each scenario but the first: each uncertain parameter at the ends of its range, and where the answer changes sign.

    Everything is on the same luck; what a value does not touch (the baseline under a parameter of a plan, a plan without the
    parameter) keeps the outcome it has with all values as they are. Scenarios with ranges of their own move through them
    together, from low to low and from high to high.

    Args:
        scenarios: The baseline first.
        headline: What each scenario gains over all replications, by its place.
        unknown: What is uncertain in each scenario, by path.
        replications: How many of them the table is made of.
        seed: Key of all luck.
        run: Workers; see `executors.crew`.
        threads: Threads for what has to be known before they can begin.
        progress: Makes a ticker for a task, from its name and its weeks in all.
    """
    moves = Moves(scenarios, unknown, replications, seed)
    points, arms = moves.points(), range(1, len(scenarios))
    weeks = scenarios[0].horizon_weeks * replications
    tick = progress("sensitivity", weeks * (len(scenarios) + sum(len(moves.touched[path]) for path, _ in points))) if progress else None
    moves.start_from(headline, threads)
    if tick is not None:
        tick(weeks * len(scenarios))

    def done(point: Point) -> None:
        if tick is not None:
            tick(weeks * len(moves.touched[point[0]]))

    moves.table = dict(zip(points, run(moves.at_side, points, done), strict=True))
    places = [(arm, path) for arm in arms for path in moves.touched if {0, arm} & set(moves.touched[path])]
    rows = run(moves.row, places)
    of = {arm: [row for (at, _), row in zip(places, rows, strict=True) if at == arm] for arm in arms}
    return [[plain(one) for one in sorted(of[arm], key=lambda row: (-row.swing, row.path))] for arm in arms]


@dataclass
class Moves:
    """What a comparison comes to when one parameter is moved; tasks for workers, who may be other processes.

    Attributes:
        scenarios: The baseline first.
        unknown: What is uncertain in each scenario, by path.
        replications, seed: Of the luck.
        touched: Places of the scenarios that each path is uncertain in.
        usual: Outcomes with all values as they are, by scenario, then replication.
        shift: What all replications tell beyond these few of margin and cost, by scenario.
        headline: What each scenario gains over all replications.
        networks: Networks of the replications, for all runs on the same network settings.
        table: Gains by point, then scenario.
    """

    scenarios: Sequence[Scenario]
    unknown: Sequence[Mapping[str, Uncertain]]
    replications: int
    seed: int
    touched: dict[str, tuple[int, ...]] = field(default_factory=dict)
    usual: list[list[Outcome]] = field(default_factory=list)
    shift: dict[int, tuple[float, float]] = field(default_factory=dict)
    headline: Mapping[int, Gains] = field(default_factory=dict)
    networks: dict[Any, Any] = field(default_factory=dict)
    table: dict[Point, dict[int, Gains]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = sorted({path for one in self.unknown for path in one})
        self.touched = {path: tuple(at for at, one in enumerate(self.unknown) if path in one) for path in paths}

    def points(self) -> list[Point]:
        """Every parameter at every side that it is moved to."""
        sides = {path: dict.fromkeys(side for at in arms for side in _sides(self.unknown[at][path])) for path, arms in self.touched.items()}
        return [(path, side) for path, found in sides.items() for side in found]

    def start_from(self, headline: Mapping[int, Gains], threads: int) -> None:
        """Run everything with all values as they are."""
        everyone = range(len(self.scenarios))
        self.headline = headline
        self.usual = self._outcomes({at: {} for at in everyone}, self.networks, threads)
        for at in everyone[1:]:
            few = self._gains(self.usual, at)
            # A few replications tell on common luck what a value changes; where it starts from, all of them tell better.
            self.shift[at] = headline[at].margin.mean() - few.margin.mean(), headline[at].cost.mean() - few.cost.mean()

    def _outcomes(self, values: Mapping[int, dict[str, Any]], networks: Mapping[Any, Any], threads: int = 1) -> list[list[Outcome]]:
        changed = [self.scenarios[at].with_values(one) for at, one in values.items()]
        rows = [execute(Job(changed, self.seed, at, threads, digest=False, networks=networks)) for at in range(self.replications)]
        return [[row[at] for row in rows] for at in range(len(changed))]

    def _gains(self, outcomes: Any, at: int) -> Gains:
        return gains_of(outcomes[0], outcomes[at], self.scenarios[at].economics.view)

    def _moved(self, path: str, values: Mapping[int, Any]) -> dict[int, Gains]:
        """Gains by scenario with these values at the path; what they change is added to the headline."""
        changed = self._outcomes({at: {path: one} for at, one in values.items()}, MappingProxyType(self.networks))
        found = dict(enumerate(self.usual)) | dict(zip(values, changed, strict=True))
        told = {at: self._gains(found, at) for at in self.shift}
        return {at: Gains(one.margin + self.shift[at][0], one.cost + self.shift[at][1]) for at, one in told.items()}

    def at_side(self, point: Point) -> dict[int, Gains]:
        """Gains by scenario with one parameter at one side of its range."""
        path, side = point
        return self._moved(path, {at: _at_side(self.unknown[at][path], side) for at in self.touched[path]})

    def row(self, place: tuple[int, str]) -> Swing:
        """One row of a scenario's table, for which values between the sides may have to be tried."""
        arm, path = place
        one = self.unknown[arm].get(path) or self.unknown[0][path]

        def evaluate(path: str, value: Any) -> Worth:
            side = next((side for side in _sides(one) if _at_side(one, side) == value), None)
            if side is not None:
                return _worth(self.table[path, side][arm])
            values = {at: _same_place(one, self.unknown[at][path], value) for at in self.touched[path] if at in (0, arm)}
            return _worth(self._moved(path, values)[arm])

        factor = Factor(
            one.path, one.unit, one.default, None if one.choices else one.low, None if one.choices else one.high, one.source,
            one.choices, one.integer,
        )  # fmt: skip
        return one_at_a_time([factor], evaluate, _worth(self.headline[arm]), searches=SEARCHES)[0]


def _sides(one: Uncertain) -> list[str]:
    """Where a parameter is moved to: the ends of its range that are not the value in use, or the other values of a switch."""
    return list(one.choices) or [side for side in ("low", "high") if _at_side(one, side) != one.default]


def _at_side(one: Uncertain, side: str) -> Any:
    if one.choices:
        return side if side in one.choices else one.default
    end = one.low if side == "low" else one.high
    return round(end) if one.integer else end


def _same_place(one: Uncertain, other: Uncertain, value: Any) -> Any:
    """The value of another scenario's parameter that lies in its range where `value` lies in the range of `one`."""
    if one == other or one.choices or other.choices:
        return value
    placed = float(np.interp(value, [one.low, float(one.default), one.high], [other.low, float(other.default), other.high]))
    return round(placed) if other.integer else placed


def _worth(gains: Gains) -> Worth:
    return Worth(float(gains.profit.mean()), return_on_cost(gains.margin, gains.cost).value)
