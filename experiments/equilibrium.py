"""Balance: a calibrated population with all behaviors on and no program must keep its calibrated orders.

Behavioral terms are 0 for everyone at the start, but they fluctuate, and a fluctuating term is not neutral on average. One
offset per rate (purchase, attrition) takes that out; it is fitted by simulation on the same luck with behaviors off, for
the cohort of the log and for the base it has become: the two drift differently, and a scenario may start with either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from regulars.scenarios.scenario import Scenario

from .executors import crew, split_threads
from .job import Job, execute

SEED = 20_050_101
REPLICATIONS = 8
PEOPLE = 20_000
OFTEN = 10  # Mean repeat orders a customer, beyond which fewer people are simulated.
BEHAVIORS = ("satisfaction", "loyalty", "word_of_mouth")
BASE_WEEKS = 52
_ROUNDS = 3
_STEP = 0.05


def cohort(
    population: dict[str, Any],
    weeks: int,
    *,
    people: int,
    behaviors: bool,
    offsets: tuple[float, float] = (0.0, 0.0),
    start: Literal["cohort", "base"] = "cohort",
) -> Scenario:
    """This population entering as in its log (or going on from its end), with behaviors on or off and nobody else in the market."""
    from regulars.scenarios import from_tree

    on: dict[str, Any] = {name: {} for name in BEHAVIORS} if behaviors else {}
    tree: dict[str, Any] = {
        "name": "Calibrated cohort",
        "horizon_weeks": weeks,
        "market": {"customers": people, "prospects": 0, "start": start},
        "behaviors": {
            **on,
            "purchase": {**population["purchase"], "offset": offsets[0]},
            "attrition": {**population["attrition"], "offset": offsets[1]},
            "spend": dict(population["spend"]),
        },
    }
    histories = np.asarray(population["histories"]["rows"], np.float64)
    return replace(from_tree(tree), histories=histories)


def cumulative_orders(scenario: Scenario, replications: int, threads: int | None = None) -> np.ndarray:
    """Cumulative repeat orders by the end of each week, shape (replications, weeks)."""
    workers, inside = split_threads(threads, replications)

    def one(replication: int) -> np.ndarray:
        outcome = execute(Job([scenario], SEED, replication, inside, digest=False))[0]
        return outcome.series.orders[:, -1].cumsum()

    with crew(workers) as run:
        return np.stack(run(one, range(replications)))


def simulated_repeats(population: dict[str, Any], weeks: int, *, threads: int | None = None) -> np.ndarray:
    """Cumulative repeat orders of the population's own customers with all behaviors on and in balance.

    Args:
        population: As `Calibration.population` gives it.
        weeks: Length of the log.
        threads: Threads in all.

    Returns:
        Shape (replications, weeks).
    """
    people = len(population["histories"]["rows"])
    offsets = balance(population, weeks=weeks, threads=threads)
    scenario = cohort(population, weeks, people=people, behaviors=True, offsets=(offsets["purchase"], offsets["attrition"]))
    return cumulative_orders(scenario, 40, threads)


def balance(population: dict[str, Any], *, weeks: int = 78, threads: int | None = None) -> dict[str, float]:
    """Offsets of purchase and attrition that keep the calibrated cumulative orders with all behaviors on.

    Least squares by Newton steps on the cumulative orders of every week after the first quarter, of the cohort over the
    log and of the base over a year, against the same people on the same luck with behaviors off.

    Returns:
        ``{"purchase": ..., "attrition": ...}``, log factors.
    """
    rows = population["histories"]["rows"]
    # What steadies the sums is orders: of those who order often, fewer people do.
    often = max(1.0, float(np.mean([row[1] for row in rows])) / OFTEN)
    people = len(rows) * max(1, round(PEOPLE / often / len(rows)))

    def orders(behaviors: bool, offsets: np.ndarray) -> np.ndarray:
        at = float(offsets[0]), float(offsets[1])
        found = []
        starts: tuple[tuple[Literal["cohort", "base"], int], ...] = (("cohort", weeks), ("base", BASE_WEEKS))
        for start, length in starts:
            scenario = cohort(population, length, people=people, behaviors=behaviors, offsets=at, start=start)
            total = cumulative_orders(scenario, REPLICATIONS, threads).mean(axis=0)
            found.append(total[length // 4 :])
        return np.concatenate(found)

    target = orders(False, np.zeros(2))
    at = np.zeros(2)
    slope: np.ndarray | None = None
    for _ in range(_ROUNDS):
        here = orders(True, at)
        if slope is None:
            slope = np.stack([(_log(orders(True, at + _STEP * unit)) - _log(here)) / _STEP for unit in np.eye(2)], axis=1)
        step = np.linalg.lstsq(slope, _log(target) - _log(here), rcond=None)[0]
        at = np.clip(at + step, -1.0, 1.0)
        if np.abs(step).max() < 1e-3:
            break
    return {"purchase": round(float(at[0]), 5), "attrition": round(float(at[1]), 5)}


def _log(orders: np.ndarray) -> np.ndarray:
    """Logarithm of mean orders; weeks in which hardly anybody ordered count as half an order, in every run alike."""
    return np.log(np.maximum(orders, 0.5))
