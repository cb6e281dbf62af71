"""What a test is worth in money, where its own interference biases it and the scenario's parameters are uncertain.

Each world draws what nobody knows; the gain of the roll-out there is the truth, and the design's estimator says what a test would
have said. A test that is known to be biased can be corrected; one that is taken at its word can be worth less than its formula says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from regulars.analysis.decision import Stakes
from regulars.analysis.value import Arm, Measurement, ValueOfTest, asymmetric_sizes, value_of_test
from regulars.scenarios.scenario import Scenario

from .design import Design
from .executors import crew, split_threads, suited
from .rehearse import NoTest, WorldTask, estimators_of, world_plan
from .uncertainty import draw_values, uncertain

MONEY = ("margin", "spend")
"""Columns in the currency."""


@dataclass(frozen=True)
class Worth:
    """What a design is worth, read by one estimator. Money is that of all customers whom the decision affects.

    Attributes:
        prior_mean, prior_sd: Gain of the roll-out per customer over worlds.
        dampening, dampening_se: Share of the gain that the test does not see, by regression of what it says on the truth; its error.
        bias: What it says of a roll-out that gains nothing.
        noise_sd: Its standard error per customer, and `bias_sd` what it errs beyond that from world to world.
        bias_sd: See `noise_sd`.
        evpi, evpi_mc_se: Expected value of perfect information, and its Monte-Carlo error.
        formula: Value of the test were it unbiased, which is what formulas say.
        believed: Value of the biased test to someone who takes it for unbiased; may be below 0.
        corrected: Value of the biased test to someone who knows the bias; None where what it says does not grow with the gain.
        test_and_roll: Most profitable customers in control and treatment, all others getting what did better.
        worlds: That could be read.
    """

    prior_mean: float
    prior_sd: float
    dampening: float
    dampening_se: float
    bias: float
    noise_sd: float
    bias_sd: float
    evpi: float
    evpi_mc_se: float
    formula: ValueOfTest
    believed: ValueOfTest
    corrected: ValueOfTest | None
    test_and_roll: tuple[float, float]
    worlds: int


def worth(
    gain: np.ndarray, measured: np.ndarray, error: np.ndarray, *, customers: float, sizes: tuple[float, float], cost: float = 0.0
) -> Worth:
    """What a test is worth, from worlds in which both truth and test are known.

    Args:
        gain: Of the roll-out per customer, money, shape (worlds,).
        measured: What the test said of it, shape (worlds,); not a number where it refused.
        error: Standard error that it reported, shape (worlds,).
        customers: Whom the decision affects.
        sizes: Customers in the test's control and treatment.
        cost: Of the test, money.

    Raises:
        ValueError: Fewer than four worlds that can be read, or a gain that is the same in all.

    Source: Raiffa & Schlaifer (1961); sizes: Feit & Berman (2019), Test & Roll, whose two priors are here half of that of the gain each.
    """
    given = np.isfinite(measured) & np.isfinite(error) & (error > 0.0)
    gain, measured, error = gain[given], measured[given], error[given]
    n = len(gain)
    if n < 4:
        raise ValueError(f"{n} worlds can be read: the value of a test takes four at least")
    if not gain.std() > 1e-12 * max(float(np.abs(gain).max()), 1e-300):
        raise ValueError("the gain is the same in all worlds: there is nothing to learn")
    centered = gain - gain.mean()
    slope = float(centered @ measured / (centered @ centered))
    bias = float(measured.mean() - slope * gain.mean())
    residual = float(np.square(measured - bias - slope * gain).sum() / (n - 2))
    noise = float(np.sqrt(np.mean(error**2)))
    extra = float(np.sqrt(max(residual - noise**2, 0.0)))
    perfect = np.maximum(gain, 0.0) - (gain if gain.mean() > 0.0 else 0.0)
    spread, unit = float(gain.std(ddof=1)), noise / float(np.sqrt(sum(1.0 / one for one in sizes)))
    half = spread / np.sqrt(2.0)
    both = asymmetric_sizes(Arm(0.0, half, unit), Arm(float(gain.mean()), half, unit), customers)
    # What a test says that falls as the gain grows is of no use to one who knows it only as a straight line upwards.
    known = slope > 0.0
    return Worth(
        prior_mean=float(gain.mean()),
        prior_sd=spread,
        dampening=1.0 - slope,
        dampening_se=float(np.sqrt(residual / (centered @ centered))),
        bias=bias,
        noise_sd=noise,
        bias_sd=extra,
        evpi=customers * float(perfect.mean()),
        evpi_mc_se=customers * float(perfect.std(ddof=1) / np.sqrt(n)),
        formula=value_of_test(gain, Measurement(noise), customers=customers, cost=cost),
        believed=_taken_at_its_word(gain, slope, bias, extra, noise, customers, cost),
        corrected=value_of_test(gain, Measurement(noise, 1.0 - slope, bias, extra), customers=customers, cost=cost) if known else None,
        test_and_roll=both,
        worlds=n,
    )


def _taken_at_its_word(
    gain: np.ndarray, slope: float, bias: float, extra: float, noise: float, customers: float, cost: float
) -> ValueOfTest:
    # A slope of 0 or below is as good as none to one who decides by the sign of what is said.
    test = Measurement(noise, dampening=min(1.0 - slope, 1.0 - 1e-9), bias=bias, bias_sd=extra, known=False)
    return value_of_test(gain, test, customers=customers, cost=cost)


@dataclass(frozen=True)
class Value:
    """What designs are worth.

    Attributes:
        scenario: Name of the market.
        seed: Key of all luck.
        worlds: How many, each with its own draw of what is uncertain.
        uncertain: Paths of what was drawn.
        designs: By design: the customers the decision affects, cost, estimators by name (`Worth`, or the reason why there is none).
    """

    scenario: str
    seed: int
    worlds: int
    uncertain: tuple[str, ...]
    designs: dict[str, dict[str, Any]]

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        designs = {name: one | {"estimators": _shown(one["estimators"])} for name, one in self.designs.items()}
        return {"worlds": self.worlds, "uncertain": list(self.uncertain), "designs": designs}

    def table(self) -> str:
        """For people."""
        from .value_table import table

        return table(self)


def _shown(found: Mapping[str, Worth | str]) -> dict[str, dict[str, Any]]:
    return {key: {"reason": one} if isinstance(one, str) else asdict(one) | {"reason": None} for key, one in found.items()}


def value(
    scenario: Scenario,
    designs: Mapping[str, Design],
    *,
    name: str = "scenario",
    worlds: int = 100,
    cost: float = 0.0,
    seed: int = 1,
    threads: int | None = None,
    progress: Callable[[str, int], Callable[[int], None]] | None = None,
) -> Value:
    """What designs of a test are worth before the test, by worlds that differ in luck and in what nobody knows.

    The gain is that of the roll-out over the test's weeks, margin less program costs, times the horizon factor of the design's
    `decision`; the test says of it what the primary metric shows in money, less the program cost of its own treated customers.

    Args:
        scenario: The market; what it calls uncertain or assumed is drawn.
        designs: Designs by name, whose first metric is in money or whose `decision` says what it is worth.
        name: Of the scenario, for the answer.
        worlds: How many.
        cost: Of a test beyond the program itself, money.
        seed: Key of all luck.
        threads: At most so many at a time; all cores if None.
        progress: Called with the name of the work and how much of it there is; gives what is called with how much more is done.

    Raises:
        NoTest: The test does not fit the scenario, or its first metric cannot be told in money.
        ScenarioError: An arm's settings do not fit the scenario.
    """
    for one, design in designs.items():
        first = next(iter(design.head.metrics.values()))
        if first.column not in MONEY and design.head.decision is None:
            raise NoTest(f"{one}: {first.column} is not money: put margin first, or give the design a decision with value")
    workers, _ = split_threads(threads, worlds)
    tick = None if progress is None else progress("worlds", worlds * len(designs))
    found: dict[str, dict[str, Any]] = {}
    drawn: set[str] = set()
    for one, design in designs.items():
        everybody = world_plan(scenario, {one: design}, seed).everybody
        values = draw_values(everybody, uncertain([everybody])[0].values(), worlds, seed)
        drawn.update(values[0] if values else ())
        kind = suited(scenario.market.people, 3.0 * scenario.market.people * design.head.weeks * worlds, workers)
        task = _Drawn(scenario, one, design, seed, values)
        try:
            with crew(workers, kind) as run:
                lived = run(task, range(worlds), lambda _: None if tick is None else tick(1))
        except ValueError as problem:
            raise NoTest(str(problem)) from problem
        found[one] = _worth_of(one, design, lived, cost)
    return Value(name, seed, worlds, tuple(sorted(drawn)), found)


@dataclass(frozen=True)
class _Drawn:
    """One world with its own draw of what is uncertain."""

    scenario: Scenario
    name: str
    design: Design
    seed: int
    values: list[dict[str, Any]]

    def __call__(self, replication: int) -> Any:
        arms = {arm: {section: dict(parts) for section, parts in patch.items()} for arm, patch in self.design.head.arms.items()}
        market: dict[str, Any] = {}
        for path, drawn in self.values[replication].items():
            section, _, rest = path.partition(".")
            part, _, inner = rest.partition(".")
            own = [patch[section] for patch in arms.values() if isinstance(patch.get(section, {}).get(part), dict)]
            for sections in own:
                sections[part] = _with(sections[part], inner.split("."), drawn)
            if not own:
                market[path] = drawn
        head = self.design.head.model_copy(update={"arms": arms})
        design = Design(self.name, self.design.assignment, head)
        designs = {self.name: design}
        return WorldTask(world_plan(self.scenario.with_values(market), designs, self.seed), designs)(replication)


def _with(part: dict[str, Any], path: list[str], drawn: Any) -> dict[str, Any]:
    """The part with one value drawn, however deep it stands."""
    first, *rest = path
    inner = part.get(first)
    return part | {first: _with(inner if isinstance(inner, dict) else {}, rest, drawn) if rest else drawn}


def _worth_of(name: str, design: Design, lived: list[Any], cost: float) -> dict[str, Any]:
    gain, _, _, units, spent = np.array([one.money[name] for one in lived], np.float64).T
    decision = design.head.decision
    stakes = Stakes(float(units.mean())) if decision is None else decision.stakes()
    control, treatment = list(design.head.shares.values())[:2]
    once = stakes.fixed_cost / stakes.customers + stakes.cost_per_customer
    truth = stakes.horizon_factor * gain / units - once
    primary = next(iter(design.head.metrics))
    answers: dict[str, Worth | str] = {}
    for estimator in estimators_of(design):
        estimate, low, high = np.array([one.readings[name, estimator, primary][:3] for one in lived], np.float64).T
        shown = stakes.unit_value * estimate - stakes.horizon_factor * spent / units - once
        error = abs(stakes.unit_value) * (high - low) / (2.0 * float(ndtri(1.0 - design.head.alpha / 2.0)))
        sizes = control * float(units.mean()), treatment * float(units.mean())
        try:
            answers[estimator] = worth(truth, shown, error, customers=stakes.customers, sizes=sizes, cost=cost)
        except ValueError as problem:
            answers[estimator] = str(problem)
    return {"customers": stakes.customers, "cost": cost, "estimators": answers}
