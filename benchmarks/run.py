"""What `make bench` prints: speed, memory, precision and start-up of this machine against the project's targets.

Every figure is the median of rounds in which all figures take turns, so that what else the machine does falls on all of
them alike. The last column is how far a target is met: above 1 is better than asked.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import unittest.mock
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mesa
import numba
import numpy as np
from desk_queues import nanoseconds_a_ticket
from mesa_customers import MesaMarket
from tests_of_programs import measure_tests

from regulars.scenarios import Scenario, from_tree, load
from regulars.sim import catalog
from regulars.sim.core.desk import compiled
from regulars.sim.core.kernel import Kernel
from regulars.sim.model import LoyaltyModel
from regulars.sim.world.network import CommunityStructured, HeavyTailed, SmallWorld

BASELINE, POINTS, POINTS_AND_MAIL = (f"library:online_shop/{name}" for name in ("baseline", "points", "points_and_mail"))
EVERYTHING = Path(__file__).with_name("everything.yaml")
BYTES_A_TIE, BYTES_A_ROW = 4, 8
TARGETED = (
    "purchase", "spend", "attrition", "satisfaction", "loyalty", "word_of_mouth", "organic_acquisition", "contact_fatigue",
)  # fmt: skip
"""Behaviors of the workload that the targets of speed and memory were set for."""
AGENTS_A_PERSON = 6e-5
"""Agents of the benchmark's desk by day, for each person of the market."""
CUSTOMERS_OF_TEN = 4
"""Customers among ten people of a benchmark's market; the others are prospects."""


@dataclass(frozen=True)
class Target:
    """What a figure should come to; `at_most` False means at least. A value of None is for information."""

    what: str
    unit: str
    value: float | None = None
    at_most: bool = True

    def met(self, measured: float) -> str:
        """How far the target is met, above 1 is better."""
        if self.value is None or measured <= 0.0:
            return ""
        return f"{self.value / measured if self.at_most else measured / self.value:.2f}"


TARGETS = {
    "million": Target("1,000,000 people, 20 ties, 52 weeks, all on, 2 threads", "s", 5.0),
    "million build": Target("  building that market", "s"),
    "tie bytes": Target("  network, above 8 bytes a person", "bytes a tie", BYTES_A_TIE),
    "state bytes": Target("  state of a person: fields, rates, queues", "bytes", 160.0),
    "million every": Target("1,000,000 people, the whole catalog on, 2 threads", "s", 8.0),
    "state bytes every": Target("  state of a person with the whole catalog on", "bytes"),
    "ten thousand": Target("10,000 people, 52 weeks, all on, 1 thread", "ms", 60.0),
    "ten thousand every": Target("  with the whole catalog on", "ms"),
    "off": Target("  with the rest of the catalog switched off, over never named", "x", 1.02),
    "mesa": Target("plain Mesa over ours, time per customer-week, 100,000 people", "x", 50.0, at_most=False),
    "mesa ours": Target("  ours in those weeks, 1 thread", "ns"),
    "mesa theirs": Target("  plain Mesa in those weeks", "ns"),
    "week": Target("a week of 1,000 people, all on", "ms"),
    "ten": Target("a week of 10 people, all on", "ms"),
    "ten python": Target("  Python between kernels: the week less its calls of kernels", "ms", 0.2),
    "ten every": Target("a week of 10 people, the whole catalog on", "ms"),
    "ten every python": Target("  Python between kernels", "ms", 0.3),
    "desk": Target("compiled service desk", "ns a ticket", 100.0),
    "variance": Target("variance of profit's difference, independent over paired", "x", 50.0, at_most=False),
    "analysis": Target("analysis of a test of 1,000,000 rows x 5 metrics", "s", 5.0),
    "looks": Target("bounds of a test with 5 looks", "s", 0.3),
    "rehearsal individual": Target("rehearsal, 200 worlds x 10,000 people x 26 weeks, individuals", "s", 60.0),
    "rehearsal cluster": Target("  communities of the network", "s", 60.0),
    "help": Target("regulars --help", "s", 0.5),
    "validate": Target("regulars validate", "s", 0.5),
    "warm": Target("first result, kernels compiled before", "s", 6.0),
    "cold": Target("first result, nothing compiled", "s", 40.0),
    **{
        f"{name} {part}": Target(f"network of 1,000,000, {name.replace('_', ' ')}{what}", unit, most)
        for name in ("small_world", "heavy_tailed", "community")
        for part, what, unit, most in (("seconds", "", "s", 3.0), ("peak", ": peak of memory", "bytes a person", 300.0))
    },
}


