"""A/B designs tried on simulated truth: how far each would have been from the roll-out effect, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.analysis.estimators.estimator import Contrast, Sample
from regulars.analysis.operating import Figure, operating_characteristics
from regulars.scenarios.scenario import Scenario

from .arms import in_one_market
from .design import Design, Metric
from .executors import crew, split_threads, suited
from .worlds import Market, Plan, World, live_through

ALPHA = 0.05
COVARIATE = {"orders": "orders_before", "spend": "spend_before", "margin": "spend_before"}
"""What is known before a test of what is measured in it."""


@dataclass(frozen=True)
class Rehearsal:
    """What came of it.

    Attributes:
        document: As `--json` prints it.
        readings: By design, estimator and metric: estimate, low, high, p-value and p-value without treatment by world, shape (5, worlds).
        truths: By design and metric: total, direct and spillover effect per customer by world, shape (3, worlds).
    """

    document: dict[str, Any]
    readings: dict[tuple[str, str, str], np.ndarray]
    truths: dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class _Task:
    """Worlds of designs that differ in who is assigned, and in nothing else; readings of one world."""

    plan: Plan
    designs: Mapping[str, Design]

    def __call__(self, replication: int) -> tuple[dict[Any, tuple[float, ...]], ...]:
        """Readings, truths and money of one world."""
        world = live_through(self.plan, replication)
        readings, truths, money = {}, {}, {}
        for name, design in self.designs.items():
            for metric, one in design.head.metrics.items():
                truths[name, metric] = _truth(world, name, one)
                for estimator in estimators_of(design):
                    readings[name, estimator, metric] = _read(world, name, one, estimator, design)
            money[name] = _money(world, name)
        return readings, truths, money


def rehearse(
    scenario: Scenario,
    designs: Mapping[str, Design],
    *,
    worlds: int = 200,
    seed: int = 1,
    threads: int | None = None,
    aa: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Rehearsal:
    """Try designs of a test on worlds whose truth is known.

    Each world is lived through with nobody treated, with everybody treated and with arms as assigned, on the same luck. The truth is
    the difference of the first two, the effect of the roll-out; what the test would have said comes from the third.

    Args:
        scenario: The market in which the test would run.
        designs: Designs by name.
        worlds: How many worlds, each with people and luck of its own.
        seed: Key of all luck.
        threads: At most so many at a time; all cores if None.
        aa: Whether every arm gets the control's settings.
        progress: Called with a name of the work, how much of it is done and how much there is.

    Raises:
        ValueError: The test does not fit the scenario; one sentence says why.
        ScenarioError: An arm's settings do not fit the scenario.
    """
    tasks = [_Task(_plan(scenario, group, seed, aa), group) for group in _together(designs)]
    found: list[list[Any]] = []
    workers, _ = split_threads(threads, worlds)
    weeks = max(one.head.start_week + one.head.weeks for one in designs.values())
    kind = suited(scenario.market.people, 3.0 * scenario.market.people * weeks * worlds * len(tasks), workers)
    done = 0

    def tick(_: Any) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("worlds", done, worlds * len(tasks))

    with crew(workers, kind) as run:
        for task in tasks:
            found.append(run(task, range(worlds), tick))
    readings: dict[tuple[str, str, str], np.ndarray] = {}
    truths: dict[tuple[str, str], np.ndarray] = {}
    money: dict[str, np.ndarray] = {}
    for rows in found:
        first = rows[0]
        readings |= {key: np.array([row[0][key] for row in rows], np.float64).T for key in first[0]}
        truths |= {key: np.array([row[1][key] for row in rows], np.float64).T for key in first[1]}
        money |= {key: np.array([row[2][key] for row in rows], np.float64).T for key in first[2]}
    return Rehearsal(_document(designs, readings, truths, money, worlds), readings, truths)


def estimators_of(design: Design) -> list[str]:
    """Names of the estimators that a design is read by."""
    if design.head.estimators:
        return list(design.head.estimators)
    kind = design.assignment.randomize  # type: ignore[attr-defined]
    fitting = {
        "individual": ["difference", "cuped"],
        "cluster": ["cluster_robust", "difference"],
        "saturation": ["saturation", "difference"],
        "switchback": ["periods"],
        "staggered": ["difference"],
    }
    return fitting[kind]


def _together(designs: Mapping[str, Design]) -> list[dict[str, Design]]:
    """Designs that can share their worlds."""
    groups: list[dict[str, Design]] = []
    for name, design in designs.items():
        for group in groups:
            first = next(iter(group.values())).head
            same = ("shares", "start_week", "weeks", "arms", "capacity")
            if all(getattr(first, one) == getattr(design.head, one) for one in same):
                group[name] = design
                break
        else:
            groups.append({name: design})
    return groups


def _plan(scenario: Scenario, designs: Mapping[str, Design], seed: int, aa: bool) -> Plan:
    head = next(iter(designs.values())).head
    last = head.start_week + head.weeks - 1
    shared = {"market.arms": dict(head.shares), "horizon_weeks": max(last, scenario.horizon_weeks)}
    base = scenario.with_values(shared)
    arms = {name: _patched(base, {} if aa else head.arms.get(name, {})) for name in head.shares}
    if aa:
        arms = dict.fromkeys(arms, _patched(base, head.arms.get(next(iter(head.shares)), {})))
    control, *others = arms
    mixed = in_one_market(arms, start_week=head.start_week, capacity=head.capacity)
    assignments = {name: design.assignment for name, design in designs.items()}
    return Plan(arms[control], arms[others[0]], mixed, assignments, dict(head.shares), head.start_week, head.weeks, seed)


def _patched(scenario: Scenario, patch: Mapping[str, Any]) -> Scenario:
    """The scenario with an arm's settings, given as sections of a scenario."""
    values = {f"{section}.{name}": value for section, parts in patch.items() for name, value in parts.items()}
    return scenario.with_values(values) if values else scenario


