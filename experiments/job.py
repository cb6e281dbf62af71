"""One job: one replication of some scenarios on the same luck; what they share is computed once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from regulars.scenarios.scenario import Scenario
from regulars.sim.core.units import discount_factor
from regulars.sim.world.customers import NOBODY, STATUS

from .executors import stop_if_told


@dataclass(frozen=True)
class Outcome:
    """What one replication of one scenario left.

    Attributes:
        totals: Weekly integer totals, shape (weeks, totals, segments + 1).
        series: The same, as KPIs read them.
        digests: SHA-256 of every field and total, by name.
        customers: Arrays over people at the end by name, if asked for.
        members: What a member against non-member reading sees beside the truth, if the scenario has members; see
            `Members`.
        end_factor: Present value of one unit of money at the end of the horizon.
        build_s, simulate_s: Seconds spent on building and on the weeks.
    """

    totals: np.ndarray
    series: Any
    digests: dict[str, str]
    customers: dict[str, np.ndarray] | None = None
    members: Members | None = None
    end_factor: float = 1.0
    build_s: float = 0.0
    simulate_s: float = 0.0


@dataclass(frozen=True)
class Members:
    """Revenue of members and of other customers over the horizon, in integer money units.

    Attributes:
        n_members, n_others: Members with an order in the horizon, and people with an order in the horizon who are none.
        members_revenue: What members spent.
        members_baseline: What the same people spent in the baseline, on the same luck.
        others_revenue: What the others spent.
        others_baseline: What those spent in the baseline.
    """

    n_members: int
    n_others: int
    members_revenue: int
    members_baseline: int
    others_revenue: int
    others_baseline: int


@dataclass
class Job:
    """One replication of a baseline and further scenarios.

    Attributes:
        scenarios: The baseline first.
        seed, replication: Keys of the luck.
        threads: Threads inside the model.
        keep_customers: Whether `Outcome.customers` is filled.
        digest: Whether `Outcome.digests` is filled.
        networks: Networks that jobs on the same network settings share; a dict is filled, any other mapping only read.
    """

    scenarios: Sequence[Scenario]
    seed: int
    replication: int
    threads: int = 1
    keep_customers: bool = False
    digest: bool = True
    networks: Mapping[Any, Any] | None = field(default=None, repr=False)
    tick: Callable[[int], None] | None = field(default=None, repr=False)


def same_people(first: Scenario, second: Scenario) -> bool:
    """Whether a row means the same person in two scenarios: one market, one log of histories, one list of ties.

    A hold-out says who is meant by actions, not who there is.
    """
    mine, theirs = first.edges or (), second.edges or ()
    ties = len(mine) == len(theirs) and all(map(_equal, mine, theirs))
    markets = [one.market.model_copy(update={"hold_out": 0.0}) for one in (first, second)]
    return markets[0] == markets[1] and ties and _equal(first.histories, second.histories)


def shared_weeks(first: Scenario, second: Scenario) -> int | None:
    """Weeks over which two scenarios are the same whatever happens; None if not even their people are.

    They share the market and the behaviors, and differ in programs, campaigns and feedback, each of which touches
    nothing before its first week.
    """
    if first.market != second.market or not same_people(first, second):
        return None
    if first.step_days != second.step_days or first.horizon_weeks != second.horizon_weeks:
        return None
    mine = {one.address: one for one in first.components}
    theirs = {one.address: one for one in second.components}
    differing = [
        one
        for address in sorted(mine.keys() | theirs.keys())
        if not _same(mine.get(address), theirs.get(address))
        for one in (mine.get(address), theirs.get(address))
        if one is not None
    ]
    if any(one.kind == "behavior" for one in differing):
        return None
    if first.economics != second.economics:
        return 0
    return min((one.first_week - 1 for one in differing), default=first.horizon_weeks)


def _same(first: Any, second: Any) -> bool:
    return first is not None and second is not None and type(first) is type(second) and first.params == second.params


def _equal(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    return first is second or (first is not None and second is not None and np.array_equal(first, second))


def execute(job: Job) -> list[Outcome]:
    """Run a job; outcomes in the order of its scenarios. Equal jobs give equal outcomes, bit for bit."""
    baseline, *others = job.scenarios
    began = time.perf_counter()
    model, network = _build(job, baseline, _known_network(job, baseline))
    if isinstance(job.networks, dict):
        job.networks.setdefault(_network_key(job, baseline), network)
    built = time.perf_counter() - began
    simulated = 0.0
    branches: dict[int, Any] = {}
    shares = {at: shared_weeks(baseline, one) for at, one in enumerate(others)}
    for at, weeks in sorted(((a, w) for a, w in shares.items() if w is not None), key=lambda one: one[1]):
        began = time.perf_counter()
        _run(model, min(weeks, baseline.horizon_weeks))
        simulated += time.perf_counter() - began
        branches[at] = model.branch(others[at])
    began = time.perf_counter()
    _run(model, baseline.horizon_weeks)
    simulated += time.perf_counter() - began
    spent = model.world.customers.spent
    outcomes = [_outcome(job, model, None, built, simulated)]
    _tick(job, baseline.horizon_weeks)
    for at, scenario in enumerate(others):
        began = time.perf_counter()
        built = 0.0
        arm = branches.pop(at, None)
        if arm is None:
            arm, _ = _build(job, scenario, network if same_people(baseline, scenario) else None)
            built = time.perf_counter() - began
            began = time.perf_counter()
        _run(arm, scenario.horizon_weeks)
        # Rows of another market are other people.
        known = spent if same_people(baseline, scenario) else None
        outcomes.append(_outcome(job, arm, known, built, time.perf_counter() - began))
        _tick(job, scenario.horizon_weeks)
    return outcomes


def _network_key(job: Job, scenario: Scenario) -> Any:
    """What a network depends on."""
    market = scenario.market
    shares = tuple((name, one.share) for name, one in market.segments.items())
    return market.network.model_dump_json(), market.people, shares, job.seed, job.replication


def _known_network(job: Job, scenario: Scenario) -> Any:
    return None if job.networks is None or scenario.edges is not None else job.networks.get(_network_key(job, scenario))


def _build(job: Job, scenario: Scenario, network: Any) -> tuple[Any, Any]:
    from regulars.sim.model import LoyaltyModel

    stop_if_told()
    model = LoyaltyModel(
        scenario, seed=job.seed, replication=job.replication, threads=job.threads, collect=False, network=network
    )
    return model, model.world.network


def _run(model: Any, until: int) -> None:
    """Run a model to the end of a week, unless the work is given up meanwhile."""
    for _ in range(until - model.world.totals.weeks):
        stop_if_told()
        model.step()


def _tick(job: Job, weeks: int) -> None:
    stop_if_told()
    if job.tick is not None:
        job.tick(weeks)


def _outcome(job: Job, model: Any, baseline_spent: np.ndarray | None, build_s: float, simulate_s: float) -> Outcome:
    world = model.world
    return Outcome(
        totals=world.totals.recorded().copy(),
        series=model.weekly(),
        digests=model.digests() if job.digest else {},
        customers=_customers(world) if job.keep_customers else None,
        members=_members(world, baseline_spent),
        end_factor=discount_factor(world.economics.discount_rate_per_year, world.calendar.now),
        build_s=build_s,
        simulate_s=simulate_s,
    )


def _customers(world: Any) -> dict[str, np.ndarray]:
    """The people at the end, one array a column; what never happened is not a number."""
    hidden = {"contacts", "heard_strong", "heard_weak", "heard_negative", "rewarded"}
    columns = {name: array.copy() for name, array in world.customers.arrays() if name not in hidden}
    for name in ("joined", "last_order"):
        columns[name][columns[name] <= NOBODY] = np.nan
    columns["segment"] = np.array(world.segments, object)[columns["segment"]]
    columns["acquired_by"] = np.array(["start", *world.rates.causes], object)[columns["acquired_by"]]
    columns["status"] = np.array(STATUS, object)[columns["status"]]
    columns["acquired_by"][np.isnan(columns["joined"])] = ""
    for owner in sorted(world.owned):
        section, _, name = owner.partition(".")
        if section == "programs":
            fields = dict(world.owned[owner].arrays())
            if {"member", "earned", "used"} <= fields.keys():
                columns[f"{name}_member"] = fields["member"].copy()
                columns[f"{name}_points"] = fields["earned"] - fields["used"]
    return columns


def _members(world: Any, baseline_spent: np.ndarray | None) -> Members | None:
    """Members of any program against other customers, in this arm and for the same people in the baseline."""
    flags = [fields.member for fields in world.owned.values() if hasattr(fields, "member")]
    if baseline_spent is None or not flags:
        return None
    member = np.logical_or.reduce(flags) & (world.customers.n_orders > 0)
    # Who never ordered in the horizon would not stand in the table that such a reading starts from.
    other = ~member & (world.customers.n_orders > 0)
    spent = world.customers.spent
    return Members(
        n_members=int(member.sum()),
        n_others=int(other.sum()),
        members_revenue=int(spent[member].sum()),
        members_baseline=int(baseline_spent[member].sum()),
        others_revenue=int(spent[other].sum()),
        others_baseline=int(baseline_spent[other].sum()),
    )
