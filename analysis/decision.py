"""Roll out, extend or stop: what each is expected to earn after a test, and what is at risk.

The effect per customer is theta, in units of the metric. The test of standard error e saw d = a theta + b + noise, where
a = 1 - dampening is the part that tests of this design see, and b of standard deviation |theta| dampening_sd is what is not known of
that part: more of the same data lower the noise, and never b. A roll-out earns

    profit = customers (value horizon_factor theta - cost_per_customer) - fixed_cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from .value import Measurement, NormalPrior, value_of_test

Action = Literal["roll out", "extend", "stop"]
CHOICES: tuple[Action, ...] = ("roll out", "extend", "stop")
LEVEL = 0.9
"""Of the interval of profit."""
WEEKS_PER_YEAR = 365.25 / 7.0
WORTHWHILE = 1e-3
"""Share of the profit under perfect knowledge that an extension must add to be recommended; assumed."""


def horizon_factor(test_weeks: float, horizon_weeks: float, *, discount_rate_per_year: float = 0.0) -> float:
    """How many times what a test of so many weeks saw is earned over a horizon, each week discounted to the start.

    The effect per week is taken to stay what it was in the test: sum over the horizon's weeks of (1 + rate)^(-week / year), divided by
    the test's weeks.

    Raises:
        ValueError: No weeks, or a rate below 0.
    """
    if not (0.0 < test_weeks < np.inf and 0.0 < horizon_weeks < np.inf and 0.0 <= discount_rate_per_year < np.inf):
        raise ValueError("a horizon needs weeks above 0 and a discount rate of 0 or more")
    rate = float(np.log1p(discount_rate_per_year)) / WEEKS_PER_YEAR
    return (horizon_weeks if rate == 0.0 else float(-np.expm1(-rate * horizon_weeks)) / rate) / test_weeks


@dataclass(frozen=True)
class Extension:
    """More of the same test.

    Attributes:
        units: Further units, in both arms together.
        weeks: How long the decision waits for them.
        cost: Of extending, money.
    """

    units: float
    weeks: float
    cost: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 < self.units < np.inf and 0.0 <= self.weeks < np.inf and np.isfinite(self.cost)):
            raise ValueError("an extension needs units above 0, weeks of 0 or more and a cost")


@dataclass(frozen=True)
class Stakes:
    """What a decision is worth.

    Attributes:
        customers: Who would get the program.
        value: Money that one unit of the metric is worth, not 0; below 0 where less is better, such as complaints.
        cost_per_customer: Money that the program costs per customer over the horizon and that the metric does not hold.
        fixed_cost: Money that a roll-out costs whoever takes part.
        horizon_factor: How many times the effect of the test's length is earned; 1 where only as long a time counts (`horizon_factor`).
        horizon_weeks: Time that counts, of which an extension uses up its weeks; None where waiting loses nothing.
        prior: Of the effect per customer, in units of the metric; None: the data alone.
        dampening: Share of the effect that a test of this design does not see, from a rehearsal; below 0 where it overstates.
        dampening_sd: Standard deviation of what is not known of it.
        extension: What could be done before deciding; None where that is out of the question.
        currency: Of all money, for sentences.
    """

    customers: float
    value: float = 1.0
    cost_per_customer: float = 0.0
    fixed_cost: float = 0.0
    horizon_factor: float = 1.0
    horizon_weeks: float | None = None
    prior: NormalPrior | None = None
    dampening: float = 0.0
    dampening_sd: float = 0.0
    extension: Extension | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.customers < np.inf:
            raise ValueError("a decision affects customers")
        if not np.isfinite(self.value) or self.value == 0.0 or not 0.0 < self.horizon_factor < np.inf:
            raise ValueError("one unit of the metric must be worth something over a horizon above 0")
        if not (np.isfinite(self.cost_per_customer) and np.isfinite(self.fixed_cost)):
            raise ValueError("costs must be numbers")
        if not self.dampening < 1.0 or not 0.0 <= self.dampening_sd < np.inf:
            raise ValueError("dampening must be below 1 and its standard deviation 0 or more")
        if self.horizon_weeks is not None and not self.horizon_weeks > 0.0:
            raise ValueError("the time that counts must be above 0 weeks")
        if self.extension is not None and self.horizon_weeks is not None and self.extension.weeks >= self.horizon_weeks:
            raise ValueError("an extension as long as the time that counts leaves nothing to decide")

    @property
    def seen(self) -> float:
        """Part of the effect that a test sees, 1 - dampening."""
        return 1.0 - self.dampening

    @property
    def unit_value(self) -> float:
        """Money that one unit of effect per customer is worth per customer over the horizon."""
        return self.value * self.horizon_factor

    @property
    def break_even(self) -> float:
        """True effect per customer, in units of the metric, at which a roll-out earns nothing."""
        return (self.cost_per_customer + self.fixed_cost / self.customers) / self.unit_value

    @property
    def left(self) -> float:
        """Share of the time that counts that is left after an extension."""
        if self.extension is None or self.horizon_weeks is None:
            return 1.0
        return 1.0 - self.extension.weeks / self.horizon_weeks


@dataclass(frozen=True)
class Choice:
    """One thing to do.

    Attributes:
        expected_profit: Money; of stopping 0.
        expected_regret: Money by which that is expected to fall short of what someone would earn who knew the effect now.
    """

    expected_profit: float
    expected_regret: float


@dataclass(frozen=True)
class Decision:
    """What to do after a test.

    Attributes:
        action: What is expected to earn most; an extension that adds next to nothing (`WORTHWHILE`) is not recommended.
        sentence: The answer in money, in words.
        effect: Expected true effect per customer, in units of the metric.
        effect_sd: Its standard deviation.
        expected_profit: Of rolling out now, money.
        interval: 90 % interval of that profit.
        probability_of_loss: That rolling out now loses money.
        threshold: Observed difference at which rolling out now is expected to earn nothing; None for a posterior given as draws.
        choices: Roll out, extend (if it can be) and stop.
        evsi: Expected value of what the extension tells, money, before its cost and the time it takes; None without one.
        level: Of the interval.
    """

    action: Action
    sentence: str
    effect: float
    effect_sd: float
    expected_profit: float
    interval: tuple[float, float]
    probability_of_loss: float
    threshold: float | None
    choices: dict[str, Choice]
    evsi: float | None
    level: float = LEVEL


def decide(estimate: float, standard_error: float, stakes: Stakes, *, units: float | None = None) -> Decision:
    """What to do, by the normal posterior of the effect.

    Args:
        estimate: Observed difference per customer, in units of the metric.
        standard_error: Of it, above 0.
        stakes: What the decision is worth.
        units: Units in the test, both arms together, by which an extension's units are weighed; None only without an extension.

    Raises:
        ValueError: No finite estimate, a standard error not above 0, or an extension without `units`.

    Source: preposterior analysis of normal data, Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, section 5.
    """
    if not (np.isfinite(estimate) and 0.0 < standard_error < np.inf):
        raise ValueError("a decision needs a difference and a standard error above 0")
    part, noise = stakes.seen, standard_error**2
    doubt = (estimate / part * stakes.dampening_sd) ** 2
    if stakes.prior is None:
        mean, variance = estimate / part, (noise + doubt) / part**2
        threshold = part * stakes.break_even
    else:
        before = stakes.prior.sd**2
        total = part**2 * before + doubt + noise
        gain = part * before / total
        mean = stakes.prior.mean + gain * (estimate - part * stakes.prior.mean)
        variance = before - gain * part * before
        threshold = part * stakes.prior.mean + (stakes.break_even - stakes.prior.mean) / gain
    sd = float(np.sqrt(variance))
    per_effect = stakes.customers * stakes.unit_value
    profit, spread = per_effect * (mean - stakes.break_even), abs(per_effect) * sd
    half = float(ndtri(0.5 + LEVEL / 2.0)) * spread
    evsi = None
    if stakes.extension is not None:
        learned = _learned(stakes, noise, doubt, _further(noise, stakes.extension, units))
        evsi = _best(profit, abs(per_effect) * learned) - max(profit, 0.0)
    return _decision(
        stakes,
        effect=(mean, sd),
        profit=profit,
        interval=(profit - half, profit + half),
        loss=float(ndtr(-profit / spread)),
        perfect=_best(profit, spread),
        threshold=threshold,
        evsi=evsi,
    )


def decide_on_draws(effect: np.ndarray, stakes: Stakes, *, standard_error: float | None = None, units: float | None = None) -> Decision:
    """What to do, by draws of the true effect from whatever posterior.

    Args:
        effect: True effect per customer, in units of the metric, shape (draws,); prior and dampening are already in it.
        stakes: What the decision is worth; of `dampening` only what a further test would see is used.
        standard_error: Of the difference that the test reported, above 0; None only without an extension.
        units: As in `decide`.

    Raises:
        ValueError: Fewer than two draws or no numbers, or an extension without a standard error or without `units`.
    """
    draws = np.asarray(effect, float)
    if draws.ndim != 1 or len(draws) < 2 or not np.all(np.isfinite(draws)):
        raise ValueError("a posterior needs two draws or more, all of them numbers")
    profits = stakes.customers * stakes.unit_value * (draws - stakes.break_even)
    evsi = None
    if stakes.extension is not None:
        if standard_error is None or not 0.0 < standard_error < np.inf:
            raise ValueError("an extension is weighed by the standard error of the test, above 0")
        value = abs(stakes.unit_value)
        sight = Measurement(
            noise_sd=value * float(np.sqrt(_further(standard_error**2, stakes.extension, units))),
            dampening=stakes.dampening,
            bias_sd=value * stakes.dampening_sd * abs(float(draws.mean())),
        )
        evsi = value_of_test(profits / stakes.customers, sight, customers=stakes.customers).evsi
    tails = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(profits, [tails, 1.0 - tails])
    return _decision(
        stakes,
        effect=(float(draws.mean()), float(draws.std(ddof=1))),
        profit=float(profits.mean()),
        interval=(float(low), float(high)),
        loss=float(np.mean(profits < 0.0)),
        perfect=float(np.maximum(profits, 0.0).mean()),
        threshold=None,
        evsi=evsi,
    )


def _further(noise: float, extension: Extension, units: float | None) -> float:
    """Squared standard error of the extension's own difference."""
    if units is None or not 0.0 < units < np.inf:
        raise ValueError("an extension is weighed by the units that the test had, above 0")
    return noise * units / extension.units