def targeted(people: int) -> Scenario:
    """The shop with points and mail and the behaviors that the targets were set for, in a market of so many people."""
    shop = load(POINTS_AND_MAIL)
    more = {f"behaviors.{one}": {} for one in TARGETED if shop.component(f"behaviors.{one}") is None}
    return shop.with_values(sizes(people) | more)


def everything(people: int) -> Scenario:
    """A shop with every component of the catalog on, whose desk has the agents that so many people need."""
    return load(EVERYTHING).with_values(sizes(people) | {"feedback.desk.shifts.day.agents": max(1, round(people * AGENTS_A_PERSON))})


def switched_off(people: int) -> Scenario:
    """The same with all off that the shop with points and mail does not have."""
    shop = targeted(people)
    others = [one.address for one in everything(people).components if shop.component(one.address) is None]
    return shop.with_values(dict.fromkeys(others, "off"))


def sizes(people: int) -> dict[str, int]:
    customers = people * CUSTOMERS_OF_TEN // 10
    return {"market.customers": customers, "market.prospects": people - customers}


def built(scenario: Scenario, **options: Any) -> LoyaltyModel:
    return LoyaltyModel(scenario, collect=False, **options)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def nested_bytes(value: object) -> int:
    """Bytes of the arrays that a small piece of state holds."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(nested_bytes(one) for one in value.values())
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return sum(nested_bytes(one) for one in vars(value).values()) if hasattr(value, "__dict__") else 0
    return sum(nested_bytes(one) for one in value)  # type: ignore[attr-defined]


def measure_million() -> Iterator[tuple[str, float]]:
    people = 1_000_000
    scenario = targeted(people)
    began = time.perf_counter()
    model = built(scenario, threads=2)
    yield "million build", time.perf_counter() - began
    yield "million", seconds(model.run)
    world = model.world
    network = world.network
    yield "tie bytes", (network.ties.nbytes + network.starts.nbytes - BYTES_A_ROW * (people + 1)) / network.n_ties
    yield "state bytes", state_bytes(model)
    model = built(everything(people), threads=2)
    yield "million every", seconds(model.run)
    yield "state bytes every", state_bytes(model)


def state_bytes(model: LoyaltyModel) -> float:
    """Bytes of a person's state: fields, rates, queues."""
    world = model.world
    rates = sum(one.nbytes for one in vars(world.rates).values() if isinstance(one, np.ndarray))
    return (sum(array.nbytes for _, array in world.arrays()) + rates + nested_bytes(world.notes)) / world.people


def measure_ten_thousand() -> Iterator[tuple[str, float]]:
    scenarios = {"ten thousand": targeted(10_000), "without": switched_off(10_000), "ten thousand every": everything(10_000)}
    for _ in range(5):
        taken = {name: 1000.0 * seconds(built(scenario).run) for name, scenario in scenarios.items()}
        yield "off", taken.pop("without") / taken["ten thousand"]
        yield from taken.items()


def measure_week() -> Iterator[tuple[str, float]]:
    for name, scenario in (("week", targeted(1_000)), ("ten", targeted(10)), ("ten every", everything(10))):
        week, kernels = median_week(scenario), median_kernels(scenario)
        yield name, 1000.0 * week
        yield f"{name} python", 1000.0 * (week - kernels)


def median_week(scenario: Scenario) -> float:
    """Seconds of a week that is neither the first nor the last."""
    model = built(scenario)
    model.run(8)
    return statistics.median(seconds(model.step) for _ in range(40))


def median_kernels(scenario: Scenario) -> float:
    """Seconds of a week that calls of kernels take, dispatch included; the same weeks as those of `median_week`."""
    model, spent = built(scenario), [0.0]
    model.run(8)
    plain = Kernel.__call__

    def timed(one: Kernel, *arguments: Any) -> Any:
        began = time.perf_counter()
        found = plain(one, *arguments)
        spent[0] += time.perf_counter() - began
        return found

    def week() -> float:
        spent[0] = 0.0
        model.step()
        return spent[0]

    with unittest.mock.patch.object(Kernel, "__call__", timed):
        return statistics.median(week() for _ in range(40))