def _truth(world: World, design: str, metric: Metric) -> tuple[float, float, float]:
    """Effect per customer of treating everybody; of being treated oneself as assigned, and of the others' treatment."""
    assigned, market = world.assigned[design]
    column = metric.column
    total = float(np.mean(world.everybody.columns[column] - world.nobody.columns[column]))
    change = market.columns[column] - world.nobody.columns[column]
    treated = assigned.arms[-1] > 1
    if treated.all() or not treated.any() or len(assigned.arms) > 1:
        return total, float("nan"), float("nan")
    direct = float(change[treated].mean() - change[~treated].mean())
    return total, direct, total - direct


def _money(world: World, design: str) -> tuple[float, float, float, float]:
    """Gain of the roll-out, its cost, cost of the test, and units."""
    _, market = world.assigned[design]
    gain = world.everybody.gain - world.nobody.gain
    return gain, world.everybody.cost - world.nobody.cost, market.cost - world.nobody.cost, float(len(world.segment))


def _read(world: World, name: str, metric: Metric, estimator: str, design: Design) -> tuple[float, ...]:
    """Estimate, interval and p-value of the test, and the p-value that the same people give without treatment."""
    assigned, market = world.assigned[name]
    found = _estimate(world, market, assigned, metric, estimator, design)
    null = _estimate(world, world.nobody, assigned, metric, estimator, design)
    return (*_numbers(found), _numbers(null)[3])


def _numbers(contrast: Contrast | None) -> tuple[float, float, float, float]:
    nothing = float("nan")
    if contrast is None or contrast.difference.value is None or contrast.difference.interval is None:
        return nothing, nothing, nothing, nothing
    low, high = contrast.difference.interval
    return contrast.difference.value, low, high, nothing if contrast.p_value is None else contrast.p_value