def _learned(stakes: Stakes, noise: float, doubt: float, further: float) -> float:
    """Standard deviation, as seen now, of the expected effect after the extension: cov(theta, next | d) / sd(next | d)."""
    part = stakes.seen
    if stakes.prior is None:
        return noise / part / float(np.sqrt(noise + further))
    common = part**2 * stakes.prior.sd**2 + doubt
    total = common + noise
    covariance = part * stakes.prior.sd**2 * noise / total
    return covariance / float(np.sqrt(further + common * noise / total))


def _best(mean: float, sd: float) -> float:
    """Expected larger one of 0 and a normal variable."""
    z = mean / sd
    return float(mean * ndtr(z) + sd * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))


def _decision(
    stakes: Stakes,
    *,
    effect: tuple[float, float],
    profit: float,
    interval: tuple[float, float],
    loss: float,
    perfect: float,
    threshold: float | None,
    evsi: float | None,
) -> Decision:
    expected: dict[Action, float] = {"roll out": profit, "stop": 0.0}
    if stakes.extension is not None and evsi is not None:
        expected["extend"] = stakes.left * (max(profit, 0.0) + evsi) - stakes.extension.cost
    # Where two earn the same the one that needs least comes first.
    order: tuple[Action, ...] = ("stop", "roll out", "extend")
    action: Action = max((one for one in order if one in expected), key=lambda one: expected[one])
    # More data are all but never worth nothing: an extension must earn more than a thousandth of what is at stake.
    if action == "extend" and expected["extend"] - max(profit, 0.0) <= WORTHWHILE * perfect:
        action = "roll out" if profit > 0.0 else "stop"
    return Decision(
        action=action,
        sentence=_sentence(action, stakes, expected, profit, interval, loss),
        effect=effect[0],
        effect_sd=effect[1],
        expected_profit=profit,
        interval=interval,
        probability_of_loss=loss,
        threshold=threshold,
        choices={one: Choice(expected[one], perfect - expected[one]) for one in CHOICES if one in expected},
        evsi=evsi,
    )