class AgainstMesa:
    """Both versions go through the same weeks of the same market in turns."""

    PEOPLE, WEEKS = 100_000, 4

    def __init__(self) -> None:
        behaviors = ("satisfaction", "loyalty", "word_of_mouth", "organic_acquisition", "contact_fatigue")
        market = {**sizes(self.PEOPLE), "market.network": {"type": "small_world", "strong_ties": 8, "weak_ties": 12}}
        scenario = from_tree(
            {
                "name": "Everything plain Mesa covers",
                "horizon_weeks": 52,
                "currency": "USD",
                "market": {name.removeprefix("market."): value for name, value in market.items()},
                "behaviors": {name: {} for name in ("purchase", "spend", "attrition", *behaviors)},
                "programs": {
                    "stars": {
                        "type": "points",
                        "expiry_weeks": 52,
                        "welcome_points": 20,
                        "catalog": {"voucher": {"points": 150, "face_value": 10.0, "unit_cost": 6.5}},
                    }
                },
                "campaigns": {"mail": {"type": "push", "every_weeks": 2}},
            }
        )
        # Kernels are loaded once a process; that is part of "first result", not of a customer's week.
        built(scenario).run(self.WEEKS)
        self.ours, self.theirs = built(scenario), MesaMarket(scenario, seed=1)

    def __call__(self) -> Iterator[tuple[str, float]]:
        unit = 1e9 / (self.PEOPLE * self.WEEKS)
        ours = unit * seconds(lambda: self.ours.run(self.WEEKS))
        theirs = unit * seconds(lambda: [self.theirs.step() for _ in range(self.WEEKS)])
        yield "mesa ours", ours
        yield "mesa theirs", theirs
        yield "mesa", theirs / ours


def measure_variance(pairs: int) -> float:
    """Variance of the difference in profit between two plans with luck of their own, over that with common luck."""
    profit = next(one() for one in catalog.kpis() if one.type == "profit")

    def draw(scenario: Scenario) -> np.ndarray:
        found = (built(scenario, replication=at).run().world.totals.horizon().value(profit) for at in range(pairs))
        return np.array([0.0 if one is None else one[0, -1] for one in found])

    baseline, points = draw(load(BASELINE)), draw(load(POINTS))
    return float((baseline.var(ddof=1) + points.var(ddof=1)) / (points - baseline).var(ddof=1))


def measure_networks() -> Iterator[tuple[str, float]]:
    people = 1_000_000
    for name, generator in (("small_world", SmallWorld()), ("heavy_tailed", HeavyTailed()), ("community", CommunityStructured())):
        yield f"{name} seconds", seconds(lambda generator=generator: generator.build(people, 1))
        tracemalloc.start()
        generator.build(people, 1)
        yield f"{name} peak", tracemalloc.get_traced_memory()[1] / people
        tracemalloc.stop()


def command(*arguments: str, **environment: str) -> float:
    """Seconds that a command of the installed program takes, from outside."""
    program = Path(sys.executable).with_name("regulars")
    return seconds(
        lambda: subprocess.run([program, *arguments], check=True, capture_output=True, env={**os.environ, **environment})
    )


def measure_start() -> Iterator[tuple[str, float]]:
    yield "help", command("--help")
    yield "validate", command("validate", POINTS)
    yield "warm", first_result()


def first_result(**environment: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return command("run", POINTS, "--replications", "1", "--json", "--out", f"{folder}/run", **environment)


def warm_up() -> None:
    """Compile all kernels before anything is timed."""
    for scenario in (targeted(50_000), everything(50_000)):
        built(scenario, threads=2).run()
    built(everything(1_000)).run()
    for generator in (SmallWorld(), HeavyTailed(), CommunityStructured()):
        generator.build(1_000, 1)
    first_result()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one round instead of five, fewer pairs, no cold start")
    quick = options.parse_args().quick
    rounds, pairs = (1, 20) if quick else (5, 60)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"numba {numba.__version__}, mesa {mesa.__version__}; medians of {rounds} round(s), {pairs} pairs",
        flush=True,
    )
    warm_up()
    probes = (measure_million, measure_ten_thousand, measure_week, AgainstMesa(), measure_networks, measure_start)
    samples: dict[str, list[float]] = defaultdict(list)
    for at in range(rounds):
        for probe in probes:
            for name, value in probe():
                samples[name].append(value)
        print(f"round {at + 1} of {rounds} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    samples["desk"].append(nanoseconds_a_ticket(compiled))
    samples["variance"].append(measure_variance(pairs))
    for name, value in measure_tests(quick=quick):
        samples[name].append(value)
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            samples["cold"].append(first_result(REGULARS_CACHE_DIR=folder))
    print(f"{'what':62} {'measured':>10} {'target':>10} {'':14} {'met':>6}")
    for name, target in TARGETS.items():
        if name not in samples:
            print(f"{target.what:62} {'left out':>10}")
            continue
        measured = statistics.median(samples[name])
        bound = "" if target.value is None else f"{'<=' if target.at_most else '>='} {target.value:g}"
        print(f"{target.what:62} {measured:>10.3g} {bound:>10} {target.unit:14} {target.met(measured):>6}")


if __name__ == "__main__":
    main()
