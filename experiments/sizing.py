"""Size and duration of a test, from the traffic, the spread and the effect that the scenario's own simulation shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from regulars.analysis.cluster import by_cluster, intracluster_correlation
from regulars.analysis.sequential import bounds, inflation
from regulars.scenarios.scenario import Scenario
from regulars.sim.core.declare import Parameters
from regulars.sim.core.units import MONEY
from regulars.sim.kpis.retention import IS_OBSERVED
from regulars.sim.world.customers import ACTIVE, NOBODY

from .assignment.assignment import Units
from .design import Design
from .executors import crew, split_threads, suited
from .rehearse import BEFORE, NoTest, together, world_plan
from .worlds import Plan

FEW_CLUSTERS = 40
"""Fewer clusters than these give intervals that are too narrow or too wide; Angrist & Pischke (2009), Mostly Harmless, 8.2.3: 42."""
SHORTEST_PILOT = 13
"""Weeks in three months, the least that practice advises for the pilot of a loyalty program."""


@dataclass(frozen=True)
class Sizing:
    """Plans of the designs.

    Attributes:
        scenario: The market in which the test would run.
        seed: Key of all luck.
        worlds: How many worlds the numbers are means of.
        designs: By design, as `document` prints it.
    """

    scenario: str
    seed: int
    worlds: int
    designs: dict[str, dict[str, Any]]

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"scenario": self.scenario, "seed": self.seed, "worlds": self.worlds, "designs": self.designs}

    def table(self) -> str:
        """For people."""
        from .sizing_table import table

        return table(self)


@dataclass(frozen=True)
class _Course:
    """One world by week of the test, shape (weeks,) each unless said otherwise.

    Attributes:
        units: Customers on record as the test begins.
        mean, sd, effect, correlation: By column: in the control's market, of the roll-out on the mean, and with what is known before.
        icc: By design and column: share of the variance between its clusters.
        clusters: By design: sizes of the clusters among the units.
        joined, active: People who became customers in the week, and customers at its end.
        orders: Of the week, of everybody.
        interval: Median over active customers of the weeks between orders that their own rate means.
    """

    units: int
    mean: dict[str, np.ndarray]
    sd: dict[str, np.ndarray]
    effect: dict[str, np.ndarray]
    correlation: dict[str, np.ndarray]
    icc: dict[str, dict[str, np.ndarray]]
    clusters: dict[str, np.ndarray]
    joined: np.ndarray
    active: np.ndarray
    orders: np.ndarray
    interval: float


@dataclass(frozen=True)
class _Task:
    """One world of designs that differ in who is assigned only."""

    plan: Plan
    columns: tuple[str, ...]
    weeks: int

    def empty(self) -> dict[str, np.ndarray]:
        """Room for a number by column and week."""
        return {one: np.zeros(self.weeks) for one in self.columns}

    def __call__(self, replication: int) -> _Course:
        from regulars.sim.model import LoyaltyModel

        plan = self.plan
        model = LoyaltyModel(plan.nobody, seed=plan.seed, replication=replication, collect=False)
        model.run(plan.start_week - 1)
        world = model.world
        customers = world.customers
        units = np.flatnonzero((customers.joined > NOBODY) & (customers.joined <= world.calendar.now)).astype(np.int32)
        if len(units) < 4:
            raise ValueError(f"{len(units)} customers are on record as the test begins in week {plan.start_week}: too few for a test")
        start = customers.n_orders[units].copy(), customers.spent[units].copy()
        before = {
            "orders_before": (start[0] + customers.orders_before[units].astype(np.int64)).astype(np.float64),
            "spend_before": start[1] / MONEY,
        }
        who = Units(np.arange(world.people), plan.shares, customers.segment.astype(np.int64), world.network)
        codes: dict[str, np.ndarray] = {}
        for name, assignment in plan.assignments.items():
            cluster = assignment.assign(who, salt=f"{plan.seed}/{name}/{replication}", weeks=plan.weeks).cluster
            if cluster is not None:
                codes[name] = np.unique(cluster[units], return_inverse=True)[1].reshape(-1)
        treated = model.branch(plan.everybody)
        rates = customers.purchase_rate[units][customers.status[units] == ACTIVE]
        usual = float(np.median(rates)) if len(rates) else 0.0
        found = _Course(
            units=len(units),
            mean=self.empty(),
            sd=self.empty(),
            effect=self.empty(),
            correlation=self.empty(),
            icc={name: self.empty() for name in codes},
            clusters={name: np.bincount(code) for name, code in codes.items()},
            joined=np.zeros(self.weeks),
            active=np.zeros(self.weeks),
            orders=np.zeros(self.weeks),
            interval=1.0 / usual if usual > 0.0 else float("inf"),
        )
        for week in range(self.weeks):
            ordered, now = int(customers.n_orders.sum()), world.calendar.now
            model.step()
            treated.step()
            found.joined[week] = int(((customers.joined > now) & (customers.joined <= world.calendar.now)).sum())
            found.active[week] = int((customers.status == ACTIVE).sum())
            found.orders[week] = int(customers.n_orders.sum()) - ordered
            for column in self.columns:
                values, rolled = (_measured(one, column, units, start) for one in (model, treated))
                found.mean[column][week] = values.mean()
                found.sd[column][week] = values.std(ddof=1)
                found.effect[column][week] = rolled.mean() - values.mean()
                known = before[BEFORE.get(column, "orders_before")]
                if values.std() > 0.0 and known.std() > 0.0:
                    found.correlation[column][week] = np.corrcoef(values, known)[0, 1]
                for name, code in codes.items():
                    # Any half of the clusters will do: nobody is treated.
                    half = code % 2 == 0
                    share = intracluster_correlation(by_cluster(values[half], code[half]), by_cluster(values[~half], code[~half]))
                    found.icc[name][column][week] = share or 0.0
        return found


def _measured(model: Any, column: str, units: np.ndarray, start: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """A column of `worlds.MEASURES` from the start of the test to now."""
    customers, world = model.world.customers, model.world
    if column == "retained":
        return ((world.owned["kpi.active_customers"].marks[units] & IS_OBSERVED) != 0).astype(np.float64)
    if column in ("orders", "bought"):
        placed = (customers.n_orders[units] - start[0]).astype(np.float64)
        return placed if column == "orders" else (placed > 0.0).astype(np.float64)
    spend = (customers.spent[units] - start[1]) / MONEY
    return spend * world.economics.gross_margin if column == "margin" else spend


def plan(
    scenario: Scenario,
    designs: Mapping[str, Design],
    *,
    name: str = "scenario",
    worlds: int = 8,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[str, int], Callable[[int], None]] | None = None,
) -> Sizing:
    """Plan tests: who there is, what each length finds, and how long it takes to find the effect asked for.

    Args:
        scenario: The market in which the test would run.
        designs: Designs by name.
        name: Of the scenario, for the answer.
        worlds: How many worlds to take means of.
        seed: Key of all luck.
        threads: At most so many at a time; all cores if None.
        progress: Called with the name of the work and how much of it there is; gives what is called with how much more is done.

    Raises:
        NoTest: The test does not fit the scenario; one sentence says why.
        ScenarioError: An arm's settings do not fit the scenario.
    """
    groups = together(designs)
    workers, _ = split_threads(threads, worlds)
    tick = None if progress is None else progress("worlds", worlds * len(groups))
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        head = next(iter(group.values())).head
        weeks = max(head.weeks, scenario.horizon_weeks - head.start_week + 1)
        setting = world_plan(scenario.with_values({"horizon_weeks": head.start_week + weeks - 1}), group, seed)
        columns = tuple(sorted({one.column for design in group.values() for one in design.head.metrics.values()}))
        task = _Task(setting, columns, weeks)
        kind = suited(scenario.market.people, 2.0 * scenario.market.people * weeks * worlds, workers)
        try:
            with crew(workers, kind) as run:
                lived = run(task, range(worlds), lambda _: None if tick is None else tick(1))
        except ValueError as problem:
            raise NoTest(str(problem)) from problem
        for one, design in group.items():
            found[one] = _designed(design, scenario, setting, lived)
    return Sizing(name, seed, worlds, {one: found[one] for one in designs})


@dataclass(frozen=True)
class Comparison:
    """How a design compares its units.

    Attributes:
        shares: Of the units that are compared, in the control and in the treatment.
        clusters: That are compared; None where units are assigned one by one.
        size: Size of the clusters that counts, sum n^2 / sum n.
    """

    shares: tuple[float, float]
    clusters: float | None = None
    size: float = 1.0

    def minimum_detectable_effect(
        self, sd: float, units: float, *, correlation: float = 0.0, alpha: float = 0.05, power: float = 0.8, inflation: float = 1.0
    ) -> float:
        """Smallest difference that is found: (t_(1-alpha/2) + t_power) sd sqrt(design effect (1 / n_c + 1 / n_t) inflation).

        Args:
            sd: Of one unit.
            units: In the test.
            correlation: Within clusters; below 0 is taken as 0.
            alpha: Two-sided level.
            power: Wanted.
            inflation: Of the sample by looks.

        Source: Donner & Klar (2000), chapter 5; Bloom (1995), Evaluation Review 19(5), for the multiplier.
        """
        effect = 1.0 + (self.size - 1.0) * max(correlation, 0.0)
        df = (units * sum(self.shares) if self.clusters is None else self.clusters) - 2.0
        reach = -float(stdtrit(df, alpha / 2.0)) + float(stdtrit(df, power))
        return reach * sd * float(np.sqrt(effect * inflation * sum(1.0 / (units * one) for one in self.shares)))


def comparison_of(design: Design, sizes: np.ndarray | None) -> Comparison | None:
    """How a design compares units; None where no formula tells, and only a rehearsal does."""
    if design.kind == "individual":
        control, treatment = list(design.head.shares.values())[:2]
        return Comparison((control, treatment))
    if sizes is None or design.kind not in ("cluster", "saturation"):
        return None
    size = float(np.square(sizes).sum() / sizes.sum())
    if design.kind == "cluster":
        control, treatment = list(design.head.shares.values())[:2]
        return Comparison((control, treatment), len(sizes) * (control + treatment), size)
    # Of two stages: clusters of least against clusters of most treated.
    part = 1.0 / len(design.assignment.saturations)  # type: ignore[attr-defined]
    return Comparison((part, part), 2.0 * part * len(sizes), size)


def _designed(design: Design, scenario: Scenario, plan: Plan, lived: list[_Course]) -> dict[str, Any]:
    head = design.head
    name = next(one for one, assignment in plan.assignments.items() if assignment is design.assignment)
    units = float(np.mean([one.units for one in lived]))
    sizes = lived[0].clusters.get(name)
    compared = comparison_of(design, sizes)
    more = 1.0
    if head.looks:
        information = np.array(sorted({*head.looks, head.weeks})) / head.weeks
        more = inflation(information, bounds(information, alpha=head.alpha), power=head.power, alpha=head.alpha)
    orders, active = (sum(float(getattr(one, part).sum()) for one in lived) for part in ("orders", "active"))
    interval = {"mean": active / orders if orders else None, "median": _finite(float(np.median([one.interval for one in lived])))}
    found: dict[str, Any] = {
        "randomize": design.kind,
        "start_week": head.start_week,
        "weeks": head.weeks,
        "alpha": head.alpha,
        "power": head.power,
        "customers": units,
        "arms": {one: units * share for one, share in head.shares.items()},
        "clusters": None if sizes is None else len(sizes),
        "cluster_size": None if compared is None or sizes is None else compared.size,
        "looks_inflation": more,
        "purchase_interval_weeks": interval,
        "traffic": _traffic(lived, head.weeks),
        "metrics": {},
    }
    for metric, one in head.metrics.items():
        found["metrics"][metric] = _metric(one.column, design, lived, name, units, compared, more)
    found["warnings"] = _warnings(found, design, scenario, plan)
    found["sentence"] = _sentence(found, design)
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _traffic(lived: list[_Course], weeks: int) -> list[dict[str, float]]:
    joined, active = (np.mean([getattr(one, part)[:weeks] for one in lived], axis=0) for part in ("joined", "active"))
    return [{"week": week + 1, "joined": float(joined[week]), "active": float(active[week])} for week in range(len(joined))]


def _metric(
    column: str, design: Design, lived: list[_Course], name: str, units: float, compared: Comparison | None, more: float
) -> dict[str, Any]:
    head = design.head
    mean, correlation = (np.mean([getattr(one, part)[column] for one in lived], axis=0) for part in ("mean", "correlation"))
    sd = np.sqrt(np.mean([one.sd[column] ** 2 for one in lived], axis=0))
    rolled = np.array([one.effect[column] for one in lived])
    simulated = rolled.mean(axis=0)
    aim = simulated if head.effect is None else head.effect * mean
    within = np.mean([one.icc[name][column] for one in lived], axis=0) if name in lived[0].icc else np.zeros(len(mean))
    at = head.weeks - 1
    error = float(rolled[:, at].std(ddof=1) / np.sqrt(len(lived))) if len(lived) > 1 else None
    found: dict[str, Any] = {
        "column": column,
        "mean": float(mean[at]),
        "sd": float(sd[at]),
        "cuped_correlation": float(correlation[at]),
        "cuped_sample": float(1.0 - correlation[at] ** 2),
        "simulated_effect": {"value": float(simulated[at]), "relative": _over(simulated[at], mean[at]), "mc_se": error},
        "effect": {
            "value": float(aim[at]),
            "relative": _over(aim[at], mean[at]),
            "source": "simulated" if head.effect is None else "design",
        },
        "intracluster_correlation": None if compared is None or compared.clusters is None else float(within[at]),
        "design_effect": None if compared is None else 1.0 + (compared.size - 1.0) * max(float(within[at]), 0.0),
        "minimum_detectable_effect": None,
        "relative_minimum_detectable_effect": None,
        "with_cuped": None,
        "customers_needed": None,
        "clusters_needed": None,
        "weeks_needed": None,
        "reason": None,
        "by_week": [],
    }
    reason = why_not(design, compared, float(sd[at]))
    if reason is not None or compared is None:
        return found | {"reason": reason}
    least = np.array(
        [
            compared.minimum_detectable_effect(float(s), units, correlation=float(r), alpha=head.alpha, power=head.power, inflation=more)
            for s, r in zip(sd, within, strict=True)
        ]
    )
    found["minimum_detectable_effect"] = float(least[at])
    found["relative_minimum_detectable_effect"] = _over(least[at], mean[at])
    if compared.clusters is None:
        found["with_cuped"] = float(least[at] * np.sqrt(max(1.0 - correlation[at] ** 2, 0.0)))
    found["by_week"] = [
        {
            "week": week + 1,
            "mean": float(mean[week]),
            "sd": float(sd[week]),
            "minimum_detectable_effect": float(least[week]),
            "relative": _over(least[week], mean[week]),
            "effect": float(aim[week]),
        }
        for week in range(len(least))
    ]
    if aim[at] == 0.0:
        return found | {"reason": "the simulation shows no effect: give the design the effect to find"}
    ratio = float(least[at] / aim[at]) ** 2
    found["customers_needed"] = units * ratio
    if compared.clusters is not None:
        found["clusters_needed"] = len(lived[0].clusters[name]) * ratio
    enough = np.flatnonzero((least <= np.abs(aim)) & (least > 0.0))
    if len(enough):
        found["weeks_needed"] = int(enough[0]) + 1
    else:
        found["reason"] = f"no length up to {len(least)} weeks finds the effect with {units:,.0f} customers"
    return found


def _over(value: float, whole: float) -> float | None:
    return float(value / whole) if whole else None


def why_not(design: Design, compared: Comparison | None, sd: float) -> str | None:
    """Why a design has no formula for what it finds; None where it has one."""
    if compared is None:
        return f"no formula tells what randomize: {design.kind} finds: rehearse it"
    if compared.clusters is not None and compared.clusters <= 3.0:
        return f"{compared.clusters:.0f} clusters are compared: give it four at least"
    if not sd > 0.0:
        return "the metric does not vary in the test's weeks"
    return None


def _warnings(found: dict[str, Any], design: Design, scenario: Scenario, plan: Plan) -> list[str]:
    head, told = design.head, list[str]()
    interval = found["purchase_interval_weeks"]["mean"]
    if interval is None:
        told.append("Nobody orders in the simulated weeks: orders cannot be seen in any test.")
    elif head.weeks < interval:
        told.append(
            f"The test of {head.weeks} weeks is shorter than the mean interval between orders, {interval:.0f} weeks: most customers "
            f"cannot order again within it, so repurchase cannot be observed. Run {np.ceil(interval):.0f} weeks or more, or measure "
            "something that comes sooner."
        )
    if head.weeks < SHORTEST_PILOT:
        told.append(f"Pilots of loyalty programs are advised to run 3 to 6 months (13 to 26 weeks); this one runs {head.weeks}.")
    clusters = found["clusters"]
    if clusters is not None and clusters < FEW_CLUSTERS:
        told.append(f"{clusters} clusters are few: clustered intervals need {FEW_CLUSTERS}. Add clusters, or read the test by permutation.")
    last = head.start_week + head.weeks - 1
    if last > scenario.horizon_weeks:
        told.append(f"The test ends in week {last}, after the scenario's horizon of {scenario.horizon_weeks} weeks.")
    share = list(head.shares.values())[1]
    if head.capacity == "fixed":
        for path, value in _shared_resources(plan):
            told.append(
                f"{path} = {value:g} serves all customers of a roll-out, and here the {share:.0%} in the treatment alone: the test may "
                "look better than the roll-out. Use capacity: scaled to give the arm its share."
            )
    if design.kind == "individual" and scenario.component("behaviors.word_of_mouth") is not None:
        told.append("Customers talk to one another, of which a test of individuals sees a part only: rehearse it to learn how much.")
    return told


def _shared_resources(plan: Plan) -> list[tuple[str, float]]:
    """Budgets and staff that the treatment has and the control has not."""
    usual = {one.address: one.params for one in plan.nobody.components}
    found: list[tuple[str, float]] = []
    for one in plan.everybody.components:
        if usual.get(one.address) != one.params:
            found.extend(_shared(one.params, one.address))
    return found


def _shared(params: Any, path: str) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for name, field in type(params).model_fields.items():
        value, extra = getattr(params, name), field.json_schema_extra
        if isinstance(value, Parameters):
            found.extend(_shared(value, f"{path}.{name}"))
        elif isinstance(extra, dict) and extra.get("shared") and isinstance(value, int | float):
            found.append((f"{path}.{name}", float(value)))
    return found


def _sentence(found: dict[str, Any], design: Design) -> str:
    """The answer in words, of the primary metric."""
    name, one = next(iter(found["metrics"].items()))
    control, treatment = list(found["arms"].values())[:2]
    size = f"{control:,.0f} customers in the control and {treatment:,.0f} in the treatment"
    if found["clusters"] is not None:
        size += f" ({found['clusters']} clusters)"
    relative = one["effect"]["relative"]
    aim = f"{one['effect']['value']:+.3g}" if relative is None else f"{relative:+.1%}"
    if one["weeks_needed"] is not None:
        return f"Run {one['weeks_needed']} weeks with {size} to find a change of {aim} in {name} with {found['power']:.0%} power."
    if one["customers_needed"] is None:
        return f"No length can be told for {name}: {one['reason']}."
    return (
        f"No length up to {len(one['by_week'])} weeks finds a change of {aim} in {name} with {size}: after {design.head.weeks} weeks it "
        f"would take {one['customers_needed']:,.0f} customers in all."
    )