def _sentence(
    action: Action, stakes: Stakes, expected: dict[Action, float], profit: float, interval: tuple[float, float], loss: float
) -> str:
    def money(amount: float, *, sign: bool = True) -> str:
        return f"{in_words(amount, sign=sign)}{' ' + stakes.currency if stakes.currency else ''}"

    over = "" if stakes.horizon_weeks is None else f" over {stakes.horizon_weeks:g} weeks"
    range_ = f"{LEVEL:.0%} interval {in_words(interval[0])} to {in_words(interval[1])}"
    risk = (
        f"{loss:.0%} risk of losing money"
        if 0.005 <= loss <= 0.995
        else f"{'less' if loss < 0.5 else 'more'} than " + ("1% risk of losing money" if loss < 0.5 else "99% risk of losing money")
    )
    if action == "roll out":
        return f"Roll out: expected {money(profit)} ({range_}){over}; {risk}."
    if action == "stop":
        return f"Stop: a roll-out is expected to bring {money(profit)} ({range_}){over}; {risk}."
    weeks = 0.0 if stakes.extension is None else stakes.extension.weeks
    more = expected["extend"] - max(profit, 0.0)
    return (
        f"Extend by {weeks:g} weeks: expected {money(expected['extend'])}, {money(more, sign=False)} more than the best "
        f"decision today; rolling out now is expected to bring {money(profit)} ({range_}){over}; {risk}."
    )


def in_words(amount: float, *, sign: bool = True) -> str:
    """An amount of money as people say it: +1.9 M, -340 k, +12."""
    for size, name in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(amount) >= size:
            return f"{amount / size:{'+' if sign else ''}.3g}{name}"
    return f"{amount:{'+' if sign else ''}.3g}"