def _estimate(world: World, market: Market, assigned: Any, metric: Metric, estimator: str, design: Design) -> Contrast | None:
    from regulars.analysis.estimators import estimators

    kinds = estimators()
    outcome = market.columns[metric.column]
    arm = assigned.arms[-1]
    cluster = assigned.cluster
    if estimator == "periods":
        if metric.column not in market.weekly:
            # What is only known at the end belongs to no period.
            return None
        weeks = design.head.weeks
        periods = [(first - 1, last - 1) for first, last in zip(assigned.first_weeks, (*assigned.first_weeks[1:], weeks + 1), strict=True)]
        wash = design.assignment.washout_weeks  # type: ignore[attr-defined]
        per_week = market.weekly[metric.column] / len(outcome)
        values = np.array([per_week[first + wash : last].mean() for first, last in periods]) * weeks
        codes = assigned.arms[:, 0]
        return _contrast(kinds["mean"](), {"value": values}, codes, None)
    if estimator == "saturation":
        level = assigned.saturation
        ends = np.where(level == level.max(), 2, np.where(level == level.min(), 1, 0))
        keep = ends > 0
        return _contrast(kinds["mean"](), {"value": outcome[keep]}, ends[keep], cluster[keep])
    columns = {"value": outcome}
    if estimator == "cuped":
        columns["covariate"] = world.before[COVARIATE[metric.column]] if metric.column in COVARIATE else world.before["orders_before"]
        return _contrast(kinds["mean"](), columns, arm, cluster)
    kind = kinds[metric.kind]
    return _contrast(kind(), columns, arm, cluster if estimator == "cluster_robust" else None)


def _contrast(estimator: Any, columns: Mapping[str, np.ndarray], arm: np.ndarray, cluster: np.ndarray | None) -> Contrast | None:
    samples = []
    for code in (1, 2):
        rows = arm == code
        samples.append(Sample({name: column[rows] for name, column in columns.items()}, None if cluster is None else cluster[rows]))
    try:
        return estimator.contrast(*samples, alpha=ALPHA)
    except ValueError:
        # A world in which an arm is too small to be compared is counted as refused.
        return None


def _document(
    designs: Mapping[str, Design],
    readings: Mapping[tuple[str, str, str], np.ndarray],
    truths: Mapping[tuple[str, str], np.ndarray],
    money: Mapping[str, np.ndarray],
    worlds: int,
) -> dict[str, Any]:
    first = next(iter(designs))
    truth = {
        metric: {part: _summary(truths[first, metric][at]) for at, part in enumerate(("total", "direct", "spillover"))}
        for metric in designs[first].head.metrics
    }
    parts: dict[str, Any] = {}
    for name, design in designs.items():
        by_metric = {}
        for metric in design.head.metrics:
            by_metric[metric] = {
                estimator: _characteristics(readings[name, estimator, metric], truths[name, metric][0])
                for estimator in estimators_of(design)
            }
        primary = next(iter(design.head.metrics))
        parts[name] = {
            "estimand": f"roll-out effect at {design.head.capacity} capacity",
            "estimators": by_metric[primary],
            "metrics": by_metric,
            "truth": {
                metric: {part: _summary(truths[name, metric][at]) for at, part in enumerate(("total", "direct", "spillover"))}
                for metric in design.head.metrics
            },
            "decision": {
                estimator: _decision(readings[name, estimator, primary], money[name], design) for estimator in estimators_of(design)
            },
        }
    return {"worlds": worlds, "truth": truth, "designs": parts}


def _characteristics(reading: np.ndarray, truth: np.ndarray) -> dict[str, dict[str, float | None]]:
    estimate, low, high, p_value, null_p = reading
    return {name: _plain(one) for name, one in operating_characteristics(estimate, low, high, p_value, truth, null_p, alpha=ALPHA).items()}


def _decision(reading: np.ndarray, money: np.ndarray, design: Design) -> dict[str, Any]:
    """Roll out where the estimated gain of margin is above the cost that the test has shown, all customers treated."""
    gain, _, test_cost, units = money
    share = 1.0 - next(iter(design.head.shares.values()))
    expected = reading[0] * units - test_cost / share
    rolled = np.isfinite(expected) & (expected > 0.0)
    profit, best = np.where(rolled, gain, 0.0), np.maximum(gain, 0.0)
    return {
        "rule": "roll out where estimated margin exceeds estimated cost",
        "rolled_out": _summary(rolled.astype(np.float64)),
        "profit": _summary(profit),
        "regret": _summary(best - profit),
        "profit_of_roll_out": _summary(gain),
    }


def _summary(values: np.ndarray) -> dict[str, float | None]:
    values = values[np.isfinite(values)]
    if not len(values):
        return {"value": None, "mc_se": None}
    return {"value": float(values.mean()), "mc_se": float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None}


def _plain(figure: Figure) -> dict[str, float | None]:
    return {"value": figure.value, "mc_se": figure.mc_se}
